//! The best hits so far, and what it takes to enter.
//!
//! **In**: documents with exact scores, in any order, of one segment after the other. **Out**: the `k` best by (score descending, age),
//! and at any time the least score with which a document of the current segment could still enter. **Law**: the threshold never falls within a segment;
//! [`Best::need`] of a document is never more than the least score that would let it in, so what scores less may be passed over.
//! Where a segment stands in order of age an equal score is not enough behind the `k`th hit; in others it is.
//!
//! Boosts multiply a score when its document is pushed. Hits are compared by what comes out; executors know only the score before, so
//! they are told the least from which the greatest factor of the segment could reach what is needed.
//!
//! This is the one signal that runs from the collected hits back to the executors.

use crate::base::{DocId, Error, Interrupt, Result};
use crate::exec::boost::{Boosting, Factors, boosted};
use crate::index::SegmentView;

/// Halvings of a segment to find where documents of an age begin.
const LOOKS: usize = 5;

/// A hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Exact score.
    pub score: i64,
    /// Age.
    pub seq: u64,
    /// Place of the segment in the snapshot.
    pub segment: u32,
    /// Place in the segment.
    pub doc: u32,
}

impl Row {
    /// Whether it comes before `other`.
    #[inline]
    fn beats(&self, other: &Self) -> bool {
        self.score > other.score || (self.score == other.score && self.seq < other.seq)
    }
}

/// The best `k`.
#[derive(Debug, Default)]
pub struct Best {
    k: usize,
    /// A heap with the worst on top.
    rows: Vec<Row>,
    /// Scores below this cannot enter, before boosts.
    theta: i32,
    /// With a score of exactly `theta` only documents up to this one can.
    tie: u32,
    /// The same after boosts.
    wanted: i64,
    /// The same after boosts.
    wanted_tie: u32,
    segment: u32,
    boosted: bool,
    /// Of the segment, when boosted.
    factors: Factors,
    /// Rows that entered, also those that left again.
    pub entered: u64,
}

impl Best {
    /// Begins anew.
    pub fn reset(&mut self, k: usize) {
        self.k = k;
        self.rows.clear();
        (self.theta, self.tie, self.segment, self.entered) = (0, u32::MAX, 0, 0);
        (self.wanted, self.wanted_tie) = (0, u32::MAX);
        self.release();
    }

    /// Lets go of the segment.
    pub fn release(&mut self) {
        self.boosted = false;
        self.factors.close();
    }

