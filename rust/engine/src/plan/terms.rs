//! Terms over a whole view: their numbers in each segment, and how many documents have them.
//!
//! **In**: a snapshot; a term, or a word that is nearly one. **Out**: what clauses are made of. **Law**: frequencies are sums over all
//! segments, deleted documents included; what is picked depends on the view alone, not on how it is cut into segments.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use levenshtein_automata::DFA;

use super::score::FieldTotals;
use crate::base::{FieldId, Interrupt, Result, TermOrd};
use crate::exec::{Ords, scan_near};
use crate::index::Snapshot;

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
    pub ords: Vec<Option<TermOrd>>,
}

impl Terms<'_> {
    /// A term in all segments, with its frequency; `None` when no document has it.
    pub fn find(&self, field: FieldId, term: &[u8]) -> Result<Option<(Ords, u64)>> {
        self.interrupt.check()?;
        let mut df = 0;
        let mut ords = Vec::with_capacity(self.snapshot.segments.len());
        for segment in &self.snapshot.segments {
            let mut here = None;
            if let Some(inverted) = segment.reader.inverted(field)
                && let Some(ord) = inverted.find(term)?
            {
                df += u64::from(inverted.df(ord)?);
                here = Some(ord);
            }
            ords.push(here);
        }
        Ok((df > 0).then(|| (ords.into_boxed_slice(), df)))
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
                    None => found.entry(term.to_vec()).or_insert_with(|| Near { distance, df: 0, ords: vec![None; segments] }),
                };
                near.df += u64::from(inverted.df(ord)?);
                if let Some(here) = near.ords.get_mut(number) {
                    *here = Some(ord);
                }
                Ok(())
            })?;
        }
        let mut found: Vec<_> = found.into_values().collect();
        found.sort_by_key(|near| (near.distance, Reverse(near.df))); // stable: what is equal stays in the order of its bytes
        Ok(found)
    }
}
