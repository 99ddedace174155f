//! What can be asked of the pool, and what came of it.
//!
//! **In**: a view and a request; a source of records and what to do with it. **Out**: [`Landed`], and from that Python's objects. **Law**:
//! all that is asked owns what it needs, so that it can travel to another thread; a view is captured when it is asked.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use findspot_engine::base::{Error, Interrupt, Result};
use findspot_engine::index::Upserted;
use findspot_engine::ingest::{Chunk, RecordSource};
use findspot_engine::search::{Attempt, Hits as Found, QueryInput, SearchRequest, View as Pinned};
use findspot_pool::{Full, Lane};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::hits::Hits;
use crate::records::PythonRecords;
use crate::searching::INLINE_COST;
use crate::{errors, gate, writing};

/// Up to this predicted cost a search is short: about a millisecond.
const SHORT_COST: u64 = 100_000;

/// One search.
pub(crate) struct Search {
    pub view: Arc<Pinned>,
    pub request: SearchRequest<'static>,
    /// Whether a refusal's position is one in a text.
    pub has_text: bool,
}

/// Several searches in one view.
pub(crate) struct SearchMany {
    pub view: Arc<Pinned>,
    pub queries: Vec<QueryInput<'static>>,
    pub request: SearchRequest<'static>,
    pub have_text: Vec<bool>,
}

/// What writing does, on a thread of the pool.
pub(crate) type Write = Box<dyn FnOnce(&Interrupt) -> Result<Written> + Send>;

/// What writing does with records.
pub(crate) type WriteRecords = Box<dyn FnOnce(&mut dyn RecordSource, &Interrupt) -> Result<Upserted> + Send>;

/// What was written.
pub(crate) enum Written {
    Documents(Upserted),
    Commit(u64),
}

/// Records of Python on their way to a writer: read in the loop's thread, a chunk at a time.
pub(crate) struct Gathering {
    pub records: PythonRecords,
    pub chunks: VecDeque<Chunk>,
    pub write: WriteRecords,
}

/// What is asked.
pub(crate) enum Ask {
    Work(Work),
    Gather(Box<Gathering>),
}

/// What a thread of the pool can do.
pub(crate) enum Work {
    Search(Box<Search>),
    Many(Box<SearchMany>),
    Write(Write),
}

/// What the loop's thread made of it at once.
pub(super) enum Begun {
    /// All.
    Done(Py<PyAny>),
    /// Some; the loop should have its turn.
    Again(Ask),
    /// It is for the pool.
    Fly(Lane, Work),
}

/// What came of it.
pub(super) enum Landed {
    Found(Result<Found>),
    Many(Vec<Found>, Option<Error>),
    Written(Result<Written>),
    /// The text of a panic.
    Panicked(String),
    Refused(Full),
}

impl Ask {
    /// Does at once what is short.
    pub(super) fn begin(self, py: Python<'_>, inline: bool) -> PyResult<Begun> {
        match self {
            Self::Work(Work::Search(search)) => begin_search(py, search, inline),
            Self::Work(work @ Work::Many(_)) => Ok(Begun::Fly(Lane::Long, work)),
            Self::Work(work @ Work::Write(_)) => Ok(Begun::Fly(Lane::Writing, work)),
            Self::Gather(mut gathering) => {
                let mut chunk = Chunk::default();
                if gathering.records.fill(py, &mut chunk)? {
                    gathering.chunks.push_back(chunk);
                    return Ok(Begun::Again(Self::Gather(gathering)));
                }
                let Gathering { chunks, write, .. } = *gathering;
                let write: Write = Box::new(move |interrupt| write(&mut Gathered(chunks), interrupt).map(Written::Documents));
                Ok(Begun::Fly(Lane::Writing, Work::Write(write)))
            }
        }
    }
}

