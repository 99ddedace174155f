//! The Python binding: translation only.
//!
//! **In**: calls of the façade (`python/findspot`). **Out**: the engine's answers as Python objects. **Law**: every class is frozen; the
//! interpreter, signals, panics and errors pass one `gate`; a loop over postings, a rule of ranking or a file format in this crate is in
//! the wrong crate. Free-threaded interpreters are welcome: no state is shared but what the engine shares.
//!
//! | room | translates |
//! |---|---|
//! | `searching`, `index`, `view`, `writing`, `steps` | calls |
//! | `bridge` | awaited calls: event loops, and the pool that works for them |
//! | `request`, `records`, `schema` | Python → engine |
//! | `hits`, `hit`, `scores`, `arrow`, `decode` | engine → Python |
//! | `config` | the configuration store, both ways |
//! | `errors`, `logging` | refusals, log lines |
//! | `kernels`, `interpreters` | the environment → the level of the inner loops; who may import this |

mod arrow;
mod bridge;
mod config;
mod decode;
mod errors;
mod gate;
mod hit;
mod hits;
mod index;
mod interpreters;
mod kernels;
mod logging;
mod records;
mod request;
mod schema;
mod scores;
mod searching;
mod steps;
mod view;
mod writing;

use pyo3::prelude::*;

/// The compiled core of findspot; use it through the package `findspot`.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    interpreters::only_the_main_one(module.py())?;
    logging::start();
    bridge::settle()?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("__kernels__", kernels::choose()?)?;
    module.add_class::<searching::Searching>()?;
    module.add_class::<index::Index>()?;
    module.add_class::<view::View>()?;
    module.add_class::<writing::Transaction>()?;
    module.add_class::<hits::Hits>()?;
    module.add_class::<hits::HitIterator>()?;
    module.add_class::<hit::Hit>()?;
    module.add_class::<scores::Scores>()?;
    module.add_class::<arrow::ArrowTable>()?;
    module.add_class::<bridge::Answer>()?;
    module.add_class::<bridge::Inbox>()?;
    module.add_class::<bridge::Pending>()?;
    module.add_function(wrap_pyfunction!(bridge::pool_load, module)?)?;
    module.add_function(wrap_pyfunction!(schema::check_schema, module)?)?;
    module.add_function(wrap_pyfunction!(schema::analyze, module)?)?;
    module.add_function(wrap_pyfunction!(schema::analyzers, module)?)?;
    module.add_function(wrap_pyfunction!(schema::infer, module)?)?;
    config::add_to(module)?;
    Ok(())
}
