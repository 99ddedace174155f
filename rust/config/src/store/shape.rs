//! The shape that a store's configuration must have, as the store needs to know it.
//!
//! **In**: merged layers. **Out**: the typed document with defaults, or every problem; which of its values are secrets. **Law**: the same layers
//! give the same document in every process.

use crate::document::{Document, Path};
use crate::layers::Merged;
use crate::problem::Problems;

/// What a configuration must look like.
pub trait Shape: Send + Sync {
    /// Types the values, fills defaults in, and checks all of it.
    ///
    /// # Errors
    /// Everything that does not fit.
    fn check(&self, merged: &Merged) -> Result<Document, Problems>;
    /// As [`Shape::check`], when all but these paths (and what is below them) was checked before and has not changed.
    ///
    /// # Errors
    /// Everything that does not fit.
    fn check_changed(&self, merged: &Merged, changed: &[&Path]) -> Result<Document, Problems> {
        let _ = changed;
        self.check(merged)
    }
    /// The paths of values that must not leave the process.
    fn secrets(&self, document: &Document) -> Vec<Path>;
}

/// Any shape: values are what the sources say, and none is a secret.
pub struct AnyShape;

impl Shape for AnyShape {
    fn check(&self, merged: &Merged) -> Result<Document, Problems> {
        Ok(merged.document().clone())
    }

    fn secrets(&self, _document: &Document) -> Vec<Path> {
        Vec::new()
    }
}
