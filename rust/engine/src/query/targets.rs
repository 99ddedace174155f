//! Where a text is searched, and the words that each place makes of it.
//!
//! **In**: the fields of a leaf, the configured ones, analyzers. **Out**: [`Targets`]; texts as aligned [`Slot`]s or as phrases. **Law**:
//! tokens of different fields that begin at the same byte of the text are one word, so they share a slot; where analyzers disagree about
//! words, each keeps its own. Within one field a slot holds one token. So a run of Han is one slot per pair of characters in every field
//! alike, and `well-known` is two slots in a `standard` field and one more in a `whitespace` field, at the byte of the first.

use smallvec::{SmallVec, smallvec};

use super::bound::{Bound, PhraseClause, Slot, SynonymClause, SynonymMember, SynonymSlot, TermBytes, TermClause};
use super::comparison::{Mismatch, described};
use super::fields::Fields;
use super::filter_bind::{Named, named};
use super::rewrite::SearchFields;
use super::synonyms::Synonyms;
use crate::analysis::{Analyzer, Analyzers};
use crate::base::FieldId;
use crate::schema::{FieldKind, Schema};

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
            let mut tokens: Vec<(u32, TermBytes)> = Vec::new();
            target.analyzer.analyze_query(text, &mut |token| {
                if tokens.last().is_some_and(|(before, _)| *before == token.start) {
                    return;
                }
                if tokens.len() < most {
                    tokens.push((token.start, token.text.as_bytes().into()));
                } else {
                    cut = true;
                }
            });
            let mut rest = tokens.as_slice();
            while let Some(((start, term), others)) = rest.split_first() {
                match synonyms.longest(target.field, rest.iter().map(|(_, term)| term)) {
                    Some((len, members)) => {
                        words.push((*start, order, SynonymMembers::Several(members)));
                        rest = rest.get(len..).unwrap_or_default();
                    }
                    None => {
                        words.push((*start, order, SynonymMembers::One(term.clone())));
                        rest = others;
                    }
                }
            }
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
