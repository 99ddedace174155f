//! Words that stand for one another, as each field's analyzer writes them.
//!
//! **In**: groups of texts, and texts with what they stand for too; analyzers. **Out**: for a run of terms in a field, what else is looked
//! for in its place. **Law**: known at query time only, so nothing is indexed anew. A text of several words is a run in the query and a
//! phrase in documents. From left to right the longest run that is known is taken; its words are then one slot, which counts as one.
//! What a text stands for is not looked up again: synonyms of synonyms do not follow.

use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use super::bound::{SynonymMember, TermBytes};
use crate::analysis::{Analyzer, Analyzers};
use crate::base::FieldId;

/// Texts, as a configuration has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SynonymGroups {
    /// In each group every text stands for all.
    pub groups: Vec<Vec<String>>,
    /// The first stands for the others too, not they for it.
    pub oneway: Vec<(String, Vec<String>)>,
}

/// Groups that are worth a thread.
const PART: usize = 4096;

/// Runs of terms and what stands in their place, for each field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Synonyms {
    fields: Vec<Option<Arc<Rules>>>,
}

/// Runs, and the lists that they are in. Flat, so that a hundred thousand texts are made, and freed, in a few pieces of memory; what stands
/// in the place of a run is taken apart when a query meets it.
#[derive(Default)]
struct Rules {
    /// The terms of all texts, each behind its length, which is at most 255.
    bytes: Vec<u8>,
    texts: Vec<Text>,
    /// Which texts are in a list.
    lists: Vec<(u32, u32)>,
    /// Of texts whose terms do not stand side by side, by their number: where each term stands.
    apart: Vec<(u32, Box<[u32]>)>,
    /// The first text of each run, by the hash of its terms.
    runs: HashTable<u32>,
    /// Of how many words runs are, the longest first.
    lengths: Vec<u32>,
}

/// A text as a field's analyzer writes it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Text {
    /// Where its terms are.
    start: u32,
    end: u32,
    /// The list that says what stands in its place.
    list: u32,
    /// The next text of the same terms, and of the first one the last.
    next: u32,
    last: u32,
}

/// No text.
const NONE: u32 = u32::MAX;

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        // The table and the lengths follow from the rest.
        (&self.bytes, &self.texts, &self.lists, &self.apart) == (&other.bytes, &other.texts, &other.lists, &other.apart)
    }
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rules({} texts in {} lists)", self.texts.len(), self.lists.len())
    }
}

/// The hash of a run, term by term.
fn hashed(run: u64, term: &[u8]) -> u64 {
    (run.rotate_left(5) ^ xxh3_64(term)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The terms of a text that was analysed.
fn terms(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = bytes.split_first()?;
        let (term, rest) = rest.split_at_checked(usize::from(*len))?;
        bytes = rest;
        Some(term)
    })
}

/// Texts that one thread has analysed: where each begins and ends, its hash and how many terms it has.
#[derive(Default)]
struct Analysed {
    bytes: Vec<u8>,
    texts: Vec<(u32, u32, u64, u32)>,
    apart: Vec<(u32, Box<[u32]>)>,
    /// How many texts there are at the end of each list.
    ends: Vec<u32>,
}

impl Analysed {
    /// One more text; nothing of one without terms.
    fn text(&mut self, text: &str, analyzer: &dyn Analyzer) {
        let start = self.bytes.len() as u32;
        let (mut hash, mut count, mut first, mut last, mut together) = (0, 0u32, 0, None, true);
        let mut places: SmallVec<[u32; 8]> = SmallVec::new();
        analyzer.analyze_query(text, &mut |token| {
            if last == Some(token.position) {
                return;
            }
            first = if last.is_none() { token.position } else { first };
            last = Some(token.position);
            let place = token.position.saturating_sub(first);
            together &= place == count;
            places.push(place);
            count += 1;
            hash = hashed(hash, token.text.as_bytes());
            self.bytes.push(token.text.len() as u8);
            self.bytes.extend_from_slice(token.text.as_bytes());
        });
        if count == 0 {
            return;
        }
        if !together {
            self.apart.push((self.texts.len() as u32, places.as_slice().into()));
        }
        self.texts.push((start, self.bytes.len() as u32, hash, count));
    }

