//! The handle of one index: what a program opens, shares among its threads, and closes.
//!
//! **In**: a URL, a schema, options. **Out**: views to search, a writer to change. **Law**: opening takes no lock and starts no thread
//! unless it is asked to follow; a request loads the published view once; a child of `fork` searches on, its writing calls fail. After
//! closing, views that somebody has stay valid, and nothing new is handed out.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::cell::ViewCell;
use super::failpoints::reached;
use super::follow::Follower;
use super::request::FilterInput;
use super::view::View;
use crate::analysis::Analyzers;
use crate::base::bits::BitSet;
use crate::base::{Error, Interrupt, Result};
use crate::exec::matching;
use crate::index::steps::{StepHook, Steps};
use crate::index::{self, CheckReport, DocPredicate, Snapshot, Writer, WriterOptions};
use crate::plan::{Compiled, RankingConfig, compile_filter};
use crate::query::{Filter, parse_filter};
use crate::schema::Schema;
use crate::segment::SegmentReader;
use crate::storage::{Storage, connect};

/// The version of a configuration that is fixed for its handle.
const CONFIG_VERSION: u64 = 1;

/// How an index is opened.
#[derive(Clone, Default)]
pub struct IndexOptions {
    /// Ranking; `None` = the default.
    pub config: Option<RankingConfig>,
    /// Bytes that building may use; 0 = the default.
    pub memory: usize,
    /// Threads that build; 0 = one a core.
    pub threads: usize,
    /// Whether creating an index that exists opens it.
    pub exist_ok: bool,
    /// Follows other processes' commits, so often.
    pub follow: Option<Duration>,
    /// A hook for tests of crashes.
    pub steps: Option<Arc<dyn Steps>>,
}

impl IndexOptions {
    fn writer(&self) -> WriterOptions {
        let usual = WriterOptions::default();
        let or = |given: usize, usual: usize| if given == 0 { usual } else { given };
        WriterOptions {
            memory: or(self.memory, usual.memory),
            threads: or(self.threads, usual.threads),
            steps: self.steps.clone(),
            ..usual
        }
    }
}

/// A configuration over a snapshot, ready to be published.
pub struct Ready(View);

/// An open index. Shared by all threads.
///
/// # Examples
/// ```
/// use findspot_engine::base::Interrupt;
/// use findspot_engine::index::UpsertOptions;
/// use findspot_engine::ingest::{Format, open_reader};
/// use findspot_engine::search::{Index, IndexOptions, QueryInput, SearchRequest};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = serde_json::from_str(r#"{"key": "id", "fields": [{"name": "clue", "type": "text", "analyzer": "english"}]}"#)?;
/// let index = Index::create("memory://example", schema, IndexOptions::default())?;
/// let lines = r#"{"id": "k1", "clue": "a gold coin under the bridge"}"#.as_bytes();
/// let mut records = open_reader(lines, Format::JsonLines, "lines", None)?;
/// index.writer()?.upsert(&mut *records, &UpsertOptions::default(), &Interrupt::none())?;
///
/// let request = SearchRequest { query: QueryInput::Text("gold bridges".into()), ..SearchRequest::default() };
/// let hits = index.view()?.search(&request, &Interrupt::none())?;
/// assert_eq!(hits.keys(&Interrupt::none())?, ["k1"]);
/// # Ok(())
/// # }
/// ```
pub struct Index {
    storage: Arc<dyn Storage>,
    cell: Arc<ViewCell>,
    writer: Arc<Writer>,
    follower: Mutex<Option<Follower>>,
    closed: AtomicBool,
    pid: u32,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({:?})", self.url())
    }
}

