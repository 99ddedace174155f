//! Numbers that the clauses of a query point to, kept from query to query.
//!
//! **In**: drafts: lists with their tables. **Out**: [`Clause`]s over the arena. **Law**: what is laid out for a segment stays until
//! [`Arena::clear`]; nothing is allocated once the arena has grown to what a thread's queries need.

use super::clause::{Clause, Documents, Lut, Maxima, contribution};
use crate::base::{Error, Result};
use crate::codec::postings::exceptions::Exceptions;
use crate::codec::postings::{BlockMaxima, DocumentBytes, Postings};
use crate::exec::kernels::Kernels;
use crate::exec::program::Blend;
use crate::exec::tables::Saturation;

/// No posting is an exception.
static NO_EXCEPTIONS: [bool; 256] = [false; 256];
/// Nothing is a part of a list without tables.
static NO_PAIRS: [f64; 0] = [];
static NO_SATURATION: [f64; 256] = [0.0; 256];

/// What a list is to its leaf.
#[derive(Clone, Copy, Debug)]
pub(super) enum Worth {
    /// So much at most, by a saturation.
    Saturating(f64),
    /// The weight of a frequency in a slot of this value and k1.
    Weighted { weight: f64, value: f64, k1: f64 },
    /// This.
    Constant(i32),
    /// Nothing: it only has to be there.
    Nothing,
}

impl Worth {
    /// Of a clause of this value in a slot.
    pub fn of(blend: Blend, value: f64) -> Self {
        match blend {
            Blend::Weighted { k1, value: slot } if slot > 0.0 && value > 0.0 => Self::Weighted { weight: value, value: slot, k1 },
            Blend::Best { .. } | Blend::Sum if value > 0.0 => Self::Saturating(value),
            _ => Self::Nothing,
        }
    }
}

/// A list that is about to become a clause.
pub(super) struct Draft<'a> {
    /// The list; none for a condition.
    pub postings: Option<Postings<'a>>,
    pub saturation: Option<&'a Saturation>,
    pub worth: Worth,
    /// Which words of the arena are the bits of a condition.
    bits: (usize, usize),
    df: u32,
    pub leaf: u32,
    /// Its place among the clauses of its leaf.
    pub place: u32,
    /// Which of the words of its phrase it is.
    pub word: u32,
    /// Whether its contributions are bounds, not exact.
    bounds_only: bool,
    /// Whether it stands for a phrase, so that a posting promises nothing.
    pub phrase: bool,
    /// Whether it caps what the rest of its phrase scores, in the place of adding to it.
    pub caps: bool,
    /// Whether it is a bigram that is all of its phrase: a posting says what a phrase would say.
    pub answers: bool,
    /// Whether its frequencies do not limit those of its phrase.
    pub loose: bool,
    /// Whether its documents are looked at.
    pub lead: bool,
    pub must: bool,
    /// Whether it takes part in bounds and probes, or is only read when a phrase is looked at.
    pub probed: bool,
    exact: usize,
    bound: usize,
    docs: (usize, usize),
}

impl<'a> Draft<'a> {
    pub fn list(postings: Postings<'a>, saturation: Option<&'a Saturation>, worth: Worth, leaf: u32, place: u32) -> Self {
        let df = postings.df();
        Self { postings: Some(postings), saturation, worth, place, ..Self::condition((0, 0), df, 0, leaf) }
    }

    pub fn condition(bits: (usize, usize), df: u32, score: i32, leaf: u32) -> Self {
        Self {
            postings: None,
            saturation: None,
            worth: Worth::Constant(score),
            bits,
            df,
            leaf,
            place: 0,
            word: 0,
            bounds_only: false,
            phrase: false,
            caps: false,
            answers: false,
            loose: false,
            lead: true,
            must: false,
            probed: true,
            exact: 0,
            bound: 0,
            docs: (0, 0),
        }
    }

    pub fn df(&self) -> u32 {
        self.df
    }

    /// What a document has from it at most, when contributions are not divided: the ceiling of the clause that it becomes, known
    /// before anything is laid out.
    pub fn ceiling(&self) -> i32 {
        match (self.worth, self.saturation) {
            _ if self.caps => 0,
            (Worth::Saturating(value), Some(saturation)) => {
                let top = if self.loose { u8::MAX } else { self.top() };
                contribution(value, saturation.above[usize::from(top)])
            }
            (Worth::Constant(score), _) => score,
            (Worth::Nothing | Worth::Saturating(_), _) => 0,
            (Worth::Weighted { .. }, _) => i32::MAX,
        }
    }

