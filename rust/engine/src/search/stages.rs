//! A search in steps, so that a caller can stop between them and look at what is left to do.
//!
//! **In**: a view, a request. **Out**: [`Search`], whose texts are read and bound to the schema; then its plan, terms looked up and the cost
//! known; then [`Hits`]. **Law**: the first step is linear in the texts, the second makes a few look-ups a word unless dictionaries are
//! scanned, the third does the rest; [`View::search`] is the three in a row. A timeout counts from the first. A search stays where it was
//! begun: its parts are large beside the time that a rare word takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::curate::{self, Shown};
use super::explain::Meant;
use super::failpoints::reached;
use super::hits::Hits;
use super::request::{OnTimeout, QueryInput, SearchRequest};
use super::view::{Understood, View};
use crate::base::{Error, Interrupt, Result};
use crate::collect::{CountMode, EXACT_UP_TO, Executor, Gathered, Relation, SortBy, Wanted};
use crate::exec::pruned::Work;
use crate::plan::{Choice, Curated, Plan, Ranking, compile, settle};
use crate::query::{Bound, BoundFilter, TypoWhen};

/// Look-ups in dictionaries that planning may make and still count as quick: some 0.3 µs each.
const QUICK_LOOKUPS: usize = 64;

/// About so many postings share a bound.
const POSTINGS_PER_BLOCK: u64 = 128;

/// What several searches share, bound to the view.
pub(super) struct Asked<'v> {
    view: &'v Arc<View>,
    request: &'v SearchRequest<'v>,
    choice: Choice<'v>,
    sort: Vec<SortBy>,
    filter: Option<BoundFilter>,
}

impl<'v> Asked<'v> {
    pub fn new(view: &'v Arc<View>, request: &'v SearchRequest<'v>) -> Result<Self> {
        let sort = view.sort(&request.sort)?;
        view.check_fields(request.fields.as_deref())?;
        let filter = view.bind_filter(request.filter.as_ref())?;
        let choice = view.compiled().choose(request.profile.as_deref(), request.unit.as_deref())?;
        Ok(Self { view, request, choice, sort, filter })
    }

