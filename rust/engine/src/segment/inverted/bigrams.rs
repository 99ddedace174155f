//! Where frequent words of a field follow one another, gathered while the field is written.
//!
//! **In**: documents, one after the other, each with the positions of its frequent words. **Out**: [`BigramLists`], and their sections
//! (see [`bigrams`](crate::codec::inverted::bigrams)). **Law**: a bigram's frequency in a document is the number of positions of its first
//! word right before one of its second, as a phrase counts. Eight bytes for each place where two frequent words stand side by side; of a
//! field with very many frequent words only the most frequent take part.

use super::merge::TERM;
use crate::base::{Error, FieldId, Interrupt, Pace, Result, TermOrd};
use crate::codec::SegmentFileWriter;
use crate::codec::codebook::{Codebook, MAX_CODES, Pair, PairCounts, PairNumbers};
use crate::codec::inverted::bigrams::term_of;
use crate::codec::inverted::{FieldForm, InvertedWriter};
use crate::codec::postings::Thresholds;

/// At most so many words take part.
const MOST_WORDS: usize = 1024;

/// Words that are frequent enough, and how they are chosen.
#[derive(Debug, Default)]
pub(super) struct FrequentWords<T> {
    /// From which frequency on.
    from: u32,
    words: Vec<(u32, TermOrd, T)>,
}

impl<T> FrequentWords<T> {
    /// Those in at least `from` documents; none when that is 0.
    pub fn new(from: u32) -> Self {
        Self { from, words: Vec::new() }
    }

    /// Whether a word in `df` documents is one.
    pub fn takes(&self, df: usize) -> bool {
        self.from > 0 && df >= self.from as usize
    }

    /// Adds one; ordinals ascend.
    pub fn push(&mut self, df: usize, ord: TermOrd, word: T) {
        self.words.push((df as u32, ord, word));
    }

    /// Leaves the most frequent ones, and returns from which frequency on words are among them.
    pub fn settle(&mut self) -> u32 {
        if self.words.len() > MOST_WORDS {
            let mut dfs: Vec<u32> = self.words.iter().map(|(df, ..)| *df).collect();
            let (.., most, _) = dfs.select_nth_unstable_by(MOST_WORDS, |a, b| b.cmp(a));
            self.from = most.saturating_add(1);
            self.words.retain(|(df, ..)| *df >= self.from);
        }
        self.from
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The words; a word's number is its place.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &T> {
        self.words.iter().map(|(.., word)| word)
    }

    /// The term of the bigram of two words.
    pub fn term(&self, (first, second): (u32, u32)) -> Result<[u8; 8]> {
        let ord = |word: u32| self.words.get(word as usize).map(|(_, ord, _)| *ord);
        let (first, second) = ord(first).zip(ord(second)).ok_or(Error::Defect("a bigram of a word that is none"))?;
        Ok(term_of(first, second))
    }
}

/// Gathers bigrams of words by number.
#[derive(Debug)]
pub(super) struct Bigrams {
    words: usize,
    /// By first and second word: the bigram's number, from 1.
    numbers: Vec<u32>,
    found: u32,
    /// Numbers of bigrams, one document after the other.
    places: Vec<u32>,
    /// Documents with their ends in `places`.
    ends: Vec<(u32, usize)>,
}

impl Bigrams {
    /// Of so many words.
    pub fn new(words: usize) -> Self {
        Self { words, numbers: vec![0; words * words], found: 0, places: Vec::new(), ends: Vec::new() }
    }

    /// Adds a document: positions, ascending, with the numbers of the words there. Only bigrams that are `wanted` count. A document comes
    /// once.
    #[inline]
    pub fn add(&mut self, doc: u32, tokens: &mut [(u32, u32)], wanted: impl Fn(u32, u32) -> bool) {
        let before = self.places.len();
        if tokens.windows(2).any(|two| two[0].0 == two[1].0) {
            self.add_crowded(tokens, wanted);
        } else {
            for two in tokens.windows(2) {
                let [(place, first), (next, second)] = [two[0], two[1]];
                if next - place == 1 && wanted(first, second) {
                    self.count(first, second);
                }
            }
        }
        if self.places.len() > before {
            self.ends.push((doc, self.places.len()));
        }
    }

    /// The same where several words stand in one place.
    #[cold]
    fn add_crowded(&mut self, tokens: &mut [(u32, u32)], wanted: impl Fn(u32, u32) -> bool) {
        tokens.sort_unstable();
        let mut crowds = tokens.chunk_by(|a, b| a.0 == b.0).peekable();
        while let (Some(crowd), Some(after)) = (crowds.next(), crowds.peek()) {
            if after[0].0 - crowd[0].0 > 1 {
                continue;
            }
            for (_, first) in crowd {
                // What stands there twice follows once.
                for second in after.chunk_by(|a, b| a == b).map(|same| same[0].1) {
                    if wanted(*first, second) {
                        self.count(*first, second);
                    }
                }
            }
        }
    }

