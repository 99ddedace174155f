//! A document scored once more, leaf by leaf: where its clauses do not simply add up.
//!
//! **In**: a document that could win by its bounds. **Out**: its exact score, or that it does not match. **Law**: the same lines of the
//! formula, in the same order, as the exhaustive executor's: slots that take the best of their fields, weighted frequencies, phrases,
//! groups that need several leaves. Positions are read of documents that have all words of the phrase, and of no others.

use smallvec::SmallVec;

use super::clause::{Clause, MISS, contribution};
use super::machine::BATCH;
use super::open::Drafts;
use super::shape::Shape;
use crate::base::{Interrupt, Result};
use crate::exec::frequency::PhraseCounter;
use crate::exec::kernels::Kernels;
use crate::exec::program::{Blend, Leaf, Program, Slot, Source};
use crate::exec::tables::Tables;

/// Buffers for positions, kept from query to query.
#[derive(Default)]
pub(super) struct Positions {
    pub lists: Vec<Vec<u32>>,
    pub counter: PhraseCounter,
    /// For each clause, the postings of a batch.
    pub found: Vec<[u32; BATCH]>,
}

/// Scores documents once more.
pub(super) struct Verifier<'m, 's> {
    pub program: &'s Program,
    pub shape: &'m Shape,
    pub tables: &'s Tables,
    /// Numbers of clauses by leaf, place in the leaf, and word.
    pub order: &'m [u32],
    pub positions: &'m mut Positions,
    /// Documents whose positions were read.
    pub read: u64,
}

/// What a leaf says of a document.
struct Match {
    matches: bool,
    score: i64,
}

