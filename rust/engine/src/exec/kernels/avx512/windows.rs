//! Windows of 4,096 documents: scores added in, swept out.

use core::arch::x86_64::*;

use super::super::table::{Le2, Le8, Other, SWEPT, Swept};
use super::super::{avx2, portable};
use super::vectors::{IOTA, in_register, load, load_first, store, store_at};
use crate::exec::window::{PLACES, WORDS};

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn scatter(low: &[Le2], contributions: &[i32], base: usize, window: &mut [i32; PLACES]) {
    portable::scatter(low, contributions, base, window);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn scatter_codes(low: &[Le2], codes: &[u8], lut: &[i32; 256], base: usize, window: &mut [i32; PLACES]) {
    portable::scatter_codes(low, codes, lut, base, window);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
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

/// With fewer bits a word they are better taken one by one.
const SPARSE: usize = 6;

/// Whether the bits are so few that they are better taken one by one.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn is_sparse(words: &[Le8]) -> bool {
    portable::count_or(words, &[]) < SPARSE as u64 * words.len() as u64
}

/// Adds to the slots whose bits are set, in order.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn expand_word(word: u64, next: &[i32; 64], slots: &mut [i32; 64]) {
    // The bits before each quarter are counted alone, so that the four do not wait for one another.
    let [a, b, c, d] = slots.as_chunks_mut::<16>().0 else { return };
    expand_quarter(word as u16, next, 0, a);
    expand_quarter((word >> 16) as u16, next, (word as u16).count_ones(), b);
    expand_quarter((word >> 32) as u16, next, (word as u32).count_ones(), c);
    expand_quarter((word >> 48) as u16, next, (word << 16).count_ones(), d);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
fn expand_quarter(mask: u16, next: &[i32; 64], from: u32, slots: &mut [i32; 16]) {
    let values = in_register(load_first::<_, 16>(next.get(from as usize..).unwrap_or_default()));
    store(slots, _mm512_add_epi32(load(slots), _mm512_maskz_expand_epi32(mask, values)));
}

/// The same of few bits: first all their places, so that no loop's end has to be guessed word by word.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
fn expand_few(words: &[Le8], codes: &[u8], lut: &[i32; 256], window: &mut [i32; PLACES]) {
    let (mut places, mut n) = ([0u16; SPARSE * WORDS + 64], 0);
    for (i, word) in words.iter().enumerate() {
        n = put(u64::from_le_bytes(*word), i, &mut places, n);
    }
    for (place, code) in places.get(..n).unwrap_or_default().iter().zip(codes) {
        let slot = &mut window[usize::from(*place) % PLACES];
        *slot = slot.wrapping_add(lut[usize::from(*code)]);
    }
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn expand_codes(words: &[Le8], codes: &[u8], lut: &[i32; 256], window: &mut [i32; PLACES]) {
    let words = words.get(..WORDS).unwrap_or(words);
    if is_sparse(words) {
        return expand_few(words, codes, lut, window);
    }
    // A part of the window at a time: what was just stored word by word is slow to load as vectors.
    let mut scored = [0; 1024 + 64];
    let mut codes = codes;
    for (words, slots) in words.chunks(16).zip(window.as_chunks_mut::<1024>().0) {
        let bits = portable::count_or(words, &[]) as usize;
        let (here, later) = codes.split_at(bits.min(codes.len()));
        avx2::score(here, lut, &mut scored);
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

/// All bits of each quarter but the top one.
const FIFTEEN: u64 = 0x7fff_7fff_7fff_7fff;
/// For each set of quarters, their numbers, a byte each.
static QUARTERS: [u32; 16] = {
    let mut quarters = [0; 16];
    let mut set = 0;
    while set < 16 {
        let (mut bit, mut next) = (0, 0);
        while bit < 4 {
            if set >> bit & 1 == 1 {
                quarters[set] |= bit << (8 * next);
                next += 1;
            }
            bit += 1;
        }
        set += 1;
    }
    quarters
};

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn sweep(window: &mut [i32; PLACES], least: i32, need: i32, others: &[Other<'_>], swept: &mut Swept) -> usize {
    let thresholds = portable::thresholds(least, need, others);
    // A list of the quarters of words that have something: compared all first, so that no branch has to be guessed.
    let (mut live, mut count) = ([0u8; 4 * WORDS + 8], 0);
    for (i, (slots, threshold)) in (0u32..).step_by(4).zip(window.as_chunks::<64>().0.iter().zip(&thresholds)) {
        let threshold = _mm512_set1_epi32(*threshold);
        let [a, b, c, d] = slots.as_chunks::<16>().0 else { continue };
        let low = _mm512_kunpackw(_mm512_cmpge_epi32_mask(load(b), threshold).into(), _mm512_cmpge_epi32_mask(load(a), threshold).into());
        let high = _mm512_kunpackw(_mm512_cmpge_epi32_mask(load(d), threshold).into(), _mm512_cmpge_epi32_mask(load(c), threshold).into());
        let word = _mm512_kunpackd(high.into(), low.into());
        // The top bit of each quarter that is not zero.
        let tops = (((word & FIFTEEN) + FIFTEEN) | word) & !FIFTEEN;
        let quarters = _pext_u64(tops, !FIFTEEN) as usize;
        if let Some(slot) = live.get_mut(count..).and_then(|free| free.first_chunk_mut::<4>()) {
            *slot = (i * 0x0101_0101 + QUARTERS[quarters % 16]).to_le_bytes();
        }
        count += quarters.count_ones() as usize;
    }
    let (least, need, mut n) = (_mm512_set1_epi32(least), _mm512_set1_epi32(need), 0);
    for quarter in live.get(..count).unwrap_or_default() {
        let (i, shift) = (usize::from(quarter / 4), u32::from(quarter % 4) * 16);
        let Some(slots) = window.as_chunks::<16>().0.get(usize::from(*quarter)) else { break };
        let value = load(slots);
        let mut sum = value;
        for Other { words, bounds } in others {
            let word = words.get(i).map_or(0, |word| u64::from_le_bytes(*word));
            sum = _mm512_mask_add_epi32(sum, (word >> shift) as u16, sum, _mm512_set1_epi32(bounds[i % WORDS]));
        }
        let mask = _mm512_mask_cmpge_epi32_mask(_mm512_cmpge_epi32_mask(value, least), sum, need);
        if mask != 0 {
            store_at::<_, 16>(&mut swept.scores, n, _mm512_maskz_compress_epi32(mask, value));
            store_at::<_, 16>(&mut swept.sums, n, _mm512_maskz_compress_epi32(mask, sum));
            n = put(u64::from(mask) << shift, i, &mut swept.places, n);
        }
    }
    window.fill(0);
    n
}

/// Appends the numbers of the set bits of word `i`.
#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
#[inline]
pub(super) fn put(word: u64, i: usize, places: &mut [u16], n: usize) -> usize {
    let (base, at) = (_mm512_set1_epi16((i * 64) as i16), _mm512_maskz_compress_epi8(word, load(&IOTA)));
    store_at::<_, 32>(places, n, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(at))));
    if word.count_ones() > 32 {
        store_at::<_, 32>(places, n + 32, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(at))));
    }
    n + word.count_ones() as usize
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn filter_bits(words: &[Le8], codes: &[u8], least: u8, bits: &mut [u64; WORDS]) {
    let least = _mm512_set1_epi8(least.cast_signed());
    let words = words.get(..WORDS).unwrap_or(words);
    // A number, not what is left of the slice: one addition is all that a word waits for.
    let mut before = 0;
    for (word, bits) in words.iter().zip(bits.iter_mut()) {
        let word = u64::from_le_bytes(*word);
        let passing = _mm512_cmpge_epu8_mask(load_first::<_, 64>(codes.get(before..).unwrap_or_default()), least);
        *bits &= _pdep_u64(passing, word);
        before += word.count_ones() as usize;
    }
    bits[words.len()..].fill(0);
}

#[target_feature(enable = "avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,avx512vpopcntdq,bmi1,bmi2,popcnt,lzcnt")]
pub(super) fn bits_to_places(bits: &[u64; WORDS], places: &mut [u16; SWEPT]) -> usize {
    let (mut live, mut n) = (0u64, 0);
    for (i, words) in bits.as_chunks::<8>().0.iter().enumerate() {
        let words = load(words);
        live |= u64::from(_mm512_test_epi64_mask(words, words)) << (8 * i);
    }
    while live != 0 {
        let i = live.trailing_zeros() as usize;
        live &= live - 1;
        n = put(bits[i], i, places, n);
    }
    n
}
