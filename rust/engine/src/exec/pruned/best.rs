//! The best hits so far, and what it takes to enter.
//!
//! **In**: documents with exact scores, in any order, of one segment after the other. **Out**: the `k` best by (score descending, age),
//! and at any time the least score with which a document of the current segment could still enter. **Law**: the threshold never falls;
//! [`Best::need`] of a document is never more than the least score that would let it in, so what scores less may be passed over.
//! Where a segment stands in order of age an equal score is not enough behind the `k`th hit; in others it is.
//!
//! This is the one signal that runs from the collected hits back to the executors.

use crate::base::{DocId, Result};
use crate::index::SegmentView;

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
    /// Scores below this cannot enter.
    theta: i32,
    /// With a score of exactly `theta` only documents up to this one can.
    tie: u32,
    segment: u32,
    /// Rows that entered, also those that left again.
    pub entered: u64,
}

impl Best {
    /// Begins anew.
    pub fn reset(&mut self, k: usize) {
        self.k = k;
        self.rows.clear();
        (self.theta, self.tie, self.segment, self.entered) = (0, u32::MAX, 0, 0);
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

    /// The least score that any document of the current segment needs.
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
    /// Corruption of sequence numbers.
    pub fn enter(&mut self, number: usize, view: &SegmentView) -> Result<()> {
        self.segment = number as u32;
        self.settle(view)
    }

    /// At least `k` documents are known to score this or more: nothing below is needed.
    pub fn raise(&mut self, floor: i32) {
        if floor > self.theta {
            (self.theta, self.tie) = (floor, u32::MAX);
        }
    }

    /// Takes a document of the current segment.
    ///
    /// # Errors
    /// Corruption of sequence numbers.
    #[inline]
    pub fn push(&mut self, view: &SegmentView, doc: u32, score: i32) -> Result<()> {
        if score >= self.need(doc) { self.insert(view, doc, score) } else { Ok(()) }
    }

    fn insert(&mut self, view: &SegmentView, doc: u32, score: i32) -> Result<()> {
        let row = Row { score: i64::from(score), seq: view.sequence(DocId(doc))?.0, segment: self.segment, doc };
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
        let Some(worst) = self.rows.first().filter(|_| self.rows.len() == self.k).copied() else {
            self.tie = u32::MAX;
            return Ok(());
        };
        let theta = i32::try_from(worst.score).unwrap_or(i32::MAX - 1);
        if theta < self.theta {
            return Ok(());
        }
        self.theta = theta;
        self.tie = if !view.reader.in_sequence_order() {
            u32::MAX
        } else if worst.segment == self.segment {
            worst.doc
        } else {
            older_than(view, worst.seq)?
        };
        Ok(())
    }

    /// The hits in order.
    pub fn finish(&mut self) -> &[Row] {
        self.rows.sort_unstable_by(|a, b| b.score.cmp(&a.score).then(a.seq.cmp(&b.seq)));
        &self.rows
    }
}

/// The last document of a segment in order of age that is older than `seq`; 0 when none is, which costs one comparison too many.
fn older_than(view: &SegmentView, seq: u64) -> Result<u32> {
    let (mut low, mut high) = (0, view.reader.doc_count());
    while low < high {
        let middle = low + (high - low) / 2;
        if view.sequence(DocId(middle))?.0 < seq {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low.saturating_sub(1))
}
