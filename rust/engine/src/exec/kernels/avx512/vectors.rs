//! Loads and stores of 64 bytes that stay inside their slices: all that is unsafe at this level.

use core::arch::x86_64::*;

use super::super::table::{Le2, Le8};

/// Numbers of which every bit pattern is a value, without padding.
///
/// # Safety
/// The implementer is such a type.
pub(super) unsafe trait Plain: Copy {}
// SAFETY: all bit patterns of integers, floats and arrays of bytes are values, and none of these has padding.
unsafe impl Plain for u8 {}
// SAFETY: as above.
unsafe impl Plain for u16 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for i32 {}
// SAFETY: as above.
unsafe impl Plain for f64 {}
// SAFETY: as above.
unsafe impl Plain for Le2 {}
// SAFETY: as above.
unsafe impl Plain for Le8 {}

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
pub(super) fn load<T: Plain, const N: usize>(from: &[T; N]) -> __m512i {
    const { assert!(size_of::<[T; N]>() == 64) };
    // SAFETY: the array is 64 readable bytes; the load is unaligned.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

/// The first 64 bytes of a slice, or zeros behind its end.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn load_up_to<T: Plain>(from: &[T]) -> __m512i {
    // SAFETY: the mask names only bytes of the slice; a masked load touches no others.
    unsafe { _mm512_maskz_loadu_epi8(lowest(size_of_val(from)), from.as_ptr().cast()) }
}

/// The same where whole vectors are the rule: no mask is made for them.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn load_first<T: Plain, const N: usize>(from: &[T]) -> __m512i {
    match from.first_chunk::<N>() {
        Some(whole) => load(whole),
        None => load_up_to(from),
    }
}

/// A whole vector.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn store<T: Plain, const N: usize>(to: &mut [T; N], vector: __m512i) {
    const { assert!(size_of::<[T; N]>() == 64) };
    // SAFETY: the array is 64 writable bytes, any bytes are values of it; the store is unaligned.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), vector) }
}

/// As much of the vector as the slice from `at` on takes.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn store_at<T: Plain, const N: usize>(to: &mut [T], at: usize, vector: __m512i) {
    let to = to.get_mut(at..).unwrap_or_default();
    match to.first_chunk_mut::<N>() {
        Some(whole) => store(whole, vector),
        // SAFETY: the mask names only bytes of the slice; a masked store touches no others.
        None => unsafe { _mm512_mask_storeu_epi8(to.as_mut_ptr().cast(), lowest(size_of_val(to)), vector) },
    }
}

/// Asks for the cache line of a byte that may lie anywhere.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn touch<T>(list: &[T], at: usize) {
    #[allow(unused_unsafe, reason = "the oldest compiler that builds this counts the intrinsic as unsafe, the newest does not")]
    // SAFETY: a prefetch is a hint: it reads nothing and faults on no address.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(list.as_ptr().wrapping_add(at).cast())
    }
}
