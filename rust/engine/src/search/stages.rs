//! A search in three steps, so that a caller can stop between them and look at what is left to do.
//!
//! **In**: a view, a request. **Out**: [`Understood`] (texts are read and bound to the schema), then [`Planned`] (terms are looked up, the
//! cost is known), then [`Hits`]. **Law**: the first step is linear in the texts, the second makes a few look-ups a word unless
//! dictionaries are scanned, the third does the rest; [`View::search`] is the three in a row. A timeout counts from the first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hits::Hits;
use super::request::{OnTimeout, QueryInput, SearchRequest};
use super::view::{View, find};
use crate::base::{Error, Interrupt, Result};
use crate::collect::{CountMode, Executor, Gathered, Relation, SortBy, Wanted};
use crate::exec::pruned::Work;
use crate::plan::{Plan, compile};
use crate::query::{Bound, BoundFilter};

/// Look-ups in dictionaries that planning may make and still count as quick: some 0.3 µs each.
const QUICK_LOOKUPS: usize = 64;

/// What several searches share, bound to the view.
pub(super) struct Asked<'v> {
    shared: Shared<'v>,
    sort: Vec<SortBy>,
    filter: Option<BoundFilter>,
}

#[derive(Clone, Copy)]
struct Shared<'v> {
    view: &'v Arc<View>,
    request: &'v SearchRequest<'v>,
}

impl<'v> Asked<'v> {
    pub fn new(view: &'v Arc<View>, request: &'v SearchRequest<'v>) -> Result<Self> {
        let sort = view.sort(&request.sort)?;
        view.check_fields(request.fields.as_deref())?;
        let filter = view.bind_filter(request.filter.as_ref())?;
        Ok(Self { shared: Shared { view, request }, sort, filter })
    }

    /// One of the queries.
    pub fn understand(&self, query: &QueryInput<'_>) -> Result<Understood<'v>> {
        let started = Instant::now();
        let (query, warnings) = self.shared.view.bind(query, self.shared.request.strict)?;
        Ok(Understood { shared: self.shared, sort: self.sort.clone(), filter: self.filter.clone(), query, warnings, started })
    }
}

/// A request that fits the view's schema.
pub struct Understood<'v> {
    shared: Shared<'v>,
    sort: Vec<SortBy>,
    query: Bound,
    filter: Option<BoundFilter>,
    warnings: Vec<String>,
    started: Instant,
}

/// A search that has looked at no document yet.
pub struct Planned<'v> {
    shared: Shared<'v>,
    sort: Vec<SortBy>,
    /// `None`: the time was over before there was a plan.
    plan: Option<Plan>,
    warnings: Vec<String>,
    started: Instant,
}

impl<'v> Understood<'v> {
    pub(super) fn new(view: &'v Arc<View>, request: &'v SearchRequest<'v>) -> Result<Self> {
        let started = Instant::now();
        let sort = view.sort(&request.sort)?;
        view.check_fields(request.fields.as_deref())?;
        let (query, warnings) = view.bind(&request.query, request.strict)?;
        let filter = view.bind_filter(request.filter.as_ref())?;
        Ok(Self { shared: Shared { view, request }, sort, filter, query, warnings, started })
    }

    /// Whether planning is a matter of microseconds.
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.query.lookups().is_some_and(|lookups| lookups.saturating_mul(self.shared.view.snapshot().segments.len()) <= QUICK_LOOKUPS)
    }

    /// Looks terms up and decides what is to be run.
    ///
    /// # Errors
    /// Corruption; [`Error::Cancelled`].
    pub fn plan(self, interrupt: &Interrupt) -> Result<Planned<'v>> {
        let Self { shared, sort, query, filter, mut warnings, started } = self;
        let Shared { view, request } = shared;
        let mut slot = None;
        let interrupt = limited(request, started, interrupt, &mut slot);
        let plan = match compile(query, filter, view.snapshot(), view.compiled(), request.limit > 0, interrupt) {
            Ok(mut plan) => {
                warnings.append(&mut plan.warnings);
                Some(plan)
            }
            Err(Error::Timeout { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Planned { shared, sort, plan, warnings, started })
    }
}

impl Planned<'_> {
    /// Documents and postings that may have to be looked at: what [`Planned::run`] takes grows with it.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.plan.as_ref().map_or(0, Plan::cost)
    }

    /// Finds the hits.
    ///
    /// # Errors
    /// [`Error::Timeout`] when asked to raise; [`Error::Cancelled`]; corruption.
    pub fn run(self, interrupt: &Interrupt) -> Result<Hits> {
        let Self { shared: Shared { view, request }, sort, plan, warnings, started } = self;
        let (gathered, scale) = match plan {
            Some(plan) if plan.finds_nothing() => (none(request.count, false), 1.0),
            Some(plan) => {
                let hits = if request.limit == 0 { 0 } else { request.offset.saturating_add(request.limit) };
                let wanted = Wanted { hits, sort: &sort, count: request.count, scores: plan.scores };
                let mut slot = None;
                let interrupt = limited(request, started, interrupt, &mut slot);
                (find(&plan, view.tables(), view.snapshot(), wanted, interrupt)?, plan.scale)
            }
            None => (none(request.count, true), 1.0),
        };
        if gathered.partial && request.on_timeout == OnTimeout::Raise {
            return Err(Error::Timeout { seconds: request.timeout.unwrap_or(Duration::ZERO).as_secs_f64() });
        }
        Ok(Hits::new(view, gathered, request.offset, scale, warnings, request.fields.clone(), started))
    }
}

/// How far a search came that was only to do what is quick.
pub enum Attempt<'v> {
    /// To its end.
    Found(Hits),
    /// Planning takes longer.
    Understood(Box<Understood<'v>>),
    /// Finding takes longer.
    Planned(Box<Planned<'v>>),
}

impl<'v> Attempt<'v> {
    pub(super) fn new(view: &'v Arc<View>, request: &'v SearchRequest<'v>, most: u64) -> Result<Self> {
        let understood = Understood::new(view, request)?;
        if !understood.is_quick() {
            return Ok(Self::Understood(Box::new(understood)));
        }
        let planned = understood.plan(&Interrupt::none())?;
        if planned.cost() > most {
            return Ok(Self::Planned(Box::new(planned)));
        }
        planned.run(&Interrupt::none()).map(Self::Found)
    }
}

/// The interrupt with the request's deadline, kept in `slot` if there is one.
fn limited<'i>(request: &SearchRequest<'_>, started: Instant, interrupt: &'i Interrupt, slot: &'i mut Option<Interrupt>) -> &'i Interrupt {
    match request.timeout {
        None => interrupt,
        Some(timeout) => slot.insert(interrupt.with_deadline(started.checked_add(timeout))),
    }
}

/// No hit; partial when nothing was looked at.
fn none(count: CountMode, partial: bool) -> Gathered {
    let total = (count != CountMode::None).then_some(0);
    let relation = if partial || total.is_none() { Relation::Gte } else { Relation::Eq };
    Gathered { hits: Vec::new(), total, relation, partial, executor: Executor::Pruned, work: Work::default() }
}
