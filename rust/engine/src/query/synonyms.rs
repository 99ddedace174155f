//! Words that stand for one another, as each field's analyzer writes them.
//!
//! **In**: groups of texts, and texts with what they stand for too; analyzers. **Out**: for a run of terms in a field, what else is looked
//! for in its place. **Law**: known at query time only, so nothing is indexed anew. A text of several words is a run in the query and a
//! phrase in documents. From left to right the longest run that is known is taken; its words are then one slot, which counts as one.
//! What a text stands for is not looked up again: synonyms of synonyms do not follow.

use std::sync::Arc;

use hashbrown::HashMap;
use smallvec::{SmallVec, smallvec};

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

/// Runs, and the lists that they are in.
#[derive(Debug, Default, PartialEq)]
struct Rules {
    /// By its first term: of how many words runs are, the longest first.
    lengths: HashMap<TermBytes, SmallVec<[u32; 2]>>,
    /// By the whole run, as [`key`] writes it: which lists say what stands in its place.
    runs: HashMap<Box<[u8]>, SmallVec<[u32; 2]>>,
    /// Each a group, or what a text stands for one way.
    lists: Vec<Box<[SynonymMember]>>,
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
        let lengths = rules.lengths.get(terms.clone().next()?)?;
        lengths.iter().find_map(|&length| {
            let run: SmallVec<[&TermBytes; 4]> = terms.clone().take(length as usize).collect();
            let lists = rules.runs.get(key(run.iter().copied()).as_slice()).filter(|_| run.len() == length as usize)?;
            let members = rules.members(run.iter().copied(), lists);
            (members.len() > 1).then_some((run.len(), members))
        })
    }
}

impl Rules {
    /// Linear in the texts.
    fn new(groups: &SynonymGroups, analyzer: &dyn Analyzer) -> Self {
        let mut rules = Self::default();
        let analysed = |texts: &[String]| -> Box<[SynonymMember]> {
            texts.iter().map(|text| analysed(text, analyzer)).filter(|member| !member.is_empty()).collect()
        };
        let count = groups.groups.len();
        rules.lists.reserve(count + groups.oneway.len());
        rules.runs.reserve(2 * count);
        // Analysis is the most of it, and each group's is its own.
        let part = count.div_ceil(std::thread::available_parallelism().map_or(1, usize::from).min(4)).max(PART);
        let lists: Vec<Vec<_>> = std::thread::scope(|scope| {
            let of = |groups: &[Vec<String>]| groups.iter().map(|group| analysed(group)).collect();
            let mut parts = groups.groups.chunks(part);
            let first = parts.next().unwrap_or_default();
            // Where no thread can be started, this one does it.
            let others: Vec<_> = parts.map(|part| (part, std::thread::Builder::new().spawn_scoped(scope, move || of(part)).ok())).collect();
            let mut lists = vec![of(first)];
            lists.extend(others.into_iter().map(|(part, made)| made.and_then(|made| made.join().ok()).unwrap_or_else(|| of(part))));
            lists
        });
        for members in lists.into_iter().flatten() {
            let list = rules.lists.len() as u32;
            members.iter().for_each(|run| rules.add(run, list));
            rules.lists.push(members);
        }
        for (text, others) in &groups.oneway {
            let list = rules.lists.len() as u32;
            for run in &analysed(std::slice::from_ref(text)) {
                rules.add(run, list);
            }
            rules.lists.push(analysed(others));
        }
        for lengths in rules.lengths.values_mut() {
            lengths.sort_unstable_by(|a, b| b.cmp(a));
            lengths.dedup();
        }
        rules
    }

    fn add(&mut self, run: &SynonymMember, list: u32) {
        let Some((first, _)) = run.first() else { return };
        let lists = self.runs.entry(key(run.iter().map(|(term, _)| term)).as_slice().into()).or_default();
        if lists.last() != Some(&list) {
            lists.push(list);
        }
        let length = run.len() as u32;
        match self.lengths.get_mut(first) {
            Some(lengths) if lengths.contains(&length) => {}
            Some(lengths) => lengths.push(length),
            None => {
                self.lengths.insert(first.clone(), smallvec![length]);
            }
        }
    }

    /// A run and what stands in its place, each once.
    fn members<'t>(&self, run: impl Iterator<Item = &'t TermBytes> + Clone, lists: &[u32]) -> Vec<SynonymMember> {
        let of_lists = || lists.iter().filter_map(|list| self.lists.get(*list as usize)).flatten();
        let is_run = |member: &SynonymMember| member.iter().map(|(term, _)| term).eq(run.clone());
        // The run itself has the places that its text gave it, where a list has it.
        let own = of_lists().find(|member| is_run(member)).cloned();
        let plain = || run.clone().enumerate().map(|(place, term)| (term.clone(), place as u32)).collect();
        let mut members = vec![own.unwrap_or_else(plain)];
        for member in of_lists() {
            if !members.contains(member) {
                members.push(member.clone());
            }
        }
        members
    }
}

/// A run in one piece: each term behind its length, which is at most 255.
fn key<'t>(terms: impl Iterator<Item = &'t TermBytes>) -> SmallVec<[u8; 64]> {
    let mut key = SmallVec::new();
    for term in terms {
        key.push(term.len() as u8);
        key.extend_from_slice(term);
    }
    key
}

/// The terms of a text with their places from the first.
fn analysed(text: &str, analyzer: &dyn Analyzer) -> SynonymMember {
    let mut terms = SynonymMember::new();
    let (mut first, mut last) = (0, None);
    analyzer.analyze_query(text, &mut |token| {
        if last == Some(token.position) {
            return;
        }
        first = if last.is_none() { token.position } else { first };
        last = Some(token.position);
        terms.push((token.text.as_bytes().into(), token.position.saturating_sub(first)));
    });
    terms
}
