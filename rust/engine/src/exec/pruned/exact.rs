//! Exact scores of documents whose postings are known.
//!
//! **In**: postings of a batch, clause by clause. **Out**: what they contribute, exactly. **Law**: a posting whose code no exception has
//! is done at once; the others are looked for after all have been asked for, so that their cache misses overlap.

use super::clause::Clause;
use crate::exec::kernels::Kernels;

/// A posting that may be an exception.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    clause: u32,
    /// Which document of the batch has it.
    at: u32,
    posting: u32,
}

/// Postings that may be exceptions.
#[derive(Default)]
pub(super) struct Doubts(Vec<Doubt>);

impl Doubts {
    /// Adds what a posting of the clause with this number contributes when it is no exception.
    #[inline]
    pub fn add(&mut self, number: u32, clause: &Clause<'_>, posting: u32, at: u32, score: &mut i32, kernels: &Kernels) {
        let code = usize::from(clause.codes.get(posting as usize).copied().unwrap_or(0));
        *score += clause.exact[code];
        if clause.mixed[code] && !clause.exceptions.is_empty() {
            let [low, _] = clause.exceptions.ahead(posting);
            (kernels.prefetch)(low, &[0]);
            self.0.push(Doubt { clause: number, at, posting });
        }
    }

    /// Sets right what was added for exceptions, and forgets all. `clauses`: those that numbers count.
    pub fn settle(&mut self, clauses: &[Clause<'_>], scores: &mut [i32]) {
        for Doubt { clause, at, posting } in self.0.drain(..) {
            let (Some(clause), Some(score)) = (clauses.get(clause as usize), scores.get_mut(at as usize)) else { continue };
            if let Some(pair) = clause.exceptions.find(posting) {
                let code = usize::from(clause.codes.get(posting as usize).copied().unwrap_or(0));
                *score += clause.of_pair(pair) - clause.exact[code];
            }
        }
    }
}
