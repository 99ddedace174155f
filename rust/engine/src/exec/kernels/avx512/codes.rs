//! Rank codes: 64 at a time.

use core::arch::x86_64::*;

use super::super::avx2;
use super::vectors::{IOTA, load, load_up_to, lowest, store, store_at};

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn filter(codes: &[u8], least: u8, out: &mut [u32]) -> usize {
    let (blocks, rest) = codes[..codes.len().min(out.len())].as_chunks::<64>();
    let least = _mm512_set1_epi8(least.cast_signed());
    let (mut base, mut n) = (_mm512_setzero_si512(), 0);
    for block in blocks {
        n = put(_mm512_cmpge_epu8_mask(load(block), least), base, out, n);
        base = _mm512_add_epi32(base, _mm512_set1_epi32(64));
    }
    put(_mm512_mask_cmpge_epu8_mask(lowest(rest.len()), load_up_to(rest), least), base, out, n)
}

/// Appends `base` plus the number of each set bit. Up to 16 of them, nearly always all, without a branch.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn put(mask: u64, base: __m512i, out: &mut [u32], n: usize) -> usize {
    let found = mask.count_ones() as usize;
    let at = _mm512_maskz_compress_epi8(mask, load(&IOTA));
    store_at::<_, 16>(out, n, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(at))));
    if found > 16 {
        store_at::<_, 16>(out, n + 16, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32::<1>(at))));
        store_at::<_, 16>(out, n + 32, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32::<2>(at))));
        store_at::<_, 16>(out, n + 48, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32::<3>(at))));
    }
    n + found
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn max(codes: &[u8]) -> u8 {
    let (blocks, rest) = codes.as_chunks::<64>();
    let mut top = load_up_to(rest);
    for block in blocks {
        top = _mm512_max_epu8(top, load(block));
    }
    let half = _mm256_max_epu8(_mm512_castsi512_si256(top), _mm512_extracti64x4_epi64::<1>(top));
    let quarter = _mm_max_epu8(_mm256_castsi256_si128(half), _mm256_extracti128_si256::<1>(half));
    // The largest byte is the smallest of the complement; shifted bytes leave zeros above, so each pair's smaller one stands alone.
    let flipped = _mm_xor_si128(quarter, _mm_set1_epi8(-1));
    let pairs = _mm_min_epu8(flipped, _mm_srli_epi16::<8>(flipped));
    !(_mm_cvtsi128_si32(_mm_minpos_epu16(pairs)) as u8)
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn fill(value: f64, saturation: &[f64; 256], lut: &mut [i32; 256]) {
    if value == 0.0 {
        return lut.fill(0);
    }
    let value = _mm512_set1_pd(value);
    for (factors, out) in saturation.as_chunks::<16>().0.iter().zip(lut.as_chunks_mut::<16>().0) {
        let [low, high] = factors.as_chunks::<8>().0 else { return };
        let (low, high) = (products(value, load(low)), products(value, load(high)));
        store(out, _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high));
    }
}

/// Eight entries of [`fill`].
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn products(value: __m512d, saturation: __m512i) -> __m256i {
    let saturation = _mm512_castsi512_pd(saturation);
    let present = _mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(saturation, _mm512_setzero_pd());
    // Beyond i32: the upper end is cut here, as `as` does; the lower end and NaN become i32::MIN, and then 1, like there.
    let product = _mm512_min_pd(_mm512_set1_pd(f64::from(i32::MAX)), _mm512_mul_pd(value, saturation));
    _mm256_maskz_max_epi32(present, _mm512_cvttpd_epi32(product), _mm256_set1_epi32(1))
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn score(codes: &[u8], lut: &[i32; 256], out: &mut [i32]) {
    avx2::score(codes, lut, out);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn sum_tf(codes: &[u8], tf: &[u8; 256]) -> u32 {
    let (blocks, rest) = codes.as_chunks::<64>();
    let [a, b, c, d] = tf.as_chunks::<64>().0 else { return 0 };
    let tables = [load(a), load(b), load(c), load(d)];
    let behind = lowest(rest.len());
    let mut sum = _mm512_sad_epu8(_mm512_maskz_mov_epi8(behind, look(load_up_to(rest), tables)), _mm512_setzero_si512());
    for block in blocks {
        sum = _mm512_add_epi64(sum, _mm512_sad_epu8(look(load(block), tables), _mm512_setzero_si512()));
    }
    _mm512_reduce_add_epi64(sum) as u32
}

/// 64 bytes out of a table of 256.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn look(codes: __m512i, [a, b, c, d]: [__m512i; 4]) -> __m512i {
    let (low, high) = (_mm512_permutex2var_epi8(a, codes, b), _mm512_permutex2var_epi8(c, codes, d));
    _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), low, high)
}
