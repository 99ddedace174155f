//! The store that the façade's `Store` inherits.
//!
//! **In**: calls. **Out**: views, pins, reports. **Law**
//! 1. `pin`, `pinned` and the slot `current` are the path of a request: they take no lock that anybody holds for longer than a copy of a
//!    pointer, and let nobody else run in between.
//! 2. Every other call lets go of the interpreter before it asks the store for anything, so whoever publishes can attach meanwhile.
//! 3. What readers get never goes back: a version is adopted only when it is newer than the one in the slot.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use findspot_config::numbering::{Folder, Numbering};
use findspot_config::store::{By, Options, Pattern, Refusal, Report, Staged, Store, Version};
use findspot_config::{Change, Document, LayerKind, Path, Problem, Problems, Schema, Secrets, value};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyWeakrefReference};

use super::answers::{self, ConfigDiff, Shower};
use super::current::{Current, CurrentCell, Returning};
use super::hooks::{Made, OwnChecks, OwnDerive, OwnSubscriber, Shared, Slot};
use super::judges::Judges;
use super::names::ConfigNames;
use super::node::{number_of_view, version_of_view, view_again, view_of, view_of_version};
use super::pin::Pins;
use super::plan::{ConfigPlan, Root};
use super::ranking::{Follower, near};
use super::{handover, numbers, open, slots};
use crate::errors;
use crate::index::Index;
use crate::logging;

type Answer = (String, Option<Py<ConfigDiff>>);
/// Paths with JSON, or without to take a value away.
type Pairs = Vec<(String, Option<Vec<u8>>)>;

struct Inner {
    store: Store,
    shared: Shared,
    shower: Shower,
    budget: Duration,
    closed: AtomicBool,
}

/// What is said of a report: the text, and what lies on the two sides of the difference that it made.
type Told = (String, Option<(Document, Document)>);

impl Inner {
    /// What was current `before` need not be read again. Without the interpreter.
    fn told(&self, report: &Report, before: Option<&Arc<Version>>) -> Told {
        let sides = || {
            let new = self.store.version(report.version).ok()?;
            let old = match before.filter(|before| before.number() == report.previous) {
                Some(before) => Some(Arc::clone(before)),
                None => self.store.version(report.previous).ok(),
            };
            Some((old.map_or_else(Document::empty, |old| old.document().clone()), new.document().clone()))
        };
        (self.shower.report(report, Some(self.store.pin().document())), report.published.then(sides).flatten())
    }

    fn answer(&self, py: Python<'_>, (text, sides): Told) -> PyResult<Answer> {
        let make = |(old, new)| Py::new(py, ConfigDiff::new(old, new, self.shared.secrets.clone()));
        // What threads of the store said meanwhile comes out with what somebody asks for.
        logging::hand_over(py);
        Ok((text, sides.map(make).transpose()?))
    }
}

/// A store; the façade's class inherits it.
#[pyclass(frozen, subclass, weakref, module = "findspot._native")]
pub(crate) struct ConfigStore {
    current: CurrentCell,
    pins: OnceLock<Arc<Pins>>,
    root: OnceLock<Arc<Root>>,
    inner: OnceLock<Inner>,
}

impl Drop for ConfigStore {
    /// The class of its pins waits for the garbage collector, as every class does; the last version does not.
    fn drop(&mut self) {
        Python::attach(|py| {
            let last = self.current.empty(py);
            if let Some(pins) = self.pins.get() {
                pins.close(py);
                last.into_iter().for_each(|last| pins.retire(py, last.pin));
            }
        });
    }
}

impl ConfigStore {
    fn inner(&self, py: Python<'_>) -> PyResult<&Inner> {
        match self.inner.get() {
            Some(inner) if !inner.closed.load(Ordering::Acquire) => Ok(inner),
            Some(_) => Err(answers::closed(py)),
            None => Err(PyRuntimeError::new_err("the configuration store was never opened")),
        }
    }

