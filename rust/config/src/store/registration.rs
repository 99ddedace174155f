//! Hooks that are added to a store that is open already.
//!
//! **In**: hooks. **Out**: nothing, or why the current version does not fit them. **Law**: what is added holds for the current version at once:
//! a derivation is made of it, a check accepts it, an attached user adopts it; else it is not added. The version keeps its number, since
//! nothing that readers had is another.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::hooks::{Attached, Candidate, Check, Derive, GuardRule, Hook, guarded};
use super::version::Version;
use super::{Inner, Store};
use crate::object::Cause;
use crate::problem::{Problem, Problems};

impl Store {
    /// Derives something more, of the current version now and of each later one before it is published. A name that exists is replaced.
    ///
    /// # Errors
    /// Why it cannot be made of the current version.
    pub fn add_derive(&self, derive: Arc<dyn Derive>) -> Result<(), Problems> {
        let hook = Hook::new(derive);
        let _publishing = self.0.publishing.take();
        let version = self.pin();
        // A name that is used again says nothing about what was made under it.
        let made = self.0.derive(std::slice::from_ref(&hook), version.document(), None)?;
        let with = |now: &Version| -> BTreeMap<_, _> {
            now.derived.iter().chain(&made).map(|(name, value)| (Arc::clone(name), Arc::clone(value))).collect()
        };
        self.0.replace_current(&version, |now| Version { derived: Arc::new(with(now)), ..now.clone() });
        self.0.amend(|state| {
            let mut next = state.clone();
            next.derives.retain(|other| other.hook.name() != hook.hook.name());
            next.derives.push(hook.clone());
            next
        });
        Ok(())
    }

    /// Asks one more guard before each later publication.
    pub fn add_guard(&self, guard: Arc<dyn GuardRule>) {
        let hook = Hook::new(guard);
        self.0.amend(|state| {
            let mut next = state.clone();
            next.guards.push(hook.clone());
            next
        });
    }

    /// Checks more, the current version now and each later one before it is published.
    ///
    /// # Errors
    /// What is wrong with the current version.
    pub fn add_check(&self, check: Arc<dyn Check>) -> Result<(), Problems> {
        let hook = Hook::new(check);
        let candidate = Arc::new(self.0.candidate_of(&self.pin()));
        let (name, budget) = (hook.hook.name().to_owned(), hook.hook.budget());
        hook.call(self.0.identity(), &name, budget, move |check| check.check(&candidate))?;
        self.0.amend(|state| {
            let mut next = state.clone();
            next.checks.push(hook.clone());
            next
        });
        Ok(())
    }

    /// Lets somebody prepare for and adopt the current version now, and each later one before and when it is published. Returns warnings.
    ///
    /// # Errors
    /// Why they cannot take the current version.
    pub fn attach(&self, attached: Arc<dyn Attached>) -> Result<Vec<Problem>, Problems> {
        let hook = Hook::new(attached);
        let _publishing = self.0.publishing.take();
        loop {
            let version = self.pin();
            let (adopt, warnings) = hook.hook.prepare(&self.0.candidate_of(&version))?;
            let _committing = self.0.committing.take();
            let current = self.pin();
            if current.number() != version.number() {
                continue;
            }
            adopt(&current);
            self.0.amend(|state| {
                let mut next = state.clone();
                next.attached.push(hook.clone());
                next
            });
            return Ok(warnings);
        }
    }

    /// Lets nobody of this name prepare any more.
    pub fn detach(&self, name: &str) {
        self.0.amend(|state| {
            let mut next = state.clone();
            next.attached.retain(|attached| attached.hook.name() != name);
            next
        });
    }
}

impl Inner {
    /// A version as a candidate to be looked at by hooks that came later.
    fn candidate_of(&self, version: &Arc<Version>) -> Candidate {
        Candidate {
            document: version.document().clone(),
            derived: version.derived.iter().map(|(name, value)| (Arc::clone(name), Arc::clone(value))).collect(),
            previous: None,
            cause: Cause::Load,
            diff: OnceLock::new(),
        }
    }

    /// Publishes the current version again with something changed beside its document, if `seen` is still current.
    pub(super) fn replace_current(&self, seen: &Version, with: impl Fn(&Version) -> Version) {
        let _committing = self.committing.take();
        let replaced = self.cell.publish::<()>(|now| Ok((now.number() == seen.number()).then(|| with(now))));
        if replaced == Ok(true) {
            self.ring_follows(&self.cell.load_full());
        }
    }

    /// Puts the current version into the ring in the place of one with its number, and shows it to the attached.
    pub(super) fn ring_follows(&self, current: &Arc<Version>) {
        for attached in &self.state.load().attached {
            // What a closure does wrong harms nobody else.
            let _ = guarded(self.identity(), attached.hook.name(), || {
                attached.hook.refresh(current);
                Ok(())
            });
        }
        self.amend(|state| {
            let mut next = state.clone();
            if let Some(last) = next.ring.last_mut().filter(|last| last.number() == current.number()) {
                *last = Arc::clone(current);
            }
            next
        });
    }
}
