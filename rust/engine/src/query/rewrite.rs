//! From what a user means to what a planner compiles: names become ids, texts become words, boosts become weights.
//!
//! **In**: a [`Query`], a schema with its analyzers, the fields that a bare word searches. **Out**: a [`Bound`] tree. **Law**: knows no
//! index and no statistics; no recursion; at most `max_clauses` words, the rest is cut with a warning (strict: refused). A leaf without a word in it (`!!!`) matches nothing, with a warning; in a group (words side by side) it is left out, as long as
//! there is anything else.
//!
//! | leaf | becomes |
//! |---|---|
//! | match | one [`Slot`](super::Slot) a word, a [`SynonymSlot`](super::SynonymSlot) where it has synonyms, a [`GuessSlot`](super::GuessSlot) where it may be mistyped, none where it is a stop word beside others, joined by the operator; a Keyword field: the whole text is a value, as one more alternative |
//! | phrase | one [`PhraseSlot`]; of one word: a `Slot` |
//! | prefix | one [`PrefixSlot`]; `well-kno*`: `well` and `kno*` |
//! | fuzzy | one [`FuzzySlot`] a word, all of which must match; distance 0: a `Slot` |
//! | term | a `Slot` in a Text field, else a [`Constant`] |
//! | range | a `Constant` |
//!
//! A phrase boost adds one [`PhraseSlot`] for each text of several words, optional at the root: it counts for every document found, as
//! long as the text is not under a complement or in a filter. Where words have synonyms it is a [`GraphSlot`]: any of them may stand there.

use std::collections::BTreeMap;

use smallvec::{SmallVec, smallvec};

use super::ast::{Fuzzy, MAX_CLAUSES, Match, Occur, Operator, Phrase, Prefix, Query, Range, Term};
use super::bound::{
    Boolean, Bound, Constant, FuzzySlot, GraphClause, GraphSlot, PhraseClause, PhraseSlot, PrefixClause, PrefixSlot, Slot, TermClause,
};
use super::comparison::{Mismatch, between, equal, key};
use super::fields::Fields;
use super::filter_bind::{Named, named};
use super::filter_bound::BoundFilter;
use super::minimum::MinimumMatch;
use super::stopwords::StopWords;
use super::synonyms::Synonyms;
use super::targets::{MAX_PATHS, Targets};
use super::typos::{TypoWhen, Typos};
use super::warnings::ParseMode;
use crate::analysis::{Analyzers, analyzer};
use crate::base::{Error, FieldId, Result};
use crate::schema::{FieldKind, Schema};

/// What the ranking configuration says about searching.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchFields {
    /// The Text fields that a bare word searches, with their weights, in the order in which clauses are to stand.
    pub fields: Vec<(FieldId, f64)>,
    /// The weight of each field when a query names it without one, by id; 1 beyond the end.
    pub named: Vec<f64>,
    /// How words are joined where the query does not say.
    pub operator: Operator,
    /// How many of the words that `or` joins have to be there where the query does not say; none: one.
    pub minimum_match: Option<MinimumMatch>,
    /// Above 0, documents in which the words of a text stand together score as for that phrase too, times this.
    pub phrase_boost: f64,
    /// What words stand for too.
    pub synonyms: Synonyms,
    /// Words that are left out beside others.
    pub stop_words: StopWords,
    /// When a word stands for those near it.
    pub typos: Typos,
}

impl SearchFields {
    /// All Text fields with weight 1, joined by `or`.
    #[must_use]
    pub fn all(schema: &Schema) -> Self {
        let is_text = |kind: &FieldKind| matches!(kind, FieldKind::Text { .. });
        let fields = schema.iter().filter(|(_, field)| is_text(&field.kind)).map(|(id, _)| (id, 1.0)).collect();
        Self { fields, ..Self::default() }
    }

    /// The weight of a field that a query names without one.
    #[must_use]
    pub fn weight(&self, field: FieldId) -> f64 {
        self.named.get(field.index()).copied().unwrap_or(1.0)
    }
}

/// How to bind.
#[derive(Clone, Copy, Debug)]
pub struct RewriteOptions {
    /// Whether too many words are cut or refused.
    pub mode: ParseMode,
    /// Most words.
    pub max_clauses: usize,
}

impl Default for RewriteOptions {
    fn default() -> Self {
        Self { mode: ParseMode::Strict, max_clauses: MAX_CLAUSES }
    }
}

