//! Searches of a batch of documents, for the levels to inline with their own comparison.
//!
//! **Law**: first the cache lines of the whole batch are asked for, then all is searched; the searches have no branch that depends on
//! whether a document is there. Lists that do not ascend end every search all the same.

use core::hint::select_unpredictable;

use super::lanes::touch;
use super::portable;
use super::table::{Le2, Le4, Le8, MISS, RANKED};

/// Documents whose lines are asked for before the first search.
const BATCH: usize = 64;

/// What a vector of low parts told: bits of those before the key, of those equal to it, of all.
pub(super) struct Compared {
    pub(super) before: u32,
    pub(super) equal: u32,
    pub(super) all: u32,
}

/// [`super::Kernels::probe_aligned`], with `compare(low, from, end, key)` of up to `LANES` low parts in `from..end`, `BITS` bits for each.
#[inline(always)]
pub(super) fn aligned<const LANES: usize, const BITS: u32>(
    starts: &[Le4],
    low: &[Le2],
    shift: u32,
    docs: &[u32],
    out: &mut [u32],
    compare: impl Fn(&[Le2], usize, usize, u16) -> Compared,
) {
    if shift > 16 {
        return out.iter_mut().zip(docs).for_each(|(out, _)| *out = MISS);
    }
    if docs.len() == 1 {
        // A document alone waits for its line anyway: no room for a whole batch is cleared.
        return aligned_in::<LANES, BITS, 1>(starts, low, shift, docs, out, compare);
    }
    aligned_in::<LANES, BITS, BATCH>(starts, low, shift, docs, out, compare);
}

#[inline(always)]
fn aligned_in<const LANES: usize, const BITS: u32, const BATCH: usize>(
    starts: &[Le4],
    low: &[Le2],
    shift: u32,
    docs: &[u32],
    out: &mut [u32],
    compare: impl Fn(&[Le2], usize, usize, u16) -> Compared,
) {
    let within = (1u32 << shift) - 1;
    let mut ranges = [(0u32, 0u32, 0u32); BATCH];
    for (docs, out) in docs.chunks(BATCH).zip(out.chunks_mut(BATCH)) {
        for (doc, range) in docs.iter().zip(&mut ranges) {
            let (start, end) = block_of(starts, low.len(), doc >> shift);
            // Where the document would stand if the block's documents lay evenly; half a vector earlier, so that it is in the middle.
            let (start, end) = (start as i64, end as i64);
            let guess = start + ((i64::from(doc & within) * (end - start)) >> shift);
            let from = (guess - LANES as i64 / 2).min(end - LANES as i64).max(start);
            touch(low, from as usize);
            touch(low, from as usize + LANES - 1);
            *range = (start as u32, end as u32, from as u32);
        }
        for ((doc, out), (start, end, from)) in docs.iter().zip(out).zip(&ranges) {
            let (start, end, mut from, key) = (*start as usize, *end as usize, *from as usize, (doc & within) as u16);
            let mut seen = compare(low, from, end, key);
            // Nearly never: on to the side where it must be.
            while seen.before | seen.equal == 0 && from > start {
                let behind = from;
                from = from.saturating_sub(LANES).max(start);
                seen = compare(low, from, behind, key);
            }
            while seen.before == seen.all && from + LANES < end {
                from += LANES;
                seen = compare(low, from, end, key);
            }
            *out = select_unpredictable(seen.equal != 0, from as u32 + seen.equal.trailing_zeros() / BITS, MISS);
        }
    }
}

/// The postings of a document's block, in `0..low`.
#[inline(always)]
pub(super) fn block_of(starts: &[Le4], low: usize, block: u32) -> (usize, usize) {
    let Some([start, end]) = starts.get(block as usize..).and_then(|rest| rest.first_chunk::<2>()) else { return (0, 0) };
    let (start, end) = (u32::from_le_bytes(*start) as usize, u32::from_le_bytes(*end) as usize);
    if start <= end && end <= low { (start, end) } else { (0, 0) }
}

