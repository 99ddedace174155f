//! Patches as a persisted layer: what people changed in a running store, above all files.
//!
//! **In**: changes. **Out**: a map that a version carries from one to the next. **Law**: a saved file does not undo a patch; a later patch of a
//! path, or of one above it, replaces the earlier one; `None` takes a value away until the patch is withdrawn. Changes cost what they and the
//! patches are, added up, not one times the other.

use std::collections::BTreeMap;
use std::ops::Bound;
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
pub struct Patches(Arc<Vec<Arc<Patch>>>);

impl Patches {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The paths and the JSON texts of their values.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, Option<&str>)> {
        self.0.iter().map(|patch| (&patch.0, patch.1.as_deref()))
    }
}

impl Serialize for Patches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Patches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut patches: Vec<Arc<Patch>> = Vec::new();
        for (path, json) in BTreeMap::<String, Option<String>>::deserialize(deserializer)? {
            let path = path.parse().map_err(serde::de::Error::custom)?;
            patches.push(Arc::new((path, json)));
        }
        // Texts are in another order than paths.
        patches.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(Self(Arc::new(patches)))
    }
}

/// The patches after some changes.
pub fn with(patches: &Patches, changes: &[Change]) -> Patches {
    let mut made: BTreeMap<&Path, &Option<Document>> = BTreeMap::new();
    for (path, value) in changes {
        // What is below a path stands right behind it.
        let below = made.range::<&Path, _>((Bound::Excluded(path), Bound::Unbounded)).map(|(other, _)| *other);
        let replaced: Vec<&Path> = below.take_while(|other| path.covers(other)).collect();
        for other in replaced {
            made.remove(other);
        }
        made.insert(path, value);
    }
    let mut next = Vec::with_capacity(patches.0.len() + made.len());
    let mut earlier = patches.0.iter().peekable();
    // The last changed path that none of the others is above: it alone can be above what follows.
    let mut top: Option<&Path> = None;
    let stays = |top: Option<&Path>, patch: &Patch| !top.is_some_and(|top| top.covers(&patch.0));
    for (path, value) in made {
        while let Some(patch) = earlier.next_if(|patch| patch.0 < *path) {
            next.extend(stays(top, patch).then(|| Arc::clone(patch)));
        }
        if !top.is_some_and(|top| top.covers(path)) {
            top = Some(path);
        }
        let json = value.as_ref().map(|value| String::from_utf8_lossy(&value.to_json()).into_owned());
        next.push(Arc::new((path.clone(), json)));
    }
    next.extend(earlier.filter(|patch| stays(top, patch)).cloned());
    Patches(Arc::new(next))
}

/// The patches without those at or below some paths.
pub fn without(patches: &Patches, paths: &[Path]) -> Patches {
    let withdrawn = |earlier: &Patch| paths.iter().any(|path| path.covers(&earlier.0));
    Patches(Arc::new(patches.0.iter().filter(|earlier| !withdrawn(earlier)).cloned().collect()))
}

/// Bytes of values that are read as one list.
const TOGETHER: usize = 1 << 20;

/// The values of patches. They are read together: a reading of its own costs more than most of them.
fn values(patches: &[Arc<Patch>]) -> Result<Vec<Option<Document>>, Problems> {
    let texts: Vec<&str> = patches.iter().filter_map(|patch| patch.1.as_deref()).collect();
    // One that is as deep as values may be is too deep in a list, and one that is none is to be named.
    let read = value(PATCH, LayerKind::Patch, &format!("[{}]", texts.join(",")));
    let together = read.ok().filter(|list| list.root().len() == texts.len());
    let Some(list) = together else {
        let one = |patch: &Arc<Patch>| patch.1.as_deref().map(|json| value(PATCH, LayerKind::Patch, json)).transpose();
        return patches.iter().map(one).collect();
    };
    let mut items = list.root().items();
    Ok(patches.iter().map(|patch| patch.1.as_ref().and_then(|_| items.next()).map(|item| item.to_document())).collect())
}