    fn list(&mut self, texts: &[String], analyzer: &dyn Analyzer) {
        texts.iter().for_each(|text| self.text(text, analyzer));
        self.ends.push(self.texts.len() as u32);
    }
}

impl Synonyms {
    /// What `groups` mean under the analyzers of fields.
    #[must_use]
    pub fn new(groups: &SynonymGroups, analyzers: &Analyzers, fields: impl Iterator<Item = FieldId>) -> Self {
        let mut known: Vec<(&str, Arc<Rules>)> = Vec::new();
        let rules = |analyzer: &dyn Analyzer| Rules::new(groups, analyzer);
        let mut of = |field: FieldId| {
            let analyzer = analyzers.get(field)?;
            let same = known.iter().find(|(name, _)| *name == analyzer.name()).map(|(_, rules)| Arc::clone(rules));
            let rules = same.unwrap_or_else(|| {
                let rules = Arc::new(rules(analyzer.as_ref()));
                known.push((analyzer.name(), Arc::clone(&rules)));
                rules
            });
            (!rules.runs.is_empty()).then_some(rules)
        };
        let fields: Vec<_> = fields.map(&mut of).collect();
        if fields.iter().all(Option::is_none) { Self::default() } else { Self { fields } }
    }

    /// Whether nothing stands for anything else.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether it is the very same.
    #[cfg(test)]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same = |(a, b): (&Option<Arc<Rules>>, &Option<Arc<Rules>>)| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.fields.len() == other.fields.len() && self.fields.iter().zip(&other.fields).all(same)
    }

    /// The longest run that `terms` begin with and that has synonyms: its length, and what is looked for, the run itself first.
    pub(super) fn longest<'t>(
        &self,
        field: FieldId,
        terms: impl Iterator<Item = &'t TermBytes> + Clone,
    ) -> Option<(usize, Vec<SynonymMember>)> {
        let rules = self.fields.get(field.index())?.as_ref()?;
        let most = *rules.lengths.first()? as usize;
        let mut hashes: SmallVec<[u64; 8]> = SmallVec::new();
        for term in terms.clone().take(most) {
            hashes.push(hashed(hashes.last().copied().unwrap_or_default(), term));
        }
        rules.lengths.iter().find_map(|&length| {
            let length = length as usize;
            let hash = *hashes.get(length.checked_sub(1)?)?;
            let run = terms.clone().take(length);
            let first = rules.runs.find(hash, |text| rules.terms(*text).eq(run.clone().map(|term| &term[..])))?;
            let members = rules.members(*first, run);
            (members.len() > 1).then_some((length, members))
        })
    }
}

impl Rules {
    /// Linear in the texts.
    fn new(groups: &SynonymGroups, analyzer: &dyn Analyzer) -> Self {
        let count = groups.groups.len();
        // Analysis is the most of it, and each group's is its own.
        let part = count.div_ceil(std::thread::available_parallelism().map_or(1, usize::from).min(4)).max(PART);
        let mut parts: Vec<Analysed> = std::thread::scope(|scope| {
            let of = |groups: &[Vec<String>]| {
                let mut analysed = Analysed::default();
                groups.iter().for_each(|group| analysed.list(group, analyzer));
                analysed
            };
            let mut parts = groups.groups.chunks(part);
            let first = parts.next().unwrap_or_default();
            // Where no thread can be started, this one does it.
            let others: Vec<_> = parts.map(|part| (part, std::thread::Builder::new().spawn_scoped(scope, move || of(part)).ok())).collect();
            let mut analysed = vec![of(first)];
            analysed.extend(others.into_iter().map(|(part, made)| made.and_then(|made| made.join().ok()).unwrap_or_else(|| of(part))));
            analysed
        });
        let mut oneway = Analysed::default();
        for (text, others) in &groups.oneway {
            // A list of its own, before that of the others: it is one of no list, and stands for the next.
            oneway.list(std::slice::from_ref(text), analyzer);
            oneway.list(others, analyzer);
        }
        parts.push(oneway);
        let mut rules = Self::default();
        let texts = parts.iter().map(|part| part.texts.len()).sum();
        rules.texts.reserve(texts);
        rules.bytes.reserve(parts.iter().map(|part| part.bytes.len()).sum());
        rules.lists.reserve(parts.iter().map(|part| part.ends.len()).sum());
        rules.runs.reserve(texts, |_| 0);
        let last = parts.len() - 1;
        for (number, part) in parts.into_iter().enumerate() {
            rules.take(part, number == last);
        }
        rules.lengths.sort_unstable_by(|a, b| b.cmp(a));
        rules
    }

