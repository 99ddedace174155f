//! A view: one snapshot under one configuration, immutable; all that a request sees.
//!
//! **In**: requests. **Out**: hits, counts, documents. **Law**: nothing here loads the published view again; what a view answers never
//! changes, and its files stay readable for as long as somebody has it. Only waiting for the interrupt depends on time.

use std::sync::Arc;

use findspot_publish::Latest;

use super::explain::{Explainer, Meant};
use super::filters::{self, FilterCache};
use super::hits::Hits;
use super::request::{FilterInput, QueryInput, SearchRequest};
use super::stages::{Asked, Attempt, Search};
use crate::analysis::Analyzers;
use crate::base::bits::BitSet;
use crate::base::{Error, Interrupt, Result, SeqNo, nearest};
use crate::collect::{Gathered, Hit, MAX_SORT_KEYS, SortBy, Sought, Wanted, gather};
use crate::exec::{Tables, matching};
use crate::index::Snapshot;
use crate::plan::{Compiled, Curated, Plan, Ranking, all_tables, compile_filter};
use crate::query::{Bound, BoundFilter, ParseMode, ParseOptions, Parsed, RewriteOptions, parse, parse_filter, rewrite};
use crate::schema::{Extra, Schema};

/// A query, bound to a schema under a ranking.
pub(super) struct Understood {
    pub query: Bound,
    pub warnings: Vec<String>,
    /// What the pins say of it.
    pub curated: Option<Arc<Curated>>,
}

/// One snapshot under one configuration.
pub struct View {
    snapshot: Arc<Snapshot>,
    compiled: Arc<Compiled>,
    /// What lengths and codes are worth in this snapshot under each ranking of this configuration.
    tables: Vec<Arc<Tables>>,
    analyzers: Arc<Analyzers>,
    filters: Arc<FilterCache>,
    config_version: u64,
    /// The same snapshot under configurations that requests brought along.
    others: Latest<Vec<Arc<View>>>,
}

/// Configurations beside its own that a view keeps.
const OTHERS: usize = 8;

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "View(generation {}, refresh {}, configuration {})", self.generation(), self.refresh(), self.config_version)
    }
}

impl View {
    pub(super) fn new(snapshot: Arc<Snapshot>, compiled: Arc<Compiled>, analyzers: Arc<Analyzers>, config_version: u64) -> Self {
        let tables = all_tables(&snapshot, &compiled, &[]);
        Self { snapshot, compiled, tables, analyzers, filters: Arc::default(), config_version, others: Latest::new(Vec::new()) }
    }

    /// The same configuration over another snapshot.
    pub(super) fn with_snapshot(&self, snapshot: Snapshot) -> Result<Self> {
        self.filters.keep(&snapshot);
        self.over(Arc::new(snapshot))
    }

    /// The same configuration over a snapshot that may have a greater schema. What is worth the same as here is not made again.
    pub(super) fn over(&self, snapshot: Arc<Snapshot>) -> Result<Self> {
        let (compiled, analyzers) = if *snapshot.schema == *self.snapshot.schema {
            (Arc::clone(&self.compiled), Arc::clone(&self.analyzers))
        } else {
            (self.compiled.for_schema(&snapshot.schema)?, Arc::new(Analyzers::of(snapshot.schema.analyzers())?))
        };
        let tables = all_tables(&snapshot, &compiled, &[(&self.tables, &self.snapshot)]);
        let (filters, config_version) = (Arc::clone(&self.filters), self.config_version);
        Ok(Self { snapshot, compiled, tables, analyzers, filters, config_version, others: Latest::new(Vec::new()) })
    }

    /// The same snapshot under another configuration.
    pub(super) fn with_config(&self, version: u64, compiled: Arc<Compiled>) -> Result<Self> {
        let compiled = if compiled.fits(self.schema()) { compiled } else { compiled.for_schema(self.schema())? };
        let tables = all_tables(&self.snapshot, &compiled, &[(&self.tables, &self.snapshot)]);
        let (snapshot, analyzers, filters) = (Arc::clone(&self.snapshot), Arc::clone(&self.analyzers), Arc::clone(&self.filters));
        Ok(Self { snapshot, compiled, tables, analyzers, filters, config_version: version, others: Latest::new(Vec::new()) })
    }

