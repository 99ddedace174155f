//! The lists of a shape on one segment, for counting.
//!
//! **In**: a program and its [`Shape`], a segment. **Out**: [`Opened`]: what has to match, the least frequent first, and what must not.
//! **Law**: a phrase that has to match makes each of its words something that has to match, besides being looked at itself; where it is one
//! of several alternatives its rarest word stands for it until then. Leaves that only add to a score are not opened.

use super::super::clause::Documents;
use super::super::phrase::OpenedPhrase;
use super::super::shape::Shape;
use super::list::List;
use crate::base::{Interrupt, Result};
use crate::codec::postings::{DocumentBytes, Postings};
use crate::exec::condition::OpenCondition;
use crate::exec::frequency::PhraseWord;
use crate::exec::kernels::Kernels;
use crate::exec::program::{Leaf, Program, Slot, Source};
use crate::segment::SegmentReader;

/// A stretch of one of the arrays of [`Opened`].
pub(super) type Stretch = (u32, u32);

/// The part of `all` that a stretch names.
#[inline]
pub(super) fn part<T>(all: &[T], (from, to): Stretch) -> &[T] {
    all.get(from as usize..to as usize).unwrap_or_default()
}

/// Alternatives: a document that has one of them matches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alternatives {
    pub lists: Stretch,
    pub phrases: Stretch,
    pub conditions: Stretch,
}

/// Leaves of which at least `need` have to match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub leaves: Stretch,
    pub need: u32,
    /// It has at most so many documents.
    pub most: u64,
    /// Whether phrases are among its alternatives.
    pub phrases: bool,
    /// Whether it is one phrase, whose words are nodes of their own.
    pub by_words: bool,
    /// The only list that it is, if so.
    pub sole: Option<u32>,
}

impl Node {
    /// A list.
    pub fn list(list: u32, most: u64) -> Self {
        Self { leaves: (0, 0), need: 1, most, phrases: false, by_words: false, sole: Some(list) }
    }
}

/// A phrase: its distinct words are as many lists from `first` on, and as many postings with positions from `read` on.
pub(super) struct Phrase<'a> {
    pub words: &'a [PhraseWord],
    pub slop: u32,
    pub first: u32,
    pub read: u32,
    pub count: u32,
    /// Lists from `first` on that have all its documents: of its words, then of its bigrams.
    pub lists: u32,
    /// The list of its rarest word.
    pub rarest: u32,
}

/// A list that is about to be one.
pub(super) struct Draft<'a> {
    df: u32,
    laid_out: Option<DocumentBytes<'a>>,
    decoded: Stretch,
}

/// Everything of a shape in a segment.
#[derive(Default)]
pub(super) struct Opened<'a> {
    pub drafts: Vec<Draft<'a>>,
    pub leaves: Vec<Alternatives>,
    /// What has to match.
    pub nodes: Vec<Node>,
    /// Leaves of which none may match.
    pub excluded: Stretch,
    /// Whether phrases are among those.
    pub excluded_phrases: bool,
    pub phrases: Vec<Phrase<'a>>,
    /// With positions.
    pub read: Vec<Postings<'a>>,
    pub conditions: Vec<OpenCondition<'a>>,
    /// Bigrams that are all of a phrase, and those that are parts of one.
    pub bigrams: (u64, u64),
}

/// What opening reads from.
pub(super) struct Opener<'a, 'p> {
    pub program: &'a Program,
    pub shape: &'p Shape,
    pub segment: &'a SegmentReader,
    pub number: usize,
    pub interrupt: &'p Interrupt,
    pub kernels: &'p Kernels,
}

