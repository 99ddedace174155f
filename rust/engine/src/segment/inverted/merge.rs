//! Makes one inverted index of several.
//!
//! **In**: each source's reader (`None` where no document has the field) and where its documents go. **Out**: the field's sections, and for
//! Keyword fields what became of each source's ordinals. **Law**: memory holds one term's lists, the lengths, a cursor a source and the
//! ordinal maps, never a source; dropped documents leave the counts and the lists; a term without documents vanishes. Documents may be
//! permuted: lists that stay in order are appended, others are sorted.
//!
//! The codebook is made from the sources' stored counts, dropped documents included: that decides only which pairs get codes of their
//! own. The counts that are stored again are those of the postings written.

use std::cmp::Ordering;

use super::bigram_merge::merge_bigrams;
use super::bigrams::FrequentWords;
use super::route::Route;
use crate::base::bits::BitSet;
use crate::base::{DocId, Error, FieldId, Interrupt, Pace, Result, TermOrd};
use crate::codec::SegmentFileWriter;
use crate::codec::codebook::{Codebook, MAX_CODES, PairCounts, PairNumbers};
use crate::codec::inverted::{FieldForm, InvertedReader, InvertedStats, InvertedWriter, TermWalk};
use crate::codec::postings::Thresholds;
use crate::codec::terms::prefix_of;
use crate::segment::DocMap;

/// What a term costs beside its postings, in postings.
pub(super) const TERM: usize = 16;

/// What [`merge_inverted`] leaves.
#[derive(Debug, Default)]
pub struct InvertedMerged {
    /// The field's counts.
    pub stats: InvertedStats,
    /// Of Keyword fields, by source and old ordinal: the new one. Terms that vanished have `u32::MAX`.
    pub ranks: Vec<Vec<TermOrd>>,
}

/// One source while it is merged.
struct Source<'a> {
    route: Route<'a>,
    /// Its place among all sources, those without the field too.
    place: usize,
    walk: TermWalk<'a>,
    /// The first bytes of its current term, as they order; `None` behind the last.
    prefix: Option<u64>,
    book: &'a Codebook,
    /// The new number of each of its pairs.
    pairs: Vec<u32>,
}

impl Source<'_> {
    fn advance(&mut self) -> Result<()> {
        self.prefix = if self.walk.advance()? { Some(prefix_of(self.walk.term())) } else { None };
        Ok(())
    }

    /// Compares the current terms of two sources; one that is behind its last comes last.
    fn compare(&self, other: &Self) -> Ordering {
        match (self.prefix, other.prefix) {
            (Some(a), Some(b)) => a.cmp(&b).then_with(|| self.walk.term().cmp(other.walk.term())),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }
}

/// Writes the field's sections of a merged segment of `doc_count` documents; nothing when no kept document has a token. `positions`: a Text
/// field, else a Keyword field.
///
/// # Errors
/// Those of sources and file; an interrupt's.
pub fn merge_inverted(
    sources: &[(Option<&InvertedReader>, &DocMap)],
    file: &mut SegmentFileWriter,
    field: FieldId,
    doc_count: u32,
    positions: bool,
    interrupt: &Interrupt,
) -> Result<InvertedMerged> {
    let target = Target {
        field,
        doc_count,
        form: if positions { FieldForm::TEXT } else { FieldForm::KEYWORD },
        thresholds: Thresholds::of(doc_count),
    };
    merge_into(sources, file, target, interrupt)
}

/// What is merged into.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub field: FieldId,
    pub doc_count: u32,
    pub form: FieldForm,
    pub thresholds: Thresholds,
}

