//! Of the list that leads, only postings whose documents all clauses that must match have become candidates.
//!
//! **In**: postings of one block after the other. **Out**: candidates. **Law**: a document is dropped only when a clause that must match lacks
//! it. This comes before anything else is known of a document, a [`Lot`] at a time; a lot is small enough for the threshold to rise between two.

use super::clause::Clause;
use super::lot::Lot;
use super::machine::Machine;
use super::single::Stretch;
use crate::base::Result;
use crate::exec::kernels::Kernels;

impl Machine<'_, '_> {
    /// Whether some clause in `todo` must match.
    pub fn has_musts(&self) -> bool {
        self.musts().next().is_some()
    }

    fn musts(&self) -> impl Iterator<Item = &Clause<'_>> {
        self.todo.iter().filter_map(|(number, _)| self.clauses.get(*number as usize)).filter(|clause| clause.must)
    }

    /// Adds the postings of a block whose code is at least `least`; all of them where that is 1.
    pub fn gather(&mut self, clause: &Clause<'_>, stretch: Stretch, least: u8, first: usize) -> Result<()> {
        if !self.arrays.lot.takes(stretch) {
            self.settle(clause, first)?;
        }
        self.work.blocks += 1;
        self.work.filtered += add(&mut self.arrays.lot, clause, stretch, least, self.kernels);
        Ok(())
    }

    /// Makes candidates of the postings of a stretch whose code is at least `least`.
    pub fn stretch(&mut self, clause: &Clause<'_>, stretch: Stretch, least: u8, first: usize) -> Result<()> {
        self.work.blocks += 1;
        self.work.filtered += add(&mut self.arrays.lot, clause, stretch, least, self.kernels);
        self.settle(clause, first)
    }

    /// Makes candidates of the lot.
    pub fn settle(&mut self, clause: &Clause<'_>, first: usize) -> Result<()> {
        let mut lot = std::mem::take(&mut self.arrays.lot);
        let outcome = self.settle_in(&mut lot, clause, first);
        lot.clear();
        self.arrays.lot = lot;
        outcome
    }

    fn settle_in(&mut self, lot: &mut Lot, clause: &Clause<'_>, first: usize) -> Result<()> {
        let others = || self.musts().map(|clause| clause.documents);
        let (marked, probed) = lot.meet(others, self.kernels);
        self.work.marked += marked;
        self.work.probed += probed;
        // What may not be found is not scored: under a filter that is nearly everything.
        if !self.masks.is_all() {
            lot.retain(|doc| self.masks.has(doc));
        }
        self.candidates(clause, lot.postings(), lot.docs(), first)
    }
}

/// Adds the postings of a stretch whose code is at least `least`; how many codes were looked at.
fn add(lot: &mut Lot, clause: &Clause<'_>, stretch: Stretch, least: u8, kernels: &Kernels) -> u64 {
    if least <= 1 {
        lot.add(clause.documents, stretch, kernels);
        return 0;
    }
    let codes = clause.codes.get(stretch.start..stretch.end).unwrap_or_default();
    lot.add_some(clause.documents, stretch, kernels, |picked| (kernels.filter)(codes, least, picked));
    codes.len() as u64
}