    /// Makes a version what readers get, or the one that they have with something else beside its values.
    pub(crate) fn adopt(slf: &Bound<'_, Self>, version: &Arc<Version>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        let (Some(root), Some(pins)) = (this.root.get(), this.pins.get()) else { return Ok(()) };
        let known = this.current.peek(py, |current| (Arc::clone(&current.version), current.view.clone_ref(py))).ok();
        let view = match &known {
            Some((known, _)) if Arc::ptr_eq(known, version) => return Ok(()),
            Some((known, view)) if known.number() == version.number() => view_again(py, root, known, view.bind(py), version)?,
            _ => view_of_version(py, root, version)?,
        };
        let next = Current { version: Arc::clone(version), view: view.clone().unbind(), pin: pins.of_version(py, &view)? };
        // Whoever reads the slot and whoever pins see the same order.
        let (replaced, stored) = this.current.replace(py, next, || slots::set(slf.as_any(), &PyString::intern(py, "current"), &view));
        replaced.into_iter().for_each(|replaced| pins.retire(py, replaced.pin));
        stored
    }

    /// The store below, while it is open.
    pub(crate) fn store(&self) -> Option<Store> {
        self.inner.get().filter(|inner| !inner.closed.load(Ordering::Acquire)).map(|inner| inner.store.clone())
    }

    /// The version that this context has pinned.
    pub(crate) fn pinned_version(&self, py: Python<'_>) -> PyResult<Option<Arc<Version>>> {
        Ok(self.held(py)?.and_then(|view| version_of_view(&view)))
    }

    /// The pinned view.
    fn held<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.pins.get().map_or(Ok(None), |pins| pins.pinned(py))
    }

    /// Changes the store and reports, with the difference that it made.
    fn changed(&self, py: Python<'_>, change: impl FnOnce(&Store) -> Result<Report, Refusal> + Send) -> PyResult<Answer> {
        let inner = self.inner(py)?;
        let (told, turn) = py.detach(|| {
            let returning = Returning::begin();
            let before = inner.store.pin();
            let outcome = change(&inner.store);
            drop(returning);
            let told = match outcome {
                Ok(report) => Ok(inner.told(&report, Some(&before))),
                Err(Refusal::Refused(report)) => Ok(inner.told(&report, Some(&before))),
                Err(refusal) => Err(refusal),
            };
            (told, handover::Turn::ask())
        });
        drop(turn);
        self.current.catch_up(py);
        told.map_or_else(|refusal| Err(answers::refusal(py, &refusal)), |told| inner.answer(py, told))
    }

    /// An answer without a version: problems, or warnings.
    fn refused(&self, py: Python<'_>, found: &Problems) -> PyResult<Answer> {
        let inner = self.inner(py)?;
        let version = self.version(py)?;
        Ok((py.detach(|| inner.shower.refused(found, version, Some(inner.store.pin().document()))), None))
    }
}

/// An index as a follower of a store, with the guards of its versions.
fn following(
    store: &Bound<'_, ConfigStore>,
    index: &Bound<'_, Index>,
    folder: String,
    numbering: Option<Arc<dyn Numbering>>,
) -> PyResult<(Arc<Follower>, Arc<Judges>)> {
    let (engine, name) = (Arc::clone(index.get().shared()), index.get().follower_name());
    let store = PyWeakrefReference::new(store.as_any())?.unbind();
    let judges = Judges { engine: Arc::downgrade(&engine), folder: folder.into(), store, numbering };
    Ok((Arc::new(Follower::new(&engine, name)), Arc::new(judges)))
}

/// Paths and values as changes.
fn changes(pairs: Pairs) -> Result<Vec<Change>, Problems> {
    let mut changes = Vec::with_capacity(pairs.len());
    for (path, json) in pairs {
        let path: Path = path.parse().map_err(|error: findspot_config::PathError| {
            let shown: String = path.chars().take(60).collect();
            let got = format!("{shown:?}, where byte {} is not {}", error.position, error.expected);
            findspot_config::Problem::new("path", Path::root(), "a path as a.b[3].\"key with dots\"", got)
        })?;
        let document = match json {
            None => None,
            Some(json) => Some(value("patch", LayerKind::Patch, &String::from_utf8_lossy(&json)).map_err(|Problems(found)| {
                // Paths begin at the value; people know it by where it was to stand.
                let whole = |problem: Problem| Problem { path: problem.path.segments().iter().fold(path.clone(), Path::step), ..problem };
                Problems(found.into_iter().map(whole).collect())
            })?),
        };
        changes.push((path, document));
    }
    Ok(changes)
}

