//! Reads a term's postings.
//!
//! **In**: a verified record and its field's codebook. **Out**: documents with posting index, term frequency and length code, by ascending
//! windows or one by one. **Law**: whatever the bytes are, documents handed out lie in the asked window and below the number of documents,
//! and nothing panics. Positions are read in [`places`](super::places).

use super::aligned::AlignedDocs;
use super::exceptions::{ExceptionCursor, Exceptions};
use super::gaps::GapDocs;
use super::{BlockMaxima, Cutter, Damaged, DocumentBytes, Layout, STRONGEST_FROM, Thresholds, block_count};
use crate::base::{Error, Result};
use crate::codec::bitmaps::{self, PresenceBitmap};
use crate::codec::codebook::{Codebook, Pair};
use crate::codec::container::Section;
use crate::codec::positions::{PositionGroup, PositionLists};

/// What of a field its lists are read with.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct FieldView<'a> {
    pub doc_count: u32,
    pub thresholds: Thresholds,
    pub book: &'a Codebook,
    pub has_positions: bool,
}

/// Where a term's bytes are.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct RecordPlace<'a> {
    pub section: &'a Section,
    /// Offset of the record in the section, for errors.
    pub at: usize,
    pub record: &'a [u8],
}

/// Each code as a list of itself: what stands in the dictionary is handed out like a list.
static CODES: [u8; 256] = {
    let mut codes = [0; 256];
    let mut code = 0;
    while code < 256 {
        codes[code] = code as u8;
        code += 1;
    }
    codes
};

/// A posting that stands in the dictionary.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct Single {
    pub doc: u32,
    /// 0 in fields without codes.
    pub code: u8,
    pub pair: u32,
}

