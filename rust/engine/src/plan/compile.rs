//! From a bound query and filter to a program.
//!
//! **In**: a [`Bound`] query, a [`BoundFilter`], a snapshot, a configuration. **Out**: a [`Plan`]: the program and its scale. **Law**: no
//! recursion: nodes wait on a stack, with the steps that follow them. A filter is a program of its own: its documents are a mask. Under `must_not`, in filters, and when only counting, every weight is 0. What is counted is what a search would find: a word with typos stands for
//! the same terms in both, and only under `must_not` for all that are near.

use std::sync::Arc;

use levenshtein_automata::{DFA, LevenshteinAutomatonBuilder};

use super::emit::{Emitter, Label};
use super::ranking::Ranking;
use super::score::scale;
use super::slots::Slots;
use super::terms::Terms;
use crate::base::{Interrupt, Result};
use crate::exec::boost::Boosting;
use crate::exec::pruned::Shape;
use crate::exec::{Blend, Condition, Leaf, Op, Program};
use crate::index::Snapshot;
use crate::query::{Boolean, Bound, BoundFilter, FuzzySlot, PrefixSlot, TermClause};
use crate::schema::FieldKind;

/// Terms that a word with typos stands for, in each field, when it scores and the configuration says nothing else.
pub const MAX_EXPANSIONS: usize = 64;

/// What runs, and what its scores mean.
#[derive(Debug)]
pub struct Plan {
    /// The steps.
    pub program: Program,
    /// The form of the steps, when they are not deeper than that.
    pub shape: Option<Shape>,
    /// What has to pass.
    pub filter: Option<BoundFilter>,
    /// What multiplies the scores.
    pub boosting: Option<Box<Boosting>>,
    /// A score is an integer over this power of two.
    pub scale: f64,
    /// Whether anything scores: else all scores are 0.
    pub scores: bool,
    /// What was cut.
    pub warnings: Vec<String>,
    /// Documents and postings that may have to be looked at.
    cost: u64,
}

impl Plan {
    /// Adds the boosts of the configuration, under the request's time (microseconds since 1970) and place (degrees).
    pub fn boost(&mut self, compiled: &Ranking, now: Option<i64>, near: Option<(f64, f64)>) {
        if self.scores && !compiled.boosts.is_empty() {
            self.boosting = Some(Box::new(Boosting { boosts: Arc::clone(&compiled.boosts), now, near }));
        }
    }

    /// Documents and postings that may have to be looked at: the time that running takes grows with it.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// Whether no document can match, so that there is nothing to run.
    #[must_use]
    pub fn finds_nothing(&self) -> bool {
        self.program.ops.iter().all(|op| !matches!(op, Op::Leaf(_) | Op::AddLeaf(_) | Op::Everything | Op::Complement))
    }
}

/// Compiles a query, restricted to what passes `filter`. `scoring` says whether scores are wanted.
///
/// # Errors
/// Corruption; what `interrupt` says while dictionaries are scanned.
pub fn compile(
    query: Bound,
    filter: Option<BoundFilter>,
    snapshot: &Snapshot,
    compiled: &Ranking,
    scoring: bool,
    interrupt: &Interrupt,
) -> Result<Box<Plan>> {
    let slots = Slots::new(Terms { snapshot, interrupt }, compiled);
    let mut compiler = Compiler { slots, emitter: Emitter::default(), constants: Vec::new(), warnings: Vec::new() };
    let mut tasks = Vec::new();
    compiler.step(Task::Node(query, if scoring { Use::Ranks } else { Use::Counts }), &mut tasks)?;
    while let Some(task) = tasks.pop() {
        compiler.step(task, &mut tasks)?;
    }
    Ok(compiler.finish(filter))
}

/// Settles, by looks into the dictionaries and without scanning them, which words stand for what is near them.
///
/// # Errors
/// Corruption; what `interrupt` says.
pub fn settle(query: &mut Bound, snapshot: &Snapshot, interrupt: &Interrupt) -> Result<()> {
    let terms = Terms { snapshot, interrupt };
    let mut rest = vec![query];
    while let Some(node) = rest.pop() {
        match node {
            Bound::Boolean(Boolean { must, should, must_not, .. }) => rest.extend(must.iter_mut().chain(should).chain(must_not)),
            Bound::Guess(word) => *node = terms.settled(word.clone())?,
            _ => {}
        }
    }
    Ok(())
}

/// Compiles a filter alone.
#[must_use]
pub fn compile_filter(filter: BoundFilter) -> Program {
    let mut emitter = Emitter::default();
    emitter.filter(filter);
    emitter.program
}

/// What a part of a query is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Its documents are found and score.
    Ranks,
    /// Its documents are found; nobody asks for scores.
    Counts,
    /// Its documents are left out.
    Excludes,
}

