//! Sums in bytes: 64 places at a time.

use core::arch::x86_64::*;

use super::super::portable;
use super::super::table::{COARSE, COARSE_WORDS, CoarseOther, Le2, Le8};
use super::codes::look;
use super::vectors::{in_register, load, load_first, store, store_at};
use super::windows::put;
use crate::exec::window::PLACES;

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn coarsen(bounds: &[i32; 256], factor: f32, out: &mut [u8; 256]) {
    for (bounds, out) in bounds.as_chunks::<64>().0.iter().zip(out.as_chunks_mut::<64>().0) {
        let [a, b, c, d] = bounds.as_chunks::<16>().0 else { return };
        let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(units(a, factor)), units(b, factor));
        let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(units(c, factor)), units(d, factor));
        store(out, _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high));
    }
}

/// Sixteen entries of [`coarsen`].
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn units(bounds: &[i32; 16], factor: f32) -> __m128i {
    let bounds = load(bounds);
    let product = _mm512_mul_ps(_mm512_cvtepi32_ps(bounds), _mm512_set1_ps(factor));
    let units = _mm512_cvttps_epi32(_mm512_min_ps(product, _mm512_set1_ps(254.0)));
    let some = _mm512_cmpgt_epi32_mask(bounds, _mm512_setzero_si512());
    _mm512_cvtepi32_epi8(_mm512_maskz_add_epi32(some, units, _mm512_set1_epi32(1)))
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn look_up(codes: &[u8], lut: &[u8; 256], out: &mut [u8]) {
    let n = codes.len().min(out.len());
    let [a, b, c, d] = lut.as_chunks::<64>().0 else { return };
    let tables = [load(a), load(b), load(c), load(d)];
    let (codes, out) = (&codes[..n], &mut out[..n]);
    for from in (0..n).step_by(64) {
        store_at::<_, 64>(out, from, look(load_first::<_, 64>(codes.get(from..).unwrap_or_default()), tables));
    }
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn scatter_coarse(low: &[Le2], codes: &[u8], lut: &[u8; 256], base: usize, window: &mut [u8]) {
    portable::scatter_coarse(low, codes, lut, base, window);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn expand_coarse(words: &[Le8], codes: &[u8], lut: &[u8; 256], window: &mut [u8]) {
    let [a, b, c, d] = lut.as_chunks::<64>().0 else { return };
    let tables = [load(a), load(b), load(c), load(d)];
    // A number, not what is left of the slice: one addition is all that a word waits for.
    let mut before = 0;
    for (word, slots) in words.iter().zip(window.as_chunks_mut::<64>().0) {
        let word = u64::from_le_bytes(*word);
        let values = in_register(look(load_first::<_, 64>(codes.get(before..).unwrap_or_default()), tables));
        store(slots, _mm512_adds_epu8(load(slots), _mm512_maskz_expand_epi8(word, values)));
        before += word.count_ones() as usize;
    }
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn sweep_coarse(window: &mut [u8], least: u8, need: u8, others: &[CoarseOther<'_>], places: &mut [u16; COARSE + 64]) -> usize {
    let (at_least, needed, mut n) = (_mm512_set1_epi8(least.cast_signed()), _mm512_set1_epi8(need.cast_signed()), 0);
    for (part, from) in window.chunks(PLACES).zip((0..COARSE_WORDS).step_by(64)) {
        let thresholds = portable::coarse_thresholds(least, need, others, from);
        let (slots, mut live) = (part.as_chunks::<64>().0, 0u64);
        for (at, (slots, threshold)) in slots.iter().zip(&thresholds).enumerate() {
            let passing = _mm512_cmpge_epu8_mask(load(slots), _mm512_set1_epi8(threshold.cast_signed()));
            live |= u64::from(passing != 0) << at;
        }
        while live != 0 {
            let at = live.trailing_zeros() as usize;
            live &= live - 1;
            let (i, Some(slots)) = (from + at, slots.get(at)) else { break };
            let value = load(slots);
            let mut sum = value;
            for CoarseOther { words, bounds } in others {
                let word = words.get(i).map_or(0, |word| u64::from_le_bytes(*word));
                sum = _mm512_mask_adds_epu8(sum, word, sum, _mm512_set1_epi8(bounds[i % COARSE_WORDS].cast_signed()));
            }
            let found = _mm512_mask_cmpge_epu8_mask(_mm512_cmpge_epu8_mask(value, at_least), sum, needed);
            if found != 0 {
                n = put(found, i, places, n);
            }
        }
    }
    // Not a loop in which the compiler sees zeros: it would make a call of it.
    let zeros = in_register(_mm512_setzero_si512());
    let (slots, rest) = window.as_chunks_mut::<64>();
    for slots in slots {
        store(slots, zeros);
    }
    rest.fill(0);
    n
}