impl<'s> Verifier<'_, 's> {
    /// The exact score; `None` when the document does not match.
    pub fn score(
        &mut self,
        doc: u32,
        clauses: &[Clause<'s>],
        drafts: &mut Drafts<'s>,
        kernels: &Kernels,
        interrupt: &Interrupt,
    ) -> Result<Option<i32>> {
        let shape = self.shape;
        let mut sum = 0;
        for group in &shape.groups {
            let mut there = 0;
            for &leaf in &group.leaves {
                // A condition that stands alone is a mask; its score is in the base.
                if group.leaves.len() == 1 && matches!(self.program.leaves.get(leaf as usize), Some(Leaf::Condition(_))) {
                    there = group.need;
                    continue;
                }
                let found = self.leaf(leaf, doc, clauses, drafts, kernels, interrupt)?;
                there += u32::from(found.matches);
                sum += found.score;
            }
            if there < group.need {
                return Ok(None);
            }
        }
        for &leaf in &shape.optional {
            sum += self.leaf(leaf, doc, clauses, drafts, kernels, interrupt)?.score;
        }
        for &leaf in &shape.excluded {
            if self.leaf(leaf, doc, clauses, drafts, kernels, interrupt)?.matches {
                return Ok(None);
            }
        }
        Ok(Some(i32::try_from(sum).unwrap_or(i32::MAX >> 1)))
    }

    fn leaf(
        &mut self,
        leaf: u32,
        doc: u32,
        clauses: &[Clause<'s>],
        drafts: &mut Drafts<'s>,
        kernels: &Kernels,
        interrupt: &Interrupt,
    ) -> Result<Match> {
        let clause = |number: &u32| clauses.get(*number as usize);
        let start = self.order.partition_point(|number| clause(number).is_some_and(|clause| clause.leaf < leaf));
        let own = self.order.get(start..).unwrap_or_default();
        let own = own.get(..own.partition_point(|number| clause(number).is_some_and(|clause| clause.leaf == leaf))).unwrap_or_default();
        let slot = match self.program.leaves.get(leaf as usize) {
            Some(Leaf::Slot(slot)) => slot,
            _ => {
                let matches = own.first().and_then(clause).is_some_and(|clause| clause.has(kernels, doc));
                return Ok(Match { matches, score: if matches { i64::from(self.shape.constant(leaf)) } else { 0 } });
            }
        };
        let mut blending = Blending::new(slot);
        let mut rest = own;
        while let Some(first) = rest.first().and_then(clause) {
            let len = rest.partition_point(|number| clause(number).is_some_and(|clause| clause.place == first.place));
            let (lists, others) = rest.split_at(len);
            rest = others;
            let Some(of) = slot.clauses.get(first.place as usize) else { continue };
            // All lists must have the document; a term is a single one.
            let mut found: SmallVec<[u32; 8]> = SmallVec::new();
            for number in lists {
                let mut posting = [MISS];
                if let Some(clause) = clause(number) {
                    clause.probe(kernels, &[doc], &mut posting);
                }
                if posting[0] == MISS {
                    break;
                }
                found.push(posting[0]);
            }
            if found.len() < lists.len() {
                continue;
            }
            let lengths = self.tables.lengths.get(of.field.index());
            let pair = |number: u32, posting: u32| match drafts.lists.get(number as usize).and_then(|draft| draft.postings.as_ref()) {
                Some(postings) => postings.pair(posting),
                None => Ok(Default::default()),
            };
            let Some((&number, &posting)) = lists.first().zip(found.first()) else { continue };
            let (tf, norm) = match &of.source {
                // A list that is a whole phrase says what a term's says.
                _ if first.answers || matches!(of.source, Source::Term(_)) => match slot.blend {
                    Blend::Weighted { .. } => {
                        let pair = pair(number, posting)?;
                        (pair.tf, pair.norm)
                    }
                    _ => {
                        blending.add(i64::from(first.score(posting)));
                        continue;
                    }
                },
                Source::Term(_) => continue,
                Source::Phrase { terms, words, slop, .. } => {
                    let norm = pair(number, posting)?.norm;
                    (self.frequency(terms.len(), words, *slop, lists, &found, clauses, drafts, interrupt)?, norm)
                }
            };
            if tf == 0 {
                continue;
            }
            let added = lengths.map_or(1.0, |lengths| lengths[usize::from(norm)]);
            let tf = f64::from(tf);
            match slot.blend {
                Blend::Weighted { .. } => blending.weigh((of.value * tf) / added),
                _ => blending.add(i64::from(contribution(of.value, tf / (tf + added)))),
            }
        }
        Ok(blending.finish())
    }

    /// How often a phrase stands in a document that has all its words.
    #[allow(clippy::too_many_arguments, reason = "what a phrase is made of")]
    fn frequency(
        &mut self,
        terms: usize,
        words: &[crate::exec::frequency::PhraseWord],
        slop: u32,
        lists: &[u32],
        found: &[u32],
        clauses: &[Clause<'s>],
        drafts: &mut Drafts<'s>,
        interrupt: &Interrupt,
    ) -> Result<u32> {
        self.read += 1;
        let Positions { lists: buffers, counter, .. } = &mut *self.positions;
        if buffers.len() < terms {
            buffers.resize(terms, Vec::new());
        }
        for (&number, &posting) in lists.iter().zip(found) {
            let word = clauses.get(number as usize).map_or(0, |clause| clause.word as usize);
            if let (Some(draft), Some(buffer)) = (drafts.lists.get_mut(number as usize), buffers.get_mut(word))
                && let Some(postings) = &mut draft.postings
            {
                postings.positions(posting, buffer)?;
            }
        }
        counter.count(words, buffers.get(..terms).unwrap_or_default(), slop, interrupt)
    }
}

/// The clauses of a slot becoming one score.
struct Blending {
    blend: Blend,
    matches: bool,
    best: i64,
    sum: i64,
    weighted: f64,
}

impl Blending {
    fn new(slot: &Slot) -> Self {
        Self { blend: slot.blend, matches: false, best: 0, sum: 0, weighted: 0.0 }
    }

    fn add(&mut self, score: i64) {
        self.matches = true;
        self.best = self.best.max(score);
        self.sum += score;
    }

    fn weigh(&mut self, frequency: f64) {
        self.matches = true;
        self.weighted += frequency;
    }

    fn finish(self) -> Match {
        let score = match self.blend {
            Blend::Sum => self.sum,
            Blend::Best { tie_breaker } => self.best + (tie_breaker * (self.sum - self.best) as f64) as i64,
            Blend::Weighted { k1, value } if self.weighted > 0.0 => i64::from(contribution(value, self.weighted / (self.weighted + k1))),
            Blend::Weighted { .. } => 0,
        };
        Match { matches: self.matches, score }
    }
}
