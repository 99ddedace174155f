//! A search in steps, so that a caller can stop between them and look at what is left to do.
//!
//! **In**: a view, a request. **Out**: [`Search`], whose texts are read and bound to the schema; then its plan, terms looked up and the cost
//! known; then [`Hits`]. **Law**: the first step is linear in the texts, the second makes a few look-ups a word unless dictionaries are
//! scanned, the third does the rest; [`View::search`] is the three in a row. A timeout counts from the first. A search stays where it was
//! begun: its parts are large beside the time that a rare word takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hits::Hits;
use super::request::{OnTimeout, QueryInput, SearchRequest};
use super::view::View;
use crate::base::{Error, Interrupt, Result};
use crate::collect::{CountMode, Executor, Gathered, Relation, SortBy, Wanted};
use crate::exec::pruned::Work;
use crate::plan::{Plan, compile};
use crate::query::{Bound, BoundFilter};

/// Look-ups in dictionaries that planning may make and still count as quick: some 0.3 µs each.
const QUICK_LOOKUPS: usize = 64;

/// About so many postings share a bound.
const POSTINGS_PER_BLOCK: u64 = 128;

/// What several searches share, bound to the view.
pub(super) struct Asked<'v> {
    view: &'v Arc<View>,
    request: &'v SearchRequest<'v>,
    sort: Vec<SortBy>,
    filter: Option<BoundFilter>,
}

impl<'v> Asked<'v> {
    pub fn new(view: &'v Arc<View>, request: &'v SearchRequest<'v>) -> Result<Self> {
        let sort = view.sort(&request.sort)?;
        view.check_fields(request.fields.as_deref())?;
        let filter = view.bind_filter(request.filter.as_ref())?;
        Ok(Self { view, request, sort, filter })
    }

    /// A search for one of the queries.
    pub fn search(&self, query: &QueryInput<'_>) -> Result<Search<'v>> {
        let started = Instant::now();
        let (query, warnings) = self.view.bind(query, self.request.strict)?;
        let (sort, filter) = (self.sort.clone(), self.filter.clone());
        Ok(Search { view: self.view, request: self.request, sort, stage: Stage::Understood(query, filter), warnings, started })
    }
}

/// What a search has come to.
#[allow(clippy::large_enum_variant, reason = "one a search, never moved: a detour through the heap would cost more than its size")]
enum Stage {
    Understood(Bound, Option<BoundFilter>),
    Planned(Box<Plan>),
    /// The time was over before there was a plan.
    Late,
}

/// A request on its way to its hits.
pub struct Search<'v> {
    view: &'v Arc<View>,
    request: &'v SearchRequest<'v>,
    sort: Vec<SortBy>,
    stage: Stage,
    warnings: Vec<String>,
    started: Instant,
}

impl<'v> Search<'v> {
    /// Reads the texts and binds them to the view's schema.
    pub(super) fn new(view: &'v Arc<View>, request: &'v SearchRequest<'v>) -> Result<Self> {
        let started = Instant::now();
        let sort = view.sort(&request.sort)?;
        view.check_fields(request.fields.as_deref())?;
        let (query, warnings) = view.bind(&request.query, request.strict)?;
        let filter = view.bind_filter(request.filter.as_ref())?;
        Ok(Self { view, request, sort, stage: Stage::Understood(query, filter), warnings, started })
    }

    /// Whether the next step, planning, is a matter of microseconds.
    fn plans_quickly(&self) -> bool {
        let Stage::Understood(query, _) = &self.stage else { return true };
        query.lookups().is_some_and(|lookups| lookups.saturating_mul(self.view.snapshot().segments.len()) <= QUICK_LOOKUPS)
    }

