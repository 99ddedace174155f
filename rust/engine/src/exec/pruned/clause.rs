//! One posting list of a query in one segment, with what its postings are worth.
//!
//! **In**: a list as it lies in the file, tables by code. **Out**: bounds of blocks and windows, postings of documents, exact scores of
//! postings. **Law**: `exact[code]` is the contribution of a posting that is no exception; `bound[code]` is at least that of every posting
//! with this code or a lower one, and never falls; so a block, a window, the whole list are bounded by the bound of their greatest code. Codes
//! and posting numbers that a damaged file makes up lead to a wrong number, never outside of a slice.

use super::super::kernels::{COARSE_WORDS, Kernels};
use super::super::window::WORDS;
use crate::codec::postings::exceptions::{ExceptionCursor, Exceptions};

/// No posting.
pub(super) const MISS: u32 = u32::MAX;

/// Contributions by code.
pub(super) type Lut = [i32; 256];

/// `max(1, trunc(value · saturation))`, 0 for a clause of weight 0: the formula's last line.
#[inline]
pub(super) fn contribution(value: f64, saturation: f64) -> i32 {
    if value > 0.0 { ((value * saturation) as i32).max(1) } else { 0 }
}

/// Where a list's documents are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Documents<'a> {
    /// Decoded, ascending.
    Sorted(&'a [u32]),
    /// Low parts in blocks of `2^shift` documents.
    Aligned { shift: u32, starts: &'a [[u8; 4]], low: &'a [[u8; 2]] },
    /// A bit a document; ranks of each 512.
    Bitmap { words: &'a [[u8; 8]], ranks: &'a [[u8; 4]] },
}

impl Documents<'_> {
    /// Writes the posting of each document, or [`MISS`].
    #[inline]
    pub fn probe(&self, kernels: &Kernels, docs: &[u32], out: &mut [u32]) {
        match *self {
            Self::Sorted(list) => (kernels.probe_sorted)(list, docs, out),
            Self::Aligned { shift, starts, low } => (kernels.probe_aligned)(starts, low, shift, docs, out),
            Self::Bitmap { words, ranks } => (kernels.probe_bitmap)(words, ranks, docs, out),
        }
    }
}

/// The greatest codes of parts of a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Maxima<'a> {
    /// Only of the whole list.
    Whole,
    /// Of each 128 postings.
    ByPosting(&'a [u8]),
    /// Of each `2^shift` documents.
    ByDocument { shift: u32, codes: &'a [u8] },
}

/// A clause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clause<'a> {
    pub df: u32,
    pub documents: Documents<'a>,
    pub maxima: Maxima<'a>,
    /// By posting.
    pub codes: &'a [u8],
    pub exact: &'a Lut,
    /// `exact` where no posting of the list is an exception, else `bound`: what a posting contributes at most, without a look at exceptions.
    pub upper: &'a Lut,
    pub bound: &'a Lut,
    /// By code: whether postings may be exceptions.
    pub mixed: &'a [bool; 256],
    pub exceptions: Exceptions<'a>,
    /// Saturations by pair, for exceptions.
    pub pairs: &'a [f64],
    /// Bound × scale.
    pub value: f64,
    /// The greatest code of the list.
    pub top: u8,
    /// Its bound.
    pub ceiling: i32,
    /// Codes of its 1st, 10th, 100th and 1000th strongest posting, 0 where there are fewer; and what such a posting scores at least.
    pub floors: [i32; 4],
    /// The leaf it belongs to.
    pub leaf: u32,
    /// Its place among the clauses of that leaf.
    pub place: u32,
    /// Which of the words of its phrase it is.
    pub word: u32,
    /// Whether it is a bigram that is all of its phrase.
    pub answers: bool,
    /// Whether a document without it cannot match.
    pub must: bool,
    /// Whether the query scores at most what this clause would, in the place of so much more: another word of a phrase. Its ceiling is 0.
    pub caps: bool,
}

impl<'a> Clause<'a> {
    /// What posting `index` contributes, exactly, when the exceptions met so far came from postings before it.
    #[inline]
    pub fn score_next(&self, index: u32, cursor: &mut ExceptionCursor) -> i32 {
        let code = usize::from(self.codes.get(index as usize).copied().unwrap_or(0));
        if !self.mixed[code] {
            return self.exact[code];
        }
        match cursor.pair(&self.exceptions, index) {
            Some(pair) => self.of_pair(pair),
            None => self.exact[code],
        }
    }

    /// What posting `index` contributes at most.
    #[inline]
    pub fn upper(&self, index: u32) -> i32 {
        self.upper[usize::from(self.codes.get(index as usize).copied().unwrap_or(0))]
    }

    /// What posting `index` contributes, at most where that is enough.
    #[inline]
    pub fn worth(&self, index: u32, rough: bool) -> i32 {
        if rough { self.upper(index) } else { self.score(index) }
    }

    /// What posting `index` contributes, exactly.
    #[inline]
    pub fn score(&self, index: u32) -> i32 {
        let code = usize::from(self.codes.get(index as usize).copied().unwrap_or(0));
        if self.mixed[code] { self.score_mixed(index, code) } else { self.exact[code] }
    }

