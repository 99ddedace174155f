//! Windows of 4,096 documents: scores added in, swept out.

use core::arch::x86_64::*;

use super::super::table::{Le2, Le8, SWEPT};
use super::super::{avx2, portable};
use super::vectors::{IOTA, in_register, load, load_first, store, store_at};
use crate::exec::window::{PLACES, WORDS};

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn scatter(low: &[Le2], contributions: &[i32], base: usize, window: &mut [i32; PLACES]) {
    portable::scatter(low, contributions, base, window);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn scatter_codes(low: &[Le2], codes: &[u8], lut: &[i32; 256], base: usize, window: &mut [i32; PLACES]) {
    portable::scatter_codes(low, codes, lut, base, window);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn expand(words: &[Le8], contributions: &[i32], window: &mut [i32; PLACES]) {
    if is_sparse(words) {
        return portable::expand(words, contributions, window);
    }
    let mut rest = contributions;
    for (word, slots) in words.iter().zip(window.as_chunks_mut::<64>().0) {
        let word = u64::from_le_bytes(*word);
        match rest.first_chunk::<64>() {
            Some(next) => expand_word(word, next, slots),
            None => {
                // Behind the end of the contributions lie zeros.
                let mut next = [0; 64];
                next.iter_mut().zip(rest).for_each(|(next, value)| *next = *value);
                expand_word(word, &next, slots);
            }
        }
        rest = rest.get(word.count_ones() as usize..).unwrap_or_default();
    }
}

/// Whether the bits are so few that they are better taken one by one.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn is_sparse(words: &[Le8]) -> bool {
    portable::count_or(words, &[]) < 3 * words.len() as u64
}

/// Adds to the slots whose bits are set, in order.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn expand_word(word: u64, next: &[i32; 64], slots: &mut [i32; 64]) {
    // The bits before each quarter are counted alone, so that the four do not wait for one another.
    let [a, b, c, d] = slots.as_chunks_mut::<16>().0 else { return };
    expand_quarter(word as u16, next, 0, a);
    expand_quarter((word >> 16) as u16, next, (word as u16).count_ones(), b);
    expand_quarter((word >> 32) as u16, next, (word as u32).count_ones(), c);
    expand_quarter((word >> 48) as u16, next, (word << 16).count_ones(), d);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn expand_quarter(mask: u16, next: &[i32; 64], from: u32, slots: &mut [i32; 16]) {
    let values = in_register(load_first::<_, 16>(next.get(from as usize..).unwrap_or_default()));
    store(slots, _mm512_add_epi32(load(slots), _mm512_maskz_expand_epi32(mask, values)));
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn expand_codes(words: &[Le8], codes: &[u8], lut: &[i32; 256], window: &mut [i32; PLACES]) {
    if is_sparse(words) {
        return portable::expand_codes(words, codes, lut, window);
    }
    // A part of the window at a time: what was just stored word by word is slow to load as vectors.
    let mut scored = [0; 1024 + 64];
    let mut codes = codes;
    for (words, slots) in words.chunks(16).zip(window.as_chunks_mut::<1024>().0) {
        let bits = portable::count_or(words, &[]) as usize;
        let (here, later) = codes.split_at(bits.min(codes.len()));
        avx2::score(here, lut, &mut scored);
        if here.len() < bits {
            scored[here.len()..].fill(0);
        }
        let mut rest = scored.as_slice();
        for (word, slots) in words.iter().zip(slots.as_chunks_mut::<64>().0) {
            let (word, Some(next)) = (u64::from_le_bytes(*word), rest.first_chunk::<64>()) else { break };
            expand_word(word, next, slots);
            rest = rest.get(word.count_ones() as usize..).unwrap_or_default();
        }
        codes = later;
    }
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn sweep(window: &mut [i32; PLACES], least: i32, places: &mut [u16; SWEPT], scores: &mut [i32; SWEPT]) -> usize {
    let least = _mm512_set1_epi32(least);
    // Which words of 64 places have something: one comparison of four vectors' maximum.
    let (mut live, mut bit) = (0u64, 1u64);
    for slots in window.as_chunks::<64>().0 {
        let [a, b, c, d] = slots.as_chunks::<16>().0 else { continue };
        let top = _mm512_max_epi32(_mm512_max_epi32(load(a), load(b)), _mm512_max_epi32(load(c), load(d)));
        live |= if _mm512_cmpge_epi32_mask(top, least) != 0 { bit } else { 0 };
        bit <<= 1;
    }
    let (mut masks, mut n) = ([0; WORDS], 0);
    while live != 0 {
        let i = live.trailing_zeros() as usize;
        live &= live - 1;
        let Some([a, b, c, d]) = window.as_chunks::<64>().0.get(i).map(|slots| slots.as_chunks::<16>().0) else { break };
        let low = _mm512_kunpackw(_mm512_cmpge_epi32_mask(load(b), least).into(), _mm512_cmpge_epi32_mask(load(a), least).into());
        let high = _mm512_kunpackw(_mm512_cmpge_epi32_mask(load(d), least).into(), _mm512_cmpge_epi32_mask(load(c), least).into());
        masks[i] = _mm512_kunpackd(high.into(), low.into());
        n = put(masks[i], i, places, n);
    }
    if n < DENSE {
        for (score, place) in scores.iter_mut().zip(places.get(..n).unwrap_or_default()) {
            *score = window[usize::from(*place) % PLACES];
        }
    } else {
        let mut at = 0;
        for (word, slots) in masks.iter().zip(window.as_chunks::<64>().0) {
            for (i, slots) in slots.as_chunks::<16>().0.iter().enumerate() {
                let mask = (word >> (16 * i)) as u16;
                store_at::<_, 16>(scores, at, _mm512_maskz_compress_epi32(mask, load(slots)));
                at += mask.count_ones() as usize;
            }
        }
    }
    window.fill(0);
    n
}

/// From so many values on they are compressed, fewer are taken one by one.
const DENSE: usize = 700;

/// Appends the numbers of the set bits of word `i`.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn put(word: u64, i: usize, places: &mut [u16; SWEPT], n: usize) -> usize {
    let (base, at) = (_mm512_set1_epi16((i * 64) as i16), _mm512_maskz_compress_epi8(word, load(&IOTA)));
    store_at::<_, 32>(places, n, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(at))));
    if word.count_ones() > 32 {
        store_at::<_, 32>(places, n + 32, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(at))));
    }
    n + word.count_ones() as usize
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn mark(low: &[Le2], base: usize, bits: &mut [Le8]) {
    portable::mark(low, base, bits);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn filter_bits(words: &[Le8], codes: &[u8], least: u8, bits: &mut [u64; WORDS]) {
    let least = _mm512_set1_epi8(least.cast_signed());
    let words = words.get(..WORDS).unwrap_or(words);
    // A number, not what is left of the slice: one addition is all that a word waits for.
    let mut before = 0;
    for (word, bits) in words.iter().zip(bits.iter_mut()) {
        let word = u64::from_le_bytes(*word);
        let passing = _mm512_cmpge_epu8_mask(load_first::<_, 64>(codes.get(before..).unwrap_or_default()), least);
        *bits &= _pdep_u64(passing, word);
        before += word.count_ones() as usize;
    }
    bits[words.len()..].fill(0);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn bits_to_places(bits: &[u64; WORDS], places: &mut [u16; SWEPT]) -> usize {
    let (mut live, mut n) = (0u64, 0);
    for (i, words) in bits.as_chunks::<8>().0.iter().enumerate() {
        let words = load(words);
        live |= u64::from(_mm512_test_epi64_mask(words, words)) << (8 * i);
    }
    while live != 0 {
        let i = live.trailing_zeros() as usize;
        live &= live - 1;
        n = put(bits[i], i, places, n);
    }
    n
}
