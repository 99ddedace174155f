//! The index: create, open, search, write, keep in order.
//!
//! **In**: what the façade passes. **Out**: `_native.Index`. **Law**: translation only; every call that can take long goes through the gate.
//! In a forked child the engine's handle is never dropped: its threads exist only in the parent, and so do its locks.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use findspot_engine::index::{Writer, copy};
use findspot_engine::plan::RankingConfig;
use findspot_engine::schema::Field;
use findspot_engine::search::{Index as Engine, IndexOptions, View as Pinned};
use findspot_engine::storage::connect;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::bridge::{Answer, Written};
use crate::config::ranking::Follower;
use crate::config::store::ConfigStore;
use crate::view::{self, View};
use crate::writing::{self, Report, Transaction};
use crate::{errors, gate, request, schema, steps};

/// File, offset, what.
type Damage = (String, u64, String);

/// An index, for the façade.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct Index {
    engine: Arc<Engine>,
    process: u32,
    /// The store that it follows.
    followed: OnceLock<(Py<ConfigStore>, Arc<Follower>)>,
}

impl Drop for Index {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(Arc::clone(&self.engine));
        }
    }
}

impl Index {
    fn new(engine: Engine) -> Self {
        Self { engine: Arc::new(engine), process: std::process::id(), followed: OnceLock::new() }
    }

