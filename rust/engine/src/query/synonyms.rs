//! Words that stand for one another, as each field's analyzer writes them.
//!
//! **In**: groups of texts, and texts with what they stand for too; analyzers. **Out**: for a run of terms in a field, what else is looked
//! for in its place. **Law**: known at query time only, so nothing is indexed anew. A text of several words is a run in the query and a
//! phrase in documents. From left to right the longest run that is known is taken; its words are then one slot, which counts as one.
//! What a text stands for is not looked up again: synonyms of synonyms do not follow.

use std::collections::HashMap;
use std::sync::Arc;

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

/// Runs of terms and what stands in their place, for each field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Synonyms {
    fields: Vec<Option<Arc<Rules>>>,
}

/// By the first term, the longest run first.
#[derive(Debug, Default, PartialEq)]
struct Rules(HashMap<TermBytes, Vec<Rule>>);

#[derive(Debug, PartialEq)]
struct Rule {
    run: Vec<TermBytes>,
    /// The run itself first.
    members: Vec<SynonymMember>,
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
            (!rules.0.is_empty()).then_some(rules)
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
    ) -> Option<(usize, &[SynonymMember])> {
        let rules = self.fields.get(field.index())?.as_ref()?;
        let first = terms.clone().next()?;
        let begins = |rule: &&Rule| {
            let mut terms = terms.clone();
            rule.run.iter().all(|term| terms.next() == Some(term))
        };
        rules.0.get(first)?.iter().find(begins).map(|rule| (rule.run.len(), rule.members.as_slice()))
    }
}

impl Rules {
    fn new(groups: &SynonymGroups, analyzer: &dyn Analyzer) -> Self {
        let mut rules = Self::default();
        let member = |text: &String| analysed(text, analyzer);
        for group in &groups.groups {
            let members: Vec<_> = group.iter().map(member).collect();
            members.iter().for_each(|run| rules.add(run, &members));
        }
        for (text, others) in &groups.oneway {
            rules.add(&member(text), &others.iter().map(member).collect::<Vec<_>>());
        }
        for of_first in rules.0.values_mut() {
            of_first.retain(|rule| rule.members.len() > 1);
            of_first.sort_by_key(|rule| std::cmp::Reverse(rule.run.len()));
        }
        rules.0.retain(|_, of_first| !of_first.is_empty());
        rules
    }

    fn add(&mut self, run: &SynonymMember, members: &[SynonymMember]) {
        let Some((first, _)) = run.first() else { return };
        let of_first = self.0.entry(first.clone()).or_default();
        let is_run = |terms: &[TermBytes]| terms.iter().eq(run.iter().map(|(term, _)| term));
        let at = of_first.iter().position(|rule| is_run(&rule.run)).unwrap_or_else(|| {
            of_first.push(Rule { run: run.iter().map(|(term, _)| term.clone()).collect(), members: vec![run.clone()] });
            of_first.len() - 1
        });
        let Some(rule) = of_first.get_mut(at) else { return };
        for member in members.iter().filter(|member| !member.is_empty()) {
            if !rule.members.contains(member) {
                rule.members.push(member.clone());
            }
        }
    }
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
