//! An iterable of Python records as a source of the engine.
//!
//! **In**: an iterator. **Out**: chunks of JSON. **Law**: the interpreter is held for one chunk at a time; an exception of the iterator
//! ends the call as it was raised, with nothing written.

mod json;
mod shape;

pub(crate) use json::write_plain;

use findspot_engine::base::Result;
use findspot_engine::ingest::{Chunk, RecordSource};
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use crate::gate::Raised;
use shape::Shapes;

/// Records and bytes after which a chunk is full: about a millisecond of holding the interpreter.
const RECORDS: usize = 4096;
const BYTES: usize = 1 << 20;

/// The records that an iterator yields.
pub(crate) struct PythonRecords {
    records: Py<PyIterator>,
    shapes: Shapes,
    raised: Raised,
    count: u64,
    done: bool,
}

impl PythonRecords {
    /// Starts to iterate; exceptions go to `raised`.
    pub(crate) fn new(records: &Bound<'_, PyAny>, raised: &Raised) -> PyResult<Self> {
        let records = records.try_iter()?.unbind();
        Ok(Self { records, shapes: Shapes::default(), raised: raised.clone(), count: 0, done: false })
    }

    /// Fills a chunk with what comes next; `false` when nothing does.
    pub(crate) fn fill(&mut self, py: Python<'_>, chunk: &mut Chunk) -> PyResult<bool> {
        chunk.clear();
        if self.done {
            return Ok(false);
        }
        self.read(py, chunk)?;
        Ok(!chunk.is_empty())
    }

    fn read(&mut self, py: Python<'_>, chunk: &mut Chunk) -> PyResult<()> {
        let mut records = self.records.bind(py).clone();
        while chunk.len() < RECORDS && chunk.bytes().len() < BYTES {
            let Some(record) = records.next() else {
                self.done = true;
                return Ok(());
            };
            self.count += 1;
            let record = record?;
            let shapes = &mut self.shapes;
            chunk.push_with(self.count, |out| json::write(&record, shapes, out, 0))?;
        }
        py.check_signals()
    }
}

impl RecordSource for PythonRecords {
    fn next(&mut self, chunk: &mut Chunk) -> Result<bool> {
        Python::attach(|py| self.fill(py, chunk)).map_err(|error| self.raised.stop(error))
    }

    fn name(&self) -> Option<&str> {
        None
    }

    fn progress(&self) -> Option<(u64, u64)> {
        None
    }
}
