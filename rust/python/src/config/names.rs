//! The rule of a store about the names of secrets, for the façade and for the store.
//!
//! **In**: words of the user's, the folder of the versions. **Out**: `ConfigNames`. **Law**: made once for a store; everything that shows or
//! stores asks this one.

use std::path::Path;
use std::sync::Arc;

use findspot_config::numbering::Folder;
use findspot_config::store::Options;
use findspot_config::{Schema, SecretNames};
use pyo3::prelude::*;

/// Which keys make their values secrets, whatever a class says.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ConfigNames(pub SecretNames);

#[pymethods]
impl ConfigNames {
    /// Names that read like a secret and these words; None is no name at all. Without words, the rule that the versions in `folder` go with.
    #[new]
    #[pyo3(signature = (words, folder, /))]
    fn new(py: Python<'_>, words: Option<Vec<String>>, folder: Option<&str>) -> Self {
        let names = words.map_or_else(SecretNames::none, |words| SecretNames::default().with(words.iter().map(String::as_str)));
        let Some(folder) = folder else { return Self(names) };
        let mut options = Options { schema: Schema::any().with_secret_names(names), ..Options::default() };
        options.numbering = Arc::new(Folder::read_only(Path::new(folder)));
        py.detach(|| options.keep_to_secret_names());
        Self(options.schema.secret_names().clone())
    }

    /// Whether the value under this key is a secret, by its name alone.
    #[pyo3(signature = (key, /))]
    fn says(&self, key: &str) -> bool {
        self.0.says(key)
    }
}
