//! The naive twins: one thing at a time, as the agreement says it.

use super::super::{CoarseOther, Le2, Le4, Le8, MISS, Other};

pub(super) const PLACES: usize = 4096;

pub(super) fn filter(codes: &[u8], least: u8, room: usize) -> Vec<u32> {
    (0..codes.len().min(room)).filter(|i| codes[*i] >= least).map(|i| i as u32).collect()
}

pub(super) fn fill(value: f64, saturation: &[f64]) -> Vec<i32> {
    let one = |factor: &f64| if *factor == 0.0 || value == 0.0 { 0 } else { std::cmp::max(1, (value * factor).trunc() as i32) };
    saturation.iter().map(one).collect()
}

pub(super) fn score(codes: &[u8], lut: &[i32; 256]) -> Vec<i32> {
    codes.iter().map(|code| lut[*code as usize]).collect()
}

pub(super) fn scatter(low: &[Le2], contributions: &[i32], base: usize, window: &mut [i32]) {
    for i in 0..low.len().min(contributions.len()) {
        let place = base.wrapping_add(u16::from_le_bytes(low[i]) as usize) % PLACES;
        window[place] = window[place].wrapping_add(contributions[i]);
    }
}

pub(super) fn fold(docs: impl Iterator<Item = usize>, table: &[u8]) -> Vec<u8> {
    let mut folded = table.to_vec();
    docs.filter(|_| !table.is_empty()).for_each(|doc| folded[doc & (table.len() - 1)] = 1);
    folded
}

pub(super) fn is_marked(table: &[u8], doc: u32) -> bool {
    !table.is_empty() && table[doc as usize & (table.len() - 1)] % 2 == 1
}

pub(super) fn set_places(words: &[Le8]) -> Vec<usize> {
    (0..words.len() * 64).filter(|place| u64::from_le_bytes(words[place / 64]) & 1 << (place % 64) != 0).collect()
}

pub(super) fn expand(words: &[Le8], contributions: &[i32], window: &mut [i32]) {
    for (place, value) in set_places(&words[..words.len().min(64)]).into_iter().zip(contributions) {
        window[place] = window[place].wrapping_add(*value);
    }
}

pub(super) fn filter_bits(words: &[Le8], codes: &[u8], least: u8, bits: &mut [u64]) {
    let passing = |j: usize| codes.get(j).copied().unwrap_or(0) >= least;
    let mut kept = vec![0; bits.len()];
    for (j, place) in set_places(&words[..words.len().min(64)]).into_iter().enumerate() {
        kept[place / 64] |= u64::from(passing(j)) << (place % 64);
    }
    bits.iter_mut().zip(kept).for_each(|(bits, kept)| *bits &= kept);
}

/// Place, value, sum.
pub(super) fn sweep(window: &[i32], least: i32, need: i32, others: &[Other<'_>]) -> Vec<(u16, i32, i32)> {
    let more = |place: usize, other: &Other<'_>| {
        let there = other.words.get(place / 64).is_some_and(|word| u64::from_le_bytes(*word) & 1 << (place % 64) != 0);
        if there { other.bounds[place / 64] } else { 0 }
    };
    let sum = |place: usize| others.iter().fold(window[place], |sum, other| sum.wrapping_add(more(place, other)));
    let found = (0..PLACES).filter(|place| window[*place] >= least && sum(*place) >= need);
    found.map(|place| (place as u16, window[place], sum(place))).collect()
}

pub(super) fn coarsen(bounds: &[i32], factor: f32) -> Vec<u8> {
    let one = |bound: &i32| if *bound > 0 { ((*bound as f32 * factor).min(254.0).trunc() as u8) + 1 } else { 0 };
    bounds.iter().map(one).collect()
}

pub(super) fn scatter_coarse(low: &[Le2], values: &[u8], base: usize, window: &mut [u8]) {
    for (low, value) in low.iter().zip(values) {
        let place = base.wrapping_add(u16::from_le_bytes(*low) as usize);
        if place < window.len() {
            window[place] = window[place].saturating_add(*value);
        }
    }
}

pub(super) fn expand_coarse(words: &[Le8], codes: &[u8], lut: &[u8; 256], window: &mut [u8]) {
    for (j, place) in set_places(&words[..words.len().min(window.len() / 64)]).into_iter().enumerate() {
        window[place] = window[place].saturating_add(lut[usize::from(codes.get(j).copied().unwrap_or(0))]);
    }
}

