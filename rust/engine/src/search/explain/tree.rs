//! The tree of one hit, by running the parts of a plan on its document.
//!
//! **In**: a plan, taken apart; hits. **Out**: [`Explanation`]s. **Law**: each term of the plan is a program of its own, run by the
//! exhaustive executor over the one document; what the steps of the plan do with windows is done here with parts. Its sum is compared with
//! the score that was found: a difference is a defect, never an explanation.

use std::ops::ControlFlow;

use smallvec::smallvec;

use super::words::Meant;
use super::{Explanation, How, Part};
use crate::base::bits::BitSet;
use crate::base::{Error, FieldId, Interrupt, Result};
use crate::collect::Hit;
use crate::exec::boost::{Boosting, boosted, parts_of};
use crate::exec::{Blend, Clause, Condition, Entries, Leaf, Masks, Op, Program, Slot, Source, Tables, run};
use crate::plan::{BoostRule, Plan, When};
use crate::query::BoundFilter;
use crate::search::view::View;

/// A leaf of a plan, in pieces that run alone.
enum Piece {
    /// Clauses, each a program, and how they combine.
    Clauses(Blend, Vec<Named>),
    /// All clauses together, and what they are.
    Whole(Program, Vec<Named>),
    /// Yes or no, and what it is.
    Condition(Program, String),
}

/// A clause, and what it is called.
struct Named {
    field: FieldId,
    term: String,
    /// Words of a phrase.
    words: usize,
    /// What it adds at most, in points.
    most: f64,
    program: Program,
}

/// Explains the hits of one search.
pub(in crate::search) struct Explainer<'v> {
    view: &'v View,
    tables: &'v Tables,
    ops: Vec<Op>,
    pieces: Vec<Piece>,
    boosting: Option<Boosting>,
    rules: Vec<BoostRule>,
    scale: f64,
    meant: Meant,
}

/// What a document has on the stack: nothing, or its parts.
type Found = Option<Vec<Part>>;

const UNBALANCED: Error = Error::Defect("a program takes more than it made");

fn alone(leaf: Leaf) -> Program {
    Program { ops: smallvec![Op::Leaf(0)], leaves: vec![leaf] }
}

impl<'v> Explainer<'v> {
    /// Takes a plan apart; `rules` are the boosts of its ranking as they are written.
    pub fn new(view: &'v View, tables: &'v Tables, plan: Plan, rules: Vec<BoostRule>, meant: Meant) -> Result<Self> {
        let Plan { program, boosting, scale, .. } = plan;
        let mut pieces = Vec::with_capacity(program.leaves.len());
        for leaf in program.leaves {
            pieces.push(match leaf {
                Leaf::Condition(condition) => {
                    let said = described(&condition, view);
                    Piece::Condition(alone(Leaf::Condition(condition)), said)
                }
                Leaf::Slot(Slot { clauses, blend }) => {
                    let mut named = Vec::with_capacity(clauses.len());
                    for clause in &clauses {
                        let (term, words) = text_of(view, clause)?;
                        named.push(Named { field: clause.field, term, words, most: clause.value, program: Program::default() });
                    }
                    match blend {
                        Blend::Weighted { .. } => Piece::Whole(alone(Leaf::Slot(Slot { clauses, blend })), named),
                        Blend::Best { .. } | Blend::Sum => {
                            for (named, clause) in named.iter_mut().zip(clauses) {
                                named.program = alone(Leaf::Slot(Slot { clauses: smallvec![clause], blend: Blend::Sum }));
                            }
                            Piece::Clauses(blend, named)
                        }
                    }
                }
            });
        }
        let boosting = boosting.map(|boosting| *boosting);
        Ok(Self { view, tables, ops: program.ops.to_vec(), pieces, boosting, rules, scale, meant })
    }

    fn part(&self, points: i64, how: How, description: String, children: Vec<Part>) -> Part {
        Part { points, value: points as f64 / self.scale, how, description, field: None, term: None, factor: None, children }
    }

    fn sum(&self, description: String, children: Vec<Part>) -> Part {
        self.part(children.iter().map(|part| part.points).sum(), How::Sum, description, children)
    }

