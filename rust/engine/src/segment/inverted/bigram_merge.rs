//! Bigrams of several sources.
//!
//! **In**: readers, where their documents go, the frequent words of the merged field. **Out**: its sections of bigrams. **Law**: they say
//! what the positions of the kept documents say. A source's own lists are taken over; a word that was not frequent there is looked for in
//! the documents that have it, a window at a time. Memory: one bigram's lists, a window, and what was looked for.

use hashbrown::HashMap;

use super::bigrams::{BigramLists, Bigrams, FrequentWords, begin, pair};
use super::merge::TERM;
use super::route::Route;
use crate::base::bits::BitSet;
use crate::base::{DocId, Error, FieldId, Interrupt, Pace, Result, TermOrd};
use crate::codec::SegmentFileWriter;
use crate::codec::codebook::{Codebook, MAX_CODES, PairCounts, PairNumbers};
use crate::codec::inverted::{InvertedReader, TermWalk};
use crate::codec::postings::{Postings, Thresholds};
use crate::segment::DocMap;

/// Tokens of a window, about, and its documents at most: they are numbered in 16 bits, as words are.
const TOKENS: u64 = 1 << 18;
const DOCUMENTS: u64 = 1 << 12;

/// A source's own lists while they are taken over.
struct Own<'a> {
    walk: TermWalk<'a>,
    route: Route<'a>,
    /// The number of a frequent word by its ordinal in the source.
    words: HashMap<u32, u32>,
    /// The new number of each of its pairs.
    pairs: Vec<u32>,
    /// The words of its current list; none behind the last.
    current: Option<(u32, u32)>,
}

impl Own<'_> {
    /// To the next list of two words that are still frequent.
    fn advance(&mut self) -> Result<()> {
        self.current = None;
        while self.current.is_none() && self.walk.advance()? {
            let (words, _) = self.walk.term().as_chunks::<4>();
            if let [first, second] = words {
                let number = |word: &[u8; 4]| self.words.get(&u32::from_be_bytes(*word)).copied();
                self.current = number(first).zip(number(second));
            }
        }
        Ok(())
    }
}

/// Writes the sections of bigrams of a merged field; nothing when no two frequent words stand side by side.
///
/// # Errors
/// Those of sources and file; an interrupt's.
pub(super) fn merge_bigrams(
    sources: &[(Option<&InvertedReader>, &DocMap)],
    frequent: &FrequentWords<Vec<u8>>,
    file: &mut SegmentFileWriter,
    field: FieldId,
    thresholds: Thresholds,
    (norms, average): (&[u8], f64),
    interrupt: &Interrupt,
) -> Result<()> {
    if frequent.len() == 0 {
        return Ok(());
    }
    let (mut looked_for, mut owns, mut counts) = (Bigrams::new(frequent.len()), Vec::new(), PairCounts::default());
    for (reader, map) in sources {
        let Some(reader) = reader else { continue };
        let words = Words::of(reader, frequent)?;
        words.look_for(reader, map, &mut looked_for, interrupt)?;
        if let Some(bigrams) = reader.bigrams() {
            let stored = bigrams.codebook().pairs().iter().zip(bigrams.pair_counts()?);
            stored.filter(|(_, count)| *count > 0).for_each(|(pair, count)| counts.add(*pair, count));
            owns.push((bigrams, Own { walk: bigrams.walk(), route: Route::of(map), words: words.known, pairs: Vec::new(), current: None }));
        }
    }
    let mut pace = Pace::new(interrupt);
    let looked_for = looked_for.into_lists(&mut pace)?;
    looked_for.count(norms, &mut counts, &mut pace)?;
    let counts = counts.into_vec();
    if counts.is_empty() {
        return Ok(());
    }
    let (book, _) = Codebook::build(counts, average, MAX_CODES);
    let numbers = PairNumbers::of(&book);
    let mut opened = Vec::with_capacity(owns.len());
    for (bigrams, mut own) in owns {
        own.pairs = bigrams.codebook().pairs().iter().map(|pair| numbers.get(*pair).unwrap_or(u32::MAX)).collect();
        own.advance()?;
        opened.push(own);
    }
    let mut lists = Lists { owns: opened, looked_for, at: 0, postings: Vec::new(), old: Default::default() };
    // Begun with the first list, so that none is written when there is none.
    let mut writer = None;
    let (mut docs, mut pairs) = (Vec::new(), Vec::new());
    while let Some(words) = lists.next(norms, &numbers)? {
        if !lists.postings.is_empty() {
            docs.clear();
            pairs.clear();
            docs.extend(lists.postings.iter().map(|(doc, _)| *doc));
            pairs.extend(lists.postings.iter().map(|(_, pair)| *pair));
            if pairs.iter().any(|pair| *pair as usize >= book.pairs().len()) {
                return Err(Error::Defect("a merge met a pair that no source counted"));
            }
            if writer.is_none() {
                writer = Some(begin(file, field, norms.len() as u32, thresholds, book.clone())?);
            }
            writer.as_mut().map_or(Ok(()), |writer| writer.push(&frequent.term(words)?, &docs, &pairs, &[]))?;
        }
        pace.step(docs.len() + TERM)?;
    }
    writer.map_or(Ok(()), |writer| writer.finish(0, &[]).map(|_| ()))
}