/// A bound query.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewritten {
    /// The tree.
    pub bound: Bound,
    /// What was cut or left out.
    pub warnings: Vec<String>,
}

/// Binds a query to a schema.
///
/// # Errors
/// [`Error::Query`] with position 0: an unknown field, a literal that does not fit its field; in strict mode also too many words.
///
/// # Examples
/// ```
/// use findspot_engine::analysis::Analyzers;
/// use findspot_engine::query::{Bound, Query, RewriteOptions, SearchFields, rewrite};
/// use findspot_engine::schema::Schema;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema: Schema = serde_json::from_str(r#"{"key": "id", "fields": [{"name": "clue", "type": "text", "analyzer": "english"}]}"#)?;
/// let analyzers = Analyzers::of(schema.analyzers())?;
/// let query = Query::words("old bridges");
/// let rewritten = rewrite(&query, &schema, &analyzers, &SearchFields::all(&schema), &RewriteOptions::default())?;
/// let Bound::Boolean(words) = rewritten.bound else { panic!() };
/// assert_eq!((words.should.len(), words.minimum), (2, 1));
/// # Ok(())
/// # }
/// ```
pub fn rewrite(
    query: &Query,
    schema: &Schema,
    analyzers: &Analyzers,
    search: &SearchFields,
    options: &RewriteOptions,
) -> Result<Rewritten> {
    // What somebody typed is cut where it is too long, leaf by leaf below, and never refused.
    query.check(if options.mode == ParseMode::Strict { options.max_clauses.max(1) } else { MAX_CLAUSES })?;
    let mut rewriter =
        Rewriter { schema, analyzers, search, options, words: 0, warnings: Vec::new(), cut: false, negated: false, bonuses: Vec::new() };
    if query.arity() == 0 {
        // A tree that is one leaf, as most are: the loops below would come to the same.
        let bound = rewriter.leaf(query, 1.0)?.or_else(|| join(query, std::iter::empty(), search));
        return Ok(rewriter.finish(bound));
    }
    if let Query::Group(clauses) = query
        && clauses.iter().all(|(_, part)| is_leaf(part))
    {
        // One level of leaves, as most of the others are: the same without a stack.
        let mut parts: SmallVec<[Option<Bound>; 4]> = SmallVec::new();
        for (occur, part) in clauses {
            rewriter.negated = *occur == Occur::MustNot;
            parts.push(rewriter.leaf(part, 1.0)?);
        }
        let bound = join(query, parts.into_iter(), search);
        return Ok(rewriter.finish(bound));
    }
    // Pre-order, so that the first words are kept; then joined from the back.
    let mut nodes: SmallVec<[(&Query, Option<Bound>); 4]> = SmallVec::new();
    let mut pending = SmallVec::<[(&Query, f64, bool); 8]>::from_slice(&[(query, 1.0, false)]);
    while let Some((node, boost, negated)) = pending.pop() {
        rewriter.negated = negated;
        let leaf = rewriter.leaf(node, boost)?;
        nodes.push((node, leaf));
        let inner = if let Query::Boost(_, by) = node { multiplied(boost, *by) } else { boost };
        let first = pending.len();
        pending.extend(node.children().rev().map(|child| (child, inner, negated || matches!(node, Query::Not(_)))));
        if let Query::Group(parts) = node {
            let added = pending.get_mut(first..).unwrap_or_default();
            added.iter_mut().rev().zip(parts).for_each(|(child, (occur, _))| child.2 |= *occur == Occur::MustNot);
        }
    }
    let mut finished: SmallVec<[Option<Bound>; 4]> = SmallVec::new();
    while let Some((node, leaf)) = nodes.pop() {
        let below = finished.len().saturating_sub(node.arity());
        // The last was finished first.
        let joined = leaf.or_else(|| join(node, finished.drain(below..).rev(), search));
        finished.push(joined);
    }
    let bound = finished.pop().ok_or(Error::Defect("a query without a root"))?;
    Ok(rewriter.finish(bound))
}

fn nothing() -> Bound {
    Bound::Boolean(Boolean { minimum: 1, ..Boolean::default() })
}

fn all(must: Vec<Bound>) -> Bound {
    tidy(Boolean { must, ..Boolean::default() })
}

fn any(should: Vec<Bound>, minimum: usize) -> Bound {
    tidy(Boolean { should, minimum, ..Boolean::default() })
}

