//! Kernels in plain Rust: the level that every processor has, and the tails of the others.
//!
//! **Law**: no `unsafe`, no branch on file bytes that panics; written so that the compiler finds vectors by itself, also when a wider
//! level inlines these functions under its own instructions. For that they are plain loops: the closures of `fold`, `map` and `sum` are
//! functions of their own, which keep the instructions of the baseline.

mod coarse;

use core::hint::select_unpredictable;

pub(super) use coarse::{coarse_thresholds, coarsen, expand_coarse, look_up, scatter_coarse, sweep_coarse};

use super::super::window::{PLACES, WORDS};
use super::lanes::touch;
use super::table::{Kernels, Le2, Le4, Le8, MISS, Other, SWEPT, Swept, plain, signatures};
use super::{Level, search};
use crate::codec::packed::PackedSlice;

pub(super) static KERNELS: Kernels = signatures!(plain Level::Portable);

#[inline(always)]
pub(super) fn filter(codes: &[u8], least: u8, out: &mut [u32]) -> usize {
    let codes = &codes[..codes.len().min(out.len())];
    let (blocks, rest) = codes.as_chunks::<32>();
    let (mut from, mut n) = (0, 0);
    for block in blocks {
        if max(block) >= least {
            n = filter_few(block, least, from, out, n);
        }
        from += 32;
    }
    filter_few(rest, least, from, out, n)
}

#[inline(always)]
fn filter_few(codes: &[u8], least: u8, from: u32, out: &mut [u32], mut n: usize) -> usize {
    for (i, code) in (from..).zip(codes) {
        if let Some(place) = out.get_mut(n) {
            *place = i;
        }
        n += usize::from(*code >= least);
    }
    n
}