    /// The same under another number.
    pub(super) fn numbered(self, version: u64) -> Self {
        Self { config_version: version, ..self }
    }

    /// This snapshot under the configuration that a request has pinned. The last few are kept with the view.
    ///
    /// # Errors
    /// [`Error::Config`] for one that does not fit a schema that has grown since.
    pub fn under(self: &Arc<Self>, version: u64, compiled: &Arc<Compiled>) -> Result<Arc<Self>> {
        if version == self.config_version {
            return Ok(Arc::clone(self));
        }
        let others = self.others.load();
        if let Some(other) = others.iter().find(|other| other.config_version == version && Arc::ptr_eq(&other.compiled, compiled)) {
            return Ok(Arc::clone(other));
        }
        let made = Arc::new(self.with_config(version, Arc::clone(compiled))?);
        let mut next: Vec<_> = others.iter().rev().take(OTHERS - 1).rev().cloned().collect();
        next.push(Arc::clone(&made));
        self.others.offer(&others, next);
        Ok(made)
    }

    /// What it stands on.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// What lengths and codes are worth in it.
    #[cfg(test)]
    pub(super) fn tables(&self) -> &Tables {
        &self.tables[0]
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.snapshot.schema
    }

    /// The configuration.
    #[must_use]
    pub fn compiled(&self) -> &Arc<Compiled> {
        &self.compiled
    }

