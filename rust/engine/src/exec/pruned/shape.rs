//! The form of a program that can be pruned: groups of leaves that must match, leaves that may, leaves that must not.
//!
//! **In**: a [`Program`]. **Out**: its [`Shape`], or none when it is deeper than that. **Law**: the shape is read off the program by running
//! it on symbols in the place of windows, so both mean the same by construction: a document matches when of each group at least `need`
//! leaves match and no excluded leaf does; it scores the sum of its leaves, excluded ones aside.

use smallvec::{SmallVec, smallvec};

use crate::exec::program::{Op, Program};

/// Numbers of leaves.
pub type Leaves = SmallVec<[u32; 8]>;

/// Leaves of which some have to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub leaves: Leaves,
    /// How many at least.
    pub need: u32,
}

/// What has to match, what may, what must not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Each of these.
    pub groups: SmallVec<[Group; 2]>,
    /// These add to the score.
    pub optional: Leaves,
    /// None of these.
    pub excluded: Leaves,
    /// Leaves that score a constant, and which.
    pub constants: SmallVec<[(u32, i64); 2]>,
}

impl Shape {
    /// What a condition scores.
    #[must_use]
    pub fn constant(&self, leaf: u32) -> i32 {
        let score = self.constants.iter().find(|(of, _)| *of == leaf).map_or(0, |(_, score)| *score);
        i32::try_from(score).unwrap_or(i32::MAX >> 1)
    }

    /// Whether one leaf is enough to match.
    #[must_use]
    pub fn is_disjunction(&self) -> bool {
        matches!(&self.groups[..], [group] if group.need == 1)
    }

    /// Whether no document can match.
    #[must_use]
    pub fn is_never(&self) -> bool {
        self.groups.iter().any(|group| (group.leaves.len() as u32) < group.need)
    }
}

/// What a window is to symbols.
#[allow(clippy::large_enum_variant, reason = "few, on the stack, for a moment")]
enum Item {
    Any(Group),
    Whole(Shape),
    Everything,
    /// Leaves counted one by one.
    Tally(Leaves),
}

impl Item {
    fn shape(self) -> Option<Shape> {
        match self {
            Self::Any(group) => Some(Shape { groups: smallvec![group], ..Shape::default() }),
            Self::Whole(shape) => Some(shape),
            Self::Everything | Self::Tally(_) => None,
        }
    }

    /// Leaves of which one has to match.
    fn alternatives(self) -> Option<Leaves> {
        match self {
            Self::Any(group) if group.need == 1 => Some(group.leaves),
            _ => None,
        }
    }
}

impl Shape {
    /// The shape of a program.
    #[must_use]
    pub fn of(program: &Program) -> Option<Self> {
        Self::flat(program).or_else(|| Self::nested(program))
    }

    /// The shape of a program that only joins one leaf after the other, as nearly all do: nothing is moved to and fro.
    fn flat(program: &Program) -> Option<Self> {
        let mut shape = Self::default();
        let mut ops = program.ops.iter();
        let Some(Op::Leaf(leaf)) = ops.next() else { return None };
        shape.groups.push(Group { leaves: smallvec![*leaf as u32], need: 1 });
        while let Some(op) = ops.next() {
            match *op {
                Op::SkipIfEmpty(_) => {}
                Op::AddLeaf(leaf) => match &mut shape.groups[..] {
                    [group] if shape.excluded.is_empty() => group.leaves.push(leaf as u32),
                    _ => return None,
                },
                Op::Leaf(leaf) => match ops.next()? {
                    Op::Intersect => shape.groups.push(Group { leaves: smallvec![leaf as u32], need: 1 }),
                    Op::Remove => shape.excluded.push(leaf as u32),
                    _ => return None,
                },
                _ => return None,
            }
        }
        Some(shape)
    }

