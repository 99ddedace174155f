//! Slots: a word, phrase or nearly-a-word over its fields becomes clauses with bounds.
//!
//! **In**: bound leaves, a view's terms. **Out**: [`Slot`]s whose values are bounds, to be scaled when all are known, and the sum of
//! those bounds. **Law**: the table in [`crate::plan`]. Clauses stand in the order of the schema, picked terms in the order of picking.

use std::collections::HashMap;

use smallvec::{SmallVec, smallvec};

use super::ranking::{Combine, Ranking};
use super::score::{cut, idf};
use super::terms::Terms;
use crate::base::{FieldId, Result};
use crate::exec::{Adjacent, Blend, Clause, PhraseWord, Slot, Source};
use crate::query::{GraphClause, PhraseClause, SynonymClause, TermBytes, TermClause, TermClauses};

/// A clause before its idf is known.
struct Draft {
    field: FieldId,
    source: Source,
    /// The field's weight, over the distance for a near term.
    weight: f64,
    /// What the distance divides the weight by.
    divisor: f64,
    /// Document frequencies of its words.
    dfs: SmallVec<[u64; 4]>,
}

/// A word's number and frequency.
type Seen = (usize, u64);

/// The distinct words of a phrase with their numbers and frequencies: looked through while they are few.
#[derive(Default)]
struct Known<'t> {
    few: SmallVec<[(&'t [u8], Seen); 8]>,
    many: HashMap<&'t [u8], Seen>,
}

impl<'t> Known<'t> {
    fn get(&self, term: &[u8]) -> Option<Seen> {
        let few = || self.few.iter().find(|(known, _)| *known == term).map(|(_, seen)| *seen);
        few().or_else(|| self.many.get(term).copied())
    }

    fn insert(&mut self, term: &'t [u8], seen: Seen) -> Seen {
        if self.few.len() < self.few.inline_size() {
            self.few.push((term, seen));
        } else {
            self.many.insert(term, seen);
        }
        seen
    }
}

type Drafts = SmallVec<[Draft; 1]>;

/// Makes slots for one program.
pub(super) struct Slots<'a> {
    pub terms: Terms<'a>,
    pub compiled: &'a Ranking,
    /// Sum of the bounds so far.
    pub bounds: f64,
    /// Postings of all words so far.
    pub postings: u64,
}

/// Terms picked for one word with typos, and how many there were.
pub(super) struct Picked {
    pub slot: Option<Slot>,
    pub most: usize,
}

impl<'a> Slots<'a> {
    pub fn new(terms: Terms<'a>, compiled: &'a Ranking) -> Self {
        Self { terms, compiled, bounds: 0.0, postings: 0 }
    }

    /// A word; `None` when no document has it.
    pub fn word(&mut self, mut clauses: TermClauses, boost: f64) -> Result<Option<Slot>> {
        clauses.sort_by_key(|clause| clause.field);
        let mut drafts = Drafts::with_capacity(clauses.len());
        for TermClause { field, term, weight } in clauses {
            if let Some((entries, df)) = self.terms.find(field, &term)? {
                drafts.push(Draft { field, source: Source::Term(entries), weight, divisor: 1.0, dfs: smallvec![df] });
            }
        }
        Ok(self.blend(drafts, boost))
    }

    /// A phrase; `None` when no document has all its words.
    pub fn phrase(&mut self, mut clauses: Vec<PhraseClause>, slop: u32, boost: f64) -> Result<Option<Slot>> {
        clauses.sort_by_key(|clause| clause.field);
        let mut drafts = Drafts::with_capacity(clauses.len());
        for PhraseClause { field, terms, weight } in clauses {
            if let Some((source, dfs)) = self.sequence(field, &terms, slop)? {
                drafts.push(Draft { field, source, weight, divisor: 1.0, dfs });
            }
        }
        Ok(self.blend(drafts, boost))
    }

    /// A phrase in a field, with the frequencies of its words; `None` when no document has all of them.
    fn sequence(&self, field: FieldId, sought: &[(TermBytes, u32)], slop: u32) -> Result<Option<(Source, SmallVec<[u64; 4]>)>> {
        let (mut terms, mut words, mut dfs) = (Vec::new(), Vec::with_capacity(sought.len()), SmallVec::with_capacity(sought.len()));
        let mut known = Known::default();
        for (term, offset) in sought {
            let (term, df) = match known.get(term) {
                Some(seen) => seen,
                None => {
                    let Some((entries, df)) = self.terms.find(field, term)? else { return Ok(None) };
                    terms.push(entries);
                    known.insert(term, (terms.len() - 1, df))
                }
            };
            words.push(PhraseWord { offset: *offset, term });
            dfs.push(df);
        }
        let mut adjacent = Vec::new();
        for two in words.windows(2).filter(|_| slop == 0) {
            if let [first, second] = two
                && first.offset.checked_add(1) == Some(second.offset)
                && let (Some(left), Some(right)) = (terms.get(first.term), terms.get(second.term))
            {
                let between = self.terms.adjacent(field, left, right)?;
                adjacent.push(Adjacent { first: first.term, second: second.term, between });
            }
        }
        Ok(Some((Source::Phrase { terms, words, slop, adjacent }, dfs)))
    }