    #[inline]
    fn count(&mut self, first: u32, second: u32) {
        let Some(number) = self.numbers.get_mut(first as usize * self.words + second as usize) else { return };
        if *number == 0 {
            self.found += 1;
            *number = self.found;
        }
        self.places.push(*number);
    }

    /// The lists. A counting sort: documents stay in the order in which they came.
    ///
    /// # Errors
    /// An interrupt's.
    pub fn into_lists(self, pace: &mut Pace<'_>) -> Result<BigramLists> {
        let mut next = vec![0usize; self.found as usize + 1];
        self.places.iter().for_each(|number| next[*number as usize] += 1);
        let mut lists = BigramLists { words: Vec::with_capacity(self.found as usize), ends: Vec::new(), docs: Vec::new() };
        let mut total = 0;
        for (at, number) in self.numbers.iter().enumerate().filter(|(_, number)| **number > 0) {
            let next = &mut next[*number as usize];
            total += *next;
            *next = total - *next;
            lists.words.push(((at / self.words) as u32, (at % self.words) as u32));
            lists.ends.push(total);
        }
        lists.docs.resize(total, 0);
        let mut start = 0;
        for (doc, end) in &self.ends {
            for number in &self.places[start..*end] {
                let next = &mut next[*number as usize];
                lists.docs[*next] = *doc;
                *next += 1;
            }
            pace.step(*end - start)?;
            start = *end;
        }
        Ok(lists)
    }
}

/// Bigrams by ascending words.
#[derive(Debug)]
pub(super) struct BigramLists {
    words: Vec<(u32, u32)>,
    ends: Vec<usize>,
    /// As often as the bigram stands there.
    docs: Vec<u32>,
}

impl BigramLists {
    /// How many.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The words of one.
    pub fn words(&self, at: usize) -> Option<(u32, u32)> {
        self.words.get(at).copied()
    }

    /// Hands out documents and frequencies of one.
    #[inline]
    pub fn each(&self, at: usize, mut posting: impl FnMut(u32, u32)) {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        let docs = self.ends.get(at).and_then(|end| self.docs.get(start..*end)).unwrap_or_default();
        docs.chunk_by(|a, b| a == b).for_each(|same| posting(same[0], same.len() as u32));
    }

    /// Counts the pairs of all postings.
    ///
    /// # Errors
    /// An interrupt's.
    pub fn count(&self, norms: &[u8], counts: &mut PairCounts, pace: &mut Pace<'_>) -> Result<()> {
        for at in 0..self.len() {
            let mut postings = TERM;
            self.each(at, |doc, tf| {
                counts.add(pair(norms, doc, tf), 1);
                postings += 1;
            });
            pace.step(postings)?;
        }
        Ok(())
    }

    /// Writes the sections of a field, a segment of as many documents as `norms` has lengths; nothing when no two words stand side by
    /// side. `average` length of the field's documents. Documents came ascending.
    ///
    /// # Errors
    /// Those of the file; an interrupt's.
    pub fn write<T>(
        self,
        file: &mut SegmentFileWriter,
        field: FieldId,
        frequent: &FrequentWords<T>,
        thresholds: Thresholds,
        (norms, average): (&[u8], f64),
        interrupt: &Interrupt,
    ) -> Result<()> {
        if self.len() == 0 {
            return Ok(());
        }
        let mut counts = PairCounts::default();
        let mut pace = Pace::new(interrupt);
        self.count(norms, &mut counts, &mut pace)?;
        let (book, _) = Codebook::build(counts.into_vec(), average, MAX_CODES);
        let numbers = PairNumbers::of(&book);
        let mut writer = begin(file, field, norms.len() as u32, thresholds, book)?;
        let (mut docs, mut pairs) = (Vec::new(), Vec::new());
        for (at, words) in self.words.iter().enumerate() {
            docs.clear();
            pairs.clear();
            self.each(at, |doc, tf| {
                docs.push(doc);
                pairs.push(numbers.get(pair(norms, doc, tf)).unwrap_or(u32::MAX));
            });
            writer.push(&frequent.term(*words)?, &docs, &pairs, &[])?;
            pace.step(docs.len() + TERM)?;
        }
        writer.finish(0, &[]).map(|_| ())
    }
}

/// The pair of a posting.
#[inline]
pub(super) fn pair(norms: &[u8], doc: u32, tf: u32) -> Pair {
    Pair { tf, norm: norms.get(doc as usize).copied().unwrap_or(0) }
}

/// Begins the sections.
pub(super) fn begin(
    file: &mut SegmentFileWriter,
    field: FieldId,
    doc_count: u32,
    thresholds: Thresholds,
    book: Codebook,
) -> Result<InvertedWriter<'_>> {
    InvertedWriter::new(file, field, doc_count, FieldForm::BIGRAMS, Thresholds { bigrams_from: 0, ..thresholds }, book)
}
