//! Probes: where documents stand in a list.

use core::arch::x86_64::*;

use super::super::table::{Le2, Le4, Le8};
use super::super::{portable, search};
use super::vectors::{load, load_first};
use search::Compared;

/// Low parts of a vector.
const LANES: usize = 32;

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn probe_aligned(starts: &[Le4], low: &[Le2], shift: u32, docs: &[u32], out: &mut [u32]) {
    search::aligned::<LANES, 1>(starts, low, shift, docs, out, |low, from, end, key| {
        let all = _bzhi_u32(u32::MAX, (end - from).min(LANES) as u32);
        let (values, key) = (load_first::<_, LANES>(low.get(from..).unwrap_or_default()), _mm512_set1_epi16(key.cast_signed()));
        Compared { before: _mm512_cmplt_epu16_mask(values, key) & all, equal: _mm512_cmpeq_epi16_mask(values, key) & all, all }
    });
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn probe_sorted(list: &[u32], docs: &[u32], out: &mut [u32]) {
    search::sorted::<16>(list, docs, out, |list, doc| {
        let all = _bzhi_u32(0xffff, list.len().min(16) as u32) as u16;
        u32::from(_mm512_mask_cmpeq_epi32_mask(all, load_first::<_, 16>(list), _mm512_set1_epi32(doc.cast_signed())))
    });
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn probe_bitmap(words: &[Le8], ranks: &[Le4], docs: &[u32], out: &mut [u32]) {
    let lanes = _mm512_set_epi64(448, 384, 320, 256, 192, 128, 64, 0);
    search::bitmap(words, ranks, docs, out, |words, place| {
        // Each lane gives up the bits from its own place on.
        let place = _mm512_max_epi64(_mm512_sub_epi64(_mm512_set1_epi64(i64::from(place)), lanes), _mm512_setzero_si512());
        let counts = _mm512_popcnt_epi64(_mm512_andnot_si512(_mm512_sllv_epi64(_mm512_set1_epi64(-1), place), load(words)));
        _mm_cvtsi128_si32(_mm_sad_epu8(_mm512_cvtepi64_epi8(counts), _mm_setzero_si128())).cast_unsigned()
    });
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn select(words: &[Le8], from: usize, before: u32, start: u32, picked: &[u32], out: &mut [u32]) -> usize {
    portable::select_by(words, from, before, start, picked, out, |word, n| _pdep_u64(1 << n, word).trailing_zeros())
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn present(words: &[Le8], docs: &[u32], out: &mut [u8]) {
    portable::present(words, docs, out);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn prefetch(bytes: &[u8], at: &[u32]) {
    portable::prefetch(bytes, at);
}
