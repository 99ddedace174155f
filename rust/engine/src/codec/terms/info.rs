//! What stands beside a term in its block.

use std::ops::Range;

use crate::base::varint;
use crate::codec::codebook::Codebook;

/// What the dictionary knows of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::codec) enum TermInfo<'a> {
    /// One posting, which stands in the dictionary.
    Single { doc: u32, code: &'a [u8], pair: u32, positions: &'a [u8] },
    /// A record and positions, as ranges of the section.
    List { df: u32, record: Range<usize>, positions: Range<usize> },
}

/// Appends the info of a term with one posting.
#[inline]
pub(in crate::codec) fn write_single(out: &mut Vec<u8>, book: &Codebook, doc: u32, pair: u32, deltas: &[u32]) {
    out.push(0);
    varint::write(out, u64::from(doc));
    if book.has_codes() {
        let (code, _) = book.code(pair);
        out.push(code);
        if book.is_mixed(code) {
            varint::write(out, u64::from(pair));
        }
    }
    deltas.iter().for_each(|delta| varint::write(out, u64::from(*delta)));
}

/// Appends the info of a term with a record.
#[inline]
pub(in crate::codec) fn write_list(out: &mut Vec<u8>, df: u32, record_len: usize, positions_len: Option<usize>) {
    varint::write(out, u64::from(df));
    varint::write(out, record_len as u64);
    if let Some(len) = positions_len {
        varint::write(out, len as u64);
    }
}

/// Reads the infos of a block one after the other.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct InfoReader<'a> {
    pub rest: &'a [u8],
    /// Where the next record begins.
    pub record_at: u64,
    pub has_positions: bool,
}

impl<'a> InfoReader<'a> {
    /// The next term's; `None` when it is cut off or contradicts itself.
    #[inline]
    pub fn next(&mut self, book: &Codebook) -> Option<TermInfo<'a>> {
        let df = u32::try_from(varint::read(&mut self.rest)?).ok()?;
        if df == 0 { self.single(book) } else { self.list(df) }
    }

    fn single(&mut self, book: &Codebook) -> Option<TermInfo<'a>> {
        let doc = u32::try_from(varint::read(&mut self.rest)?).ok()?;
        let (code, rest) = self.rest.split_at_checked(usize::from(book.has_codes()))?;
        self.rest = rest;
        let pair = match code.first() {
            Some(code) if book.is_mixed(*code) => u32::try_from(varint::read(&mut self.rest)?).ok()?,
            Some(code) => book.top(*code)?,
            None => 0,
        };
        let positions = self.rest;
        if self.has_positions {
            for _ in 0..book.pairs().get(pair as usize)?.tf {
                varint::read(&mut self.rest)?;
            }
        }
        let positions = positions.get(..positions.len() - self.rest.len())?;
        Some(TermInfo::Single { doc, code, pair, positions })
    }

    fn list(&mut self, df: u32) -> Option<TermInfo<'a>> {
        let record_len = varint::read(&mut self.rest)?;
        let positions_len = if self.has_positions { varint::read(&mut self.rest)? } else { 0 };
        let start = usize::try_from(self.record_at).ok()?;
        let middle = start.checked_add(usize::try_from(record_len).ok()?)?;
        let end = middle.checked_add(usize::try_from(positions_len).ok()?)?;
        self.record_at = end as u64;
        Some(TermInfo::List { df, record: start..middle, positions: middle..end })
    }
}
