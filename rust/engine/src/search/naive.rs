//! The naive twin: what a query means, document by document, from raw tokens and values. No index, no windows, no program.
//!
//! It follows the table in [`crate::plan`] word by word and shares no code with it but `libm::log` and the length codes.

use std::collections::BTreeSet;
use std::ops::Bound as End;

use crate::base::FieldId;
use crate::codec::norms;
use crate::exec::boost::Function;
use crate::plan::{BoostRule, Combine, Compiled};
use crate::query::{Boolean, Bound, BoundFilter, FuzzySlot, PhraseClause, Slot, SynonymMember, TypoWhen};
use crate::schema::Schema;

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Missing,
    Tokens(Vec<(Vec<u8>, u32)>),
    Integer(i64),
    Float(f64),
    Keywords(Vec<String>),
    Point(f64, f64),
}

/// A document that may be deleted but still counts.
#[derive(Clone, Debug)]
pub(super) struct Doc {
    pub key: String,
    pub seq: u64,
    pub live: bool,
    pub values: Vec<Value>,
}

impl Doc {
    fn value(&self, field: FieldId) -> &Value {
        self.values.get(field.index()).unwrap_or(&Value::Missing)
    }
    fn tokens(&self, field: FieldId) -> &[(Vec<u8>, u32)] {
        match self.value(field) {
            Value::Tokens(tokens) => tokens,
            _ => &[],
        }
    }
    fn positions(&self, field: FieldId, term: &[u8]) -> Vec<u32> {
        self.tokens(field).iter().filter(|(token, _)| token == term).map(|(_, position)| *position).collect()
    }
}

/// All documents of a view.
pub(super) struct Naive<'a> {
    pub docs: &'a [Doc],
    pub compiled: &'a Compiled,
    pub boosted: Boosted<'a>,
}

/// What multiplies scores.
#[derive(Clone, Copy)]
pub(super) struct Boosted<'a> {
    pub rules: &'a [BoostRule],
    pub schema: &'a Schema,
    pub now: Option<i64>,
    pub near: Option<(f64, f64)>,
}

impl Boosted<'_> {
    fn factor(&self, doc: &Doc) -> f64 {
        let value = |name: &str| doc.value(self.schema.find(name).map(|(field, _)| field).unwrap_or(FieldId(0)));
        let part = |weight: f64, f: f64| (1.0 + weight * f.min(2f64.powi(60))).min(2f64.powi(60));
        let half = |by: f64, half: f64| libm::exp(-(std::f64::consts::LN_2 * by) / half);
        let mut product = 1.0;
        for rule in self.rules {
            product *= match rule {
                BoostRule::Rule { when, weight } => match when.bind(self.schema) {
                    Ok(filter) if passes(&filter, doc) => weight.clamp(2f64.powi(-60), 2f64.powi(60)),
                    _ => 1.0,
                },
                BoostRule::Value { field, function, weight } => {
                    let number = match value(field) {
                        Value::Integer(value) => *value as f64,
                        Value::Float(value) => *value,
                        _ => continue,
                    };
                    let v = number.max(0.0);
                    let f = match function {
                        Function::Identity => v,
                        Function::Log1p => libm::log1p(v),
                        Function::Sqrt => v.sqrt(),
                        Function::Square => v * v,
                        Function::Reciprocal => 1.0 / (1.0 + v),
                    };
                    part(*weight, f)
                }
                BoostRule::Recency { field, half_life, weight } => match (value(field), self.now) {
                    (Value::Integer(date), Some(now)) => part(*weight, half(now.saturating_sub(*date).max(0) as f64, *half_life * 1e6)),
                    _ => 1.0,
                },
                BoostRule::Distance { field, half_distance, weight } => match (value(field), self.near) {
                    (Value::Point(x, y), Some((lat, lon))) => {
                        part(*weight, half(crate::exec::Centre::new(lat, lon).km(*x, *y), *half_distance))
                    }
                    _ => 1.0,
                },
            };
        }
        product.clamp(1.0 / 1024.0, 1024.0)
    }

    fn score(&self, score: i64, doc: &Doc) -> i64 {
        if score > 0 { ((score as f64 * self.factor(doc)).trunc() as i64).max(1) } else { 0 }
    }
}

