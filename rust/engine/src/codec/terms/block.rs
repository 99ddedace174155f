//! A block of a dictionary: 16 terms and what is known of each.
//!
//! **In**: verified bytes. **Out**: a term's lane (its number in the block), its bytes, its info. **Law**: each is found without those
//! before it: how long the parts of all lanes are stands in front of them ([`Sizes`](super::sizes)). A term is sought by the four bits of
//! its tag and the low four of its length, both for all lanes at once; hardly ever more than one lane is left, and only that one is
//! compared. Whatever the bytes are, nothing panics.

use super::sizes::{LANES, Lanes, Narrow, Sizes, add_lanes, lanes_before, splat, zero_lanes};
use super::{TermInfo, TermPlace, prefix_of};
use crate::base::varint;
use crate::codec::codebook::Codebook;

/// What a block is sought by.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct Sought<'a> {
    pub term: &'a [u8],
    pub tag: u8,
}

/// One block, cut into its parts.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct Block<'a, S = Sizes<'a>> {
    /// Offset in the section, for errors.
    pub at: usize,
    /// How many terms it has.
    pub count: u32,
    /// By lane: the only posting stands here.
    singles: u16,
    tags: u64,
    /// How many bytes each term has in common with the one before.
    shared: S,
    /// How many bytes follow.
    rest: S,
    info: S,
    /// Where the first record is.
    base: u64,
    /// The bytes of the terms, then the infos.
    bytes: &'a [u8],
    /// Where `bytes` is in the section.
    bytes_at: usize,
    has_positions: bool,
}

/// Where the bytes of a block are, and how many terms it has.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct BlockBytes<'a> {
    pub bytes: &'a [u8],
    /// Offset in the section.
    pub at: usize,
    pub count: u32,
    pub has_positions: bool,
}

impl<'a> Block<'a> {
    /// `None` when the bytes are cut off.
    #[inline]
    pub fn read(block: BlockBytes<'a>) -> Option<Self> {
        Self::cut(block, Sizes::take)
    }
}

impl<'a> Block<'a, Narrow> {
    /// The form that nearly all blocks have; `None` for others, and when the bytes are cut off.
    #[inline(always)]
    pub fn read_narrow(block: BlockBytes<'a>) -> Option<Self> {
        Self::cut(block, |bytes, form| {
            let (word, rest) = bytes.split_first_chunk::<8>().filter(|_| form == 0)?;
            *bytes = rest;
            Some(Narrow(u64::from_le_bytes(*word)))
        })
    }
}

