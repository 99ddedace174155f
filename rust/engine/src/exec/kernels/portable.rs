//! Kernels in plain Rust: the level that every processor has, and the tails of the others.
//!
//! **Law**: no `unsafe`, no branch on file bytes that panics; written so that the compiler finds vectors by itself, also when a wider
//! level inlines these functions under its own instructions.

use super::super::window::{PLACES, WORDS};
use super::Level;
use super::table::{Kernels, Le2, Le4, Le8, MISS, RANKED, SWEPT, plain, signatures};
use crate::codec::packed::PackedSlice;

pub(super) static KERNELS: Kernels = signatures!(plain Level::Portable);

#[inline(always)]
pub(super) fn filter(codes: &[u8], least: u8, out: &mut [u32]) -> usize {
    let mut n = 0;
    let (blocks, _) = codes[..codes.len().min(out.len())].as_chunks::<16>();
    for (i, block) in blocks.iter().enumerate() {
        if block.iter().fold(0, |top, code| top.max(*code)) >= least {
            n = filter_few(block, least, i * 16, out, n);
        }
    }
    let done = blocks.len() * 16;
    filter_few(&codes[done..codes.len().min(out.len())], least, done, out, n)
}

#[inline(always)]
fn filter_few(codes: &[u8], least: u8, from: usize, out: &mut [u32], mut n: usize) -> usize {
    for (i, code) in codes.iter().enumerate() {
        if let Some(place) = out.get_mut(n) {
            *place = (from + i) as u32;
        }
        n += usize::from(*code >= least);
    }
    n
}

#[inline(always)]
pub(super) fn max(codes: &[u8]) -> u8 {
    codes.iter().fold(0, |top, code| top.max(*code))
}

#[inline(always)]
pub(super) fn fill(value: f64, saturation: &[f64; 256], lut: &mut [i32; 256]) {
    for (out, factor) in lut.iter_mut().zip(saturation) {
        *out = if *factor == 0.0 || value == 0.0 { 0 } else { ((value * factor) as i32).max(1) };
    }
}

#[inline(always)]
pub(super) fn score(codes: &[u8], lut: &[i32; 256], out: &mut [i32]) {
    for (out, code) in out.iter_mut().zip(codes) {
        *out = lut[usize::from(*code)];
    }
}

#[inline(always)]
fn place(base: usize, low: Le2) -> usize {
    base.wrapping_add(usize::from(u16::from_le_bytes(low))) % PLACES
}

#[inline(always)]
pub(super) fn scatter(low: &[Le2], contributions: &[i32], base: usize, window: &mut [i32; PLACES]) {
    for (low, value) in low.iter().zip(contributions) {
        let slot = &mut window[place(base, *low)];
        *slot = slot.wrapping_add(*value);
    }
}

#[inline(always)]
pub(super) fn scatter_codes(low: &[Le2], codes: &[u8], lut: &[i32; 256], base: usize, window: &mut [i32; PLACES]) {
    for (low, code) in low.iter().zip(codes) {
        let slot = &mut window[place(base, *low)];
        *slot = slot.wrapping_add(lut[usize::from(*code)]);
    }
}

#[inline(always)]
fn expand_each(words: &[Le8], count: usize, window: &mut [i32; PLACES], value: impl Fn(usize) -> i32) {
    let mut next = 0;
    for (word, slots) in words.iter().zip(window.as_chunks_mut::<64>().0) {
        let mut bits = u64::from_le_bytes(*word);
        while bits != 0 && next < count {
            let slot = &mut slots[bits.trailing_zeros() as usize % 64];
            *slot = slot.wrapping_add(value(next));
            next += 1;
            bits &= bits - 1;
        }
    }
}

#[inline(always)]
pub(super) fn expand(words: &[Le8], contributions: &[i32], window: &mut [i32; PLACES]) {
    expand_each(words, contributions.len(), window, |i| contributions[i]);
}