    fn score_mixed(&self, index: u32, code: usize) -> i32 {
        match self.exceptions.find(index) {
            Some(pair) => self.of_pair(pair),
            None => self.exact[code],
        }
    }

    /// What a posting with this pair contributes.
    #[inline]
    pub fn of_pair(&self, pair: u32) -> i32 {
        contribution(self.value, self.pairs.get(pair as usize).copied().unwrap_or(0.0))
    }

    /// Whether a sweep can take the clause into account: a bit a document, a bound for each 64 or more.
    #[inline]
    pub fn is_swept(&self) -> bool {
        let blocks = matches!(self.maxima, Maxima::ByDocument { shift: 6.., .. });
        blocks && matches!(self.documents, Documents::Bitmap { .. }) && !self.must && !self.caps
    }

    /// What it adds at most in each 64 documents of the window from `base` on. Only for one that a sweep can take into account.
    pub fn word_bounds(&self, base: u32, kernels: &Kernels, out: &mut [i32; WORDS]) {
        let Maxima::ByDocument { shift, codes } = self.maxima else { return out.fill(self.ceiling) };
        let codes = codes.get((base >> shift) as usize..).unwrap_or_default();
        if shift == 6 {
            out.fill(0);
            return (kernels.score)(codes.get(..WORDS).unwrap_or(codes), self.bound, out);
        }
        if shift == 7 {
            for (pair, code) in out.as_chunks_mut::<2>().0.iter_mut().zip(codes.iter().copied().chain(std::iter::repeat(0))) {
                *pair = [self.bound[usize::from(code)]; 2];
            }
            return;
        }
        let long = 1usize << shift.saturating_sub(6).min(6);
        for (out, code) in out.chunks_mut(long).zip(codes.iter().copied().chain(std::iter::repeat(0))) {
            out.fill(self.bound[usize::from(code)]);
        }
    }

    /// The same in units, of windows of any length, by the codes' bounds in units.
    pub fn coarse_bounds(&self, base: u32, words: usize, lut: &[u8; 256], kernels: &Kernels, out: &mut [u8; COARSE_WORDS]) {
        let Maxima::ByDocument { shift, codes } = self.maxima else { return out.fill(u8::MAX) };
        let codes = codes.get((base >> shift) as usize..).unwrap_or_default();
        let (out, log2) = (out.get_mut(..words).unwrap_or_default(), shift.saturating_sub(6).min(8));
        if log2 == 0 {
            let there = codes.len().min(out.len());
            out[there..].fill(0);
            return (kernels.look_up)(codes, lut, out);
        }
        let mut blocks = [0; COARSE_WORDS / 2];
        let (blocks, long) = (&mut blocks[..words.div_ceil(1 << log2).min(COARSE_WORDS / 2)], 1 << log2);
        (kernels.look_up)(codes, lut, blocks);
        if log2 == 1 {
            out.as_chunks_mut::<2>().0.iter_mut().zip(blocks).for_each(|(pair, bound)| *pair = [*bound; 2]);
        } else {
            out.chunks_mut(long).zip(blocks).for_each(|(same, bound)| same.fill(*bound));
        }
    }

    /// No more than these come from the clause in the documents: what their blocks say, and nothing where a bitmap says that a document
    /// lacks the term.
    #[inline]
    pub fn block_bounds(&self, kernels: &Kernels, docs: &[u32], out: &mut [i32]) {
        let Maxima::ByDocument { shift, codes } = self.maxima else {
            out.fill(self.ceiling);
            return;
        };
        let words = if let Documents::Bitmap { words, .. } = self.documents { words } else { &[] };
        (kernels.block_bounds)(codes, shift, self.bound, words, docs, out);
    }

    /// The greatest code in the documents `base .. base + 2^log2`; `base` is a multiple of that.
    #[inline]
    pub fn window_code(&self, base: u32, log2: u32, kernels: &Kernels) -> u8 {
        match self.maxima {
            Maxima::ByDocument { shift, codes } if shift >= log2 => codes.get((base >> shift) as usize).copied().unwrap_or(0),
            Maxima::ByDocument { shift, codes } => {
                let first = (base >> shift) as usize;
                let last = (first + (1 << (log2 - shift))).min(codes.len());
                codes.get(first..last).map_or(0, |codes| (kernels.max)(codes))
            }
            _ => self.top,
        }
    }

    /// Writes the posting of each document, or [`MISS`].
    #[inline]
    pub fn probe(&self, kernels: &Kernels, docs: &[u32], out: &mut [u32]) {
        self.documents.probe(kernels, docs, out);
    }

    /// Whether a document has the term.
    #[inline]
    pub fn has(&self, kernels: &Kernels, doc: u32) -> bool {
        let mut out = [MISS];
        self.probe(kernels, &[doc], &mut out);
        out[0] != MISS
    }

    /// The least code whose bound is at least `need`; 256 when none is.
    #[inline]
    pub fn least_code(&self, need: i32) -> usize {
        self.bound.partition_point(|bound| *bound < need)
    }
}
