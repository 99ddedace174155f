//! A version: what readers get, whole.
//!
//! **In**: a document and all that was made from it. **Out**: the same, shared. **Law**: nothing in it ever changes. What was derived stands
//! beside what it was derived from, so no reader sees new weights with old synonyms; cloning copies a few pointers.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::Document;
use crate::layers::Merged;
use crate::object::Head;
use crate::schema::{Checked, Schema};
use crate::units::Units;

/// Something that was made from a version's document.
pub type Derived = Arc<dyn Any + Send + Sync>;

/// One published configuration.
#[derive(Clone)]
pub struct Version {
    pub(super) head: Arc<Head>,
    pub(super) checked: Checked,
    pub(super) merged: Merged,
    pub(super) schema: Schema,
    pub(super) derived: Arc<BTreeMap<Arc<str>, Derived>>,
    pub(super) units: Units,
    /// Bytes that its document holds.
    pub(super) bytes: usize,
}

impl Version {
    /// Its number: greater than that of every version before it.
    #[inline]
    pub fn number(&self) -> u64 {
        self.head.number
    }

    /// Who published it, when, why, and from what.
    pub fn head(&self) -> &Arc<Head> {
        &self.head
    }

    /// Its values, typed by the schema, with defaults.
    #[inline]
    pub fn document(&self) -> &Document {
        self.checked.document()
    }

    /// The layers that it was merged from; of a version that another process made there is one, the stored version.
    pub fn merged(&self) -> &Merged {
        &self.merged
    }

    /// What was derived under a name.
    pub fn derived(&self, name: &str) -> Option<&Derived> {
        self.derived.get(name)
    }

    /// The overrides of units.
    pub fn units(&self) -> &Units {
        &self.units
    }
}

impl std::fmt::Debug for Version {
    /// Never shows values: any of them may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Version({}, {:?})", self.head.number, self.document())
    }
}