fn begin_search(py: Python<'_>, mut search: Box<Search>, inline: bool) -> PyResult<Begun> {
    let is_short = search.request.is_short();
    let lane = if !is_short {
        Lane::Long
    } else if !inline {
        Lane::Short
    } else {
        match gate::inline(py, || search.view.attempt(&search.request, INLINE_COST)) {
            Ok(Attempt::Found(found)) => return Ok(Begun::Done(Bound::new(py, Hits::new(found))?.into_any().unbind())),
            Ok(Attempt::Begun(rest)) if rest.predicted().is_some_and(|cost| cost <= SHORT_COST) => Lane::Short,
            Ok(Attempt::Begun(_)) => Lane::Long,
            Err(error) => return Err(placed(py, error, search.has_text)),
        }
    };
    // The time that it may take begins here, not when a worker has time for it.
    search.request.since = Some(Instant::now());
    Ok(Begun::Fly(lane, Work::Search(search)))
}

impl Work {
    /// Does it, on a thread of the pool.
    pub(super) fn fly(self, interrupt: &Interrupt) -> Landed {
        match self {
            Self::Search(search) => Landed::Found(search.view.search(&search.request, interrupt)),
            Self::Many(many) => {
                let (found, failed) = many.view.search_many(&many.queries, &many.request, interrupt);
                Landed::Many(found, failed)
            }
            Self::Write(write) => Landed::Written(write(interrupt)),
        }
    }

    /// What is needed to speak of the outcome.
    pub(super) fn texts(&self) -> Texts {
        match self {
            Self::Search(search) => Texts::One(search.has_text),
            Self::Many(many) => Texts::Each(many.have_text.clone()),
            Self::Write(_) => Texts::One(true),
        }
    }
}

/// Whether the positions of refusals are ones in texts.
pub(super) enum Texts {
    One(bool),
    Each(Vec<bool>),
}

impl Landed {
    /// As an object of Python, or as the exception that it is.
    pub(super) fn into_python(self, py: Python<'_>, texts: &Texts) -> PyResult<Py<PyAny>> {
        let (one, each): (bool, &[bool]) = match texts {
            Texts::One(one) => (*one, &[]),
            Texts::Each(each) => (true, each),
        };
        match self {
            Self::Found(Ok(found)) => Ok(Bound::new(py, Hits::new(found))?.into_any().unbind()),
            Self::Found(Err(error)) => Err(placed(py, errors::to_python(py, &error), one)),
            Self::Many(found, None) => {
                let all = found.into_iter().map(|found| Bound::new(py, Hits::new(found))).collect::<PyResult<Vec<_>>>()?;
                Ok(PyList::new(py, all)?.into_any().unbind())
            }
            Self::Many(found, Some(error)) => {
                let at = found.len();
                let error = placed(py, errors::to_python(py, &error), each.get(at).copied().unwrap_or(true));
                Err(errors::noted(py, error, &format!("queries[{at}]")))
            }
            Self::Written(Ok(Written::Documents(upserted))) => {
                let report = writing::report(py, upserted);
                Ok(report.into_pyobject(py)?.into_any().unbind())
            }
            Self::Written(Ok(Written::Commit(generation))) => Ok(generation.into_pyobject(py)?.into_any().unbind()),
            Self::Written(Err(error)) => Err(errors::to_python(py, &error)),
            Self::Panicked(text) => Err(errors::defect(py, &format!("internal defect: panic: {text}; please report it"))),
            Self::Refused(full) => Err(overloaded(py, full)),
        }
    }
}

fn placed(py: Python<'_>, error: PyErr, has_text: bool) -> PyErr {
    if has_text { error } else { errors::without_position(py, error) }
}

fn overloaded(py: Python<'_>, full: Full) -> PyErr {
    let seconds = full.retry_after.as_secs_f64();
    let message = format!("{} searches and writes wait already; nothing was done, try again in {seconds:.2} s", full.waiting);
    errors::make(py, "Overloaded", &message, |data| data.set_item("retry_after", seconds))
}

/// Chunks that are all there.
struct Gathered(VecDeque<Chunk>);

impl RecordSource for Gathered {
    fn next(&mut self, chunk: &mut Chunk) -> Result<bool> {
        match self.0.pop_front() {
            Some(next) => {
                *chunk = next;
                Ok(true)
            }
            None => {
                chunk.clear();
                Ok(false)
            }
        }
    }

    fn name(&self) -> Option<&str> {
        None
    }

    fn progress(&self) -> Option<(u64, u64)> {
        None
    }
}