    /// Number of the manifest on which it stands.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.snapshot.generation
    }

    /// Refreshes of the handle since that manifest.
    #[must_use]
    pub fn refresh(&self) -> u64 {
        self.snapshot.refresh
    }

    /// Version of the configuration.
    #[must_use]
    pub fn config_version(&self) -> u64 {
        self.config_version
    }

    /// Number of documents.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.snapshot.live_count()
    }

    /// Whether there is no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How a query string is understood.
    ///
    /// # Errors
    /// Strict: [`Error::Query`] with the place of the first mistake.
    pub fn parse(&self, text: &str, strict: bool) -> Result<Parsed> {
        let mode = if strict { ParseMode::Strict } else { ParseMode::Lenient };
        parse(text, self.schema(), &ParseOptions { mode, ..ParseOptions::default() })
    }

    /// Searches.
    ///
    /// # Errors
    /// [`Error::Query`], [`Error::Argument`] for what cannot be asked; [`Error::Timeout`] when asked to raise; [`Error::Cancelled`];
    /// corruption.
    pub fn search(self: &Arc<Self>, request: &SearchRequest<'_>, interrupt: &Interrupt) -> Result<Hits> {
        Search::new(self, request)?.run(interrupt)
    }

    /// Searches as far as it is quick, without a look at an interrupt: planning a few words, and finding what
    /// [costs](crate::plan::Plan::cost) at most `most`.
    ///
    /// # Errors
    /// As [`View::search`].
    pub fn attempt<'v>(self: &'v Arc<Self>, request: &'v SearchRequest<'v>, most: u64) -> Result<Attempt<'v>> {
        Attempt::new(self, request, most)
    }

    /// The hits of each query under one request, whose own query is not looked at; up to the first that fails, with why.
    pub fn search_many(
        self: &Arc<Self>,
        queries: &[QueryInput<'_>],
        request: &SearchRequest<'_>,
        interrupt: &Interrupt,
    ) -> (Vec<Hits>, Option<Error>) {
        let mut found = Vec::with_capacity(queries.len());
        let searched = Asked::new(self, request).and_then(|asked| {
            queries.iter().try_for_each(|query| {
                found.push(asked.search(query)?.run(interrupt)?);
                Ok(interrupt.check()?)
            })
        });
        (found, searched.err())
    }

    /// The stored document of a key, and its version.
    ///
    /// # Errors
    /// Corruption.
    pub fn get(&self, key: &str) -> Result<Option<(Vec<u8>, SeqNo)>> {
        let Some((segment, doc)) = self.snapshot.find(key)? else { return Ok(None) };
        let hit = Hit { segment, doc, seq: self.snapshot.sequence(segment, doc)?, score: 0 };
        let mut json = Vec::new();
        self.document_of(&hit, &mut json)?;
        Ok(Some((json, hit.seq)))
    }

    /// Whether there is a document of this key.
    ///
    /// # Errors
    /// Corruption.
    pub fn contains(&self, key: &str) -> Result<bool> {
        Ok(self.snapshot.find(key)?.is_some())
    }

    pub(super) fn key_of(&self, hit: &Hit, key: &mut String) -> Result<()> {
        self.reader(hit)?.key(hit.doc, key)
    }

    pub(super) fn document_of(&self, hit: &Hit, json: &mut Vec<u8>) -> Result<()> {
        self.reader(hit)?.document(hit.doc, json)
    }

    fn reader(&self, hit: &Hit) -> Result<&crate::segment::SegmentReader> {
        let segment = self.snapshot.segments.get(hit.segment).ok_or(Error::Defect("a hit of another snapshot"))?;
        Ok(&segment.reader)
    }

    pub(super) fn sort(&self, keys: &[String]) -> Result<Vec<SortBy>> {
        if keys.len() > MAX_SORT_KEYS {
            let expected = format!("at most {MAX_SORT_KEYS} keys");
            return Err(Error::Argument { argument: "sort", expected, got: keys.len().to_string() });
        }
        keys.iter().map(|key| SortBy::parse(key, self.schema())).collect()
    }

    /// Where documents can hold nothing but fields, a name that is none is a mistake.
    pub(super) fn check_fields(&self, names: Option<&[String]>) -> Result<()> {
        let schema = self.schema();
        if schema.extra() == Extra::Store {
            return Ok(());
        }
        for name in names.unwrap_or_default() {
            if schema.find(name).is_none() && name != schema.key() {
                let known = || schema.fields().iter().map(|field| field.name.as_str()).chain([schema.key()]);
                let meant = nearest(name, known()).map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
                let expected = format!("names of fields ({}){meant}", known().collect::<Vec<_>>().join(", "));
                let got = format!("{:?}", name.chars().take(60).collect::<String>());
                return Err(Error::Argument { argument: "fields", expected, got });
            }
        }
        Ok(())
    }

    pub(super) fn bind(&self, query: &QueryInput<'_>, strict: bool, ranking: &Ranking) -> Result<Understood> {
        let parsed;
        let (query, mut warnings) = match query {
            QueryInput::Tree(query) => (query, Vec::new()),
            QueryInput::Text(text) => {
                parsed = self.parse(text, strict)?;
                (&parsed.query, parsed.warnings.iter().map(ToString::to_string).collect())
            }
        };
        let mode = if strict { ParseMode::Strict } else { ParseMode::Lenient };
        let options = RewriteOptions { mode, max_clauses: ranking.max_clauses };
        let rewritten = rewrite(query, self.schema(), &self.analyzers, &ranking.search, &options)?;
        warnings.extend(rewritten.warnings);
        Ok(Understood { query: rewritten.bound, warnings, curated: ranking.pins.of(query).map(Arc::clone) })
    }

    /// How many sets of filters are kept, and their bytes.
    #[cfg(test)]
    pub(super) fn filters_kept(&self) -> (usize, usize) {
        self.filters.size()
    }

    /// Runs a plan that was made for a ranking, over the documents that pass a filter.
    pub(super) fn find(
        &self,
        plan: &Plan,
        ranking: usize,
        filter: Option<&BoundFilter>,
        wanted: Wanted<'_>,
        interrupt: &Interrupt,
    ) -> Result<Gathered> {
        let tables = self.tables.get(ranking).ok_or(Error::Defect("a ranking without tables"))?;
        run(gather, Some(&self.filters), (plan, filter), tables, &self.snapshot, wanted, interrupt)
    }

    /// The same where the filter is of no use to other searches.
    pub(super) fn find_once(
        &self,
        plan: &Plan,
        ranking: usize,
        filter: &BoundFilter,
        wanted: Wanted<'_>,
        interrupt: &Interrupt,
    ) -> Result<Gathered> {
        let tables = self.tables.get(ranking).ok_or(Error::Defect("a ranking without tables"))?;
        run(gather, None, (plan, Some(filter)), tables, &self.snapshot, wanted, interrupt)
    }

    /// What explains the hits of a plan that was made for a ranking.
    pub(super) fn explainer(&self, plan: Plan, ranking: usize, meant: Meant) -> Result<Explainer<'_>> {
        let tables = self.tables.get(ranking).ok_or(Error::Defect("a ranking without tables"))?;
        Explainer::new(self, tables, plan, self.compiled.rules(ranking).to_vec(), meant)
    }

    /// The documents of a segment, by its place in the snapshot, that pass a filter.
    pub(super) fn passing(&self, filter: &BoundFilter, segment: usize, interrupt: &Interrupt) -> Result<Arc<BitSet>> {
        let view = self.snapshot.segments.get(segment).ok_or(Error::Defect("a segment of another snapshot"))?;
        self.filters.passing(&filters::Sought::new(filter), view, || matching(&compile_filter(filter.clone()), &view.reader, interrupt))
    }

    pub(super) fn bind_filter(&self, filter: Option<&FilterInput>) -> Result<Option<BoundFilter>> {
        bind_filter(filter, self.schema())
    }
}

