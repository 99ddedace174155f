//! Which of the matching documents are returned, in what order, and how many there are.
//!
//! **In**: a program and a snapshot. **Out**: the first hits and the total ([`gather`]). **Law**: the order is total and does not depend on
//! segmentation; a deleted document is neither returned nor counted.

mod counted;
mod gather;
mod ranked;
mod sort;
mod sorted;
mod top;

#[cfg(test)]
pub(crate) use gather::everything;
pub use gather::{CountMode, EXACT_UP_TO, Executor, Gathered, Hit, Relation, Sought, Wanted, gather};
pub use sort::{MAX_SORT_KEYS, SortBy, SortValue};
pub use top::{Kept, Key, TopByKeys, TopByScore};
