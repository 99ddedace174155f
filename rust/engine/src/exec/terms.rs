//! Sets of terms over one segment, for leaves that only match.
//!
//! **In**: a field, which of its terms. **Out**: one posting list as it is, or the union of several as a bit set. **Law**: never cut;
//! memory is at most one bit a document, less for sparse sets, and does not grow with the number of terms.

use std::ops::Bound;

use levenshtein_automata::DFA;

use super::condition::OpenCondition;
use crate::base::bits::BitSet;
use crate::base::{FieldId, Interrupt, Result, TermOrd};
use crate::codec::InvertedReader;
use crate::segment::SegmentReader;

/// Terms after which the interrupt is looked at.
const TERMS_PER_CHECK: u32 = 16;

/// Which terms.
pub(super) enum TermSet<'a> {
    /// This one.
    One(&'a [u8]),
    /// These, ascending.
    These(&'a [String]),
    /// Between two ends.
    Between(Bound<&'a [u8]>, Bound<&'a [u8]>),
    /// Those that begin so, and perhaps one more.
    Prefix(&'a [u8], Option<&'a [u8]>),
    /// Those that begin so and are near a word.
    Fuzzy(&'a [u8], &'a DFA),
}

/// Opens the documents that have any of the terms.
pub(super) fn gather<'a>(segment: &'a SegmentReader, field: FieldId, set: TermSet<'_>, interrupt: &Interrupt) -> Result<OpenCondition<'a>> {
    let Some(inverted) = segment.inverted(field) else { return Ok(OpenCondition::Never) };
    let mut union = Union { inverted, first: None, bits: None, doc_count: segment.doc_count(), seen: 0, interrupt };
    match set {
        TermSet::One(term) => union.find(term)?,
        TermSet::These(terms) => terms.iter().try_for_each(|term| union.find(term.as_bytes()))?,
        TermSet::Between(low, high) => inverted.scan(low, high, &mut |_, ord| union.add(ord).map(|()| true))?,
        TermSet::Prefix(prefix, also) => {
            scan_prefix(inverted, prefix, &mut |_, ord| union.add(ord))?;
            if let Some(also) = also.filter(|also| !also.starts_with(prefix)) {
                union.find(also)?;
            }
        }
        TermSet::Fuzzy(prefix, automaton) => scan_near(inverted, prefix, automaton, interrupt, &mut |_, ord, _| union.add(ord))?,
    }
    union.finish()
}

/// Visits the terms that begin so.
pub fn scan_prefix(inverted: &InvertedReader, prefix: &[u8], visit: &mut dyn FnMut(&[u8], TermOrd) -> Result<()>) -> Result<()> {
    inverted.scan(Bound::Included(prefix), Bound::Unbounded, &mut |term, ord| {
        let inside = term.starts_with(prefix);
        if inside {
            visit(term, ord)?;
        }
        Ok(inside)
    })
}

/// Is handed a term, its number and its distance.
pub type Visit<'a> = dyn FnMut(&[u8], TermOrd, u8) -> Result<()> + 'a;

/// Visits the terms that begin so and that the automaton accepts, with their distance.
pub fn scan_near(inverted: &InvertedReader, prefix: &[u8], automaton: &DFA, interrupt: &Interrupt, visit: &mut Visit<'_>) -> Result<()> {
    let mut seen = 0;
    inverted.scan_automaton(automaton, &mut |term, ord, distance| {
        check(&mut seen, interrupt)?;
        if term.starts_with(prefix) {
            visit(term, ord, distance)?;
        }
        Ok(true)
    })
}

fn check(seen: &mut u32, interrupt: &Interrupt) -> Result<()> {
    *seen = seen.wrapping_add(1);
    if seen.is_multiple_of(TERMS_PER_CHECK) {
        interrupt.check()?;
    }
    Ok(())
}

struct Union<'a, 'i> {
    inverted: &'a InvertedReader,
    first: Option<TermOrd>,
    bits: Option<BitSet>,
    doc_count: u32,
    seen: u32,
    interrupt: &'i Interrupt,
}

impl<'a> Union<'a, '_> {
    fn find(&mut self, term: &[u8]) -> Result<()> {
        check(&mut self.seen, self.interrupt)?;
        match self.inverted.find(term)? {
            Some(ord) => self.add(ord),
            None => Ok(()),
        }
    }

    fn add(&mut self, ord: TermOrd) -> Result<()> {
        check(&mut self.seen, self.interrupt)?;
        match (&mut self.bits, self.first) {
            (None, None) => {
                self.first = Some(ord);
                Ok(())
            }
            (None, Some(first)) => {
                let mut bits = BitSet::empty(self.doc_count);
                fill(self.inverted, first, &mut bits)?;
                fill(self.inverted, ord, &mut bits)?;
                self.bits = Some(bits);
                Ok(())
            }
            (Some(bits), _) => fill(self.inverted, ord, bits),
        }
    }

    fn finish(self) -> Result<OpenCondition<'a>> {
        Ok(match (self.bits, self.first) {
            (Some(bits), _) => OpenCondition::of(bits),
            (None, Some(ord)) => OpenCondition::Term(Box::new(self.inverted.postings(ord)?)),
            (None, None) => OpenCondition::Never,
        })
    }
}

fn fill(inverted: &InvertedReader, ord: TermOrd, bits: &mut BitSet) -> Result<()> {
    let to = bits.len();
    inverted.postings(ord)?.mark_window(0, to, bits.words_mut())
}
