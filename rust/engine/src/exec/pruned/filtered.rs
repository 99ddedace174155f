//! The documents that may be found lead, where they are few.
//!
//! **In**: masks that let few documents pass. **Out**: candidates. **Law**: each of those documents that any leading list has becomes a
//! candidate once, with the sum of what the leading lists add. Under a filter thresholds rise late, and lists are looked at nearly whole;
//! to look up few documents in every list is then less work.

use super::clause::MISS;
use super::limits::Limits;
use super::machine::{BATCH, Machine};
use crate::base::Result;

/// Fewer than one in so many documents are so few that no list is passed over.
const RARE: f64 = 256.0;

impl Machine<'_, '_> {
    /// Whether to look documents up in all leading lists costs less than to go through those.
    pub fn few_may(&self) -> bool {
        let Some(passing) = self.masks.filter.or(self.masks.wanted) else { return false };
        let limits = Limits::current();
        let docs = self.view.reader.doc_count();
        let postings: u64 = self.clauses.iter().take(self.leads).map(|clause| u64::from(clause.df)).sum();
        let pays = |documents: f64| {
            // The fewer may be found, the more of the lists is gone through.
            let share = if documents * RARE <= f64::from(docs) { 2.0 } else { 0.5 };
            documents * (self.leads as u64 * limits.candidate_cost) as f64 <= share * (postings * limits.posting_cost) as f64
        };
        // The first look is a guess.
        pays(self.masks.density(docs) * f64::from(docs)) && pays((self.kernels.count)(passing) as f64)
    }

    /// Leads with the documents that may be found.
    pub fn filtered(&mut self) -> Result<()> {
        self.work.led_by_masks += 1;
        self.todo_behind(self.leads);
        let (mut docs, mut len) = ([0; BATCH], 0);
        for from in (0..self.view.reader.doc_count()).step_by(64) {
            let mut word = self.masks.word(from);
            while word != 0 {
                docs[len % BATCH] = from + word.trailing_zeros();
                len += 1;
                if len == BATCH {
                    self.look_up(&docs)?;
                    len = 0;
                }
                word &= word - 1;
            }
        }
        self.look_up(docs.get(..len).unwrap_or_default())?;
        self.flush(0)
    }

    /// Looks documents up in the leading lists.
    fn look_up(&mut self, docs: &[u32]) -> Result<()> {
        self.interrupt.check()?;
        let rest: i32 = self.todo.iter().map(|(_, bound)| *bound).sum();
        let (mut scores, mut there, mut found) = ([0; BATCH], [false; BATCH], [MISS; BATCH]);
        for clause in self.clauses.iter().take(self.leads) {
            clause.probe(self.kernels, docs, &mut found[..docs.len()]);
            self.work.probed += docs.len() as u64;
            for ((posting, score), there) in found.iter().zip(&mut scores).zip(&mut there).take(docs.len()) {
                if *posting != MISS {
                    *score += clause.worth(*posting, self.rough);
                    *there = true;
                }
            }
        }
        for ((doc, score), there) in docs.iter().zip(scores).zip(there) {
            if there && score + rest >= self.need(*doc) {
                self.candidate(*doc, score, 0)?;
            }
        }
        Ok(())
    }
}
