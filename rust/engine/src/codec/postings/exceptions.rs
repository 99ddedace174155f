//! The postings whose pair is not the one that their code means.
//!
//! **Law**: ascending by posting index; the low 10 bits of the index are stored, and in lists over 1024 postings a start for each 1024.
//!
//! ```text
//! [start:u32 ×ceil(df/1024)]  low:u16 ×count  pair:u16|u32 ×count
//! ```
//! `start` is the number of exceptions before the group, left out when `df` ≤ 1024. Pair numbers take 4 bytes in fields of over 65536
//! pairs, else 2.

use super::{Cutter, Damaged};

/// Postings under one start.
const GROUP: u32 = 1024;

/// Appends `(posting index, pair number)`, ascending, of a list of `df` postings.
pub fn write(out: &mut Vec<u8>, df: u32, wide: bool, exceptions: &[(u32, u32)]) {
    if exceptions.is_empty() {
        return;
    }
    if df > GROUP {
        for group in 0..df.div_ceil(GROUP) {
            let start = exceptions.partition_point(|(index, _)| *index < group * GROUP);
            out.extend_from_slice(&(start as u32).to_le_bytes());
        }
    }
    out.extend(exceptions.iter().flat_map(|(index, _)| ((index % GROUP) as u16).to_le_bytes()));
    for (_, pair) in exceptions {
        out.extend_from_slice(&pair.to_le_bytes()[..if wide { 4 } else { 2 }]);
    }
}

/// The reader twin.
#[derive(Clone, Copy, Debug)]
pub struct Exceptions<'a> {
    starts: &'a [[u8; 4]],
    low: &'a [[u8; 2]],
    pairs: &'a [u8],
    pair_len: usize,
}

impl<'a> Exceptions<'a> {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self { starts: &[], low: &[], pairs: &[], pair_len: 2 }
    }

    pub(super) fn read(record: &mut Cutter<'a>, df: u32, wide: bool, count: u32) -> Result<Self, Damaged> {
        if count == 0 {
            return Ok(Self::none());
        }
        let pair_len = if wide { 4 } else { 2 };
        let starts = record.arrays(if df > GROUP { df.div_ceil(GROUP) as usize } else { 0 })?;
        let low = record.arrays(count as usize)?;
        Ok(Self { starts, low, pairs: record.bytes(low.len() * pair_len)?, pair_len })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.low.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.low.is_empty()
    }

    /// Which exceptions are of postings `1024 · group ..`.
    fn group(&self, group: u32) -> (usize, usize) {
        let start = |group: usize| self.starts.get(group).map(|start| u32::from_le_bytes(*start) as usize);
        match start(group as usize) {
            Some(from) => (from, start(group as usize + 1).unwrap_or(self.low.len())),
            None if group == 0 => (0, self.low.len()),
            None => (0, 0),
        }
    }

    /// Where the exceptions near a posting, and their pairs, begin: to be asked for ahead, not to be read.
    #[must_use]
    pub fn ahead(&self, index: u32) -> [&'a [u8]; 2] {
        let (from, to) = self.group(index / GROUP);
        let about = from + to.saturating_sub(from) * (index % GROUP) as usize / GROUP as usize;
        [self.low.get(about..).unwrap_or_default().as_flattened(), self.pairs.get(about * self.pair_len..).unwrap_or_default()]
    }

    /// The pair number of a posting, when it is an exception.
    #[inline]
    #[must_use]
    pub fn find(&self, index: u32) -> Option<u32> {
        let (from, to) = self.group(index / GROUP);
        let wanted = index % GROUP;
        let lows = self.low.get(from..to)?;
        // Few: counting has no branch to guess wrong, and eight are compared at once.
        let at = match lows.len() {
            0..=96 => lows.iter().map(|low| u16::from(u32::from(u16::from_le_bytes(*low)) < wanted)).sum::<u16>() as usize,
            _ => lows.partition_point(|low| u32::from(u16::from_le_bytes(*low)) < wanted),
        };
        (lows.get(at).map(|low| u32::from(u16::from_le_bytes(*low))) == Some(wanted)).then(|| self.pair(from + at))?
    }

    /// Calls `f(posting index, pair number)` for the exceptions among the postings `from..to`, ascending.
    #[inline]
    pub fn each(&self, from: u32, to: u32, mut f: impl FnMut(u32, u32)) {
        if self.low.is_empty() || from >= to {
            return;
        }
        for group in from / GROUP..=(to - 1) / GROUP {
            let (start, end) = self.group(group);
            let base = group * GROUP;
            let skip = match from.checked_sub(base) {
                Some(least) if least > 0 => {
                    let lows = self.low.get(start..end).unwrap_or_default();
                    lows.partition_point(|low| u32::from(u16::from_le_bytes(*low)) < least)
                }
                _ => 0,
            };
            for at in start + skip..end {
                let (Some(low), Some(pair)) = (self.low(at), self.pair(at)) else { break };
                let index = base.saturating_add(low);
                if index >= to {
                    break;
                }
                f(index, pair);
            }
        }
    }

    fn low(&self, at: usize) -> Option<u32> {
        self.low.get(at).map(|low| u32::from(u16::from_le_bytes(*low)))
    }

    fn pair(&self, at: usize) -> Option<u32> {
        let bytes = self.pairs.get(at * self.pair_len..(at + 1) * self.pair_len)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}

/// Meets the exceptions of ascending postings.
#[derive(Clone, Copy, Debug)]
pub struct ExceptionCursor {
    /// No posting before this one is an exception that was not met yet.
    next: u32,
    group: u32,
    at: usize,
    end: usize,
}

impl ExceptionCursor {
    /// Before the first posting.
    #[must_use]
    pub fn new(exceptions: &Exceptions<'_>) -> Self {
        Self { next: if exceptions.is_empty() { u32::MAX } else { 0 }, group: u32::MAX, at: 0, end: 0 }
    }

    /// The pair number of posting `index` when it is an exception. Indexes must ascend from call to call.
    #[inline]
    pub fn pair(&mut self, exceptions: &Exceptions<'_>, index: u32) -> Option<u32> {
        if index < self.next { None } else { self.search(exceptions, index) }
    }

    fn search(&mut self, exceptions: &Exceptions<'_>, index: u32) -> Option<u32> {
        let (group, wanted) = (index / GROUP, index % GROUP);
        if group != self.group {
            (self.at, self.end) = exceptions.group(group);
            self.group = group;
            let lows = exceptions.low.get(self.at..self.end).unwrap_or_default();
            self.at += lows.partition_point(|low| u32::from(u16::from_le_bytes(*low)) < wanted);
        }
        while self.at < self.end {
            match exceptions.low(self.at) {
                Some(low) if low < wanted => self.at += 1,
                Some(low) if low == wanted => {
                    self.next = index + 1;
                    return exceptions.pair(self.at);
                }
                Some(low) => {
                    self.next = (group * GROUP).saturating_add(low);
                    return None;
                }
                None => break,
            }
        }
        self.next = (group + 1).saturating_mul(GROUP);
        None
    }
}
