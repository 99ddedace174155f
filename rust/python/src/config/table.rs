//! A read-only mapping over a table of a document: large tables, and keys that are data.
//!
//! **In**: a document and the plan of its values. **Out**: `ConfigTable`. **Law**: immutable; a value is made when it is first asked for
//! and then kept, so the second read is one of a dict.

use std::sync::{Arc, OnceLock};

use findspot_config::Document;
use findspot_config::store::Version;
use pyo3::exceptions::{PyAttributeError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyString};

use super::node::ConfigNode;
use super::plan::{Plan, Root};

/// A table that is read by key. Compares equal to any mapping with the same items.
#[pyclass(frozen, mapping, module = "findspot._native")]
pub(crate) struct ConfigTable {
    root: Arc<Root>,
    values: Option<Arc<Plan>>,
    document: Document,
    version: u64,
    made: Py<PyDict>,
    /// Of a whole configuration: its version, so that the store knows that somebody reads it.
    pub(crate) whole: OnceLock<Arc<Version>>,
}

impl ConfigTable {
    pub(crate) fn make<'py>(
        py: Python<'py>,
        root: Arc<Root>,
        values: Option<Arc<Plan>>,
        document: Document,
        version: u64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = Self { root, values, document, version, made: PyDict::new(py).unbind(), whole: OnceLock::new() };
        Ok(Bound::new(py, table)?.into_any())
    }

    fn find<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let made = self.made.bind(py);
        if let Some(known) = made.get_item(name)? {
            return Ok(Some(known));
        }
        let Ok(name) = name.cast::<PyString>() else { return Ok(None) };
        let Some(node) = self.document.root().get(&name.to_string_lossy()) else { return Ok(None) };
        let plan = match self.values.as_deref() {
            Some(plan) => plan,
            None if self.root.hides(node, false) => &Plan::Hidden,
            None => &Plan::Any,
        };
        let value = self.root.value(py, plan, node, self.version)?;
        // Another thread may have been faster while a conversion ran: all get the same object.
        Ok(Some(made.call_method1("setdefault", (name, value))?))
    }

    fn keys_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.document.root().items().map(|item| item.key()).collect::<Vec<_>>())
    }
}

#[pymethods]
impl ConfigTable {
    fn __getitem__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, name)?.ok_or_else(|| PyKeyError::new_err(name.clone().unbind()))
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, name)?.ok_or_else(|| PyAttributeError::new_err(format!("this table has no key {name}")))
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        name.cast::<PyString>().is_ok_and(|name| self.document.root().get(&name.to_string_lossy()).is_some())
    }

    fn __len__(&self) -> usize {
        self.document.root().len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.keys_of(py)?.try_iter()
    }

    #[pyo3(signature = (name, default = None, /))]
    fn get<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>, default: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.find(py, name)?.or(default).unwrap_or_else(|| py.None().into_bound(py)))
    }

    fn keys<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        abc(slf, "KeysView")
    }

    fn items<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        abc(slf, "ItemsView")
    }

    fn values<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        abc(slf, "ValuesView")
    }

    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Ok(other) = other.cast::<Self>() {
            return Ok(slf.get().document == other.get().document);
        }
        let mapping = slf.py().import("collections.abc")?.getattr("Mapping")?;
        if !other.is_instance(&mapping)? {
            return Ok(false);
        }
        let dict = slf.py().get_type::<PyDict>();
        dict.call1((slf,))?.eq(dict.call1((other,))?)
    }

    /// The content has a hash: it cannot change.
    fn __hash__(&self) -> u64 {
        self.document.hash() as u64
    }

    /// For pickles and copies: a mapping that hangs on no store.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyAny>,))> {
        let views = slf.py().import("findspot.config.views")?;
        Ok((views.getattr("table_again")?, (views.getattr("for_pickle")?.call1((slf,))?,)))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        slf.py().import("findspot.config.views")?.getattr("shown")?.call1((slf,))?.extract()
    }

    /// Whether what stands under a key is a secret.
    #[pyo3(signature = (key, /))]
    fn _findspot_hides_(&self, key: &str) -> bool {
        let hidden = matches!(self.values.as_deref(), Some(Plan::Hidden));
        hidden || self.document.root().get(key).is_some_and(|node| self.root.hides(node, hidden))
    }

    /// Whether all of it is a secret.
    #[getter]
    fn _findspot_hidden_(&self) -> bool {
        matches!(self.values.as_deref(), Some(Plan::Hidden))
    }

    #[getter]
    fn _findspot_node_<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, ConfigNode>> {
        Bound::new(
            py,
            ConfigNode {
                root: self.root.clone(),
                table: None,
                document: self.document.clone(),
                version: self.version,
                whole: OnceLock::new(),
            },
        )
    }
}

fn abc<'py>(table: &Bound<'py, ConfigTable>, class: &str) -> PyResult<Bound<'py, PyAny>> {
    table.py().import("collections.abc")?.getattr(class)?.call1((table,))
}