    /// How many are wanted.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there are as many as wanted.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows.len() >= self.k
    }

    /// The least score that any document of the current segment needs. This and all other scores that go in are without boosts.
    #[inline]
    #[must_use]
    pub fn theta(&self) -> i32 {
        self.theta
    }

    /// The last document for which `theta` is enough.
    #[inline]
    #[must_use]
    pub fn tie(&self) -> u32 {
        self.tie
    }

    /// The least score with which this document could enter.
    #[inline]
    #[must_use]
    pub fn need(&self, doc: u32) -> i32 {
        self.theta + i32::from(doc > self.tie)
    }

    /// Goes on with another segment, the `number`th of the snapshot.
    ///
    /// # Errors
    /// Corruption; what `interrupt` says while boosts are made ready.
    pub fn enter(&mut self, number: usize, view: &SegmentView, boosting: Option<&Boosting>, interrupt: &Interrupt) -> Result<()> {
        self.segment = number as u32;
        self.boosted = boosting.is_some();
        if let Some(boosting) = boosting {
            self.factors.open(boosting, &view.reader, interrupt)?;
        }
        self.settle(view)
    }

    /// Forgets all hits and what is wanted, and stays in the segment.
    pub fn forget(&mut self) {
        self.rows.clear();
        (self.wanted, self.wanted_tie) = (0, u32::MAX);
        self.translate();
    }

    /// At least `k` documents of the current segment are known to score this or more: nothing below is needed.
    pub fn raise(&mut self, floor: i32) {
        let floor = i64::from(floor);
        let floor = if self.boosted { boosted(floor, self.factors.low()) } else { floor };
        if floor > self.wanted {
            (self.wanted, self.wanted_tie) = (floor, u32::MAX);
            self.translate();
        }
    }

    /// Takes a document of the current segment.
    ///
    /// # Errors
    /// Corruption of sequence numbers or of what boosts.
    #[inline]
    pub fn push(&mut self, view: &SegmentView, doc: u32, score: i32) -> Result<()> {
        if score < self.need(doc) {
            Ok(())
        } else if self.boosted {
            self.push_boosted(view, doc, score)
        } else {
            self.insert(view, doc, i64::from(score))
        }
    }

    fn push_boosted(&mut self, view: &SegmentView, doc: u32, score: i32) -> Result<()> {
        let score = boosted(i64::from(score), self.factors.of(doc)?);
        if score < self.wanted + i64::from(doc > self.wanted_tie) { Ok(()) } else { self.insert(view, doc, score) }
    }

    fn insert(&mut self, view: &SegmentView, doc: u32, score: i64) -> Result<()> {
        let row = Row { score, seq: view.sequence(DocId(doc))?.0, segment: self.segment, doc };
        if self.rows.len() < self.k {
            self.rows.push(row);
            self.sift_up();
            if self.rows.len() == self.k {
                self.settle(view)?;
            }
        } else if self.rows.first().is_some_and(|worst| row.beats(worst)) {
            self.replace_worst(row);
            self.settle(view)?;
        } else {
            return Ok(());
        }
        self.entered += 1;
        Ok(())
    }

    fn sift_up(&mut self) {
        let mut at = self.rows.len().saturating_sub(1);
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.rows[parent].beats(&self.rows[at]) {
                break;
            }
            self.rows.swap(parent, at);
            at = parent;
        }
    }

    fn replace_worst(&mut self, row: Row) {
        let rows = &mut self.rows[..];
        let mut at = 0;
        loop {
            let mut child = 2 * at + 1;
            if child >= rows.len() {
                break;
            }
            if child + 1 < rows.len() && rows[child].beats(&rows[child + 1]) {
                child += 1;
            }
            if !row.beats(&rows[child]) {
                break;
            }
            rows[at] = rows[child];
            at = child;
        }
        rows[at] = row;
    }

    /// Restores the threshold after the worst hit or the segment has changed.
    fn settle(&mut self, view: &SegmentView) -> Result<()> {
        self.wanted_tie = u32::MAX;
        let worst = self.rows.first().filter(|worst| self.rows.len() == self.k && worst.score >= self.wanted - 1).copied();
        if let Some(worst) = worst {
            self.wanted = worst.score;
            if view.reader.in_sequence_order() {
                let older = if worst.segment == self.segment { worst.doc + 1 } else { older_than(view, worst.seq)? };
                match older.checked_sub(1) {
                    Some(last) => self.wanted_tie = last,
                    // All are younger: as good as the last hit is not enough for any of them.
                    None => self.wanted += 1,
                }
            }
        }
        self.translate();
        Ok(())
    }

    /// From what a hit has to score to what its document has to score before boosts.
    fn translate(&mut self) {
        if self.boosted {
            self.theta = self.factors.least(self.wanted);
            // One step more before boosts may be many after them, but never less than one where it is needed.
            let is_step = self.factors.least(self.wanted + 1) > self.theta;
            self.tie = if is_step { self.wanted_tie } else { u32::MAX };
        } else {
            self.theta = i32::try_from(self.wanted).unwrap_or(i32::MAX - 1);
            self.tie = self.wanted_tie;
        }
    }

    /// The hits in order.
    pub fn finish(&mut self) -> &[Row] {
        self.rows.sort_unstable_by(|a, b| b.score.cmp(&a.score).then(a.seq.cmp(&b.seq)));
        &self.rows
    }
}

/// So many documents of a segment in order of age are older than `seq`, or a few more. Segments seldom overlap: then two looks are
/// enough. Where they do, this is asked again with each hit: what few looks say is worth more than the exact number.
fn older_than(view: &SegmentView, seq: u64) -> Result<u32> {
    let (mut low, mut high) = (0, view.reader.doc_count());
    let is_older = |doc: u32| Ok::<_, Error>(view.sequence(DocId(doc))?.0 < seq);
    if high == 0 || !is_older(0)? {
        return Ok(0);
    }
    if is_older(high - 1)? {
        return Ok(high);
    }
    for _ in 0..LOOKS {
        let middle = low + (high - low) / 2;
        if low < high && is_older(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(high)
}
