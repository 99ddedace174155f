//! What stands behind a view: a place in an immutable document, and the plan to fill it by.
//!
//! **In**: a document and a plan. **Out**: filled slots. **Law**: immutable; whoever holds it keeps the arenas of its version alive.

use std::sync::{Arc, OnceLock};

use findspot_config::store::Version;
use findspot_config::{Document, Kind, Node, Path};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFrozenSet, PyTuple};

use super::plan::{ConfigPlan, Plan, Root, TablePlan};
use super::slots;
use super::table::ConfigTable;

/// A table of a document.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ConfigNode {
    pub root: Arc<Root>,
    pub table: Option<Arc<TablePlan>>,
    pub document: Document,
    pub version: u64,
    /// Of a whole view: its version, so that the store knows that somebody reads it.
    pub whole: OnceLock<Arc<Version>>,
}

impl ConfigNode {
    /// A part of the same version, for code of the class's own.
    fn of(&self, document: Document) -> Self {
        Self { root: self.root.clone(), table: None, document, version: self.version, whole: OnceLock::new() }
    }
}

#[pymethods]
impl ConfigNode {
    /// Fills a lazy view; false when another thread was faster.
    #[pyo3(signature = (view, /))]
    fn fill(&self, view: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = view.py();
        let Some(table) = &self.table else { return Ok(false) };
        let lazy = table.lazy.bind(py);
        if !view.get_type().is(lazy) {
            return Ok(false);
        }
        let mut values: Vec<Option<Bound<'_, PyAny>>> = Vec::with_capacity(table.slots.len());
        match &table.build {
            Some(build) => {
                let slf = Bound::new(py, self.of(self.document.clone()))?;
                let made = build.bind(py).call1((slf,))?.cast_into::<PyTuple>()?;
                values.extend(made.iter().map(Some));
            }
            None => {
                let node = self.document.root();
                for slot in &table.slots {
                    values.push(match node.get(&slot.key) {
                        Some(inner) => Some(self.root.value(py, &slot.plan, inner, self.version)?),
                        None => None,
                    });
                }
            }
        }
        // Conversions may have run Python code, and so another thread.
        if !view.get_type().is(lazy) {
            return Ok(false);
        }
        for (slot, value) in table.slots.iter().zip(&values) {
            if let Some(value) = value {
                slots::set(view, slot.name.bind(py), value)?;
            }
        }
        self.root.turn.bind(py).call1((view, table.filled.bind(py)))?;
        Ok(true)
    }

    /// The version that this is of; 0 for a document that was never published.
    #[getter]
    fn version(&self) -> u64 {
        self.version
    }

    /// Equal content has equal numbers.
    fn hash(&self) -> u128 {
        self.document.hash()
    }

    /// Whether the content is equal.
    #[pyo3(signature = (other, /))]
    fn same(&self, other: &Bound<'_, Self>) -> bool {
        self.document == other.get().document
    }

    /// The tables at a path, `*` standing for every key or item, with their own paths.
    #[pyo3(signature = (steps, /))]
    fn find<'py>(&self, py: Python<'py>, steps: Vec<String>) -> PyResult<Vec<(String, Bound<'py, Self>)>> {
        let mut found = vec![(Path::root(), self.document.root())];
        for step in &steps {
            let mut next = Vec::new();
            for (path, node) in found {
                match (step.as_str(), node.kind()) {
                    ("*", Kind::Table) => next.extend(node.items().map(|item| (path.clone().key(item.key()), item))),
                    ("*", Kind::Array) => next.extend(node.items().enumerate().map(|(at, item)| (path.clone().index(at as u32), item))),
                    (key, _) => next.extend(node.get(key).map(|item| (path.key(key), item))),
                }
            }
            found = next;
        }
        let tables = found.into_iter().filter(|(_, node)| node.kind() == Kind::Table);
        tables.map(|(path, node)| Ok((path.to_string(), Bound::new(py, self.of(node.to_document()))?))).collect()
    }

    /// The keys whose values were marked as secrets by who published the version, or hold such values in a list.
    fn marked<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        let marked = self.document.root().items().filter(is_or_holds_marked).map(|item| item.key());
        PyFrozenSet::new(py, marked)
    }

    /// Of a whole configuration: the texts of its secrets, which may stand in no message.
    fn secret_texts(&self, py: Python<'_>) -> Vec<String> {
        let Some(secrets) = self.root.secrets.get() else { return Vec::new() };
        py.detach(|| secrets.texts(&self.document).into_iter().collect())
    }

    /// A path of a whole configuration that may be shown.
    #[pyo3(signature = (path, /))]
    fn public_path(&self, path: &str) -> String {
        match (path.parse::<Path>(), self.root.secrets.get()) {
            (Ok(parsed), Some(secrets)) => secrets.public_path(&parsed, &[&self.document]).to_string(),
            _ => path.to_owned(),
        }
    }

    /// The content as JSON; secrets stand in it.
    fn json<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.document.to_json()))
    }

    /// A view of the content by another plan.
    #[pyo3(signature = (plan, /))]
    fn view<'py>(&self, py: Python<'py>, plan: &Bound<'_, ConfigPlan>) -> PyResult<Bound<'py, PyAny>> {
        let root = &plan.get().root;
        root.value(py, &root.plan, self.document.root(), self.version)
    }
}

