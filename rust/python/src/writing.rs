//! Writing: sources of records, progress, transactions.
//!
//! **In**: an iterator or a path; a closure that hands the source to the engine. **Out**: the count and the refused documents. **Law**: an
//! exception of the iterator, of the progress callback or of a signal handler is raised as it was; nothing of the call is then written.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::ThreadId;
use std::time::Duration;

use findspot_engine::base::{Error, Interrupt, Result};
use findspot_engine::index::{OnError, Transaction as Open, UpsertOptions, Upserted};
use findspot_engine::ingest::{Chunk, Format, RecordSource, open_file, open_reader};
use findspot_engine::schema::Schema;
use findspot_engine::search::Index as Engine;
use pyo3::prelude::*;

use crate::bridge::{Answer, Ask, Gathering, Work, Written};
use crate::gate::{self, Raised, Tick};
use crate::records::PythonRecords;
use crate::{errors, request, view};

/// How many were taken; the first refusals as `DocumentError`s, not raised; how many were refused.
pub(crate) type Report = (u64, Vec<Py<PyAny>>, u64);

pub(crate) fn options(refresh: bool, collect: bool, if_version: Option<u64>) -> UpsertOptions {
    UpsertOptions { refresh, on_error: if collect { OnError::Collect } else { OnError::Raise }, if_version }
}

pub(crate) fn keys(keys: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    keys.try_iter()?.map(|key| view::key_text(&key?)).collect()
}

/// Writes what an iterable yields.
pub(crate) fn upsert(
    py: Python<'_>,
    records: &Bound<'_, PyAny>,
    progress: Option<Py<PyAny>>,
    write: impl FnOnce(&mut dyn RecordSource, &Interrupt) -> Result<Upserted> + Send,
) -> PyResult<Report> {
    let raised = Raised::default();
    let mut source = Watched::new(Box::new(PythonRecords::new(records, &raised)?));
    let tick = source.tick(progress);
    gate::run_with(py, &raised, tick, |interrupt| write(&mut source, interrupt)).map(|upserted| report(py, upserted))
}

/// Writes the records of a file; `-` is standard input, as JSON lines.
pub(crate) fn upsert_file(
    py: Python<'_>,
    path: &str,
    schema: &Schema,
    progress: Option<Py<PyAny>>,
    write: impl FnOnce(&mut dyn RecordSource, &Interrupt) -> Result<Upserted> + Send,
) -> PyResult<Report> {
    let raised = Raised::default();
    let mut source = Watched::new(gate::inline(py, || open(path, Some(schema), &raised))?);
    let tick = source.tick(progress);
    gate::run_with(py, &raised, tick, |interrupt| write(&mut source, interrupt)).map(|upserted| report(py, upserted))
}

/// Writes what an iterable yields, later: it is read by whoever awaits, a chunk at a time, and written by the pool.
pub(crate) fn aupsert(
    records: &Bound<'_, PyAny>,
    write: impl FnOnce(&mut dyn RecordSource, &Interrupt) -> Result<Upserted> + Send + 'static,
) -> PyResult<Answer> {
    let records = PythonRecords::new(records, &Raised::default())?;
    let gathering = Gathering { records, chunks: VecDeque::new(), write: Box::new(write) };
    Ok(Answer::new(Ask::Gather(Box::new(gathering))))
}

/// Writes the records of a file, later: Python takes no part.
pub(crate) fn aupsert_file(
    path: String,
    schema: Arc<Schema>,
    write: impl FnOnce(&mut dyn RecordSource, &Interrupt) -> Result<Upserted> + Send + 'static,
) -> Answer {
    later(move |interrupt| {
        let mut source = open(&path, Some(&schema), &Raised::default())?;
        write(&mut *source, interrupt).map(Written::Documents)
    })
}

/// Does something in the lane of those that write.
pub(crate) fn later(work: impl FnOnce(&Interrupt) -> Result<Written> + Send + 'static) -> Answer {
    Answer::new(Ask::Work(Work::Write(Box::new(work))))
}

/// The records of a path, or of standard input for `-`.
pub(crate) fn open(path: &str, schema: Option<&Schema>, raised: &Raised) -> Result<Box<dyn RecordSource>> {
    match path {
        "-" => open_reader(Stdin(raised.clone()), Format::JsonLines, "stdin", schema),
        _ => open_file(Path::new(path), schema),
    }
}

/// Standard input whose waiting Ctrl-C can end: nobody else asks for signals while a read blocks.
struct Stdin(Raised);

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match io::stdin().lock().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Python::attach(|py| py.check_signals()).map_err(|raised| {
                    self.0.stop(raised);
                    io::Error::other("interrupted by a signal")
                })?,
                read => return read,
            }
        }
    }
}

pub(crate) fn report(py: Python<'_>, upserted: Upserted) -> Report {
    let rejected = upserted.rejected.iter().map(|reject| errors::document(py, reject).into_value(py).into_any()).collect();
    (upserted.count, rejected, upserted.rejected_count)
}

/// A source that tells others how far it is.
struct Watched {
    source: Box<dyn RecordSource>,
    state: Arc<Progress>,
}

#[derive(Default)]
struct Progress {
    records: AtomicU64,
    done: AtomicU64,
    /// 0 = unknown.
    total: AtomicU64,
}

impl Watched {
    fn new(source: Box<dyn RecordSource>) -> Self {
        Self { source, state: Arc::default() }
    }

