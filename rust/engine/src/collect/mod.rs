//! Which of the matching documents are returned, in what order, and how many there are.

mod top;

pub use top::{Kept, Key, TopByKeys, TopByScore};