    /// Adds what was analysed; `oneway`: of two lists the first is what stands for the second.
    fn take(&mut self, part: Analysed, oneway: bool) {
        let (bytes, texts) = (self.bytes.len() as u32, self.texts.len() as u32);
        self.bytes.extend_from_slice(&part.bytes);
        self.apart.extend(part.apart.into_iter().map(|(text, places)| (text + texts, places)));
        let mut from = 0u32;
        for (number, to) in part.ends.into_iter().enumerate() {
            let list = self.lists.len() as u32;
            let stands = !oneway || number % 2 == 0;
            for &(start, end, hash, words) in part.texts.get(from as usize..to as usize).unwrap_or_default() {
                let own = self.texts.len() as u32;
                let list = if oneway { list + 1 } else { list };
                self.texts.push(Text { start: start + bytes, end: end + bytes, list, next: NONE, last: own });
                if stands {
                    self.enter(own, list, hash, words);
                }
            }
            self.lists.push((texts + from, texts + to));
            from = to;
        }
    }

    /// The text `own` is a run, and `list` says what stands in its place.
    fn enter(&mut self, own: u32, list: u32, hash: u64, words: u32) {
        if !self.lengths.contains(&words) {
            self.lengths.push(words);
        }
        let Self { bytes, texts, runs, .. } = self;
        let of = |text: u32| texts.get(text as usize).and_then(|text| bytes.get(text.start as usize..text.end as usize));
        let first = match runs.entry(hash, |known| of(*known) == of(own), |text| of(*text).map_or(0, |bytes| terms(bytes).fold(0, hashed)))
        {
            Entry::Vacant(free) => {
                free.insert(own);
                return;
            }
            Entry::Occupied(known) => *known.get(),
        };
        let last = texts.get(first as usize).map_or(NONE, |text| text.last);
        if texts.get(last as usize).is_some_and(|text| text.list == list) {
            return;
        }
        if let Some(text) = texts.get_mut(last as usize) {
            text.next = own;
        }
        if let Some(text) = texts.get_mut(first as usize) {
            text.last = own;
        }
    }

    /// The terms of a text.
    fn terms(&self, text: u32) -> impl Iterator<Item = &[u8]> {
        let text = self.texts.get(text as usize);
        terms(text.and_then(|text| self.bytes.get(text.start as usize..text.end as usize)).unwrap_or_default())
    }

    /// A text with the places of its terms.
    fn member(&self, text: u32) -> SynonymMember {
        let apart = self.apart.binary_search_by_key(&text, |(of, _)| *of).ok().and_then(|at| self.apart.get(at));
        let place = |at: usize| apart.and_then(|(_, places)| places.get(at)).copied().unwrap_or(at as u32);
        self.terms(text).enumerate().map(|(at, term)| (term.into(), place(at))).collect()
    }

    /// A run, whose first text is `first`, and what stands in its place, each once.
    fn members<'t>(&self, first: u32, run: impl Iterator<Item = &'t TermBytes> + Clone) -> Vec<SynonymMember> {
        let chain = std::iter::successors(self.texts.get(first as usize), |text| self.texts.get(text.next as usize));
        let ranges = chain.filter_map(|text| self.lists.get(text.list as usize));
        let of_lists: Vec<SynonymMember> = ranges.flat_map(|&(from, to)| (from..to).map(|text| self.member(text))).collect();
        let is_run = |member: &SynonymMember| member.iter().map(|(term, _)| term).eq(run.clone());
        // The run itself has the places that its text gave it, where a list has it.
        let own = of_lists.iter().find(|member| is_run(member)).cloned();
        let plain = || run.clone().enumerate().map(|(place, term)| (term.clone(), place as u32)).collect();
        let mut members = vec![own.unwrap_or_else(plain)];
        for member in of_lists {
            if !members.contains(&member) {
                members.push(member);
            }
        }
        members
    }
}