#[derive(Clone, Debug)]
enum Documents<'a> {
    /// A single posting that stands in the dictionary.
    One {
        doc: u32,
        pair: u32,
    },
    Gaps(GapDocs<'a>),
    Aligned(AlignedDocs<'a>),
    Bitmap(PresenceBitmap<'a>, BlockMaxima<'a>),
}

/// The postings of one term. Cheap to make; keeps what it decoded last.
#[derive(Clone, Debug)]
pub struct Postings<'a> {
    pub(super) field: FieldView<'a>,
    place: RecordPlace<'a>,
    pub(super) df: u32,
    documents: Documents<'a>,
    strongest: [u8; 4],
    pub(super) codes: &'a [u8],
    pub(super) exceptions: Exceptions<'a>,
    pub(super) positions: PositionLists<'a>,
    /// The group of positions that was read last.
    pub(super) reached: Option<(u32, PositionGroup<'a>)>,
}

impl<'a> Postings<'a> {
    /// Of the record at `place`.
    pub(in crate::codec) fn open(field: FieldView<'a>, place: RecordPlace<'a>, positions: PositionLists<'a>, df: u32) -> Result<Self> {
        Self::read(field, place, positions, df).map_err(|damaged| place.section.corruption(place.at, damaged.0))
    }

    fn read(field: FieldView<'a>, place: RecordPlace<'a>, positions: PositionLists<'a>, df: u32) -> Result<Self, Damaged> {
        if df == 0 || df > field.doc_count {
            return Err(Damaged("a term's frequency is 0 or over the number of documents"));
        }
        let record = &mut Cutter(place.record);
        let has_codes = field.book.has_codes();
        let strongest = if has_codes && df >= STRONGEST_FROM { record.array()? } else { [0; 4] };
        let exceptions = if field.book.has_exceptions() { record.varint_u32()? } else { 0 };
        let documents = match field.thresholds.layout(df) {
            Layout::Gaps => Documents::Gaps(GapDocs::read(record, df, has_codes)?),
            Layout::Aligned => Documents::Aligned(AlignedDocs::read(record, df, field.doc_count, has_codes)?),
            Layout::Bitmap => {
                let bytes = record.bytes(bitmaps::written_len(field.doc_count))?;
                let bitmap = PresenceBitmap::read(bytes, field.doc_count).ok_or(Damaged("a bitmap has a wrong length"))?;
                Documents::Bitmap(bitmap, if has_codes { document_maxima(record, field.doc_count)? } else { BlockMaxima::None })
            }
        };
        let codes = record.bytes(if has_codes { df as usize } else { 0 })?;
        let exceptions = Exceptions::read(record, df, field.book.pairs().len() > 1 << 16, exceptions)?;
        Ok(Self { field, place, df, documents, strongest, codes, exceptions, positions, reached: None })
    }

    /// Of the only posting of a term that has no record.
    pub(in crate::codec) fn single(
        field: FieldView<'a>,
        place: RecordPlace<'a>,
        positions: PositionLists<'a>,
        only: Single,
    ) -> Result<Self> {
        if only.doc >= field.doc_count {
            return Err(place.section.corruption(place.at, "a term's document is beyond the last"));
        }
        let exceptions = Exceptions::none();
        let documents = Documents::One { doc: only.doc, pair: only.pair };
        let codes = if field.book.has_codes() { CODES.get(usize::from(only.code)..).unwrap_or_default() } else { &[] };
        let codes = codes.get(..1).unwrap_or_default();
        Ok(Self { field, place, df: 1, documents, strongest: [0; 4], codes, exceptions, positions, reached: None })
    }

    #[cold]
    pub(super) fn corruption(&self, damaged: Damaged) -> Error {
        self.place.section.corruption(self.place.at, damaged.0)
    }

    /// In how many documents the term is.
    #[must_use]
    pub fn df(&self) -> u32 {
        self.df
    }

    /// The codes by posting index; empty when all postings of the field have the same pair.
    #[must_use]
    pub fn codes(&self) -> &'a [u8] {
        self.codes
    }

    /// The field's codebook.
    #[must_use]
    pub fn codebook(&self) -> &'a Codebook {
        self.field.book
    }

    /// The largest, 10th, 100th and 1000th largest code, 0 where there are fewer postings; none below 10 postings.
    #[must_use]
    pub fn strongest(&self) -> Option<[u8; 4]> {
        (self.df >= STRONGEST_FROM && !self.codes.is_empty()).then_some(self.strongest)
    }

    /// The greatest codes of its blocks.
    #[must_use]
    pub fn block_maxima(&self) -> BlockMaxima<'a> {
        match &self.documents {
            _ if self.codes.is_empty() => BlockMaxima::None,
            Documents::One { .. } => BlockMaxima::None,
            Documents::Gaps(docs) if docs.max_codes().is_empty() => BlockMaxima::None,
            Documents::Gaps(docs) => BlockMaxima::ByPosting(docs.max_codes()),
            Documents::Aligned(docs) => BlockMaxima::ByDocument { shift: docs.shift(), codes: docs.max_codes() },
            Documents::Bitmap(_, maxima) => *maxima,
        }
    }

    /// The documents as they lie in the file, for executors with loops of their own. Lists of gaps are not laid out by document: they are
    /// decoded by [`Postings::decode_documents`].
    #[must_use]
    pub fn documents(&self) -> Option<DocumentBytes<'a>> {
        match &self.documents {
            Documents::One { .. } | Documents::Gaps(_) => None,
            Documents::Aligned(docs) => Some(docs.bytes()),
            Documents::Bitmap(bitmap, _) => Some(bitmap.bytes()),
        }
    }

    /// Appends all documents of a list that is not laid out by document. `unpack` writes the documents of a block, given its first, the
    /// width of its gaps less one, and their bytes.
    ///
    /// # Errors
    /// As [`Postings::collect_window`].
    pub fn decode_documents(&self, out: &mut Vec<u32>, unpack: fn(&[u8], u32, u32, &mut [u32])) -> Result<()> {
        match &self.documents {
            Documents::One { doc, .. } => out.push(*doc),
            Documents::Gaps(docs) => {
                for block in 0..docs.block_count() {
                    let (first, width, gaps, count) = docs.packed(block).map_err(|damaged| self.corruption(damaged))?;
                    let start = out.len();
                    out.resize(start + count, 0);
                    unpack(gaps, width, first, out.get_mut(start..).unwrap_or_default());
                }
            }
            Documents::Aligned(_) | Documents::Bitmap(..) => {
                return Err(Error::Defect("a list that is laid out by document is read there"));
            }
        }
        Ok(())
    }

    /// The postings whose pair is not the one that their code means.
    #[must_use]
    pub fn exceptions(&self) -> Exceptions<'a> {
        self.exceptions
    }

    /// The pair number of the only posting of a term that has no record.
    #[must_use]
    pub fn single_pair(&self) -> Option<u32> {
        if let Documents::One { pair, .. } = &self.documents { Some(*pair) } else { None }
    }

    /// Calls `f(document, posting index, tf, norm)` for the postings in `from..to`, ascending. Windows may come in any order; ascending is
    /// fastest.
    ///
    /// # Errors
    /// [`Error::Corruption`] when the list contradicts itself.
    #[inline]
    pub fn collect_window(&mut self, from: u32, to: u32, f: &mut impl FnMut(u32, u32, u32, u8)) -> Result<()> {
        let Self { codes, exceptions, field, .. } = *self;
        let mut cursor = ExceptionCursor::new(&exceptions);
        let sole = if let Documents::One { pair, .. } = &self.documents { Some(*pair) } else { codes.is_empty().then_some(0) };
        let sole = sole.map(|number| field.book.pairs().get(number as usize).copied().unwrap_or_default());
        self.each(from, to, &mut |doc, index| {
            let pair = match sole {
                Some(pair) => pair,
                None => pair_of(&field, codes, &exceptions, &mut cursor, index)?,
            };
            f(doc, index, pair.tf, pair.norm);
            Ok(())
        })
    }

    /// Sets bit `doc - from` in `bits` for the documents in `from..to`; `from` is a multiple of 64. Bits beyond the slice are left out.
    ///
    /// # Errors
    /// As [`Postings::collect_window`].
    pub fn mark_window(&mut self, from: u32, to: u32, bits: &mut [u64]) -> Result<()> {
        let to = to.min(self.field.doc_count);
        if let Documents::Bitmap(bitmap, _) = &self.documents {
            for (word, bits) in (from / 64..to.div_ceil(64)).zip(bits) {
                *bits |= bitmap.word(word) & bitmaps::masked(word * 64, from, to);
            }
            return Ok(());
        }
        self.each(from, to, &mut |doc, _| {
            if let Some(word) = bits.get_mut((doc - from) as usize / 64) {
                *word |= 1 << ((doc - from) % 64);
            }
            Ok(())
        })
    }

    #[inline]
    fn each(&mut self, from: u32, to: u32, f: &mut impl FnMut(u32, u32) -> Result<(), Damaged>) -> Result<()> {
        let to = to.min(self.field.doc_count);
        let done = match &mut self.documents {
            Documents::One { doc, .. } => {
                if (from..to).contains(doc) {
                    f(*doc, 0)
                } else {
                    Ok(())
                }
            }
            Documents::Gaps(docs) => docs.window(from, to, f),
            Documents::Aligned(docs) => docs.window(from, to, f),
            Documents::Bitmap(docs, _) => docs.window(from, to, f),
        };
        done.map_err(|damaged| self.corruption(damaged))
    }

    /// The posting index of a document, if the term is in it.
    ///
    /// # Errors
    /// As [`Postings::collect_window`].
    #[inline]
    pub fn find(&mut self, doc: u32) -> Result<Option<u32>> {
        if doc >= self.field.doc_count {
            return Ok(None);
        }
        let found = match &mut self.documents {
            Documents::One { doc: only, .. } => Ok((*only == doc).then_some(0)),
            Documents::Gaps(docs) => docs.find(doc),
            Documents::Aligned(docs) => docs.find(doc),
            Documents::Bitmap(docs, _) => Ok(docs.find(doc)),
        };
        found.map_err(|damaged| self.corruption(damaged))
    }

    /// Term frequency and length code of a posting.
    ///
    /// # Errors
    /// As [`Postings::collect_window`], also when there is no such posting.
    #[inline]
    pub fn pair(&self, index: u32) -> Result<Pair> {
        if let Some(code) = self.codes.get(index as usize)
            && !self.field.book.is_mixed(*code)
            && !self.is_single()
            && self.field.book.top(*code).is_some()
        {
            return Ok(self.field.book.meaning(*code));
        }
        self.pair_number(&mut ExceptionCursor::new(&self.exceptions), index)
            .map(|number| self.field.book.pairs().get(number as usize).copied().unwrap_or_default())
            .map_err(|damaged| self.corruption(damaged))
    }

    fn is_single(&self) -> bool {
        matches!(self.documents, Documents::One { .. })
    }

    fn pair_number(&self, cursor: &mut ExceptionCursor, index: u32) -> Result<u32, Damaged> {
        let number = match &self.documents {
            _ if index >= self.df => None,
            Documents::One { pair, .. } => Some(*pair),
            _ if self.codes.is_empty() => Some(0),
            _ => match cursor.pair(&self.exceptions, index) {
                Some(number) => Some(number),
                None => self.codes.get(index as usize).and_then(|code| self.field.book.top(*code)),
            },
        };
        number
            .filter(|number| (*number as usize) < self.field.book.pairs().len())
            .ok_or(Damaged("a posting has a pair that its field has not"))
    }

    /// Appends everything: documents, their pairs' numbers, and the gaps between each document's positions, the first from 0.
    ///
    /// # Errors
    /// As [`Postings::collect_window`].
    pub(crate) fn read_all(&mut self, docs: &mut Vec<u32>, pairs: &mut Vec<u32>, deltas: &mut Vec<u32>) -> Result<()> {
        let (start, mut cursor) = (pairs.len(), ExceptionCursor::new(&self.exceptions));
        self.each(0, u32::MAX, &mut |doc, _| {
            docs.push(doc);
            Ok(())
        })?;
        for index in 0..self.df {
            pairs.push(self.pair_number(&mut cursor, index).map_err(|damaged| self.corruption(damaged))?);
        }
        if docs.len() - start != self.df as usize {
            return Err(self.corruption(Damaged("a list has another number of documents than its term")));
        }
        if self.field.has_positions {
            let book = self.field.book.pairs();
            let tfs = pairs.get(start..).unwrap_or_default().iter().map(|pair| book.get(*pair as usize).map_or(1, |pair| pair.tf));
            self.positions.read_all(tfs, |delta| deltas.push(delta))?;
        }
        Ok(())
    }
}

fn document_maxima<'a>(record: &mut Cutter<'a>, doc_count: u32) -> Result<BlockMaxima<'a>, Damaged> {
    let shift = u32::from(record.u8()?);
    if shift > 16 {
        return Err(Damaged("aligned blocks are wider than 65536 documents"));
    }
    Ok(BlockMaxima::ByDocument { shift, codes: record.bytes(block_count(doc_count, shift))? })
}

/// The pair of posting `index`, in a field with codes; indexes ascend from call to call.
#[inline]
fn pair_of(
    field: &FieldView<'_>,
    codes: &[u8],
    exceptions: &Exceptions<'_>,
    cursor: &mut ExceptionCursor,
    index: u32,
) -> Result<Pair, Damaged> {
    let code = codes.get(index as usize).ok_or(Damaged("a posting beyond the last"))?;
    match cursor.pair(exceptions, index) {
        None => Ok(field.book.meaning(*code)),
        Some(number) => field.book.pairs().get(number as usize).copied().ok_or(Damaged("an exception has a pair that its field has not")),
    }
}
