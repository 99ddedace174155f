//! Runs a program over all segments of a snapshot and keeps what is wanted.
//!
//! **In**: a program, how many hits, in what order, what is to be counted. **Out**: the first hits of the whole view, and the total.
//! **Law**: order is that of the sort keys (score descending where there are none), then age; segments do not show. A deadline makes the
//! answer partial: hits are exact but perhaps not the best, totals are lower bounds. Work ends early where nothing can change: when
//! no score tells documents apart the oldest win, and those come first in each segment.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::counted::counted;
use super::ranked::ranked;
use super::sort::{SegmentKeys, SortBy, SortValue};
use super::sorted::sorted;
use super::top::{Key, TopByKeys, TopByScore};
use crate::base::bits::BitSet;
use crate::base::{DocId, Error, Interrupt, Result, SeqNo};
use crate::exec::boost::{Boosting, Factors, boosted};
use crate::exec::pruned::{Shape, Work};
use crate::exec::{Masks, Op, Program, Tables, Window, run};
use crate::index::{SegmentView, Snapshot};

/// Up to how many matches [`CountMode::UpTo`] is exact.
pub const EXACT_UP_TO: u64 = 10_000;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CountMode {
    /// Exact up to [`EXACT_UP_TO`], then a lower bound.
    #[default]
    UpTo,
    /// Exact.
    Exact,
    /// Nothing.
    None,
}

/// What a total is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// So many.
    Eq,
    /// At least so many.
    Gte,
}

impl Relation {
    /// `eq` or `gte`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Gte => "gte",
        }
    }
}

/// How much is wanted, and in what order.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// So many hits.
    pub hits: usize,
    /// Sort keys; none: by score.
    pub sort: &'a [SortBy],
    /// What is counted.
    pub count: CountMode,
    /// Whether scores can differ from 0.
    pub scores: bool,
}

/// What is sought.
#[derive(Clone, Copy)]
pub struct Sought<'a> {
    /// The steps.
    pub program: &'a Program,
    /// Their form, when it can be pruned.
    pub shape: Option<&'a Shape>,
    /// What codes are worth in the view.
    pub tables: &'a Tables,
    /// What multiplies scores.
    pub boosting: Option<&'a Boosting>,
    /// The documents of a segment, by its place in the snapshot, that pass the filter.
    pub filter: Option<&'a dyn Fn(usize) -> Result<Arc<BitSet>>>,
}

/// What ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// Only what could still win was looked at.
    Pruned,
    /// Nothing was ranked, only counted: by lengths of lists, bits, and positions of phrases.
    Counted,
    /// Blocks of a column that cannot be among the first were passed over.
    Sorted,
    /// Every document that matches was looked at.
    Exhaustive,
}

impl Executor {
    /// `pruned`, `counted`, `sorted` or `exhaustive`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pruned => "pruned",
            Self::Counted => "counted",
            Self::Sorted => "sorted",
            Self::Exhaustive => "exhaustive",
        }
    }
}

/// A hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its segment's place in the snapshot.
    pub segment: usize,
    /// Its place there.
    pub doc: DocId,
    /// Its age.
    pub seq: SeqNo,
    /// Its score, scaled.
    pub score: i64,
}

/// The first hits and the total.
#[derive(Debug)]
pub struct Gathered {
    /// In order.
    pub hits: Vec<Hit>,
    /// How many match; `None` when nothing was counted.
    pub total: Option<u64>,
    /// What the total is.
    pub relation: Relation,
    /// Whether the deadline ended the work.
    pub partial: bool,
    /// What found the hits.
    pub executor: Executor,
    /// What it did.
    pub work: Work,
}

/// Matches so far.
pub(super) struct Counter {
    mode: CountMode,
    pub seen: u64,
    /// Known without looking.
    known: Option<u64>,
}

impl Counter {
    pub fn new(mode: CountMode, known: Option<u64>) -> Self {
        Self { mode, seen: 0, known }
    }

    /// More further matches than this would not change the answer.
    pub fn enough(&self) -> u64 {
        match self.mode {
            CountMode::Exact => u64::MAX,
            CountMode::UpTo => EXACT_UP_TO.saturating_sub(self.seen),
            CountMode::None => 0,
        }
    }

    /// Whether more matches would not change the answer.
    pub fn is_settled(&self) -> bool {
        self.known.is_some() || self.mode == CountMode::None || (self.mode == CountMode::UpTo && self.seen > EXACT_UP_TO)
    }

    pub fn total(&self, partial: bool) -> (Option<u64>, Relation) {
        let seen = self.known.unwrap_or(self.seen);
        let partial = partial && self.known.is_none();
        match self.mode {
            CountMode::None => (None, Relation::Gte),
            CountMode::UpTo if seen > EXACT_UP_TO => (Some(EXACT_UP_TO), Relation::Gte),
            _ => (Some(seen), if partial { Relation::Gte } else { Relation::Eq }),
        }
    }
}