#[inline(always)]
pub(super) fn expand_codes(words: &[Le8], codes: &[u8], lut: &[i32; 256], window: &mut [i32; PLACES]) {
    expand_each(words, codes.len(), window, |i| lut[usize::from(codes[i])]);
}

#[inline(always)]
pub(super) fn sweep(window: &mut [i32; PLACES], least: i32, places: &mut [u16; SWEPT], scores: &mut [i32; SWEPT]) -> usize {
    let mut n = 0;
    for (i, block) in window.as_chunks::<16>().0.iter().enumerate() {
        if block.iter().fold(i32::MIN, |top, value| top.max(*value)) >= least {
            for (j, value) in block.iter().enumerate() {
                places[n] = (i * 16 + j) as u16;
                scores[n] = *value;
                n += usize::from(*value >= least);
            }
        }
    }
    window.fill(0);
    n
}

/// The postings of a document's block, in `0..low`.
#[inline(always)]
pub(super) fn block_of(starts: &[Le4], low: usize, block: u32) -> (usize, usize) {
    let Some([start, end]) = starts.get(block as usize..).and_then(|rest| rest.first_chunk::<2>()) else { return (0, 0) };
    let (start, end) = (u32::from_le_bytes(*start) as usize, u32::from_le_bytes(*end) as usize);
    if start <= end && end <= low { (start, end) } else { (0, 0) }
}

#[inline(always)]
pub(super) fn probe_aligned(starts: &[Le4], low: &[Le2], shift: u32, docs: &[u32], out: &mut [u32]) {
    for (doc, out) in docs.iter().zip(out) {
        *out = MISS;
        if shift <= 16 {
            let (start, end) = block_of(starts, low.len(), doc >> shift);
            let key = (doc & ((1 << shift) - 1)) as u16;
            *out = lower_bound(&low[start..end], |value| u16::from_le_bytes(*value) < key)
                .filter(|at| low[start + at] == key.to_le_bytes())
                .map_or(MISS, |at| (start + at) as u32);
        }
    }
}

/// The first of `list` that is not `below`; the last one when all are; `None` of an empty list. No branch but the loop.
#[inline(always)]
pub(super) fn lower_bound<T>(list: &[T], below: impl Fn(&T) -> bool) -> Option<usize> {
    let (mut from, mut size) = (0, list.len().checked_sub(1)? + 1);
    while size > 1 {
        let half = size / 2;
        from = if below(&list[from + half - 1]) { from + half } else { from };
        size -= half;
    }
    Some(from)
}

#[inline(always)]
pub(super) fn probe_sorted(list: &[u32], docs: &[u32], out: &mut [u32]) {
    for (doc, out) in docs.iter().zip(out) {
        *out = lower_bound(list, |value| value < doc).filter(|at| list[*at] == *doc).map_or(MISS, |at| at as u32);
    }
}

#[inline(always)]
fn word(words: &[Le8], index: u32) -> u64 {
    words.get(index as usize).map_or(0, |word| u64::from_le_bytes(*word))
}

#[inline(always)]
pub(super) fn probe_bitmap(words: &[Le8], ranks: &[Le4], docs: &[u32], out: &mut [u32]) {
    for (doc, out) in docs.iter().zip(out) {
        let (index, bit) = (doc / 64, doc % 64);
        let here = word(words, index);
        *out = MISS;
        if here >> bit & 1 == 1 {
            let before = ranks.get((doc / RANKED) as usize).map_or(0, |rank| u32::from_le_bytes(*rank));
            let group = doc / RANKED * (RANKED / 64);
            let whole = (group..index).map(|at| word(words, at).count_ones()).sum::<u32>();
            *out = before.wrapping_add(whole + (here & ((1 << bit) - 1)).count_ones());
        }
    }
}

#[inline(always)]
pub(super) fn present(words: &[Le8], docs: &[u32], out: &mut [u8]) {
    for (doc, out) in docs.iter().zip(out) {
        *out = (word(words, doc / 64) >> (doc % 64) & 1) as u8;
    }
}