/// Runs a plan over a snapshot that need not be a view's.
#[cfg(test)]
pub(super) fn find(plan: &Plan, tables: &Tables, snapshot: &Snapshot, wanted: Wanted<'_>, interrupt: &Interrupt) -> Result<Gathered> {
    run(gather, None, (plan, plan.filter.as_ref()), tables, snapshot, wanted, interrupt)
}

/// The same in one of the ways of [`crate::collect`].
#[cfg(test)]
pub(super) fn find_by(
    way: Way,
    plan: &Plan,
    tables: &Tables,
    snapshot: &Snapshot,
    wanted: Wanted<'_>,
    interrupt: &Interrupt,
) -> Result<Gathered> {
    run(way, None, (plan, plan.filter.as_ref()), tables, snapshot, wanted, interrupt)
}

/// A way of [`crate::collect`].
type Way = fn(Sought<'_>, &Snapshot, Wanted<'_>, &Interrupt) -> Result<Gathered>;

fn run(
    way: Way,
    kept: Option<&FilterCache>,
    (plan, filter): (&Plan, Option<&BoundFilter>),
    tables: &Tables,
    snapshot: &Snapshot,
    wanted: Wanted<'_>,
    interrupt: &Interrupt,
) -> Result<Gathered> {
    let sought = filter.map(filters::Sought::new);
    let passing = |number: usize| {
        let (Some(filter), Some(sought), Some(segment)) = (filter, &sought, snapshot.segments.get(number)) else {
            return Err(Error::Defect("a filter that is not there"));
        };
        let make = || matching(&compile_filter(filter.clone()), &segment.reader, interrupt);
        match kept {
            Some(kept) => kept.passing(sought, segment, make),
            None => make().map(Arc::new),
        }
    };
    let filter = filter.is_some().then_some(&passing as &dyn Fn(usize) -> Result<Arc<BitSet>>);
    let boosting = plan.boosting.as_deref();
    way(Sought { program: &plan.program, shape: plan.shape.as_ref(), tables, boosting, filter }, snapshot, wanted, interrupt)
}

/// Binds a filter to a schema.
pub(super) fn bind_filter(filter: Option<&FilterInput>, schema: &Schema) -> Result<Option<BoundFilter>> {
    match filter {
        None => Ok(None),
        Some(FilterInput::Text(text)) => parse_filter(text, schema)?.bind(schema).map(Some),
        Some(FilterInput::Tree(filter)) => filter.bind(schema).map(Some),
    }
}
