//! Reports, differences and refusals as Python sees them.
//!
//! **In**: what the store says. **Out**: JSON text for the façade, exceptions. **Law**: a secret is replaced before anything leaves; what can be
//! long is made when it is asked for.

use std::sync::{Arc, OnceLock};

use findspot_config::store::{Drift, Metrics, Provider, Record, Refusal, Report, Store};
use findspot_config::{Diff, Document, Layer, Path, Place, Problem, Problems, Secrets, diff, render};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use serde_json::{Value, json};

use crate::errors;

/// A difference of two documents, made when it is looked at.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ConfigDiff {
    old: Document,
    new: Document,
    made: OnceLock<Diff>,
    secrets: Secrets,
}

impl ConfigDiff {
    pub(crate) fn new(old: Document, new: Document, secrets: Secrets) -> Self {
        let secrets = secrets.with_marks_of(&old).with_marks_of(&new);
        Self { old, new, made: OnceLock::new(), secrets }
    }

    fn diff(&self) -> &Diff {
        self.made.get_or_init(|| self.secrets.public_diff(diff(&self.old, &self.new), &self.old, &self.new))
    }
}

#[pymethods]
impl ConfigDiff {
    /// Added, removed, changed.
    fn counts(&self, py: Python<'_>) -> (usize, usize, usize) {
        py.detach(|| (self.diff().added().count(), self.diff().removed().count(), self.diff().changed().count()))
    }

    fn paths(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| self.diff().differences.iter().map(|difference| difference.path.to_string()).collect())
    }

    fn json<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let text = py.detach(|| {
            let changes: Vec<Value> = self
                .diff()
                .differences
                .iter()
                .map(|difference| {
                    let kind = match (&difference.before, &difference.after) {
                        (None, _) => "added",
                        (_, None) => "removed",
                        _ => "changed",
                    };
                    let side =
                        |document: &Option<Document>| document.as_ref().map(|document| shown(document, &difference.path, &self.secrets));
                    let place = |document: &Option<Document>| document.as_ref().and_then(place_of);
                    json!({
                        "path": difference.path, "kind": kind,
                        "old": side(&difference.before), "new": side(&difference.after),
                        "old_place": place(&difference.before), "new_place": place(&difference.after),
                    })
                })
                .collect();
            Value::Array(changes).to_string()
        });
        PyBytes::new(py, text.as_bytes())
    }
}

/// Where a value stands.
fn place_of(document: &Document) -> Option<Place> {
    document.root().origin().map(|origin| origin.place())
}

/// A value that may be shown, as JSON.
pub(crate) fn shown(document: &Document, path: &Path, secrets: &Secrets) -> Value {
    serde_json::from_slice(&secrets.redact(document, path).to_json()).unwrap_or(Value::Null)
}

/// How problems are shown: with lines of the files that they are about, secrets blotted out.
#[derive(Clone)]
pub(crate) struct Shower {
    pub providers: Vec<Arc<dyn Provider>>,
    pub secrets: Secrets,
}

impl Shower {
    /// Problems with their text for people. What `current` marks is a secret in shown lines, too.
    fn problems(&self, found: &[Problem], current: Option<&Document>) -> Value {
        let secrets = current.map_or_else(|| self.secrets.clone(), |current| self.secrets.with_marks_of(current));
        // What has not changed since it was found wrong is the same layer again, so its secrets are known to the byte.
        let read = |provider: &Arc<dyn Provider>| provider.read().unwrap_or_default();
        let layers: Vec<Arc<Layer>> = if found.is_empty() { Vec::new() } else { self.providers.iter().flat_map(read).collect() };
        let one = |problem: &Problem| {
            let mut value = serde_json::to_value(problem).unwrap_or(Value::Null);
            if let Value::Object(members) = &mut value {
                let text = render(&Problems(vec![problem.clone()]), &layers, &secrets);
                members.insert("text".to_owned(), Value::String(text.trim_end().to_owned()));
            }
            value
        };
        Value::Array(found.iter().map(one).collect())
    }

    /// A report as the façade reads it.
    pub(crate) fn report(&self, report: &Report, current: Option<&Document>) -> String {
        let timings = serde_json::to_value(report.timings).unwrap_or(Value::Null);
        let seconds: serde_json::Map<String, Value> = timings
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, time)| {
                let part = |name: &str| time.get(name).and_then(Value::as_f64).unwrap_or_default();
                (name.clone(), json!(part("secs") + part("nanos") / 1e9))
            })
            .collect();
        json!({
            "accepted": report.accepted, "changed": report.published, "version": report.version,
            "problems": self.problems(&report.problems, current), "timings": seconds,
        })
        .to_string()
    }

    /// A report of something that was refused before it was an attempt, or of what is only said.
    pub(crate) fn refused(&self, found: &Problems, version: u64, current: Option<&Document>) -> String {
        let problems = self.problems(&found.0, current);
        json!({"accepted": !found.refuse(), "changed": false, "version": version, "problems": problems}).to_string()
    }
}

