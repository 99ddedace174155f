//! Terms over a whole view: where each segment has them, and how many documents have them.
//!
//! **In**: a snapshot; a term, or a word that is nearly one. **Out**: what clauses are made of. **Law**: frequencies are sums over all
//! segments, deleted documents included; what is picked depends on the view alone, not on how it is cut into segments.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use levenshtein_automata::DFA;
use smallvec::{SmallVec, smallvec};

use super::score::FieldTotals;
use crate::base::{FieldId, Interrupt, Result};
use crate::codec::inverted::bigrams::Adjacency;
use crate::exec::{Entries, kernels, scan_near};
use crate::index::Snapshot;
use crate::query::{Bound, GuessSlot};

/// The cache lines of a list's head.
const HEAD: [u32; 6] = [0, 64, 128, 192, 256, 320];

/// Looks terms up.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub snapshot: &'a Snapshot,
    pub interrupt: &'a Interrupt,
}

/// A term near a word.
pub(super) struct Near {
    pub distance: u8,
    pub df: u64,
    pub entries: Entries,
}

impl Terms<'_> {
    /// A term in all segments, with its frequency; `None` when no document has it.
    pub fn find(&self, field: FieldId, term: &[u8]) -> Result<Option<(Entries, u64)>> {
        self.interrupt.check()?;
        let mut df = 0;
        let mut entries = Entries::with_capacity(self.snapshot.segments.len());
        for segment in &self.snapshot.segments {
            let here = match segment.reader.inverted(field) {
                Some(inverted) => inverted.lookup(term)?,
                None => None,
            };
            if let (Some(inverted), Some(entry)) = (segment.reader.inverted(field), &here) {
                // The list is opened when the plan stands; until then its head is on its way into the cache.
                (kernels::current().prefetch)(inverted.postings_ahead(entry), &HEAD);
                df += u64::from(entry.df());
            }
            entries.push(here);
        }
        Ok((df > 0).then_some((entries, df)))
    }

    /// A word that may be mistyped, once it is known how many documents have it.
    pub fn settled(&self, word: GuessSlot) -> Result<Bound> {
        let mut most = 0;
        for clause in &word.clauses {
            most = most.max(self.find(clause.field, &clause.term)?.map_or(0, |(_, df)| df));
        }
        Ok(word.settled(most))
    }

    /// What each segment says of two words side by side.
    pub fn adjacent(&self, field: FieldId, first: &Entries, second: &Entries) -> Result<SmallVec<[Adjacency; 1]>> {
        let mut said = SmallVec::with_capacity(self.snapshot.segments.len());
        for ((segment, first), second) in self.snapshot.segments.iter().zip(first).zip(second) {
            said.push(match (segment.reader.inverted(field), first, second) {
                (Some(inverted), Some(first), Some(second)) => inverted.adjacency(first, second)?,
                _ => Adjacency::Unsaid,
            });
        }
        Ok(said)
    }

    /// Statistics of a field.
    pub fn totals(&self, field: FieldId) -> FieldTotals {
        let stats = self.snapshot.field_stats(field);
        FieldTotals { docs: stats.docs, sum_dl: stats.sum_dl }
    }

    /// The terms near a word, nearest first; of equally near ones the more frequent first, then by bytes.
    pub fn near(&self, field: FieldId, prefix: &[u8], automaton: &DFA) -> Result<Vec<Near>> {
        let segments = self.snapshot.segments.len();
        let mut found = BTreeMap::<Vec<u8>, Near>::new();
        for (number, segment) in self.snapshot.segments.iter().enumerate() {
            let Some(inverted) = segment.reader.inverted(field) else { continue };
            scan_near(inverted, prefix, automaton, self.interrupt, &mut |term, ord, distance| {
                let near = match found.get_mut(term) {
                    Some(near) => near,
                    None => found.entry(term.to_vec()).or_insert_with(|| Near { distance, df: 0, entries: smallvec![None; segments] }),
                };
                let entry = inverted.entry(ord)?;
                near.df += u64::from(entry.df());
                if let Some(here) = near.entries.get_mut(number) {
                    *here = Some(entry);
                }
                Ok(())
            })?;
        }
        let mut found: Vec<_> = found.into_values().collect();
        found.sort_by_key(|near| (near.distance, Reverse(near.df))); // stable: what is equal stays in the order of its bytes
        Ok(found)
    }
}