/// The changes that patches stand for, upper paths first.
///
/// # Errors
/// When a stored patch is none.
pub fn changes(patches: &Patches) -> Result<Vec<Change>, Problems> {
    let mut changes = Vec::with_capacity(patches.0.len());
    let (mut start, mut bytes) = (0, 0);
    for end in 1..=patches.0.len() {
        bytes += patches.0.get(end - 1).and_then(|patch| patch.1.as_ref()).map_or(0, String::len);
        if bytes >= TOGETHER || end == patches.0.len() {
            let part = patches.0.get(start..end).unwrap_or_default();
            changes.extend(part.iter().map(|patch| patch.0.clone()).zip(values(part)?));
            (start, bytes) = (end, 0);
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// The twin: one change after the other.
    fn naive(patches: &Patches, changes: &[Change]) -> Patches {
        let mut next = patches.0.to_vec();
        for (path, value) in changes {
            next.retain(|earlier| !path.covers(&earlier.0));
            let at = next.partition_point(|earlier| earlier.0 < *path);
            let json = value.as_ref().map(|value| String::from_utf8(value.to_json()).unwrap());
            next.insert(at, Arc::new((path.clone(), json)));
        }
        Patches(Arc::new(next))
    }

    fn some_changes() -> impl Strategy<Value = Vec<Change>> {
        let path = prop::collection::vec(prop_oneof![3 => Just("a"), 2 => Just("ab"), 1 => Just("b")], 1..4);
        let values = prop_oneof![Just("1"), Just("[1,{\"a\":[2]}]"), Just("\"x://u:p@h\""), Just("{}")];
        let change = (path, prop::option::of(values), any::<bool>()).prop_map(|(keys, json, listed)| {
            let path = keys.into_iter().fold(Path::root(), |path, key| path.key(key));
            let path = if listed { path.index(1) } else { path };
            (path, json.map(|json| value(PATCH, LayerKind::Patch, json).unwrap()))
        });
        prop::collection::vec(change, 0..12)
    }

    proptest! {
        #[test]
        fn changes_at_once_are_one_after_the_other(first in some_changes(), second in some_changes()) {
            let patches = naive(&Patches::default(), &first);
            prop_assert_eq!(with(&Patches::default(), &first), patches.clone());
            let both = with(&patches, &second);
            prop_assert_eq!(&both, &naive(&patches, &second));
            // Read together they say what each says by itself, with the same marks.
            let mut expected: Vec<Change> = both
                .iter()
                .map(|(path, json)| (path.clone(), json.map(|json| value(PATCH, LayerKind::Patch, json).unwrap())))
                .collect();
            expected.sort_by_key(|(path, _)| path.segments().len());
            let read = changes(&both).unwrap();
            prop_assert_eq!(read.len(), expected.len());
            for ((path, value), (same, alone)) in read.iter().zip(&expected) {
                prop_assert_eq!((path, value), (same, alone));
                let told = |value: &Option<Document>| {
                    value.as_ref().map(|value| (value.root().has_marks(), value.root().origin().map(|origin| origin.place().to_string())))
                };
                prop_assert_eq!(told(value), told(alone));
            }
        }
    }

    #[test]
    fn what_is_as_deep_as_values_may_be_is_read() {
        let deepest = crate::parse::Limits::default().depth - 1;
        let deep = (1..deepest)
            .rev()
            .find_map(|depth| value(PATCH, LayerKind::Patch, &format!("{}1{}", "[".repeat(depth), "]".repeat(depth))).ok());
        let all =
            [("a", deep), ("b", Some(value(PATCH, LayerKind::Patch, "2").unwrap()))].map(|(key, value)| (Path::root().key(key), value));
        assert_eq!(changes(&with(&Patches::default(), &all)).unwrap(), all);
    }

    #[test]
    fn changes_cost_their_number_and_not_its_square() {
        let one = Some(value(PATCH, LayerKind::Patch, "1").unwrap());
        let all: Vec<Change> =
            (0..200_000).map(|key| (Path::root().key(&format!("t{}", key / 100)).key(&format!("k{key}")), one.clone())).collect();
        let started = std::time::Instant::now();
        let patches = with(&with(&Patches::default(), &all), &all);
        assert_eq!(changes(&patches).unwrap().len(), all.len());
        assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
    }
}
