//! Loads and stores of 32 bytes that stay inside their slices.

use core::arch::x86_64::*;

use super::super::lanes::Lane;

/// A whole vector.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn load<T: Lane, const N: usize>(from: &[T; N]) -> __m256i {
    const { assert!(size_of::<[T; N]>() == 32) };
    // SAFETY: the array is 32 readable bytes; the load is unaligned.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}

/// The first 32 bytes of a slice, or `rest` behind its end.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn load_first<T: Lane, const N: usize>(from: &[T], rest: T) -> __m256i {
    match from.first_chunk::<N>() {
        Some(whole) => load(whole),
        None => {
            let mut padded = [rest; N];
            padded.iter_mut().zip(from).for_each(|(padded, value)| *padded = *value);
            load(&padded)
        }
    }
}

/// A whole vector.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn store<T: Lane, const N: usize>(to: &mut [T; N], vector: __m256i) {
    const { assert!(size_of::<[T; N]>() == 32) };
    // SAFETY: the array is 32 writable bytes, any bytes are values of it; the store is unaligned.
    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), vector) }
}

/// As much of the vector as the slice from `at` on takes.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn store_at<T: Lane, const N: usize>(to: &mut [T], at: usize, vector: __m256i) {
    match to.get_mut(at..at.wrapping_add(N)).and_then(|to| to.first_chunk_mut::<N>()) {
        Some(whole) => store(whole, vector),
        None => store_up_to::<T, N>(to.get_mut(at..).unwrap_or_default(), vector),
    }
}

/// As much of the vector as the slice takes.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline(never)]
fn store_up_to<T: Lane, const N: usize>(to: &mut [T], vector: __m256i) {
    let Some(first) = to.first().copied() else { return };
    let mut whole = [first; N];
    store(&mut whole, vector);
    to.iter_mut().zip(whole).for_each(|(to, value)| *to = value);
}

/// The first 16 bytes of a slice, or zeros behind its end.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn half(from: &[u8]) -> __m128i {
    let mut padded = [0; 16];
    let whole = from.first_chunk::<16>().unwrap_or_else(|| {
        padded.iter_mut().zip(from).for_each(|(padded, byte)| *padded = *byte);
        &padded
    });
    // SAFETY: the array is 16 readable bytes; the load is unaligned.
    unsafe { _mm_loadu_si128(whole.as_ptr().cast()) }
}