/// One clause: field, how often it is in a document, its weight, distance, and df of its words.
struct Clause {
    field: FieldId,
    words: Vec<(Vec<u8>, u32)>,
    slop: u32,
    weight: f64,
    distance: f64,
    dfs: Vec<u64>,
}

impl Naive<'_> {
    fn df(&self, field: FieldId, term: &[u8]) -> u64 {
        self.docs.iter().filter(|doc| !doc.positions(field, term).is_empty()).count() as u64
    }
    fn totals(&self, field: FieldId) -> (u64, f64) {
        let lengths: Vec<_> = self.docs.iter().map(|doc| doc.tokens(field).len()).filter(|&n| n > 0).collect();
        (lengths.len() as u64, lengths.iter().sum::<usize>() as f64 / lengths.len() as f64)
    }
    fn idf(n: u64, df: u64) -> f64 {
        let (n, df) = (n as f64, df as f64);
        libm::log(1.0 + ((n - df) + 0.5) / (df + 0.5))
    }
    fn length_factor(&self, field: FieldId, doc: &Doc) -> f64 {
        let b = self.compiled.b(field);
        let dl = f64::from(norms::decode(norms::encode(doc.tokens(field).len() as u32)));
        (1.0 - b) + (b * dl) / self.totals(field).1
    }
    fn cut(weight: f64) -> f64 {
        if weight <= 0.0 { 0.0 } else { weight.clamp(2f64.powi(-60), 2f64.powi(60)) }
    }

    /// All live documents that match and pass, with scores, in order; and the scale.
    pub fn search(&self, query: &Bound, filter: Option<&BoundFilter>) -> (Vec<(u64, i64)>, f64) {
        let total = self.bounds(query, 0.0);
        let scale =
            (-300..=300).rev().map(|k| 2f64.powi(k)).find(|scale| total * scale <= 2f64.powi(30)).filter(|_| total > 0.0).unwrap_or(1.0);
        let hit = |doc: &&Doc| doc.live && filter.is_none_or(|filter| passes(filter, doc));
        let mut found: Vec<_> = self
            .docs
            .iter()
            .filter(hit)
            .filter_map(|doc| self.score(query, doc, scale).map(|score| (doc.seq, self.boosted.score(score, doc))))
            .collect();
        found.sort_by_key(|&(seq, score)| (std::cmp::Reverse(score), seq));
        (found, scale)
    }

    /// The sum of bounds, in clause order.
    fn bounds(&self, query: &Bound, mut sum: f64) -> f64 {
        match query {
            Bound::Boolean(Boolean { must, should, minimum, .. }) => {
                if *minimum > should.len() {
                    return sum;
                }
                for part in must.iter().chain(should) {
                    sum = self.bounds(part, sum);
                }
                sum
            }
            Bound::Prefix(prefix) => sum + Self::cut(prefix.weight),
            Bound::Constant(constant) => sum + Self::cut(constant.weight),
            leaf => {
                let (clauses, boost) = self.clauses(leaf, true);
                match self.compiled.combine {
                    Combine::Bm25f => sum + self.whole(&clauses, boost),
                    _ => clauses.iter().fold(sum, |sum, clause| sum + self.bound(clause, boost)),
                }
            }
        }
    }

    fn bound(&self, clause: &Clause, boost: f64) -> f64 {
        let rarity = clause.dfs.iter().fold(0.0, |sum, &df| sum + Self::idf(self.totals(clause.field).0, df));
        (Self::cut(clause.weight * boost) / clause.distance) * rarity
    }

    fn whole(&self, clauses: &[Clause], boost: f64) -> f64 {
        if clauses.iter().all(|clause| clause.weight <= 0.0) {
            return 0.0;
        }
        let n = clauses.iter().map(|clause| self.totals(clause.field).0).max().unwrap_or(0);
        let words = clauses.iter().map(|clause| clause.dfs.len()).max().unwrap_or(0);
        let rarity =
            (0..words).fold(0.0, |sum, i| sum + Self::idf(n, clauses.iter().filter_map(|c| c.dfs.get(i)).copied().max().unwrap_or(0)));
        Self::cut(boost) * rarity
    }

    /// The clauses of a slot that exist, in order, and its boost.
    fn clauses(&self, leaf: &Bound, ranked: bool) -> (Vec<Clause>, f64) {
        let one = |field: FieldId, term: &[u8], weight: f64| Clause {
            field,
            words: vec![(term.to_vec(), 0)],
            slop: 0,
            weight,
            distance: 1.0,
            dfs: vec![self.df(field, term)],
        };
        let (mut clauses, boost): (Vec<Clause>, f64) = match leaf {
            Bound::Slot(slot) => (slot.clauses.iter().map(|c| one(c.field, &c.term, c.weight)).collect(), slot.boost),
            Bound::Synonyms(slot) => {
                let mut clauses = Vec::new();
                for c in &slot.clauses {
                    let df = |member: &SynonymMember| member.iter().map(|(term, _)| self.df(c.field, term)).min().unwrap_or(0);
                    let found: Vec<_> = c.members.iter().filter(|member| df(member) > 0).collect();
                    let largest = found.iter().map(|member| df(member)).max().unwrap_or(0);
                    for member in found {
                        let words = member.iter().map(|(term, at)| (term.to_vec(), *at)).collect();
                        clauses.push(Clause { words, dfs: vec![largest], ..one(c.field, b"", c.weight) });
                    }
                }
                (clauses, slot.boost)
            }
            Bound::Phrase(phrase) => {
                let clause = |c: &PhraseClause| Clause {
                    field: c.field,
                    words: c.terms.iter().map(|(term, at)| (term.to_vec(), *at)).collect(),
                    slop: phrase.slop,
                    weight: c.weight,
                    distance: 1.0,
                    dfs: c.terms.iter().map(|(term, _)| self.df(c.field, term)).collect(),
                };
                (phrase.clauses.iter().map(clause).collect(), phrase.boost)
            }
            Bound::Graph(graph) => {
                let mut clauses = Vec::new();
                for c in &graph.clauses {
                    let rarest = |member: &SynonymMember| member.iter().map(|(term, _)| self.df(c.field, term)).min().unwrap_or(0);
                    let dfs: Vec<_> = c.words.iter().map(|members| members.iter().map(rarest).max().unwrap_or(0)).collect();
                    for path in c.paths.iter().filter(|path| rarest(path) > 0) {
                        let words = path.iter().map(|(term, at)| (term.to_vec(), *at)).collect();
                        clauses.push(Clause { words, dfs: dfs.clone(), ..one(c.field, b"", c.weight) });
                    }
                }
                (clauses, graph.boost)
            }
            // Whether a word is mistyped is a question of how many documents have it in the field that has it most.
            Bound::Guess(word) => {
                let most = word.clauses.iter().map(|c| self.df(c.field, &c.term)).max().unwrap_or(0);
                let near = match word.when {
                    TypoWhen::Never => false,
                    TypoWhen::Missing => most < 1,
                    TypoWhen::Few => most < word.few + 1,
                    TypoWhen::Always => true,
                };
                let (clauses, boost) = (word.clauses.clone(), word.boost);
                let settled = match near {
                    true => Bound::Fuzzy(FuzzySlot { clauses, boost, distance: word.distance, prefix: 0 }),
                    false => Bound::Slot(Slot { clauses, boost }),
                };
                return self.clauses(&settled, ranked);
            }
            Bound::Fuzzy(fuzzy) => {
                let mut clauses = Vec::new();
                for c in &fuzzy.clauses {
                    let mut near: Vec<_> = self
                        .dictionary(c.field)
                        .into_iter()
                        .filter_map(|term| {
                            let (a, b) = (String::from_utf8_lossy(&c.term).into_owned(), String::from_utf8_lossy(&term).into_owned());
                            let same = a.chars().take(fuzzy.prefix as usize).collect::<String>();
                            let distance = edits(&a, &b);
                            (b.starts_with(&same) && distance <= usize::from(fuzzy.distance)).then_some((distance, term))
                        })
                        .map(|(distance, term)| (distance, std::cmp::Reverse(self.df(c.field, &term)), term))
                        .collect();
                    near.sort();
                    let scores = ranked && fuzzy.boost > 0.0 && fuzzy.clauses.iter().any(|c| c.weight > 0.0);
                    near.truncate(if scores { self.compiled.max_expansions } else { usize::MAX });
                    let largest = near.iter().map(|(_, df, _)| df.0).max().unwrap_or(0);
                    for (distance, _, term) in near {
                        clauses.push(Clause { distance: 1.0 + distance as f64, dfs: vec![largest], ..one(c.field, &term, c.weight) });
                    }
                }
                (clauses, fuzzy.boost)
            }
            _ => (Vec::new(), 0.0),
        };
        clauses.retain(|clause| clause.dfs.iter().all(|&df| df > 0));
        clauses.sort_by_key(|clause| clause.field);
        (clauses, boost)
    }

    fn dictionary(&self, field: FieldId) -> BTreeSet<Vec<u8>> {
        self.docs.iter().flat_map(|doc| doc.tokens(field)).map(|(token, _)| token.clone()).collect()
    }

    fn score(&self, query: &Bound, doc: &Doc, scale: f64) -> Option<i64> {
        match query {
            Bound::Boolean(Boolean { must, should, must_not, minimum }) => {
                if *minimum > should.len() || must_not.iter().any(|part| self.score(part, doc, 0.0).is_some()) {
                    return None;
                }
                let mut sum = 0;
                for part in must {
                    sum += self.score(part, doc, scale)?;
                }
                let optional: Vec<_> = should.iter().filter_map(|part| self.score(part, doc, scale)).collect();
                (optional.len() >= *minimum).then_some(sum + optional.iter().sum::<i64>())
            }
            Bound::Prefix(prefix) => {
                let has = prefix.clauses.iter().any(|c| {
                    let texts: Vec<Vec<u8>> = match doc.value(c.field) {
                        Value::Tokens(tokens) => tokens.iter().map(|(token, _)| token.clone()).collect(),
                        Value::Keywords(words) => words.iter().map(|word| word.clone().into_bytes()).collect(),
                        _ => Vec::new(),
                    };
                    texts.iter().any(|text| text.starts_with(&c.prefix) || c.also.as_ref() == Some(text))
                });
                has.then(|| constant(Self::cut(prefix.weight), scale))
            }
            Bound::Constant(c) => passes(&c.filter, doc).then(|| constant(Self::cut(c.weight), scale)),
            leaf => {
                // What is excluded is not ranked, so not cut: it has no scale.
                let (clauses, boost) = self.clauses(leaf, scale > 0.0);
                let k1 = self.compiled.k1;
                let found: Vec<_> = clauses.iter().map(|clause| (clause, frequency(clause, doc))).filter(|(_, tf)| *tf > 0).collect();
                if found.is_empty() {
                    return None;
                }
                if self.compiled.combine == Combine::Bm25f {
                    let factor = |clause: &Clause| self.length_factor(clause.field, doc);
                    let tf = found
                        .iter()
                        .fold(0.0, |sum, (clause, tf)| sum + ((clause.weight / clause.distance) * f64::from(*tf)) / factor(clause));
                    let value = self.whole(&clauses, boost) * scale;
                    return Some(if tf > 0.0 && value > 0.0 { ((value * (tf / (tf + k1))).trunc() as i64).max(1) } else { 0 });
                }
                let parts: Vec<i64> = found
                    .iter()
                    .map(|(clause, tf)| {
                        let (value, tf) = (self.bound(clause, boost) * scale, f64::from(*tf));
                        let sat = tf / (tf + k1 * self.length_factor(clause.field, doc));
                        if value > 0.0 { ((value * sat).trunc() as i64).max(1) } else { 0 }
                    })
                    .collect();
                let (sum, best) = (parts.iter().sum::<i64>(), parts.iter().copied().max().unwrap_or(0));
                Some(match self.compiled.combine {
                    Combine::Sum => sum,
                    _ => best + (self.compiled.tie_breaker * (sum - best) as f64).trunc() as i64,
                })
            }
        }
    }
}

