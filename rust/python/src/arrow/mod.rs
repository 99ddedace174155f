//! Hits as an Arrow stream.
//!
//! **In**: hits. **Out**: an object with `__arrow_c_stream__`, which polars, pyarrow, pandas and DuckDB read without a copy. **Law**: one
//! batch, one row a hit, in the order of the hits: the key, `_score`, then the fields asked for (all fields without `fields=`).

mod abi;
mod columns;

use std::collections::HashMap;

use findspot_engine::base::{Error, Interrupt, Result};
use findspot_engine::schema::{KeyKind, Schema};
use findspot_engine::search::Hits;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use serde_json::Value;

use abi::{ArrowArrayStream, Data, Type};

use crate::gate;

/// A table of hits that any Arrow library reads.
///
/// `polars.DataFrame(table)`, `pyarrow.table(table)` and `duckdb` take it as it is.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ArrowTable {
    hits: Py<crate::hits::Hits>,
}

impl ArrowTable {
    pub(crate) fn new(hits: Py<crate::hits::Hits>) -> Self {
        Self { hits }
    }
}

#[pymethods]
impl ArrowTable {
    /// The Arrow PyCapsule protocol. A requested schema is a wish that the protocol lets a producer decline; consumers cast.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let hits = self.hits.get().found();
        let stream = gate::run(py, |interrupt| stream(hits, interrupt))?;
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    fn __repr__(&self) -> String {
        format!("ArrowTable({} rows)", self.hits.get().found().len())
    }
}

fn stream(hits: &Hits, interrupt: &Interrupt) -> Result<ArrowArrayStream> {
    let schema = hits.view().schema();
    let asked = hits.fields();
    let documents = documents(hits, interrupt)?;
    let mut types = vec![key_type(schema), columns::leaf("_score", "g", false)];
    let mut columns_ = vec![key_column(schema, hits, interrupt)?, columns::floats(hits.scores().iter().map(|&s| Some(s)))];
    for field in schema.fields() {
        if field.name == schema.key() || asked.is_some_and(|asked| !asked.contains(&field.name)) {
            continue;
        }
        let values: Vec<Option<&Value>> = documents.iter().map(|d| d.get(&field.name).filter(|v| !v.is_null())).collect();
        types.push(columns::field_type(&field.name, &field.kind));
        columns_.push(columns::column(&field.kind, &values));
    }
    let root = Type { format: "+s", name: String::new(), nullable: false, children: types };
    let batch = Data { length: hits.len(), nulls: 0, buffers: vec![None], children: columns_ };
    Ok(ArrowArrayStream::new(root, batch))
}

fn key_type(schema: &Schema) -> Type {
    columns::leaf(schema.key(), if schema.key_kind() == KeyKind::Integer { "l" } else { "U" }, false)
}

fn key_column(schema: &Schema, hits: &Hits, interrupt: &Interrupt) -> Result<Data> {
    let keys = hits.keys(interrupt)?;
    Ok(if schema.key_kind() == KeyKind::Integer {
        columns::integers(keys.iter().map(|key| key.parse().ok()))
    } else {
        columns::texts(keys.iter().map(|key| Some(key.as_str())))
    })
}

fn documents(hits: &Hits, interrupt: &Interrupt) -> Result<Vec<HashMap<String, Value>>> {
    let document = |i| {
        interrupt.check()?;
        serde_json::from_slice(&hits.json(i)?).map_err(|_| Error::Defect("a stored document is no JSON object"))
    };
    (0..hits.len()).map(document).collect()
}
