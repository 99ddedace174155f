//! Small groups: their lists become one list of documents with sums.
//!
//! **In**: the clauses `first..last`. **Out**: candidates. **Law**: sums of what the group contributes at most, ascending by document. Merges are free of
//! branches that depend on documents: both heads are compared, both advance by what was equal.

use super::clause::{Clause, Documents};
use super::machine::Machine;
use crate::base::Result;

/// A document that is behind all others.
const END: (u32, i32) = (u32::MAX, 0);

impl Machine<'_, '_> {
    /// Leads with a group of clauses that have few postings together.
    pub fn merged(&mut self, first: usize, last: usize) -> Result<()> {
        self.work.merged_groups += 1;
        let [mut sum, mut next, mut list] = std::mem::take(&mut self.arrays.merge);
        let mut len = 0;
        for (i, clause) in self.clauses.get(first..last).unwrap_or_default().iter().enumerate() {
            self.work.summed += u64::from(clause.df);
            if i == 0 {
                as_list(clause, &mut sum);
                len = sum.len();
                continue;
            }
            as_list(clause, &mut list);
            // Never cut, so that growing does not write what the merge overwrites.
            if next.len() < len + list.len() {
                next.resize((len + list.len()).next_power_of_two(), END);
            }
            len = merge(sum.get(..len).unwrap_or_default(), &list, &mut next);
            std::mem::swap(&mut sum, &mut next);
        }
        self.todo_behind(last);
        let rest: i32 = self.todo.iter().map(|(_, bound)| *bound).sum();
        let found = sum.get(..len.saturating_sub(1)).unwrap_or_default();
        let outcome = self.offer(found.iter().map(|&(doc, score)| (doc, score, rest)), first);
        self.arrays.merge = [sum, next, list];
        outcome?;
        self.flush(first)
    }

    /// The clauses from `last` on are still to be looked at, with the bounds of their whole lists.
    pub fn todo_behind(&mut self, last: usize) {
        self.todo.clear();
        let others = self.clauses.get(last..self.probed).unwrap_or_default();
        self.todo.extend((last as u32..).zip(others).map(|(number, clause)| (number, clause.ceiling)));
    }
}

/// Documents and the most that they get, and the end.
fn as_list(clause: &Clause<'_>, list: &mut Vec<(u32, i32)>) {
    list.clear();
    list.reserve(clause.df as usize + 1);
    if let Documents::Sorted(docs) = clause.documents {
        list.extend(docs.iter().zip(clause.codes).map(|(doc, code)| (*doc, clause.upper[usize::from(*code)])));
    } else {
        clause.each(|index, doc| {
            let code = clause.codes.get(index as usize).copied().unwrap_or(0);
            list.push((doc, clause.upper[usize::from(code)]));
        });
    }
    list.push(END);
}

/// The union of two ascending lists that both end with [`END`], at the front of `out`; its length.
fn merge(a: &[(u32, i32)], b: &[(u32, i32)], out: &mut [(u32, i32)]) -> usize {
    let (mut i, mut j, mut n) = (0, 0, 0);
    while let (Some(x), Some(y), Some(slot)) = (a.get(i), b.get(j), out.get_mut(n)) {
        let doc = x.0.min(y.0);
        let (left, right) = (x.0 == doc, y.0 == doc);
        *slot = (doc, (x.1 & -i32::from(left)) + (y.1 & -i32::from(right)));
        n += 1;
        if doc == u32::MAX {
            break;
        }
        i += usize::from(left);
        j += usize::from(right);
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn a_merge_is_the_sum_of_two_maps(a in prop::collection::btree_map(0u32..200, 1i32..9, 0..60), b in prop::collection::btree_map(0u32..200, 1i32..9, 0..60)) {
            let list = |map: &BTreeMap<u32, i32>| map.iter().map(|(doc, score)| (*doc, *score)).chain([END]).collect::<Vec<_>>();
            let mut out = vec![END; a.len() + b.len() + 2];
            let len = merge(&list(&a), &list(&b), &mut out);
            out.truncate(len);
            let mut sum = a.clone();
            b.iter().for_each(|(doc, score)| *sum.entry(*doc).or_default() += score);
            prop_assert_eq!(out, list(&sum));
        }
    }
}