    /// The shape of any program.
    fn nested(program: &Program) -> Option<Self> {
        let mut stack: SmallVec<[Item; 4]> = SmallVec::new();
        let mut constants = SmallVec::new();
        for op in &program.ops {
            let item = match *op {
                Op::Leaf(leaf) => one(leaf as u32),
                Op::Nothing => Item::Any(Group { leaves: Leaves::new(), need: 1 }),
                Op::Everything => Item::Everything,
                Op::OpenTally => Item::Tally(Leaves::new()),
                Op::SkipIfEmpty(_) => continue,
                Op::AddLeaf(leaf) => either(stack.pop()?, one(leaf as u32))?,
                Op::Score(score) => {
                    let Item::Any(group) = stack.pop()? else { return None };
                    let ([leaf], 1) = (&group.leaves[..], group.need) else { return None };
                    constants.push((*leaf, score));
                    Item::Any(group)
                }
                Op::CloseTally(need) => match stack.pop()? {
                    Item::Tally(leaves) => Item::Any(Group { leaves, need: need as u32 }),
                    _ => return None,
                },
                Op::Complement => return None,
                Op::Unite | Op::Intersect | Op::BoostBy | Op::Remove | Op::Tally => {
                    let (top, below) = (stack.pop()?, stack.pop()?);
                    join(*op, below, top)?
                }
            };
            stack.push(item);
        }
        let shape = stack.pop().filter(|_| stack.is_empty())?.shape()?;
        Some(Self { constants, ..shape })
    }
}

fn one(leaf: u32) -> Item {
    Item::Any(Group { leaves: smallvec![leaf], need: 1 })
}

fn either(below: Item, top: Item) -> Option<Item> {
    let (mut leaves, more) = (below.alternatives()?, top.alternatives()?);
    leaves.extend(more);
    Some(Item::Any(Group { leaves, need: 1 }))
}

fn join(op: Op, below: Item, top: Item) -> Option<Item> {
    match (op, below, top) {
        (Op::Unite, below, top) => either(below, top),
        (Op::Tally, Item::Tally(mut leaves), top) => {
            leaves.extend(<[u32; 1]>::try_from(&top.alternatives()?[..]).ok()?);
            Some(Item::Tally(leaves))
        }
        (Op::Intersect, Item::Everything, other) | (Op::Intersect, other, Item::Everything) => Some(other),
        (Op::Intersect, below, top) => {
            let (mut shape, more) = (below.shape()?, top.shape()?);
            shape.groups.extend(more.groups);
            shape.optional.extend(more.optional);
            shape.excluded.extend(more.excluded);
            Some(Item::Whole(shape))
        }
        (Op::BoostBy, below, top) => {
            let mut shape = below.shape()?;
            shape.optional.extend(top.alternatives()?);
            Some(Item::Whole(shape))
        }
        (Op::Remove, below, top) => {
            let mut shape = below.shape()?;
            shape.excluded.extend(top.alternatives()?);
            Some(Item::Whole(shape))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn op() -> impl Strategy<Value = Op> {
        use Op::{AddLeaf, BoostBy, Everything, Intersect, Leaf, Nothing, Remove, Score, SkipIfEmpty, Unite};
        prop_oneof![
            4 => (0usize..9).prop_map(Leaf),
            4 => (0usize..9).prop_map(AddLeaf),
            4 => Just(Intersect),
            2 => Just(Remove),
            1 => Just(SkipIfEmpty(usize::MAX)),
            1 => prop_oneof![Just(Unite), Just(BoostBy), Just(Everything), Just(Nothing), Just(Score(3))],
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn the_short_way_finds_the_same_shape(ops in prop::collection::vec(op(), 0..9), tail in any::<bool>()) {
            let joined = [Op::Leaf(0), Op::AddLeaf(1), Op::Leaf(2), Op::Intersect, Op::SkipIfEmpty(9), Op::Leaf(3), Op::Remove];
            let ops = if tail { joined.into_iter().chain(ops).collect() } else { ops.into_iter().collect() };
            let program = Program { ops, leaves: Vec::new() };
            if let Some(shape) = Shape::flat(&program) {
                prop_assert_eq!(Some(shape), Shape::nested(&program));
            }
        }
    }
}
