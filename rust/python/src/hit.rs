//! One hit, decoded when it is looked into.
//!
//! **In**: a place in the engine's hits. **Out**: `Hit`, a read-only mapping of the stored document with `key` and `score` beside it.

use findspot_engine::search::Hits as Found;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyIterator, PyList, PyString};

use crate::errors;
use crate::hits::Hits;

/// One hit: `hit.key`, `hit.score`, and its stored document as a read-only mapping: `hit["title"]`.
///
/// Values are as they were written, so a date is its text. A member that was not written raises `KeyError`; `hit.get(name)` gives None.
///
/// Concurrency: immutable; it holds the view on which the search ran.
/// Cost: the document is decompressed and decoded once, when first looked into; `key` and `score` do not need it.
///
/// Example:
///     >>> import findspot as fs
///     >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text(), "year": fs.Integer()}))
///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin", "year": 1700}])
///     >>> hit = index.search("gold")[0]
///     >>> hit.key, hit["year"], hit.get("place"), "title" in hit
///     ('k1', 1700, None, True)
///     >>> dict(hit)
///     {'id': 'k1', 'title': 'gold coin', 'year': 1700}
///     >>> index.close()
#[pyclass(frozen, mapping, module = "findspot")]
pub(crate) struct Hit {
    hits: Py<Hits>,
    at: usize,
    document: PyOnceLock<Py<PyDict>>,
}

impl Hit {
    pub(crate) fn new(hits: &Bound<'_, Hits>, at: usize) -> Self {
        Self { hits: hits.clone().unbind(), at, document: PyOnceLock::new() }
    }

    fn found(&self) -> &Found {
        self.hits.get().found()
    }

    fn document<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyDict>> {
        let decode = || -> PyResult<Py<PyDict>> {
            let json = self.found().json(self.at).map_err(|error| errors::to_python(py, &error))?;
            crate::decode::document(py, &json).map(Bound::unbind)
        };
        self.document.get_or_try_init(py, decode).map(|document| document.bind(py))
    }
}

#[pymethods]
impl Hit {
    /// The document's key.
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let key = self.found().key(self.at).map_err(|error| errors::to_python(py, &error))?;
        crate::decode::key(py, self.found().view().schema(), &key)
    }

    /// The document's score for the query; 0.0 when nothing was scored.
    #[getter]
    fn score(&self) -> f64 {
        self.found().scores().get(self.at).copied().unwrap_or_default()
    }

    /// Where the score comes from, with `explain=True`; else None.
    ///
    /// `score` is `points / scale`; `tree` has `points`, `value`, `how`, `description`, and where they apply `field`, `term`, `factor` and
    /// `children`. The points of a part whose `how` is `"sum"` are the sum of those of its children, up to the integer that hits are
    /// ordered by. `profile`, `experiment` and `pin` say what chose the ranking and the place; `text` is all of it as lines.
    #[getter]
    fn explanation<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(explanation) = self.found().explanation(self.at) else { return Ok(None) };
        let told = crate::decode::document(py, explanation.to_json().as_bytes())?;
        told.set_item("text", explanation.to_text())?;
        Ok(Some(told))
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        self.document(py)?.get_item(name)?.ok_or_else(|| PyKeyError::new_err(name.clone().unbind()))
    }

    fn __contains__(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.document(py)?.contains(name)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.document(py)?.len())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.document(py)?.try_iter()
    }

    /// The names of the document's members: a new list.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Ok(self.document(py)?.keys())
    }

    /// The values of the document's members: a new list.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Ok(self.document(py)?.values())
    }

    /// Names and values of the document's members: a new list of pairs.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Ok(self.document(py)?.items())
    }

    /// A member's value, or `default` when it was not written.
    #[pyo3(signature = (name, default = None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.document(py)?.get_item(name)?.or(default))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Hit(key={}, score={:.4}, {})", self.key(py)?.repr()?, self.score(), self.document(py)?.repr()?))
    }
}
