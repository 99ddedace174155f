//! Watching: noticing that files, or the folder of versions, have changed.
//!
//! **In**: paths. **Out**: observations to compare, and a bell that rings when looking pays. **Law**: a decision is made by what is seen, never by
//! what an event says; so every event may be lost. [`settle`] waits for files that stand still.

mod bell;
mod mounts;
mod observe;

pub use bell::Bell;
pub use mounts::mounted_files;
pub use observe::{Observation, folders};

use std::time::{Duration, Instant};

/// Files stand still when two looks so far apart see the same.
pub const STILL: Duration = Duration::from_millis(25);
/// After this time they are read although they do not, and what they say then counts.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// Looks again and again until two looks see the same or `until` has come; returns the last one.
pub fn settle(until: Instant, mut look: impl FnMut() -> Observation, mut sleep: impl FnMut(Duration)) -> Observation {
    let mut last = look();
    loop {
        sleep(STILL);
        let next = look();
        if next == last || Instant::now() >= until {
            return next;
        }
        last = next;
    }
}