impl Index {
    /// Creates an index, durable when this returns.
    ///
    /// # Errors
    /// [`Error::Index`] when there is one already; with `exist_ok`, [`Error::Schema`] when it has another schema. [`Error::Config`]; those
    /// of the storage.
    pub fn create(url: &str, schema: Schema, options: IndexOptions) -> Result<Self> {
        let storage = connect(url)?;
        // Refused before anything is written.
        Compiled::new(&options.config.clone().unwrap_or_default(), &schema)?;
        Analyzers::of(schema.analyzers())?;
        let schema = Arc::new(schema);
        let snapshot = match index::create(&*storage, Arc::clone(&schema), &StepHook::new(options.steps.clone())) {
            Err(Error::Index { kind: std::io::ErrorKind::AlreadyExists, .. }) if options.exist_ok => {
                let snapshot = index::open(&*storage)?;
                if !snapshot.schema.extends(&schema) {
                    let expected = "the schema of the index that exists".to_owned();
                    return Err(Error::Schema { path: "schema".into(), expected, got: format!("another one for {}", storage.url()) });
                }
                snapshot
            }
            created => created?,
        };
        Self::on(storage, snapshot, options)
    }

    /// Opens the newest commit.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no index; [`Error::Config`]; corruption; those of the storage.
    pub fn open(url: &str, options: IndexOptions) -> Result<Self> {
        let storage = connect(url)?;
        let snapshot = index::open(&*storage)?;
        Self::on(storage, snapshot, options)
    }

    /// Opens one commit that need not be the newest.
    ///
    /// # Errors
    /// [`Error::StaleView`] when it is gone; else as [`Index::open`].
    pub fn open_at(url: &str, generation: u64, options: IndexOptions) -> Result<Self> {
        let storage = connect(url)?;
        let snapshot = index::open_generation(&*storage, generation)?;
        Self::on(storage, snapshot, options)
    }

    fn on(storage: Arc<dyn Storage>, snapshot: Snapshot, options: IndexOptions) -> Result<Self> {
        let compiled = Compiled::new(&options.config.clone().unwrap_or_default(), &snapshot.schema)?;
        let analyzers = Arc::new(Analyzers::of(snapshot.schema.analyzers())?);
        let cell = Arc::new(ViewCell::new(View::new(Arc::new(snapshot), compiled, analyzers, CONFIG_VERSION)));
        let writer = Arc::new(Writer::new(Arc::clone(&storage), options.writer(), Arc::clone(&cell) as _));
        let follower = match options.follow {
            None => None,
            Some(period) => {
                let writer = Arc::clone(&writer);
                Some(Follower::start(period, move || writer.poll())?)
            }
        };
        let closed = AtomicBool::new(false);
        Ok(Self { storage, cell, writer, follower: Mutex::new(follower), closed, pid: std::process::id() })
    }

    /// The URL that opens it again.
    #[must_use]
    pub fn url(&self) -> &str {
        self.storage.url()
    }

