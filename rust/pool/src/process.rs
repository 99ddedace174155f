//! The pool of this process, whatever it was forked from.
//!
//! **In**: nothing. **Out**: the one pool of the process that asks. **Law**: no lock is taken to find it, so a fork at any moment is safe;
//! a child forgets its parent's pool without freeing it: its mutex may be held by a thread that does not exist here.

use std::sync::Arc;

use findspot_publish::Latest;

use crate::lanes::Limits;
use crate::pool::Pool;

/// A pool for each process id.
///
/// # Examples
/// ```
/// use findspot_pool::{Limits, OfProcess};
/// let pools = OfProcess::new(Limits { cores: 2, waiting: 100 });
/// assert!(std::sync::Arc::ptr_eq(&pools.pool(), &pools.pool()));
/// assert_eq!(pools.pool().load(), (0, 0), "no job, no thread");
/// ```
pub struct OfProcess {
    limits: Limits,
    latest: Latest<(u32, Arc<Pool>)>,
}

impl OfProcess {
    /// Pools of these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, latest: Latest::new((std::process::id(), Pool::new(limits))) }
    }

    /// The pool of the process that asks.
    pub fn pool(&self) -> Arc<Pool> {
        self.of(std::process::id())
    }

    pub(crate) fn of(&self, process: u32) -> Arc<Pool> {
        loop {
            let seen = self.latest.load();
            let (owner, pool) = &**seen;
            if *owner == process {
                return Arc::clone(pool);
            }
            std::mem::forget(Arc::clone(pool));
            self.latest.offer(&seen, (process, Pool::new(self.limits)));
        }
    }
}