#[inline(always)]
pub(super) fn max(codes: &[u8]) -> u8 {
    let mut top = 0;
    for code in codes {
        top = top.max(*code);
    }
    top
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
pub(super) fn sweep(window: &mut [i32; PLACES], least: i32, need: i32, others: &[Other<'_>], swept: &mut Swept) -> usize {
    let thresholds = thresholds(least, need, others);
    let mut n = 0;
    for ((i, slots), threshold) in (0..).zip(window.as_chunks::<64>().0).zip(&thresholds) {
        let mut top = i32::MIN;
        for value in slots {
            top = top.max(*value);
        }
        if top >= *threshold {
            n = sweep_word(slots, *threshold, need, others, i, swept, n);
        }
    }
    window.fill(0);
    n
}

/// What a value must at least be, in each 64 places, were all others there.
#[inline]
pub(super) fn thresholds(least: i32, need: i32, others: &[Other<'_>]) -> [i32; WORDS] {
    let mut thresholds = [need; WORDS];
    for other in others {
        for (threshold, bound) in thresholds.iter_mut().zip(other.bounds) {
            *threshold = threshold.wrapping_sub(*bound);
        }
    }
    for threshold in &mut thresholds {
        *threshold = (*threshold).max(least);
    }
    thresholds
}

/// Appends what 64 places have, the `i`th of the window: those that reach the threshold are few, and only they are held against the others.
#[inline]
fn sweep_word(slots: &[i32; 64], threshold: i32, need: i32, others: &[Other<'_>], i: usize, swept: &mut Swept, mut n: usize) -> usize {
    let (mut few, mut count) = ([0u8; 64], 0);
    for (place, value) in (0u8..).zip(slots) {
        few[count % 64] = place;
        count += usize::from(*value >= threshold);
    }
    for place in few.get(..count).unwrap_or_default() {
        let value = slots[usize::from(*place) % 64];
        let mut sum = value;
        for Other { words, bounds } in others {
            let word = words.get(i).map_or(0, |word| u64::from_le_bytes(*word));
            sum = sum.wrapping_add(bounds[i % WORDS] & (word >> place & 1).wrapping_neg() as i32);
        }
        let at = n.min(SWEPT - 1);
        (swept.places[at], swept.scores[at], swept.sums[at]) = ((i * 64) as u16 + u16::from(*place), value, sum);
        n += usize::from(sum >= need);
    }
    n
}

#[inline(always)]
pub(super) fn probe_aligned(starts: &[Le4], low: &[Le2], shift: u32, docs: &[u32], out: &mut [u32]) {
    if shift > 16 {
        return out.iter_mut().zip(docs).for_each(|(out, _)| *out = MISS);
    }
    for (doc, out) in docs.iter().zip(out) {
        let (start, end) = search::block_of(starts, low.len(), doc >> shift);
        let (key, low) = ((doc & ((1 << shift) - 1)) as u16, low.get(start..end).unwrap_or_default());
        let at = low.partition_point(|value| u16::from_le_bytes(*value) < key);
        let found = low.get(at) == Some(&key.to_le_bytes());
        *out = select_unpredictable(found, (start + at) as u32, MISS);
    }
}

#[inline(always)]
pub(super) fn probe_sorted(list: &[u32], docs: &[u32], out: &mut [u32]) {
    for (doc, out) in docs.iter().zip(out) {
        let at = list.partition_point(|listed| listed < doc);
        *out = select_unpredictable(list.get(at) == Some(doc), at as u32, MISS);
    }
}

#[inline(always)]
fn word(words: &[Le8], index: u32) -> u64 {
    words.get(index as usize).map_or(0, |word| u64::from_le_bytes(*word))
}

#[inline(always)]
pub(super) fn probe_bitmap(words: &[Le8], ranks: &[Le4], docs: &[u32], out: &mut [u32]) {
    search::bitmap(words, ranks, docs, out, search::rank);
}

#[inline(always)]
pub(super) fn select(words: &[Le8], from: usize, before: u32, start: u32, picked: &[u32], out: &mut [u32]) -> usize {
    select_by(words, from, before, start, picked, out, |mut word, n| {
        for _ in 0..n {
            word &= word.wrapping_sub(1);
        }
        word.trailing_zeros()
    })
}

/// [`select`], given how to find the `n`th set bit of a word that has more than `n`.
#[inline(always)]
pub(super) fn select_by(
    words: &[Le8],
    from: usize,
    before: u32,
    start: u32,
    picked: &[u32],
    out: &mut [u32],
    nth: impl Fn(u64, u32) -> u32,
) -> usize {
    let (mut at, mut passed) = (from, before);
    let mut here = word(words, from as u32);
    let mut ones = here.count_ones();
    for (n, (index, out)) in picked.iter().zip(out.iter_mut()).enumerate() {
        let index = start.wrapping_add(*index);
        // Subtracted, not added: a rank that a damaged file makes up wraps.
        while index.wrapping_sub(passed) >= ones {
            if index < passed {
                break;
            }
            passed = passed.wrapping_add(ones);
            at += 1;
            let Some(next) = words.get(at) else { return n };
            here = u64::from_le_bytes(*next);
            ones = here.count_ones();
        }
        *out = if index < passed { 0 } else { (at as u32).wrapping_mul(64).wrapping_add(nth(here, index - passed)) };
    }
    picked.len().min(out.len())
}

#[inline(always)]
pub(super) fn block_bounds(maxima: &[u8], shift: u32, bound: &[i32; 256], words: &[Le8], docs: &[u32], out: &mut [i32]) {
    let of = |doc: u32| bound[usize::from(maxima.get((doc >> shift.min(31)) as usize).copied().unwrap_or(0))];
    if words.is_empty() {
        out.iter_mut().zip(docs).for_each(|(out, doc)| *out = of(*doc));
    } else {
        out.iter_mut().zip(docs).for_each(|(out, doc)| *out = of(*doc) & -((word(words, doc / 64) >> (doc % 64) & 1) as i32));
    }
}

#[inline(always)]
pub(super) fn keep(words: &[Le8], base: u32, docs: &mut [u32], postings: &mut [u32]) -> usize {
    let n = docs.len().min(postings.len());
    let (docs, postings) = (&mut docs[..n], &mut postings[..n]);
    let mut kept = 0;
    for i in 0..n {
        let (doc, posting) = (docs[i], postings[i]);
        (docs[kept], postings[kept]) = (doc, posting);
        let place = doc.wrapping_sub(base);
        kept += (word(words, place / 64) >> (place % 64) & 1) as usize;
    }
    kept
}

#[inline(always)]
pub(super) fn prefetch(bytes: &[u8], at: &[u32]) {
    for at in at {
        touch(bytes, (*at as usize).min(bytes.len()));
    }
}

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
    let mut sum = 0;
    for word in words {
        sum += ones(*word);
    }
    sum
}

#[inline(always)]
pub(super) fn count_or(left: &[Le8], right: &[Le8]) -> u64 {
    let (short, long) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    let mut sum = 0;
    for (a, b) in short.iter().zip(long) {
        sum += ones(u64::from_le_bytes(*a) | u64::from_le_bytes(*b));
    }
    for word in long.get(short.len()..).unwrap_or_default() {
        sum += ones(u64::from_le_bytes(*word));
    }
    sum
}

#[inline(always)]
pub(super) fn count_and(left: &[Le8], right: &[Le8]) -> u64 {
    let mut sum = 0;
    for (a, b) in left.iter().zip(right) {
        sum += ones(u64::from_le_bytes(*a) & u64::from_le_bytes(*b));
    }
    sum
}

#[inline(always)]
pub(super) fn fold(low: &[Le2], base: usize, table: &mut [u8]) {
    let Some(last) = table.len().checked_sub(1) else { return };
    for low in low {
        table[base.wrapping_add(usize::from(u16::from_le_bytes(*low))) & last] = 1;
    }
}

#[inline(always)]
pub(super) fn fold_sorted(docs: &[u32], table: &mut [u8]) {
    let Some(last) = table.len().checked_sub(1) else { return };
    for doc in docs {
        table[*doc as usize & last] = 1;
    }
}

#[inline(always)]
pub(super) fn keep_folded(table: &[u8], docs: &mut [u32], postings: &mut [u32]) -> usize {
    let Some(last) = table.len().checked_sub(1) else { return 0 };
    let n = docs.len().min(postings.len());
    let (docs, postings) = (&mut docs[..n], &mut postings[..n]);
    let mut kept = 0;
    for i in 0..n {
        let (doc, posting) = (docs[i], postings[i]);
        (docs[kept], postings[kept]) = (doc, posting);
        kept += usize::from(table[doc as usize & last] & 1);
    }
    kept
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
pub(super) fn filter_bits(words: &[Le8], codes: &[u8], least: u8, bits: &mut [u64; WORDS]) {
    let mut before = 0;
    for (i, bits) in bits.iter_mut().enumerate() {
        let word = word(words, i as u32);
        let mut rest = *bits & word;
        *bits = 0;
        while rest != 0 {
            let bit = rest & rest.wrapping_neg();
            let code = codes.get(before + (word & (bit - 1)).count_ones() as usize).copied().unwrap_or(0);
            *bits |= if code >= least { bit } else { 0 };
            rest &= rest - 1;
        }
        before += word.count_ones() as usize;
    }
}

#[inline(always)]
pub(super) fn sum_tf(codes: &[u8], tf: &[u8; 256]) -> u32 {
    let mut sum = 0u32;
    for code in codes {
        sum = sum.wrapping_add(u32::from(tf[usize::from(*code)]));
    }
    sum
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
    let width = width.min(32);
    let Some(gaps) = PackedSlice::new(bytes, width) else { return };
    let Some((head, out)) = out.split_first_mut() else { return };
    *head = first;
    let (mut doc, mut bit, mask) = (first, 0, (1u64 << width) - 1);
    // As long as eight bytes can be loaded at once; only the last few numbers are read otherwise.
    let whole = if width == 0 { out.len() } else { (bytes.len().saturating_sub(7) * 8).div_ceil(width as usize).min(out.len()) };
    let (many, few) = out.split_at_mut(whole);
    for out in many {
        let loaded = bytes.get(bit / 8..).and_then(|rest| rest.first_chunk::<8>()).copied().unwrap_or_default();
        doc = doc.wrapping_add((u64::from_le_bytes(loaded) >> (bit % 8) & mask) as u32).wrapping_add(1);
        *out = doc;
        bit += width as usize;
    }
    for (i, out) in (whole..).zip(few) {
        doc = doc.wrapping_add(gaps.get(i)).wrapping_add(1);
        *out = doc;
    }
}
