//! Sums in bytes, in plain Rust.
//!
//! **In**: codes, tables of bytes, a window of bytes. **Out**: saturated sums; the places whose sums reach what is needed. **Law**: that of
//! [`super`]: no `unsafe`, no panic, plain loops that other levels inline.

use super::super::super::window::{PLACES, WORDS};
use super::super::table::{COARSE, COARSE_WORDS, CoarseOther, Le2, Le8};
use super::{max, word};

#[inline(always)]
pub(in super::super) fn coarsen(bounds: &[i32; 256], factor: f32, out: &mut [u8; 256]) {
    for (out, bound) in out.iter_mut().zip(bounds) {
        let units = (*bound as f32 * factor).min(254.0) as i32;
        *out = if *bound > 0 { (units + 1) as u8 } else { 0 };
    }
}

#[inline(always)]
pub(in super::super) fn look_up(codes: &[u8], lut: &[u8; 256], out: &mut [u8]) {
    for (out, code) in out.iter_mut().zip(codes) {
        *out = lut[usize::from(*code)];
    }
}

#[inline(always)]
pub(in super::super) fn scatter_coarse(low: &[Le2], codes: &[u8], lut: &[u8; 256], base: usize, window: &mut [u8]) {
    for (low, code) in low.iter().zip(codes) {
        if let Some(slot) = window.get_mut(base.wrapping_add(usize::from(u16::from_le_bytes(*low)))) {
            *slot = slot.saturating_add(lut[usize::from(*code)]);
        }
    }
}

#[inline(always)]
pub(in super::super) fn expand_coarse(words: &[Le8], codes: &[u8], lut: &[u8; 256], window: &mut [u8]) {
    let mut next = 0;
    for (word, slots) in words.iter().zip(window.as_chunks_mut::<64>().0) {
        let mut bits = u64::from_le_bytes(*word);
        while bits != 0 {
            let slot = &mut slots[bits.trailing_zeros() as usize % 64];
            *slot = slot.saturating_add(lut[usize::from(codes.get(next).copied().unwrap_or(0))]);
            next += 1;
            bits &= bits - 1;
        }
    }
}

#[inline(always)]
pub(in super::super) fn sweep_coarse(
    window: &mut [u8],
    least: u8,
    need: u8,
    others: &[CoarseOther<'_>],
    places: &mut [u16; COARSE + 64],
) -> usize {
    let (mut n, mut i) = (0, 0);
    for part in window.chunks(PLACES).take(COARSE / PLACES) {
        let thresholds = coarse_thresholds(least, need, others, i);
        for (slots, threshold) in part.as_chunks::<64>().0.iter().zip(&thresholds) {
            if max(slots) >= *threshold {
                n = sweep_coarse_word(slots, *threshold, need, others, i, places, n);
            }
            i += 1;
        }
    }
    window.fill(0);
    n
}

/// What a value must at least be, in each 64 places from word `from` on, were all others there.
#[inline(always)]
pub(in super::super) fn coarse_thresholds(least: u8, need: u8, others: &[CoarseOther<'_>], from: usize) -> [u8; WORDS] {
    let mut thresholds = [need; WORDS];
    for other in others {
        for (threshold, bound) in thresholds.iter_mut().zip(other.bounds.get(from..).unwrap_or_default()) {
            *threshold = threshold.saturating_sub(*bound);
        }
    }
    for threshold in &mut thresholds {
        *threshold = (*threshold).max(least);
    }
    thresholds
}

/// Appends what 64 places have, the `i`th of the window.
#[inline(always)]
fn sweep_coarse_word(
    slots: &[u8; 64],
    threshold: u8,
    need: u8,
    others: &[CoarseOther<'_>],
    i: usize,
    places: &mut [u16; COARSE + 64],
    mut n: usize,
) -> usize {
    let (mut few, mut count) = ([0u8; 64], 0);
    for (place, value) in (0u8..).zip(slots) {
        few[count % 64] = place;
        count += usize::from(*value >= threshold);
    }
    for place in few.get(..count).unwrap_or_default() {
        let mut sum = slots[usize::from(*place) % 64];
        for CoarseOther { words, bounds } in others {
            let bit = word(words, i as u32) >> place & 1;
            sum = sum.saturating_add(bounds[i % COARSE_WORDS] & (bit as u8).wrapping_neg());
        }
        places[n.min(COARSE)] = (i * 64) as u16 + u16::from(*place);
        n += usize::from(sum >= need);
    }
    n
}
