//! Places of a search and of a publication at which tests make something happen.
//!
//! **In**: the name of the place that was reached. **Out**: nothing. **Law**: outside of tests there is nothing here to call; in tests a hook is
//! its thread's own.

/// A place was reached.
#[cfg(not(test))]
#[inline(always)]
pub(super) fn reached(_place: &'static str) {}

#[cfg(test)]
pub(super) use hooks::{hooked, reached};

#[cfg(test)]
mod hooks {
    use std::cell::RefCell;

    type Hook = Box<dyn FnMut(&'static str)>;

    thread_local! {
        static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
    }

    /// A place was reached. What the hook itself reaches is not told.
    pub fn reached(place: &'static str) {
        if let Some(mut hook) = HOOK.take() {
            hook(place);
            HOOK.set(Some(hook));
        }
    }

    /// Runs `work` with a hook.
    pub fn hooked<T>(hook: impl FnMut(&'static str) + 'static, work: impl FnOnce() -> T) -> T {
        HOOK.set(Some(Box::new(hook)));
        let done = work();
        HOOK.set(None);
        done
    }
}
