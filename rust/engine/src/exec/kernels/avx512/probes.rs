//! Probes: where documents stand in a list. First all cache lines are asked for, then all searches run.

use core::arch::x86_64::*;
use core::hint::select_unpredictable;

use super::super::portable;
use super::super::table::{Le2, Le4, Le8, MISS, RANKED};
use super::vectors::{load_first, touch};

/// Documents whose lines are asked for before the first search.
const BATCH: usize = 64;
/// Low parts of a vector.
const LANES: usize = 32;

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn probe_aligned(starts: &[Le4], low: &[Le2], shift: u32, docs: &[u32], out: &mut [u32]) {
    if shift > 16 {
        return out.iter_mut().zip(docs).for_each(|(out, _)| *out = MISS);
    }
    let within = (1u32 << shift) - 1;
    let mut places = [(0u32, 0u32, 0u32); BATCH];
    for (docs, out) in docs.chunks(BATCH).zip(out.chunks_mut(BATCH)) {
        for (doc, place) in docs.iter().zip(&mut places) {
            let (start, end) = portable::block_of(starts, low.len(), doc >> shift);
            // Where the document would stand if the block's documents lay evenly; half a vector earlier, so that it is in the middle.
            let guess = start + ((u64::from(doc & within) * (end - start) as u64) >> shift) as usize;
            let from = guess.saturating_sub(LANES / 2).min(end.saturating_sub(LANES)).max(start);
            touch(low, from);
            touch(low, from + LANES - 1);
            *place = (start as u32, end as u32, from as u32);
        }
        for ((doc, out), (start, end, from)) in docs.iter().zip(out).zip(&places) {
            *out = find(low, *start as usize, *end as usize, *from as usize, (doc & within) as u16);
        }
    }
}

/// The index of `key` in `low[start..end]`, looked for from `from` on to the side where it must be.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn find(low: &[Le2], start: usize, end: usize, from: usize, key: u16) -> u32 {
    let (before, equal, all) = compare(low, from, end, key);
    let found = select_unpredictable(equal != 0, from as u32 + equal.trailing_zeros(), MISS);
    if equal == 0 && before == 0 && from > start {
        return find_before(low, start, from, key);
    }
    if equal == 0 && before == all && from + LANES < end {
        return find_behind(low, from + LANES, end, key);
    }
    found
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[cold]
fn find_before(low: &[Le2], start: usize, mut end: usize, key: u16) -> u32 {
    while end > start {
        let from = end.saturating_sub(LANES).max(start);
        let (before, equal, _) = compare(low, from, end, key);
        if equal != 0 {
            return from as u32 + equal.trailing_zeros();
        }
        end = if before == 0 { from } else { start };
    }
    MISS
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[cold]
fn find_behind(low: &[Le2], mut from: usize, end: usize, key: u16) -> u32 {
    while from < end {
        let (before, equal, all) = compare(low, from, end, key);
        if equal != 0 {
            return from as u32 + equal.trailing_zeros();
        }
        from = if before == all { from + LANES } else { end };
    }
    MISS
}

/// Of up to 32 low parts from `from` on: those before `key`, those equal to it, all.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn compare(low: &[Le2], from: usize, end: usize, key: u16) -> (u32, u32, u32) {
    let all = _bzhi_u32(u32::MAX, (end - from).min(LANES) as u32);
    let (values, key) = (load_first::<_, LANES>(low.get(from..).unwrap_or_default()), _mm512_set1_epi16(key.cast_signed()));
    (_mm512_cmplt_epu16_mask(values, key) & all, _mm512_cmpeq_epi16_mask(values, key) & all, all)
}

/// Searches that run side by side.
const ABREAST: usize = 8;

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn probe_sorted(list: &[u32], docs: &[u32], out: &mut [u32]) {
    let (whole, rest) = docs.as_chunks::<ABREAST>();
    let mut outs = out.chunks_mut(ABREAST);
    for (docs, out) in whole.iter().zip(outs.by_ref()) {
        let places = lower_bounds(list, docs);
        out.iter_mut().zip(places).for_each(|(out, place)| *out = place);
    }
    if let Some(out) = outs.next() {
        let mut docs = [0; ABREAST];
        docs.iter_mut().zip(rest).for_each(|(doc, from)| *doc = *from);
        let places = lower_bounds(list, &docs);
        out.iter_mut().zip(rest).zip(places).for_each(|((out, _), place)| *out = place);
    }
}

/// Halves the list around each document until a vector is left, then compares that.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn lower_bounds(list: &[u32], docs: &[u32; ABREAST]) -> [u32; ABREAST] {
    let (mut from, mut size) = ([0usize; ABREAST], list.len());
    while size > 16 {
        let half = size / 2;
        for (from, doc) in from.iter_mut().zip(docs) {
            let middle = *from + half;
            let last = list.get(middle - 1).copied().unwrap_or(u32::MAX);
            *from = select_unpredictable(last < *doc, middle, *from);
        }
        size -= half;
    }
    let mut places = [MISS; ABREAST];
    for ((place, from), doc) in places.iter_mut().zip(from).zip(docs) {
        let left = list.get(from..).unwrap_or_default();
        let all = _bzhi_u32(0xffff, left.len().min(16) as u32) as u16;
        let equal = _mm512_mask_cmpeq_epi32_mask(all, load_first::<_, 16>(left), _mm512_set1_epi32(doc.cast_signed()));
        *place = select_unpredictable(equal != 0, from as u32 + equal.trailing_zeros(), MISS);
    }
    places
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn probe_bitmap(words: &[Le8], ranks: &[Le4], docs: &[u32], out: &mut [u32]) {
    const GROUP: usize = RANKED as usize / 64;
    let lanes = _mm512_set_epi64(448, 384, 320, 256, 192, 128, 64, 0);
    for (docs, out) in docs.chunks(BATCH).zip(out.chunks_mut(BATCH)) {
        for doc in docs {
            touch(words, (doc / 64) as usize);
            touch(ranks, (doc / RANKED) as usize);
        }
        for (doc, out) in docs.iter().zip(out) {
            let group = (doc / RANKED) as usize;
            let bits = load_first::<_, GROUP>(words.get(group * GROUP..).unwrap_or_default());
            // The bits before the document: each lane gives up those from its own place on.
            let place = _mm512_max_epi64(_mm512_sub_epi64(_mm512_set1_epi64(i64::from(doc % RANKED)), lanes), _mm512_setzero_si512());
            let counts = _mm512_popcnt_epi64(_mm512_andnot_si512(_mm512_sllv_epi64(_mm512_set1_epi64(-1), place), bits));
            let sum = _mm_cvtsi128_si32(_mm_sad_epu8(_mm512_cvtepi64_epi8(counts), _mm_setzero_si128()));
            let before = ranks.get(group).map_or(0, |rank| u32::from_le_bytes(*rank));
            let word = words.get((doc / 64) as usize).map_or(0, |word| u64::from_le_bytes(*word));
            *out = select_unpredictable(word >> (doc % 64) & 1 == 1, before.wrapping_add(sum.cast_unsigned()), MISS);
        }
    }
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn present(words: &[Le8], docs: &[u32], out: &mut [u8]) {
    portable::present(words, docs, out);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn prefetch(bytes: &[u8], at: &[u32]) {
    at.iter().for_each(|at| touch(bytes, (*at as usize).min(bytes.len())));
}
