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
        if let [Op::Leaf(leaf)] = program.ops[..] {
            return Item::shape(one(leaf as u32));
        }
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