    /// A search for one of the queries.
    pub fn search(&self, query: &QueryInput<'_>) -> Result<Search<'v>> {
        let started = Instant::now();
        let Self { view, request, choice, .. } = *self;
        let Understood { query, warnings, curated } = view.bind(query, request.strict, view.compiled().ranking(choice.number))?;
        let filter = curate::hiding(self.filter.clone(), curated.as_deref());
        let (sort, stage) = (self.sort.clone(), Stage::Understood(query, filter));
        Ok(Search { view, request, choice, sort, stage, curated, shown: Shown::default(), meant: None, warnings, started })
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
    choice: Choice<'v>,
    sort: Vec<SortBy>,
    stage: Stage,
    /// What the pins say of the query.
    curated: Option<Arc<Curated>>,
    /// The documents that they show first.
    shown: Shown,
    /// What the query asked for, when hits are to be explained.
    meant: Option<Box<Meant>>,
    warnings: Vec<String>,
    started: Instant,
}

impl<'v> Search<'v> {
    /// Reads the texts and binds them to the view's schema.
    pub(super) fn new(view: &'v Arc<View>, request: &'v SearchRequest<'v>) -> Result<Self> {
        let started = request.since.unwrap_or_else(Instant::now);
        let sort = view.sort(&request.sort)?;
        view.check_fields(request.fields.as_deref())?;
        let choice = view.compiled().choose(request.profile.as_deref(), request.unit.as_deref())?;
        let Understood { query, warnings, curated } = view.bind(&request.query, request.strict, view.compiled().ranking(choice.number))?;
        reached("bound");
        let filter = curate::hiding(view.bind_filter(request.filter.as_ref())?, curated.as_deref());
        let (stage, shown) = (Stage::Understood(query, filter), Shown::default());
        Ok(Self { view, request, choice, sort, stage, curated, shown, meant: None, warnings, started })
    }

    fn ranking(&self) -> &'v Ranking {
        self.view.compiled().ranking(self.choice.number)
    }

    /// Whether the next step, planning, is a matter of microseconds. Settles for that which words are mistyped.
    fn plans_quickly(&mut self) -> Result<bool> {
        let may_guess = self.ranking().search.typos.when != TypoWhen::Never;
        let Stage::Understood(query, _) = &mut self.stage else { return Ok(true) };
        let quick = |query: &Bound| {
            query.lookups().is_some_and(|lookups| lookups.saturating_mul(self.view.snapshot().segments.len()) <= QUICK_LOOKUPS)
        };
        if may_guess && quick(query) {
            settle(query, self.view.snapshot(), &Interrupt::none())?;
        }
        Ok(quick(query) && self.curated.is_none())
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
        let (view, ranking) = (self.view, self.ranking());
        let by_score = matches!(self.sort[..], [] | [SortBy::Score]);
        if self.request.explain {
            self.meant = Some(Box::new(Meant::of(&query)));
        }
        let planned = (|| {
            let curated = self.curated.as_deref().filter(|_| by_score);
            let shown = curate::shown(view, curated, filter.as_ref(), interrupt)?;
            let plan = compile(query, shown.leaving(filter), view.snapshot(), ranking, self.request.limit > 0, interrupt)?;
            Ok((shown, plan))
        })();
        match planned {
            Ok((shown, mut plan)) => {
                self.warnings.append(&mut plan.warnings);
                plan.boost(ranking, self.request.now, self.request.near);
                (self.shown, self.stage) = (shown, Stage::Planned(plan));
                reached("planned");
                Ok(())
            }
            Err(Error::Timeout { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What was found, with what comes before it.
    fn find(&self, plan: &Plan, interrupt: &Interrupt) -> Result<Gathered> {
        let (request, ranking, shown) = (self.request, self.choice.number, &self.shown);
        let most = if request.limit == 0 { 0 } else { request.offset.saturating_add(request.limit) };
        let first = shown.hits.len();
        let wanted = Wanted { hits: most.saturating_sub(first), sort: &self.sort, count: request.count, scores: plan.scores };
        let nothing = plan.finds_nothing();
        let mut found = match nothing {
            true => none(request.count, false),
            false => self.view.find(plan, ranking, plan.filter.as_ref(), wanted, interrupt)?,
        };
        if first == 0 {
            return Ok(found);
        }
        let mut hits = shown.hits.clone();
        if !nothing && plan.scores && request.limit > 0 {
            let wanted = Wanted { hits: first, sort: &[], count: CountMode::None, scores: true };
            let scored = self.view.find_once(plan, ranking, &shown.only(), wanted, interrupt)?;
            found.partial |= scored.partial;
            found.work.add(&scored.work);
            for hit in &mut hits {
                hit.score =
                    scored.hits.iter().find(|other| (other.segment, other.doc) == (hit.segment, hit.doc)).map_or(0, |hit| hit.score);
            }
        }
        if request.limit > 0 {
            hits.append(&mut found.hits);
            hits.truncate(most);
            found.hits = hits;
        }
        found.total = found.total.map(|total| total + first as u64);
        if request.count == CountMode::UpTo && found.total.is_some_and(|total| total > EXACT_UP_TO) {
            (found.total, found.relation) = (Some(EXACT_UP_TO), Relation::Gte);
        }
        Ok(found)
    }

    /// What finding takes grows with this, documents and postings that may have to be looked at; none before there is a plan.
    #[must_use]
    pub fn predicted(&self) -> Option<u64> {
        matches!(self.stage, Stage::Planned(_)).then(|| self.cost())
    }

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
            Stage::Planned(plan) if plan.finds_nothing() && self.shown.hits.is_empty() => (none(request.count, false), 1.0),
            Stage::Planned(plan) => {
                let mut slot = None;
                let interrupt = self.limited(interrupt, &mut slot);
                (self.find(plan, interrupt)?, plan.scale)
            }
            Stage::Understood(..) | Stage::Late => (none(request.count, true), 1.0),
        };
        if gathered.partial && request.on_timeout == OnTimeout::Raise {
            return Err(Error::Timeout { seconds: self.timeout().unwrap_or(Duration::ZERO).as_secs_f64() });
        }
        reached("found");
        let warnings = std::mem::take(&mut self.warnings);
        let mut hits = Hits::new(self.view, gathered, request.offset, scale, warnings, request.fields.clone(), self.started);
        if request.explain {
            self.explain(&mut hits, interrupt)?;
        }
        Ok(hits)
    }

    /// Says of each hit where its score comes from. The plan is taken apart for that.
    fn explain(&mut self, hits: &mut Hits, interrupt: &Interrupt) -> Result<()> {
        let (Stage::Planned(plan), Some(meant)) = (std::mem::replace(&mut self.stage, Stage::Late), self.meant.take()) else {
            return Ok(());
        };
        let Choice { number, profile, experiment } = self.choice;
        let explainer = self.view.explainer(*plan, number, *meant)?;
        let mut explained = Vec::with_capacity(hits.len());
        for at in 0..hits.len() {
            interrupt.check()?;
            let hit = hits.place(at)?;
            let mut explanation = explainer.explain(&hit, interrupt)?;
            explanation.profile = profile.map(str::to_owned);
            explanation.experiment = experiment.map(str::to_owned);
            let shown = self.shown.hits.iter().position(|shown| (shown.segment, shown.doc) == (hit.segment, hit.doc));
            explanation.pin = shown.and_then(|at| self.shown.rules.get(at)).map(|rule| format!("pins[{rule}]"));
            explained.push(explanation);
        }
        hits.explain(explained);
        Ok(())
    }

    /// How long it may take: as the request says, else as the configuration does.
    fn timeout(&self) -> Option<Duration> {
        self.request.timeout.or_else(|| self.ranking().timeout_ms.map(Duration::from_millis))
    }

    /// The interrupt with the deadline, kept in `slot` if there is one.
    fn limited<'i>(&self, interrupt: &'i Interrupt, slot: &'i mut Option<Interrupt>) -> &'i Interrupt {
        match self.timeout().and_then(|timeout| self.started.checked_add(timeout)) {
            None => interrupt,
            deadline => slot.insert(interrupt.with_deadline(deadline)),
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
        if search.plans_quickly()? {
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
