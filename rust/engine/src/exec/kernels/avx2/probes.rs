//! Probes: where documents stand in a list.

use core::arch::x86_64::*;

use super::super::table::{Le2, Le4, Le8};
use super::super::{portable, search};
use super::vectors::load_first;
use search::Compared;

/// Low parts of a vector.
const LANES: usize = 16;

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn probe_aligned(starts: &[Le4], low: &[Le2], shift: u32, docs: &[u32], out: &mut [u32]) {
    search::aligned::<LANES, 2>(starts, low, shift, docs, out, |low, from, end, key| {
        let all = _bzhi_u32(u32::MAX, 2 * (end - from).min(LANES) as u32);
        let values = load_first::<_, LANES>(low.get(from..).unwrap_or_default(), [0; 2]);
        let key = _mm256_set1_epi16(key.cast_signed());
        let equal = _mm256_movemask_epi8(_mm256_cmpeq_epi16(values, key)).cast_unsigned() & all;
        let not_before = _mm256_movemask_epi8(_mm256_cmpeq_epi16(_mm256_max_epu16(values, key), values)).cast_unsigned();
        Compared { before: !not_before & all, equal, all }
    });
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn probe_sorted(list: &[u32], docs: &[u32], out: &mut [u32]) {
    search::sorted::<8>(list, docs, out, |list, doc| {
        let equal = _mm256_cmpeq_epi32(load_first::<_, 8>(list, !doc), _mm256_set1_epi32(doc.cast_signed()));
        _mm256_movemask_ps(_mm256_castsi256_ps(equal)).cast_unsigned()
    });
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn probe_bitmap(words: &[Le8], ranks: &[Le4], docs: &[u32], out: &mut [u32]) {
    search::bitmap(words, ranks, docs, out, search::rank);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn select(words: &[Le8], from: usize, before: u32, start: u32, picked: &[u32], out: &mut [u32]) -> usize {
    // Not by PDEP, which some of these processors have in microcode.
    portable::select(words, from, before, start, picked, out)
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn block_bounds(maxima: &[u8], shift: u32, bound: &[i32; 256], words: &[Le8], docs: &[u32], out: &mut [i32]) {
    // Gathers of eight lanes are no faster than their eight loads.
    portable::block_bounds(maxima, shift, bound, words, docs, out);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn keep(words: &[Le8], base: u32, docs: &mut [u32], postings: &mut [u32]) -> usize {
    portable::keep(words, base, docs, postings)
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn prefetch(bytes: &[u8], at: &[u32]) {
    portable::prefetch(bytes, at);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn fold(low: &[Le2], base: usize, table: &mut [u8]) {
    portable::fold(low, base, table);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn fold_sorted(docs: &[u32], table: &mut [u8]) {
    portable::fold_sorted(docs, table);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn keep_folded(table: &[u8], docs: &mut [u32], postings: &mut [u32]) -> usize {
    portable::keep_folded(table, docs, postings)
}
