//! Processes: how a store notices a fork, and how processes show one another where they are.

mod board;
mod fork;

pub use board::{Entry, HEARTBEAT, leave, read, show};
pub use fork::{count_forks, generation};
