//! Rank codes: one byte that stands for a posting's term frequency and length.
//!
//! **In**: how often each pair (tf, norm) occurs in a field of a segment. **Out**: pairs numbered in the order of their saturation
//! ρ = tf / (1 − b + b·dl/avgdl) (b = 0.75, avgdl of the field while building; k1 does not change the order), and cut into at most 255
//! buckets. **Law**: a posting's code is its pair's bucket, 1-based; 0 never is a posting's code; a greater code never has a smaller ρ.
//! The last pair of a bucket, its *top*, is what the code means; a posting with another pair of the bucket is an *exception* and is
//! stored beside the list with its pair's number. So tf and norm of every posting are exact, and under any other k1, b or average
//! length a bound for a code is the maximum over its bucket's pairs ([`Codebook::bucket`]). Tops are the pairs that most postings have,
//! after one for each of 96 steps of the saturation curve, so that bounds stay tight where exceptions are many.
//!
//! ```text
//! pairs = count:varint (tf:varint norm:u8 postings:varint)*count buckets:u8 (pairs_in_bucket:varint)*buckets
//! ```
//! With at most 255 pairs each has a code of its own and there are no exceptions.

mod counts;

pub use counts::{PairCounts, PairNumbers};

use super::norms;
use crate::base::varint;

/// Most buckets: code 0 is no posting.
pub const MAX_CODES: usize = 255;
/// Steps of the saturation curve that have a top each, when tops are scarce.
const STEPS: usize = 96;
/// The length normalisation that orders the pairs.
const B: f64 = 0.75;
/// The curve whose steps get a top: the default k1.
const K1: f64 = 1.2;

/// Beside a pair's code: it is not what the code means.
const EXCEPTION: u16 = 256;

/// Term frequency and length code of a posting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// How often the term occurs in the document's field; at least 1.
    pub tf: u32,
    /// The field's length as [`norms`] code.
    pub norm: u8,
}

impl Pair {
    /// ρ without k1: grows with tf, falls with the length.
    fn rank(self, average: f64) -> f64 {
        f64::from(self.tf) / (1.0 - B + B * f64::from(norms::decode(self.norm)) / average)
    }
}

/// The pairs of a field of a segment and their codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codebook {
    /// In the order of ρ.
    pairs: Vec<Pair>,
    /// By pair: its code, and [`EXCEPTION`] where it is not the top.
    codes: Vec<u16>,
    /// By code: the number of its bucket's top. Entry 0 is not used.
    tops: Vec<u32>,
    /// By code: its top pair, repeated to 256 so that a byte is always inside.
    meaning: Box<[Pair; 256]>,
    /// By code: the term frequency of its top pair.
    frequencies: Box<[u32; 256]>,
    /// By code: whether it stands for more than one pair.
    mixed: Box<[bool; 256]>,
}

