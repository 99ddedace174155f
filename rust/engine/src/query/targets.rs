//! Where a text is searched, and the words that each place makes of it.
//!
//! **In**: the fields of a leaf, the configured ones, analyzers. **Out**: [`Targets`]; texts as aligned [`Slot`]s or as phrases. **Law**:
//! tokens of different fields that begin at the same byte of the text are one word, so they share a slot; where analyzers disagree about
//! words, each keeps its own. Within one field a slot holds one token. So a run of Han is one slot per pair of characters in every field
//! alike, and `well-known` is two slots in a `standard` field and one more in a `whitespace` field, at the byte of the first.

use smallvec::{SmallVec, smallvec};

use super::bound::{Bound, GraphClause, PhraseClause, Slot, SynonymClause, SynonymMember, SynonymSlot, TermBytes, TermClause};
use super::comparison::{Mismatch, described};
use super::fields::Fields;
use super::filter_bind::{Named, named};
use super::rewrite::SearchFields;
use super::synonyms::Synonyms;
use crate::analysis::{Analyzer, Analyzers};
use crate::base::FieldId;
use crate::schema::{FieldKind, Schema};

/// Ways through the words of a phrase and their synonyms that are looked for, in each field.
pub(super) const MAX_PATHS: usize = 64;

/// A Text field to search.
pub(super) struct TextTarget<'a> {
    pub field: FieldId,
    pub weight: f64,
    pub analyzer: &'a dyn Analyzer,
}

/// Where a leaf searches.
#[derive(Default)]
pub(super) struct Targets<'a> {
    pub texts: SmallVec<[TextTarget<'a>; 2]>,
    /// Keyword fields with their weights: a whole text is one value.
    pub keywords: Vec<(FieldId, f64)>,
}

impl<'a> Targets<'a> {
    /// The targets of `fields`, in the order of the schema.
    pub fn of(fields: Option<&Fields>, schema: &Schema, analyzers: &'a Analyzers, search: &SearchFields) -> Result<Self, Mismatch> {
        let mut targets = Self::default();
        let Some(fields) = fields else {
            for &(field, weight) in &search.fields {
                if let Some(analyzer) = analyzers.get(field) {
                    targets.texts.push(TextTarget { field, weight, analyzer: analyzer.as_ref() });
                }
            }
            targets.texts.sort_by_key(|target| target.field);
            return Ok(targets);
        };
        let mut seen = Vec::with_capacity(fields.0.len());
        for wanted in &fields.0 {
            let Named::Field(id, field) = named(schema, &wanted.name)? else {
                return Err(Mismatch {
                    message: format!("{} is the key, which holds no words", wanted.name),
                    hint: "use Term for a key".to_owned(),
                });
            };
            if seen.contains(&id) {
                return Err(Mismatch { message: format!("field {} twice", wanted.name), hint: "name each field once".to_owned() });
            }
            seen.push(id);
            let weight = wanted.weight.unwrap_or_else(|| search.weight(id));
            match (&field.kind, analyzers.get(id)) {
                (FieldKind::Keyword { .. }, _) => targets.keywords.push((id, weight)),
                (FieldKind::Text { .. }, Some(analyzer)) => {
                    targets.texts.push(TextTarget { field: id, weight, analyzer: analyzer.as_ref() });
                }
                (kind, _) => {
                    return Err(Mismatch {
                        message: format!("{} is {} field, which holds no words", wanted.name, described(kind)),
                        hint: "use Term or Range for it".to_owned(),
                    });
                }
            }
        }
        targets.texts.sort_by_key(|target| target.field);
        targets.keywords.sort_by_key(|&(field, _)| field);
        Ok(targets)
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.keywords.is_empty()
    }

    /// The words of `text` in the order of the text, a [`Slot`] each, at most `most` and whether there were more.
    pub fn slots(&self, text: &str, boost: f64, most: usize) -> (SmallVec<[Bound; 1]>, bool) {
        let mut tokens: SmallVec<[(u32, usize, TermBytes); 8]> = SmallVec::new();
        for (order, target) in self.texts.iter().enumerate() {
            let (mut count, mut before) = (0usize, None);
            target.analyzer.analyze_query(text, &mut |token| {
                // One more than wanted tells that there are more; the analyzer cannot be stopped, so the rest is let pass.
                if count <= most && before != Some(token.start) {
                    tokens.push((token.start, order, token.text.as_bytes().into()));
                    count += 1;
                }
                before = Some(token.start);
            });
        }
        if self.texts.len() > 1 {
            tokens.sort_by_key(|&(start, order, _)| (start, order));
        }
        let mut slots: SmallVec<[Bound; 1]> = SmallVec::with_capacity(tokens.len().min(most));
        let mut last = None;
        for (start, order, term) in tokens {
            if last != Some(start) {
                if slots.len() == most {
                    return (slots, true);
                }
                slots.push(Bound::Slot(Slot { clauses: smallvec![], boost }));
                last = Some(start);
            }
            if let (Some(Bound::Slot(slot)), Some(target)) = (slots.last_mut(), self.texts.get(order)) {
                slot.clauses.push(TermClause { field: target.field, term, weight: target.weight });
            }
        }
        (slots, false)
    }

