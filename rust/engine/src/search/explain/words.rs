//! What the words of a plan were in the query.
//!
//! **In**: a bound query, a term that was found. **Out**: what the term stands for. **Law**: a term is what it says, unless it came in as a
//! synonym, or as what is near a word; of several words that it is near the nearest.

use crate::base::{FieldId, letters_between};
use crate::query::{Bound, TermBytes};

/// The variants that a query asked for.
#[derive(Debug, Default)]
pub(in crate::search) struct Meant {
    /// Field, words, and the words that they stand for.
    synonyms: Vec<(FieldId, String, String)>,
    /// Field, word, most typos.
    near: Vec<(FieldId, String, u8)>,
    /// Field and word, as they were written.
    plain: Vec<(FieldId, String)>,
}

impl Meant {
    /// What a query asks for.
    pub fn of(query: &Bound) -> Self {
        let mut meant = Self::default();
        let mut rest = vec![query];
        while let Some(node) = rest.pop() {
            match node {
                Bound::Boolean(node) => rest.extend(node.must.iter().chain(&node.should).chain(&node.must_not)),
                Bound::Synonyms(slot) => {
                    for clause in &slot.clauses {
                        let texts: Vec<_> = clause.members.iter().map(|member| joined(member.iter().map(|(term, _)| term))).collect();
                        if let Some((run, others)) = texts.split_first() {
                            meant.synonyms.extend(others.iter().map(|other| (clause.field, other.clone(), run.clone())));
                        }
                    }
                }
                Bound::Fuzzy(slot) => {
                    meant.near.extend(slot.clauses.iter().map(|clause| (clause.field, joined([&clause.term]), slot.distance)));
                }
                Bound::Guess(slot) => {
                    meant.near.extend(slot.clauses.iter().map(|clause| (clause.field, joined([&clause.term]), slot.distance)));
                }
                Bound::Slot(slot) => meant.plain.extend(slot.clauses.iter().map(|clause| (clause.field, joined([&clause.term])))),
                Bound::Graph(slot) => {
                    for clause in &slot.clauses {
                        let texts: Vec<_> = clause.paths.iter().map(|path| joined(path.iter().map(|(term, _)| term))).collect();
                        if let Some((written, others)) = texts.split_first() {
                            meant.synonyms.extend(others.iter().map(|other| (clause.field, other.clone(), written.clone())));
                        }
                    }
                }
                Bound::Phrase(_) | Bound::Prefix(_) | Bound::Constant(_) => {}
            }
        }
        meant
    }

    /// What a term is beside what it says.
    pub fn role(&self, field: FieldId, text: &str) -> Option<String> {
        if let Some((.., run)) = self.synonyms.iter().find(|(of, other, _)| *of == field && other == text) {
            return Some(format!("synonym of {run:?}"));
        }
        if self.plain.iter().any(|(of, word)| *of == field && word == text) {
            return None;
        }
        let distance = |word: &str| letters_between(word, text);
        let near = self.near.iter().filter(|(of, ..)| *of == field).map(|(_, word, most)| (distance(word), word, *most));
        match near.filter(|(distance, _, most)| *distance <= usize::from(*most)).min() {
            Some((0, ..)) | None => None,
            Some((distance, word, _)) => Some(format!("{distance} typo{} from {word:?}", if distance == 1 { "" } else { "s" })),
        }
    }
}

fn joined<'t>(terms: impl IntoIterator<Item = &'t TermBytes>) -> String {
    terms.into_iter().map(|term| String::from_utf8_lossy(term)).collect::<Vec<_>>().join(" ")
}
