//! The read wing as a whole: indexes in memory, built as users build them, asked as users ask.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod boosts;
mod bound;
mod counting;
mod files;
mod filters;
mod judge;
mod lifecycle;
mod live;
mod order;
mod pruned;
mod sorted;
mod text;
mod world;