pub(super) fn merge_into(
    sources: &[(Option<&InvertedReader>, &DocMap)],
    file: &mut SegmentFileWriter,
    target: Target,
    interrupt: &Interrupt,
) -> Result<InvertedMerged> {
    let Target { field, doc_count, form, thresholds } = target;
    let ranks_of = |reader: &InvertedReader| if form.norms { Vec::new() } else { vec![TermOrd(u32::MAX); reader.terms() as usize] };
    let mut ranks: Vec<Vec<TermOrd>> = sources.iter().map(|(reader, _)| reader.map_or_else(Vec::new, ranks_of)).collect();
    let norms = merge_norms(sources, target, interrupt)?;
    let given = sources;
    let (book, average, mut sources) = recode(sources, form)?;
    let mut lists = Lists::new(doc_count);
    let mut frequent = FrequentWords::new(if form.positions { thresholds.bigrams_from } else { 0 });
    // The field is begun with the first term that is kept, so that one without any is not written.
    let mut writer = None;
    let (mut term, mut group, mut rank, mut pace) = (Vec::new(), Vec::new(), 0, Pace::new(interrupt));
    while next_term(&sources, &mut group) {
        lists.clear();
        for at in &group {
            lists.append(&mut sources[*at], form, &book)?;
        }
        lists.restore_order(form, &book)?;
        if !lists.docs.is_empty() {
            if writer.is_none() {
                writer = Some(InvertedWriter::new(file, field, doc_count, form, thresholds, book.clone())?);
            }
            term.clear();
            group.first().iter().for_each(|at| term.extend_from_slice(sources[**at].walk.term()));
            writer.as_mut().map_or(Ok(()), |writer| writer.push(&term, &lists.docs, &lists.pairs, &lists.deltas))?;
            for source in group.iter().map(|at| &sources[*at]) {
                let of_source = ranks.get_mut(source.place).and_then(|ranks| ranks.get_mut(source.walk.ord().index()));
                of_source.into_iter().for_each(|new| *new = TermOrd(rank));
            }
            if frequent.takes(lists.docs.len()) {
                frequent.push(lists.docs.len(), TermOrd(rank), term.clone());
            }
            rank += 1;
        }
        for at in &group {
            sources[*at].advance()?;
        }
        pace.step(lists.docs.len() + TERM)?;
    }
    let docs = if form.norms { norms.iter().filter(|norm| **norm > 0).count() as u32 } else { lists.with_docs.count() };
    let bigrams_from = frequent.settle();
    let stats = match writer {
        Some(mut writer) => {
            writer.set_bigrams_from(bigrams_from);
            writer.finish(docs, &norms)?
        }
        None => InvertedStats::default(),
    };
    merge_bigrams(given, &frequent, file, field, thresholds, (&norms, average), interrupt)?;
    Ok(InvertedMerged { stats, ranks })
}

/// The length codes of the kept documents, by new number.
fn merge_norms(sources: &[(Option<&InvertedReader>, &DocMap)], target: Target, interrupt: &Interrupt) -> Result<Vec<u8>> {
    let mut merged = vec![0; if target.form.norms { target.doc_count as usize } else { 0 }];
    for (reader, map) in sources {
        let Some(reader) = reader else { continue };
        if reader.form() != target.form {
            return Err(Error::Defect("a merge of fields of different forms"));
        }
        interrupt.check()?;
        for (norm, old) in reader.norms()?.iter().zip(0..) {
            if let Some(new) = map.get(DocId(old)) {
                *merged.get_mut(new.index()).ok_or(BEYOND)? = *norm;
            }
        }
    }
    Ok(merged)
}

const BEYOND: Error = Error::Defect("a merge sends a document beyond the last");

/// The codebook of the merged field, the length of its documents on average, and the sources at their first terms.
fn recode<'a>(sources: &[(Option<&'a InvertedReader>, &'a DocMap)], form: FieldForm) -> Result<(Codebook, f64, Vec<Source<'a>>)> {
    let mut counts = PairCounts::default();
    let (mut docs, mut tokens) = (0u64, 0u64);
    for reader in sources.iter().filter_map(|(reader, _)| *reader) {
        docs += u64::from(reader.docs());
        tokens += reader.sum_dl();
        let stored = reader.codebook().pairs().iter().zip(reader.pair_counts()?);
        stored.filter(|(_, count)| *count > 0).for_each(|(pair, count)| counts.add(*pair, count));
    }
    let average = if form.norms { tokens as f64 / docs.max(1) as f64 } else { 1.0 };
    let (book, _) = Codebook::build(counts.into_vec(), average, MAX_CODES);
    let numbers = PairNumbers::of(&book);
    let mut opened = Vec::new();
    for (place, (reader, map)) in sources.iter().enumerate() {
        let Some(reader) = reader else { continue };
        let pairs = reader.codebook().pairs().iter().map(|pair| numbers.get(*pair).unwrap_or(u32::MAX)).collect();
        let mut source = Source { route: Route::of(map), place, walk: reader.walk(), prefix: None, book: reader.codebook(), pairs };
        source.advance()?;
        opened.push(source);
    }
    Ok((book, average, opened))
}

