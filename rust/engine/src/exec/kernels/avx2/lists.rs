//! Lists of words, candidates and gaps. For words the compiler makes the best of the plain loops.

use core::arch::x86_64::*;

use super::super::portable;
use super::super::table::Le8;
use super::vectors::{half, load, load_first, store_at};

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn or_into(into: &mut [u64], words: &[Le8]) {
    portable::or_into(into, words);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn and_into(into: &mut [u64], words: &[Le8]) {
    portable::and_into(into, words);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn and_not_into(into: &mut [u64], words: &[Le8]) {
    portable::and_not_into(into, words);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn count(words: &[u64]) -> u64 {
    portable::count(words)
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn count_or(left: &[Le8], right: &[Le8]) -> u64 {
    portable::count_or(left, right)
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn count_and(left: &[Le8], right: &[Le8]) -> u64 {
    portable::count_and(left, right)
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn squeeze(docs: &mut [u32], scores: &mut [i32], rest: &mut [i32], n: usize, theta: i32, tie: u32) -> usize {
    let n = n.min(docs.len()).min(scores.len()).min(rest.len());
    let (docs, scores, rest) = (&mut docs[..n], &mut scores[..n], &mut rest[..n]);
    // Comparisons are signed: with the upper bit flipped they order documents.
    let (least, flip) = (_mm256_set1_epi32(theta.wrapping_sub(1)), _mm256_set1_epi32(i32::MIN));
    let last = _mm256_xor_si256(_mm256_set1_epi32(tie.cast_signed()), flip);
    let mut kept = 0;
    let whole = if theta == i32::MIN { 0 } else { n / 8 * 8 };
    for from in (0..whole).step_by(8) {
        let d = load_first::<_, 8>(docs.get(from..).unwrap_or_default(), 0);
        let s = load_first::<_, 8>(scores.get(from..).unwrap_or_default(), 0);
        let r = load_first::<_, 8>(rest.get(from..).unwrap_or_default(), 0);
        // A later document (its lanes are −1) needs one more; beyond i32::MAX the need wraps to i32::MIN, which all have.
        let later = _mm256_cmpgt_epi32(_mm256_xor_si256(d, flip), last);
        let wins = _mm256_cmpgt_epi32(_mm256_add_epi32(s, r), _mm256_sub_epi32(least, later));
        let wins = if theta == i32::MAX { _mm256_or_si256(wins, later) } else { wins };
        let mask = _mm256_movemask_ps(_mm256_castsi256_ps(wins)) as usize & 255;
        let order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(KEPT[mask])));
        // At most as many were kept as were read: what is overwritten has been read.
        store_at::<_, 8>(docs, kept, _mm256_permutevar8x32_epi32(d, order));
        store_at::<_, 8>(scores, kept, _mm256_permutevar8x32_epi32(s, order));
        store_at::<_, 8>(rest, kept, _mm256_permutevar8x32_epi32(r, order));
        kept += mask.count_ones() as usize;
    }
    for i in whole..n {
        let (doc, score, more) = (docs[i], scores[i], rest[i]);
        (docs[kept], scores[kept], rest[kept]) = (doc, score, more);
        kept += usize::from(score.wrapping_add(more) >= theta.wrapping_add(i32::from(doc > tie)));
    }
    kept
}

/// For each byte, the numbers of its set bits.
static KEPT: [Le8; 256] = {
    let mut kept = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut next) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                kept[byte][next] = bit as u8;
                next += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    kept
};

/// Widest gaps that lie in four bytes wherever they begin.
const NARROW: usize = 25;

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn unpack_gaps(bytes: &[u8], width: u32, first: u32, out: &mut [u32]) {
    let Some((at, shift)) = BYTES.get(width as usize).zip(SHIFTS.get(width as usize)) else {
        return portable::unpack_gaps(bytes, width, first, out);
    };
    let width = width as usize;
    let Some((head, out)) = out.split_first_mut() else { return };
    *head = first;
    let (at, shift) = (load(at), load(shift));
    let (keep, one) = (_mm256_set1_epi32(((1u64 << width) - 1) as i32), _mm256_set1_epi32(1));
    let mut doc = _mm256_set1_epi32(first.cast_signed());
    let (mut rest, mut from) = (bytes, 0);
    while from < out.len() {
        // Eight numbers take `width` bytes; the upper four begin in the middle, at a whole byte or half of one.
        let loaded = _mm256_set_m128i(half(rest.get(width / 2..).unwrap_or_default()), half(rest));
        let gap = _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(loaded, at), shift), keep);
        // Sums over 1, 2, 4 lanes, and of the lower half into the upper one.
        let mut sum = _mm256_add_epi32(gap, one);
        sum = _mm256_add_epi32(sum, _mm256_slli_si256::<4>(sum));
        sum = _mm256_add_epi32(sum, _mm256_slli_si256::<8>(sum));
        let lower = _mm256_permutevar8x32_epi32(sum, _mm256_set1_epi32(3));
        sum = _mm256_add_epi32(sum, _mm256_blend_epi32::<0xf0>(_mm256_setzero_si256(), lower));
        sum = _mm256_add_epi32(sum, doc);
        store_at::<_, 8>(out, from, sum);
        doc = _mm256_permutevar8x32_epi32(sum, _mm256_set1_epi32(7));
        rest = rest.get(width..).unwrap_or_default();
        from += 8;
    }
}

/// For each width, the four bytes in which each of eight numbers begins, from the start of its half.
static BYTES: [[u8; 32]; NARROW + 1] = {
    let mut bytes = [[0; 32]; NARROW + 1];
    let mut i = 0;
    while i < (NARROW + 1) * 32 {
        let (width, lane, byte) = (i / 32, i % 32 / 4, i % 4);
        let start = lane * width / 8 - if lane < 4 { 0 } else { width / 2 };
        bytes[width][i % 32] = (start + byte) as u8;
        i += 1;
    }
    bytes
};

/// For each width, the bit of its byte at which each of eight numbers begins.
static SHIFTS: [[u32; 8]; NARROW + 1] = {
    let mut shifts = [[0; 8]; NARROW + 1];
    let mut i = 0;
    while i < (NARROW + 1) * 8 {
        shifts[i / 8][i % 8] = (i % 8 * (i / 8) % 8) as u32;
        i += 1;
    }
    shifts
};
