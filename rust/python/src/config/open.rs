//! A store from its description: sources, guards, places.
//!
//! **In**: tuples and dicts of the façade. **Out**: the store's options. **Law**: translation only; reading happens later, without the
//! interpreter.

use std::sync::Arc;
use std::time::Duration;

use findspot_config::store::guards::{ImmutablePaths, MaxChanged, MaxRemoved, NotEmpty};
use findspot_config::store::{Files, Fixed, GuardRule, Provider, Variables};
use findspot_config::{Format, LayerKind, Limits, Problems, parse_as};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::below::Below;
use super::hooks::{OwnGuard, Shared};
use crate::index::Index;

/// What a source is described by: kind, name, details, whether it may be missing.
type Described<'py> = (String, String, Bound<'py, PyAny>, bool);

/// The index that a store is made for, with the folder where relative paths begin that no file names.
pub(crate) fn index_of<'py>(described: &[Bound<'py, PyTuple>]) -> PyResult<Option<(Bound<'py, Index>, String)>> {
    for source in described {
        let (kind, folder, details, _): Described<'py> = source.extract()?;
        if kind == "index" {
            return Ok(Some((details.cast_into::<Index>()?, folder)));
        }
    }
    Ok(None)
}

/// Providers, lowest first; problems of what a program gave.
pub(crate) fn providers(described: Vec<Bound<'_, PyTuple>>, shared: &Shared) -> PyResult<Result<Vec<Arc<dyn Provider>>, Problems>> {
    let mut providers: Vec<Arc<dyn Provider>> = Vec::with_capacity(described.len());
    for source in described {
        let (kind, name, details, may_be_missing): Described<'_> = source.extract()?;
        let files = |format| Files::new(vec![name.clone()], Some(format), may_be_missing);
        let provider: Arc<dyn Provider> = match kind.as_str() {
            "toml" => Arc::new(files(Format::Toml)),
            "json" => Arc::new(files(Format::Json)),
            "yaml" => Arc::new(files(Format::Yaml)),
            "dotenv" => {
                let prefix: String = details.extract()?;
                Arc::new(Below::new(files(Format::Dotenv), &prefix))
            }
            "env" => {
                let (prefix, separator): (String, String) = details.extract()?;
                let (hooks, wanted) = (shared.hooks.clone(), prefix.clone());
                Arc::new(Variables::new(&prefix, &separator, move || {
                    let asked = Python::try_attach(|py| hooks.bind(py).call_method1("environ", (&wanted,))?.extract());
                    asked.and_then(PyResult::ok).unwrap_or_default()
                }))
            }
            "defaults" | "mapping" | "overrides" => {
                let layer_kind = match kind.as_str() {
                    "defaults" => LayerKind::Defaults,
                    "overrides" => LayerKind::Overrides,
                    _ => LayerKind::Mapping,
                };
                let json = details.cast::<PyBytes>()?.as_bytes().to_vec();
                let limits = Limits { bytes: usize::MAX, ..Limits::default() };
                match parse_as(layer_kind, Format::Json, &name, json, &limits) {
                    Ok(layer) => Arc::new(Fixed(vec![Arc::new(layer)])),
                    Err(problems) => return Ok(Err(problems)),
                }
            }
            "numbered" | "index" => continue,
            other => return Err(PyValueError::new_err(format!("internal defect: no such source: {other}"))),
        };
        providers.push(provider);
    }
    Ok(Ok(providers))
}

/// The guards, in order.
pub(crate) fn guards(py: Python<'_>, shared: &Shared) -> PyResult<Vec<Arc<dyn GuardRule>>> {
    let mut guards: Vec<Arc<dyn GuardRule>> = Vec::new();
    let listed = shared.hooks.bind(py).call_method0("guard_list")?;
    for (number, guard) in listed.try_iter()?.enumerate() {
        let (name, kind, value, seconds): (String, String, Bound<'_, PyAny>, f64) = guard?.extract()?;
        guards.push(match kind.as_str() {
            "not_empty" => Arc::new(NotEmpty),
            "max_removed" => Arc::new(MaxRemoved(value.extract()?)),
            "max_changed" => Arc::new(MaxChanged(value.extract()?)),
            "immutable_paths" => {
                let paths: Vec<String> = value.extract()?;
                let paths: Result<_, _> = paths.iter().map(|path| path.parse()).collect();
                Arc::new(ImmutablePaths(paths.map_err(|error| super::answers::no_path(&error))?))
            }
            _ => Arc::new(OwnGuard { shared: shared.clone(), number, name, budget: budget(seconds) }),
        });
    }
    Ok(guards)
}

/// Seconds as a time that a hook may take; a day at most.
pub(crate) fn budget(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.clamp(0.001, 86_400.0)).unwrap_or(Duration::from_secs(1))
}
