//! The configuration store for Python: `findspot.config` is its façade.
//!
//! **In**: descriptions of sources, plans of classes. **Out**: views, reports. **Law**: reading, parsing, merging, checking and publishing
//! happen without the interpreter; whoever needs it meanwhile attaches, holding no lock that a thread with the interpreter could want.
//!
//! | room | translates |
//! |---|---|
//! | [`plan`], [`node`], [`table`], [`slots`] | documents → views and mappings |
//! | [`pin`] | the version that a request holds |
//! | [`store`], [`open`], [`below`] | calls, sources |
//! | [`ranking`], [`judges`] | an index that follows a store, the judged queries that guard it |
//! | [`names`], [`numbers`] | the rule about names of secrets; numbers of versions |
//! | [`hooks`], [`answers`] | what the store calls in Python, what it answers |

mod answers;
mod below;
mod current;
mod handover;
mod hooks;
mod judges;
mod names;
mod node;
mod numbers;
mod open;
mod pin;
mod plan;
pub(crate) mod ranking;
mod slots;
pub(crate) mod store;
mod table;

use findspot_config::{Path, Segment};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::records::write_plain;

/// Adds the classes to the module.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<plan::ConfigPlan>()?;
    module.add_class::<node::ConfigNode>()?;
    module.add_class::<table::ConfigTable>()?;
    module.add_class::<pin::ConfigPin>()?;
    module.add_class::<answers::ConfigDiff>()?;
    module.add_class::<store::ConfigCandidate>()?;
    module.add_class::<store::ConfigStore>()?;
    module.add_class::<names::ConfigNames>()?;
    module.add_function(wrap_pyfunction!(config_path, module)?)?;
    module.add_function(wrap_pyfunction!(plain_json, module)?)?;
    module.add_function(wrap_pyfunction!(url_has_password, module)?)?;
    Ok(())
}

/// Whether a text holds a URL with a password.
#[pyfunction]
#[pyo3(signature = (text, /))]
fn url_has_password(text: &str) -> bool {
    findspot_config::holds_password(text)
}

/// JSON of a value of nothing but `dict`, `list`, `tuple`, `str`, `int`, `float`, `bool` and `None`; None of any other.
#[pyfunction]
#[pyo3(signature = (value, /))]
fn plain_json<'py>(value: &Bound<'py, PyAny>) -> Option<Bound<'py, PyBytes>> {
    let mut json = Vec::new();
    write_plain(value, &mut json, 0).then(|| PyBytes::new(value.py(), &json))
}

/// The steps of a path: keys, and places in lists.
#[pyfunction]
#[pyo3(signature = (text, /))]
fn config_path<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyList>> {
    let path: Path = text.parse().map_err(|error| answers::no_path(&error))?;
    let steps = PyList::empty(py);
    for segment in path.segments() {
        match segment {
            Segment::Key(key) => steps.append(&**key)?,
            Segment::Index(index) => steps.append(*index)?,
        }
    }
    Ok(steps)
}
