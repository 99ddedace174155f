//! Patches as a persisted layer: what people changed in a running store, above all files.
//!
//! **In**: changes. **Out**: a map that a version carries from one to the next. **Law**: a saved file does not undo a patch; a later patch of a
//! path, or of one above it, replaces the earlier one; `None` takes a value away until the patch is withdrawn.

use std::collections::BTreeMap;

use crate::document::{Document, Path};
use crate::patch::{Change, patch, value};
use crate::problem::{Problem, Problems};
use crate::source::LayerKind;

/// JSON text by path; nothing where a value is taken away.
pub type Patches = BTreeMap<String, Option<String>>;

/// The name that values of patches have as their source.
pub const PATCH: &str = "patch";

/// The patches after some changes.
pub fn with(patches: &Patches, changes: &[Change]) -> Patches {
    let mut next = patches.clone();
    for (path, value) in changes {
        next.retain(|earlier, _| earlier.parse::<Path>().is_ok_and(|earlier| !path.covers(&earlier)));
        next.insert(path.to_string(), value.as_ref().map(|value| String::from_utf8_lossy(&value.to_json()).into_owned()));
    }
    next
}

/// The patches without those at or below some paths.
pub fn without(patches: &Patches, paths: &[Path]) -> Patches {
    let withdrawn = |earlier: &str| earlier.parse::<Path>().is_ok_and(|earlier| paths.iter().any(|path| path.covers(&earlier)));
    patches.iter().filter(|(earlier, _)| !withdrawn(earlier)).map(|(path, value)| (path.clone(), value.clone())).collect()
}

/// The changes that patches stand for, upper paths first.
///
/// # Errors
/// When a stored patch is none.
pub fn changes(patches: &Patches) -> Result<Vec<Change>, Problems> {
    let mut changes = Vec::with_capacity(patches.len());
    for (path, json) in patches {
        let parsed = path.parse::<Path>().map_err(|error| Problem::new("patch", Path::root(), "a path", error.to_string()))?;
        let value = json.as_ref().map(|json| value(PATCH, LayerKind::Patch, json)).transpose()?;
        changes.push((parsed, value));
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
        let withdraw = |problem: Problem| {
            let hint = format!("an earlier patch of {} does not fit what the sources say now; withdraw it", problem.path);
            problem.hint(hint)
        };
        Problems(problems.0.into_iter().map(withdraw).collect())
    })
}
