//! A group of postings: how many positions each has, and the gaps between them.
//!
//! **In**: term frequencies and gaps. **Out**: of each posting, where its gaps lie in the group. **Law**: the grammar stands in the room
//! above. A posting is found by counting bits, in a few steps a 64 positions; nothing is copied.

use crate::codec::packed::{self, PackedSlice};

/// Groups of more positions have no marks.
const MOST_MARKED: usize = 1 << 12;
/// Bits of a group's head.
const WIDTH: u8 = 0x3f;
const MARKED: u8 = 0x40;
const SINGLE: u8 = 0x80;

/// Appends a group: the term frequencies of its postings, and all their gaps.
pub(super) fn write_group(out: &mut Vec<u8>, tfs: &[u32], deltas: &[u32]) {
    let several = deltas.len() > tfs.len();
    let all = deltas.iter().fold(0, |all, delta| all | delta);
    let width = packed::width_of(u64::from(all)).max(u32::from(several));
    let marked = several && deltas.len() <= MOST_MARKED;
    out.push(width as u8 | if marked { MARKED } else { 0 } | if several { 0 } else { SINGLE });
    if marked {
        out.extend_from_slice(&(deltas.len() as u16).to_le_bytes());
        let mut begins = [0u64; MOST_MARKED / 64];
        let mut at = 0;
        for tf in tfs {
            begins[at / 64 % begins.len()] |= 1 << (at % 64);
            at += *tf as usize;
        }
        let words = begins.iter().take(deltas.len().div_ceil(64));
        let end = out.len() + deltas.len().div_ceil(8);
        words.for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        out.truncate(end);
    }
    packed::pack(deltas.iter().map(|delta| u64::from(*delta)), width, out);
}

/// A group of postings.
#[derive(Clone, Copy, Debug)]
pub struct PositionGroup<'a> {
    pub(super) gaps: PackedSlice<'a>,
    single: bool,
    /// A bit a gap: whether a posting begins there; and how many there are. None where the group does not say.
    begins: Option<(&'a [u8], u32)>,
}

impl<'a> PositionGroup<'a> {
    /// `None` when it is cut off.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, mut gaps) = bytes.split_first()?;
        let mut begins = None;
        if head & MARKED != 0 {
            let (count, rest) = gaps.split_first_chunk::<2>()?;
            let count = u16::from_le_bytes(*count);
            let (bits, rest) = rest.split_at_checked(usize::from(count).div_ceil(8))?;
            (begins, gaps) = (Some((bits, u32::from(count))), rest);
        }
        Some(Self { gaps: PackedSlice::new(gaps, u32::from(head & WIDTH))?, single: head & SINGLE != 0, begins })
    }

    /// Before how many gaps the `at`th posting of the group begins, and how many it has; `None` when the group does not say.
    #[inline]
    #[must_use]
    pub fn find(&self, at: u32) -> Option<(u32, u32)> {
        if self.single {
            return Some((at, 1));
        }
        let (bits, count) = self.begins?;
        let mut left = at;
        for number in 0..bits.len().div_ceil(8) {
            let word = word(bits, number);
            let sums = running_ones(word);
            let ones = (sums >> 56) as u32;
            if left < ones {
                let place = nth(word, sums, left);
                // The next one ends it; it may stand in a later word, or nowhere.
                let rest = word >> place >> 1;
                let start = number as u32 * 64 + place;
                if rest != 0 {
                    return Some((start, rest.trailing_zeros() + 1));
                }
                let later = (number + 1..bits.len().div_ceil(8)).map(|number| (number as u32, self::word(bits, number)));
                let next = later.into_iter().find(|(_, word)| *word != 0).map(|(number, word)| number * 64 + word.trailing_zeros());
                return Some((start, next.unwrap_or(count).saturating_sub(start)));
            }
            left -= ones;
        }
        None
    }

    /// How many gaps there are, when the group says so.
    pub(super) fn count(&self) -> Option<u64> {
        self.begins.map(|(_, count)| u64::from(count))
    }
}

/// 64 bits; those behind the end are 0.
#[inline]
fn word(bits: &[u8], number: usize) -> u64 {
    let rest = bits.get(number * 8..).unwrap_or_default();
    match rest.first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = LOW << 7;

/// In each byte how many bits are set in it and in those below. Without the instruction that counts, which not every processor has.
/// Source: Vigna, "Broadword Implementation of Rank/Select Queries" (WEA 2008).
#[inline]
fn running_ones(word: u64) -> u64 {
    let twos = word - (word >> 1 & 0x5555_5555_5555_5555);
    let fours = (twos & 0x3333_3333_3333_3333) + (twos >> 2 & 0x3333_3333_3333_3333);
    ((fours + (fours >> 4)) & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(LOW)
}

/// The place of the `left`th set bit, counted from 0, of a word with more; `sums` are its [`running_ones`].
#[inline]
fn nth(word: u64, sums: u64, left: u32) -> u32 {
    // In each byte whether it and those below have too few.
    let few = ((u64::from(left) * LOW) | HIGH).wrapping_sub(sums) >> 7 & LOW;
    let place = (few.wrapping_mul(LOW) >> 56) as u32 * 8;
    let before = (sums << 8 >> (place % 64)) as u32 & 0xff;
    let mut rest = word >> (place % 64);
    for _ in before..left {
        rest &= rest.wrapping_sub(1);
    }
    place + rest.trailing_zeros()
}

/// Where gaps between positions lie: all of them are there.
#[derive(Clone, Copy, Debug)]
pub struct PositionPlace<'a> {
    pub(super) gaps: PackedSlice<'a>,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl<'a> PositionPlace<'a> {
    /// Of the first gaps of a group.
    #[must_use]
    pub fn new(gaps: PackedSlice<'a>, count: usize) -> Self {
        Self { gaps, from: 0, to: count }
    }

    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::new(PackedSlice::none(), 0)
    }

    /// All of them.
    #[inline]
    #[must_use]
    pub fn gaps(self) -> Gaps<'a> {
        Gaps(self)
    }
}

/// Gaps one by one.
#[derive(Clone, Debug)]
pub struct Gaps<'a>(PositionPlace<'a>);

impl Iterator for Gaps<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let PositionPlace { gaps, from, to } = &mut self.0;
        (from < to).then(|| {
            *from += 1;
            gaps.get(*from - 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_nth_bit_is_found(word in any::<u64>(), mask in any::<u64>()) {
            for word in [word, word & mask, word | mask] {
                let (sums, set): (_, Vec<u32>) = (running_ones(word), (0..64).filter(|bit| word >> bit & 1 == 1).collect());
                prop_assert_eq!(sums >> 56, set.len() as u64);
                for (left, place) in set.iter().enumerate() {
                    prop_assert_eq!(nth(word, sums, left as u32), *place);
                }
            }
        }
    }
}