    /// The greatest code of the list.
    fn top(&self) -> u8 {
        let Some(postings) = &self.postings else { return 1 };
        match postings.strongest() {
            Some([top, ..]) => top,
            None if postings.codes().is_empty() => 1,
            None => postings.codes().iter().take(self.df() as usize).copied().max().unwrap_or(0),
        }
    }

    /// Whether it adds nothing to a score.
    pub fn is_worthless(&self) -> bool {
        matches!(self.worth, Worth::Nothing | Worth::Constant(..=0))
    }
}

/// The arena.
#[derive(Default)]
pub(super) struct Arena {
    luts: Vec<Lut>,
    docs: Vec<u32>,
    /// Bits of conditions and their ranks, one after the other.
    words: Vec<[u8; 8]>,
    ranks: Vec<[u8; 4]>,
    /// As many ones as a list without codes has postings.
    ones: Vec<u8>,
}

impl Arena {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.luts.clear();
        self.docs.clear();
        self.words.clear();
        self.ranks.clear();
    }

    /// Keeps bits as a list without codes. Returns what [`Draft::condition`] wants: which words, and how many documents.
    pub fn keep_bits(&mut self, bits: impl Iterator<Item = u64>) -> ((usize, usize), u32) {
        // Ranks are of eight words each: begin at a multiple, so that both are found by one number.
        let at = self.words.len().next_multiple_of(8);
        self.words.resize(at, [0; 8]);
        self.ranks.resize(at / 8, [0; 4]);
        let mut before = 0u32;
        for (i, word) in bits.enumerate() {
            if i % 8 == 0 {
                self.ranks.push(before.to_le_bytes());
            }
            self.words.push(word.to_le_bytes());
            before += word.count_ones();
        }
        ((at, self.words.len()), before)
    }

    /// Lays out the numbers of a draft.
    ///
    /// `shift`: contributions are bounds, divided by two to this.
    pub fn lay_out(&mut self, draft: &mut Draft<'_>, shift: u32, kernels: &Kernels) -> Result<()> {
        let start = self.docs.len();
        if let Some(postings) = &draft.postings
            && postings.documents().is_none()
        {
            postings.decode_documents(&mut self.docs, kernels.unpack_gaps)?;
        }
        draft.docs = (start, self.docs.len());
        let coded = draft.postings.as_ref().is_some_and(|postings| !postings.codes().is_empty());
        if !coded && self.ones.len() < draft.df() as usize {
            self.ones.resize(draft.df() as usize, 1);
        }
        draft.bound = self.luts.len();
        draft.exact = draft.bound;
        draft.bounds_only = shift > 0 || draft.loose;
        let smaller = 1.0 / f64::from(1u32 << shift.min(31));
        let flat: [f64; 256];
        let above = match draft.saturation {
            Some(saturation) if draft.loose => {
                flat = std::array::from_fn(|code| if code == 0 { 0.0 } else { saturation.above[255] });
                &flat
            }
            Some(saturation) => &saturation.above,
            None => &NO_SATURATION,
        };
        match (draft.worth, draft.saturation) {
            (Worth::Saturating(value), Some(_)) if shift > 0 => {
                self.fill(value * smaller, above, kernels);
                if let Some(lut) = self.luts.last_mut() {
                    lut.iter_mut().skip(1).for_each(|bound| *bound += 1);
                }
            }
            (Worth::Saturating(value), Some(saturation)) => {
                self.fill(value, above, kernels);
                if draft.loose {
                    return Ok(());
                }
                let single = draft.postings.as_ref().and_then(|postings| Some((postings.codes(), postings.single_pair()?)));
                if let Some((codes, pair)) = single {
                    let mut exact = [0; 256];
                    let code = codes.first().copied().unwrap_or(1);
                    exact[usize::from(code)] = contribution(value, saturation.pairs.get(pair as usize).copied().unwrap_or(0.0));
                    self.push(&mut draft.exact, exact);
                } else if !saturation.tops_bound {
                    draft.exact = self.luts.len();
                    self.fill(value, &saturation.top, kernels);
                }
            }
            (Worth::Weighted { weight, value, k1 }, Some(_)) => {
                // Saturation is concave: fields taken one by one saturate to no less than together. Two more for the roundings.
                let bound = |above: f64| {
                    let tf = weight * above;
                    if tf > 0.0 { contribution(value * smaller, tf / (tf + k1)).saturating_add(2) } else { 0 }
                };
                let mut bounds = above.map(bound);
                bounds[0] = 0;
                self.push(&mut draft.bound, bounds);
                draft.exact = draft.bound;
            }
            (Worth::Constant(score), _) => {
                let mut bounds = [if shift > 0 { (score >> shift) + 1 } else { score }; 256];
                bounds[0] = 0;
                self.push(&mut draft.bound, bounds);
                draft.exact = draft.bound;
            }
            _ => self.push(&mut draft.bound, [0; 256]),
        }
        Ok(())
    }

    fn push(&mut self, at: &mut usize, lut: Lut) {
        *at = self.luts.len();
        self.luts.push(lut);
    }

    fn fill(&mut self, value: f64, saturation: &[f64; 256], kernels: &Kernels) {
        self.luts.push([0; 256]);
        if let Some(lut) = self.luts.last_mut() {
            (kernels.fill)(value, saturation, lut);
        }
    }

    /// The clause of a draft that was laid out.
    pub fn clause<'s>(&'s self, draft: &Draft<'s>) -> Result<Clause<'s>> {
        const DEFECT: Error = Error::Defect("a clause without its numbers");
        let (exact, bound) = (self.luts.get(draft.exact).ok_or(DEFECT)?, self.luts.get(draft.bound).ok_or(DEFECT)?);
        let df = draft.df();
        let ones = || self.ones.get(..df as usize).unwrap_or_default();
        let mut clause = Clause {
            df,
            documents: Documents::Sorted(self.docs.get(draft.docs.0..draft.docs.1).unwrap_or_default()),
            maxima: Maxima::Whole,
            codes: ones(),
            exact,
            upper: exact,
            bound,
            mixed: &NO_EXCEPTIONS,
            exceptions: Exceptions::none(),
            pairs: &NO_PAIRS,
            value: 0.0,
            top: 1,
            ceiling: bound[1],
            floors: [0; 4],
            leaf: draft.leaf,
            place: draft.place,
            word: draft.word,
            must: draft.must,
            caps: false,
            answers: draft.answers,
        };
        let Some(postings) = &draft.postings else {
            clause.documents = Documents::Bitmap {
                words: self.words.get(draft.bits.0..draft.bits.1).unwrap_or_default(),
                ranks: self.ranks.get(draft.bits.0 / 8..draft.bits.1.div_ceil(8)).unwrap_or_default(),
            };
            return Ok(clause);
        };
        match postings.documents() {
            Some(DocumentBytes::Aligned { shift, starts, low }) => clause.documents = Documents::Aligned { shift, starts, low },
            Some(DocumentBytes::Bitmap { ranks, words }) => clause.documents = Documents::Bitmap { words, ranks },
            None => {}
        }
        if !postings.codes().is_empty() {
            clause.codes = postings.codes();
        }
        if let Some(saturation) = draft.saturation {
            if postings.single_pair().is_none() && matches!(draft.worth, Worth::Saturating(_)) && !draft.bounds_only {
                (clause.mixed, clause.exceptions) = (&saturation.mixed, postings.exceptions());
                if !clause.exceptions.is_empty() {
                    clause.upper = bound;
                }
            }
            clause.pairs = &saturation.pairs;
        }
        clause.maxima = match postings.block_maxima() {
            BlockMaxima::None => Maxima::Whole,
            BlockMaxima::ByPosting(codes) => Maxima::ByPosting(codes),
            BlockMaxima::ByDocument { shift, codes } => Maxima::ByDocument { shift, codes },
        };
        clause.top = draft.top();
        clause.caps = draft.caps;
        clause.ceiling = if draft.caps { 0 } else { bound[usize::from(clause.top)] };
        if let Worth::Saturating(value) = draft.worth {
            clause.value = value;
            if let (false, Some(strongest), Some(saturation)) = (draft.phrase, postings.strongest(), draft.saturation) {
                let least = |code: u8| if code == 0 { 0 } else { contribution(value, saturation.below[usize::from(code)]) };
                clause.floors = strongest.map(least);
            }
        }
        Ok(clause)
    }
}