/// Opens what adds nothing: conjunctions in a conjunction, disjunctions in a disjunction, a lone member.
fn tidy(mut out: Boolean) -> Bound {
    let is_boolean = |part: &Bound| matches!(part, Bound::Boolean(_));
    if out.must.iter().any(is_boolean) {
        for part in std::mem::take(&mut out.must) {
            match part {
                Bound::Boolean(inner) if inner.should.is_empty() && inner.must_not.is_empty() && inner.minimum == 0 => {
                    out.must.extend(inner.must)
                }
                part => out.must.push(part),
            }
        }
    }
    if out.should.iter().any(is_boolean) {
        for part in std::mem::take(&mut out.should) {
            match part {
                Bound::Boolean(inner) if inner.must.is_empty() && inner.must_not.is_empty() && inner.minimum == 1 && out.minimum <= 1 => {
                    out.should.extend(inner.should);
                }
                part => out.should.push(part),
            }
        }
    }
    if out.must_not.is_empty() && out.minimum >= out.should.len() && !(out.should.is_empty() && out.minimum > 0) {
        // Every alternative is needed.
        if out.must.is_empty() {
            out.must = std::mem::take(&mut out.should);
        } else {
            out.must.append(&mut out.should);
        }
        out.minimum = 0;
    }
    let lone = out.must.len() == 1 && out.should.is_empty() && out.must_not.is_empty() && out.minimum == 0;
    match out.must.pop() {
        Some(only) if lone => only,
        last => {
            out.must.extend(last);
            Bound::Boolean(out)
        }
    }
}

/// An inner node from its parts, `None` being a leaf without words: a group leaves it out, elsewhere it matches nothing.
fn join(node: &Query, mut parts: impl Iterator<Item = Option<Bound>>, search: &SearchFields) -> Option<Bound> {
    let whole = |parts: &mut dyn Iterator<Item = Option<Bound>>| parts.map(|part| part.unwrap_or_else(nothing)).collect();
    match node {
        Query::All(_) => Some(all(whole(&mut parts))),
        Query::Any(_) => Some(any(whole(&mut parts), 1)),
        Query::Not(_) => Some(Bound::Boolean(Boolean { must_not: whole(&mut parts), ..Boolean::default() })),
        Query::Boost(..) => parts.next().flatten(),
        Query::Group(clauses) if clauses.is_empty() => Some(all(Vec::new())),
        Query::Group(clauses) => {
            let (mut out, mut empty) = (Boolean::default(), true);
            for ((occur, query), part) in clauses.iter().zip(parts) {
                let Some(part) = part else { continue };
                empty = false;
                match (occur, search.operator) {
                    (Occur::MustNot, _) => out.must_not.push(part),
                    (Occur::Should, Operator::Or) if search.minimum_match.is_some() && is_bare(query) => out.should.extend(slots_of(part)),
                    (Occur::Should, Operator::Or) => out.should.push(part),
                    (Occur::Must, _) | (Occur::Should, Operator::And) => out.must.push(part),
                }
            }
            let wanted = search.minimum_match.as_ref().map_or(0, |rule| rule.of(out.should.len()));
            out.minimum = wanted.max(usize::from(out.must.is_empty() && !out.should.is_empty()));
            (!empty).then(|| tidy(out))
        }
        Query::Match(_) | Query::Phrase(_) | Query::Prefix(_) | Query::Fuzzy(_) | Query::Term(_) | Query::Range(_) => None,
    }
}

/// Whether it has no form but that of a leaf; `All` and `Any` of nothing are inner nodes too.
fn is_leaf(query: &Query) -> bool {
    !matches!(query, Query::All(_) | Query::Any(_) | Query::Not(_) | Query::Boost(..) | Query::Group(_))
}

/// Whether it is words of which the configuration says how many have to be there.
fn is_bare(query: &Query) -> bool {
    matches!(query, Query::Match(Match { fields: None, minimum_match: None, operator: None | Some(Operator::Or), .. }))
}

/// The words of a text, each of which counts.
fn slots_of(part: Bound) -> Vec<Bound> {
    match part {
        Bound::Boolean(Boolean { mut must, should, must_not, .. }) if must_not.is_empty() => {
            must.extend(should);
            must
        }
        part => vec![part],
    }
}

/// The product of two boosts; of positive ones it stays positive and finite, since 0 would make a filter.
fn multiplied(boost: f64, by: f64) -> f64 {
    if boost > 0.0 && by > 0.0 { (boost * by).clamp(f64::MIN_POSITIVE, f64::MAX) } else { 0.0 }
}