impl<'a> Opener<'a, '_> {
    /// Opens everything; `false` when no document of the segment can match. `decoded` takes documents of lists that are decoded.
    pub fn open(&self, into: &mut Opened<'a>, decoded: &mut Vec<u32>) -> Result<bool> {
        for group in &self.shape.groups {
            let start = into.leaves.len();
            for &leaf in &group.leaves {
                self.leaf(leaf, into, decoded)?;
            }
            let there = (into.leaves.len() - start) as u32;
            if there < group.need {
                return Ok(false);
            }
            if there == group.need {
                // All of them: each for itself.
                (start..into.leaves.len()).for_each(|leaf| self.node(leaf, leaf + 1, 1, into));
            } else {
                self.node(start, into.leaves.len(), group.need, into);
            }
        }
        let start = into.leaves.len();
        for &leaf in &self.shape.excluded {
            self.leaf(leaf, into, decoded)?;
        }
        into.excluded = (start as u32, into.leaves.len() as u32);
        into.excluded_phrases = part(&into.leaves, into.excluded).iter().any(|leaf| leaf.phrases.0 < leaf.phrases.1);
        into.nodes.sort_unstable_by_key(|node| (node.most, node.leaves));
        Ok(true)
    }

    fn node(&self, from: usize, to: usize, need: u32, into: &mut Opened<'a>) {
        let leaves = (from as u32, to as u32);
        let all = part(&into.leaves, leaves);
        let df = |list: u32| into.drafts.get(list as usize).map_or(0, |draft| u64::from(draft.df));
        let sole = match all {
            [leaf] if leaf.lists.1 == leaf.lists.0 + 1 && leaf.phrases.0 == leaf.phrases.1 && leaf.conditions.0 == leaf.conditions.1 => {
                Some(leaf.lists.0)
            }
            _ => None,
        };
        let mut most = 0;
        let mut phrases = false;
        for leaf in all {
            most += (leaf.lists.0..leaf.lists.1).map(df).sum::<u64>();
            most += part(&into.phrases, leaf.phrases).iter().map(|phrase| df(phrase.rarest)).sum::<u64>();
            most += u64::from(leaf.conditions.1 - leaf.conditions.0) * u64::from(self.segment.doc_count());
            phrases |= leaf.phrases.0 < leaf.phrases.1;
        }
        let words = match all {
            [leaf] if leaf.lists.0 == leaf.lists.1 && leaf.conditions.0 == leaf.conditions.1 => match part(&into.phrases, leaf.phrases) {
                [phrase] => phrase.first..phrase.first + phrase.lists,
                _ => 0..0,
            },
            _ => 0..0,
        };
        into.nodes.push(Node { leaves, need, most, phrases, by_words: !words.is_empty(), sole });
        for list in words {
            let most = into.drafts.get(list as usize).map_or(0, |draft| u64::from(draft.df));
            into.nodes.push(Node::list(list, most));
        }
    }

    /// Appends a leaf, if the segment has anything of it.
    fn leaf(&self, leaf: u32, into: &mut Opened<'a>, decoded: &mut Vec<u32>) -> Result<()> {
        let lengths = |into: &Opened<'a>| [into.drafts.len() as u32, into.phrases.len() as u32, into.conditions.len() as u32];
        let mut starts = lengths(into);
        match self.program.leaves.get(leaf as usize) {
            Some(Leaf::Slot(slot)) => starts[0] = self.slot(slot, into, decoded)?,
            Some(Leaf::Condition(condition)) => match OpenCondition::open(condition, self.segment, self.interrupt)? {
                OpenCondition::Never => {}
                open => into.conditions.push(open),
            },
            None => {}
        }
        let ends = lengths(into);
        if starts != ends {
            let [lists, phrases, conditions] = [0, 1, 2].map(|i| (starts[i], ends[i]));
            into.leaves.push(Alternatives { lists, phrases, conditions });
        }
        Ok(())
    }

    /// Appends the phrases of a slot and then its terms, and bigrams that are all of a phrase; where the lists of the terms begin.
    fn slot(&self, slot: &'a Slot, into: &mut Opened<'a>, decoded: &mut Vec<u32>) -> Result<u32> {
        for clause in &slot.clauses {
            let (Some(phrase), Some(inverted)) = (OpenedPhrase::of(&clause.source, self.number), self.segment.inverted(clause.field))
            else {
                continue;
            };
            if phrase.answer().is_some() {
                continue;
            }
            let (first, read) = (into.drafts.len() as u32, into.read.len() as u32);
            let mut rarest = (u32::MAX, first);
            for &entry in &phrase.terms {
                let postings = inverted.postings_of(entry)?;
                rarest = rarest.min((entry.df(), into.drafts.len() as u32));
                self.draft(&postings, into, decoded)?;
                into.read.push(postings);
            }
            for &entry in &phrase.bigrams {
                let Some(bigrams) = inverted.bigrams() else { continue };
                rarest = rarest.min((entry.df(), into.drafts.len() as u32));
                self.draft(&bigrams.postings_of(entry)?, into, decoded)?;
                into.bigrams.1 += 1;
            }
            let (count, lists) = (phrase.terms.len() as u32, into.drafts.len() as u32 - first);
            into.phrases.push(Phrase { words: phrase.words, slop: phrase.slop, first, read, count, lists, rarest: rarest.1 });
        }
        let start = into.drafts.len() as u32;
        for clause in &slot.clauses {
            let Some(inverted) = self.segment.inverted(clause.field) else { continue };
            if let Source::Term(entries) = &clause.source {
                if let Some(Some(entry)) = entries.get(self.number) {
                    self.draft(&inverted.postings_of(entry)?, into, decoded)?;
                }
            } else if let (Some(phrase), Some(bigrams)) = (OpenedPhrase::of(&clause.source, self.number), inverted.bigrams())
                && let Some(entry) = phrase.answer()
            {
                self.draft(&bigrams.postings_of(entry)?, into, decoded)?;
                into.bigrams.0 += 1;
            }
        }
        Ok(start)
    }

    fn draft(&self, postings: &Postings<'a>, into: &mut Opened<'a>, decoded: &mut Vec<u32>) -> Result<()> {
        let start = decoded.len() as u32;
        let laid_out = postings.documents();
        if laid_out.is_none() {
            postings.decode_documents(decoded, self.kernels.unpack_gaps)?;
        }
        into.drafts.push(Draft { df: postings.df(), laid_out, decoded: (start, decoded.len() as u32) });
        Ok(())
    }
}

impl<'a> Draft<'a> {
    /// The list, once everything is decoded.
    pub fn list<'l>(&self, decoded: &'l [u32]) -> List<'l>
    where
        'a: 'l,
    {
        let documents = match self.laid_out {
            Some(DocumentBytes::Aligned { shift, starts, low }) => Documents::Aligned { shift, starts, low },
            Some(DocumentBytes::Bitmap { ranks, words }) => Documents::Bitmap { words, ranks },
            None => Documents::Sorted(part(decoded, self.decoded)),
        };
        List::new(self.df, documents)
    }
}
