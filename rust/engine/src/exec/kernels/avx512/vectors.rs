//! Loads and stores of 64 bytes that stay inside their slices: all that is unsafe at this level.

use core::arch::asm;
use core::arch::x86_64::*;

use super::super::lanes::Lane;

/// The numbers 0 to 63.
pub(super) static IOTA: [u8; 64] = {
    let mut numbers = [0; 64];
    let mut i = 0;
    while i < 64 {
        numbers[i] = i as u8;
        i += 1;
    }
    numbers
};

/// The lowest `count` of 64 bits.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn lowest(count: usize) -> u64 {
    _bzhi_u64(u64::MAX, count.min(64) as u32)
}

/// A whole vector.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn load<T: Lane, const N: usize>(from: &[T; N]) -> __m512i {
    const { assert!(size_of::<[T; N]>() == 64) };
    // SAFETY: the array is 64 readable bytes; the load is unaligned.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

/// The first 64 bytes of a slice, or zeros behind its end.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn load_up_to<T: Lane>(from: &[T]) -> __m512i {
    // SAFETY: the mask names only bytes of the slice; a masked load touches no others.
    unsafe { _mm512_maskz_loadu_epi8(lowest(size_of_val(from)), from.as_ptr().cast()) }
}

/// The same where whole vectors are the rule: no mask is made for them.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn load_first<T: Lane, const N: usize>(from: &[T]) -> __m512i {
    match from.first_chunk::<N>() {
        Some(whole) => load(whole),
        None => load_up_to(from),
    }
}

/// A whole vector.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn store<T: Lane, const N: usize>(to: &mut [T; N], vector: __m512i) {
    const { assert!(size_of::<[T; N]>() == 64) };
    // SAFETY: the array is 64 writable bytes, any bytes are values of it; the store is unaligned.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), vector) }
}

/// As much of the vector as the slice from `at` on takes.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn store_at<T: Lane, const N: usize>(to: &mut [T], at: usize, vector: __m512i) {
    let to = to.get_mut(at..).unwrap_or_default();
    match to.first_chunk_mut::<N>() {
        Some(whole) => store(whole, vector),
        // SAFETY: the mask names only bytes of the slice; a masked store touches no others.
        None => unsafe { _mm512_mask_storeu_epi8(to.as_mut_ptr().cast(), lowest(size_of_val(to)), vector) },
    }
}

/// Four bytes from each place of the mask, which must lie at least four before the end; zeros in other lanes.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn gather<T: Lane>(from: &[T], places: __m512i, mask: __mmask16) -> __m512i {
    let last = size_of_val(from).saturating_sub(4).min(i32::MAX as usize) as i32;
    let inside = _mm512_mask_cmple_epu32_mask(mask, places, _mm512_set1_epi32(last));
    let inside = if size_of_val(from) < 4 { 0 } else { inside };
    // SAFETY: lanes of the mask read the four bytes from a place that is at least four before the end; others read nothing.
    unsafe { _mm512_mask_i32gather_epi32::<1>(_mm512_setzero_si512(), inside, places, from.as_ptr().cast()) }
}

/// The vector, in a register: expansions from memory are many times slower on AMD's processors, and the compiler would make them.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn in_register(mut vector: __m512i) -> __m512i {
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {0} */", inout(zmm_reg) vector, options(pure, nomem, nostack, preserves_flags)) };
    vector
}