impl<'a, S: Lanes> Block<'a, S> {
    #[inline(always)]
    fn cut(block: BlockBytes<'a>, take: impl Fn(&mut &'a [u8], u8) -> Option<S>) -> Option<Self> {
        let BlockBytes { bytes: block, at, count, has_positions } = block;
        let (&[form, low, high], rest) = block.split_first_chunk::<3>()?;
        let singles = u16::from_le_bytes([low, high]);
        let (tags, mut rest) = rest.split_first_chunk::<8>()?;
        let (shared, tails, info) = (take(&mut rest, form & 3)?, take(&mut rest, form & 3)?, take(&mut rest, form >> 2)?);
        let (&[a, b, c, d, e, f], bytes) = rest.split_first_chunk::<6>()?;
        let base = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
        let bytes_at = at + (block.len() - bytes.len());
        Some(Self { at, count, singles, tags: u64::from_le_bytes(*tags), shared, rest: tails, info, base, bytes, bytes_at, has_positions })
    }

    /// How many bytes a term has in common with the one before it in the block, and the others; `None` when it is cut off.
    #[inline(always)]
    pub fn term(&self, lane: u32) -> Option<(usize, &'a [u8])> {
        let at = self.rest.before(lane);
        let bytes = self.bytes.get(at..at.checked_add(self.rest.get(lane))?)?;
        Some((if lane == 0 { 0 } else { self.shared.get(lane) }, bytes))
    }

    /// The lane of a term; `Err` when the block contradicts itself.
    #[inline(always)]
    pub fn find(&self, sought: Sought<'_>) -> Result<Option<u32>, ()> {
        let lengths = add_lanes(self.shared.low_bits(), self.rest.low_bits());
        let differs = (self.tags ^ splat(u64::from(sought.tag))) | (lengths ^ splat(sought.term.len() as u64));
        let mut lanes = zero_lanes(differs) & lanes_before(self.count);
        while lanes != 0 {
            let lane = lanes.trailing_zeros() / 4;
            if self.is_term(lane, sought.term)? {
                return Ok(Some(lane));
            }
            lanes &= lanes - 1;
        }
        Ok(None)
    }

    /// Whether a lane has this term: its last bytes stand here, those before in the last lane that shares fewer bytes, and so on.
    #[inline(always)]
    fn is_term(&self, mut lane: u32, term: &[u8]) -> Result<bool, ()> {
        if self.shared.get(lane) + self.rest.get(lane) != term.len() {
            return Ok(false);
        }
        if term.len() > 16 {
            return self.is_long_term(lane, term);
        }
        let whole = u128::from(prefix_of(term)) << 64 | u128::from(prefix_of(term.get(8..).unwrap_or_default()));
        let (first, mut end) = (lane, term.len());
        loop {
            let shared = if lane == 0 { 0 } else { self.shared.get(lane) };
            let stored = self.bytes.get(self.rest.before(lane)..).and_then(<[u8]>::first_chunk);
            let Some(stored) = stored else { return self.is_long_term(first, term) };
            let differs = whole << (8 * shared % 128) ^ u128::from_be_bytes(*stored);
            if differs.checked_shr(128 - 8 * (end - shared) as u32).unwrap_or(0) != 0 {
                return Ok(false);
            }
            if shared == 0 {
                return Ok(true);
            }
            end = shared;
            lane = self.shared.last_below(lane, shared).ok_or(())?;
        }
    }

    /// The same for terms of any length.
    #[inline(never)]
    fn is_long_term(&self, mut lane: u32, term: &[u8]) -> Result<bool, ()> {
        let mut left = term;
        loop {
            let (shared, bytes) = self.term(lane).ok_or(())?;
            let (before, wanted) = left.split_at_checked(shared).ok_or(())?;
            if bytes.get(..wanted.len()).ok_or(())? != wanted {
                return Ok(false);
            }
            if before.is_empty() {
                return Ok(true);
            }
            left = before;
            lane = self.shared.last_below(lane, shared).ok_or(())?;
        }
    }

    /// What is known of the term in a lane; `None` when it is cut off or contradicts itself.
    #[inline(always)]
    pub fn info(&self, lane: u32, book: &Codebook) -> Option<TermInfo> {
        if self.singles >> (lane % 16) & 1 == 1 { self.single(lane, book) } else { self.list(lane) }
    }

    #[inline(always)]
    fn info_bytes(&self, lane: u32) -> Option<&'a [u8]> {
        self.bytes.get(self.rest.before(LANES as u32).checked_add(self.info.before(lane))?..)
    }

    fn single(&self, lane: u32, book: &Codebook) -> Option<TermInfo> {
        let rest = &mut self.info_bytes(lane)?;
        let doc = u32::try_from(varint::read(rest)?).ok()?;
        let (code, after) = rest.split_at_checked(usize::from(book.has_codes()))?;
        *rest = after;
        let (code, pair) = match code.first() {
            Some(code) if book.is_mixed(*code) => (*code, u32::try_from(varint::read(rest)?).ok()?),
            Some(code) => (*code, book.top(*code)?),
            None => (0, 0),
        };
        let positions = rest.len();
        if self.has_positions {
            for _ in 0..book.pairs().get(pair as usize)?.tf {
                varint::read(rest)?;
            }
        }
        let (at, len) = (self.bytes_at + (self.bytes.len() - positions), positions - rest.len());
        Some(TermInfo { df: 1, place: TermPlace::Single { doc, pair, code, at, len } })
    }

    #[inline(always)]
    fn list(&self, lane: u32) -> Option<TermInfo> {
        let rest = &mut self.info_bytes(lane)?;
        let df = u32::try_from(varint::read_unpredicted(rest)?).ok()?;
        let start = varint::read_unpredicted(rest)?;
        // Its positions end where the next record begins.
        let later = !u32::from(self.singles) & !((2 << lane) - 1) & ((1 << self.count) - 1);
        let next = &mut self.info_bytes(later.trailing_zeros().min(LANES as u32))?;
        if later != 0 {
            varint::read_unpredicted(next)?;
        }
        let end = varint::read_unpredicted(next)?;
        let len = usize::try_from(end.checked_sub(start)?).ok()?;
        let record_len = if self.has_positions { usize::try_from(varint::read_unpredicted(rest)?).ok()? } else { len };
        let at = usize::try_from(self.base.checked_add(start)?).ok()?;
        at.checked_add(len)?;
        Some(TermInfo { df, place: TermPlace::List { at, record_len, positions_len: len.checked_sub(record_len)? } })
    }
}
