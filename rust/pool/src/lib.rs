//! Worker threads for what is too long for an event loop.
//!
//! **In**: jobs, each with a lane and somebody to tell. **Out**: their work done on threads of this crate; one wake-up for many results.
//!
//! **Law**
//! 1. Whether a job is taken is decided before any of its work: a full queue answers [`Full`] at once, with the time after which it is
//!    worth trying again.
//! 2. Short jobs have a worker that never takes anything else, long jobs have a share that short ones cannot take from them, and jobs
//!    that write come one after the other (`lanes.rs`).
//! 3. Threads start when there is work for them and end when there was none for a while. The pool belongs to one process: a child of
//!    `fork` gets its own and never touches its parent's (`process.rs`).
//! 4. Whoever waits is told once for all that ended meanwhile: a worker rings when it runs out of work, or after [`PATIENCE`].
//!
//! Python, indexes and clocks of users are unknown here; a job is whatever implements [`Job`].

mod lanes;
mod pool;
mod process;

#[cfg(test)]
mod tests;

pub use lanes::{Full, Lane, Limits};
pub use pool::{Bell, Job, PATIENCE, Pool};
pub use process::OfProcess;
