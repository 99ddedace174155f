//! Overlays of units in a store: setting, persisting, following, reading.
//!
//! **In**: changes of a unit. **Out**: the shared document with that unit's overrides. **Law**
//! 1. A unit's changes must fit the shape together with the document that is current; else nothing is set.
//! 2. Overlays are numbered objects of their own, since there may be a million changes between two versions: object `n` leads from revision
//!    n − 1 to n. Now and then an object holds all of them, and older ones are deleted.
//! 3. A set publishes the current version again with other overlays: the version keeps its number, and readers who pinned it keep theirs.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::version::Version;
use super::{Inner, Store};
use crate::document::{Document, Path};
use crate::numbering::{Creation, Object};
use crate::patch::{Change, patch};
use crate::problem::{Problem, Problems};
use crate::source::LayerKind;
use crate::units::{self, Units, UnitsObject};
use crate::value::value;

/// After so many objects one holds all units again, unless that would be much more than the changes.
const WHOLE_EVERY: u64 = 64;
/// Numbers that may be lost in a row.
const TRIES: usize = 256;
/// The name that values of overlays have as their source.
const UNIT: &str = "unit";

/// One unit's changes; `None` = the unit has none any more.
pub type UnitChange = (String, Option<Vec<Change>>);

/// Changes as the bytes of an overlay: one JSON object from paths to values, null where a value is taken away.
fn to_bytes(changes: &[Change]) -> Vec<u8> {
    let mut text = vec![b'{'];
    for (at, (path, value)) in changes.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        // A path is text: writing it as JSON cannot fail.
        text.extend(serde_json::to_vec(&path.to_string()).unwrap_or_default());
        text.push(b':');
        match value {
            // In brackets, so that a value of null is told from no value.
            Some(value) => {
                text.push(b'[');
                text.extend(value.to_json());
                text.push(b']');
            }
            None => text.extend(b"[]"),
        }
    }
    text.push(b'}');
    text
}

fn from_bytes(bytes: &[u8]) -> Result<Vec<Change>, Problems> {
    let text = std::str::from_utf8(bytes).unwrap_or("");
    let read = value(UNIT, LayerKind::Patch, text)?;
    let mut changes = Vec::with_capacity(read.root().len());
    for item in read.root().items() {
        let path = item.key().parse::<Path>().map_err(|error| Problem::new("unit", Path::root(), "a path", error.to_string()))?;
        changes.push((path, item.nth(0).map(|value| value.to_document())));
    }
    Ok(changes)
}

impl Version {
    /// The document as one unit sees it: shared but for the tables on the paths of its overrides. Without overrides, the shared one.
    ///
    /// # Errors
    /// When an override does not fit the document any more.
    pub fn for_unit(&self, unit: &str) -> Result<Document, Problems> {
        match self.units.get(unit) {
            None => Ok(self.document().clone()),
            Some(bytes) => {
                let document = patch(self.merged.document(), &from_bytes(bytes)?)?;
                Ok(self.schema.check_document(&document, Some(&self.checked))?.document().clone())
            }
        }
    }

    /// One unit's overrides.
    ///
    /// # Errors
    /// When the stored bytes are none.
    pub fn overrides(&self, unit: &str) -> Result<Vec<Change>, Problems> {
        self.units.get(unit).map_or_else(|| Ok(Vec::new()), from_bytes)
    }
}

impl Store {
    /// Sets what some units have otherwise than everybody, replacing what they had before; all of it or nothing. Returns the revision.
    ///
    /// # Errors
    /// When a change does not fit the shape, or the overlays cannot be stored.
    pub fn set_units(&self, changes: &[UnitChange]) -> Result<u64, Problems> {
        self.0.notice_fork();
        let version = self.pin();
        let mut problems = Vec::new();
        let mut encoded: Vec<units::Change<'static>> = Vec::with_capacity(changes.len());
        for (unit, changes) in changes {
            if let Some(changes) = changes {
                problems.extend(self.0.check_unit(&version, unit, changes).err().into_iter().flat_map(|found| found.0));
            }
            encoded.push((Cow::Owned(unit.clone()), changes.as_ref().map(|changes| Cow::Owned(to_bytes(changes)))));
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        self.0.number_units(encoded)
    }

    /// The current document as one unit sees it.
    ///
    /// # Errors
    /// As of [`Version::for_unit`].
    pub fn for_unit(&self, unit: &str) -> Result<Document, Problems> {
        self.pin().for_unit(unit)
    }
}

impl Inner {
    fn check_unit(&self, version: &Version, unit: &str, changes: &[Change]) -> Result<(), Problems> {
        let with_unit = |problems: Problems| {
            let named = |problem: Problem| {
                let hint = problem
                    .hint
                    .clone()
                    .map_or_else(|| format!("in the overrides of {unit}"), |hint| format!("in the overrides of {unit}: {hint}"));
                problem.hint(hint)
            };
            Problems(problems.0.into_iter().map(named).collect())
        };
        if self.numbering.folder().is_some() || self.units.folder().is_some() {
            self.refuse_secrets(version.document(), changes).map_err(with_unit)?;
        }
        let document = patch(version.merged.document(), changes).map_err(with_unit)?;
        self.schema.check_document(&document, Some(&version.checked)).map_err(with_unit)?;
        Ok(())
    }

