//! Probes: where documents stand in a list.

use core::arch::x86_64::*;

use super::super::table::{Le2, Le4, Le8};
use super::super::{portable, search};
use super::vectors::{gather, load, load_first, store_at};
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
pub(super) fn block_bounds(maxima: &[u8], shift: u32, bound: &[i32; 256], words: &[Le8], docs: &[u32], out: &mut [i32]) {
    let shifts = _mm512_set1_epi32(shift.min(31).cast_signed());
    // Places of words are byte offsets below 2^31; a code is the first of four bytes, so the last blocks are left to plain code.
    let far = words.len() > 1 << 27;
    let last = _mm512_set1_epi32(maxima.len().saturating_sub(4).min(i32::MAX as usize) as i32);
    for (docs, out) in docs.chunks(16).zip(out.chunks_mut(16)) {
        let both = docs.len().min(out.len());
        let out = out.get_mut(..both).unwrap_or_default();
        let all = _bzhi_u32(0xffff, both as u32) as u16;
        let lanes = load_first::<_, 16>(docs);
        let blocks = _mm512_srlv_epi32(lanes, shifts);
        if far || maxima.len() < 4 || _mm512_mask_cmpgt_epu32_mask(all, blocks, last) != 0 {
            portable::block_bounds(maxima, shift, bound, words, docs, out);
            continue;
        }
        let mut there = all;
        if !words.is_empty() {
            // 32 bits at a time.
            let bits = gather(words, _mm512_slli_epi32::<2>(_mm512_srli_epi32::<5>(lanes)), all);
            there =
                _mm512_test_epi32_mask(bits, _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_and_si512(lanes, _mm512_set1_epi32(31)))) & all;
        }
        if there == 0 {
            store_at::<_, 16>(out, 0, _mm512_setzero_si512());
            continue;
        }
        // Only of documents that are there: the others' blocks need not come into the cache.
        let codes = _mm512_and_si512(gather(maxima, blocks, there), _mm512_set1_epi32(255));
        store_at::<_, 16>(out, 0, gather(bound, _mm512_slli_epi32::<2>(codes), there));
    }
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn keep(words: &[Le8], base: u32, docs: &mut [u32], postings: &mut [u32]) -> usize {
    let n = docs.len().min(postings.len());
    let (docs, postings) = (&mut docs[..n], &mut postings[..n]);
    let (base, low, one) = (_mm512_set1_epi32(base.cast_signed()), _mm512_set1_epi32(31), _mm512_set1_epi32(1));
    let mut kept = 0;
    for from in (0..n).step_by(16) {
        let all = _bzhi_u32(0xffff, (n - from).min(16) as u32) as u16;
        let d = load_first::<_, 16>(docs.get(from..).unwrap_or_default());
        let p = load_first::<_, 16>(postings.get(from..).unwrap_or_default());
        let place = _mm512_sub_epi32(d, base);
        // 32 bits at a time; their places are byte offsets below 2^29.
        let bits = gather(words, _mm512_slli_epi32::<2>(_mm512_srli_epi32::<5>(place)), all);
        let there = _mm512_mask_test_epi32_mask(all, bits, _mm512_sllv_epi32(one, _mm512_and_si512(place, low)));
        // At most as many were kept as were read: what is overwritten has been read.
        store_at::<_, 16>(docs, kept, _mm512_maskz_compress_epi32(there, d));
        store_at::<_, 16>(postings, kept, _mm512_maskz_compress_epi32(there, p));
        kept += there.count_ones() as usize;
    }
    kept
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn prefetch(bytes: &[u8], at: &[u32]) {
    portable::prefetch(bytes, at);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn fold(low: &[Le2], base: usize, table: &mut [u8]) {
    portable::fold(low, base, table);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn fold_sorted(docs: &[u32], table: &mut [u8]) {
    portable::fold_sorted(docs, table);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn keep_folded(table: &[u8], docs: &mut [u32], postings: &mut [u32]) -> usize {
    let n = docs.len().min(postings.len());
    let (docs, postings) = (&mut docs[..n], &mut postings[..n]);
    // Four bytes at a time, so that none is read behind the end.
    if table.is_empty() || !table.len().is_multiple_of(4) || table.len() > 1 << 30 {
        return portable::keep_folded(table, docs, postings);
    }
    let (last, four, one) = (_mm512_set1_epi32(table.len() as i32 - 1), _mm512_set1_epi32(3), _mm512_set1_epi32(1));
    let mut kept = 0;
    for from in (0..n).step_by(16) {
        let all = _bzhi_u32(0xffff, (n - from).min(16) as u32) as u16;
        let d = load_first::<_, 16>(docs.get(from..).unwrap_or_default());
        let p = load_first::<_, 16>(postings.get(from..).unwrap_or_default());
        let place = _mm512_and_si512(d, last);
        let bytes = gather(table, _mm512_andnot_si512(four, place), all);
        let bit = _mm512_sllv_epi32(one, _mm512_slli_epi32::<3>(_mm512_and_si512(place, four)));
        let there = _mm512_mask_test_epi32_mask(all, bytes, bit);
        // At most as many were kept as were read: what is overwritten has been read.
        store_at::<_, 16>(docs, kept, _mm512_maskz_compress_epi32(there, d));
        store_at::<_, 16>(postings, kept, _mm512_maskz_compress_epi32(there, p));
        kept += there.count_ones() as usize;
    }
    kept
}
