//! Small groups: their lists become one list of documents with sums.
//!
//! **In**: the clauses `first..last`. **Out**: candidates. **Law**: exact sums of the group, ascending by document. Merges are free of
//! branches that depend on documents: both heads are compared, both advance by what was equal.

use super::clause::Clause;
use super::machine::Machine;
use crate::base::Result;

/// A document that is behind all others.
const END: (u32, i32) = (u32::MAX, 0);

impl Machine<'_, '_> {
    /// Leads with a group of clauses that have few postings together.
    pub fn merged(&mut self, first: usize, last: usize) -> Result<()> {
        self.work.merged_groups += 1;
        let [mut sum, mut next, mut list] = std::mem::take(&mut self.arrays.merge);
        sum.clear();
        sum.push(END);
        for clause in self.clauses.get(first..last).unwrap_or_default() {
            list.clear();
            as_list(clause, &mut list, self.work);
            merge(&sum, &list, &mut next);
            std::mem::swap(&mut sum, &mut next);
        }
        sum.pop();
        self.work.summed += sum.len() as u64;
        self.todo_behind(last);
        let rest: i32 = self.todo.iter().map(|(_, bound)| *bound).sum();
        let mut outcome = Ok(());
        for &(doc, score) in &sum {
            if score + rest >= self.need(doc) {
                outcome = self.candidate(doc, score, first);
                if outcome.is_err() {
                    break;
                }
            }
        }
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

/// Documents and contributions, and the end.
fn as_list(clause: &Clause<'_>, list: &mut Vec<(u32, i32)>, work: &mut super::work::Work) {
    clause.each(|index, doc| {
        let code = clause.codes.get(index as usize).copied().unwrap_or(0);
        list.push((doc, clause.exact[usize::from(code)]));
    });
    if !clause.exceptions.is_empty() {
        clause.exceptions.each(0, clause.df, |index, pair| {
            let code = clause.codes.get(index as usize).copied().unwrap_or(0);
            if let Some((_, score)) = list.get_mut(index as usize)
                && clause.mixed[usize::from(code)]
            {
                work.exceptions += 1;
                *score = clause.of_pair(pair);
            }
        });
    }
    list.push(END);
}

/// The union of two ascending lists that both end with [`END`].
fn merge(a: &[(u32, i32)], b: &[(u32, i32)], out: &mut Vec<(u32, i32)>) {
    out.clear();
    out.resize(a.len() + b.len(), END);
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
    out.truncate(n);
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
            let mut out = Vec::new();
            merge(&list(&a), &list(&b), &mut out);
            let mut sum = a.clone();
            b.iter().for_each(|(doc, score)| *sum.entry(*doc).or_default() += score);
            prop_assert_eq!(out, list(&sum));
        }
    }
}
