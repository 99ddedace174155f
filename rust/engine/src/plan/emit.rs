//! Writing programs: steps, labels, filters.
//!
//! **In**: steps one after the other. **Out**: a [`Program`]. **Law**: a label is placed after all jumps to it; a jump leaves the stack
//! as the steps that it passes over would. No recursion: the nodes of a filter wait on a stack.

use smallvec::SmallVec;

use crate::exec::{Condition, Leaf, Op, Program, Slot};
use crate::query::BoundFilter;

/// A program in the making.
#[derive(Default)]
pub(super) struct Emitter {
    pub program: Program,
    /// For each label, the jumps that wait for it.
    labels: SmallVec<[SmallVec<[usize; 4]>; 1]>,
}

/// A place in the program that is not known yet.
#[derive(Clone, Copy)]
pub(super) struct Label(usize);

enum Task {
    Node(BoundFilter),
    Emit(Op),
    Skip(Label),
    Place(Label),
}

impl Emitter {
    /// Appends a step and says where.
    pub fn emit(&mut self, op: Op) -> usize {
        let ops = &mut self.program.ops;
        if op == Op::Unite
            && let Some(last) = ops.last_mut()
            && let Op::Leaf(leaf) = *last
            && let Some(Leaf::Slot(slot)) = self.program.leaves.get(leaf)
            && slot.adds()
        {
            // What was pushed just now can be added to the window below at once.
            *last = Op::AddLeaf(leaf);
            return ops.len() - 1;
        }
        ops.push(op);
        ops.len() - 1
    }

    /// Appends a leaf that is yes or no.
    pub fn condition(&mut self, condition: Condition) {
        self.program.leaves.push(Leaf::Condition(condition));
        self.emit(Op::Leaf(self.program.leaves.len() - 1));
    }

    /// Appends a slot; nothing when no document has any of it.
    pub fn slot(&mut self, slot: Option<Slot>) {
        match slot {
            Some(slot) => {
                self.program.leaves.push(Leaf::Slot(slot));
                self.emit(Op::Leaf(self.program.leaves.len() - 1));
            }
            None => {
                self.emit(Op::Nothing);
            }
        }
    }

    /// A new label.
    pub fn label(&mut self) -> Label {
        self.labels.push(SmallVec::new());
        Label(self.labels.len() - 1)
    }

    /// Jumps to the label when the top is empty.
    pub fn skip(&mut self, label: Label) {
        let at = self.emit(Op::SkipIfEmpty(usize::MAX));
        if let Some(jumps) = self.labels.get_mut(label.0) {
            jumps.push(at);
        }
    }

    /// The label is here.
    pub fn place(&mut self, label: Label) {
        let here = self.program.ops.len();
        for at in self.labels.get_mut(label.0).map(std::mem::take).unwrap_or_default() {
            if let Some(op) = self.program.ops.get_mut(at) {
                *op = Op::SkipIfEmpty(here);
            }
        }
    }

    /// Appends a filter: pushes the documents that pass.
    pub fn filter(&mut self, filter: BoundFilter) {
        let mut tasks = vec![Task::Node(filter)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Emit(op) => {
                    self.emit(op);
                }
                Task::Skip(label) => self.skip(label),
                Task::Place(label) => self.place(label),
                Task::Node(BoundFilter::And(parts)) => {
                    if parts.is_empty() {
                        self.emit(Op::Everything);
                    }
                    let end = self.label();
                    let mut steps = Vec::with_capacity(parts.len() * 3);
                    for (i, part) in parts.into_iter().enumerate() {
                        if i > 0 {
                            steps.extend([Task::Skip(end), Task::Node(part), Task::Emit(Op::Intersect)]);
                        } else {
                            steps.push(Task::Node(part));
                        }
                    }
                    steps.push(Task::Place(end));
                    tasks.extend(steps.into_iter().rev());
                }
                Task::Node(BoundFilter::Or(parts)) => {
                    if parts.is_empty() {
                        self.emit(Op::Nothing);
                    }
                    let steps = parts
                        .into_iter()
                        .enumerate()
                        .flat_map(|(i, part)| [Some(Task::Node(part)), (i > 0).then_some(Task::Emit(Op::Unite))]);
                    let steps: Vec<_> = steps.flatten().collect();
                    tasks.extend(steps.into_iter().rev());
                }
                Task::Node(BoundFilter::Not(part)) => tasks.extend([Task::Emit(Op::Complement), Task::Node(*part)]),
                Task::Node(leaf) => self.condition(Condition::Filter(leaf)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FieldId;
    use crate::exec::Blend;

    fn exists(field: u16) -> BoundFilter {
        BoundFilter::Exists { field: FieldId(field) }
    }

    fn ops(filter: BoundFilter) -> Vec<Op> {
        let mut emitter = Emitter::default();
        emitter.filter(filter);
        emitter.program.ops.into_vec()
    }

    #[test]
    fn filters_become_postfix_with_ways_around_what_cannot_match() {
        use Op::{Complement, Everything, Intersect, Leaf, Nothing, SkipIfEmpty, Unite};
        assert_eq!(ops(BoundFilter::And(vec![])), [Everything]);
        assert_eq!(ops(BoundFilter::Or(vec![])), [Nothing]);
        let or = BoundFilter::Or(vec![exists(1), BoundFilter::Not(Box::new(exists(2)))]);
        let and = BoundFilter::And(vec![exists(0), or, exists(3)]);
        assert_eq!(
            ops(and),
            [Leaf(0), SkipIfEmpty(10), Leaf(1), Leaf(2), Complement, Unite, Intersect, SkipIfEmpty(10), Leaf(3), Intersect]
        );
    }

    #[test]
    fn what_adds_is_added_in_place() {
        let slot = |blend| Some(Slot { clauses: SmallVec::new(), blend });
        let emitted = |blend| {
            let mut emitter = Emitter::default();
            emitter.slot(slot(Blend::Sum));
            emitter.slot(slot(blend));
            emitter.emit(Op::Unite);
            emitter.slot(None);
            emitter.program.ops.into_vec()
        };
        assert_eq!(emitted(Blend::Best { tie_breaker: 0.5 }), [Op::Leaf(0), Op::AddLeaf(1), Op::Nothing]);
        assert_eq!(emitted(Blend::Weighted { k1: 1.0, value: 1.0 }), [Op::Leaf(0), Op::Leaf(1), Op::Unite, Op::Nothing]);
    }
}
