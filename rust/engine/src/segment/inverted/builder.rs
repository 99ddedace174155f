//! Builds a field's inverted index in memory.
//!
//! **In**: tokens, document by document, documents ascending. **Out**: the field's sections. **Law**: a token costs four bytes until the
//! flush (eight when its document's positions are not 0, 1, 2 …) and four or eight more during it; no allocation per document.
//! The flush sorts the terms, lays the tokens out by term in one pass, and encodes term by term; pairs are counted as documents end, so the
//! codebook stands before the first list is encoded.

use super::bigrams::{Bigrams, FrequentWords};
use super::interner::Interner;
use super::merge::TERM;
use super::places::{List, Place, position_bits};
use crate::base::{Error, FieldId, Interrupt, Pace, Result, TermOrd};
use crate::codec::SegmentFileWriter;
use crate::codec::codebook::{Codebook, MAX_CODES, Pair, PairCounts, PairNumbers};
use crate::codec::inverted::{FieldForm, InvertedStats, InvertedWriter};
use crate::codec::norms;
use crate::codec::postings::Thresholds;

/// Set in a document's number when its positions are stored.
const EXPLICIT: u32 = 1 << 31;

/// What [`InvertedBuilder::write`] leaves.
#[derive(Debug)]
pub struct InvertedWritten {
    /// The field's counts.
    pub stats: InvertedStats,
    /// Of Keyword fields, by term number as [`InvertedBuilder::add`] gave it: the term's ordinal.
    pub ranks: Vec<TermOrd>,
}

/// What is counted of a term.
#[derive(Clone, Copy, Debug, Default)]
struct TermCounts {
    /// Tokens in all ended documents.
    tokens: u32,
    /// Tokens in the document that ends.
    tf: u32,
}

/// Gathers the tokens of one field.
#[derive(Debug)]
pub struct InvertedBuilder {
    form: FieldForm,
    interner: Interner,
    /// By term number.
    terms: Vec<TermCounts>,
    /// Term numbers, one document after the other.
    tokens: Vec<u32>,
    /// Positions of the documents that are [`EXPLICIT`].
    positions: Vec<u32>,
    /// Documents with tokens, ascending.
    docs: Vec<u32>,
    /// Where each document's tokens end.
    ends: Vec<u32>,
    counts: PairCounts,
    max_position: u32,
    /// Of the current document: its number, where its tokens begin, its last position, whether its positions are stored.
    doc: u32,
    start: usize,
    last_position: u32,
    explicit: bool,
    /// What went wrong; said by [`InvertedBuilder::write`].
    defect: Option<&'static str>,
    thresholds: Option<Thresholds>,
}

impl InvertedBuilder {
    /// For a Text field (with positions and lengths) or a Keyword field (without).
    #[must_use]
    pub fn new(positions: bool) -> Self {
        Self {
            form: if positions { FieldForm::TEXT } else { FieldForm::KEYWORD },
            interner: Interner::default(),
            terms: Vec::new(),
            tokens: Vec::new(),
            positions: Vec::new(),
            docs: Vec::new(),
            ends: Vec::new(),
            counts: PairCounts::default(),
            max_position: 0,
            doc: 0,
            start: 0,
            last_position: 0,
            explicit: false,
            defect: None,
            thresholds: None,
        }
    }

