//! What a search found: one native object, lazy per hit.
//!
//! **In**: the engine's hits. **Out**: `Hits` and `Hit`. **Law**: nothing is decoded before it is asked for; a document is decoded once
//! per `Hit`. Both are immutable and hold the view on which the search ran, so they stay valid whatever is written meanwhile.
//! The texts that users read are here, where `help()` finds them; `_native.pyi` repeats them for editors, and a test compares both.

use std::sync::atomic::{AtomicUsize, Ordering};

use findspot_engine::search::Hits as Found;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PySlice};

use crate::arrow::ArrowTable;
use crate::gate;
use crate::hit::Hit;
use crate::scores::Scores;

/// Up to so many keys are read without letting go of the interpreter: some microseconds.
const INLINE_KEYS: usize = 128;

/// What a search found, best first: a sequence of `Hit`.
///
/// `len(hits)`, `hits[0]`, `hits[:3]` and iteration work as with a list; everything is read from the index when it is asked for.
///
/// Concurrency: immutable; threads may share it. It holds the view on which the search ran, so later writes do not change it.
/// Cost: 8 bytes of score and 8 of place a hit; a document is decompressed and decoded when its `Hit` is first looked into.
///
/// Example:
///     >>> import findspot as fs
///     >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}, {"id": "k2", "title": "silver coin"}])
///     >>> hits = index.search("gold coin")
///     >>> [hit["title"] for hit in hits]
///     ['gold coin', 'silver coin']
///     >>> len(hits), hits.total, hits.total_relation
///     (2, 2, 'eq')
///     >>> index.close()
#[pyclass(frozen, sequence, module = "findspot")]
pub(crate) struct Hits {
    found: Found,
}

impl Hits {
    pub(crate) fn new(found: Found) -> Self {
        Self { found }
    }

    pub(crate) fn found(&self) -> &Found {
        &self.found
    }
}

#[pymethods]
impl Hits {
    fn __len__(&self) -> usize {
        self.found.len()
    }