    /// The storage below.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed(format!("the index {} was closed; open it again", self.url())));
        }
        Ok(())
    }

    /// The newest view. A request calls this once.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn view(&self) -> Result<Arc<View>> {
        self.check_open()?;
        Ok(self.cell.view())
    }

    /// The newest view, for the length of one request: no reference count that threads share is touched.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn current(&self) -> Result<impl Deref<Target = Arc<View>> + use<>> {
        self.check_open()?;
        Ok(self.cell.load())
    }

    /// A configuration under this index's schema, sharing what the published one has made already.
    ///
    /// # Errors
    /// [`Error::Config`] with every problem; [`Error::Closed`].
    pub fn compile(&self, config: Arc<RankingConfig>) -> Result<Arc<Compiled>> {
        let view = self.view()?;
        Compiled::after(config, view.schema(), Some(view.compiled()))
    }

    /// Publishes a configuration: the newest snapshot under it is what the next search sees. All that takes time is done before the
    /// publishers' turn; a refresh that comes in between costs what is new in it. A version older than the published one changes nothing.
    /// Returns what is published then.
    ///
    /// # Errors
    /// [`Error::Closed`]; [`Error::Config`] for a configuration that does not fit a schema that has grown since it was compiled.
    pub fn publish_config(&self, version: u64, compiled: Arc<Compiled>) -> Result<Arc<View>> {
        let ready = self.ready(compiled)?;
        reached("prepared");
        self.publish_ready(version, ready)
    }

    /// All of a publication that takes time: the newest snapshot under a configuration.
    ///
    /// # Errors
    /// As [`Index::publish_config`].
    pub fn ready(&self, compiled: Arc<Compiled>) -> Result<Ready> {
        self.view()?.with_config(0, compiled).map(Ready)
    }

    /// The rest of it.
    ///
    /// # Errors
    /// As [`Index::publish_config`].
    pub fn publish_ready(&self, version: u64, Ready(view): Ready) -> Result<Arc<View>> {
        self.check_open()?;
        self.cell.configure(view.numbered(version))?;
        self.view()
    }

    /// What changes it.
    ///
    /// # Errors
    /// [`Error::Closed`], also in a child of `fork`.
    pub fn writer(&self) -> Result<&Writer> {
        self.check_open()?;
        if self.is_forked() {
            return Err(Error::Closed(format!(
                "this process was forked: it can search {}, but to write it has to open it anew",
                self.url()
            )));
        }
        Ok(&self.writer)
    }

    /// Whether this process is a child of the one that opened the index.
    #[must_use]
    pub fn is_forked(&self) -> bool {
        self.pid != std::process::id()
    }

    /// The schema of the newest view, also after closing.
    #[must_use]
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(self.cell.view().schema())
    }

    /// A filter as deletion needs it.
    ///
    /// # Errors
    /// [`Error::Query`] for a filter that does not fit the schema.
    pub fn predicate(&self, filter: &FilterInput) -> Result<Arc<dyn DocPredicate>> {
        let schema = self.schema();
        let filter = match filter {
            FilterInput::Text(text) => parse_filter(text, &schema)?,
            FilterInput::Tree(filter) => filter.clone(),
        };
        filter.bind(&schema)?;
        Ok(Arc::new(Where(filter)))
    }

    /// Deletes the documents that pass a filter; returns how many.
    ///
    /// # Errors
    /// Those of [`Index::predicate`] and [`Writer::delete_where`].
    pub fn delete_where(&self, filter: &FilterInput, refresh: bool, interrupt: &Interrupt) -> Result<u64> {
        let writer = self.writer()?;
        writer.delete_where(self.predicate(filter)?, refresh, interrupt)
    }

    /// Checks every byte of the newest commit.
    ///
    /// # Errors
    /// [`Error::Closed`]; those of [`index::check`]. Damage is no error but part of the report.
    pub fn check(&self, interrupt: &Interrupt) -> Result<CheckReport> {
        self.check_open()?;
        index::check(&*self.storage, interrupt)
    }

    /// Commits what was written, stops all threads, and hands nothing out any more. Closing again does nothing.
    ///
    /// # Errors
    /// Those of the commit; the index is closed all the same.
    pub fn close(&self, interrupt: &Interrupt) -> Result<()> {
        if self.is_forked() {
            self.closed.store(true, Ordering::Release);
            return Ok(());
        }
        self.finish(|writer| if writer.has_changes() { writer.commit(interrupt).map(|_| ()) } else { Ok(()) })
    }

    /// Closes without committing: what was written since the last commit is dropped.
    ///
    /// # Errors
    /// None that matter; as [`Index::close`].
    pub fn abandon(&self) -> Result<()> {
        if self.is_forked() {
            self.closed.store(true, Ordering::Release);
            return Ok(());
        }
        self.finish(|_| Ok(()))
    }

    fn finish(&self, last: impl FnOnce(&Writer) -> Result<()>) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        drop(self.follower.lock().unwrap_or_else(PoisonError::into_inner).take());
        let result = last(&self.writer);
        self.writer.close();
        self.cell.empty()?;
        result
    }
}

/// A filter as deletion needs it: bound anew for each segment, because a schema may have grown until the commit.
struct Where(Filter);

impl DocPredicate for Where {
    fn matching(&self, schema: &Schema, segment: &SegmentReader) -> Result<BitSet> {
        matching(&compile_filter(self.0.bind(schema)?), segment, &Interrupt::none())
    }
}
