//! Rank codes: 32 at a time.

use core::arch::x86_64::*;

use super::super::portable;
use super::vectors::{load, load_first, store};

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn filter(codes: &[u8], least: u8, out: &mut [u32]) -> usize {
    let codes = &codes[..codes.len().min(out.len())];
    let (blocks, rest) = codes.as_chunks::<32>();
    let least = _mm256_set1_epi8(least.cast_signed());
    let (mut base, mut n) = (0, 0);
    for block in blocks {
        n = put(at_least(load(block), least), base, out, n);
        base += 32;
    }
    // The rest is the end of a vector that overlaps the one before, where there is one.
    let (last, known) = match codes.last_chunk::<32>() {
        Some(last) => (load(last), 32 - rest.len() as u32),
        None => (load_first::<_, 32>(rest, 0), 0),
    };
    let mask = if rest.is_empty() { 0 } else { at_least(last, least) >> known };
    put(_bzhi_u32(mask, rest.len() as u32), base, out, n)
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn at_least(codes: __m256i, least: __m256i) -> u32 {
    _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(codes, least), codes)).cast_unsigned()
}

/// Appends `base` plus the number of each set bit.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn put(mut mask: u32, base: u32, out: &mut [u32], n: usize) -> usize {
    let end = n + mask.count_ones() as usize;
    for place in out.get_mut(n..end).unwrap_or_default() {
        *place = base + mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
    }
    end
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn max(codes: &[u8]) -> u8 {
    let (blocks, rest) = codes.as_chunks::<32>();
    // The last vector may overlap the one before it.
    let mut top = match codes.last_chunk::<32>() {
        Some(last) => load(last),
        None => load_first::<_, 32>(rest, 0),
    };
    for block in blocks {
        top = _mm256_max_epu8(top, load(block));
    }
    let half = _mm_max_epu8(_mm256_castsi256_si128(top), _mm256_extracti128_si256::<1>(top));
    // The largest byte is the smallest of the complement; shifted bytes leave zeros above, so each pair's smaller one stands alone.
    let flipped = _mm_xor_si128(half, _mm_set1_epi8(-1));
    let pairs = _mm_min_epu8(flipped, _mm_srli_epi16::<8>(flipped));
    !(_mm_cvtsi128_si32(_mm_minpos_epu16(pairs)) as u8)
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn fill(value: f64, saturation: &[f64; 256], lut: &mut [i32; 256]) {
    if value == 0.0 {
        return lut.fill(0);
    }
    let value = _mm256_set1_pd(value);
    for (factors, out) in saturation.as_chunks::<8>().0.iter().zip(lut.as_chunks_mut::<8>().0) {
        let [low, high] = factors.as_chunks::<4>().0 else { return };
        store(out, _mm256_set_m128i(products(value, load(high)), products(value, load(low))));
    }
}

/// Four entries of [`fill`].
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn products(value: __m256d, saturation: __m256i) -> __m128i {
    let saturation = _mm256_castsi256_pd(saturation);
    let present = _mm256_castpd_si256(_mm256_cmp_pd::<_CMP_NEQ_UQ>(saturation, _mm256_setzero_pd()));
    let present = _mm_packs_epi32(_mm256_castsi256_si128(present), _mm256_extracti128_si256::<1>(present));
    // Beyond i32: the upper end is cut here, as `as` does; the lower end and NaN become i32::MIN, and then 1, like there.
    let product = _mm256_min_pd(_mm256_set1_pd(f64::from(i32::MAX)), _mm256_mul_pd(value, saturation));
    _mm_and_si128(present, _mm_max_epi32(_mm256_cvttpd_epi32(product), _mm_set1_epi32(1)))
}

/// Stays a function of its own: the level above would turn its loop into gathers, which take longer.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline(never)]
pub(in super::super) fn score(codes: &[u8], lut: &[i32; 256], out: &mut [i32]) {
    portable::score(codes, lut, out);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn sum_tf(codes: &[u8], tf: &[u8; 256]) -> u32 {
    portable::sum_tf(codes, tf)
}
