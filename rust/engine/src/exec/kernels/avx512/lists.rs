//! Lists of words, candidates and gaps.

use core::arch::x86_64::*;

use super::super::portable;
use super::super::table::Le8;
use super::vectors::{load, load_first, store_at};

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn or_into(into: &mut [u64], words: &[Le8]) {
    portable::or_into(into, words);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn and_into(into: &mut [u64], words: &[Le8]) {
    portable::and_into(into, words);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn and_not_into(into: &mut [u64], words: &[Le8]) {
    portable::and_not_into(into, words);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn count(words: &[u64]) -> u64 {
    portable::count(words)
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn count_or(left: &[Le8], right: &[Le8]) -> u64 {
    portable::count_or(left, right)
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn count_and(left: &[Le8], right: &[Le8]) -> u64 {
    portable::count_and(left, right)
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn squeeze(docs: &mut [u32], scores: &mut [i32], rest: &mut [i32], n: usize, theta: i32, tie: u32) -> usize {
    let n = n.min(docs.len()).min(scores.len()).min(rest.len());
    let (docs, scores, rest) = (&mut docs[..n], &mut scores[..n], &mut rest[..n]);
    let (theta, tie, mut kept) = (_mm512_set1_epi32(theta), _mm512_set1_epi32(tie.cast_signed()), 0);
    for from in (0..n).step_by(16) {
        let d = load_first::<_, 16>(docs.get(from..).unwrap_or_default());
        let s = load_first::<_, 16>(scores.get(from..).unwrap_or_default());
        let r = load_first::<_, 16>(rest.get(from..).unwrap_or_default());
        let later = _mm512_cmpgt_epu32_mask(d, tie);
        let needed = _mm512_mask_add_epi32(theta, later, theta, _mm512_set1_epi32(1));
        let all = _bzhi_u32(0xffff, (n - from).min(16) as u32) as u16;
        let wins = _mm512_mask_cmpge_epi32_mask(all, _mm512_add_epi32(s, r), needed);
        // At most as many were kept as were read: what is overwritten has been read.
        store_at::<_, 16>(docs, kept, _mm512_maskz_compress_epi32(wins, d));
        store_at::<_, 16>(scores, kept, _mm512_maskz_compress_epi32(wins, s));
        store_at::<_, 16>(rest, kept, _mm512_maskz_compress_epi32(wins, r));
        kept += wins.count_ones() as usize;
    }
    kept
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn unpack_gaps(bytes: &[u8], width: u32, first: u32, out: &mut [u32]) {
    let width = width.min(32) as usize;
    let Some((head, out)) = out.split_first_mut() else { return };
    *head = first;
    let Some((at, shift)) = BYTES.get(width).zip(SHIFTS.get(width)) else { return };
    let (at, shift) = (load(at), _mm512_cvtepu8_epi32(_mm_set_epi64x(i64::from_le_bytes(shift[1]), i64::from_le_bytes(shift[0]))));
    // A number of more than 25 bits may reach into a fifth byte, of the last lane into byte 64: but that one begins at bit 0 then.
    let behind = _mm512_add_epi8(at, _mm512_set1_epi8(4));
    let keep = _mm512_set1_epi32(((1u64 << width) - 1) as i32);
    let (one, zero) = (_mm512_set1_epi32(1), _mm512_setzero_si512());
    let mut doc = _mm512_set1_epi32(first.cast_signed());
    let (mut rest, mut from) = (bytes, 0);
    while from < out.len() {
        let loaded = load_first::<_, 64>(rest);
        let (low, high) = (_mm512_permutexvar_epi8(at, loaded), _mm512_permutexvar_epi8(behind, loaded));
        let gap = _mm512_and_si512(_mm512_shrdv_epi32(low, high, shift), keep);
        // Sums over 1, 2, 4, 8, 16 lanes.
        let mut sum = _mm512_add_epi32(gap, one);
        sum = _mm512_add_epi32(sum, _mm512_alignr_epi32::<15>(sum, zero));
        sum = _mm512_add_epi32(sum, _mm512_alignr_epi32::<14>(sum, zero));
        sum = _mm512_add_epi32(sum, _mm512_alignr_epi32::<12>(sum, zero));
        sum = _mm512_add_epi32(sum, _mm512_alignr_epi32::<8>(sum, zero));
        sum = _mm512_add_epi32(sum, doc);
        store_at::<_, 16>(out, from, sum);
        doc = _mm512_permutexvar_epi32(_mm512_set1_epi32(15), sum);
        rest = rest.get(2 * width..).unwrap_or_default();
        from += 16;
    }
}

/// For each width, the four bytes in which each of 16 numbers begins.
static BYTES: [[u8; 64]; 33] = {
    let mut bytes = [[0; 64]; 33];
    let mut i = 0;
    while i < 33 * 64 {
        let (width, lane, byte) = (i / 64, i % 64 / 4, i % 4);
        bytes[width][i % 64] = (lane * width / 8 + byte) as u8;
        i += 1;
    }
    bytes
};

/// For each width, the bit of its byte at which each of 16 numbers begins.
static SHIFTS: [[[u8; 8]; 2]; 33] = {
    let mut shifts = [[[0; 8]; 2]; 33];
    let mut i = 0;
    while i < 33 * 16 {
        let (width, lane) = (i / 16, i % 16);
        shifts[width][lane / 8][lane % 8] = (lane * width % 8) as u8;
        i += 1;
    }
    shifts
};
