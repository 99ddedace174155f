//! Schemas and analysis: JSON texts of the façade, tokens, names.
//!
//! **In**: a schema's JSON, a text. **Out**: a checked [`Schema`], tokens with places in characters. **Law**: a schema is checked whole
//! when the façade makes one, analyzers included, so that later calls meet only schemas that can be.

use findspot_engine::analysis::{self, Analyzers, Token};
use findspot_engine::base::{Error, Result};
use findspot_engine::ingest::{Chunk, RecordSource};
use findspot_engine::schema::infer::Inference;
use findspot_engine::schema::{Field, Schema};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::gate::{self, Raised};
use crate::records::PythonRecords;
use crate::writing;

fn unreadable(error: &serde_json::Error) -> Error {
    Error::Schema { path: String::new(), expected: "a schema as findspot writes it".into(), got: error.to_string() }
}

/// The schema that the façade wrote.
pub(crate) fn read(json: &str) -> Result<Schema> {
    let schema = Schema::from_json(json.as_bytes())?;
    Analyzers::of(schema.analyzers())?;
    Ok(schema)
}

/// A schema as the façade reads it.
pub(crate) fn write(schema: &Schema) -> Result<String> {
    serde_json::to_string(schema).map_err(|_| Error::Defect("a schema that has no JSON"))
}

/// Fields that `alter` adds.
pub(crate) fn read_fields(json: &str) -> Result<Vec<Field>> {
    serde_json::from_str(json).map_err(|error| unreadable(&error))
}

/// Refuses a schema that cannot be.
#[pyfunction]
#[pyo3(signature = (json, /))]
pub(crate) fn check_schema(py: Python<'_>, json: &str) -> PyResult<()> {
    gate::inline(py, || read(json).map(|_| ()))
}

/// The names of all analyzers, sorted.
#[pyfunction]
pub(crate) fn analyzers() -> Vec<&'static str> {
    let mut names: Vec<_> = analysis::names().collect();
    names.sort_unstable();
    names
}

/// Text, position, start and end in characters.
type Parts = (String, u32, usize, usize);

/// The tokens of a text, as the index gets them or as a query asks for them.
#[pyfunction]
#[pyo3(signature = (text, analyzer, query, /))]
pub(crate) fn analyze(py: Python<'_>, text: &str, analyzer: &str, query: bool) -> PyResult<Vec<Parts>> {
    gate::run(py, |_| {
        let analyzer = analysis::analyzer(analyzer)?;
        let mut tokens: Vec<Parts> = Vec::new();
        let mut sink = |token: Token<'_>| tokens.push((token.text.to_owned(), token.position, token.start as usize, token.end as usize));
        if query {
            analyzer.analyze_query(text, &mut sink);
        } else {
            analyzer.analyze(text, &mut sink);
        }
        count_characters(text, &mut tokens);
        Ok(tokens)
    })
}

/// Byte offsets become character offsets, in one walk over the text.
fn count_characters(text: &str, tokens: &mut [Parts]) {
    let mut offsets: Vec<usize> = tokens.iter().flat_map(|token| [token.2, token.3]).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let (mut at, mut characters) = (0, 0);
    let mut counted = Vec::with_capacity(offsets.len());
    for &offset in &offsets {
        characters += text.get(at..offset).unwrap_or_default().chars().count();
        at = offset;
        counted.push(characters);
    }
    let find = |offset: usize| offsets.binary_search(&offset).ok().and_then(|i| counted.get(i)).copied().unwrap_or_default();
    for token in tokens {
        (token.2, token.3) = (find(token.2), find(token.3));
    }
}

/// The schema that fits a path or an iterable (its first `limit` records), as JSON, and the report to print.
#[pyfunction]
#[pyo3(signature = (source, key, limit, /))]
pub(crate) fn infer(py: Python<'_>, source: &Bound<'_, PyAny>, key: Option<&str>, limit: u64) -> PyResult<(String, String)> {
    let raised = Raised::default();
    let (mut source, limit): (Box<dyn RecordSource>, u64) = match source.cast::<PyString>() {
        Ok(path) => {
            let path = path.to_str()?;
            (gate::inline(py, || writing::open(path, None, &raised))?, u64::MAX)
        }
        Err(_) => (Box::new(PythonRecords::new(source, &raised)?), limit),
    };
    gate::run_with(py, &raised, None, |interrupt| {
        let mut seen = Inference::default();
        let mut chunk = Chunk::default();
        while seen.records() < limit && source.next(&mut chunk)? {
            interrupt.check()?;
            for (json, _) in chunk.iter().take(usize::try_from(limit - seen.records()).unwrap_or(usize::MAX)) {
                seen.observe(json);
            }
        }
        let (schema, report) = seen.finish(key, "standard")?;
        Ok((write(&schema)?, report.to_string()))
    })
}
