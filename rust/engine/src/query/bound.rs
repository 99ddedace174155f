//! A query bound to a schema: fields are ids, texts are tokens, the boosts around a leaf are one number.
//!
//! **In**: [`super::rewrite`]. **Out**: what the planner compiles, together with a view's statistics. **Law**: there is one inner node,
//! [`Boolean`]; every number is finite and ≥ 0; inside a word the order of clauses is the order of the schema; clauses of
//! weight 0 match and add nothing. Boosts stand apart from weights because BM25F weighs frequencies, not the score. A tree has at most `MAX_DEPTH` levels.

use smallvec::SmallVec;

use super::filter_bound::BoundFilter;
use super::typos::TypoWhen;
use crate::base::FieldId;

/// The bytes of a term; a word of usual length needs no allocation.
pub type TermBytes = SmallVec<[u8; 24]>;
/// The clauses of a word; a word in one field needs no allocation.
pub type TermClauses = SmallVec<[TermClause; 1]>;

/// A query bound to a schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// Inner node.
    Boolean(Boolean),
    /// A word: BM25 in each field, combined as the configuration says.
    Slot(Slot),
    /// A word, or several, with its synonyms: BM25 of each, combined like the fields of a word.
    Synonyms(SynonymSlot),
    /// A phrase: per field, BM25 of the phrase (tf = occurrences), combined like a word.
    Phrase(PhraseSlot),
    /// A phrase whose words may be their synonyms: per field, BM25 of each way through them, combined like a word.
    Graph(GraphSlot),
    /// A word with typos: terms are picked from the view's dictionaries.
    Fuzzy(FuzzySlot),
    /// A word that may be mistyped: the word, or the word with typos, as the view's frequencies decide.
    Guess(GuessSlot),
    /// Beginnings of terms: constant score.
    Prefix(PrefixSlot),
    /// Anything else: constant score.
    Constant(Constant),
}

impl Bound {
    /// How many terms a planner looks up in each dictionary; `None` when it has to scan them for what is near a word.
    #[must_use]
    pub fn lookups(&self) -> Option<usize> {
        let (mut lookups, mut rest) = (0, SmallVec::<[_; 4]>::from_slice(&[self]));
        while let Some(node) = rest.pop() {
            match node {
                Self::Boolean(node) => rest.extend(node.must.iter().chain(&node.should).chain(&node.must_not)),
                Self::Slot(slot) => lookups += slot.clauses.len(),
                Self::Synonyms(slot) => {
                    lookups += slot.clauses.iter().flat_map(|clause| &clause.members).map(|member| member.len()).sum::<usize>();
                }
                Self::Phrase(phrase) => lookups += phrase.clauses.iter().map(|clause| clause.terms.len()).sum::<usize>(),
                Self::Graph(graph) => {
                    let members = |clause: &GraphClause| clause.words.iter().flatten().map(|member| member.len()).sum::<usize>();
                    let paths = |clause: &GraphClause| clause.paths.iter().map(|path| path.len()).sum::<usize>();
                    lookups += graph.clauses.iter().map(|clause| members(clause) + paths(clause)).sum::<usize>();
                }
                Self::Guess(slot) => lookups += slot.clauses.len(),
                Self::Fuzzy(_) => return None,
                Self::Prefix(_) | Self::Constant(_) => {}
            }
        }
        Some(lookups)
    }
}

/// Matches where every `must` matches, no `must_not` does, and at least `minimum` of `should`. Scores the sum of `must` and of the
/// `should` that match. So `{}` is everything with score 0, `{minimum: 1}` is nothing, `{must_not: [a]}` is the complement of a.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Boolean {
    /// All of these.
    pub must: Vec<Bound>,
    /// At least `minimum` of these.
    pub should: Vec<Bound>,
    /// None of these.
    pub must_not: Vec<Bound>,
    /// How many of `should` have to match.
    pub minimum: usize,
}

/// One word in several fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// At most one per field.
    pub clauses: TermClauses,
    /// Product of the boosts around it.
    pub boost: f64,
}

/// A term in a field.
#[derive(Clone, Debug, PartialEq)]
pub struct TermClause {
    /// Where.
    pub field: FieldId,
    /// The indexed bytes.
    pub term: TermBytes,
    /// The field's weight.
    pub weight: f64,
}

/// One word with its synonyms in several fields.
#[derive(Clone, Debug, PartialEq)]
pub struct SynonymSlot {
    /// At most one per field.
    pub clauses: Vec<SynonymClause>,
    /// Product of the boosts around it.
    pub boost: f64,
}