    /// Calls `progress(records, bytes done, bytes in all or 0)` from time to time.
    fn tick(&self, progress: Option<Py<PyAny>>) -> Option<Tick> {
        let (state, progress) = (Arc::clone(&self.state), progress?);
        Some(Box::new(move |py| {
            let [records, done, total] = [&state.records, &state.done, &state.total].map(|number| number.load(Ordering::Relaxed));
            progress.call1(py, (records, done, total)).map(|_| ())
        }))
    }
}

impl RecordSource for Watched {
    fn next(&mut self, chunk: &mut Chunk) -> Result<bool> {
        let more = self.source.next(chunk)?;
        self.state.records.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        if let Some((done, total)) = self.source.progress() {
            self.state.done.store(done, Ordering::Relaxed);
            self.state.total.store(total, Ordering::Relaxed);
        }
        Ok(more)
    }

    fn name(&self) -> Option<&str> {
        self.source.name()
    }

    fn progress(&self) -> Option<(u64, u64)> {
        self.source.progress()
    }
}

/// An open transaction, for the façade.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct Transaction {
    /// Taken at the end. Held during a call, so calls of one transaction come one after the other.
    open: Mutex<Option<Open>>,
    /// The thread that holds it: an iterator of records that writes to its own transaction would wait for itself.
    holder: Mutex<Option<ThreadId>>,
    engine: Arc<Engine>,
}

impl Transaction {
    pub(crate) fn new(engine: Arc<Engine>, open: Open) -> Self {
        Self { open: Mutex::new(Some(open)), holder: Mutex::default(), engine }
    }

    fn enter(&self, interrupt: &Interrupt) -> Result<MutexGuard<'_, Option<Open>>> {
        let me = std::thread::current().id();
        loop {
            match self.open.try_lock() {
                Ok(open) => return Ok(open),
                Err(TryLockError::Poisoned(open)) => return Ok(open.into_inner()),
                Err(TryLockError::WouldBlock) if *self.holder() == Some(me) => {
                    return Err(Error::Conflict("the records of an upsert write to the transaction that is reading them".into()));
                }
                Err(TryLockError::WouldBlock) => {
                    interrupt.check()?;
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    fn holder(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, interrupt: &Interrupt, work: impl FnOnce(&mut Open) -> Result<T>) -> Result<T> {
        let mut open = self.enter(interrupt)?;
        *self.holder() = Some(std::thread::current().id());
        let result = open.as_mut().ok_or_else(|| Error::Closed("the transaction has ended".into())).and_then(work);
        *self.holder() = None;
        result
    }
}

#[pymethods]
impl Transaction {
    #[pyo3(signature = (records, _refresh, collect, if_version, progress, /))]
    fn upsert(
        &self,
        py: Python<'_>,
        records: &Bound<'_, PyAny>,
        _refresh: bool,
        collect: bool,
        if_version: Option<u64>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Report> {
        let options = options(false, collect, if_version);
        upsert(py, records, progress, |source, interrupt| self.with(interrupt, |open| open.upsert(source, &options, interrupt)))
    }

    #[pyo3(signature = (path, _refresh, collect, if_version, progress, /))]
    fn upsert_file(
        &self,
        py: Python<'_>,
        path: &str,
        _refresh: bool,
        collect: bool,
        if_version: Option<u64>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Report> {
        let options = options(false, collect, if_version);
        let schema = self.engine.schema();
        upsert_file(py, path, &schema, progress, |source, interrupt| self.with(interrupt, |open| open.upsert(source, &options, interrupt)))
    }

    #[pyo3(signature = (records, _refresh, collect, if_version, /))]
    fn aupsert(slf: Py<Self>, records: &Bound<'_, PyAny>, _refresh: bool, collect: bool, if_version: Option<u64>) -> PyResult<Answer> {
        let options = options(false, collect, if_version);
        aupsert(records, move |source, interrupt| slf.get().with(interrupt, |open| open.upsert(source, &options, interrupt)))
    }

    #[pyo3(signature = (path, _refresh, collect, if_version, /))]
    fn aupsert_file(slf: Py<Self>, path: String, _refresh: bool, collect: bool, if_version: Option<u64>) -> Answer {
        let (options, schema) = (options(false, collect, if_version), slf.get().engine.schema());
        aupsert_file(path, schema, move |source, interrupt| slf.get().with(interrupt, |open| open.upsert(source, &options, interrupt)))
    }

    #[pyo3(signature = (keys, _refresh, /))]
    fn delete(&self, py: Python<'_>, keys: &Bound<'_, PyAny>, _refresh: bool) -> PyResult<u64> {
        let keys = self::keys(keys)?;
        gate::run(py, |interrupt| {
            self.with(interrupt, |open| {
                open.delete(keys);
                Ok(0) // what it finds is known at the end
            })
        })
    }

    #[pyo3(signature = (condition, _refresh, /))]
    fn delete_where(&self, py: Python<'_>, condition: &Bound<'_, PyAny>, _refresh: bool) -> PyResult<u64> {
        let filter = request::filter("where", condition)?;
        gate::run(py, |interrupt| {
            let predicate = self.engine.predicate(&filter)?;
            self.with(interrupt, |open| {
                open.delete_where(predicate);
                Ok(0)
            })
        })
    }

    /// Commits; the generation.
    fn commit(&self, py: Python<'_>) -> PyResult<u64> {
        gate::run(py, |interrupt| match self.enter(interrupt)?.take() {
            Some(open) => Ok(open.commit(interrupt)?.generation),
            None => Err(Error::Closed("the transaction has ended".into())),
        })
    }

    /// Drops everything.
    fn rollback(&self, py: Python<'_>) -> PyResult<()> {
        gate::run(py, |interrupt| {
            drop(self.enter(interrupt)?.take());
            Ok(())
        })
    }
}
