//! Opening the lists of a shape on one segment.
//!
//! **In**: a program and its [`Shape`], a segment, its tables. **Out**: [`Drafts`]: those lists that find documents, by ascending
//! frequency, then the others; and bits that every hit must have. **Law**: leads are enough: every document that matches is in one of them.
//! Of several groups the one with the fewest postings leads; of a group that needs `m` of its `n` leaves the `m − 1` most frequent need
//! not lead. A phrase is found by its rarest word; its other words must be there when the phrase must.

use smallvec::SmallVec;

use super::arena::{Arena, Draft, Worth};
use super::phrase::{OpenedPhrase, Sole};
use super::shape::{Group, Shape};
use crate::base::bits::BitSet;
use crate::base::{Error, Interrupt, Result};
use crate::codec::TermEntry;
use crate::exec::condition::OpenCondition;
use crate::exec::program::{Leaf, Program, Source};
use crate::exec::tables::Tables;
use crate::exec::window::{Mask, WINDOW};
use crate::segment::SegmentReader;

/// What a segment has for a shape.
#[derive(Default)]
pub(super) struct Drafts<'a> {
    /// Leads first, both parts by ascending frequency; then words of phrases that are only read there.
    pub lists: Vec<Draft<'a>>,
    /// How many lead.
    pub leads: usize,
    /// How many take part in bounds and probes, leads included.
    pub probed: usize,
    /// Lists of which no hit may have one.
    pub excluded: Vec<Draft<'a>>,
    /// Bits that a hit must have.
    pub wanted: Option<BitSet>,
    /// What conditions that every hit satisfies add to its score.
    pub base: i32,
    /// The phrase that is all that scores.
    pub sole: Option<Sole<'a>>,
    /// Bigrams that are all of a phrase, and those that are parts of one.
    pub bigrams: (u64, u64),
    /// Whether scores and conditions of a document have to be looked at once more, leaf by leaf.
    pub verify: bool,
}

/// What opening reads from.
pub(super) struct Opener<'a, 'p> {
    pub program: &'a Program,
    pub shape: &'p Shape,
    pub tables: &'a Tables,
    pub segment: &'a SegmentReader,
    pub number: usize,
    pub interrupt: &'p Interrupt,
}

