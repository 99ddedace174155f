//! What stands beside a term in its block.

use crate::base::varint;
use crate::codec::codebook::Codebook;

/// What the dictionary knows of a term: enough to open its postings without the block that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::codec) struct TermInfo {
    /// In how many documents it is.
    pub df: u32,
    pub place: TermPlace,
}

/// Where the postings of a term are. Offsets are those of the section of the postings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::codec) enum TermPlace {
    /// The only posting, from the dictionary itself, and where its positions stand there. `code` is 0 in fields without codes.
    Single { doc: u32, pair: u32, code: u8, at: usize, len: usize },
    /// A record, and positions behind it.
    List { at: usize, record_len: usize, positions_len: usize },
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
    /// Where `rest` ends in the section.
    pub end: usize,
    /// Where the next record begins.
    pub record_at: u64,
    pub has_positions: bool,
}

impl<'a> InfoReader<'a> {
    /// The next term's; `None` when it is cut off or contradicts itself.
    #[inline]
    pub fn next(&mut self, book: &Codebook) -> Option<TermInfo> {
        let df = u32::try_from(varint::read(&mut self.rest)?).ok()?;
        if df == 0 { self.single(book) } else { self.list(df) }
    }

    fn single(&mut self, book: &Codebook) -> Option<TermInfo> {
        let doc = u32::try_from(varint::read(&mut self.rest)?).ok()?;
        let (code, rest) = self.rest.split_at_checked(usize::from(book.has_codes()))?;
        self.rest = rest;
        let pair = match code.first() {
            Some(code) if book.is_mixed(*code) => u32::try_from(varint::read(&mut self.rest)?).ok()?,
            Some(code) => book.top(*code)?,
            None => 0,
        };
        let positions = self.rest.len();
        if self.has_positions {
            for _ in 0..book.pairs().get(pair as usize)?.tf {
                varint::read(&mut self.rest)?;
            }
        }
        let (at, len) = (self.end.checked_sub(positions)?, positions - self.rest.len());
        let code = code.first().copied().unwrap_or(0);
        Some(TermInfo { df: 1, place: TermPlace::Single { doc, pair, code, at, len } })
    }

    fn list(&mut self, df: u32) -> Option<TermInfo> {
        let record_len = usize::try_from(varint::read(&mut self.rest)?).ok()?;
        let positions_len = if self.has_positions { usize::try_from(varint::read(&mut self.rest)?).ok()? } else { 0 };
        let at = usize::try_from(self.record_at).ok()?;
        self.record_at = at.checked_add(record_len)?.checked_add(positions_len)? as u64;
        Some(TermInfo { df, place: TermPlace::List { at, record_len, positions_len } })
    }
}
