//! Schemas and analysis: JSON texts of the façade, tokens, names.
//!
//! **In**: a schema's JSON, a text. **Out**: a checked [`Schema`], tokens with places in characters. **Law**: a schema is checked whole
//! when the façade makes one, analyzers included, so that later calls meet only schemas that can be.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use findspot_engine::analysis::{self, Analyzers, Token};
use findspot_engine::base::interrupt::{Interrupt, Stop};
use findspot_engine::base::{Error, Result};
use findspot_engine::ingest::{Chunk, RecordSource};
use findspot_engine::schema::infer::Inference;
use findspot_engine::schema::{Field, Schema};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

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

/// Tokens between two questions whether to stop, and Python objects between two looks for signals.
const TOKENS: usize = 4096;

/// The tokens of a text, as the index gets them or as a query asks for them: text, position, start and end in characters.
#[pyfunction]
#[pyo3(signature = (text, analyzer, query, /))]
pub(crate) fn analyze<'py>(py: Python<'py>, text: &str, analyzer: &str, query: bool) -> PyResult<Bound<'py, PyList>> {
    let tokens = gate::run(py, |interrupt| Tokens::of(text, analyzer, query, interrupt))?;
    let list = PyList::empty(py);
    let mut from = 0;
    for (i, &(to, position, start, end)) in tokens.places.iter().enumerate() {
        if i % TOKENS == 0 {
            py.check_signals()?;
        }
        list.append((tokens.texts.get(from..to).unwrap_or_default(), position, start, end))?;
        from = to;
    }
    Ok(list)
}

/// Tokens in two allocations, so that dropping very many of them takes no time.
#[derive(Default)]
struct Tokens {
    /// Their texts, end to end.
    texts: String,
    /// End in `texts`, position, start and end in characters.
    places: Vec<(usize, u32, usize, usize)>,
}

impl Tokens {
    fn of(text: &str, analyzer: &str, query: bool, interrupt: &Interrupt) -> Result<Self> {
        let analyzer = analysis::analyzer(analyzer)?;
        let mut tokens = Self::default();
        // Byte offsets become character offsets in one walk; overlapping tokens step back a little.
        let count = |from: usize, to: usize| text.get(from..to).unwrap_or_default().chars().count();
        let (mut at, mut characters) = (0, 0);
        let mut sink = |token: Token<'_>| {
            if tokens.places.len() % TOKENS == TOKENS - 1
                && let Err(stop) = interrupt.check()
            {
                // An analyzer runs to the end of its text; unwinding (no panic: no hook runs) is the way out before it.
                resume_unwind(Box::new(stop));
            }
            let (start, end) = (token.start as usize, token.end as usize);
            characters = characters + count(at, start) - count(start, at);
            at = start;
            tokens.texts.push_str(token.text);
            tokens.places.push((tokens.texts.len(), token.position, characters, characters + count(start, end)));
        };
        let outcome =
            catch_unwind(AssertUnwindSafe(
                || {
                    if query { analyzer.analyze_query(text, &mut sink) } else { analyzer.analyze(text, &mut sink) }
                },
            ));
        match outcome {
            Ok(()) => Ok(tokens),
            Err(payload) => match payload.downcast::<Stop>() {
                Ok(stop) => Err((*stop).into()),
                Err(panic) => resume_unwind(panic),
            },
        }
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
