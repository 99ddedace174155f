//! Kernels with NEON, which every aarch64 processor has: where the compiler finds no vectors in the plain loops by itself.
//!
//! **Law**: 16 bytes at a time; a comparison becomes a mask of four bits a byte, the cheapest that NEON can make. Words are counted by
//! the plain loops: the compiler turns those into CNT and pairwise sums.

use core::arch::aarch64::*;

use super::lanes::Lane;
use super::table::{COARSE, CoarseOther, Kernels, Le2, Le4, Le8, Other, SWEPT, Swept, gated, signatures};
use super::{Level, portable};
use crate::exec::window::{PLACES, WORDS};

pub(super) static KERNELS: Kernels = signatures!(gated Level::Neon);

/// A whole vector.
#[target_feature(enable = "neon")]
#[inline]
fn load<T: Lane, const N: usize>(from: &[T; N]) -> uint8x16_t {
    const { assert!(size_of::<[T; N]>() == 16) };
    // SAFETY: the array is 16 readable bytes; the load is unaligned.
    unsafe { vld1q_u8(from.as_ptr().cast()) }
}

#[target_feature(enable = "neon")]
fn filter(codes: &[u8], least: u8, out: &mut [u32]) -> usize {
    let codes = &codes[..codes.len().min(out.len())];
    let (blocks, rest) = codes.as_chunks::<16>();
    let (mut base, mut n) = (0, 0);
    for block in blocks {
        let at_least = vreinterpretq_u16_u8(vcgeq_u8(load(block), vdupq_n_u8(least)));
        let mut mask = vget_lane_u64::<0>(vreinterpret_u64_u8(vshrn_n_u16::<4>(at_least)));
        while mask != 0 {
            if let Some(place) = out.get_mut(n) {
                *place = base + mask.trailing_zeros() / 4;
            }
            n += 1;
            mask &= !(15 << (mask.trailing_zeros() & 63));
        }
        base += 16;
    }
    for (place, code) in (base..).zip(rest) {
        if *code >= least {
            if let Some(out) = out.get_mut(n) {
                *out = place;
            }
            n += 1;
        }
    }
    n
}

#[target_feature(enable = "neon")]
fn max(codes: &[u8]) -> u8 {
    let (blocks, rest) = codes.as_chunks::<16>();
    // The last vector may overlap the one before it.
    let Some(last) = codes.last_chunk::<16>() else { return portable::max(rest) };
    let mut top = load(last);
    for block in blocks {
        top = vmaxq_u8(top, load(block));
    }
    vmaxvq_u8(top)
}

/// The kernels that are the plain loops under NEON.
macro_rules! plain_loops {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $out:ty)?;)*) => {
        $(#[target_feature(enable = "neon")]
        fn $name($($argument: $type),*) $(-> $out)? {
            portable::$name($($argument),*)
        })*
    };
}
plain_loops! {
    fn fill(value: f64, saturation: &[f64; 256], lut: &mut [i32; 256]);
    fn score(codes: &[u8], lut: &[i32; 256], out: &mut [i32]);
    fn scatter(low: &[Le2], contributions: &[i32], base: usize, window: &mut [i32; PLACES]);
    fn scatter_codes(low: &[Le2], codes: &[u8], lut: &[i32; 256], base: usize, window: &mut [i32; PLACES]);
    fn expand(words: &[Le8], contributions: &[i32], window: &mut [i32; PLACES]);
    fn expand_codes(words: &[Le8], codes: &[u8], lut: &[i32; 256], window: &mut [i32; PLACES]);
    fn sweep(window: &mut [i32; PLACES], least: i32, need: i32, others: &[Other<'_>], swept: &mut Swept) -> usize;
    fn coarsen(bounds: &[i32; 256], factor: f32, out: &mut [u8; 256]);
    fn look_up(codes: &[u8], lut: &[u8; 256], out: &mut [u8]);
    fn scatter_coarse(low: &[Le2], codes: &[u8], lut: &[u8; 256], base: usize, window: &mut [u8]);
    fn expand_coarse(words: &[Le8], codes: &[u8], lut: &[u8; 256], window: &mut [u8]);
    fn sweep_coarse(window: &mut [u8], least: u8, need: u8, others: &[CoarseOther<'_>], places: &mut [u16; COARSE + 64]) -> usize;
    fn probe_aligned(starts: &[Le4], low: &[Le2], shift: u32, docs: &[u32], out: &mut [u32]);
    fn probe_sorted(list: &[u32], docs: &[u32], out: &mut [u32]);
    fn probe_bitmap(words: &[Le8], ranks: &[Le4], docs: &[u32], out: &mut [u32]);
    fn select(words: &[Le8], from: usize, before: u32, start: u32, picked: &[u32], out: &mut [u32]) -> usize;
    fn block_bounds(maxima: &[u8], shift: u32, bound: &[i32; 256], words: &[Le8], docs: &[u32], out: &mut [i32]);
    fn keep(words: &[Le8], base: u32, docs: &mut [u32], postings: &mut [u32]) -> usize;
    fn prefetch(bytes: &[u8], at: &[u32]);
    fn or_into(into: &mut [u64], words: &[Le8]);
    fn and_into(into: &mut [u64], words: &[Le8]);
    fn and_not_into(into: &mut [u64], words: &[Le8]);
    fn count(words: &[u64]) -> u64;
    fn count_or(left: &[Le8], right: &[Le8]) -> u64;
    fn count_and(left: &[Le8], right: &[Le8]) -> u64;
    fn fold(low: &[Le2], base: usize, table: &mut [u8]);
    fn fold_sorted(docs: &[u32], table: &mut [u8]);
    fn keep_folded(table: &[u8], docs: &mut [u32], postings: &mut [u32]) -> usize;
    fn bits_to_places(bits: &[u64; WORDS], places: &mut [u16; SWEPT]) -> usize;
    fn filter_bits(words: &[Le8], codes: &[u8], least: u8, bits: &mut [u64; WORDS]);
    fn sum_tf(codes: &[u8], tf: &[u8; 256]) -> u32;
    fn squeeze(docs: &mut [u32], scores: &mut [i32], rest: &mut [i32], n: usize, theta: i32, tie: u32) -> usize;
    fn unpack_gaps(bytes: &[u8], width: u32, first: u32, out: &mut [u32]);
}
