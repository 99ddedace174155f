//! Sixteen small numbers of a block at once.
//!
//! **In**: 16 numbers below 2^32. **Out**: each of them, sums from the first on, comparisons of all with one. **Law**: they are stored at 4,
//! 8 or 32 bits each, whatever the greatest needs; nearly always 4, where all 16 are one register and each answer is a few operations on
//! it, without a loop or a branch. All is inlined: the copies of half-written structures cost a lookup a third of its time.
//! Source: Lamport, "Multiple Byte Processing with Full-Word Instructions" (CACM 1975).

/// How many numbers.
pub(super) const LANES: usize = 16;
const ONES: u64 = 0x1111_1111_1111_1111;
const HIGH: u64 = ONES << 3;

/// What is asked of sixteen numbers.
pub(in crate::codec) trait Lanes: Copy {
    /// Number `lane`, below 16.
    fn get(&self, lane: u32) -> usize;
    /// The sum of the numbers before `lane`, up to 16.
    fn before(&self, lane: u32) -> usize;
    /// The last number before `lane` that is below `bound`.
    fn last_below(&self, lane: u32, bound: usize) -> Option<u32>;
    /// The low four bits of each number.
    fn low_bits(&self) -> u64;
}

/// Sixteen numbers of four bits.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct Narrow(pub u64);

/// Sixteen numbers.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) enum Sizes<'a> {
    /// Of four bits.
    Narrow(Narrow),
    /// Of a byte.
    Bytes(&'a [u8; LANES]),
    /// Of four bytes.
    Wide(&'a [[u8; 4]; LANES]),
}

/// The lanes before `lane`, all bits of each.
#[inline(always)]
pub(super) fn lanes_before(lane: u32) -> u64 {
    1u64.checked_shl(4 * lane).map_or(u64::MAX, |bit| bit - 1)
}

/// The same four bits in every lane.
#[inline(always)]
pub(super) fn splat(value: u64) -> u64 {
    (value & 15) * ONES
}

/// The highest bit of each lane that is zero.
#[inline(always)]
pub(super) fn zero_lanes(lanes: u64) -> u64 {
    !(((lanes & !HIGH) + !HIGH) | lanes) & HIGH
}

/// The highest bit of each lane that is below the same lane of `bound`.
#[inline(always)]
fn lanes_below(lanes: u64, bound: u64) -> u64 {
    let low_bits = (lanes | HIGH) - (bound & !HIGH); // bit 3 of a lane: its low three bits are at least the bound's
    let at_least = (lanes & !bound) | (!(lanes ^ bound) & low_bits);
    !at_least & HIGH
}

/// How many bits numbers up to `max` are stored at: 0 = 4, 1 = 8, 2 = 32.
pub(super) fn form_of(max: u32) -> u8 {
    if max < 16 {
        0
    } else if max < 256 {
        1
    } else {
        2
    }
}

/// Appends 16 numbers in a form that the greatest fits into.
pub(super) fn write(out: &mut Vec<u8>, sizes: &[u32; LANES], form: u8) {
    match form {
        0 => out.extend(sizes.as_chunks::<2>().0.iter().map(|[low, high]| (low | high << 4) as u8)),
        1 => out.extend(sizes.iter().map(|size| *size as u8)),
        _ => out.extend(sizes.iter().flat_map(|size| size.to_le_bytes())),
    }
}

impl<'a> Sizes<'a> {
    /// Takes 16 numbers off the front of `bytes`; `None` when they are cut off or the form is none.
    #[inline]
    pub fn take(bytes: &mut &'a [u8], form: u8) -> Option<Self> {
        let sizes;
        (sizes, *bytes) = match form {
            0 => bytes.split_first_chunk::<8>().map(|(word, rest)| (Self::Narrow(Narrow(u64::from_le_bytes(*word))), rest))?,
            1 => bytes.split_first_chunk::<LANES>().map(|(sizes, rest)| (Self::Bytes(sizes), rest))?,
            2 => {
                let (sizes, rest) = bytes.split_at_checked(4 * LANES)?;
                (Self::Wide(sizes.as_chunks::<4>().0.first_chunk()?), rest)
            }
            _ => return None,
        };
        Some(sizes)
    }
}

impl Lanes for Narrow {
    #[inline(always)]
    fn get(&self, lane: u32) -> usize {
        (self.0 >> (4 * (lane % 16)) & 15) as usize
    }

    #[inline(always)]
    fn before(&self, lane: u32) -> usize {
        const EVEN: u64 = 0x0f0f_0f0f_0f0f_0f0f;
        let lanes = self.0 & lanes_before(lane);
        let pairs = (lanes & EVEN) + (lanes >> 4 & EVEN);
        (pairs.wrapping_mul(0x0101_0101_0101_0101) >> 56) as usize // at most 240
    }

    #[inline(always)]
    fn last_below(&self, lane: u32, bound: usize) -> Option<u32> {
        if bound > 15 {
            return lane.checked_sub(1);
        }
        let below = lanes_below(self.0, splat(bound as u64)) & lanes_before(lane);
        below.checked_ilog2().map(|bit| bit / 4)
    }

    #[inline(always)]
    fn low_bits(&self) -> u64 {
        self.0
    }
}

impl Lanes for Sizes<'_> {
    fn get(&self, lane: u32) -> usize {
        match self {
            Self::Narrow(word) => word.get(lane),
            Self::Bytes(sizes) => usize::from(sizes[lane as usize % LANES]),
            Self::Wide(sizes) => u32::from_le_bytes(sizes[lane as usize % LANES]) as usize,
        }
    }

    fn before(&self, lane: u32) -> usize {
        match self {
            Self::Narrow(word) => word.before(lane),
            Self::Bytes(sizes) => sizes.iter().take(lane as usize).map(|size| usize::from(*size)).sum(),
            Self::Wide(sizes) => {
                sizes.iter().take(lane as usize).fold(0, |sum, size| sum.saturating_add(u32::from_le_bytes(*size) as usize))
            }
        }
    }

    fn last_below(&self, lane: u32, bound: usize) -> Option<u32> {
        match self {
            Self::Narrow(word) => word.last_below(lane, bound),
            _ => (0..lane).rev().find(|lane| self.get(*lane) < bound),
        }
    }

    fn low_bits(&self) -> u64 {
        match self {
            Self::Narrow(word) => word.low_bits(),
            _ => (0..LANES as u32).rev().fold(0, |lanes, lane| lanes << 4 | (self.get(lane) as u64 & 15)),
        }
    }
}