/// The versions that are kept.
pub(crate) fn history(records: &[Record], current: u64) -> String {
    let entries: Vec<Value> = records
        .iter()
        .map(|record| {
            let head = &record.head;
            json!({
                "version": head.number, "time": head.time as f64 / 1e6, "actor": head.actor, "reason": head.reason,
                "kind": head.cause.name(), "rolled_back_from": head.rolled_back_from, "hash": head.hash,
                "forced": head.forced, "is_current": head.number == current,
            })
        })
        .collect();
    Value::Array(entries).to_string()
}

/// Where a value came from; none when nothing is there.
pub(crate) fn explanation(store: &Store, path: &Path, secrets: &Secrets) -> Option<String> {
    let version = store.pin();
    let secrets = &secrets.with_marks_of(version.document());
    let value = version.document().get(path)?.to_document();
    let said: Vec<Value> = store
        .explain(path)
        .iter()
        .map(|(place, document)| json!({"layer": place.source, "place": place, "value": shown(document, path, secrets)}))
        .collect();
    Some(json!({"path": path, "value": shown(&value, path, secrets), "said": said, "version": version.number()}).to_string())
}

/// Who is on which version.
pub(crate) fn drift(drift: &Drift) -> String {
    let me = std::process::id();
    let processes: Vec<Value> = drift
        .processes
        .iter()
        .map(|entry| {
            json!({
                "pid": entry.pid, "version": entry.version, "behind": drift.newest.saturating_sub(entry.version),
                "applied_at": entry.applied_at as f64 / 1e6, "rejects": entry.rejects, "differs": entry.differs, "is_me": entry.pid == me,
            })
        })
        .collect();
    Value::Array(processes).to_string()
}

/// Names and numbers.
pub(crate) fn metrics(metrics: &Metrics) -> String {
    let seconds = |micros: i64| micros as f64 / 1e6;
    json!({
        "version": metrics.version, "units_revision": metrics.units_revision, "units": metrics.units, "leaves": metrics.leaves,
        "document_bytes": metrics.document_bytes, "reloads_total": metrics.reloads, "rejects_total": metrics.rejects,
        "published_total": metrics.published, "followed_total": metrics.followed, "derived_built_total": metrics.derived_built,
        "derived_reused_total": metrics.derived_reused, "subscriber_failures_total": metrics.subscriber_failures,
        "applied_at_seconds": seconds(metrics.applied_at), "last_checked_at_seconds": seconds(metrics.last_checked_at),
        "watch_restarts_total": metrics.restarts, "audit_failures_total": metrics.audit_failures,
        "last_good_failures_total": metrics.last_good_failures, "mounted_files": metrics.mounted_files, "retained_versions": metrics.retained_versions,
        "pinned_versions": metrics.pinned_versions,
        "oldest_pin_age_seconds": metrics.oldest_pin_age.map_or(0.0, |age| age.as_secs_f64()),
        "held": u8::from(metrics.held),
    })
    .to_string()
}

/// The exception for a path or pattern that is none.
pub(crate) fn no_path(error: &findspot_config::PathError) -> PyErr {
    pyo3::exceptions::PyValueError::new_err(error.to_string())
}

/// The exception for a refusal that is no report.
pub(crate) fn refusal(py: Python<'_>, refusal: &Refusal) -> PyErr {
    match refusal {
        Refusal::Conflict { .. } => errors::make(py, "ConflictError", &format!("configuration: {refusal}"), |_| Ok(())),
        Refusal::UnknownVersion { .. } => errors::make(py, "ConfigError", &format!("configuration: {refusal}"), |data| {
            data.set_item("problems", PyList::new(py, [("", "a version that is kept", refusal.to_string())])?)
        }),
        Refusal::Refused(report) => errors::make(py, "ConfigError", &report.to_string(), |data| {
            let found = report.problems.iter().map(|problem| (problem.path.to_string(), problem.expected.clone(), problem.got.clone()));
            data.set_item("problems", PyList::new(py, found.collect::<Vec<_>>())?)
        }),
    }
}

/// The exception for a schema that the class's annotations gave and that cannot be.
pub(crate) fn schema(py: Python<'_>, found: &Problems) -> PyErr {
    errors::make(py, "SchemaError", &format!("schema: {found}"), |data| {
        let first = found.0.first();
        data.set_item("path", first.map(|problem| problem.path.to_string()).unwrap_or_default())?;
        data.set_item("expected", first.map(|problem| problem.expected.clone()).unwrap_or_default())?;
        data.set_item("got", first.map(|problem| problem.got.clone()).unwrap_or_default())
    })
}

/// The exception for a store that was closed.
pub(crate) fn closed(py: Python<'_>) -> PyErr {
    errors::make(py, "ClosedError", "the configuration store is closed", |_| Ok(()))
}