/// Searches that run side by side.
const ABREAST: usize = 8;
/// Fewer documents than these are searched one by one.
const FEW: usize = 4;

/// [`super::Kernels::probe_sorted`], with `equal(list, doc)`: a bit for each of the first `LANES` of the list that is the document.
#[inline(always)]
pub(super) fn sorted<const LANES: usize>(list: &[u32], docs: &[u32], out: &mut [u32], equal: impl Fn(&[u32], u32) -> u32) {
    let Some(last) = list.len().checked_sub(1) else { return out.iter_mut().zip(docs).for_each(|(out, _)| *out = MISS) };
    if docs.len() < FEW {
        return portable::probe_sorted(list, docs, out);
    }
    for (docs, out) in docs.chunks(ABREAST).zip(out.chunks_mut(ABREAST)) {
        let mut batch = [0; ABREAST];
        match docs.first_chunk() {
            Some(whole) => batch = *whole,
            None => batch.iter_mut().zip(docs).for_each(|(doc, from)| *doc = *from),
        }
        let (mut from, mut size) = ([0usize; ABREAST], list.len());
        while size > LANES {
            let half = size / 2;
            for (from, doc) in from.iter_mut().zip(&batch) {
                let middle = *from + half;
                // The minimum is its first number; with it the compiler sees that no check is needed, which would be a branch.
                *from = select_unpredictable(list[(middle - 1).min(last)] < *doc, middle, *from);
            }
            size -= half;
        }
        for ((out, from), doc) in out.iter_mut().zip(from).zip(docs) {
            let equal = equal(list.get(from..).unwrap_or_default(), *doc);
            *out = select_unpredictable(equal != 0, from as u32 + equal.trailing_zeros(), MISS);
        }
    }
}

/// Words under one rank.
const GROUP: usize = RANKED as usize / 64;

/// [`super::Kernels::probe_bitmap`], with `rank(words, place)`: the set bits before a place of a group's words.
#[inline(always)]
pub(super) fn bitmap(words: &[Le8], ranks: &[Le4], docs: &[u32], out: &mut [u32], rank: impl Fn(&[Le8; GROUP], u32) -> u32) {
    for (docs, out) in docs.chunks(BATCH).zip(out.chunks_mut(BATCH)) {
        for doc in docs {
            touch(words, (doc / 64) as usize);
            touch(ranks, (doc / RANKED) as usize);
        }
        for (doc, out) in docs.iter().zip(out) {
            let group = (doc / RANKED) as usize;
            let tail = words.get(group * GROUP..).unwrap_or_default();
            let sum = match tail.first_chunk() {
                Some(whole) => rank(whole, doc % RANKED),
                None => {
                    let mut padded = [[0; 8]; GROUP];
                    padded.iter_mut().zip(tail).for_each(|(padded, word)| *padded = *word);
                    rank(&padded, doc % RANKED)
                }
            };
            let before = ranks.get(group).map_or(0, |rank| u32::from_le_bytes(*rank));
            let word = words.get((doc / 64) as usize).map_or(0, |word| u64::from_le_bytes(*word));
            *out = select_unpredictable(word >> (doc % 64) & 1 == 1, before.wrapping_add(sum), MISS);
        }
    }
}

/// For each word of a group, which words are before it.
static BEFORE: [[u64; GROUP]; GROUP] = {
    let mut before = [[0; GROUP]; GROUP];
    let mut i = 0;
    while i < GROUP * GROUP {
        before[i / GROUP][i % GROUP] = if i % GROUP < i / GROUP { u64::MAX } else { 0 };
        i += 1;
    }
    before
};

/// The set bits before `place` with one popcount a word, and no branch.
#[inline(always)]
pub(super) fn rank(words: &[Le8; GROUP], place: u32) -> u32 {
    let at = place as usize / 64 % GROUP;
    let mut sum = (u64::from_le_bytes(words[at]) & ((1 << (place % 64)) - 1)).count_ones();
    for (word, all) in words.iter().zip(&BEFORE[at]) {
        sum += (u64::from_le_bytes(*word) & all).count_ones();
    }
    sum
}