impl Use {
    /// The boost that counts.
    fn boost(self, boost: f64) -> f64 {
        if self == Self::Ranks { boost } else { 0.0 }
    }
}

enum Task {
    Node(Bound, Use),
    Emit(Op),
    Skip(Label),
    Place(Label),
}

struct Compiler<'a> {
    slots: Slots<'a>,
    emitter: Emitter,
    /// Steps that score, with their bounds.
    constants: Vec<(usize, f64)>,
    warnings: Vec<String>,
}

impl Compiler<'_> {
    fn step(&mut self, task: Task, tasks: &mut Vec<Task>) -> Result<()> {
        match task {
            Task::Emit(op) => {
                self.emitter.emit(op);
            }
            Task::Skip(label) => self.emitter.skip(label),
            Task::Place(label) => self.emitter.place(label),
            Task::Node(Bound::Boolean(node), of) => self.boolean(node, of, tasks)?,
            Task::Node(Bound::Slot(slot), of) => {
                let slot = self.slots.word(slot.clauses, of.boost(slot.boost))?;
                self.emitter.slot(slot);
            }
            Task::Node(Bound::Synonyms(slot), of) => {
                let slot = self.slots.synonyms(slot.clauses, of.boost(slot.boost))?;
                self.emitter.slot(slot);
            }
            Task::Node(Bound::Phrase(phrase), of) => {
                let slot = self.slots.phrase(phrase.clauses, phrase.slop, of.boost(phrase.boost))?;
                self.emitter.slot(slot);
            }
            Task::Node(Bound::Graph(graph), of) => {
                let slot = self.slots.graph(graph.clauses, of.boost(graph.boost))?;
                self.emitter.slot(slot);
            }
            Task::Node(Bound::Fuzzy(fuzzy), of) => self.fuzzy(fuzzy, of)?,
            Task::Node(Bound::Guess(word), of) => {
                let settled = self.slots.terms.settled(word)?;
                self.step(Task::Node(settled, of), tasks)?;
            }
            Task::Node(Bound::Prefix(PrefixSlot { clauses, weight }), of) => {
                if clauses.is_empty() {
                    self.emitter.emit(Op::Nothing);
                }
                for (i, clause) in clauses.into_iter().enumerate() {
                    self.emitter.condition(Condition::Prefix { field: clause.field, prefix: clause.prefix, also: clause.also });
                    if i > 0 {
                        self.emitter.emit(Op::Unite);
                    }
                }
                self.constant(weight, of);
            }
            Task::Node(Bound::Constant(constant), of) => {
                self.emitter.filter(constant.filter);
                self.constant(constant.weight, of);
            }
        }
        Ok(())
    }

    /// All of `must` and enough of `should`, less `must_not`.
    fn boolean(&mut self, node: Boolean, of: Use, tasks: &mut Vec<Task>) -> Result<()> {
        let Boolean { mut must, mut should, must_not, minimum } = node;
        if minimum == 0 && of != Use::Ranks {
            // What may match and scores nothing is not looked at.
            should.clear();
        }
        if minimum > should.len() {
            self.emitter.emit(Op::Nothing);
            return Ok(());
        }
        if minimum == should.len() {
            match must.is_empty() {
                true => std::mem::swap(&mut must, &mut should),
                false => must.append(&mut should),
            }
        }
        // Leaves are written at once; where there are nodes among them, all of it waits.
        let flat = !must.iter().chain(&should).chain(&must_not).any(|part| matches!(part, Bound::Boolean(_)));
        let mut steps = Vec::new();
        let mut then = |compiler: &mut Self, task: Task| {
            if flat {
                return compiler.step(task, &mut Vec::new());
            }
            steps.push(task);
            Ok(())
        };
        let end = self.emitter.label();
        let mut first = true;
        for part in must {
            if std::mem::take(&mut first) {
                then(self, Task::Node(part, of))?;
            } else {
                then(self, Task::Skip(end))?;
                then(self, Task::Node(part, of))?;
                then(self, Task::Emit(Op::Intersect))?;
            }
        }
        if first && (should.is_empty() || minimum == 0) {
            then(self, Task::Emit(Op::Everything))?;
            first = false;
        }
        if !should.is_empty() {
            if !first {
                then(self, Task::Skip(end))?;
            }
            if minimum > 1 {
                then(self, Task::Emit(Op::OpenTally))?;
                for part in should {
                    then(self, Task::Node(part, of))?;
                    then(self, Task::Emit(Op::Tally))?;
                }
                then(self, Task::Emit(Op::CloseTally(minimum)))?;
            } else {
                for (i, part) in should.into_iter().enumerate() {
                    then(self, Task::Node(part, of))?;
                    if i > 0 {
                        then(self, Task::Emit(Op::Unite))?;
                    }
                }
            }
            match (first, minimum) {
                (true, _) => {}
                (false, 0) => then(self, Task::Emit(Op::BoostBy))?,
                (false, _) => then(self, Task::Emit(Op::Intersect))?,
            }
        }
        for part in must_not {
            then(self, Task::Skip(end))?;
            then(self, Task::Node(part, Use::Excludes))?;
            then(self, Task::Emit(Op::Remove))?;
        }
        then(self, Task::Place(end))?;
        tasks.extend(steps.into_iter().rev());
        Ok(())
    }

    fn fuzzy(&mut self, fuzzy: FuzzySlot, of: Use) -> Result<()> {
        let FuzzySlot { clauses, distance, prefix, boost } = fuzzy;
        // Made for each query: a third of a millisecond for two edits, which a scan of the dictionary dwarfs.
        let builder = LevenshteinAutomatonBuilder::new(distance, true);
        let near: Vec<_> = clauses.into_iter().map(|clause| near(clause, &builder, prefix)).collect();
        let schema = &self.slots.terms.snapshot.schema;
        let is_text = |field| schema.field(field).is_some_and(|field| matches!(field.kind, FieldKind::Text { .. }));
        let texts = near.iter().all(|(clause, ..)| is_text(clause.field));
        let weighs = of != Use::Excludes && boost > 0.0 && near.iter().any(|(clause, ..)| clause.weight > 0.0);
        if !weighs || !texts {
            if near.is_empty() {
                self.emitter.emit(Op::Nothing);
            }
            let weight = near.iter().fold(0.0f64, |most, (clause, ..)| most.max(clause.weight));
            for (i, (clause, prefix, automaton)) in near.into_iter().enumerate() {
                self.emitter.condition(Condition::Fuzzy { field: clause.field, prefix, automaton: automaton.into() });
                if i > 0 {
                    self.emitter.emit(Op::Unite);
                }
            }
            self.constant(weight * boost, if weighs { of } else { Use::Excludes });
            return Ok(());
        }
        let word = near.first().map(|(clause, ..)| String::from_utf8_lossy(&clause.term).into_owned()).unwrap_or_default();
        let most = self.slots.compiled.max_expansions;
        let picked = self.slots.near(near, most, of.boost(boost))?;
        if picked.most > most {
            let seen = picked.most;
            self.warnings.push(format!("{word:?}~{distance}: {seen} words are near; the {most} nearest of each field were searched"));
        }
        self.emitter.slot(picked.slot);
        Ok(())
    }

    fn constant(&mut self, weight: f64, of: Use) {
        if of == Use::Ranks && weight > 0.0 {
            let bound = self.slots.constant(weight);
            let at = self.emitter.emit(Op::Score(0));
            self.constants.push((at, bound));
        }
    }

    /// All bounds are known: values become bounds times scale.
    fn finish(self, filter: Option<BoundFilter>) -> Box<Plan> {
        let Self { slots, emitter, constants, warnings } = self;
        let scale = scale(slots.bounds);
        let mut program = emitter.program;
        for leaf in &mut program.leaves {
            let Leaf::Slot(slot) = leaf else { continue };
            match &mut slot.blend {
                Blend::Weighted { value, .. } => *value *= scale,
                Blend::Best { .. } | Blend::Sum => slot.clauses.iter_mut().for_each(|clause| clause.value *= scale),
            }
        }
        for (at, bound) in constants {
            if let Some(op) = program.ops.get_mut(at) {
                *op = Op::Score(((bound * scale) as i64).max(1));
            }
        }
        // What is no term has to be asked of every document.
        let all = program.leaves.iter().any(|leaf| matches!(leaf, Leaf::Condition(_))) || program.ops.contains(&Op::Everything);
        let docs = slots.terms.snapshot.segments.iter().map(|segment| u64::from(segment.reader.doc_count())).sum();
        let cost = slots.postings.saturating_add(if all { docs } else { 0 });
        let scores = slots.bounds > 0.0;
        let mut plan = Box::new(Plan { program, shape: None, filter, boosting: None, scale, scores, warnings, cost });
        if !plan.finds_nothing() {
            plan.shape = Shape::of(&plan.program);
        }
        plan
    }
}

/// A word with the automaton that accepts what is near, and the bytes with which that has to begin.
fn near(clause: TermClause, builder: &LevenshteinAutomatonBuilder, prefix: u32) -> (TermClause, Vec<u8>, DFA) {
    let word = String::from_utf8_lossy(&clause.term);
    let start = word.chars().take(prefix as usize).collect::<String>().into_bytes();
    let automaton = builder.build_dfa(&word);
    (clause, start, automaton)
}