    /// A word with its synonyms, which all count as the most frequent of their field does.
    pub fn synonyms(&mut self, mut clauses: Vec<SynonymClause>, boost: f64) -> Result<Option<Slot>> {
        clauses.sort_by_key(|clause| clause.field);
        let mut drafts = Drafts::new();
        for SynonymClause { field, members, weight } in clauses {
            let (first, mut largest) = (drafts.len(), 0);
            for member in members {
                let found = match &member[..] {
                    [(term, _)] => self.terms.find(field, term)?.map(|(entries, df)| (Source::Term(entries), df)),
                    _ => self.sequence(field, &member, 0)?.map(|(source, dfs)| (source, dfs.into_iter().min().unwrap_or_default())),
                };
                let Some((source, df)) = found else { continue };
                largest = largest.max(df);
                drafts.push(Draft { field, source, weight, divisor: 1.0, dfs: smallvec![df] });
            }
            drafts.iter_mut().skip(first).for_each(|draft| draft.dfs = smallvec![largest]);
        }
        Ok(self.blend(drafts, boost))
    }

    /// A phrase whose words may be their synonyms: each way through them has the rarity of the words, each as frequent as the most frequent
    /// that it may be.
    pub fn graph(&mut self, mut clauses: Vec<GraphClause>, boost: f64) -> Result<Option<Slot>> {
        clauses.sort_by_key(|clause| clause.field);
        let mut drafts = Drafts::new();
        for GraphClause { field, words, paths, weight } in clauses {
            let mut dfs: SmallVec<[u64; 4]> = SmallVec::with_capacity(words.len());
            for members in &words {
                let mut largest = 0;
                for member in members {
                    let mut rarest = u64::MAX;
                    for (term, _) in member {
                        rarest = rarest.min(self.terms.find(field, term)?.map_or(0, |(_, df)| df));
                    }
                    largest = largest.max(rarest);
                }
                dfs.push(largest);
            }
            for path in paths {
                if let Some((source, _)) = self.sequence(field, &path, 0)? {
                    drafts.push(Draft { field, source, weight, divisor: 1.0, dfs: dfs.clone() });
                }
            }
        }
        Ok(self.blend(drafts, boost))
    }

    /// A word with typos: at most `most` terms a field.
    pub fn near(&mut self, mut clauses: Vec<(TermClause, Vec<u8>, levenshtein_automata::DFA)>, most: usize, boost: f64) -> Result<Picked> {
        clauses.sort_by_key(|(clause, ..)| clause.field);
        let (mut drafts, mut seen) = (Drafts::new(), 0);
        for (TermClause { field, weight, .. }, prefix, automaton) in clauses {
            let mut near = self.terms.near(field, &prefix, &automaton)?;
            seen = seen.max(near.len());
            near.truncate(most);
            let largest = near.iter().map(|near| near.df).max().unwrap_or_default();
            drafts.extend(near.into_iter().map(|near| Draft {
                field,
                source: Source::Term(near.entries),
                weight,
                divisor: 1.0 + f64::from(near.distance),
                dfs: smallvec![largest],
            }));
        }
        Ok(Picked { slot: self.blend(drafts, boost), most: seen })
    }

    /// Bound of a constant clause.
    pub fn constant(&mut self, weight: f64) -> f64 {
        let bound = cut(weight);
        self.bounds += bound;
        bound
    }

    fn blend(&mut self, drafts: Drafts, boost: f64) -> Option<Slot> {
        if drafts.is_empty() {
            return None;
        }
        self.postings = drafts.iter().flat_map(|draft| &draft.dfs).fold(self.postings, |sum, &df| sum.saturating_add(df));
        let (blend, clauses) = match self.compiled.combine {
            Combine::Bm25f => {
                let docs = drafts.iter().map(|draft| self.terms.totals(draft.field).docs).max().unwrap_or_default();
                let words = drafts.iter().map(|draft| draft.dfs.len()).max().unwrap_or_default();
                let largest = |word: usize| drafts.iter().filter_map(|draft| draft.dfs.get(word)).copied().max().unwrap_or_default();
                let value = cut(boost) * (0..words).fold(0.0, |sum, word| sum + idf(docs, largest(word)));
                let scores = boost > 0.0 && drafts.iter().any(|draft| draft.weight > 0.0);
                let value = if scores { value } else { 0.0 };
                self.bounds += value;
                let weight = |draft: &Draft| if scores { draft.weight / draft.divisor } else { 0.0 };
                let clauses = drafts.into_iter().map(|draft| self.clause(draft, weight)).collect();
                let weighted = Blend::Weighted { k1: self.compiled.k1, value };
                (if scores { weighted } else { Blend::Sum }, clauses)
            }
            combine => {
                let terms = self.terms;
                let value = |draft: &Draft| {
                    let docs = terms.totals(draft.field).docs;
                    let rarity = draft.dfs.iter().fold(0.0, |sum, &df| sum + idf(docs, df));
                    (cut(draft.weight * boost) / draft.divisor) * rarity
                };
                let clauses: SmallVec<_> = drafts.into_iter().map(|draft| self.clause(draft, value)).collect();
                self.bounds = clauses.iter().fold(self.bounds, |sum, clause: &Clause| sum + clause.value);
                let scores = clauses.iter().any(|clause| clause.value > 0.0);
                let best = Blend::Best { tie_breaker: self.compiled.tie_breaker };
                (if combine == Combine::Best && scores { best } else { Blend::Sum }, clauses)
            }
        };
        Some(Slot { clauses, blend })
    }

    fn clause(&mut self, draft: Draft, value: impl Fn(&Draft) -> f64) -> Clause {
        let value = value(&draft);
        Clause { field: draft.field, source: draft.source, value }
    }
}