/// Which sources stand at the least term; `false` when all are behind their last.
fn next_term(sources: &[Source<'_>], group: &mut Vec<usize>) -> bool {
    group.clear();
    for (at, source) in sources.iter().enumerate().filter(|(_, source)| source.prefix.is_some()) {
        match group.first().map_or(Ordering::Equal, |least| source.compare(&sources[*least])) {
            Ordering::Less => {
                group.clear();
                group.push(at);
            }
            Ordering::Equal => group.push(at),
            Ordering::Greater => {}
        }
    }
    !group.is_empty()
}

/// The lists of the term that is merged.
#[derive(Debug)]
struct Lists {
    docs: Vec<u32>,
    pairs: Vec<u32>,
    deltas: Vec<u32>,
    /// Documents of any list, in fields without lengths.
    with_docs: BitSet,
    /// What a source's list is read into.
    old: (Vec<u32>, Vec<u32>, Vec<u32>),
}

impl Lists {
    fn new(doc_count: u32) -> Self {
        let with_docs = BitSet::empty(doc_count);
        Self { docs: Vec::new(), pairs: Vec::new(), deltas: Vec::new(), with_docs, old: (Vec::new(), Vec::new(), Vec::new()) }
    }

    fn clear(&mut self) {
        self.docs.clear();
        self.pairs.clear();
        self.deltas.clear();
    }

    /// Appends what is kept of a source's current list, with its new numbers.
    fn append(&mut self, source: &mut Source<'_>, form: FieldForm, book: &Codebook) -> Result<()> {
        let (docs, pairs, deltas) = &mut self.old;
        docs.clear();
        pairs.clear();
        deltas.clear();
        source.walk.postings()?.read_all(docs, pairs, deltas)?;
        let route = source.route.lookup();
        let mut start = 0;
        for (doc, pair) in docs.iter().zip(pairs.iter()) {
            let tf = if form.positions { source.book.pairs().get(*pair as usize).map_or(0, |pair| pair.tf as usize) } else { 0 };
            let gaps = deltas.get(start..start + tf).unwrap_or_default();
            start += tf;
            let Some(new) = route.get(*doc) else { continue };
            let pair = source.pairs.get(*pair as usize).copied().filter(|pair| (*pair as usize) < book.pairs().len());
            let Some(pair) = pair else { return Err(Error::Defect("a merge met a pair that no source counted")) };
            self.docs.push(new);
            self.pairs.push(pair);
            self.deltas.extend_from_slice(gaps);
            if !form.norms {
                self.with_docs.insert(new);
            }
        }
        Ok(())
    }

    /// Sorts the postings by document, unless they are.
    fn restore_order(&mut self, form: FieldForm, book: &Codebook) -> Result<()> {
        if !self.docs.is_sorted_by(|a, b| a < b) {
            self.sort(form, book)?;
        }
        if self.docs.last().is_some_and(|last| *last >= self.with_docs.len()) {
            return Err(BEYOND);
        }
        Ok(())
    }

    fn sort(&mut self, form: FieldForm, book: &Codebook) -> Result<()> {
        let mut start = 0;
        let tf_of = |pair: &u32| if form.positions { book.pairs()[*pair as usize].tf as usize } else { 0 };
        let place = |(doc, pair): (&u32, &u32)| {
            start += tf_of(pair);
            (*doc, *pair, start - tf_of(pair))
        };
        let mut order: Vec<(u32, u32, usize)> = self.docs.iter().zip(&self.pairs).map(place).collect();
        order.sort_unstable();
        if order.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::Defect("a merge sends two documents to one place"));
        }
        let old = std::mem::take(&mut self.deltas);
        self.clear();
        for (doc, pair, start) in order {
            self.docs.push(doc);
            self.pairs.push(pair);
            self.deltas.extend_from_slice(old.get(start..start + tf_of(&pair)).unwrap_or_default());
        }
        Ok(())
    }
}
