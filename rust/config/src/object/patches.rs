//! Patches as a persisted layer: what people changed in a running store, above all files.
//!
//! **In**: changes. **Out**: a map that a version carries from one to the next. **Law**: a saved file does not undo a patch; a later patch of a
//! path, or of one above it, replaces the earlier one; `None` takes a value away until the patch is withdrawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::document::{Document, Path};
use crate::patch::{Change, patch};
use crate::problem::{Problem, Problems};
use crate::source::LayerKind;
use crate::value::value;

/// The name that values of patches have as their source.
pub const PATCH: &str = "patch";

/// A path, and the JSON text of its value; nothing where a value is taken away.
type Patch = (Path, Option<String>);

/// All patches, by path. Versions share what they have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patches(Vec<Arc<Patch>>);

impl Patches {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The paths and the JSON texts of their values.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, Option<&str>)> {
        self.0.iter().map(|patch| (&patch.0, patch.1.as_deref()))
    }

    fn set(&mut self, path: &Path, json: Option<String>) {
        self.0.retain(|earlier| !path.covers(&earlier.0));
        let at = self.0.partition_point(|earlier| earlier.0 < *path);
        self.0.insert(at, Arc::new((path.clone(), json)));
    }
}

impl Serialize for Patches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Patches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut patches = Self::default();
        for (path, json) in BTreeMap::<String, Option<String>>::deserialize(deserializer)? {
            let path = path.parse().map_err(serde::de::Error::custom)?;
            let at = patches.0.partition_point(|earlier| earlier.0 < path);
            patches.0.insert(at, Arc::new((path, json)));
        }
        Ok(patches)
    }
}

/// The patches after some changes.
pub fn with(patches: &Patches, changes: &[Change]) -> Patches {
    let mut next = patches.clone();
    for (path, value) in changes {
        next.set(path, value.as_ref().map(|value| String::from_utf8_lossy(&value.to_json()).into_owned()));
    }
    next
}

/// The patches without those at or below some paths.
pub fn without(patches: &Patches, paths: &[Path]) -> Patches {
    let withdrawn = |earlier: &Patch| paths.iter().any(|path| path.covers(&earlier.0));
    Patches(patches.0.iter().filter(|earlier| !withdrawn(earlier)).cloned().collect())
}

/// The changes that patches stand for, upper paths first.
///
/// # Errors
/// When a stored patch is none.
pub fn changes(patches: &Patches) -> Result<Vec<Change>, Problems> {
    let mut changes = Vec::with_capacity(patches.0.len());
    for (path, json) in patches.iter() {
        let value = json.map(|json| value(PATCH, LayerKind::Patch, json)).transpose()?;
        changes.push((path.clone(), value));
    }
    changes.sort_by_key(|(path, _)| path.segments().len());
    Ok(changes)
}

/// A document with its patches made.
///
/// # Errors
/// When one of them does not fit any more, with what to do about it.
pub fn apply(document: &Document, patches: &Patches) -> Result<Document, Problems> {
    if patches.is_empty() {
        return Ok(document.clone());
    }
    patch(document, &changes(patches)?).map_err(|problems| {
        let earlier = |problem: Problem| problem.hint("an earlier patch does not fit what the sources say now");
        Problems(problems.0.into_iter().map(earlier).collect())
    })
}