fn constant(bound: f64, scale: f64) -> i64 {
    if bound > 0.0 { ((bound * scale).trunc() as i64).max(1) } else { 0 }
}

/// How often a term or phrase is in a document's field.
fn frequency(clause: &Clause, doc: &Doc) -> u32 {
    fn place(clause: &Clause, doc: &Doc, chosen: &mut Vec<i64>) -> bool {
        let starts = || chosen.iter().zip(&clause.words).map(|(q, (_, offset))| q - i64::from(*offset));
        if starts().max().unwrap_or(0) - starts().min().unwrap_or(0) > i64::from(clause.slop) {
            return false;
        }
        let Some((term, _)) = clause.words.get(chosen.len()) else { return true };
        doc.positions(clause.field, term).into_iter().any(|q| {
            if chosen.iter().zip(&clause.words).any(|(p, (other, _))| *p == i64::from(q) && other == term) {
                return false;
            }
            chosen.push(i64::from(q));
            let good = place(clause, doc, chosen);
            chosen.pop();
            good
        })
    }
    let Some((first, _)) = clause.words.first() else { return 0 };
    doc.positions(clause.field, first).into_iter().filter(|&p| place(clause, doc, &mut vec![i64::from(p)])).count() as u32
}

/// Optimal string alignment distance.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut d = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            d[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let mut best = (d[i - 1][j] + 1).min(d[i][j - 1] + 1).min(d[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(d[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    d[a.len()][b.len()]
}

