//! The words of synchronisation that the cell is written in: those of the standard library, or those of loom, which runs the same code
//! under every order that its threads can take (`RUSTFLAGS="--cfg loom" cargo test -p findspot-publish --lib model`).

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicPtr, Ordering};
#[cfg(loom)]
pub use loom::sync::{Arc, Mutex, MutexGuard, RwLock};
pub use std::sync::PoisonError;
#[cfg(not(loom))]
pub use std::sync::atomic::{AtomicPtr, Ordering};
#[cfg(not(loom))]
pub use std::sync::{Arc, Mutex, MutexGuard, RwLock};