pub(super) fn sweep_coarse(window: &[u8], least: u8, need: u8, others: &[CoarseOther<'_>]) -> Vec<u16> {
    let more = |place: usize, other: &CoarseOther<'_>| if has(other.words, place) { other.bounds[place / 64] } else { 0 };
    let sum = |place: usize| others.iter().fold(window[place], |sum, other| sum.saturating_add(more(place, other)));
    (0..window.len()).filter(|place| window[*place] >= least && sum(*place) >= need).map(|place| place as u16).collect()
}

pub(super) fn probe_aligned(starts: &[Le4], low: &[Le2], shift: u32, doc: u32) -> u32 {
    if shift > 16 {
        return MISS;
    }
    let (block, key) = ((doc >> shift) as usize, (u64::from(doc) % (1 << shift)) as u16);
    if block + 1 >= starts.len() {
        return MISS;
    }
    let (start, end) = (u32::from_le_bytes(starts[block]) as usize, u32::from_le_bytes(starts[block + 1]) as usize);
    let found = if start <= end && end <= low.len() { (start..end).find(|i| low[*i] == key.to_le_bytes()) } else { None };
    found.map_or(MISS, |i| i as u32)
}

pub(super) fn probe_sorted(list: &[u32], doc: u32) -> u32 {
    list.iter().position(|listed| *listed == doc).map_or(MISS, |i| i as u32)
}

pub(super) fn has(words: &[Le8], doc: usize) -> bool {
    words.get(doc / 64).is_some_and(|word| word[doc % 64 / 8] & 1 << (doc % 8) != 0)
}

pub(super) fn probe_bitmap(words: &[Le8], ranks: &[Le4], doc: u32) -> u32 {
    if !has(words, doc as usize) {
        return MISS;
    }
    let (doc, group) = (doc as usize, doc as usize / 512);
    let rank = ranks.get(group).map_or(0, |rank| u32::from_le_bytes(*rank));
    rank.wrapping_add((group * 512..doc).filter(|before| has(words, *before)).count() as u32)
}

/// The documents of postings that stand behind `before`, the number of those before word `from`; until one has none.
pub(super) fn select(words: &[Le8], from: usize, before: u32, indices: &[u32]) -> Vec<u32> {
    let docs: Vec<u32> = (from * 64..words.len() * 64).filter(|doc| has(words, *doc)).map(|doc| doc as u32).collect();
    let of = |index: &u32| if *index < before { Some(0) } else { docs.get((*index - before) as usize).copied() };
    indices.iter().map_while(of).collect()
}

pub(super) fn block_bound(maxima: &[u8], shift: u32, bound: &[i32; 256], words: &[Le8], doc: u32) -> i32 {
    let code = maxima.get((u64::from(doc) >> shift) as usize).copied().unwrap_or(0);
    if words.is_empty() || has(words, doc as usize) { bound[usize::from(code)] } else { 0 }
}

/// A word of a list, 0 behind its end.
pub(super) fn word(words: &[Le8], i: usize) -> u64 {
    words.get(i).map_or(0, |word| u64::from_le_bytes(*word))
}

pub(super) fn ones(word: u64) -> u64 {
    (0..64).filter(|bit| word & 1 << bit != 0).count() as u64
}

pub(super) fn squeeze(candidates: &[(u32, i32, i32)], theta: i32, tie: u32) -> Vec<(u32, i32, i32)> {
    let needed = |doc: u32| if doc > tie { theta.wrapping_add(1) } else { theta };
    candidates.iter().copied().filter(|(doc, score, rest)| score.wrapping_add(*rest) >= needed(*doc)).collect()
}

pub(super) fn unpack_gaps(bytes: &[u8], width: u32, first: u32, count: usize) -> Vec<u32> {
    let bit = |at: usize| u32::from(bytes.get(at / 8).is_some_and(|byte| byte & 1 << (at % 8) != 0));
    let width = width.min(32) as usize;
    let mut docs = vec![first];
    for i in 0..count {
        let gap = (0..width).map(|j| bit(i * width + j) << j).fold(0, |a, b| a | b);
        docs.push(docs[i].wrapping_add(gap).wrapping_add(1));
    }
    docs.truncate(count);
    docs
}
