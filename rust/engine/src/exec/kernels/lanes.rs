//! What may be loaded into lanes and stored from them.

use super::table::{Le2, Le8};

/// Numbers of which every bit pattern is a value, without padding.
///
/// # Safety
/// The implementer is such a type.
pub(super) unsafe trait Lane: Copy {}
// SAFETY: all bit patterns of integers, floats and arrays of bytes are values, and none of these has padding.
unsafe impl Lane for u8 {}
// SAFETY: as above.
unsafe impl Lane for u16 {}
// SAFETY: as above.
unsafe impl Lane for u32 {}
// SAFETY: as above.
unsafe impl Lane for i32 {}
// SAFETY: as above.
unsafe impl Lane for u64 {}
// SAFETY: as above.
unsafe impl Lane for f64 {}
// SAFETY: as above.
unsafe impl Lane for Le2 {}
// SAFETY: as above.
unsafe impl Lane for Le8 {}

/// Asks for the cache line of an element that may lie anywhere.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn touch<T>(list: &[T], at: usize) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    #[allow(unused_unsafe, reason = "the oldest compiler that builds this counts the intrinsic as unsafe, the newest does not")]
    // SAFETY: a prefetch is a hint: it reads nothing and faults on no address. Every x86-64 has it.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(list.as_ptr().wrapping_add(at).cast());
    }
}

/// Asks for the cache line of an element that may lie anywhere: not on this processor.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(super) fn touch<T>(_: &[T], _: usize) {}