    /// Looks terms up and decides what is to be run, unless that is done.
    fn plan(&mut self, interrupt: &Interrupt) -> Result<()> {
        let (query, filter) = match std::mem::replace(&mut self.stage, Stage::Late) {
            Stage::Understood(query, filter) => (query, filter),
            done => {
                self.stage = done;
                return Ok(());
            }
        };
        if let Some((lat, lon)) = self.request.near
            && !(lat.abs() <= 90.0 && lon.abs() <= 180.0)
        {
            let expected = "latitude and longitude in degrees".to_owned();
            return Err(Error::Argument { argument: "near", expected, got: format!("({lat}, {lon})") });
        }
        let mut slot = None;
        let interrupt = self.limited(interrupt, &mut slot);
        match compile(query, filter, self.view.snapshot(), self.view.compiled(), self.request.limit > 0, interrupt) {
            Ok(mut plan) => {
                self.warnings.append(&mut plan.warnings);
                plan.boost(self.view.compiled(), self.request.now, self.request.near);
                self.stage = Stage::Planned(plan);
                Ok(())
            }
            Err(Error::Timeout { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What finding takes grows with this: documents and postings that may have to be looked at.
    fn cost(&self) -> u64 {
        let Stage::Planned(plan) = &self.stage else { return 0 };
        let ranked = plan.shape.is_some() && self.sort.is_empty() && self.request.count == CountMode::None;
        // Of a list that is ranked alone the best codes are asked of whole blocks.
        if ranked && plan.program.leaves.len() == 1 { plan.cost() / POSTINGS_PER_BLOCK } else { plan.cost() }
    }

    /// The rest of the search.
    ///
    /// # Errors
    /// [`Error::Timeout`] when asked to raise; [`Error::Cancelled`]; corruption.
    pub fn finish(mut self: Box<Self>, interrupt: &Interrupt) -> Result<Hits> {
        self.run(interrupt)
    }

    pub(super) fn run(&mut self, interrupt: &Interrupt) -> Result<Hits> {
        self.plan(interrupt)?;
        let request = self.request;
        let (gathered, scale) = match &self.stage {
            Stage::Planned(plan) if plan.finds_nothing() => (none(request.count, false), 1.0),
            Stage::Planned(plan) => {
                let hits = if request.limit == 0 { 0 } else { request.offset.saturating_add(request.limit) };
                let wanted = Wanted { hits, sort: &self.sort, count: request.count, scores: plan.scores };
                let mut slot = None;
                let interrupt = self.limited(interrupt, &mut slot);
                (self.view.find(plan, wanted, interrupt)?, plan.scale)
            }
            Stage::Understood(..) | Stage::Late => (none(request.count, true), 1.0),
        };
        if gathered.partial && request.on_timeout == OnTimeout::Raise {
            return Err(Error::Timeout { seconds: request.timeout.unwrap_or(Duration::ZERO).as_secs_f64() });
        }
        let warnings = std::mem::take(&mut self.warnings);
        Ok(Hits::new(self.view, gathered, request.offset, scale, warnings, request.fields.clone(), self.started))
    }

    /// The interrupt with the request's deadline, kept in `slot` if there is one.
    fn limited<'i>(&self, interrupt: &'i Interrupt, slot: &'i mut Option<Interrupt>) -> &'i Interrupt {
        match self.request.timeout {
            None => interrupt,
            Some(timeout) => slot.insert(interrupt.with_deadline(self.started.checked_add(timeout))),
        }
    }
}

/// How far a search came that was only to do what is quick.
pub enum Attempt<'v> {
    /// To its end.
    Found(Hits),
    /// The rest takes longer.
    Begun(Box<Search<'v>>),
}

impl<'v> Attempt<'v> {
    pub(super) fn new(view: &'v Arc<View>, request: &'v SearchRequest<'v>, most: u64) -> Result<Self> {
        let mut search = Search::new(view, request)?;
        if search.plans_quickly() {
            search.plan(&Interrupt::none())?;
            if search.cost() <= most {
                return search.run(&Interrupt::none()).map(Self::Found);
            }
        }
        Ok(Self::Begun(Box::new(search)))
    }
}

/// No hit; partial when nothing was looked at.
fn none(count: CountMode, partial: bool) -> Gathered {
    let total = (count != CountMode::None).then_some(0);
    let relation = if partial || total.is_none() { Relation::Gte } else { Relation::Eq };
    Gathered { hits: Vec::new(), total, relation, partial, executor: Executor::Pruned, work: Work::default() }
}
