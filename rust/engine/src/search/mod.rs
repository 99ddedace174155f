//! Search: an index as programs use it.
//!
//! **In**: a URL; requests. **Out**: [`Hits`], documents, counts; a writer. **Law**: a request captures one [`View`] at entry and everything
//! below works on that; the three numbers that name a view come back with every answer. The engine has no clock of its own: time is
//! looked at here, to measure a search and to turn a timeout into a deadline.
//!
//! One query's way: text or tree → [`crate::query::rewrite`] → [`crate::plan::compile`] → [`crate::collect::gather`] over
//! [`crate::exec::run`] → [`Hits`].

mod cell;
mod curate;
mod explain;
mod failpoints;
mod filters;
mod follow;
mod handle;
mod hits;
mod judge;
mod project;
mod request;
mod stages;
mod view;

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

pub use crate::collect::{CountMode, Relation};
pub use explain::{Explanation, How, Part};
pub use handle::{Index, IndexOptions, Ready};
pub use hits::Hits;
pub use judge::{Arm, Judged, Loss, Outcome, Verdict, arms, judge, ndcg, read_judged};
pub use request::{FilterInput, OnTimeout, QueryInput, SearchRequest};
pub use stages::{Attempt, Search};
pub use view::View;