/// The sums of the lanes of two words, each modulo 16.
#[inline(always)]
pub(super) fn add_lanes(a: u64, b: u64) -> u64 {
    ((a & !HIGH) + (b & !HIGH)) ^ ((a ^ b) & HIGH)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn numbers() -> impl Strategy<Value = [u32; LANES]> {
        let below = |most: u32| prop::array::uniform16(0..most);
        prop_oneof![below(16), below(4), below(256), below(70_000)]
    }

    proptest! {
        #[test]
        fn every_answer_is_that_of_the_numbers(numbers in numbers(), more in prop::array::uniform16(0u32..16), bound in 0usize..20) {
            let form = form_of(numbers.iter().copied().max().unwrap());
            for form in form..3 {
                let mut out = vec![];
                write(&mut out, &numbers, form);
                out.push(7);
                let mut rest = &out[..];
                let sizes = Sizes::take(&mut rest, form).unwrap();
                prop_assert_eq!(rest, &[7u8][..]);
                prop_assert!(Sizes::take(&mut &out[2..], form).is_none() && Sizes::take(&mut &out[..], 3).is_none());
                for lane in 0..16u32 {
                    prop_assert_eq!(sizes.get(lane), numbers[lane as usize] as usize);
                    let last = numbers[..lane as usize].iter().rposition(|number| (*number as usize) < bound).map(|lane| lane as u32);
                    prop_assert_eq!(sizes.last_below(lane, bound), last);
                }
                for lane in 0..=16u32 {
                    prop_assert_eq!(sizes.before(lane), numbers[..lane as usize].iter().sum::<u32>() as usize);
                }
                let word = |numbers: &[u32; LANES]| numbers.iter().rev().fold(0u64, |word, number| word << 4 | u64::from(number & 15));
                prop_assert_eq!(sizes.low_bits(), word(&numbers));
                let sum: [u32; LANES] = std::array::from_fn(|lane| (numbers[lane] & 15) + more[lane]);
                prop_assert_eq!(add_lanes(sizes.low_bits(), word(&more)), word(&sum));
                let zeros = (0..16).filter(|lane| sum[*lane] & 15 == 0).fold(0u64, |zeros, lane| zeros | 8 << (4 * lane));
                prop_assert_eq!(zero_lanes(word(&sum)), zeros);
            }
        }
    }
}