/// A term, or a phrase with the places of its words relative to the first, ascending.
pub type SynonymMember = SmallVec<[(TermBytes, u32); 1]>;

/// A word and its synonyms in a field.
#[derive(Clone, Debug, PartialEq)]
pub struct SynonymClause {
    /// Where; a field with positions.
    pub field: FieldId,
    /// What is looked for: all of them weigh as the most frequent does, a phrase being as frequent as its rarest word.
    pub members: Vec<SynonymMember>,
    /// The field's weight.
    pub weight: f64,
}

/// One phrase in several fields.
#[derive(Clone, Debug, PartialEq)]
pub struct PhraseSlot {
    /// At most one per field; all with the same number of terms.
    pub clauses: Vec<PhraseClause>,
    /// How many positions the words may be out of place, in sum; 0 is exact.
    pub slop: u32,
    /// Product of the boosts around it.
    pub boost: f64,
}

/// A phrase in a field.
#[derive(Clone, Debug, PartialEq)]
pub struct PhraseClause {
    /// Where; a field with positions.
    pub field: FieldId,
    /// Terms with their positions relative to the first, ascending; at least two.
    pub terms: Vec<(TermBytes, u32)>,
    /// The field's weight.
    pub weight: f64,
}

/// One phrase in several fields, whose words may be their synonyms.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphSlot {
    /// At most one per field; all with the same number of words.
    pub clauses: Vec<GraphClause>,
    /// Product of the boosts around it.
    pub boost: f64,
}

/// A phrase in a field, whose words may be their synonyms.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphClause {
    /// Where; a field with positions.
    pub field: FieldId,
    /// For each word what it may be, itself first: all of a word weigh as the most frequent of them does.
    pub words: Vec<Vec<SynonymMember>>,
    /// What is looked for: the ways through the words, each as the terms of a phrase, the words as they were written first.
    pub paths: Vec<SynonymMember>,
    /// The field's weight.
    pub weight: f64,
}

/// One word with typos in several Text fields, or in one Keyword field (there it scores its weight, as everything that is no text).
#[derive(Clone, Debug, PartialEq)]
pub struct FuzzySlot {
    /// The word as each field would index it; at most one per field.
    pub clauses: TermClauses,
    /// Most edits, transpositions counting one: 0 to 2.
    pub distance: u8,
    /// So many leading characters must agree.
    pub prefix: u32,
    /// Product of the boosts around it.
    pub boost: f64,
}

/// One word in several Text fields that may be mistyped.
#[derive(Clone, Debug, PartialEq)]
pub struct GuessSlot {
    /// At most one per field.
    pub clauses: TermClauses,
    /// Product of the boosts around it.
    pub boost: f64,
    /// Most edits: 1 or 2.
    pub distance: u8,
    /// Whether what is near is searched too.
    pub when: TypoWhen,
    /// How many documents are few.
    pub few: u64,
}

impl GuessSlot {
    /// The word, or the word with typos, given the most documents that any of its fields has it in.
    #[must_use]
    pub fn settled(self, most: u64) -> Bound {
        let Self { clauses, boost, distance, when, few } = self;
        let near = match when {
            TypoWhen::Never => false,
            TypoWhen::Missing => most == 0,
            TypoWhen::Few => most <= few,
            TypoWhen::Always => true,
        };
        if near { Bound::Fuzzy(FuzzySlot { clauses, distance, prefix: 0, boost }) } else { Bound::Slot(Slot { clauses, boost }) }
    }
}

/// Terms that begin so, in several fields.
#[derive(Clone, Debug, PartialEq)]
pub struct PrefixSlot {
    /// At most one per field.
    pub clauses: Vec<PrefixClause>,
    /// What a document scores that has one of the terms in any of the fields: the product of the boosts around it.
    pub weight: f64,
}

/// Terms that begin so, in a field.
#[derive(Clone, Debug, PartialEq)]
pub struct PrefixClause {
    /// Where.
    pub field: FieldId,
    /// How the indexed bytes begin.
    pub prefix: Vec<u8>,
    /// This term too: the stem of what was typed, which may be shorter than what was typed (`treasure*` in English: `treasur`).
    pub also: Option<Vec<u8>>,
}

/// Documents that pass a filter, all with the same score.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Which documents.
    pub filter: BoundFilter,
    /// What they score: the product of the boosts around it.
    pub weight: f64,
}