/// A phrase of one word is that word.
fn one_word(clause: PhraseClause) -> Option<TermClause> {
    let PhraseClause { field, terms, weight } = clause;
    terms.into_iter().next().map(|(term, _)| TermClause { field, term, weight })
}

/// A phrase over fields. Analyzers may count words differently; fields share a slot where they count the same.
fn phrases(clauses: Vec<PhraseClause>, slop: u32, boost: f64) -> Vec<Bound> {
    if let [first, rest @ ..] = &clauses[..]
        && first.terms.len() > 1
        && rest.iter().all(|clause| clause.terms.len() == first.terms.len())
    {
        return vec![Bound::Phrase(PhraseSlot { clauses, slop, boost })];
    }
    let mut by_length: BTreeMap<usize, Vec<PhraseClause>> = BTreeMap::new();
    for clause in clauses {
        by_length.entry(clause.terms.len()).or_default().push(clause);
    }
    let slot = |(words, clauses): (usize, Vec<PhraseClause>)| match words {
        1 => Bound::Slot(Slot { clauses: clauses.into_iter().filter_map(one_word).collect(), boost }),
        _ => Bound::Phrase(PhraseSlot { clauses, slop, boost }),
    };
    by_length.into_iter().map(slot).collect()
}

struct Rewriter<'a> {
    schema: &'a Schema,
    analyzers: &'a Analyzers,
    search: &'a SearchFields,
    options: &'a RewriteOptions,
    words: usize,
    warnings: Vec<String>,
    cut: bool,
    /// Whether the leaf at hand must not match.
    negated: bool,
    /// What texts whose words stand together add.
    bonuses: Vec<Bound>,
}

impl<'a> Rewriter<'a> {
    /// The whole, with what texts whose words stand together add.
    fn finish(self, bound: Option<Bound>) -> Rewritten {
        let Self { warnings, bonuses, .. } = self;
        let bound = match bound {
            Some(bound) if !bonuses.is_empty() => tidy(Boolean { must: vec![bound], should: bonuses, ..Boolean::default() }),
            bound => bound.unwrap_or_else(nothing),
        };
        Rewritten { bound, warnings }
    }

    /// A refusal in strict mode, a warning in lenient.
    fn problem(&mut self, message: String, hint: &str) -> Result<()> {
        match self.options.mode {
            ParseMode::Strict => Err(Error::Query { position: 0, message, hint: Some(hint.to_owned()) }),
            ParseMode::Lenient => {
                self.warnings.push(format!("{message} ({hint})"));
                Ok(())
            }
        }
    }

    fn left(&self) -> usize {
        self.options.max_clauses.saturating_sub(self.words)
    }

    fn count(&mut self, words: usize, cut: bool) -> Result<()> {
        self.words += words;
        if cut && !std::mem::replace(&mut self.cut, true) {
            self.problem(format!("more than {} words", self.options.max_clauses), "the words beyond are not searched")?;
        }
        Ok(())
    }