    /// As [`Targets::slots`], where runs of words that have synonyms are one slot.
    pub fn slots_with(&self, synonyms: &Synonyms, text: &str, boost: f64, most: usize) -> (SmallVec<[Bound; 1]>, bool) {
        let mut words: Vec<(u32, usize, SynonymMembers)> = Vec::new();
        let mut cut = false;
        for (order, target) in self.texts.iter().enumerate() {
            let (runs, more) = target.runs(synonyms, text, most);
            cut |= more;
            words.extend(runs.into_iter().map(|run| (run.start, order, run.members)));
        }
        words.sort_by_key(|&(start, order, _)| (start, order));
        let mut slots: SmallVec<[Bound; 1]> = SmallVec::new();
        for word in words.chunk_by(|a, b| a.0 == b.0) {
            if slots.len() == most {
                return (slots, true);
            }
            let targets = word.iter().filter_map(|(_, order, members)| self.texts.get(*order).map(|target| (target, members)));
            let plain = word.iter().all(|(.., members)| matches!(members, SynonymMembers::One(_)));
            slots.push(if plain {
                let clause = |(target, members): (&TextTarget<'_>, &SynonymMembers)| match members {
                    SynonymMembers::One(term) => Some(TermClause { field: target.field, term: term.clone(), weight: target.weight }),
                    SynonymMembers::Several(_) => None,
                };
                Bound::Slot(Slot { clauses: targets.filter_map(clause).collect(), boost })
            } else {
                let clause = |(target, members): (&TextTarget<'_>, &SynonymMembers)| {
                    let members = match members {
                        SynonymMembers::One(term) => vec![smallvec![(term.clone(), 0)]],
                        SynonymMembers::Several(members) => members.clone(),
                    };
                    SynonymClause { field: target.field, members, weight: target.weight }
                };
                Bound::Synonyms(SynonymSlot { clauses: targets.map(clause).collect(), boost })
            });
        }
        (slots, cut)
    }

    /// The phrase that `text` is in each Text field, whose words may be their synonyms, and how many ways through them are left out.
    pub fn graphs(&self, synonyms: &Synonyms, text: &str, most: usize) -> (Vec<GraphClause>, usize) {
        let found: Vec<_> = self.texts.iter().map(|target| target.graph(synonyms, text, most)).collect();
        let left_out = found.iter().map(|(clause, ways)| ways - clause.paths.len()).max().unwrap_or_default();
        (found.into_iter().map(|(clause, _)| clause).filter(|clause| clause.words.len() > 1).collect(), left_out)
    }

    /// The phrase that `text` is in each Text field, of at most `most` words, and whether there were more. A clause may have one word.
    pub fn phrases(&self, text: &str, most: usize) -> (Vec<PhraseClause>, bool) {
        let mut cut = false;
        let mut clauses = Vec::with_capacity(self.texts.len());
        for target in &self.texts {
            let mut terms: Vec<(TermBytes, u32)> = Vec::new();
            let (mut first, mut last) = (0, None);
            target.analyzer.analyze_query(text, &mut |token| {
                if last == Some(token.position) {
                    return;
                }
                if terms.len() == most {
                    cut = true;
                    return;
                }
                first = if last.is_none() { token.position } else { first };
                last = Some(token.position);
                terms.push((token.text.as_bytes().into(), token.position.saturating_sub(first)));
            });
            if !terms.is_empty() {
                clauses.push(PhraseClause { field: target.field, terms, weight: target.weight });
            }
        }
        (clauses, cut)
    }
}

/// A word of a text in one field, or several that have synonyms together.
struct Run {
    /// Byte of the text where it begins.
    start: u32,
    /// Positions of its first and last term.
    first: u32,
    last: u32,
    members: SynonymMembers,
}

