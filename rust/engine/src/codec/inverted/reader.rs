//! The reader twin of a field's inverted index.

use std::ops::Bound;
use std::sync::Arc;

use levenshtein_automata::{DFA, Distance, SINK_STATE};

use super::super::codebook::Codebook;
use super::super::container::{Section, SectionKey, SectionKind, SegmentFile};
use super::super::positions::PositionLists;
use super::super::postings::{FieldView, Postings, RecordPlace, Single};
use super::super::terms::{self, Dictionary, TermCursor, TermInfo, dead_prefix};
use super::head::Head;
use super::{FieldForm, InvertedStats};
use crate::base::{DocId, Error, FieldId, Interrupt, Result, TermOrd};

/// Takes a term, its ordinal and its distance; `false` ends the scan.
pub type FuzzySink<'f> = dyn FnMut(&[u8], TermOrd, u8) -> Result<bool> + 'f;

/// The inverted index of one field of a segment.
#[derive(Debug)]
pub struct InvertedReader {
    dictionary: Dictionary,
    norms: Option<Section>,
    codebook: Section,
    head: Head,
}

impl InvertedReader {
    /// Opens a field; `None` when no document of the segment has a token in it. Reads the field's head only.
    ///
    /// # Errors
    /// [`Error::Corruption`] when the head is not intact or a section is missing.
    pub fn open(file: &Arc<SegmentFile>, field: FieldId) -> Result<Option<Self>> {
        let section = |kind| file.section(SectionKey::field(kind, field));
        let Some(codebook) = section(SectionKind::Codebook) else { return Ok(None) };
        let mut head = Head::read(codebook.all()?).ok_or_else(|| codebook.corruption(0, "a field's head contradicts itself"))?;
        head.counts = Vec::new();
        let missing = || codebook.corruption(0, "a field without its lists, their index or its lengths");
        let (blocks, index) = section(SectionKind::Postings).zip(section(SectionKind::TermIndex)).ok_or_else(missing)?;
        let norms = section(SectionKind::Norms);
        if norms.as_ref().map(Section::len) != head.form.norms.then_some(head.doc_count as usize) {
            return Err(missing());
        }
        let dictionary = Dictionary::open(blocks, index, head.stats.terms, head.form.positions)?;
        Ok(Some(Self { dictionary, norms, codebook, head }))
    }

    /// The field's counts.
    #[must_use]
    pub fn stats(&self) -> &InvertedStats {
        &self.head.stats
    }

    /// Documents with at least one token.
    #[must_use]
    pub fn docs(&self) -> u32 {
        self.head.stats.docs
    }

    /// Tokens in all documents.
    #[must_use]
    pub fn sum_dl(&self) -> u64 {
        self.head.stats.sum_dl
    }

    /// Different terms; their ordinals are `0..terms`.
    #[must_use]
    pub fn terms(&self) -> u32 {
        self.head.stats.terms
    }

    /// Documents of the segment.
    #[must_use]
    pub fn doc_count(&self) -> u32 {
        self.head.doc_count
    }

    /// What the field holds besides documents.
    #[must_use]
    pub fn form(&self) -> FieldForm {
        self.head.form
    }

    /// Whether postings have positions.
    #[must_use]
    pub fn has_positions(&self) -> bool {
        self.head.form.positions
    }

    /// The field's rank codes.
    #[must_use]
    pub fn codebook(&self) -> &Codebook {
        &self.head.book
    }

    /// Bytes of each structure, by name.
    #[must_use]
    pub fn bytes(&self) -> Vec<(&'static str, u64)> {
        let bytes = &self.head.bytes;
        vec![
            ("dictionary", bytes.dictionary),
            ("dictionary_index", bytes.index),
            ("gap_lists", bytes.records.gaps),
            ("aligned_lists", bytes.records.aligned),
            ("bitmaps", bytes.records.bitmaps),
            ("codes", bytes.records.codes),
            ("exceptions", bytes.records.exceptions),
            ("positions", bytes.positions),
            ("norms", self.norms.as_ref().map_or(0, |norms| norms.len() as u64)),
        ]
    }

    /// The length code of a document; 0 when it has no token, and in fields without lengths.
    ///
    /// # Errors
    /// [`Error::Corruption`] when its page is not intact; also for a document beyond the last.
    #[inline]
    pub fn norm(&self, doc: DocId) -> Result<u8> {
        match &self.norms {
            Some(norms) => norms.array::<1>(doc.index()).map(|[code]| code),
            None => Ok(0),
        }
    }

    /// The length codes by document; empty in fields without lengths.
    ///
    /// # Errors
    /// [`Error::Corruption`] when a page is not intact.
    pub fn norms(&self) -> Result<&[u8]> {
        self.norms.as_ref().map_or(Ok(&[]), Section::all)
    }

    /// The ordinal of a term.
    ///
    /// # Errors
    /// [`Error::Corruption`] when the dictionary is not intact where it is read.
    pub fn find(&self, term: &[u8]) -> Result<Option<TermOrd>> {
        self.dictionary.find(term)
    }