    /// Explains a hit.
    pub fn explain(&self, hit: &Hit, interrupt: &Interrupt) -> Result<Explanation> {
        let segment = self.view.snapshot().segments.get(hit.segment).ok_or(Error::Defect("a hit of another snapshot"))?;
        let mut here = BitSet::empty(segment.reader.doc_count());
        here.insert(hit.doc.0);
        let scored = |program: &Program| -> Result<Option<i64>> {
            let masks = Masks { live: None, filter: Some(here.words()), wanted: None };
            let mut score = None;
            run(program, self.tables, &segment.reader, hit.segment, masks, interrupt, &mut |_, window| {
                window.mask.for_each(|place| score = Some(window.scores[place]));
                Ok(ControlFlow::Break(()))
            })?;
            Ok(score)
        };
        let found = self.evaluate(&scored)?.unwrap_or_default();
        let base = self.sum("the query's words".into(), found);
        let points = base.points;
        let tree = match &self.boosting {
            Some(boosting) if points > 0 => {
                let factors = parts_of(boosting, &segment.reader, hit.doc, interrupt)?;
                let factor = factors.iter().product::<f64>().clamp(1.0 / crate::exec::boost::MOST, crate::exec::boost::MOST);
                let after = boosted(points, factor);
                let describe = |(i, factor): (usize, f64)| {
                    let said = self.rules.get(i).map(written).unwrap_or_default();
                    Part { factor: Some(factor), ..self.part(0, How::Leaf, format!("boost[{i}]: {said}"), Vec::new()) }
                };
                let factors = factors.into_iter().enumerate().map(describe).collect();
                let boost = self.part(after - points, How::Boost, "boosts".into(), factors);
                self.sum("score".into(), vec![base, Part { factor: Some(factor), ..boost }])
            }
            _ => base,
        };
        if tree.points != hit.score {
            return Err(Error::Defect("an explanation that does not add up to its score"));
        }
        Ok(Explanation {
            score: hit.score as f64 / self.scale,
            points: hit.score,
            scale: self.scale,
            config_version: self.view.config_version(),
            profile: None,
            experiment: None,
            pin: None,
            tree,
        })
    }

    /// What the steps of the plan do with windows, with parts.
    fn evaluate(&self, scored: &dyn Fn(&Program) -> Result<Option<i64>>) -> Result<Found> {
        let mut stack: Vec<Found> = Vec::new();
        let mut tallies: Vec<usize> = Vec::new();
        let mut last = String::new();
        let mut step = 0;
        let joined = |a: Found, b: Found| match (a, b) {
            (Some(mut a), Some(mut b)) => {
                a.append(&mut b);
                Some(a)
            }
            (a, b) => a.or(b),
        };
        while let Some(op) = self.ops.get(step) {
            step += 1;
            match *op {
                Op::Leaf(leaf) => stack.push(self.leaf(leaf, scored, &mut last)?),
                Op::AddLeaf(leaf) => {
                    let below = stack.pop().ok_or(UNBALANCED)?;
                    let added = self.leaf(leaf, scored, &mut last)?;
                    stack.push(joined(below, added));
                }
                Op::Everything => stack.push(Some(Vec::new())),
                Op::Nothing => stack.push(None),
                Op::Intersect | Op::Unite | Op::BoostBy | Op::Remove | Op::Tally => {
                    let top = stack.pop().ok_or(UNBALANCED)?;
                    let below = stack.pop().ok_or(UNBALANCED)?;
                    stack.push(match op {
                        Op::Intersect if below.is_none() || top.is_none() => None,
                        Op::BoostBy if below.is_none() => None,
                        Op::Remove if top.is_some() => None,
                        Op::Remove => below,
                        Op::Tally => {
                            *tallies.last_mut().ok_or(UNBALANCED)? += usize::from(top.is_some());
                            joined(below, top)
                        }
                        _ => joined(below, top),
                    });
                }
                Op::Complement => {
                    let top = stack.pop().ok_or(UNBALANCED)?;
                    stack.push(if top.is_some() { None } else { Some(Vec::new()) });
                }
                Op::Score(points) => {
                    let top = stack.pop().ok_or(UNBALANCED)?;
                    let constant = || vec![self.part(points, How::Leaf, format!("{last} (a constant)"), Vec::new())];
                    stack.push(top.map(|_| constant()));
                }
                Op::SkipIfEmpty(target) => {
                    if stack.last().ok_or(UNBALANCED)?.is_none() {
                        step = target;
                    }
                }
                Op::OpenTally => {
                    stack.push(None);
                    tallies.push(0);
                }
                Op::CloseTally(minimum) => {
                    let count = tallies.pop().ok_or(UNBALANCED)?;
                    let top = stack.pop().ok_or(UNBALANCED)?;
                    stack.push(top.filter(|_| count >= minimum));
                }
            }
        }
        stack.pop().ok_or(UNBALANCED)
    }