#[inline(always)]
pub(super) fn prefetch(_: &[u8], _: &[u32]) {}

#[inline(always)]
pub(super) fn or_into(into: &mut [u64], words: &[Le8]) {
    for (into, word) in into.iter_mut().zip(words) {
        *into |= u64::from_le_bytes(*word);
    }
}

#[inline(always)]
pub(super) fn and_into(into: &mut [u64], words: &[Le8]) {
    let both = into.len().min(words.len());
    for (into, word) in into.iter_mut().zip(words) {
        *into &= u64::from_le_bytes(*word);
    }
    into[both..].fill(0);
}

#[inline(always)]
pub(super) fn and_not_into(into: &mut [u64], words: &[Le8]) {
    for (into, word) in into.iter_mut().zip(words) {
        *into &= !u64::from_le_bytes(*word);
    }
}

#[inline(always)]
fn ones(word: u64) -> u64 {
    u64::from(word.count_ones())
}

#[inline(always)]
pub(super) fn count(words: &[u64]) -> u64 {
    words.iter().map(|word| ones(*word)).sum()
}

#[inline(always)]
pub(super) fn count_or(left: &[Le8], right: &[Le8]) -> u64 {
    let (short, long) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    let both: u64 = short.iter().zip(long).map(|(a, b)| ones(u64::from_le_bytes(*a) | u64::from_le_bytes(*b))).sum();
    both + long[short.len()..].iter().map(|word| ones(u64::from_le_bytes(*word))).sum::<u64>()
}

#[inline(always)]
pub(super) fn count_and(left: &[Le8], right: &[Le8]) -> u64 {
    left.iter().zip(right).map(|(a, b)| ones(u64::from_le_bytes(*a) & u64::from_le_bytes(*b))).sum()
}

#[inline(always)]
pub(super) fn set_bits(low: &[Le2], base: usize, bits: &mut [u64; WORDS]) {
    for low in low {
        let place = place(base, *low);
        bits[place / 64] |= 1 << (place % 64);
    }
}

#[inline(always)]
pub(super) fn bits_to_places(bits: &[u64; WORDS], places: &mut [u16; SWEPT]) -> usize {
    let mut n = 0;
    for (i, word) in bits.iter().enumerate() {
        let mut rest = *word;
        while rest != 0 {
            places[n] = (i * 64) as u16 + rest.trailing_zeros() as u16;
            n += 1;
            rest &= rest - 1;
        }
    }
    n
}

#[inline(always)]
pub(super) fn sum_tf(codes: &[u8], tf: &[u8; 256]) -> u32 {
    codes.iter().fold(0, |sum: u32, code| sum.wrapping_add(u32::from(tf[usize::from(*code)])))
}

#[inline(always)]
pub(super) fn squeeze(docs: &mut [u32], scores: &mut [i32], rest: &mut [i32], n: usize, theta: i32, tie: u32) -> usize {
    let n = n.min(docs.len()).min(scores.len()).min(rest.len());
    let (docs, scores, rest) = (&mut docs[..n], &mut scores[..n], &mut rest[..n]);
    let mut kept = 0;
    for i in 0..n {
        let (doc, score, more) = (docs[i], scores[i], rest[i]);
        (docs[kept], scores[kept], rest[kept]) = (doc, score, more);
        kept += usize::from(score.wrapping_add(more) >= theta.wrapping_add(i32::from(doc > tie)));
    }
    kept
}

#[inline(always)]
pub(super) fn unpack_gaps(bytes: &[u8], width: u32, first: u32, out: &mut [u32]) {
    let Some(gaps) = PackedSlice::new(bytes, width.min(32)) else { return };
    let mut doc = first;
    for (i, out) in out.iter_mut().enumerate() {
        *out = doc;
        doc = doc.wrapping_add(gaps.get(i)).wrapping_add(1);
    }
}