pub(super) fn is_or_holds_marked(node: &Node<'_>) -> bool {
    node.is_marked() || (node.kind() == Kind::Array && node.items().any(|item| is_or_holds_marked(&item)))
}

/// The view of a whole document.
pub(crate) fn view_of<'py>(py: Python<'py>, root: &Arc<Root>, document: &Document, version: u64) -> PyResult<Bound<'py, PyAny>> {
    let plan: &Plan = &root.plan;
    root.value(py, plan, document.root(), version)
}

/// The view of a version.
pub(crate) fn view_of_version<'py>(py: Python<'py>, root: &Arc<Root>, version: &Arc<Version>) -> PyResult<Bound<'py, PyAny>> {
    let view = view_of(py, root, version.document(), version.number())?;
    if let Ok(table) = view.cast::<ConfigTable>() {
        let _ = table.get().whole.set(version.clone());
    } else if let Ok(node) = view.getattr(root.node_name.bind(py))?.cast::<ConfigNode>() {
        let _ = node.get().whole.set(version.clone());
    }
    Ok(view)
}

/// The view of a version that differs from a known one only in what stands beside its values: what was read of that one stays read.
pub(crate) fn view_again<'py>(
    py: Python<'py>,
    root: &Arc<Root>,
    known: &Arc<Version>,
    view: &Bound<'py, PyAny>,
    version: &Arc<Version>,
) -> PyResult<Bound<'py, PyAny>> {
    let again = view_of_version(py, root, version)?;
    if !known.document().root().is_same(&version.document().root()) || again.cast::<ConfigTable>().is_ok() {
        return Ok(again);
    }
    let node = again.getattr(root.node_name.bind(py))?;
    let Some(table) = node.cast::<ConfigNode>().ok().and_then(|node| node.get().table.clone()) else { return Ok(again) };
    // A lazy one has nothing to hand on.
    if view.get_type().is(table.filled.bind(py)) {
        for slot in &table.slots {
            if let Ok(value) = view.getattr(slot.name.bind(py)) {
                slots::set(&again, slot.name.bind(py), &value)?;
            }
        }
        root.turn.bind(py).call1((&again, table.filled.bind(py)))?;
    }
    Ok(again)
}

/// The version that a whole view is of; none for a part of one, or one that was never published.
pub(crate) fn version_of_view(view: &Bound<'_, PyAny>) -> Option<Arc<Version>> {
    if let Ok(table) = view.cast::<ConfigTable>() {
        return table.get().whole.get().cloned();
    }
    let node = view.getattr(pyo3::intern!(view.py(), "_findspot_node_")).ok()?;
    node.cast::<ConfigNode>().ok()?.get().whole.get().cloned()
}

/// The number of the version that a view is of.
pub(crate) fn number_of_view(view: &Bound<'_, PyAny>) -> PyResult<u64> {
    if let Ok(node) = view.getattr(pyo3::intern!(view.py(), "_findspot_node_"))
        && let Ok(version) = node.getattr(pyo3::intern!(view.py(), "version"))
    {
        return version.extract();
    }
    let kind = view.get_type().name()?;
    Err(PyTypeError::new_err(format!("expected a view of a store, got {kind}: a view out of a pickle is of no store")))
}
