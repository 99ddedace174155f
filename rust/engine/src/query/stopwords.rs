//! Words that are not searched beside others.
//!
//! **In**: words, analyzers. **Out**: for each field the terms that they are there. **Law**: known at query time only: they are indexed like all
//! others, and phrases keep them. A word of a text is left out when it is one in every field that would search it; a text of nothing
//! else keeps them all. A run of words that has synonyms is never one.

use std::collections::HashSet;
use std::sync::Arc;

use super::bound::{Bound, TermBytes};
use crate::analysis::Analyzers;
use crate::base::FieldId;

/// Terms of each field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StopWords {
    fields: Vec<Option<Arc<HashSet<TermBytes>>>>,
}

impl StopWords {
    /// What `words` are under the analyzers of fields. A word that an analyzer splits is one for each of its parts.
    #[must_use]
    pub fn new(words: &[String], analyzers: &Analyzers, fields: impl Iterator<Item = FieldId>) -> Self {
        if words.is_empty() {
            return Self::default();
        }
        let mut known: Vec<(String, Arc<HashSet<TermBytes>>)> = Vec::new();
        let mut of = |field: FieldId| {
            let analyzer = analyzers.get(field)?;
            let same = known.iter().find(|(name, _)| name == analyzer.name()).map(|(_, terms)| Arc::clone(terms));
            Some(same.unwrap_or_else(|| {
                let mut terms = HashSet::new();
                for word in words {
                    analyzer.analyze_query(word, &mut |token| {
                        terms.insert(token.text.as_bytes().into());
                    });
                }
                let terms = Arc::new(terms);
                known.push((analyzer.name().to_owned(), Arc::clone(&terms)));
                terms
            }))
        };
        Self { fields: fields.map(&mut of).collect() }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether a term of a field is one.
    #[must_use]
    pub fn contains(&self, field: FieldId, term: &TermBytes) -> bool {
        self.fields.get(field.index()).and_then(Option::as_ref).is_some_and(|terms| terms.contains(term))
    }

    /// Leaves them out of the words of a text, unless nothing would be left.
    pub(super) fn drop_from<A: smallvec::Array<Item = Bound>>(&self, slots: &mut smallvec::SmallVec<A>) {
        let stops = |slot: &Bound| match slot {
            Bound::Slot(slot) => slot.clauses.iter().all(|clause| self.contains(clause.field, &clause.term)),
            _ => false,
        };
        if slots.iter().any(|slot| !stops(slot)) {
            slots.retain(|slot| !stops(slot));
        }
    }
}