impl Codebook {
    /// Numbers the pairs and cuts the buckets. Also returns the counts in the new order.
    #[must_use]
    pub fn build(mut counts: Vec<(Pair, u64)>, average: f64, max_codes: usize) -> (Self, Vec<u64>) {
        let average = average.max(1.0);
        #[cfg(test)]
        let max_codes = max_codes.min(super::forced::codes());
        counts.sort_unstable_by(|(a, _), (b, _)| a.rank(average).total_cmp(&b.rank(average)).then(a.cmp(b)));
        counts.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            kept.1 += if same { later.1 } else { 0 };
            same
        });
        let is_top = choose_tops(&counts, average, max_codes.clamp(1, MAX_CODES));
        let sizes = is_top.split_inclusive(|top| *top).map(<[bool]>::len).collect::<Vec<_>>();
        let pairs = counts.iter().map(|(pair, _)| *pair).collect();
        (Self::assemble(pairs, &sizes), counts.into_iter().map(|(_, count)| count).collect())
    }

    /// From pairs in order and the number of pairs in each bucket (their sum is the number of pairs).
    fn assemble(pairs: Vec<Pair>, sizes: &[usize]) -> Self {
        let mut codes = Vec::with_capacity(pairs.len());
        let mut tops = vec![0];
        let mut meaning = Box::new([Pair::default(); 256]);
        let mut mixed = Box::new([false; 256]);
        for (bucket, size) in sizes.iter().enumerate() {
            let code = bucket as u16 + 1;
            codes.extend(std::iter::repeat_n(code | EXCEPTION, size.saturating_sub(1)));
            codes.push(code);
            mixed[usize::from(code & 255)] = *size > 1;
            tops.push((codes.len() - 1) as u32);
            if let (Some(meaning), Some(pair)) = (meaning.get_mut(bucket + 1..), pairs.get(codes.len() - 1)) {
                meaning.fill(*pair);
            }
        }
        let frequencies = Box::new(meaning.each_ref().map(|pair| pair.tf));
        Self { pairs, codes, tops, meaning, frequencies, mixed }
    }

    /// Appends the stored form. `counts` by pair.
    pub fn write(&self, counts: &[u64], out: &mut Vec<u8>) {
        varint::write(out, self.pairs.len() as u64);
        for (pair, count) in self.pairs.iter().zip(counts) {
            varint::write(out, u64::from(pair.tf));
            out.push(pair.norm);
            varint::write(out, *count);
        }
        out.push(self.code_count() as u8);
        for code in 1..=self.code_count() {
            varint::write(out, self.bucket(code as u8).len() as u64);
        }
    }

    /// Reads the stored form at the front of `bytes`, with the counts by pair; `None` when it contradicts itself.
    #[must_use]
    pub fn read(bytes: &mut &[u8]) -> Option<(Self, Vec<u64>)> {
        let count = usize::try_from(varint::read(bytes)?).ok()?;
        if count > bytes.len() {
            return None;
        }
        let (mut pairs, mut counts) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            let tf = u32::try_from(varint::read(bytes)?).ok().filter(|tf| *tf > 0)?;
            let (norm, rest) = bytes.split_first()?;
            *bytes = rest;
            pairs.push(Pair { tf, norm: *norm });
            counts.push(varint::read(bytes)?);
        }
        let (buckets, rest) = bytes.split_first()?;
        *bytes = rest;
        let mut sizes = Vec::with_capacity(usize::from(*buckets));
        let mut left = count;
        for _ in 0..*buckets {
            let size = usize::try_from(varint::read(bytes)?).ok().filter(|size| *size > 0 && *size <= left)?;
            left -= size;
            sizes.push(size);
        }
        (left == 0).then(|| (Self::assemble(pairs, &sizes), counts))
    }

    /// All pairs, by number.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// How many codes there are: 1 to that number.
    #[must_use]
    pub fn code_count(&self) -> usize {
        self.tops.len() - 1
    }

    /// The top pair of a code. A code that the field does not have means what the greatest means.
    #[inline]
    #[must_use]
    pub fn meaning(&self, code: u8) -> Pair {
        self.meaning[usize::from(code)]
    }

    /// The term frequency of each code's top pair: what [`Codebook::meaning`] says of it.
    #[inline]
    #[must_use]
    pub fn frequencies(&self) -> &[u32; 256] {
        &self.frequencies
    }

    /// The number of a code's top pair.
    #[inline]
    #[must_use]
    pub fn top(&self, code: u8) -> Option<u32> {
        self.tops.get(usize::from(code)).copied().filter(|_| code > 0)
    }

    /// The pairs that have a code, its top last; none for code 0 and codes that the field does not have.
    #[must_use]
    pub fn bucket(&self, code: u8) -> &[Pair] {
        let code = usize::from(code);
        let start = if code > 1 { self.tops.get(code - 1).map_or(0, |top| *top as usize + 1) } else { 0 };
        match self.tops.get(code) {
            Some(top) if code > 0 => self.pairs.get(start..=*top as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Whether a code stands for more than one pair, so that a posting that has it may be an exception.
    #[inline]
    #[must_use]
    pub fn is_mixed(&self, code: u8) -> bool {
        self.mixed[usize::from(code)]
    }

    /// Whether any code is mixed: only then lists have exceptions.
    #[must_use]
    pub fn has_exceptions(&self) -> bool {
        self.pairs.len() > self.code_count()
    }

    /// Whether lists have codes at all: a field in which all postings have the same pair needs none.
    #[must_use]
    pub fn has_codes(&self) -> bool {
        self.pairs.len() > 1
    }

    /// A pair's code, and whether it is not that code's top. `number` must be a pair's.
    #[inline]
    #[must_use]
    pub fn code(&self, number: u32) -> (u8, bool) {
        let code = self.codes[number as usize];
        (code as u8, code & EXCEPTION != 0)
    }
}

/// By pair: whether it is the top of a bucket.
fn choose_tops(counts: &[(Pair, u64)], average: f64, max_codes: usize) -> Vec<bool> {
    let mut is_top = vec![counts.len() <= max_codes; counts.len()];
    let (Some(last), true) = (is_top.last_mut(), counts.len() > max_codes) else { return is_top };
    *last = true;
    let mut chosen = 1;
    let saturation = |pair: &Pair| {
        let rank = pair.rank(average);
        rank / (rank + K1)
    };
    let steps = STEPS.min(max_codes.saturating_sub(1));
    for step in 1..=steps {
        let end = counts.partition_point(|(pair, _)| saturation(pair) < step as f64 / steps as f64);
        if let Some(top) = end.checked_sub(1).and_then(|i| is_top.get_mut(i))
            && !*top
            && chosen < max_codes
        {
            *top = true;
            chosen += 1;
        }
    }
    let mut frequent: Vec<usize> = (0..counts.len()).filter(|i| !is_top[*i]).collect();
    frequent.sort_unstable_by_key(|i| (std::cmp::Reverse(counts[*i].1), *i));
    frequent.into_iter().take(max_codes - chosen).for_each(|i| is_top[i] = true);
    is_top
}

#[cfg(test)]
mod tests;
