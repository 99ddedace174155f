//! The publication cell: one immutable value, replaced whole, read without locks.
//!
//! **In**: values. **Out**: the newest value, as an [`Arc`] that stays valid for as long as the reader keeps it.
//!
//! **Law**
//! 1. A reader takes no lock and waits for nobody: [`Cell::load`] is an `arc-swap` load. A unit of work loads once and passes the value
//!    down; what it read cannot change.
//! 2. Publishers are ordered by one mutex that readers never touch. The next value is made from the current one inside it, so two
//!    publishers cannot lose each other's work. The function given to [`Cell::publish`] does pointer work only.
//! 3. A reader never frees a large value by letting go of it last: retired values go to the [`reaper`](retire), which frees a value
//!    when it is the only owner left.
//! 4. `fork` at any moment is safe: the mutex and the reaper are keyed by the process id, and a child makes its own.
//!
//! The protocol of publishing, keeping and freeing is checked by loom in every order that a few threads can take (`model.rs`); the cell
//! and a twin with a lock pass the same tests under load (`tests.rs`).
//!
//! Built on `arc-swap` 1.9.2 or newer (earlier ones had a race in the fallback path, see its CHANGELOG 1.9.0–1.9.1).

mod cell;
#[cfg(not(loom))]
mod latest;
mod reaper;
mod slot;
mod sync;
mod thread;
mod turn;

#[cfg(not(loom))]
pub use arc_swap::Guard;
pub use cell::Cell;
#[cfg(not(loom))]
pub use latest::Latest;
#[cfg(not(loom))]
pub use reaper::retire;
pub use slot::Slot;
pub use thread::start_thread;
pub use turn::{MyTurn, Turn};

#[cfg(all(test, loom))]
mod model;
#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(doc)]
use std::sync::Arc;
