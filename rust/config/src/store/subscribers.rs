//! Subscribers: who is told about a version after it was published.
//!
//! **In**: pairs of versions. **Out**: calls. **Law**: each subscriber has a thread of its own while there is something to tell, so one that hangs
//! or is slow delays nobody, and one that calls the store again waits for nothing it holds; changes come in order, each once, and when more
//! than a few wait, the last ones are joined into one step; what a subscriber raises is recorded and stops nothing.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use findspot_publish::{Latest, start_thread};

use super::version::Version;
use crate::diff::{Diff, diff};
use crate::document::{Path, Segment};

/// Changes that may wait one by one.
const WAITING: usize = 16;
/// Failures that are kept as text.
const RECORDED: usize = 32;

/// Somebody who is told about new versions.
pub trait Subscriber: Send + Sync {
    /// A version was published. The error is recorded.
    ///
    /// # Errors
    /// Whatever went wrong, as text.
    fn published(&self, old: &Arc<Version>, new: &Arc<Version>, diff: &Diff) -> Result<(), String>;
}

/// Which paths a subscriber cares about: `search.*` is everything below `search`, `*` everything, `search.weight` that value and what is
/// below it; `*` stands for any one key in the middle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Option<Segment>>);

impl std::str::FromStr for Pattern {
    type Err = crate::document::PathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A star is no bare key of a path: between dots it becomes a quoted one, which no key of a pattern needs to be.
        let quoted: Vec<String> = text.split('.').map(|part| if part == "*" { "\"*\"".to_owned() } else { part.to_owned() }).collect();
        let path: Path = quoted.join(".").parse()?;
        let star = Segment::Key("*".into());
        let mut steps: Vec<_> = path.segments().iter().map(|segment| (*segment != star).then(|| segment.clone())).collect();
        if steps.last() == Some(&None) {
            steps.pop();
        }
        Ok(Self(steps))
    }
}

impl Pattern {
    /// Whether a change at `path` touches what is meant: at it, below it, or above it.
    pub fn touches(&self, path: &Path) -> bool {
        self.0.iter().zip(path.segments()).all(|(step, segment)| step.as_ref().is_none_or(|step| step == segment))
    }
}

/// What subscribers raised lately.
pub struct Failures(Latest<(u64, Vec<(u64, String)>)>);

impl Default for Failures {
    fn default() -> Self {
        Self(Latest::new((0, Vec::new())))
    }
}

impl Failures {
    fn record(&self, version: u64, raised: String) {
        loop {
            let now = self.0.load();
            let mut next = (**now).clone();
            next.0 += 1;
            next.1.push((version, raised.clone()));
            let first = next.1.len().saturating_sub(RECORDED);
            next.1.drain(..first);
            if self.0.offer(&now, next) {
                return;
            }
        }
    }

    /// How many there were, and the last ones: the version they were told about, and the text.
    pub fn recorded(&self) -> (u64, Vec<(u64, String)>) {
        (**self.0.load()).clone()
    }
}

type Step = (Arc<Version>, Arc<Version>);

#[derive(Default)]
struct Queue {
    steps: VecDeque<Step>,
    /// The process in which a thread works on it; 0 = none.
    running: u32,
}

/// One subscriber and what it has not been told yet.
pub struct Subscription {
    patterns: Arc<[Pattern]>,
    subscriber: Arc<dyn Subscriber>,
    queue: Mutex<Queue>,
    ended: Arc<AtomicBool>,
    failures: Arc<Failures>,
}

impl Subscription {
    pub(super) fn new(patterns: Vec<Pattern>, subscriber: Arc<dyn Subscriber>, failures: Arc<Failures>) -> Self {
        Self { patterns: patterns.into(), subscriber, queue: Mutex::default(), ended: Arc::default(), failures }
    }

    /// This subscription for a child of `fork`: its queue may be locked by a thread that does not exist there.
    pub(super) fn for_child(&self) -> Self {
        Self {
            patterns: Arc::clone(&self.patterns),
            subscriber: Arc::clone(&self.subscriber),
            queue: Mutex::default(),
            ended: Arc::clone(&self.ended),
            failures: Arc::clone(&self.failures),
        }
    }

    /// Whether both stand for one subscription, perhaps in a parent and its child.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ended, &other.ended)
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Tells the subscriber, on its own thread.
    pub(super) fn tell(self: &Arc<Self>, old: &Arc<Version>, new: &Arc<Version>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = queue.steps.len() >= WAITING;
        match queue.steps.back_mut() {
            Some((_, last)) if is_full => *last = Arc::clone(new),
            _ => queue.steps.push_back((Arc::clone(old), Arc::clone(new))),
        }
        let pid = std::process::id();
        if queue.running != pid {
            let this = Arc::clone(self);
            let started = start_thread(c"findspot-tell", move || this.work());
            // Without a thread it is told with the next version.
            queue.running = if started { pid } else { 0 };
        }
    }

    fn work(&self) {
        loop {
            let step = {
                let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
                match queue.steps.pop_front() {
                    Some(step) if !self.ended.load(Ordering::Acquire) => step,
                    _ => {
                        queue.running = 0;
                        return;
                    }
                }
            };
            let (old, new) = &step;
            let diff = diff(old.document(), new.document());
            let touches = |path: &Path| self.patterns.iter().any(|pattern| pattern.touches(path));
            if !diff.differences.iter().any(|difference| touches(&difference.path)) {
                continue;
            }
            let told = catch_unwind(AssertUnwindSafe(|| self.subscriber.published(old, new, &diff)));
            match told {
                Ok(Ok(())) => {}
                Ok(Err(raised)) => self.failures.record(new.number(), raised),
                Err(_) => self.failures.record(new.number(), "a panic".to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_touch_what_is_at_below_and_above() {
        let touches = |pattern: &str, path: &str| pattern.parse::<Pattern>().unwrap().touches(&path.parse().unwrap());
        for (pattern, path) in
            [("search.*", "search.weight"), ("search.*", "search.a.b"), ("*", "x"), ("a.b", "a.b.c[1]"), ("a.b.c", "a"), ("a.*.c", "a.x.c")]
        {
            assert!(touches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [("search.*", "other"), ("a.b", "a.c"), ("a.*.c", "a.x.d")] {
            assert!(!touches(pattern, path), "{pattern} {path}");
        }
        assert!("a..b".parse::<Pattern>().is_err());
    }
}