/// Whether a document passes a filter.
pub(super) fn passes(filter: &BoundFilter, doc: &Doc) -> bool {
    let integer = |field: &FieldId| match doc.value(*field) {
        Value::Integer(value) => Some(*value),
        _ => None,
    };
    let float = |field: &FieldId| match doc.value(*field) {
        Value::Float(value) => Some(*value),
        _ => None,
    };
    let words = |field: &FieldId| match doc.value(*field) {
        Value::Keywords(words) => words.clone(),
        _ => Vec::new(),
    };
    match filter {
        BoundFilter::And(parts) => parts.iter().all(|part| passes(part, doc)),
        BoundFilter::Or(parts) => parts.iter().any(|part| passes(part, doc)),
        BoundFilter::Not(part) => !passes(part, doc),
        BoundFilter::Integers { field, low, high } => integer(field).is_some_and(|value| *low <= value && value <= *high),
        BoundFilter::IntegerIn { field, values } => integer(field).is_some_and(|value| values.contains(&value)),
        BoundFilter::Floats { field, low, high } => float(field).is_some_and(|value| *low <= value && value <= *high),
        BoundFilter::FloatIn { field, values } => float(field).is_some_and(|value| values.contains(&value)),
        BoundFilter::KeywordIn { field, values } => words(field).iter().any(|word| values.contains(word)),
        BoundFilter::Keywords { field, low, high } => words(field).iter().any(|word| {
            let above = match low {
                End::Included(low) => word >= low,
                End::Excluded(low) => word > low,
                End::Unbounded => true,
            };
            let below = match high {
                End::Included(high) => word <= high,
                End::Excluded(high) => word < high,
                End::Unbounded => true,
            };
            above && below
        }),
        BoundFilter::Token { field, term } => !doc.positions(*field, term).is_empty(),
        BoundFilter::Within { field, lat, lon, km } => match doc.value(*field) {
            Value::Point(x, y) => crate::exec::Centre::new(*lat, *lon).km(*x, *y) <= *km,
            _ => false,
        },
        BoundFilter::Exists { field } => match doc.value(*field) {
            Value::Missing => false,
            Value::Tokens(tokens) => !tokens.is_empty(),
            Value::Keywords(words) => !words.is_empty(),
            _ => true,
        },
        BoundFilter::Keys { keys } => keys.contains(&doc.key),
    }
}
