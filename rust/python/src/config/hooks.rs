//! What a store calls in Python: checks of classes, guards, derivations, subscribers, the environment, and the slot that readers read.
//!
//! **In**: candidates and versions. **Out**: problems, values. **Law**: every call attaches to the interpreter on its own and holds nothing
//! while it waits for it but what no thread with the interpreter waits for; an interpreter that is shutting down is asked nothing.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use findspot_config::store::{Adopt, Attached, Candidate, Check, Derive, Derived, GuardRule, Subscriber, Version};
use findspot_config::{Diff, Document, Path, Problem, Problems, Secrets};
use pyo3::prelude::*;

use super::answers::ConfigDiff;
use super::current::CurrentCell;
use super::node::{ConfigNode, view_of, view_of_version};
use super::plan::Root;

/// What all hooks of one store share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub root: Arc<Root>,
    /// The façade's `Hooks`.
    pub hooks: Arc<Py<PyAny>>,
    pub secrets: Secrets,
    pub current: CurrentCell,
}

/// A value that was derived in Python.
pub(crate) struct Made(pub Py<PyAny>);

fn gone(name: &str) -> Problems {
    Problem::new("shutdown", Path::root(), format!("an interpreter that `{name}` can run in"), "one that is shutting down").into()
}

/// The text of an exception of the façade's own code: what the user's code raises, the façade has caught.
fn defect(name: &str, error: &PyErr) -> Problems {
    Problem::new("hook", Path::root(), format!("an answer of `{name}`"), error.to_string()).into()
}

/// The user's class, checking itself.
pub(crate) struct OwnChecks {
    pub shared: Shared,
    pub budget: Duration,
}

impl Check for OwnChecks {
    fn name(&self) -> &str {
        "the checks of the class"
    }

    fn budget(&self) -> Option<Duration> {
        Some(self.budget)
    }

    fn check(&self, candidate: &Candidate) -> Result<(), Problems> {
        let asked = Python::try_attach(|py| -> PyResult<Vec<(String, String, String)>> {
            let document = candidate.document().clone();
            let node =
                Bound::new(py, ConfigNode { root: self.shared.root.clone(), table: None, document, version: 0, whole: OnceLock::new() })?;
            self.shared.hooks.bind(py).call_method1("check", (node,))?.extract()
        });
        let found = asked.ok_or_else(|| gone(self.name()))?.map_err(|error| defect(self.name(), &error))?;
        let problems: Vec<Problem> = found
            .into_iter()
            .map(|(path, expected, got)| {
                let path: Path = path.parse().unwrap_or_default();
                let problem = Problem::new("value", path.clone(), expected, got);
                match candidate.document().get(&path) {
                    Some(node) => problem.at_node(&node),
                    None => problem,
                }
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
    }
}

/// A guard of the user's.
pub(crate) struct OwnGuard {
    pub shared: Shared,
    pub number: usize,
    pub name: String,
    pub budget: Duration,
}

impl GuardRule for OwnGuard {
    fn name(&self) -> &str {
        &self.name
    }

    fn budget(&self) -> Option<Duration> {
        Some(self.budget)
    }

    fn judge(&self, candidate: &Candidate) -> Result<(), Problems> {
        let root = &self.shared.root;
        let asked = Python::try_attach(|py| -> PyResult<Option<String>> {
            let old = candidate.previous().map(|old| view_of(py, root, old.document(), old.number())).transpose()?;
            let new = view_of(py, root, candidate.document(), 0)?;
            self.shared.hooks.bind(py).call_method1("guard", (self.number, old, new))?.extract()
        });
        match asked.ok_or_else(|| gone(&self.name))?.map_err(|error| defect(&self.name, &error))? {
            None => Ok(()),
            Some(text) => Err(Problem::new("guard", Path::root(), format!("what the guard `{}` accepts", self.name), text).into()),
        }
    }
}

/// A derivation of the user's.
pub(crate) struct OwnDerive {
    pub shared: Shared,
    pub name: String,
    pub inputs: Vec<Path>,
    pub budget: Duration,
}

impl Derive for OwnDerive {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> &[Path] {
        &self.inputs
    }

    fn budget(&self) -> Option<Duration> {
        Some(self.budget)
    }

    fn derive(&self, document: &Document) -> Result<Derived, Problems> {
        let asked = Python::try_attach(|py| -> PyResult<(Py<PyAny>, Option<String>)> {
            let view = view_of(py, &self.shared.root, document, 0)?;
            self.shared.hooks.bind(py).call_method1("make", (&self.name, view))?.extract()
        });
        match asked.ok_or_else(|| gone(&self.name))?.map_err(|error| defect(&self.name, &error))? {
            (value, None) => Ok(Arc::new(Made(value))),
            (_, Some(text)) => {
                let path = self.inputs.first().cloned().unwrap_or_default();
                let problem = Problem::new("derive", path.clone(), "an input that the derivation takes", text);
                Err(match document.get(&path) {
                    Some(node) => problem.at_node(&node),
                    None => problem,
                }
                .into())
            }
        }
    }
}

/// A subscriber of the user's.
pub(crate) struct OwnSubscriber {
    pub shared: Shared,
    pub function: Py<PyAny>,
}

impl Subscriber for OwnSubscriber {
    fn published(&self, old: &Arc<Version>, new: &Arc<Version>, _: &Diff) -> Result<(), String> {
        let root = &self.shared.root;
        let told = Python::try_attach(|py| -> PyResult<bool> {
            self.shared.current.catch_up(py);
            let native = Bound::new(py, ConfigDiff::new(old.document().clone(), new.document().clone(), self.shared.secrets.clone()))?;
            let (before, after) = (view_of_version(py, root, old)?, view_of_version(py, root, new)?);
            self.shared.hooks.bind(py).call_method1("changed", (&self.function, before, after, native))?.extract()
        });
        match told {
            Some(Ok(true)) | None => Ok(()),
            Some(Ok(false)) => Err("it raised; the log has the text".to_owned()),
            Some(Err(error)) => Err(error.to_string()),
        }
    }
}

/// The slot `current` of the façade's store, and what its pins give.
pub(crate) struct Slot {
    pub current: CurrentCell,
}

impl Attached for Slot {
    fn name(&self) -> &str {
        "the slot `current`"
    }

    fn prepare(&self, _: &Candidate) -> Result<(Adopt, Vec<Problem>), Problems> {
        let current = self.current.clone();
        // A view is lazy: making one and storing it holds the interpreter for a microsecond or two.
        Ok((Box::new(move |version| current.announce(version)), Vec::new()))
    }

    fn refresh(&self, version: &Arc<Version>) {
        self.current.announce(version);
    }
}
