//! Hooks: what others add to the way from a source to a version, and how they are kept from harming it.
//!
//! **In**: a candidate. **Out**: nothing, a derived value, or the problems that refuse it. **Law**
//! 1. A hook that fails or panics refuses the candidate; nothing else changes.
//! 2. A hook with a time budget runs on a thread of its own; when the budget is used up the candidate is refused and the publisher goes on.
//!    A thread cannot be stopped, so the same hook is not asked again before it has returned.
//! 3. A hook that calls the store's writing functions is refused at once instead of waiting for itself.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use super::version::{Derived, Version};
use crate::diff::{Diff, diff};
use crate::document::{Document, Path};
use crate::object::Cause;
use crate::problem::{Problem, Problems};

/// What may become the next version.
pub struct Candidate {
    pub(super) document: Document,
    pub(super) derived: Vec<(Arc<str>, Derived)>,
    pub(super) previous: Option<Arc<Version>>,
    pub(super) cause: Cause,
    pub(super) diff: OnceLock<Diff>,
}

impl Candidate {
    /// Its values.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The version that it would replace; none at the start.
    pub fn previous(&self) -> Option<&Arc<Version>> {
        self.previous.as_ref()
    }

    /// What led to it.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// What was derived from it under a name.
    pub fn derived(&self, name: &str) -> Option<&Derived> {
        self.derived.iter().find(|(derived, _)| &**derived == name).map(|(_, value)| value)
    }

    /// What differs from the version before; made when somebody asks.
    pub fn diff(&self) -> &Diff {
        self.diff.get_or_init(|| match &self.previous {
            Some(previous) => diff(previous.document(), &self.document),
            None => diff(&Document::empty(), &self.document),
        })
    }
}

/// A check beyond the schema, on every process that takes the version.
pub trait Check: Send + Sync {
    /// Its name in problems.
    fn name(&self) -> &str;
    /// How long it may take; `None` = it is trusted to return.
    fn budget(&self) -> Option<Duration> {
        None
    }
    /// Looks at the candidate.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&self, candidate: &Candidate) -> Result<(), Problems>;
}

/// Something that is made from some subtrees, and made again only when one of them changed.
pub trait Derive: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;
    /// The subtrees that it depends on.
    fn inputs(&self) -> &[Path];
    /// How long it may take; `None` = it is trusted to return.
    fn budget(&self) -> Option<Duration> {
        None
    }
    /// Makes it.
    ///
    /// # Errors
    /// Why it cannot be made: the candidate is refused.
    fn derive(&self, document: &Document) -> Result<Derived, Problems>;
}

/// A rule that only the publisher asks: whether so much may change at once. See [`super::guards`].
pub trait GuardRule: Send + Sync {
    /// Its name in problems.
    fn name(&self) -> &str;
    /// How long it may take; `None` = it is trusted to return.
    fn budget(&self) -> Option<Duration> {
        None
    }
    /// Looks at the candidate and what it would replace.
    ///
    /// # Errors
    /// Why it is refused.
    fn judge(&self, candidate: &Candidate) -> Result<(), Problems>;
}

/// What an attached user of the store does once a version is published: pointer work. The store calls it in the order of versions.
pub type Adopt = Box<dyn FnOnce(&Arc<Version>) + Send>;

/// Somebody who follows the store so closely that a version is only published when they have prepared for it: an index, a binding.
pub trait Attached: Send + Sync {
    /// Its name in problems.
    fn name(&self) -> &str;
    /// Does everything that takes time; the rest is the returned function. Also returns warnings.
    ///
    /// # Errors
    /// Why it cannot take the candidate, which is then refused for everybody.
    fn prepare(&self, candidate: &Candidate) -> Result<(Adopt, Vec<Problem>), Problems>;
    /// The current version has something else beside its values: other overlays of units, more that is derived, the places of its sources. Its
    /// number and its values are what they were. Pointer work, in the order of versions.
    fn refresh(&self, _current: &Arc<Version>) {}
}

/// A hook and whether a call of it is still running, by the process that it runs in.
pub(super) struct Hook<T: ?Sized> {
    pub(super) hook: Arc<T>,
    busy: Arc<AtomicU32>,
}

impl<T: ?Sized> Clone for Hook<T> {
    fn clone(&self) -> Self {
        Self { hook: Arc::clone(&self.hook), busy: Arc::clone(&self.busy) }
    }
}

impl<T: ?Sized + Send + Sync + 'static> Hook<T> {
    pub(super) fn new(hook: Arc<T>) -> Self {
        Self { hook, busy: Arc::default() }
    }

    /// Calls the hook on behalf of the store `of`.
    pub(super) fn call<R: Send + 'static>(
        &self,
        of: usize,
        name: &str,
        budget: Option<Duration>,
        call: impl FnOnce(&T) -> Result<R, Problems> + Send + 'static,
    ) -> Result<R, Problems> {
        let Some(budget) = budget else { return guarded(of, name, || call(&self.hook)) };
        let pid = std::process::id();
        if self.busy.swap(pid, Ordering::AcqRel) == pid {
            return Err(overdue(name, "it has not returned from an earlier call", budget));
        }
        let (done, result) = mpsc::sync_channel(1);
        let (hook, owned) = (self.clone(), name.to_owned());
        let started = findspot_publish::start_thread(c"findspot-hook", move || {
            let outcome = guarded(of, &owned, || call(&hook.hook));
            hook.busy.store(0, Ordering::Release);
            // Nobody waits any more when the budget is used up.
            let _ = done.send(outcome);
        });
        if !started {
            self.busy.store(0, Ordering::Release);
            return Err(overdue(name, "no thread could be started for it", budget));
        }
        result.recv_timeout(budget).unwrap_or_else(|_| Err(overdue(name, "it has not returned", budget)))
    }
}

fn overdue(name: &str, got: &str, budget: Duration) -> Problems {
    let expected = format!("an answer of `{name}` within {} ms", budget.as_millis());
    Problem::new("time_budget", Path::root(), expected, got).hint("make it faster, or give it a larger budget").into()
}

thread_local! {
    /// The stores whose hooks this thread is inside of.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Whether this thread is inside a hook of the store.
pub(super) fn is_inside(of: usize) -> bool {
    INSIDE.with_borrow(|inside| inside.contains(&of))
}

/// Calls a hook of the store `of`; a panic becomes a problem.
pub(super) fn guarded<R>(of: usize, name: &str, call: impl FnOnce() -> Result<R, Problems>) -> Result<R, Problems> {
    INSIDE.with_borrow_mut(|inside| inside.push(of));
    // What a hook leaves behind when it panics is its own; the store's values are immutable.
    let outcome = catch_unwind(AssertUnwindSafe(call));
    INSIDE.with_borrow_mut(Vec::pop);
    outcome.unwrap_or_else(|panic| Err(panicked(name, &*panic)))
}

fn panicked(name: &str, panic: &(dyn Any + Send)) -> Problems {
    let what = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Problem::new("hook_panicked", Path::root(), format!("an answer of `{name}`"), format!("a panic: {}", what.unwrap_or("without a text")))
        .into()
}