/// What a word of the query is looked for as, in one field.
enum SynonymMembers {
    One(TermBytes),
    Several(Vec<SynonymMember>),
}

/// What the beginning of a word is in one field.
pub(super) struct Beginning {
    /// Byte of the text where the last word begins; what stands before are whole words.
    pub start: usize,
    /// How terms begin.
    pub prefix: Vec<u8>,
    /// The stem of the last word, where that does not begin so.
    pub also: Option<Vec<u8>>,
}

impl TextTarget<'_> {
    /// The runs of a text, from left to right the longest that have synonyms, of at most `most` words, and whether there were more.
    fn runs(&self, synonyms: &Synonyms, text: &str, most: usize) -> (Vec<Run>, bool) {
        let (mut tokens, mut cut): (Vec<(u32, u32, TermBytes)>, _) = (Vec::new(), false);
        self.analyzer.analyze_query(text, &mut |token| {
            if tokens.last().is_some_and(|(before, ..)| *before == token.start) {
                return;
            }
            if tokens.len() < most {
                tokens.push((token.start, token.position, token.text.as_bytes().into()));
            } else {
                cut = true;
            }
        });
        let (mut runs, mut rest) = (Vec::new(), tokens.as_slice());
        while let Some(((start, first, term), others)) = rest.split_first() {
            let (len, members) = match synonyms.longest(self.field, rest.iter().map(|(.., term)| term)) {
                Some((len, members)) => (len, SynonymMembers::Several(members)),
                None => (1, SynonymMembers::One(term.clone())),
            };
            let last = rest.get(len.saturating_sub(1)).map_or(*first, |(_, position, _)| *position);
            runs.push(Run { start: *start, first: *first, last, members });
            rest = rest.get(len..).unwrap_or(others);
        }
        (runs, cut)
    }

    /// The phrase that a text is here, whose words may be their synonyms, and how many ways there are through them.
    fn graph(&self, synonyms: &Synonyms, text: &str, most: usize) -> (GraphClause, usize) {
        let (mut words, mut gaps) = (Vec::new(), Vec::new());
        let mut before = None;
        for Run { first, last, members, .. } in self.runs(synonyms, text, most).0 {
            if before == Some(first) {
                continue;
            }
            gaps.push(before.map_or(0, |before| first.saturating_sub(before)));
            words.push(match members {
                SynonymMembers::One(term) => vec![smallvec![(term, 0)]],
                SynonymMembers::Several(members) => members,
            });
            before = Some(last);
        }
        let ways = words.iter().fold(1usize, |ways, members| ways.saturating_mul(members.len()));
        let path = |number: usize| {
            // Digits of a number whose first word counts most, so that the words as they were written come first.
            let (mut rest, mut chosen) = (number, Vec::with_capacity(words.len()));
            for members in words.iter().rev() {
                chosen.push(members.get(rest % members.len().max(1)));
                rest /= members.len().max(1);
            }
            let (mut path, mut end) = (SynonymMember::new(), 0);
            for (member, gap) in chosen.into_iter().rev().flatten().zip(&gaps) {
                let begin = end + gap;
                path.extend(member.iter().map(|(term, offset)| (term.clone(), begin + offset)));
                end = path.last().map_or(begin, |(_, offset)| *offset);
            }
            path
        };
        let paths = (0..ways.min(MAX_PATHS)).map(path).collect();
        (GraphClause { field: self.field, words, paths, weight: self.weight }, ways)
    }

    /// The beginning that `text` ends with: lower-cased and folded as `plain` does, not stemmed; as it is for analyzers that change
    /// nothing. `None` when there is no letter in it.
    pub fn beginning(&self, text: &str, plain: &dyn Analyzer) -> Option<Beginning> {
        if matches!(self.analyzer.name(), "whitespace" | "path" | "keyword") {
            return (!text.is_empty()).then(|| Beginning { start: 0, prefix: text.as_bytes().to_vec(), also: None });
        }
        let mut last: Option<(usize, Vec<u8>)> = None;
        plain.analyze_query(text, &mut |token| last = Some((token.start as usize, token.text.as_bytes().to_vec())));
        let (start, prefix) = last?;
        let mut stem = None;
        self.analyzer.analyze_query(text.get(start..).unwrap_or_default(), &mut |token| stem = Some(token.text.as_bytes().to_vec()));
        Some(Beginning { start, also: stem.filter(|stem| !stem.starts_with(&prefix)), prefix })
    }
}