fn by(actor: String, reason: String) -> By {
    By { actor, reason, force: false }
}

#[pymethods]
impl ConfigStore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(_arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
        Self { current: CurrentCell::default(), pins: OnceLock::new(), root: OnceLock::new(), inner: OnceLock::new() }
    }

    /// Loads. Called once, by the façade's constructor.
    #[pyo3(signature = (plan, form, names, sources, settings, hooks, /))]
    fn _open(
        slf: &Bound<'_, Self>,
        plan: &Bound<'_, ConfigPlan>,
        form: Option<&str>,
        names: &Bound<'_, ConfigNames>,
        sources: Vec<Bound<'_, PyTuple>>,
        settings: &Bound<'_, PyDict>,
        hooks: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Answer>> {
        let (py, this) = (slf.py(), slf.get());
        let text = |name: &str| -> PyResult<Option<String>> { settings.get_item(name)?.map_or(Ok(None), |value| value.extract()) };
        let schema = form.map_or_else(|| Ok(Schema::any()), Schema::from_json).map_err(|found| answers::schema(py, &found))?;
        let mut options = Options { schema: schema.with_secret_names(names.get().0.clone()), ..Options::default() };
        // How the folder is used: written to, made by the first thing that is published, or only read.
        let kind_of_place = text("place")?.unwrap_or_default();
        if let Some(folder) = text("folder")? {
            let place = std::path::PathBuf::from(&folder);
            let open = |place: &std::path::Path| match kind_of_place.as_str() {
                "write" => Folder::open(place),
                "later" => Ok(Folder::later(place)),
                _ => Ok(Folder::read_only(place)),
            };
            let made = py.detach(|| Ok::<_, std::io::Error>((open(&place)?, open(&place.join("units"))?)));
            let (versions, units) = made.map_err(|error| {
                errors::make(py, "StorageError", &format!("{folder}: {error}"), |data| {
                    data.set_item("errno", error.raw_os_error())?;
                    data.set_item("filename", &folder)
                })
            })?;
            options.numbering = Arc::new(versions);
            options.units = Arc::new(units);
        }
        let secrets = Secrets::new(&options.schema);
        let root = plan.get().root.clone();
        let _ = root.secrets.set(secrets.clone());
        let hooks_of = Arc::new(hooks.clone().unbind());
        let shared = Shared { root: root.clone(), hooks: hooks_of, secrets: secrets.clone(), current: this.current.clone() };
        this.current.belongs_to(slf)?;
        let keywords = PyDict::new(py);
        keywords.set_item("default", py.None())?;
        let variable = py.import("contextvars")?.getattr("ContextVar")?.call(("findspot.config",), Some(&keywords))?;
        let _ = this.pins.set(Arc::new(Pins::new(variable.unbind(), this.current.clone())));
        let _ = this.root.set(root);

        let seconds: f64 = settings.get_item("check_seconds")?.map_or(Ok(5.0), |value| value.extract())?;
        let budget = open::budget(seconds);
        let mut shower = Shower { providers: Vec::new(), secrets: secrets.clone() };
        // An index that goes with the store takes part from the first version on, so nothing is published that it refuses.
        let index = open::index_of(&sources)?;
        match open::providers(sources, &shared)? {
            Ok(providers) => shower.providers = providers,
            Err(found) => return Ok(Some((shower.refused(&found, 0, None), None))),
        }
        options.providers = shower.providers.clone();
        options.guards = open::guards(py, &shared)?;
        options.keep = settings.get_item("keep")?.map_or(Ok(16), |value| value.extract())?;
        options.audit = text("audit")?.map(Into::into);
        options.last_good = text("last_good")?.map(Into::into);
        options.attached = vec![Arc::new(Slot { current: this.current.clone() })];
        if hooks.getattr("own_checks")?.is_truthy()? {
            options.checks = vec![Arc::new(OwnChecks { shared: shared.clone(), budget })];
        }
        let numbering = Some(Arc::clone(&options.numbering));
        let followed = index.as_ref().map(|(index, folder)| following(slf, index, folder.clone(), numbering)).transpose()?;
        if let Some((follower, judges)) = &followed {
            options.attached.push(Arc::<Follower>::clone(follower));
            options.guards.push(Arc::<Judges>::clone(judges));
        }
        match py.detach(|| Store::open(options)) {
            Err(report) => Ok(Some((py.detach(|| shower.report(&report, None)), None))),
            Ok((store, _)) => {
                let version = store.pin();
                let _ = this.inner.set(Inner { store, shared, shower, budget, closed: AtomicBool::new(false) });
                Self::adopt(slf, &version)?;
                if let Some(inner) = this.inner.get()
                    && text("folder")?.is_some()
                    && kind_of_place != "read"
                {
                    py.detach(|| inner.store.follow());
                }
                let (Some((index, _)), Some((follower, judges))) = (index, followed) else { return Ok(None) };
                let mut said = py.detach(|| follower.absent(&version)).unwrap_or_default();
                said.extend(py.detach(|| judges.missing(&version)));
                index.get().follow(slf.clone().unbind(), follower);
                if said.is_empty() { Ok(None) } else { this.refused(py, &Problems(said)).map(Some) }
            }
        }
    }

    /// The number of the version that is current.
    #[getter]
    fn version(&self, py: Python<'_>) -> PyResult<u64> {
        self.current.read(py, |current| current.version.number())
    }

    /// One version for a request: `with store.pin() as config`.
    ///
    /// The pin is in a context variable: tasks and `asyncio.to_thread` inherit it, and `pinned()`, `for_unit` and derived values are of
    /// that version, also when it is long retired. A pin inside a pin is the same version unless another is asked for. After the
    /// end of the `with` nothing keeps the version: a task that was started inside and lives longer sees it as long as it is current or pinned by
    /// others, then the current one. Use the result at once, in one `with`.
    ///
    /// Args:
    ///     version: an older version that is kept; None is the current one.
    ///     fresh: inside a pin, the current version in the place of the pinned one.
    ///
    /// Returns: a context manager that gives the view.
    /// Errors: `ConfigError` for a version that is not kept.
    /// Concurrency: takes no lock. Cost: some 250 ns.
    ///
    /// Example:
    ///     >>> from findspot.config import Mapping, Store
    ///     >>> store = Store(sources=[Mapping({"a": 1})])
    ///     >>> with store.pin() as config:
    ///     ...     _ = store.patch({"a": 2})
    ///     ...     print(config.a, store.pinned().a, store.current.a)
    ///     1 1 2
    ///     >>> with store.pin(version=1) as old:
    ///     ...     old.a
    ///     1
    #[pyo3(signature = (version = None, *, fresh = false))]
    fn pin(&self, py: Python<'_>, version: Option<Bound<'_, PyAny>>, fresh: bool) -> PyResult<Py<PyAny>> {
        let version = version.map(|version| numbers::version(&version, "pin: version")).transpose()?;
        let pins = self.pins.get().ok_or_else(|| PyRuntimeError::new_err("the configuration store was never opened"))?;
        let view = match (version, pins.pinned(py)?) {
            (Some(number), _) => {
                let inner = self.inner(py)?;
                let found = py.detach(|| inner.store.version(number)).map_err(|refusal| answers::refusal(py, &refusal))?;
                view_of_version(py, &inner.shared.root, &found)?.unbind()
            }
            (None, None) => return self.current.read(py, |current| current.pin.manager(py)),
            (None, Some(held)) if !fresh => held.unbind(),
            (None, Some(_)) => self.current.read(py, |current| current.view.clone_ref(py))?,
        };
        pins.pin(py, view)
    }

    /// The version that is pinned here; the current one when none is.
    ///
    /// Concurrency: takes no lock. Cost: some tens of nanoseconds.
    ///
    /// Example:
    ///     >>> from findspot.config import Mapping, Store
    ///     >>> Store(sources=[Mapping({"a": 1})]).pinned().a
    ///     1
    fn pinned(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.held(py)? {
            Some(held) => Ok(held.unbind()),
            None => self.current.read(py, |current| current.view.clone_ref(py)),
        }
    }

    #[pyo3(signature = (actor, reason, force, /))]
    fn _reload(&self, py: Python<'_>, actor: String, reason: String, force: bool) -> PyResult<Answer> {
        self.changed(py, |store| Ok(store.reload(&By { force, ..by(actor, reason) })))
    }

    #[pyo3(signature = (pairs, expected, actor, reason, force, /))]
    fn _patch(
        &self,
        py: Python<'_>,
        pairs: Pairs,
        expected: Option<Bound<'_, PyAny>>,
        actor: String,
        reason: String,
        force: bool,
    ) -> PyResult<Answer> {
        let current = self.version(py)?;
        let expected = expected.map(|seen| numbers::expected(&seen, "patch: expect_version", current)).transpose()?;
        match changes(pairs) {
            Err(found) => self.refused(py, &found),
            Ok(changes) => self.changed(py, |store| store.patch(&changes, expected, &By { force, ..by(actor, reason) })),
        }
    }

    #[pyo3(signature = (paths, actor, reason, /))]
    fn _unpatch(&self, py: Python<'_>, paths: Vec<String>, actor: String, reason: String) -> PyResult<Answer> {
        let paths: Result<Vec<Path>, _> = paths.iter().map(|path| path.parse()).collect();
        let paths = paths.map_err(|error| answers::no_path(&error))?;
        self.changed(py, |store| store.unpatch(&paths, None, &by(actor, reason)))
    }

    #[pyo3(signature = (pairs, /))]
    fn _stage(&self, py: Python<'_>, pairs: Option<Pairs>) -> PyResult<(Answer, Option<Py<ConfigCandidate>>)> {
        let inner = self.inner(py)?;
        let changes = match pairs.map(changes).transpose() {
            Ok(changes) => changes,
            Err(found) => return Ok((self.refused(py, &found)?, None)),
        };
        match py.detach(|| inner.store.stage(changes.as_deref())) {
            Err(report) => Ok((inner.answer(py, py.detach(|| inner.told(&report, None)))?, None)),
            Ok(staged) => {
                let base = inner.store.pin();
                let sides = (base.document().clone(), staged.document().clone());
                let native = Py::new(py, ConfigDiff::new(sides.0, sides.1, inner.shared.secrets.clone()))?;
                let text = py.detach(|| inner.shower.report(&staged.report, Some(base.document())));
                let candidate = ConfigCandidate { staged, root: inner.shared.root.clone() };
                Ok(((text, Some(native)), Some(Py::new(py, candidate)?)))
            }
        }
    }

    #[pyo3(signature = (candidate, actor, reason, /))]
    fn _publish_staged(&self, py: Python<'_>, candidate: &Bound<'_, ConfigCandidate>, actor: String, reason: String) -> PyResult<Answer> {
        let staged = &candidate.get().staged;
        self.changed(py, |store| store.publish_staged(staged, &by(actor, reason)))
    }

    #[pyo3(signature = (version, actor, reason, /))]
    fn _rollback(&self, py: Python<'_>, version: &Bound<'_, PyAny>, actor: String, reason: String) -> PyResult<Answer> {
        let version = numbers::version(version, "rollback: version")?;
        self.changed(py, |store| store.rollback(version, &by(actor, reason)))
    }

    #[pyo3(signature = (actor, reason, /))]
    fn _resume(&self, py: Python<'_>, actor: String, reason: String) -> PyResult<Answer> {
        self.changed(py, |store| Ok(store.resume(&by(actor, reason))))
    }

    #[pyo3(signature = (patterns, function, /))]
    fn _subscribe(&self, py: Python<'_>, patterns: Vec<String>, function: Py<PyAny>) -> PyResult<()> {
        let inner = self.inner(py)?;
        let patterns: Result<Vec<Pattern>, _> = patterns.iter().map(|pattern| pattern.parse()).collect();
        let patterns = patterns.map_err(|error| answers::no_path(&error))?;
        let subscriber = Arc::new(OwnSubscriber { shared: inner.shared.clone(), function });
        py.detach(|| inner.store.subscribe(patterns, subscriber));
        Ok(())
    }

    /// What was derived under a name for the version of a view; none when it is older than the derivation.
    #[pyo3(signature = (name, view, /))]
    fn _derived(&self, py: Python<'_>, name: &str, view: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let inner = self.inner(py)?;
        let made = |version: &Version| {
            let value = version.derived(name)?;
            value.downcast_ref::<Made>().map(|made| made.0.clone_ref(py))
        };
        if let Some(found) = version_of_view(view).and_then(|version| made(&version)) {
            return Ok(Some(found));
        }
        // Of a part of a view, or derived since the view was made.
        let number = number_of_view(view)?;
        let current = inner.store.pin();
        if number > 0 && current.number() == number {
            return Ok(made(&current));
        }
        Ok(inner.store.kept(number).and_then(|version| made(&version)))
    }

    #[pyo3(signature = (old, new, /))]
    fn _diff(&self, py: Python<'_>, old: &Bound<'_, PyAny>, new: Option<Bound<'_, PyAny>>) -> PyResult<ConfigDiff> {
        let inner = self.inner(py)?;
        let old = numbers::version(old, "diff: old")?;
        let new = new.map_or_else(|| self.version(py), |new| numbers::version(&new, "diff: new"))?;
        let found = py.detach(|| Ok((inner.store.version(old)?, inner.store.version(new)?)));
        let (old, new) = found.map_err(|refusal| answers::refusal(py, &refusal))?;
        Ok(ConfigDiff::new(old.document().clone(), new.document().clone(), inner.shared.secrets.clone()))
    }

    /// From this store's current content to another's.
    #[pyo3(signature = (other, /))]
    fn _difference(&self, py: Python<'_>, other: &Bound<'_, Self>) -> PyResult<ConfigDiff> {
        let (inner, theirs) = (self.inner(py)?, other.get().inner(py)?);
        let (old, new) = (inner.store.pin(), theirs.store.pin());
        Ok(ConfigDiff::new(old.document().clone(), new.document().clone(), inner.shared.secrets.clone()))
    }

    fn _history(&self, py: Python<'_>) -> PyResult<String> {
        let inner = self.inner(py)?;
        let current = self.version(py)?;
        Ok(py.detach(|| answers::history(&inner.store.history(), current)))
    }

    #[pyo3(signature = (path, /))]
    fn _explain(&self, py: Python<'_>, path: &str) -> PyResult<Option<String>> {
        let inner = self.inner(py)?;
        let path: Path = path.parse().map_err(|error| answers::no_path(&error))?;
        Ok(py.detach(|| answers::explanation(&inner.store, &path, &inner.shared.secrets)))
    }

    #[pyo3(signature = (name, paths, /))]
    fn _derive(&self, py: Python<'_>, name: String, paths: Vec<String>) -> PyResult<Answer> {
        let inner = self.inner(py)?;
        let inputs: Result<Vec<Path>, _> = paths.iter().map(|path| path.parse()).collect();
        let inputs = inputs.map_err(|error| answers::no_path(&error))?;
        let derive = Arc::new(OwnDerive { shared: inner.shared.clone(), name, inputs, budget: inner.budget });
        let found = py.detach(|| inner.store.add_derive(derive)).err().unwrap_or_default();
        self.refused(py, &found)
    }

    fn _drift(&self, py: Python<'_>) -> PyResult<String> {
        let inner = self.inner(py)?;
        Ok(py.detach(|| answers::drift(&inner.store.drift())))
    }

    fn _metrics(&self, py: Python<'_>) -> PyResult<String> {
        let inner = self.inner(py)?;
        logging::hand_over(py);
        Ok(py.detach(|| answers::metrics(&inner.store.metrics())))
    }

    fn _watch(&self, py: Python<'_>) -> PyResult<()> {
        let inner = self.inner(py)?;
        py.detach(|| inner.store.watch());
        Ok(())
    }

    fn _unwatch(&self, py: Python<'_>) -> PyResult<()> {
        let inner = self.inner(py)?;
        py.detach(|| inner.store.unwatch());
        Ok(())
    }

    #[pyo3(signature = (units, /))]
    fn _set_units(&self, py: Python<'_>, units: Vec<(String, Option<Pairs>)>) -> PyResult<Answer> {
        let inner = self.inner(py)?;
        let mut wanted = Vec::with_capacity(units.len());
        for (unit, pairs) in units {
            match pairs.map(changes).transpose() {
                Ok(changes) => wanted.push((unit, changes)),
                Err(found) => return self.refused(py, &found),
            }
        }
        let found = py.detach(|| inner.store.set_units(&wanted)).err().unwrap_or_default();
        self.refused(py, &found)
    }

    /// One unit's view of the version of a view, with the overlays of that moment.
    #[pyo3(signature = (unit, view, /))]
    fn _for_unit<'py>(&self, py: Python<'py>, unit: &str, view: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let inner = self.inner(py)?;
        let version = match version_of_view(view) {
            Some(version) => version,
            None => {
                let number = number_of_view(view)?;
                py.detach(|| inner.store.version(number)).map_err(|refusal| answers::refusal(py, &refusal))?
            }
        };
        match py.detach(|| version.for_unit(unit)) {
            Ok(document) => view_of(py, &inner.shared.root, &document, version.number()),
            Err(found) => Err(errors::make(py, "ConfigError", &format!("configuration: {found}"), |_| Ok(()))),
        }
    }

    /// Lets an index follow; relative paths of its guard that no file names begin at `folder`. Answers why it cannot, or what is only said.
    #[pyo3(signature = (index, folder, /))]
    fn _attach(slf: &Bound<'_, Self>, index: &Bound<'_, Index>, folder: String) -> PyResult<Option<Answer>> {
        let (py, this) = (slf.py(), slf.get());
        let inner = this.inner(py)?;
        let (follower, judges) = following(slf, index, folder, None)?;
        let followed = Arc::clone(&follower);
        match py.detach(|| inner.store.attach(followed)) {
            Err(found) => this.refused(py, &found).map(Some),
            Ok(mut said) => {
                said.extend(py.detach(|| judges.missing(&inner.store.pin())));
                inner.store.add_guard(judges);
                index.get().follow(slf.clone().unbind(), follower);
                if said.is_empty() { Ok(None) } else { this.refused(py, &Problems(said)).map(Some) }
            }
        }
    }

    /// What was refused elsewhere, with the places that this store's sources have for it: JSON, or nothing where they do not say it.
    #[pyo3(signature = (refused, /))]
    fn _placed(&self, py: Python<'_>, refused: Vec<(String, String, String, Option<String>)>) -> PyResult<Vec<Option<String>>> {
        let inner = self.inner(py)?;
        let one = |(path, expected, got, hint): (String, String, String, Option<String>)| {
            let version = inner.store.pin();
            let path: Path = path.parse().ok()?;
            let node = near(version.document(), &path)?;
            let mut problem = Problem::new("refused", path, expected, got).at_node(&node);
            problem.hint = hint;
            Some(inner.shower.refused(&problem.into(), version.number(), Some(version.document())))
        };
        Ok(py.detach(|| refused.into_iter().map(one).collect()))
    }

    /// An index follows no more.
    #[pyo3(signature = (index, /))]
    fn _detach(&self, py: Python<'_>, index: &Bound<'_, Index>) {
        if let Some(store) = self.store() {
            let name = index.get().follower_name();
            py.detach(|| store.detach(&name));
        }
    }

    /// In a child of `fork`: what was published and not yet adopted when the fork happened, and the threads.
    fn _after_fork(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        let Some(inner) = this.inner.get().filter(|inner| !inner.closed.load(Ordering::Acquire)) else { return Ok(()) };
        let version = inner.store.pin();
        Self::adopt(slf, &version)?;
        handover::after_fork();
        py.detach(findspot_config::store::after_fork);
        Ok(())
    }

    fn _close(&self, py: Python<'_>) {
        if let Some(inner) = self.inner.get()
            && !inner.closed.swap(true, Ordering::AcqRel)
        {
            py.detach(|| inner.store.close());
        }
    }
}

/// A candidate that was checked and not published.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ConfigCandidate {
    staged: Staged,
    root: Arc<Root>,
}

#[pymethods]
impl ConfigCandidate {
    fn view<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        view_of(py, &self.root, self.staged.document(), 0)
    }
}