/// All lists of bigrams, by ascending words.
struct Lists<'a> {
    owns: Vec<Own<'a>>,
    looked_for: BigramLists,
    /// The next one of those.
    at: usize,
    /// Documents and pairs of the bigram at hand, ascending.
    postings: Vec<(u32, u32)>,
    old: (Vec<u32>, Vec<u32>),
}

impl Lists<'_> {
    /// Goes to the next two words.
    fn next(&mut self, norms: &[u8], numbers: &PairNumbers) -> Result<Option<(u32, u32)>> {
        let Self { owns, looked_for, at, postings, old: (docs, pairs) } = self;
        postings.clear();
        let Some(least) = owns.iter().filter_map(|own| own.current).chain(looked_for.words(*at)).min() else { return Ok(None) };
        for own in owns.iter_mut().filter(|own| own.current == Some(least)) {
            docs.clear();
            pairs.clear();
            own.walk.postings()?.read_all(docs, pairs, &mut Vec::new())?;
            let route = own.route.lookup();
            let of = |pair: &u32| own.pairs.get(*pair as usize).copied().unwrap_or(u32::MAX);
            postings.extend(docs.iter().zip(pairs.iter()).filter_map(|(doc, pair)| Some((route.get(*doc)?, of(pair)))));
            own.advance()?;
        }
        if looked_for.words(*at) == Some(least) {
            looked_for.each(*at, |doc, tf| postings.push((doc, numbers.get(pair(norms, doc, tf)).unwrap_or(u32::MAX))));
            *at += 1;
        }
        if !postings.is_sorted() {
            postings.sort_unstable();
        }
        Ok(Some(least))
    }
}

/// The frequent words in a source.
struct Words<'a> {
    /// Numbers of those that are in the source's own bigrams, by ordinal.
    known: HashMap<u32, u32>,
    /// Those that are there.
    lists: Vec<(u32, Postings<'a>)>,
    /// By number: whether it is there, but in none of the source's bigrams.
    sought: Vec<bool>,
}

impl<'a> Words<'a> {
    fn of(reader: &'a InvertedReader, frequent: &FrequentWords<Vec<u8>>) -> Result<Self> {
        let mut words = Self { known: HashMap::new(), lists: Vec::new(), sought: vec![false; frequent.len()] };
        let from = reader.bigrams_from();
        for ((word, sought), number) in frequent.words().zip(&mut words.sought).zip(0..) {
            let Some(entry) = reader.lookup(word)? else { continue };
            words.lists.push((number, reader.postings_of(&entry)?));
            let TermOrd(ord) = entry.ord();
            *sought = from == 0 || entry.df() < from;
            if !*sought {
                words.known.insert(ord, number);
            }
        }
        Ok(words)
    }

    /// Adds the bigrams of words that are sought, from the documents that have those.
    fn look_for(&self, reader: &InvertedReader, map: &DocMap, found: &mut Bigrams, interrupt: &Interrupt) -> Result<()> {
        let is_sought = |number: u32| self.sought.get(number as usize).is_some_and(|sought| *sought);
        if !self.sought.contains(&true) {
            return Ok(());
        }
        let count = reader.doc_count();
        let mut lists = self.lists.clone();
        let mut having = BitSet::empty(count);
        for (_, postings) in lists.iter_mut().filter(|(number, _)| is_sought(*number)) {
            postings.mark_window(0, count, having.words_mut())?;
        }
        let window = (TOKENS / (reader.sum_dl() / u64::from(reader.docs().max(1))).max(1)).clamp(64, DOCUMENTS) as u32;
        // A token is its document in the window, its position, its word's number, in one integer that orders so.
        let (mut tokens, mut postings_found, mut positions, mut document) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for from in (0..count).step_by(window as usize) {
            interrupt.check()?;
            tokens.clear();
            for (number, postings) in &mut lists {
                postings_found.clear();
                postings.collect_window(from, from.saturating_add(window), &mut |doc, posting, _, _| {
                    if having.contains(doc) {
                        postings_found.push((doc, posting));
                    }
                })?;
                for &(doc, posting) in &postings_found {
                    postings.positions(posting, &mut positions)?;
                    let (doc, number) = (u64::from(doc - from), u64::from(*number));
                    tokens.extend(positions.iter().map(|position| doc << 48 | u64::from(*position) << 16 | number));
                }
            }
            tokens.sort_unstable();
            for of_document in tokens.chunk_by(|a, b| a >> 48 == b >> 48) {
                let old = of_document.first().map(|token| DocId(from + (token >> 48) as u32));
                let Some(doc) = old.and_then(|old| map.get(old)) else { continue };
                document.clear();
                document.extend(of_document.iter().map(|token| ((token >> 16) as u32, *token as u32 & 0xffff)));
                found.add(doc.0, &mut document, |first, second| is_sought(first) || is_sought(second));
            }
        }
        Ok(())
    }
}