    fn leaf(&self, leaf: usize, scored: &dyn Fn(&Program) -> Result<Option<i64>>, last: &mut String) -> Result<Found> {
        match self.pieces.get(leaf).ok_or(Error::Defect("a program names a leaf that it does not have"))? {
            Piece::Condition(program, said) => {
                last.clone_from(said);
                Ok(scored(program)?.map(|_| Vec::new()))
            }
            Piece::Whole(program, named) => {
                let Some(points) = scored(program)? else { return Ok(None) };
                let children: Vec<_> = named.iter().map(|named| self.clause(named, 0)).collect();
                let all = children.iter().map(|part| part.description.as_str()).collect::<Vec<_>>().join(", ");
                Ok(Some(vec![self.part(points, How::Joint, format!("together: {all}"), children)]))
            }
            Piece::Clauses(blend, named) => {
                let mut found = Vec::new();
                for named in named {
                    found.extend(scored(&named.program)?.map(|points| self.clause(named, points)));
                }
                if found.is_empty() {
                    return Ok(None);
                }
                let Blend::Best { tie_breaker } = *blend else { return Ok(Some(found)) };
                let best = found.iter().map(|part| part.points).max().unwrap_or_default();
                let at = found.iter().position(|part| part.points == best).unwrap_or_default();
                let first = found.remove(at);
                if found.is_empty() {
                    return Ok(Some(vec![first]));
                }
                let others: i64 = found.iter().map(|part| part.points).sum();
                let share = (tie_breaker * others as f64) as i64;
                let name = format!("best of {}", found.len() + 1);
                let share = self.part(share, How::Share, format!("{tie_breaker} of the others"), found);
                Ok(Some(vec![self.sum(name, vec![first, share])]))
            }
        }
    }

    fn clause(&self, named: &Named, points: i64) -> Part {
        let field = self.view.schema().field(named.field).map(|field| field.name.clone()).unwrap_or_default();
        let what = if named.words > 1 { "phrase " } else { "" };
        let role = self.meant.role(named.field, &named.term).map(|role| format!(", {role}")).unwrap_or_default();
        let most = if named.most > 0.0 && points > 0 { format!(", {:.3} at most", named.most / self.scale) } else { String::new() };
        let description = format!("{field}: {what}{:?}{role}{most}", named.term);
        Part { field: Some(field), term: Some(named.term.clone()), ..self.part(points, How::Leaf, description, Vec::new()) }
    }
}

/// The text of a clause, and of how many words it is.
fn text_of(view: &View, clause: &Clause) -> Result<(String, usize)> {
    let text = |entries: &Entries| -> Result<String> {
        for (segment, entry) in view.snapshot().segments.iter().zip(entries) {
            if let (Some(inverted), Some(entry)) = (segment.reader.inverted(clause.field), entry) {
                let mut term = Vec::new();
                inverted.term(entry.ord(), &mut term)?;
                return Ok(String::from_utf8_lossy(&term).into_owned());
            }
        }
        Ok(String::new())
    };
    match &clause.source {
        Source::Term(entries) => Ok((text(entries)?, 1)),
        Source::Phrase { terms, words, .. } => {
            let of = |word: &crate::exec::PhraseWord| terms.get(word.term).map_or_else(|| Ok(String::new()), text);
            Ok((words.iter().map(of).collect::<Result<Vec<_>>>()?.join(" "), words.len()))
        }
    }
}

/// What a condition asks.
fn described(condition: &Condition, view: &View) -> String {
    let name = |field: FieldId| view.schema().field(field).map(|field| field.name.clone()).unwrap_or_default();
    match condition {
        Condition::Prefix { field, prefix, .. } => format!("{}: {:?} and what begins so", name(*field), String::from_utf8_lossy(prefix)),
        Condition::Fuzzy { field, .. } => format!("{}: a value that is nearly so", name(*field)),
        Condition::Filter(filter) => match filter {
            BoundFilter::Keys { .. } => "a key".into(),
            BoundFilter::Integers { field, .. }
            | BoundFilter::IntegerIn { field, .. }
            | BoundFilter::Floats { field, .. }
            | BoundFilter::FloatIn { field, .. }
            | BoundFilter::Keywords { field, .. }
            | BoundFilter::Token { field, .. }
            | BoundFilter::Within { field, .. }
            | BoundFilter::Exists { field } => format!("{}: a value in range", name(*field)),
            BoundFilter::KeywordIn { field, values } => format!("{}: {}", name(*field), values.join(", ")),
            BoundFilter::And(_) | BoundFilter::Or(_) | BoundFilter::Not(_) => "a filter".into(),
        },
    }
}

/// A boost as it is written.
fn written(rule: &BoostRule) -> String {
    match rule {
        BoostRule::Rule { when: When::Text(text), weight } => format!("when {text}, weight {weight}"),
        BoostRule::Rule { when: When::Tree(filter), weight } => format!("when {filter}, weight {weight}"),
        BoostRule::Value { field, function, weight } => format!("{} of {field}, weight {weight}", function.name()),
        BoostRule::Recency { field, half_life, weight } => format!("recency of {field}, half life {half_life} s, weight {weight}"),
        BoostRule::Distance { field, half_distance, weight } => {
            format!("distance of {field}, half distance {half_distance} km, weight {weight}")
        }
    }
}