/// Runs what is sought over `snapshot`.
///
/// # Errors
/// Corruption, [`Error::Cancelled`]. A deadline is no error here.
pub fn gather(sought: Sought<'_>, snapshot: &Snapshot, wanted: Wanted<'_>, interrupt: &Interrupt) -> Result<Gathered> {
    if wanted.hits == 0 {
        return count(sought, snapshot, wanted, interrupt);
    }
    let by_score = matches!(wanted.sort, [] | [SortBy::Score]);
    if by_score && wanted.scores {
        let mut gathered = ranked(sought, snapshot, wanted.hits, interrupt)?;
        let counted = total(sought, snapshot, wanted, gathered.hits.len(), interrupt)?;
        gathered.total = counted.total;
        gathered.relation = counted.relation;
        gathered.partial |= counted.partial;
        gathered.work.add(&counted.work);
        return Ok(gathered);
    }
    match sorted(sought, snapshot, wanted, interrupt)? {
        Some(gathered) => Ok(gathered),
        None => everything(sought, snapshot, wanted, interrupt),
    }
}

/// Counts what matches beside so many hits, when that is wanted.
pub(super) fn total(sought: Sought<'_>, snapshot: &Snapshot, wanted: Wanted<'_>, found: usize, interrupt: &Interrupt) -> Result<Gathered> {
    let mut counted = if wanted.count == CountMode::None {
        Gathered {
            hits: Vec::new(),
            total: None,
            relation: Relation::Gte,
            partial: false,
            executor: Executor::Counted,
            work: Work::default(),
        }
    } else {
        count(sought, snapshot, Wanted { hits: 0, ..wanted }, interrupt)?
    };
    // What was found is there, whatever there was no time to count.
    counted.total = counted.total.map(|total| total.max((found as u64).min(EXACT_UP_TO)));
    Ok(counted)
}

/// Counts, without looking at every document where there is another way.
fn count(sought: Sought<'_>, snapshot: &Snapshot, wanted: Wanted<'_>, interrupt: &Interrupt) -> Result<Gathered> {
    match sought.shape {
        Some(shape) => counted(sought, shape, snapshot, wanted, interrupt),
        None => everything(sought, snapshot, wanted, interrupt),
    }
}

/// Looks at every document that matches.
pub(crate) fn everything(sought: Sought<'_>, snapshot: &Snapshot, wanted: Wanted<'_>, interrupt: &Interrupt) -> Result<Gathered> {
    let by_score = matches!(wanted.sort, [] | [SortBy::Score]);
    let known = (sought.program.ops[..] == [Op::Everything] && sought.filter.is_none()).then(|| snapshot.live_count());
    let mut counter = Counter::new(wanted.count, known);
    // Where documents do not stand by age, age is a key like others, so that ties are broken before rows are dropped.
    let aged = [wanted.sort, &[SortBy::Age]].concat();
    let mut rows: Vec<(Vec<SortValue>, Hit)> = Vec::new();
    let mut partial = false;
    for (number, view) in snapshot.segments.iter().enumerate() {
        if wanted.hits == 0 && counter.is_settled() {
            break;
        }
        let filter = match sought.filter.map(|filter| filter(number)).transpose() {
            Err(Error::Timeout { .. }) => {
                partial = true;
                break;
            }
            filter => filter?,
        };
        let segment = Segment { sought, view, number, filter: filter.as_deref(), interrupt };
        let hits = wanted.hits.min(view.live_docs as usize);
        let finished = match (by_score, view.reader.in_sequence_order()) {
            (true, true) => segment.by_score(hits, wanted.scores, &mut counter, &mut rows),
            (true, false) => segment.by_keys(hits, &[SortBy::Score, SortBy::Age], &mut counter, &mut rows),
            (false, true) => segment.by_keys(hits, wanted.sort, &mut counter, &mut rows),
            (false, false) => segment.by_keys(hits, &aged, &mut counter, &mut rows),
        }?;
        if !finished {
            partial = true;
            break;
        }
        if rows.len() >= wanted.hits.saturating_mul(2).max(1024) {
            shorten(&mut rows, wanted.hits, by_score);
        }
    }
    shorten(&mut rows, wanted.hits, by_score);
    let (total, relation) = counter.total(partial);
    let hits = rows.into_iter().map(|(_, hit)| hit).collect();
    Ok(Gathered { hits, total, relation, partial, executor: Executor::Exhaustive, work: Work::default() })
}