    pub(crate) fn shared(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Its name among those that follow a store.
    pub(crate) fn follower_name(&self) -> String {
        format!("the index {} ({:x})", self.engine.url(), Arc::as_ptr(&self.engine).addr())
    }

    /// From now on it follows a store.
    pub(crate) fn follow(&self, store: Py<ConfigStore>, follower: Arc<Follower>) {
        let _ = self.followed.set((store, follower));
    }

    /// The view under the version of the store that this context has pinned; none where that is the published one.
    pub(crate) fn pinned_by_store(&self, py: Python<'_>, view: &Arc<Pinned>) -> PyResult<Option<Arc<Pinned>>> {
        let Some((store, follower)) = self.followed.get() else { return Ok(None) };
        let Some(version) = store.get().pinned_version(py)? else { return Ok(None) };
        let number = version.number();
        if number == view.config_version() {
            return Ok(None);
        }
        if let Some(view) = gate::inline(py, || follower.under(view, number))? {
            return Ok(Some(view));
        }
        // Pinned before this index followed, or long ago: its document is there as long as the pin is.
        py.detach(|| follower.recall(&version))
            .map_err(|found| errors::make(py, "ConfigError", &format!("configuration: {found}"), |_| Ok(())))?;
        gate::inline(py, || follower.under(view, number))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    fn pinned(&self, py: Python<'_>) -> PyResult<Arc<Pinned>> {
        gate::inline(py, || self.engine.view())
    }
}

fn options(config: Option<&str>, memory: usize) -> findspot_engine::base::Result<IndexOptions> {
    let config = config.map(|json| RankingConfig::from_json(json.as_bytes())).transpose()?;
    Ok(IndexOptions { config, memory, steps: steps::hook(), ..IndexOptions::default() })
}

#[pymethods]
impl Index {
    #[staticmethod]
    #[pyo3(signature = (url, schema, config, memory, exist_ok, /))]
    fn create(py: Python<'_>, url: &str, schema: &str, config: Option<&str>, memory: usize, exist_ok: bool) -> PyResult<Self> {
        let options = gate::inline(py, || options(config, memory))?;
        let schema = gate::inline(py, || schema::read(schema))?;
        gate::run(py, |_| Engine::create(url, schema, IndexOptions { exist_ok, ..options })).map(Self::new)
    }

    /// `generation`: exactly that commit, or `StaleView`; the newest without it.
    #[staticmethod]
    #[pyo3(signature = (url, config, memory, follow, generation, /))]
    fn open(
        py: Python<'_>,
        url: &str,
        config: Option<&str>,
        memory: usize,
        follow: Option<f64>,
        generation: Option<u64>,
    ) -> PyResult<Self> {
        let follow = follow
            .map(|seconds| match Duration::try_from_secs_f64(seconds) {
                Ok(period) if !period.is_zero() => Ok(period),
                _ => Err(PyValueError::new_err(format!("follow: expected seconds above 0, got {seconds}"))),
            })
            .transpose()?;
        let options = IndexOptions { follow, ..gate::inline(py, || options(config, memory))? };
        gate::run(py, |_| match generation {
            Some(generation) => Engine::open_at(url, generation, options),
            None => Engine::open(url, options),
        })
        .map(Self::new)
    }

    #[getter]
    fn url(&self) -> &str {
        self.engine.url()
    }

    fn schema(&self, py: Python<'_>) -> PyResult<String> {
        gate::inline(py, || schema::write(&self.engine.schema()))
    }

    fn view(&self, py: Python<'_>) -> PyResult<View> {
        self.pinned(py).map(View::new)
    }

    #[pyo3(signature = (key, /))]
    fn get<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Option<(Bound<'py, PyAny>, u64)>> {
        view::get(py, &*self.pinned(py)?, key)
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        view::contains(py, &*self.pinned(py)?, key)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.pinned(py)?.len() as usize)
    }

    #[pyo3(signature = (text, strict, /))]
    fn parse(&self, py: Python<'_>, text: &Bound<'_, PyString>, strict: bool) -> PyResult<(String, String)> {
        view::parse(py, &*self.pinned(py)?, text, strict)
    }

    #[pyo3(signature = (records, refresh, collect, if_version, progress, /))]
    fn upsert(
        &self,
        py: Python<'_>,
        records: &Bound<'_, PyAny>,
        refresh: bool,
        collect: bool,
        if_version: Option<u64>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Report> {
        let options = writing::options(refresh, collect, if_version);
        writing::upsert(py, records, progress, |source, interrupt| self.engine.writer()?.upsert(source, &options, interrupt))
    }

    #[pyo3(signature = (path, refresh, collect, if_version, progress, /))]
    fn upsert_file(
        &self,
        py: Python<'_>,
        path: &str,
        refresh: bool,
        collect: bool,
        if_version: Option<u64>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Report> {
        let options = writing::options(refresh, collect, if_version);
        let schema = self.engine.schema();
        writing::upsert_file(py, path, &schema, progress, |source, interrupt| self.engine.writer()?.upsert(source, &options, interrupt))
    }

    #[pyo3(signature = (records, refresh, collect, if_version, /))]
    fn aupsert(&self, records: &Bound<'_, PyAny>, refresh: bool, collect: bool, if_version: Option<u64>) -> PyResult<Answer> {
        let (engine, options) = (Arc::clone(&self.engine), writing::options(refresh, collect, if_version));
        writing::aupsert(records, move |source, interrupt| engine.writer()?.upsert(source, &options, interrupt))
    }

    #[pyo3(signature = (path, refresh, collect, if_version, /))]
    fn aupsert_file(&self, path: String, refresh: bool, collect: bool, if_version: Option<u64>) -> Answer {
        let (engine, options) = (Arc::clone(&self.engine), writing::options(refresh, collect, if_version));
        let schema = self.engine.schema();
        writing::aupsert_file(path, schema, move |source, interrupt| engine.writer()?.upsert(source, &options, interrupt))
    }

    fn acommit(&self) -> Answer {
        let engine = Arc::clone(&self.engine);
        writing::later(move |interrupt| Ok(Written::Commit(engine.writer()?.commit(interrupt)?.generation)))
    }

    #[pyo3(signature = (keys, refresh, /))]
    fn delete(&self, py: Python<'_>, keys: &Bound<'_, PyAny>, refresh: bool) -> PyResult<u64> {
        let keys = writing::keys(keys)?;
        gate::run(py, |interrupt| self.engine.writer()?.delete(&keys, refresh, interrupt))
    }

    #[pyo3(signature = (condition, refresh, /))]
    fn delete_where(&self, py: Python<'_>, condition: &Bound<'_, PyAny>, refresh: bool) -> PyResult<u64> {
        let deleted = request::filter("where", condition)
            .and_then(|filter| gate::run(py, |interrupt| self.engine.delete_where(&filter, refresh, interrupt)));
        deleted.map_err(|error| if condition.is_instance_of::<PyString>() { error } else { errors::without_position(py, error) })
    }

    fn refresh(&self, py: Python<'_>) -> PyResult<()> {
        gate::run(py, |interrupt| self.engine.writer()?.refresh(interrupt))
    }

    fn commit(&self, py: Python<'_>) -> PyResult<u64> {
        gate::run(py, |interrupt| Ok(self.engine.writer()?.commit(interrupt)?.generation))
    }

    fn transaction(&self, py: Python<'_>) -> PyResult<Transaction> {
        gate::inline(py, || self.engine.writer()?.transaction()).map(|open| Transaction::new(Arc::clone(&self.engine), open))
    }

    #[pyo3(signature = (max_segments, /))]
    fn merge(&self, py: Python<'_>, max_segments: &Bound<'_, PyAny>) -> PyResult<usize> {
        let most = request::size("max_segments", max_segments)?;
        if most == 0 {
            return Err(PyValueError::new_err("max_segments: expected 1 or more, got 0"));
        }
        gate::run(py, |interrupt| {
            self.engine.writer()?.merge(most, interrupt)?;
            Ok(self.engine.view()?.snapshot().stats().segments.iter().filter(|segment| segment.committed).count())
        })
    }

    fn gc(&self, py: Python<'_>) -> PyResult<(u64, u64)> {
        gate::run(py, |_| self.engine.writer()?.gc()).map(|gone| (gone.deleted, gone.bytes))
    }

    fn check(&self, py: Python<'_>) -> PyResult<(u64, u64, Vec<Damage>)> {
        let report = gate::run(py, |interrupt| self.engine.check(interrupt))?;
        let damages = report.problems.into_iter().map(|damage| (damage.file, damage.offset, damage.what)).collect();
        Ok((report.files, report.bytes, damages))
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let found = self.pinned(py)?.snapshot().stats();
        let stats = PyDict::new(py);
        stats.set_item("documents", found.docs)?;
        stats.set_item("deleted", found.deleted)?;
        stats.set_item("segments", found.segments.len())?;
        stats.set_item("generation", found.generation)?;
        stats.set_item("refresh", found.refresh)?;
        stats.set_item("size", found.bytes)?;
        stats.set_item("bytes", found.structures)?;
        Ok(stats)
    }

    #[pyo3(signature = (destination, /))]
    fn copy(&self, py: Python<'_>, destination: &str) -> PyResult<(u64, u64, u64)> {
        let copied = gate::run(py, |interrupt| {
            self.engine.view()?; // a closed index is refused
            copy(&**self.engine.storage(), &*connect(destination)?, interrupt)
        })?;
        Ok((copied.generation, copied.files, copied.bytes))
    }

    #[pyo3(signature = (fields, /))]
    fn alter(&self, py: Python<'_>, fields: &str) -> PyResult<()> {
        let add: Vec<Field> = gate::inline(py, || schema::read_fields(fields))?;
        gate::run(py, |interrupt| self.engine.writer()?.alter(&add, interrupt).map(|_| ()))
    }

    /// Whether there is anything that no commit has made durable, as far as this process may know.
    fn has_changes(&self, py: Python<'_>) -> PyResult<bool> {
        gate::run(py, |_| Ok(self.engine.writer().is_ok_and(Writer::has_changes)))
    }

    #[pyo3(signature = (commit, /))]
    fn close(&self, py: Python<'_>, commit: bool) -> PyResult<()> {
        gate::run(py, |interrupt| if commit { self.engine.close(interrupt) } else { self.engine.abandon() })
    }
}