    fn targets(&self, fields: Option<&Fields>) -> Result<Targets<'a>> {
        Targets::of(fields, self.schema, self.analyzers, self.search).map_err(|mismatch| mismatch.at(0))
    }

    /// Why a leaf has no words.
    fn vanished(&mut self, text: &str, targets: &Targets<'_>) {
        let shown = super::position::clipped(text);
        self.warnings.push(match targets.is_empty() {
            true => format!("{shown:?} finds nothing: there is no Text field to search"),
            false => format!("{shown:?} holds no word that could be searched"),
        });
    }

    /// A leaf's bound form; `None` for inner nodes and for leaves without words.
    fn leaf(&mut self, node: &Query, boost: f64) -> Result<Option<Bound>> {
        let fit = |mismatch: Mismatch| mismatch.at(0);
        let constant = |filter, weight| Ok(Some(Bound::Constant(Constant { filter, weight })));
        match node {
            Query::Match(it) => self.words(it, boost),
            Query::Phrase(it) => self.phrase(it, boost),
            Query::Prefix(it) => self.prefix(it, boost),
            Query::Fuzzy(it) => self.fuzzy(it, boost),
            Query::Term(Term { field, value }) => match named(self.schema, field).map_err(fit)? {
                Named::Key => constant(BoundFilter::Keys { keys: vec![key(self.schema.key_kind(), value).map_err(fit)?] }, boost),
                Named::Field(id, field) => match equal(id, field, value).map_err(fit)? {
                    BoundFilter::Token { field, term } => {
                        let clause = TermClause { field, term: term.into(), weight: self.search.weight(field) };
                        Ok(Some(Bound::Slot(Slot { clauses: smallvec![clause], boost })))
                    }
                    filter => constant(filter, boost),
                },
            },
            Query::Range(Range { field, lower, upper }) => match named(self.schema, field).map_err(fit)? {
                Named::Key => Err(fit(Mismatch { message: "the key has no order".to_owned(), hint: "use Term for a key".to_owned() })),
                Named::Field(id, field) => constant(between(id, field, lower.as_ref(), upper.as_ref()).map_err(fit)?, boost),
            },
            Query::All(_) | Query::Any(_) | Query::Not(_) | Query::Boost(..) | Query::Group(_) => Ok(None),
        }
    }

    /// `text` as the exact value of Keyword fields.
    fn values(targets: &Targets<'_>, text: &str, boost: f64) -> Vec<Bound> {
        let value = |&(field, weight): &(FieldId, f64)| {
            Bound::Constant(Constant {
                filter: BoundFilter::KeywordIn { field, values: vec![text.to_owned()] },
                weight: multiplied(boost, weight),
            })
        };
        targets.keywords.iter().map(value).collect()
    }

    fn words(&mut self, it: &Match, boost: f64) -> Result<Option<Bound>> {
        let targets = self.targets(it.fields.as_ref())?;
        let (mut slots, cut) = match self.search.synonyms.is_empty() {
            true => targets.slots(&it.text, boost, self.left()),
            false => targets.slots_with(&self.search.synonyms, &it.text, boost, self.left()),
        };
        self.count(slots.len(), cut)?;
        if !self.search.stop_words.is_empty() {
            self.search.stop_words.drop_from(&mut slots);
        }
        if self.search.typos.when != TypoWhen::Never {
            slots = slots.into_iter().map(|slot| self.search.typos.guess(slot)).collect();
        }
        if slots.len() == 1 && targets.keywords.is_empty() {
            return Ok(slots.pop());
        }
        let operator = it.operator.unwrap_or(self.search.operator);
        let configured = || self.search.minimum_match.as_ref().map_or(1, |rule| rule.of(slots.len()));
        let wanted = it.minimum_match.map_or_else(configured, |wanted| wanted as usize).clamp(1, slots.len().max(1));
        let minimum = if operator == Operator::And { slots.len() } else { wanted };
        if self.search.phrase_boost > 0.0 && boost > 0.0 && !self.negated && !cut {
            self.bonus(&targets, &it.text, multiplied(boost, self.search.phrase_boost));
        }
        let mut alternatives = Self::values(&targets, &it.text, boost);
        match slots.len() {
            0 => {}
            _ if alternatives.is_empty() => return Ok(Some(any(slots.into_vec(), minimum))),
            _ => alternatives.insert(0, any(slots.into_vec(), minimum)),
        }
        self.alternatives(alternatives, &it.text, cut, &targets)
    }

    /// What documents score besides in which the words of a text, or their synonyms, stand together.
    fn bonus(&mut self, targets: &Targets<'_>, text: &str, boost: f64) {
        if self.search.synonyms.is_empty() {
            let (mut clauses, _) = targets.phrases(text, self.options.max_clauses);
            clauses.retain(|clause| clause.terms.len() > 1);
            self.bonuses.extend(phrases(clauses, 0, boost));
            return;
        }
        let (clauses, left_out) = targets.graphs(&self.search.synonyms, text, self.options.max_clauses);
        if left_out > 0 {
            let shown = super::position::clipped(text);
            self.warnings
                .push(format!("{shown:?}: of the ways to write it with synonyms, {left_out} more than {MAX_PATHS} get no phrase boost"));
        }
        let mut by_length: BTreeMap<usize, Vec<GraphClause>> = BTreeMap::new();
        for clause in clauses {
            by_length.entry(clause.words.len()).or_default().push(clause);
        }
        for clauses in by_length.into_values() {
            if clauses.iter().any(|clause| clause.paths.len() > 1) {
                self.bonuses.push(Bound::Graph(GraphSlot { clauses, boost }));
                continue;
            }
            let plain = |GraphClause { field, paths, weight, .. }: GraphClause| {
                paths.into_iter().map(move |path| PhraseClause { field, terms: path.into_vec(), weight })
            };
            self.bonuses.push(Bound::Phrase(PhraseSlot { clauses: clauses.into_iter().flat_map(plain).collect(), slop: 0, boost }));
        }
    }

    /// One of several ways to match a leaf.
    fn alternatives(&mut self, alternatives: Vec<Bound>, text: &str, cut: bool, targets: &Targets<'_>) -> Result<Option<Bound>> {
        if alternatives.is_empty() {
            if !cut {
                self.vanished(text, targets);
            }
            return Ok(None);
        }
        Ok(Some(any(alternatives, 1)))
    }

    fn phrase(&mut self, it: &Phrase, boost: f64) -> Result<Option<Bound>> {
        let targets = self.targets(it.fields.as_ref())?;
        let (clauses, cut) = targets.phrases(&it.text, self.left());
        self.count(clauses.iter().map(|clause| clause.terms.len()).max().unwrap_or(0), cut)?;
        let mut alternatives = phrases(clauses, it.slop, boost);
        alternatives.extend(Self::values(&targets, &it.text, boost));
        if alternatives.len() == 1 {
            return Ok(alternatives.pop());
        }
        self.alternatives(alternatives, &it.text, cut, &targets)
    }

    fn prefix(&mut self, it: &Prefix, boost: f64) -> Result<Option<Bound>> {
        let targets = self.targets(it.fields.as_ref())?;
        let plain = analyzer("standard")?;
        let mut alternatives = Vec::new();
        let mut clauses: Vec<PrefixClause> = Vec::new();
        for target in &targets.texts {
            let Some(beginning) = target.beginning(&it.prefix, plain.as_ref()) else { continue };
            let clause = PrefixClause { field: target.field, prefix: beginning.prefix, also: beginning.also };
            let before = it.prefix.get(..beginning.start).unwrap_or_default();
            let here = Fields::one(self.schema.field(target.field).map_or("", |field| field.name.as_str()));
            let (slots, cut) = self.targets(Some(&here))?.slots(before, boost, self.left());
            self.count(slots.len(), cut)?;
            if slots.is_empty() {
                clauses.push(clause);
            } else {
                let last = Bound::Prefix(PrefixSlot { clauses: vec![clause], weight: boost });
                alternatives.push(all(slots.into_iter().chain([last]).collect()));
            }
        }
        if !it.prefix.is_empty() {
            let keyword = |&(field, _): &(FieldId, f64)| PrefixClause { field, prefix: it.prefix.as_bytes().to_vec(), also: None };
            clauses.extend(targets.keywords.iter().map(keyword));
        }
        if !clauses.is_empty() {
            alternatives.insert(0, Bound::Prefix(PrefixSlot { clauses, weight: boost }));
        }
        let cut = self.left() == 0;
        self.count(usize::from(!alternatives.is_empty() && !cut), cut)?;
        if cut {
            alternatives.clear();
        }
        self.alternatives(alternatives, &it.prefix, cut, &targets)
    }

    fn fuzzy(&mut self, it: &Fuzzy, boost: f64) -> Result<Option<Bound>> {
        let targets = self.targets(it.fields.as_ref())?;
        let (slots, mut cut) = targets.slots(&it.text, boost, self.left());
        self.count(slots.len(), cut)?;
        let near = |slot: Bound| match (slot, it.distance) {
            (Bound::Slot(Slot { clauses, .. }), distance @ 1..) => Bound::Fuzzy(FuzzySlot { clauses, distance, prefix: it.prefix, boost }),
            (slot, _) => slot,
        };
        let mut alternatives = Vec::new();
        if !slots.is_empty() {
            alternatives.push(all(slots.into_iter().map(near).collect()));
        }
        if it.distance == 0 {
            alternatives.extend(Self::values(&targets, &it.text, boost));
        } else if !it.text.is_empty() {
            for &(field, weight) in &targets.keywords {
                if self.left() == 0 {
                    cut = true;
                    break;
                }
                self.count(1, false)?;
                let clauses = smallvec![TermClause { field, term: it.text.as_bytes().into(), weight }];
                alternatives.push(Bound::Fuzzy(FuzzySlot { clauses, distance: it.distance, prefix: it.prefix, boost }));
            }
        }
        self.count(0, cut)?;
        self.alternatives(alternatives, &it.text, cut, &targets)
    }
}