impl<'a> Opener<'a, '_> {
    /// Opens everything; `false` when no document of the segment can match.
    pub fn open(&self, drafts: &mut Drafts<'a>, arena: &mut Arena) -> Result<bool> {
        let shape = self.shape;
        let mut leading: Option<(u64, usize)> = None;
        for (number, group) in shape.groups.iter().enumerate() {
            if let Some(condition) = self.sole_condition(group) {
                self.want(condition, true, drafts)?;
                drafts.base += shape.constant(condition);
                continue;
            }
            let cost = self.cost(group)?;
            if leading.is_none_or(|(least, _)| cost < least) {
                leading = Some((cost, number));
            }
        }
        let Some((_, leading)) = leading else { return Err(Error::Defect("a shape that no list leads")) };
        for (number, group) in shape.groups.iter().enumerate() {
            if self.sole_condition(group).is_some() {
                continue;
            }
            let start = drafts.lists.len();
            let mut there = 0;
            for &leaf in &group.leaves {
                let before = drafts.lists.len();
                self.leaf(leaf, drafts, arena, group.leaves.len() == 1)?;
                there += u32::from(drafts.lists.len() > before);
            }
            if there < group.need {
                return Ok(false);
            }
            let lists = drafts.lists.get_mut(start..).unwrap_or_default();
            if number == leading {
                self.choose_leads(group, lists);
                drafts.verify |= group.need > 1;
            } else if let ([only], 1) = (&mut *lists, group.leaves.len()) {
                only.must = true;
                only.lead = false;
            } else {
                lists.iter_mut().for_each(|list| list.lead = false);
                drafts.verify = true;
            }
        }
        let start = drafts.lists.len();
        for &leaf in &shape.optional {
            self.leaf(leaf, drafts, arena, false)?;
        }
        drafts.lists.iter_mut().skip(start).for_each(|list| list.lead = false);
        self.exclude(drafts, arena)?;
        drafts.lists.sort_unstable_by_key(|list| (!list.lead, !list.probed, list.df(), list.leaf, list.place));
        drafts.leads = drafts.lists.partition_point(|list| list.lead);
        drafts.probed = drafts.lists.partition_point(|list| list.lead || list.probed);
        Ok(true)
    }

    /// The condition that is all of a group.
    fn sole_condition(&self, group: &Group) -> Option<u32> {
        match group.leaves[..] {
            [leaf] if group.need == 1 => matches!(self.program.leaves.get(leaf as usize), Some(Leaf::Condition(_))).then_some(leaf),
            _ => None,
        }
    }

    /// Postings that leading with a group would cost.
    fn cost(&self, group: &Group) -> Result<u64> {
        let mut sum = 0;
        for &leaf in &group.leaves {
            sum += match self.program.leaves.get(leaf as usize) {
                Some(Leaf::Slot(slot)) => {
                    let entries = slot.clauses.iter().map(|clause| match &clause.source {
                        Source::Term(entries) => u64::from(self.df(entries).unwrap_or(0)),
                        phrase => OpenedPhrase::of(phrase, self.number).map_or(0, |phrase| u64::from(phrase.most())),
                    });
                    entries.sum()
                }
                _ => u64::from(self.segment.doc_count()),
            };
        }
        Ok(sum)
    }

    fn df(&self, entries: &[Option<TermEntry>]) -> Option<u32> {
        entries.get(self.number)?.as_ref().map(TermEntry::df)
    }

    /// Appends the lists of a leaf. `alone`: a document without the leaf cannot match.
    fn leaf(&self, leaf: u32, drafts: &mut Drafts<'a>, arena: &mut Arena, alone: bool) -> Result<()> {
        let slot = match self.program.leaves.get(leaf as usize) {
            Some(Leaf::Slot(slot)) => slot,
            Some(Leaf::Condition(_)) => return self.constant(leaf, drafts, arena),
            None => return Err(Error::Defect("a shape names a leaf that the program does not have")),
        };
        drafts.verify |= !slot.adds();
        for (place, clause) in (0u32..).zip(&slot.clauses) {
            let Some(inverted) = self.segment.inverted(clause.field) else { continue };
            let saturation = self.tables.saturation(self.number, clause.field);
            let worth = Worth::of(slot.blend, clause.value);
            match &clause.source {
                Source::Term(entries) => {
                    let Some(Some(entry)) = entries.get(self.number) else { continue };
                    drafts.lists.push(Draft::list(inverted.postings_of(entry)?, saturation, worth, leaf, place));
                }
                phrase => {
                    let Some(phrase) = OpenedPhrase::of(phrase, self.number) else { continue };
                    let of_bigrams = inverted.bigrams().zip(Some(self.tables.bigrams(self.number, clause.field)));
                    if let (Some(entry), Some((bigrams, saturation))) = (phrase.answer(), of_bigrams) {
                        let mut draft = Draft::list(bigrams.postings_of(entry)?, saturation, worth, leaf, place);
                        draft.answers = true;
                        drafts.bigrams.0 += 1;
                        drafts.lists.push(draft);
                        continue;
                    }
                    drafts.verify = true;
                    drafts.bigrams.1 += phrase.bigrams.len() as u64;
                    let (words, terms) = (phrase.words, phrase.terms.len());
                    if self.is_sole(slot.clauses.len())
                        && self.shape.excluded.is_empty()
                        && let (Worth::Saturating(value), Some(lengths)) = (worth, self.tables.lengths.get(clause.field.index()))
                    {
                        drafts.sole = Some(Sole { words, terms, slop: phrase.slop, value, lengths });
                    }
                    // A phrase stands at most as often as each of its words; a sloppy one only as often as its first.
                    let limits = |word: usize| phrase.slop == 0 || words.first().is_some_and(|first| first.term == word);
                    let rarest = phrase.rarest();
                    for (word, entry) in phrase.terms.iter().chain(&phrase.bigrams).enumerate() {
                        let caps = word != rarest && limits(word) && self.is_sole(slot.clauses.len());
                        let worth = if word == rarest || caps { worth } else { Worth::Nothing };
                        let (postings, saturation) = match of_bigrams {
                            Some((bigrams, saturation)) if word >= terms => (bigrams.postings_of(entry)?, saturation),
                            _ => (inverted.postings_of(entry)?, saturation),
                        };
                        let mut draft = Draft::list(postings, saturation, worth, leaf, place);
                        (draft.word, draft.phrase, draft.caps, draft.loose) = (word as u32, true, caps, !limits(word));
                        if word != rarest {
                            // Documents of a bigram have its words.
                            let probed = alone && slot.clauses.len() == 1 && !phrase.is_implied(word);
                            (draft.lead, draft.probed, draft.must) = (false, probed, probed);
                        }
                        drafts.lists.push(draft);
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a leaf of so many clauses is one clause and all that scores.
    fn is_sole(&self, clauses: usize) -> bool {
        let leaves: usize =
            self.shape.groups.iter().filter(|group| self.sole_condition(group).is_none()).map(|group| group.leaves.len()).sum();
        clauses == 1 && leaves == 1 && self.shape.optional.is_empty()
    }

    /// Appends a condition that scores, or is one of several alternatives.
    fn constant(&self, leaf: u32, drafts: &mut Drafts<'a>, arena: &mut Arena) -> Result<()> {
        let score = self.shape.constant(leaf);
        let bits = self.bits(leaf)?;
        let (at, df) = arena.keep_bits(bits.words().iter().copied());
        if df > 0 {
            drafts.lists.push(Draft::condition(at, df, score, leaf));
        }
        Ok(())
    }

    /// The documents that satisfy a condition, dead ones included.
    fn bits(&self, leaf: u32) -> Result<BitSet> {
        let Some(Leaf::Condition(condition)) = self.program.leaves.get(leaf as usize) else {
            return Err(Error::Defect("a leaf that is no condition"));
        };
        let count = self.segment.doc_count();
        let mut bits = BitSet::empty(count);
        let mut open = OpenCondition::open(condition, self.segment, self.interrupt)?;
        for (from, words) in (0..count).step_by(WINDOW as usize).zip(bits.words_mut().chunks_mut(WINDOW as usize / 64)) {
            self.interrupt.check()?;
            let mut mask = Mask::EMPTY;
            open.fill(from, count.min(from.saturating_add(WINDOW)), &mut mask)?;
            words.iter_mut().zip(mask.0).for_each(|(word, bits)| *word = bits);
        }
        Ok(bits)
    }

    /// Every hit must satisfy the condition, or must not.
    fn want(&self, leaf: u32, wanted: bool, drafts: &mut Drafts<'a>) -> Result<()> {
        let mut bits = self.bits(leaf)?;
        if !wanted {
            bits.negate();
        }
        match &mut drafts.wanted {
            Some(all) => all.intersect(&bits),
            none => *none = Some(bits),
        }
        Ok(())
    }

    fn exclude(&self, drafts: &mut Drafts<'a>, arena: &mut Arena) -> Result<()> {
        for &leaf in &self.shape.excluded {
            match self.program.leaves.get(leaf as usize) {
                Some(Leaf::Condition(_)) => self.want(leaf, false, drafts)?,
                Some(Leaf::Slot(slot)) => {
                    let terms = slot.clauses.iter().all(|clause| matches!(clause.source, Source::Term(_)));
                    let (start, verify) = (drafts.lists.len(), drafts.verify);
                    self.leaf(leaf, drafts, arena, false)?;
                    if terms {
                        drafts.verify = verify;
                        drafts.excluded.extend(drafts.lists.drain(start..));
                    } else {
                        // A phrase: its words are read when a hit is looked at once more.
                        drafts.verify = true;
                        let words = drafts.lists.get_mut(start..).unwrap_or_default();
                        words.iter_mut().for_each(|list| (list.lead, list.probed, list.must) = (false, false, false));
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Of a group that needs several of its leaves the most frequent ones need not lead.
    fn choose_leads(&self, group: &Group, lists: &mut [Draft<'_>]) {
        if group.need < 2 {
            return;
        }
        let mut leaves: SmallVec<[(u64, u32); 8]> = SmallVec::new();
        for list in lists.iter().filter(|list| list.lead) {
            match leaves.iter_mut().find(|(_, leaf)| *leaf == list.leaf) {
                Some((sum, _)) => *sum += u64::from(list.df()),
                None => leaves.push((u64::from(list.df()), list.leaf)),
            }
        }
        leaves.sort_unstable();
        let enough = leaves.len().saturating_sub(group.need as usize - 1);
        let others = leaves.get(enough..).unwrap_or_default();
        for list in lists {
            if others.iter().any(|(_, leaf)| *leaf == list.leaf) {
                list.lead = false;
            }
        }
    }
}
