//! Executors that look only at what can still win.
//!
//! **In**: a program, its [`Shape`], a segment, a filter, the [`Best`] so far. **Out**: the same hits with the same scores in the same
//! order as the exhaustive executor, which the tests hold against it. **Law**: nothing is passed over but by a bound that holds under the
//! configuration at hand; scores are integers and exact; no allocation once a thread's buffers have grown; the interrupt is looked at
//! for each batch, window, or 64 blocks.
//!
//! | room | what it does |
//! |---|---|
//! | `shape` | groups that must match, leaves that may, leaves that must not |
//! | `open`, `arena` | posting lists and tables of contributions, laid out |
//! | `clause`, `postings` | one list: bounds, probes, sums |
//! | `single`, `merged`, `windows` | three ways to lead: by codes, by merging, by summing in windows |
//! | `coarse` | windows whose sums are bytes, rounded up: what they find is scored anew |
//! | `conjunction` | frequent clauses that must all match: their bitmaps meet |
//! | `intersect`, `lot` | postings of the list that leads, less those that others lack |
//! | `machine` | what becomes of a candidate |
//! | `phrase` | a query that is one phrase: the last look at a batch |
//! | `places` | how often a phrase stands, by positions as they lie |
//! | `verify` | exact scores where clauses do not add up |
//! | `nested` | programs deeper than a shape: windows with bounds |
//! | `exact` | exact scores of documents whose postings are known |
//! | `drive`, `limits` | which clauses lead together |
//! | `best` | the hits so far, and the threshold |
//! | `filtered` | few documents pass a filter: they lead |
//! | `count` | how many match, without scores |
//! | `work` | counters |
//!
//! Source: the project's own study of executors; MaxScore (Turtle & Flood 1995), block maxima (Ding & Suel 2011) in doc-aligned blocks.

mod arena;
#[cfg(test)]
mod audit;
pub mod best;
mod clause;
mod coarse;
mod conjunction;
mod count;
mod drive;
mod exact;
mod filtered;
mod intersect;
mod limits;
mod lot;
mod machine;
mod merged;
mod nested;
mod open;
mod phrase;
mod places;
mod postings;
mod shape;
mod single;
mod verify;
mod windows;
mod work;

#[cfg(test)]
pub use audit::audit;
pub use best::{Best, Row};
pub use count::{Found, Matches, REGION, count_segment, match_segment};
pub use drive::{Outcome, Search, search_segment};
#[cfg(test)]
pub use limits::Limits;
pub use nested::search_nested;
pub use shape::{Group, Shape};
pub use work::Work;
