//! Sums in bytes: 32 places at a time.

use core::arch::x86_64::*;
use core::hint::black_box;

use super::super::portable;
use super::super::table::{COARSE, COARSE_WORDS, CoarseOther, Le2, Le8};
use super::vectors::{load, store};
use crate::exec::window::PLACES;

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn coarsen(bounds: &[i32; 256], factor: f32, out: &mut [u8; 256]) {
    portable::coarsen(bounds, factor, out);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn look_up(codes: &[u8], lut: &[u8; 256], out: &mut [u8]) {
    portable::look_up(codes, lut, out);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn scatter_coarse(low: &[Le2], codes: &[u8], lut: &[u8; 256], base: usize, window: &mut [u8]) {
    portable::scatter_coarse(low, codes, lut, base, window);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn expand_coarse(words: &[Le8], codes: &[u8], lut: &[u8; 256], window: &mut [u8]) {
    portable::expand_coarse(words, codes, lut, window);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn sweep_coarse(window: &mut [u8], least: u8, need: u8, others: &[CoarseOther<'_>], places: &mut [u16; COARSE + 64]) -> usize {
    let mut n = 0;
    for (part, from) in window.chunks(PLACES).zip((0..COARSE_WORDS).step_by(64)) {
        let thresholds = portable::coarse_thresholds(least, need, others, from);
        let (slots, mut live) = (part.as_chunks::<64>().0, 0u64);
        for (at, (slots, threshold)) in slots.iter().zip(&thresholds).enumerate() {
            let [low, high] = slots.as_chunks::<32>().0 else { continue };
            let threshold = _mm256_set1_epi8(threshold.cast_signed());
            let passing = _mm256_or_si256(reaching(load(low), threshold), reaching(load(high), threshold));
            live |= u64::from(_mm256_movemask_epi8(passing) != 0) << at;
        }
        while live != 0 {
            let at = live.trailing_zeros() as usize;
            live &= live - 1;
            let Some(slots) = slots.get(at) else { break };
            let mut found = sweep_word(slots, least, need, others, from + at);
            let base = ((from + at) * 64) as u16;
            while found != 0 {
                places[n.min(COARSE)] = base + found.trailing_zeros() as u16;
                n += 1;
                found &= found - 1;
            }
        }
    }
    // Not a loop in which the compiler sees zeros: it would make a call of it.
    let zeros = black_box(_mm256_setzero_si256());
    let (slots, rest) = window.as_chunks_mut::<32>();
    for slots in slots {
        store(slots, zeros);
    }
    rest.fill(0);
    n
}

/// Which values are at least so much: all ones, or zeros.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn reaching(values: __m256i, least: __m256i) -> __m256i {
    _mm256_cmpeq_epi8(_mm256_max_epu8(values, least), values)
}

/// Which of the `i`th 64 places are found.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn sweep_word(slots: &[u8; 64], least: u8, need: u8, others: &[CoarseOther<'_>], i: usize) -> u64 {
    let [low, high] = slots.as_chunks::<32>().0 else { return 0 };
    let (low, high) = (load(low), load(high));
    let (mut low_sum, mut high_sum) = (low, high);
    for CoarseOther { words, bounds } in others {
        let Some(word) = words.get(i).map(|word| u64::from_le_bytes(*word)) else { continue };
        let bound = _mm256_set1_epi8(bounds[i % COARSE_WORDS].cast_signed());
        low_sum = _mm256_adds_epu8(low_sum, _mm256_and_si256(bound, spread(word as u32)));
        high_sum = _mm256_adds_epu8(high_sum, _mm256_and_si256(bound, spread((word >> 32) as u32)));
    }
    let (least, need) = (_mm256_set1_epi8(least.cast_signed()), _mm256_set1_epi8(need.cast_signed()));
    let low = _mm256_and_si256(reaching(low, least), reaching(low_sum, need));
    let high = _mm256_and_si256(reaching(high, least), reaching(high_sum, need));
    u64::from(_mm256_movemask_epi8(low).cast_unsigned()) | u64::from(_mm256_movemask_epi8(high).cast_unsigned()) << 32
}

/// A byte of ones for each bit that is set.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn spread(bits: u32) -> __m256i {
    let bytes = _mm256_setr_epi64x(0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303);
    let each = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
    let bits = _mm256_shuffle_epi8(_mm256_set1_epi32(bits.cast_signed()), bytes);
    _mm256_cmpeq_epi8(_mm256_and_si256(bits, each), each)
}
