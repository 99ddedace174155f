//! Arguments of a search → the engine's request.
//!
//! **In**: what Python passed. **Out**: [`SearchRequest`]. **Law**: a wrong type is a `TypeError`, a value out of range a `ValueError`,
//! both naming the argument; the engine never sees either.

use std::time::Duration;

use findspot_engine::base::Result as EngineResult;
use findspot_engine::query::{Filter, Query};
use findspot_engine::schema::microseconds;
use findspot_engine::search::{CountMode, FilterInput, OnTimeout, QueryInput, SearchRequest};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::gate;

/// A query string or a typed query. A lone surrogate, which no text can hold, becomes U+FFFD: user text never raises.
pub(crate) fn query<'a>(argument: &str, value: &'a Bound<'_, PyAny>) -> PyResult<QueryInput<'a>> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(QueryInput::Text(text.to_string_lossy()));
    }
    match tree(value, Query::from_json)? {
        Some(tree) => Ok(QueryInput::Tree(tree)),
        None => Err(wrong(argument, "str or a query of findspot.query", value)),
    }
}

/// A filter as text or as `col()` expression.
pub(crate) fn filter(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<FilterInput> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(FilterInput::Text(text.to_string_lossy().into_owned()));
    }
    match tree(value, Filter::from_json)? {
        Some(tree) => Ok(FilterInput::Tree(tree)),
        None => Err(wrong(argument, "str or a filter made by col(…)", value)),
    }
}

/// The engine's reading of an object that can write itself as JSON.
fn tree<T: Send>(value: &Bound<'_, PyAny>, read: impl FnOnce(&[u8]) -> EngineResult<T> + Send) -> PyResult<Option<T>> {
    let py = value.py();
    let Some(json) = value.getattr_opt(intern!(py, "_json"))? else { return Ok(None) };
    let json = json.call0()?;
    let json = json.cast::<PyString>()?.to_str()?;
    gate::inline(py, || read(json.as_bytes())).map(Some)
}

pub(crate) fn wrong(argument: &str, expected: &str, got: &Bound<'_, PyAny>) -> PyErr {
    let name = got.get_type().name().map_or_else(|_| "an object".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{argument}: expected {expected}, got {name}"))
}

/// A number of things: 0 or more.
pub(crate) fn size(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    match value.extract::<i64>() {
        Ok(number) if number >= 0 => Ok(number as usize),
        Ok(number) => Err(PyValueError::new_err(format!("{argument}: expected 0 or more, got {number}"))),
        Err(_) if value.hasattr(intern!(value.py(), "__index__"))? => {
            Err(PyValueError::new_err(format!("{argument}: expected a number below 2**63, got {value}")))
        }
        Err(_) => Err(wrong(argument, "int", value)),
    }
}

/// One name or several.
pub(crate) fn names(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if let Ok(one) = value.cast::<PyString>() {
        return Ok(vec![one.to_str()?.to_owned()]);
    }
    let mut names = Vec::new();
    for name in value.try_iter().map_err(|_| wrong(argument, "a name or a list of names", value))? {
        let name = name?;
        names.push(name.cast::<PyString>().map_err(|_| wrong(argument, "names as str", &name))?.to_str()?.to_owned());
    }
    Ok(names)
}

/// Seconds, as a duration.
pub(crate) fn seconds(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let seconds = value.extract::<f64>().map_err(|_| wrong(argument, "seconds as float", value))?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| PyValueError::new_err(format!("{argument}: expected seconds of 0 or more, got {seconds}")))
}

/// A text.
pub(crate) fn text(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(value.cast::<PyString>().map_err(|_| wrong(argument, "str", value))?.to_string_lossy().into_owned())
}

/// A time in microseconds since 1970, from a `datetime` or its text; one without a zone is UTC, as in documents.
fn time(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let written = match value.cast::<PyString>() {
        Ok(text) => text.to_string_lossy().into_owned(),
        Err(_) => {
            let format = value.getattr_opt(intern!(value.py(), "isoformat"))?;
            let format = format.ok_or_else(|| wrong(argument, "a datetime or its ISO 8601 text", value))?;
            format.call0()?.extract::<String>()?
        }
    };
    microseconds(&written)
        .ok_or_else(|| PyValueError::new_err(format!("{argument}: expected a time such as 2026-05-03T10:00:00Z, got {written:?}")))
}

/// One of a few words.
fn word<'a, T>(argument: &str, value: &Bound<'a, PyAny>, known: &'static [(&'static str, T)]) -> PyResult<&'static T> {
    let text = value.cast::<PyString>().map_err(|_| wrong(argument, "str", value))?.to_string_lossy();
    known.iter().find(|(name, _)| *name == text).map(|(_, meaning)| meaning).ok_or_else(|| {
        let names: Vec<String> = known.iter().map(|(name, _)| format!("{name:?}")).collect();
        PyValueError::new_err(format!("{argument}: expected {}, got {text:?}", names.join(" or ")))
    })
}

