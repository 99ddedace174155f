//! Windows of 4,096 documents: scores added in, swept out.

use core::arch::x86_64::*;

use super::super::portable;
use super::super::table::{Le2, Le8, SWEPT};
use super::vectors::{IOTA, load, load_first, store, store_at};
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
    let mut rest = contributions;
    for (word, slots) in words.iter().zip(window.as_chunks_mut::<64>().0) {
        rest = expand_word(u64::from_le_bytes(*word), rest, slots);
    }
}

/// Adds to the slots whose bits are set, in order; what is left. Behind the end of the contributions lie zeros.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn expand_word<'a>(word: u64, mut rest: &'a [i32], slots: &mut [i32; 64]) -> &'a [i32] {
    for (i, slots) in slots.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let mask = (word >> (16 * i)) as u16;
        let values = _mm512_maskz_expand_epi32(mask, load_first::<_, 16>(rest));
        store(slots, _mm512_add_epi32(load(slots), values));
        rest = rest.get(mask.count_ones() as usize..).unwrap_or_default();
    }
    rest
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn expand_codes(words: &[Le8], codes: &[u8], lut: &[i32; 256], window: &mut [i32; PLACES]) {
    let mut scored = [0; 512];
    let mut codes = codes;
    for (words, slots) in words.chunks(8).zip(window.as_chunks_mut::<512>().0) {
        let bits = words.iter().map(|word| u64::from_le_bytes(*word).count_ones() as usize).sum::<usize>().min(codes.len());
        let (here, later) = codes.split_at(bits);
        portable::score(here, lut, &mut scored);
        let mut rest = &scored[..bits.min(512)];
        for (word, slots) in words.iter().zip(slots.as_chunks_mut::<64>().0) {
            rest = expand_word(u64::from_le_bytes(*word), rest, slots);
        }
        codes = later;
    }
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn sweep(window: &mut [i32; PLACES], least: i32, places: &mut [u16; SWEPT], scores: &mut [i32; SWEPT]) -> usize {
    let least = _mm512_set1_epi32(least);
    let (mut masks, mut live) = ([0u64; WORDS], 0u64);
    for (i, (mask, slots)) in masks.iter_mut().zip(window.as_chunks::<64>().0).enumerate() {
        for (j, slots) in slots.as_chunks::<16>().0.iter().enumerate() {
            *mask |= u64::from(_mm512_cmpge_epi32_mask(load(slots), least)) << (16 * j);
        }
        live |= u64::from(*mask != 0) << i;
    }
    let mut n = 0;
    while live != 0 {
        let i = live.trailing_zeros() as usize;
        live &= live - 1;
        let (mask, mut at) = (masks[i], n);
        n = put(mask, i, places, n);
        for (j, slots) in window.as_chunks::<64>().0[i].as_chunks::<16>().0.iter().enumerate() {
            let mask = (mask >> (16 * j)) as u16;
            store_at::<_, 16>(scores, at, _mm512_maskz_compress_epi32(mask, load(slots)));
            at += mask.count_ones() as usize;
        }
    }
    window.fill(0);
    n
}

/// Appends the numbers of the set bits of word `i`.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn put(word: u64, i: usize, places: &mut [u16; SWEPT], n: usize) -> usize {
    let (base, at) = (_mm512_set1_epi16((i * 64) as i16), _mm512_maskz_compress_epi8(word, load(&IOTA)));
    store_at::<_, 32>(places, n, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(at))));
    store_at::<_, 32>(places, n + 32, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(at))));
    n + word.count_ones() as usize
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn set_bits(low: &[Le2], base: usize, bits: &mut [u64; WORDS]) {
    portable::set_bits(low, base, bits);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn bits_to_places(bits: &[u64; WORDS], places: &mut [u16; SWEPT]) -> usize {
    let mut n = 0;
    for (i, word) in bits.iter().enumerate() {
        n = put(*word, i, places, n);
    }
    n
}
