//! Windows of 4,096 documents: scores added in, swept out.

use core::arch::x86_64::*;

use super::super::portable;
use super::super::table::{Le2, Le8, Other, SWEPT, Swept};
use super::vectors::{load, load_first, store};
use crate::exec::window::{PLACES, WORDS};

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn scatter(low: &[Le2], contributions: &[i32], base: usize, window: &mut [i32; PLACES]) {
    portable::scatter(low, contributions, base, window);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn scatter_codes(low: &[Le2], codes: &[u8], lut: &[i32; 256], base: usize, window: &mut [i32; PLACES]) {
    portable::scatter_codes(low, codes, lut, base, window);
}

/// For each byte, which of eight contributions goes to each bit; 255 where none does.
static SPREAD: [Le8; 256] = {
    let mut spread = [[255; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut next) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                spread[byte][bit] = next;
                next += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    spread
};

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn expand(words: &[Le8], contributions: &[i32], window: &mut [i32; PLACES]) {
    if is_sparse(words) {
        return portable::expand(words, contributions, window);
    }
    let mut rest = contributions;
    for (word, slots) in words.iter().zip(window.as_chunks_mut::<64>().0) {
        let word = u64::from_le_bytes(*word);
        match rest.first_chunk::<64>() {
            Some(next) => expand_word(word, next, slots),
            None => {
                // Behind the end of the contributions lie zeros.
                let mut next = [0; 64];
                next.iter_mut().zip(rest).for_each(|(next, value)| *next = *value);
                expand_word(word, &next, slots);
            }
        }
        rest = rest.get(word.count_ones() as usize..).unwrap_or_default();
    }
}

/// Whether the bits are so few that they are better taken one by one.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn is_sparse(words: &[Le8]) -> bool {
    portable::count_or(words, &[]) < 6 * words.len() as u64
}

/// Adds to the slots whose bits are set, in order.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn expand_word(word: u64, next: &[i32; 64], slots: &mut [i32; 64]) {
    let (mut left, mut before) = (word, 0);
    for slots in slots.as_chunks_mut::<8>().0 {
        let from = _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(SPREAD[(left & 255) as usize])));
        let values = _mm256_permutevar8x32_epi32(load_first::<_, 8>(next.get(before..).unwrap_or_default(), 0), from);
        let values = _mm256_andnot_si256(_mm256_srai_epi32::<31>(from), values);
        store(slots, _mm256_add_epi32(load(slots), values));
        left >>= 8;
        before = (word.count_ones() - left.count_ones()) as usize;
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn expand_codes(words: &[Le8], codes: &[u8], lut: &[i32; 256], window: &mut [i32; PLACES]) {
    if is_sparse(words) {
        return portable::expand_codes(words, codes, lut, window);
    }
    // A part of the window at a time: what was just stored word by word is slow to load as vectors.
    let mut scored = [0; 1024 + 64];
    let mut codes = codes;
    for (words, slots) in words.chunks(16).zip(window.as_chunks_mut::<1024>().0) {
        let bits = portable::count_or(words, &[]) as usize;
        let (here, later) = codes.split_at(bits.min(codes.len()));
        portable::score(here, lut, &mut scored);
        if here.len() < bits {
            scored[here.len()..].fill(0);
        }
        let mut rest = scored.as_slice();
        for (word, slots) in words.iter().zip(slots.as_chunks_mut::<64>().0) {
            let (word, Some(next)) = (u64::from_le_bytes(*word), rest.first_chunk::<64>()) else { break };
            expand_word(word, next, slots);
            rest = rest.get(word.count_ones() as usize..).unwrap_or_default();
        }
        codes = later;
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn sweep(window: &mut [i32; PLACES], least: i32, need: i32, others: &[Other<'_>], swept: &mut Swept) -> usize {
    let mut n = 0;
    let thresholds = portable::thresholds(least, need, others);
    for ((i, slots), threshold) in (0..).zip(window.as_chunks::<64>().0).zip(&thresholds) {
        let below = _mm256_set1_epi32(threshold.saturating_sub(1));
        let [low, high] = slots.as_chunks::<32>().0 else { continue };
        let mut live = u64::from(above(low, below)) | u64::from(above(high, below)) << 32;
        while live != 0 {
            let eighth = live.trailing_zeros() as usize / 8;
            if let Some(slots) = slots.as_chunks::<8>().0.get(eighth) {
                n = sweep_eighth(slots, (live >> (8 * eighth)) as u8, need, others, (i, eighth), swept, n);
            }
            live &= !(255 << (8 * eighth));
        }
    }
    window.fill(0);
    n
}

/// Appends what those of eight places have that are `live`: the `at.1`th eight of word `at.0`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn sweep_eighth(
    slots: &[i32; 8],
    live: u8,
    need: i32,
    others: &[Other<'_>],
    (i, eighth): (usize, usize),
    swept: &mut Swept,
    mut n: usize,
) -> usize {
    let bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    let mut sums = load(slots);
    for Other { words, bounds } in others {
        let byte = words.get(i).map_or(0, |word| word[eighth % 8]);
        let there = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(i32::from(byte)), bits), bits);
        sums = _mm256_add_epi32(sums, _mm256_and_si256(there, _mm256_set1_epi32(bounds[i % WORDS])));
    }
    let missing = _mm256_cmpgt_epi32(_mm256_set1_epi32(need), sums);
    let mut live = u32::from(live) & !_mm256_movemask_ps(_mm256_castsi256_ps(missing)).cast_unsigned();
    let mut stored = [0; 8];
    store(&mut stored, sums);
    while live != 0 && n < SWEPT {
        let lane = live.trailing_zeros() as usize;
        swept.places[n] = (i * 64 + eighth * 8 + lane) as u16;
        (swept.scores[n], swept.sums[n]) = (slots[lane % 8], stored[lane % 8]);
        n += 1;
        live &= live - 1;
    }
    n
}

/// Which of 32 values are above another.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn above(slots: &[i32; 32], below: __m256i) -> u32 {
    let [a, b, c, d] = slots.as_chunks::<8>().0 else { return 0 };
    let (a, b) = (_mm256_cmpgt_epi32(load(a), below), _mm256_cmpgt_epi32(load(b), below));
    let (c, d) = (_mm256_cmpgt_epi32(load(c), below), _mm256_cmpgt_epi32(load(d), below));
    // Packing works on halves of a vector: the double words come out as 0 2 4 6 1 3 5 7.
    let packed = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    _mm256_movemask_epi8(_mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))).cast_unsigned()
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn filter_bits(words: &[Le8], codes: &[u8], least: u8, bits: &mut [u64; WORDS]) {
    // Not by PDEP, which some of these processors have in microcode.
    portable::filter_bits(words, codes, least, bits);
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn bits_to_places(bits: &[u64; WORDS], places: &mut [u16; SWEPT]) -> usize {
    let (mut base, mut n) = (0u16, 0);
    for word in bits {
        let (mut rest, mut at) = (*word, n);
        // Eight at a time, whether or not there are as many: what is too much is overwritten later.
        while rest != 0 {
            let Some(free) = places.get_mut(at..).and_then(|free| free.first_chunk_mut::<8>()) else { break };
            for place in free {
                *place = base.wrapping_add(rest.trailing_zeros() as u16);
                rest &= rest.wrapping_sub(1);
            }
            at += 8;
        }
        base += 64;
        n += word.count_ones() as usize;
    }
    n
}