/// An argument that a caller may leave out. `None` that was passed is given.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a, 'py>(Option<Borrowed<'a, 'py, PyAny>>);

impl<'a, 'py> Given<'a, 'py> {
    /// Left out.
    pub(crate) const NOT: Self = Self(None);

    pub(crate) fn value(&self) -> Option<&Bound<'py, PyAny>> {
        self.0.as_deref()
    }

    /// What was passed, unless it is `None`.
    fn some(&self) -> Option<&Bound<'py, PyAny>> {
        self.value().filter(|value| !value.is_none())
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Given<'a, 'py> {
    type Error = std::convert::Infallible;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        Ok(Self(Some(value)))
    }
}

/// The arguments of `search` beside the query.
pub(crate) struct Arguments<'a, 'py> {
    pub limit: Given<'a, 'py>,
    pub offset: Given<'a, 'py>,
    pub condition: Given<'a, 'py>,
    pub sort: Given<'a, 'py>,
    pub count: Given<'a, 'py>,
    pub fields: Given<'a, 'py>,
    pub timeout: Given<'a, 'py>,
    pub on_timeout: Given<'a, 'py>,
    pub strict: Given<'a, 'py>,
    pub profile: Given<'a, 'py>,
    pub unit: Given<'a, 'py>,
    pub now: Given<'a, 'py>,
    pub near: Given<'a, 'py>,
    pub explain: Given<'a, 'py>,
}

impl Arguments<'_, '_> {
    /// All left out.
    pub(crate) const NONE: Self = Self {
        limit: Given::NOT,
        offset: Given::NOT,
        condition: Given::NOT,
        sort: Given::NOT,
        count: Given::NOT,
        fields: Given::NOT,
        timeout: Given::NOT,
        on_timeout: Given::NOT,
        strict: Given::NOT,
        profile: Given::NOT,
        unit: Given::NOT,
        now: Given::NOT,
        near: Given::NOT,
        explain: Given::NOT,
    };

    /// Writes into a request all but its query.
    pub(crate) fn read(&self, request: &mut SearchRequest<'_>) -> PyResult<()> {
        if let Some(limit) = self.limit.value() {
            request.limit = size("limit", limit)?;
        }
        if let Some(offset) = self.offset.value() {
            request.offset = size("offset", offset)?;
        }
        if let Some(count) = self.count.value() {
            request.count = *word("count", count, &[("up_to", CountMode::UpTo), ("exact", CountMode::Exact), ("none", CountMode::None)])?;
        }
        if let Some(what) = self.on_timeout.value() {
            request.on_timeout = *word("on_timeout", what, &[("partial", OnTimeout::Partial), ("raise", OnTimeout::Raise)])?;
        }
        if let Some(strict) = self.strict.value() {
            request.strict = strict.is_truthy()?;
        }
        if let Some(condition) = self.condition.some() {
            request.filter = Some(filter("where", condition)?);
        }
        if let Some(sort) = self.sort.some() {
            request.sort = names("sort", sort)?;
        }
        if let Some(fields) = self.fields.some() {
            request.fields = Some(names("fields", fields)?);
        }
        if let Some(timeout) = self.timeout.some() {
            request.timeout = Some(seconds("timeout", timeout)?);
        }
        if let Some(name) = self.profile.some() {
            request.profile = Some(text("profile", name)?.into());
        }
        if let Some(unit) = self.unit.some() {
            request.unit = Some(text("unit", unit)?.into());
        }
        if let Some(now) = self.now.some() {
            request.now = Some(time("now", now)?);
        }
        if let Some(near) = self.near.some() {
            request.near = Some(near.extract::<(f64, f64)>().map_err(|_| wrong("near", "(latitude, longitude)", near))?);
        }
        if let Some(explain) = self.explain.value() {
            request.explain = explain.is_truthy()?;
        }
        Ok(())
    }

    /// Whether what is refused may stand in a text, so that its position is one: lenient query strings are never refused, so beside one
    /// the filter is meant.
    pub(crate) fn have_text(&self, query: Option<&Bound<'_, PyAny>>) -> bool {
        let is_text = |value: &Bound<'_, PyAny>| value.is_instance_of::<PyString>();
        let strict = self.strict.value().is_some_and(|strict| strict.is_truthy().unwrap_or(false));
        let query = (strict || self.condition.some().is_none()) && query.is_none_or(is_text);
        query || self.condition.some().is_some_and(is_text)
    }
}
