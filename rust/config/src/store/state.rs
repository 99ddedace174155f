//! What a store knows beside its current version: hooks, kept versions, what happened lately.
//!
//! **In**: changes. **Out**: one immutable value. **Law**: it is swapped, never mended, so a fork in the middle of a change leaves a child one
//! that is whole; kept versions are bounded by number and by bytes.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::hooks::{Attached, Check, Derive, GuardRule, Hook};
use super::report::Report;
use super::subscribers::Subscription;
use super::version::Version;

/// Reports that are kept.
const REPORTS: usize = 64;

/// A version that was replaced and may still be read.
#[derive(Clone)]
pub(super) struct Past {
    pub number: u64,
    pub since: Instant,
    pub version: Weak<Version>,
}

#[derive(Clone, Default)]
pub(super) struct State {
    /// Kept versions, the newest last; the newest is the current one.
    pub ring: Vec<Arc<Version>>,
    pub past: Vec<Past>,
    pub reports: Vec<Arc<Report>>,
    pub checks: Vec<Hook<dyn Check>>,
    pub derives: Vec<Hook<dyn Derive>>,
    pub guards: Vec<Hook<dyn GuardRule>>,
    pub attached: Vec<Hook<dyn Attached>>,
    pub subscriptions: Vec<Arc<Subscription>>,
}

impl State {
    /// With a version that has just become current. Those that fall out of the ring are freed by the reaper, which has been their owner since
    /// the cell let go of them.
    pub fn with_version(&self, replaced: &Arc<Version>, version: &Arc<Version>, keep: usize, keep_bytes: usize) -> Self {
        let mut next = self.clone();
        next.past.push(Past { number: replaced.number(), since: Instant::now(), version: Arc::downgrade(replaced) });
        next.past.retain(|past| past.version.strong_count() > 0);
        next.ring.retain(|kept| kept.number() != version.number());
        next.ring.push(Arc::clone(version));
        let bytes = |kept: &Arc<Version>| kept.bytes;
        let mut total: usize = if keep_bytes == usize::MAX { 0 } else { next.ring.iter().map(bytes).sum() };
        while next.ring.len() > keep.max(1) || (total > keep_bytes && next.ring.len() > 1) {
            let dropped = next.ring.remove(0);
            total = total.saturating_sub(bytes(&dropped));
        }
        next
    }

    /// With a report of what happened.
    pub fn with_report(&self, report: &Arc<Report>) -> Self {
        let mut next = self.clone();
        if next.reports.len() >= REPORTS {
            next.reports.remove(0);
        }
        next.reports.push(Arc::clone(report));
        next
    }
}