    /// Numbers some changes and makes them current.
    fn number_units(&self, changes: Vec<units::Change<'static>>) -> Result<u64, Problems> {
        let failed = |error: std::io::Error| {
            Problems::from(Problem::new("numbering", Path::root(), format!("overlays in {}", self.units.place()), error.to_string()))
        };
        let too_large =
            || Problems::from(Problem::new("too_large", Path::root(), "overlays of at most 4 GB in each of 4,096 parts", "more"));
        let _turn = self.units_turn.take();
        let object = Arc::new(UnitsObject::Changes(changes));
        for _ in 0..TRIES {
            self.catch_up_units()?;
            let now = self.cell.load().units.clone();
            let UnitsObject::Changes(changes) = &*object else { break };
            let next = now.with(changes.clone()).ok_or_else(too_large)?;
            let since = self.units_since_whole.load(Ordering::Relaxed);
            // In memory all units together cost nothing: they are the map that is current. Changes would be kept beside it.
            let whole = self.units.folder().is_none() || since >= WHOLE_EVERY && since * 256 >= next.len() as u64;
            let shared: Arc<dyn Object> = if whole { Arc::new(UnitsObject::Whole(Arc::new(next.clone()))) } else { object.clone() };
            if self.units.create(next.revision, &shared).map_err(failed)? == Creation::Exists {
                continue;
            }
            let revision = next.revision;
            self.publish_units(&next);
            if whole {
                self.units_since_whole.store(0, Ordering::Relaxed);
                // Others that are slower find the whole one.
                let _ = self.units.prune(revision);
            } else {
                self.units_since_whole.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(revision);
        }
        Err(Problem::new("contended", Path::root(), "a free number", format!("numbers that others took {TRIES} times")).into())
    }

    /// Makes overlays current, unless newer ones are.
    fn publish_units(&self, units: &Units) {
        let _turn = self.committing.take();
        let published = self.cell.publish::<()>(|now| {
            let newer = now.units.revision >= units.revision;
            Ok((!newer).then(|| Version { units: units.clone(), ..(**now).clone() }))
        });
        if published == Ok(true) {
            self.ring_follows(&self.cell.load_full());
        }
    }

    /// Makes the newest numbered overlays current.
    pub(super) fn catch_up_units(&self) -> Result<(), Problems> {
        let failed = |what: String| {
            Problems::from(
                Problem::new("numbering", Path::root(), format!("overlays in {}", self.units.place()), what).hint("set the overlays again"),
            )
        };
        let newest = self.units.newest().map_err(|error| failed(error.to_string()))?;
        let mut now = self.cell.load().units.clone();
        if newest <= now.revision {
            return Ok(());
        }
        // Back to the last object that holds all units, or to what is current here.
        let mut objects = Vec::new();
        let mut number = newest;
        while number > now.revision {
            let bytes = self.units.read(number).map_err(|error| failed(error.to_string()))?;
            let Some(bytes) = bytes else { return Err(failed(format!("no object {number}"))) };
            let object = units::decode(&bytes).map_err(|damage| failed(format!("object {number}: {damage}")))?;
            let is_whole = matches!(object, UnitsObject::Whole(_));
            objects.push(object);
            if is_whole {
                break;
            }
            number -= 1;
        }
        for object in objects.into_iter().rev() {
            now = match object {
                UnitsObject::Whole(units) => {
                    self.units_since_whole.store(0, Ordering::Relaxed);
                    units.as_revision(number)
                }
                UnitsObject::Changes(changes) => {
                    self.units_since_whole.fetch_add(1, Ordering::Relaxed);
                    now.with(changes).ok_or_else(|| failed("more than fits".to_owned()))?
                }
            };
        }
        self.publish_units(&now);
        Ok(())
    }

    /// Follows overlays; a damaged object is looked at again when there is a newer one.
    pub(super) fn follow_units(&self) {
        let newest = self.units.newest().unwrap_or(0);
        if newest > self.units_refused.load(Ordering::Relaxed) && self.catch_up_units().is_err() {
            Inner::count(&self.counts.rejects);
            self.units_refused.store(newest, Ordering::Relaxed);
        }
    }
}
