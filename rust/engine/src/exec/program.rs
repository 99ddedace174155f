//! What is executed: a flat postfix program over a stack of windows.
//!
//! **In**: the planner writes it for one view. **Out**: each [`Op`] takes windows from the stack and leaves one more or one less; at the
//! end exactly one is left. **Law**: a program knows no query and no statistics; all numbers that score are in its leaves, and a program
//! means the same in every segment. Terms that score are looked up already, an entry for each segment of the view; what only filters is
//! resolved when a segment is opened.

use std::sync::Arc;

use levenshtein_automata::DFA;
use smallvec::SmallVec;

use super::frequency::PhraseWord;
use crate::base::FieldId;
use crate::codec::TermEntry;
use crate::codec::inverted::bigrams::Adjacency;
use crate::query::BoundFilter;

/// One step. `a` is the window on top of the stack, `b` the one below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// Pushes the matches of a leaf.
    Leaf(usize),
    /// Adds the matches and scores of a leaf to `a`. Only for slots that add.
    AddLeaf(usize),
    /// Pushes every document, score 0.
    Everything,
    /// Pushes nothing.
    Nothing,
    /// Pops `a`; `b` keeps what is in both, scores added.
    Intersect,
    /// Pops `a`; `b` gets what is in either, scores added.
    Unite,
    /// Pops `a`; what is in both gets its score on top in `b`.
    BoostBy,
    /// Pops `a`; `b` loses it.
    Remove,
    /// `a` becomes what it was not, score 0.
    Complement,
    /// All of `a` scores this.
    Score(i64),
    /// Goes on at that step when `a` is empty.
    SkipIfEmpty(usize),
    /// Pushes nothing, and begins to count.
    OpenTally,
    /// Pops `a`, unites it with `b`, and counts one for each of its documents.
    Tally,
    /// `a` keeps what was counted at least so often.
    CloseTally(usize),
}

/// A program for one view.
#[derive(Debug, Default)]
pub struct Program {
    /// The steps.
    pub ops: SmallVec<[Op; 8]>,
    /// What the steps refer to.
    pub leaves: Vec<Leaf>,
}

/// What finds documents.
#[derive(Debug)]
pub enum Leaf {
    /// A word or phrase in some fields: scores.
    Slot(Slot),
    /// Anything else: only matches.
    Condition(Condition),
}

/// A word or phrase in some fields.
#[derive(Debug)]
pub struct Slot {
    /// Terms and phrases in fields.
    pub clauses: SmallVec<[Clause; 1]>,
    /// How they make one score.
    pub blend: Blend,
}

impl Slot {
    /// Whether its clauses simply add up, so that they may be added to anything.
    #[must_use]
    pub fn adds(&self) -> bool {
        match self.blend {
            Blend::Sum => true,
            Blend::Best { .. } => self.clauses.len() <= 1,
            Blend::Weighted { .. } => false,
        }
    }

    /// Whether a match adds anything.
    #[must_use]
    pub fn scores(&self) -> bool {
        match self.blend {
            Blend::Weighted { value, .. } => value > 0.0,
            _ => self.clauses.iter().any(|clause| clause.value > 0.0),
        }
    }
}

/// How the clauses of a slot make one score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Blend {
    /// The sum of the clauses.
    Sum,
    /// The greatest, plus so much of the rest, rounded down once.
    Best {
        /// 0 to 1.
        tie_breaker: f64,
    },
    /// One clause over weighted frequencies.
    Weighted {
        /// Saturation.
        k1: f64,
        /// Bound of the slot × scale.
        value: f64,
    },
}

/// A term or phrase in a field.
#[derive(Debug)]
pub struct Clause {
    /// Where.
    pub field: FieldId,
    /// What.
    pub source: Source,
    /// Bound × scale; under [`Blend::Weighted`] the weight of a frequency.
    pub value: f64,
}

/// A term as it was found in each segment of the view, if it is there.
pub type Entries = SmallVec<[Option<TermEntry>; 1]>;

/// Two words of a phrase that must stand side by side.
#[derive(Debug)]
pub struct Adjacent {
    /// Which of the distinct terms stands first.
    pub first: usize,
    /// Which one follows.
    pub second: usize,
    /// What each segment of the view says of the two.
    pub between: SmallVec<[Adjacency; 1]>,
}

/// Where frequencies come from.
#[derive(Debug)]
pub enum Source {
    /// A term.
    Term(Entries),
    /// Words in order.
    Phrase {
        /// The distinct terms.
        terms: Vec<Entries>,
        /// The words, by ascending offset.
        words: Vec<PhraseWord>,
        /// How far out of place they may be.
        slop: u32,
        /// Its words by twos, where it is exact and a segment may say something of them.
        adjacent: Vec<Adjacent>,
    },
}

/// What a document has to satisfy, yes or no.
#[derive(Clone)]
pub enum Condition {
    /// A leaf of a filter.
    Filter(BoundFilter),
    /// A term that begins so, or is `also`.
    Prefix {
        /// Where.
        field: FieldId,
        /// How it begins.
        prefix: Vec<u8>,
        /// This term too.
        also: Option<Vec<u8>>,
    },
    /// A term that is near a word.
    Fuzzy {
        /// Where.
        field: FieldId,
        /// How it begins.
        prefix: Vec<u8>,
        /// Accepts what is near.
        automaton: Arc<DFA>,
    },
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Filter(filter) => filter.fmt(f),
            Self::Prefix { field, prefix, .. } => write!(f, "Prefix({field}, {prefix:?})"),
            Self::Fuzzy { field, .. } => write!(f, "Fuzzy({field})"),
        }
    }
}
