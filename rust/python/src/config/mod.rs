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
//! | [`hooks`], [`answers`] | what the store calls in Python, what it answers |

mod answers;
mod below;
mod current;
mod hooks;
mod judges;
mod node;
mod open;
mod pin;
mod plan;
pub(crate) mod ranking;
mod slots;
pub(crate) mod store;
mod table;

use pyo3::prelude::*;

/// Adds the classes to the module.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<plan::ConfigPlan>()?;
    module.add_class::<node::ConfigNode>()?;
    module.add_class::<table::ConfigTable>()?;
    module.add_class::<pin::ConfigPin>()?;
    module.add_class::<answers::ConfigDiff>()?;
    module.add_class::<store::ConfigCandidate>()?;
    module.add_class::<store::ConfigStore>()?;
    module.add_function(wrap_pyfunction!(is_secret_key, module)?)?;
    Ok(())
}

/// Whether a value under this key is a secret, by its name alone.
#[pyfunction]
#[pyo3(signature = (key, /))]
fn is_secret_key(key: &str) -> bool {
    findspot_config::is_secret_key(key)
}