/// Sorts, and keeps the first.
pub(super) fn shorten(rows: &mut Vec<(Vec<SortValue>, Hit)>, hits: usize, by_score: bool) {
    rows.sort_unstable_by(|(keys_a, a), (keys_b, b)| {
        let by_keys = || keys_a.iter().zip(keys_b).map(|(a, b)| a.cmp(b)).fold(Ordering::Equal, Ordering::then);
        let order = if by_score { b.score.cmp(&a.score) } else { by_keys() };
        order.then(a.seq.cmp(&b.seq))
    });
    rows.truncate(hits);
}

/// One segment's part.
pub(super) struct Segment<'a> {
    pub sought: Sought<'a>,
    pub view: &'a SegmentView,
    pub number: usize,
    pub filter: Option<&'a BitSet>,
    pub interrupt: &'a Interrupt,
}

impl<'a> Segment<'a> {
    /// Hands windows to `visit`; whether all were.
    pub fn run(&self, visit: &mut dyn FnMut(u32, &Window) -> Result<ControlFlow<()>>) -> Result<bool> {
        let Sought { program, tables, .. } = self.sought;
        match run(program, tables, &self.view.reader, self.number, self.masks(), self.interrupt, visit) {
            Ok(()) => Ok(true),
            Err(Error::Timeout { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What may be found in it.
    pub fn masks(&self) -> Masks<'a> {
        Masks { live: self.view.live.as_deref().map(BitSet::words), filter: self.filter.map(BitSet::words), wanted: None }
    }

    /// What multiplies the scores of its documents.
    pub fn factors(&self) -> Result<Option<Factors>> {
        let Some(boosting) = self.sought.boosting else { return Ok(None) };
        let mut factors = Factors::default();
        factors.open(boosting, &self.view.reader, self.interrupt)?;
        Ok(Some(factors))
    }

    pub fn hit(&self, doc: u32, score: i64) -> Result<Hit> {
        let doc = DocId(doc);
        Ok(Hit { segment: self.number, doc, seq: self.view.sequence(doc)?, score })
    }

    fn by_score(&self, hits: usize, scores: bool, counter: &mut Counter, rows: &mut Vec<(Vec<SortValue>, Hit)>) -> Result<bool> {
        let mut top = TopByScore::new(hits);
        let factors = if scores && hits > 0 { self.factors()? } else { None };
        let finished = self.run(&mut |from, window| {
            counter.seen += u64::from(window.mask.count());
            if let Some(factors) = &factors {
                let mut outcome = Ok(());
                window.mask.for_each(|place| {
                    let (doc, score) = (from + place as u32, window.scores[place]);
                    if outcome.is_ok() && top.would_enter(boosted(score, factors.high())) {
                        outcome = factors.of(doc).map(|factor| top.push(boosted(score, factor), doc));
                    }
                });
                outcome?;
            } else if scores || top.len() < hits {
                window.mask.for_each(|place| top.push(window.scores[place], from + place as u32));
            }
            let full = hits == 0 || (!scores && top.len() >= hits);
            Ok(if full && counter.is_settled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        for (score, doc) in top.finish() {
            rows.push((Vec::new(), self.hit(doc, score)?));
        }
        Ok(finished)
    }

    fn by_keys(&self, hits: usize, sort: &[SortBy], counter: &mut Counter, rows: &mut Vec<(Vec<SortValue>, Hit)>) -> Result<bool> {
        let columns = SegmentKeys::open(sort, self.view);
        let mut top = TopByKeys::new(hits, sort.len());
        let mut keys: Vec<Key> = Vec::with_capacity(sort.len());
        let factors = if hits > 0 { self.factors()? } else { None };
        let score_of = |doc: u32, score: i64| match &factors {
            Some(factors) if score > 0 => factors.of(doc).map(|factor| boosted(score, factor)),
            _ => Ok(score),
        };
        // Where scores do not decide, only those of the hits are wanted.
        let early = sort.contains(&SortBy::Score);
        let finished = self.run(&mut |from, window| {
            counter.seen += u64::from(window.mask.count());
            let mut outcome = Ok(());
            if hits > 0 {
                window.mask.for_each(|place| {
                    if outcome.is_ok() {
                        let (doc, score) = (from + place as u32, window.scores[place]);
                        let score = if early { score_of(doc, score) } else { Ok(score) };
                        outcome = score.and_then(|score| columns.read(doc, score, &mut keys).map(|()| top.push(&keys, doc, score)));
                    }
                });
            }
            outcome?;
            Ok(if hits == 0 && counter.is_settled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        for kept in top.finish() {
            let score = if early { kept.score } else { score_of(kept.doc, kept.score)? };
            rows.push((columns.resolve(&kept.keys)?, self.hit(kept.doc, score)?));
        }
        Ok(finished)
    }
}