    fn __getitem__<'py>(slf: &Bound<'py, Self>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (py, length) = (slf.py(), slf.get().found.len());
        if let Ok(slice) = index.cast::<PySlice>() {
            let range = slice.indices(length as isize)?;
            let places = (0..range.slicelength).map(|i| (range.start + i as isize * range.step) as usize);
            let hits = places.map(|i| Bound::new(py, Hit::new(slf, i))).collect::<PyResult<Vec<_>>>()?;
            return Ok(PyList::new(py, hits)?.into_any());
        }
        let index = index.extract::<isize>()?;
        let at = if index < 0 { index + length as isize } else { index };
        match usize::try_from(at) {
            Ok(at) if at < length => Ok(Bound::new(py, Hit::new(slf, at))?.into_any()),
            _ => Err(PyIndexError::new_err(format!("hits: expected an index below {length}, got {index}"))),
        }
    }

    fn __iter__(slf: Bound<'_, Self>) -> HitIterator {
        HitIterator { hits: slf.unbind(), next: AtomicUsize::new(0) }
    }

    fn __repr__(&self) -> String {
        let found = &self.found;
        let total = match (found.total(), found.relation().as_str()) {
            (None, _) => "an unknown number".to_owned(),
            (Some(total), "eq") => total.to_string(),
            (Some(total), _) => format!("at least {total}"),
        };
        format!("Hits({} of {total}{}, {:.1} ms)", found.len(), if found.partial() { ", partial" } else { "" }, found.took() * 1e3)
    }

    /// How many documents match: exact when `total_relation` is `"eq"`, a lower bound when it is `"gte"`, None with `count="none"`.
    #[getter]
    fn total(&self) -> Option<u64> {
        self.found.total()
    }

    /// `"eq"` or `"gte"`: how `total` is to be read.
    #[getter]
    fn total_relation(&self) -> &'static str {
        self.found.relation().as_str()
    }

    /// Whether the time ran out before every document was looked at.
    #[getter]
    fn partial(&self) -> bool {
        self.found.partial()
    }

    /// How the hits were found: `"pruned"` looked only at what could still win, `"sorted"` passed over parts of a column that could not be
    /// among the first, `"counted"` looked for no hits at all, `"exhaustive"` looked at every document that matches. The hits are the same.
    #[getter]
    fn executor(&self) -> &'static str {
        self.found.executor().as_str()
    }

    /// What was cut or taken as plain text, one sentence each.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.found.warnings().to_vec()
    }

    /// Time the search took, in seconds.
    #[getter]
    fn took(&self) -> f64 {
        self.found.took()
    }

    /// The commit on which the search ran: the manifest's number, the same in every process.
    #[getter]
    fn index_generation(&self) -> u64 {
        self.found.index_generation()
    }

    /// How many refreshes of this handle came after that commit.
    #[getter]
    fn index_refresh(&self) -> u64 {
        self.found.index_refresh()
    }

    /// The version of the ranking configuration on which the search ran.
    #[getter]
    fn config_version(&self) -> u64 {
        self.found.config_version()
    }

    /// The keys of all hits, best first: a new list.
    #[getter]
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let schema = self.found.view().schema();
        if self.found.len() > INLINE_KEYS {
            let keys = gate::run(py, |interrupt| self.found.keys(interrupt))?;
            let keys = keys.iter().map(|key| crate::decode::key(py, schema, key)).collect::<PyResult<Vec<_>>>()?;
            return PyList::new(py, keys);
        }
        // One by one through one buffer; then the list at its full length, which does not grow.
        let (mut keys, mut key) = (Vec::with_capacity(self.found.len()), String::new());
        for i in 0..self.found.len() {
            gate::inline(py, || self.found.read_key(i, &mut key))?;
            keys.push(crate::decode::key(py, schema, &key)?);
        }
        PyList::new(py, keys)
    }

    /// The scores of all hits, best first: a read-only buffer of float64 (`np.asarray(hits.scores)` copies nothing).
    #[getter]
    fn scores(slf: &Bound<'_, Self>) -> Scores {
        Scores::new(slf)
    }

    /// All hits as plain values: `[{"key": …, "score": …, "document": {…}}, …]`.
    ///
    /// Returns: a new list; documents hold the fields that `fields=` asked for, as they were written.
    /// Errors: `CorruptionError` when a stored block is damaged.
    ///
    /// Example:
    ///     >>> import findspot as fs
    ///     >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
    ///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}])
    ///     >>> index.search("").to_list()
    ///     [{'key': 'k1', 'score': 0.0, 'document': {'id': 'k1', 'title': 'gold coin'}}]
    ///     >>> index.close()
    fn to_list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let json = gate::run(py, |interrupt| self.found.to_json(interrupt))?;
        crate::decode::value(py, &json)
    }

    /// The same as `to_list`, as UTF-8 JSON ready for a response.
    ///
    /// Errors: `CorruptionError` when a stored block is damaged.
    /// Cost: a copy of the stored bytes; nothing is parsed.
    ///
    /// Example:
    ///     >>> import findspot as fs
    ///     >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
    ///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}])
    ///     >>> import json
    ///     >>> json.loads(index.search("gold").to_json())[0]["key"]
    ///     'k1'
    ///     >>> index.close()
    fn to_json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &gate::run(py, |interrupt| self.found.to_json(interrupt))?))
    }

    /// All hits as an Arrow table: the key, `_score`, then the fields (those of `fields=`, else all of the schema).
    ///
    /// Returns: an object with `__arrow_c_stream__`: `polars.DataFrame(hits.to_arrow())`, `pyarrow.table(hits.to_arrow())`.
    /// Errors: `CorruptionError` when a stored block is damaged, raised when the table is read.
    /// Cost: parses each document once, when the table is read.
    ///
    /// Example:
    ///     >>> import findspot as fs
    ///     >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
    ///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}])
    ///     >>> index.search("gold").to_arrow()
    ///     ArrowTable(1 rows)
    ///     >>> index.close()
    fn to_arrow(slf: Bound<'_, Self>) -> ArrowTable {
        ArrowTable::new(slf.unbind())
    }
}

/// Walks the hits once.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct HitIterator {
    hits: Py<Hits>,
    next: AtomicUsize,
}

#[pymethods]
impl HitIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> Option<Hit> {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        (at < self.hits.get().found.len()).then(|| Hit::new(self.hits.bind(py), at))
    }

    fn __length_hint__(&self) -> usize {
        self.hits.get().found.len().saturating_sub(self.next.load(Ordering::Relaxed))
    }
}