    /// Replaces `out` by the term of an ordinal.
    ///
    /// # Errors
    /// [`Error::Corruption`] as [`InvertedReader::find`]; [`Error::Defect`] for an ordinal beyond the last.
    pub fn term(&self, ord: TermOrd, out: &mut Vec<u8>) -> Result<()> {
        let cursor = self.cursor_at(ord)?;
        out.clear();
        out.extend_from_slice(cursor.term());
        Ok(())
    }

    fn cursor_at(&self, ord: TermOrd) -> Result<TermCursor<'_>> {
        self.check_ord(ord)?;
        let mut cursor = TermCursor::new(&self.dictionary, (ord.0 / terms::BLOCK) as usize);
        for _ in 0..=ord.0 % terms::BLOCK {
            cursor.advance()?;
        }
        Ok(cursor)
    }

    fn check_ord(&self, ord: TermOrd) -> Result<()> {
        if ord.0 >= self.terms() {
            return Err(Error::Defect("an ordinal beyond the last term of its field"));
        }
        Ok(())
    }

    fn info(&self, ord: TermOrd) -> Result<(usize, TermInfo<'_>)> {
        self.check_ord(ord)?;
        let mut block = self.dictionary.block((ord.0 / terms::BLOCK) as usize)?;
        let mut info = None;
        for _ in 0..=ord.0 % terms::BLOCK {
            info = block.infos.next(&self.head.book);
        }
        Ok((block.at, info.ok_or_else(|| self.dictionary.damaged(block.at))?))
    }

    /// In how many documents a term is.
    ///
    /// # Errors
    /// As [`InvertedReader::term`].
    pub fn df(&self, ord: TermOrd) -> Result<u32> {
        Ok(match self.info(ord)?.1 {
            TermInfo::Single { .. } => 1,
            TermInfo::List { df, .. } => df,
        })
    }

    /// The postings of a term.
    ///
    /// # Errors
    /// As [`InvertedReader::term`].
    pub fn postings(&self, ord: TermOrd) -> Result<Postings<'_>> {
        let (at, info) = self.info(ord)?;
        self.open_postings(at, info)
    }

    fn open_postings<'a>(&'a self, at: usize, info: TermInfo<'a>) -> Result<Postings<'a>> {
        let section = self.dictionary.section();
        let Head { doc_count, thresholds, ref book, form, .. } = self.head;
        let field = FieldView { doc_count, thresholds, book, has_positions: form.positions };
        match info {
            TermInfo::Single { doc, code, pair, positions } => {
                let positions = PositionLists::inline(section, at, positions);
                Postings::single(field, RecordPlace { section, at, record: &[] }, positions, Single { doc, code, pair })
            }
            TermInfo::List { df, record, positions } => {
                let positions = PositionLists::new(section, positions, df);
                let place = RecordPlace { section, at: record.start, record: section.read(record)? };
                Postings::open(field, place, positions, df)
            }
        }
    }

    /// Calls `f(term, ordinal)` for the terms between two bounds, in byte order, until it says `false`.
    ///
    /// # Errors
    /// As [`InvertedReader::find`]; what `f` returns.
    pub fn scan(&self, from: Bound<&[u8]>, to: Bound<&[u8]>, f: &mut dyn FnMut(&[u8], TermOrd) -> Result<bool>) -> Result<()> {
        let block = match from {
            Bound::Included(term) | Bound::Excluded(term) if self.terms() > 0 => self.dictionary.block_of(term)?,
            _ => 0,
        };
        let mut cursor = TermCursor::new(&self.dictionary, block);
        let mut reached = matches!(from, Bound::Unbounded);
        while cursor.advance()?.is_some() {
            let term = cursor.term();
            reached = reached
                || match from {
                    Bound::Included(from) => term >= from,
                    Bound::Excluded(from) => term > from,
                    Bound::Unbounded => true,
                };
            let inside = match to {
                Bound::Included(to) => term <= to,
                Bound::Excluded(to) => term < to,
                Bound::Unbounded => true,
            };
            if !inside || (reached && !f(term, cursor.ord())?) {
                break;
            }
        }
        Ok(())
    }

    /// Calls `f(term, ordinal, distance)` for the terms that an edit-distance automaton accepts, in byte order, until it says `false`.
    /// Blocks whose common prefix the automaton refuses are passed over unread.
    ///
    /// # Errors
    /// As [`InvertedReader::find`]; what `f` returns.
    pub fn scan_automaton(&self, automaton: &DFA, f: &mut FuzzySink<'_>) -> Result<()> {
        let prefixes = self.dictionary.prefixes()?;
        let prefix = |block: usize| prefixes.get(block).map(|prefix| u64::from_be_bytes(*prefix));
        let mut cursor = TermCursor::new(&self.dictionary, 0);
        // The states after each byte of the current term, up to the first dead one.
        let mut states = vec![automaton.initial_state()];
        let mut block = 0;
        while let Some(first) = prefix(block) {
            if let Some(next) = prefix(block + 1) {
                let mut state = automaton.initial_state();
                let dead = dead_prefix(first, next, |byte| {
                    state = automaton.transition(state, byte);
                    state != SINK_STATE
                });
                if let Some(len) = dead {
                    // All terms of the blocks from here on that begin so are refused. The last such block may go on behind them.
                    let shift = 64 - 8 * len;
                    let same = |block: usize| prefix(block).is_some_and(|other| other >> shift == first >> shift);
                    block += 1;
                    while same(block + 1) {
                        block += 1;
                    }
                    continue;
                }
            }
            cursor.jump(block);
            states.truncate(1);
            for _ in 0..terms::BLOCK.min(self.terms() - block as u32 * terms::BLOCK) {
                let Some(shared) = cursor.advance()? else { break };
                if shared + 1 < states.len() {
                    states.truncate(shared + 1);
                }
                if states.last() == Some(&SINK_STATE) {
                    continue;
                }
                let mut state = states.last().copied().unwrap_or(SINK_STATE);
                for byte in cursor.term().get(states.len() - 1..).unwrap_or_default() {
                    state = automaton.transition(state, *byte);
                    states.push(state);
                    if state == SINK_STATE {
                        break;
                    }
                }
                if let Distance::Exact(distance) = automaton.distance(state)
                    && !f(cursor.term(), cursor.ord(), distance)?
                {
                    return Ok(());
                }
            }
            block += 1;
        }
        Ok(())
    }

    /// Reads everything that the field holds, and compares it with its counts.
    ///
    /// # Errors
    /// [`Error::Corruption`] for the first thing that contradicts another; an interrupt's.
    pub fn check(&self, interrupt: &Interrupt) -> Result<()> {
        let wrong = |what: &str| self.codebook.corruption(0, what);
        let mut counts = vec![0u64; self.head.book.pairs().len()];
        let (mut docs, mut pairs, mut deltas) = (Vec::new(), Vec::new(), Vec::new());
        let (mut walk, mut last, mut terms) = (self.walk(), Vec::new(), 0);
        let norms = self.norms()?;
        while walk.advance()? {
            if terms % 1024 == 0 {
                interrupt.check()?;
            }
            if terms > 0 && walk.term() <= &last[..] {
                return Err(wrong("the terms of a field do not ascend"));
            }
            last.clear();
            last.extend_from_slice(walk.term());
            terms += 1;
            docs.clear();
            pairs.clear();
            deltas.clear();
            walk.postings()?.read_all(&mut docs, &mut pairs, &mut deltas)?;
            if !docs.is_sorted_by(|a, b| a < b) {
                return Err(wrong("the documents of a term do not ascend"));
            }
            for (doc, number) in docs.iter().zip(&pairs) {
                let (count, pair) = counts
                    .get_mut(*number as usize)
                    .zip(self.head.book.pairs().get(*number as usize))
                    .ok_or_else(|| wrong("a pair beyond the last"))?;
                *count += 1;
                if self.norms.is_some() && norms.get(*doc as usize) != Some(&pair.norm) {
                    return Err(wrong("a posting has another length than its document"));
                }
            }
        }
        let lengths = norms.iter().filter(|norm| **norm > 0).count();
        if counts != self.pair_counts()? || terms != self.terms() || (self.norms.is_some() && lengths != self.docs() as usize) {
            return Err(wrong("the counts of a field are not those of its lists"));
        }
        Ok(())
    }

    /// A cursor over all terms, with the postings of each.
    pub(crate) fn walk(&self) -> TermWalk<'_> {
        TermWalk { reader: self, cursor: TermCursor::new(&self.dictionary, 0) }
    }

    /// How many postings have each pair of the codebook, read again from the head.
    pub(crate) fn pair_counts(&self) -> Result<Vec<u64>> {
        Ok(Head::read(self.codebook.all()?).map(|head| head.counts).unwrap_or_default())
    }
}

/// Walks the terms of a field in order.
pub(crate) struct TermWalk<'a> {
    reader: &'a InvertedReader,
    cursor: TermCursor<'a>,
}

impl<'a> TermWalk<'a> {
    /// To the next term; `false` at the end.
    pub fn advance(&mut self) -> Result<bool> {
        Ok(self.cursor.advance()?.is_some())
    }

    /// The current term.
    pub fn term(&self) -> &[u8] {
        self.cursor.term()
    }

    /// The current term's ordinal.
    pub fn ord(&self) -> TermOrd {
        self.cursor.ord()
    }

    /// The current term's postings. At most once a term.
    pub fn postings(&mut self) -> Result<Postings<'a>> {
        let info = self.cursor.info(&self.reader.head.book)?.ok_or(Error::Defect("postings were asked of no term"))?;
        self.reader.open_postings(self.cursor.block_at(), info)
    }
}