    /// With other thresholds between the layouts of lists than the usual ones.
    #[must_use]
    pub fn with_thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = Some(thresholds);
        self
    }

    /// Adds a token of document `doc` and returns its term's number. Documents come in ascending order. Positions must not fall within a
    /// document; one that does counts as the one before. A Keyword field's term counts once a document.
    #[inline]
    pub fn add(&mut self, doc: u32, term: &[u8], position: u32) -> u32 {
        if doc != self.doc {
            self.end_doc();
            self.begin_doc(doc);
        }
        let number = self.interner.intern(term);
        if self.form.positions {
            let index = self.tokens.len() - self.start;
            let position = position.max(self.last_position);
            self.last_position = position;
            if self.explicit || position as usize != index {
                self.store_position(index, position);
            }
        }
        self.tokens.push(number);
        number
    }

    #[cold]
    fn store_position(&mut self, index: usize, position: u32) {
        if !self.explicit {
            self.explicit = true;
            self.positions.extend(0..index as u32);
        }
        self.positions.push(position);
    }

    fn begin_doc(&mut self, doc: u32) {
        if self.docs.last().is_some_and(|last| *last & !EXPLICIT >= doc) || doc >= EXPLICIT {
            self.defect = Some("documents of a builder do not ascend, or are over 2^31");
        }
        self.doc = doc;
    }

    fn end_doc(&mut self) {
        let length = self.tokens.len() - self.start;
        if length == 0 {
            return;
        }
        if self.tokens.len() > u32::MAX as usize || !self.interner.has_room() {
            self.defect = Some("a builder took over 2^32 tokens, or 4 GiB of terms");
        }
        self.terms.resize(self.interner.len(), TermCounts::default());
        let norm = if self.form.norms { norms::encode(length as u32) } else { 0 };
        // First all counts, so that their cache misses overlap; then each term once.
        for number in &self.tokens[self.start..] {
            self.terms[*number as usize].tf += 1;
        }
        if self.form.positions {
            for number in &self.tokens[self.start..] {
                let term = &mut self.terms[*number as usize];
                if term.tf > 0 {
                    self.counts.add(Pair { tf: term.tf, norm }, 1);
                    *term = TermCounts { tokens: term.tokens + term.tf, tf: 0 };
                }
            }
        } else {
            let mut distinct = self.start;
            for at in self.start..self.tokens.len() {
                let number = self.tokens[at];
                let term = &mut self.terms[number as usize];
                if term.tf > 0 {
                    *term = TermCounts { tokens: term.tokens + 1, tf: 0 };
                    self.tokens[distinct] = number;
                    distinct += 1;
                }
            }
            self.counts.add(Pair { tf: 1, norm }, (distinct - self.start) as u64);
            self.tokens.truncate(distinct);
        }
        self.docs.push(if self.explicit { self.doc | EXPLICIT } else { self.doc });
        self.ends.push(self.tokens.len() as u32);
        self.max_position = self.max_position.max(self.last_position);
        (self.start, self.last_position, self.explicit) = (self.tokens.len(), 0, false);
    }

    /// Bytes held, and the bytes that [`InvertedBuilder::write`] will take beside them.
    #[must_use]
    pub fn memory(&self) -> usize {
        let held = (self.tokens.capacity() + self.positions.capacity() + self.docs.capacity() + self.ends.capacity()) * 4;
        let by_term = self.interner.len() * 4 + self.terms.capacity() * size_of::<TermCounts>();
        let by_token = self.tokens.len() * if self.packs_narrow(self.docs.last().copied().unwrap_or(0)) { 4 } else { 8 };
        let norms = self.docs.last().map_or(0, |doc| (doc & !EXPLICIT) as usize);
        held + self.interner.memory() + self.counts.memory() + by_term + by_token + norms
    }

    /// Whether a document and a position fit into 32 bits together.
    fn packs_narrow(&self, last_doc: u32) -> bool {
        position_bits(self.max_position) + (32 - (last_doc & !EXPLICIT).leading_zeros()) <= 32
    }

    /// Writes the field's sections into `file`, a segment of `doc_count` documents; nothing when no document has a token.
    ///
    /// # Errors
    /// Those of the file; [`Error::Defect`] for a document beyond the last; an interrupt's.
    pub fn write(mut self, file: &mut SegmentFileWriter, field: FieldId, doc_count: u32, interrupt: &Interrupt) -> Result<InvertedWritten> {
        self.end_doc();
        if let Some(defect) = self.defect {
            return Err(Error::Defect(defect));
        }
        let Some(last) = self.docs.last().copied() else {
            return Ok(InvertedWritten { stats: InvertedStats::default(), ranks: Vec::new() });
        };
        if last & !EXPLICIT >= doc_count {
            return Err(Error::Defect("a document beyond the last has tokens"));
        }
        if self.packs_narrow(last) {
            self.write_packed::<u32>(file, field, doc_count, interrupt)
        } else {
            self.write_packed::<u64>(file, field, doc_count, interrupt)
        }
    }

    fn write_packed<P: Place>(
        mut self,
        file: &mut SegmentFileWriter,
        field: FieldId,
        doc_count: u32,
        interrupt: &Interrupt,
    ) -> Result<InvertedWritten> {
        let mut pace = Pace::new(interrupt);
        let counts = std::mem::take(&mut self.counts).into_vec();
        let tokens: u64 = counts.iter().map(|(pair, n)| u64::from(pair.tf) * n).sum();
        let average = tokens as f64 / self.docs.len() as f64;
        let (book, _) = Codebook::build(counts, average, MAX_CODES);
        let numbers = PairNumbers::of(&book);
        let thresholds = self.thresholds.unwrap_or_else(|| Thresholds::of(doc_count));
        let norms = self.norm_plane(doc_count);
        let order = self.interner.sorted(&mut pace)?;
        let (places, ends) = self.lay_out::<P>(&order, &mut pace)?;

        let bits = position_bits(self.max_position);
        let mut writer = InvertedWriter::new(file, field, doc_count, self.form, thresholds, book)?;
        let (mut term, mut list) = (Vec::new(), List::default());
        let mut frequent = FrequentWords::new(if self.form.positions { thresholds.bigrams_from } else { 0 });
        let mut start = 0;
        for (number, ord) in order.iter().zip(0..) {
            let end = ends[*number as usize] as usize;
            list.read(&places[start..end], bits, self.form.positions, &norms, &numbers)?;
            start = end;
            term.clear();
            self.interner.append(*number, &mut term);
            writer.push(&term, &list.docs, &list.pairs, &list.deltas)?;
            if frequent.takes(list.docs.len()) {
                frequent.push(list.docs.len(), TermOrd(ord), *number);
            }
            pace.step(list.docs.len() + TERM)?;
        }
        writer.set_bigrams_from(frequent.settle());
        let stats = writer.finish(self.docs.len() as u32, &norms)?;
        drop(places);
        self.write_bigrams(file, field, &frequent, thresholds, (&norms, average), interrupt)?;
        let mut ranks = if self.form.positions { Vec::new() } else { vec![TermOrd(0); order.len()] };
        for (number, rank) in order.iter().zip(0..).take(ranks.len()) {
            ranks[*number as usize] = TermOrd(rank);
        }
        Ok(InvertedWritten { stats, ranks })
    }

    /// Goes through the documents once more for the words that are frequent.
    fn write_bigrams(
        &self,
        file: &mut SegmentFileWriter,
        field: FieldId,
        frequent: &FrequentWords<u32>,
        thresholds: Thresholds,
        lengths: (&[u8], f64),
        interrupt: &Interrupt,
    ) -> Result<()> {
        if frequent.len() == 0 {
            return Ok(());
        }
        let mut numbers = vec![u32::MAX; self.terms.len()];
        for (term, number) in frequent.words().zip(0..) {
            numbers[*term as usize] = number;
        }
        let (mut bigrams, mut document, mut pace) = (Bigrams::new(frequent.len()), Vec::new(), Pace::new(interrupt));
        let (mut start, mut explicit) = (0, 0);
        for (doc, end) in self.docs.iter().zip(&self.ends) {
            let tokens = &self.tokens[start..*end as usize];
            start = *end as usize;
            document.clear();
            let numbered = tokens.iter().map(|term| numbers[*term as usize]).zip(0..).filter(|(number, _)| *number != u32::MAX);
            if doc & EXPLICIT == 0 {
                document.extend(numbered.map(|(number, position)| (position, number)));
            } else {
                let positions = &self.positions[explicit..explicit + tokens.len()];
                explicit += tokens.len();
                document.extend(numbered.map(|(number, at)| (positions[at as usize], number)));
            }
            bigrams.add(doc & !EXPLICIT, &mut document, |_, _| true);
            pace.step(tokens.len())?;
        }
        bigrams.into_lists(&mut pace)?.write(file, field, frequent, thresholds, lengths, interrupt)
    }

    fn norm_plane(&self, doc_count: u32) -> Vec<u8> {
        if !self.form.norms {
            return Vec::new();
        }
        let mut norms = vec![0; doc_count as usize];
        let mut start = 0;
        for (doc, end) in self.docs.iter().zip(&self.ends) {
            norms[(doc & !EXPLICIT) as usize] = norms::encode(end - start);
            start = *end;
        }
        norms
    }

    /// Document and position of every token, term by term in the given order, and where each term's end. A counting sort: documents
    /// come in order, so each term's places do.
    fn lay_out<P: Place>(&mut self, order: &[u32], pace: &mut Pace<'_>) -> Result<(Vec<P>, Vec<u32>)> {
        let mut next = vec![0u32; order.len()];
        let mut total = 0;
        for number in order {
            next[*number as usize] = total;
            total += self.terms[*number as usize].tokens;
        }
        let mut places = vec![P::default(); total as usize];
        let bits = position_bits(self.max_position);
        let (mut start, mut explicit) = (0, 0);
        for (doc, end) in self.docs.iter().zip(&self.ends) {
            let tokens = &self.tokens[start..*end as usize];
            start = *end as usize;
            let mut place = |number: u32, position| {
                let next = &mut next[number as usize];
                places[*next as usize] = P::new(doc & !EXPLICIT, position, bits);
                *next += 1;
            };
            if doc & EXPLICIT == 0 {
                let step = u32::from(self.form.positions);
                tokens.iter().zip(0..).for_each(|(number, position)| place(*number, position * step));
            } else {
                let positions = &self.positions[explicit..explicit + tokens.len()];
                explicit += tokens.len();
                tokens.iter().zip(positions).for_each(|(number, position)| place(*number, *position));
            }
            pace.step(tokens.len())?;
        }
        Ok((places, next))
    }
}
