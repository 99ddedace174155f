//! Execution: a program over one segment, window by window.
//!
//! **In**: a [`Program`] that the planner wrote for a view; a segment of that view and its live documents. **Out**: windows of matching
//! documents with integer scores ([`run`]), or a bit set ([`matching`]). **Law**: exhaustive and exact: every live document that
//! satisfies the program is handed out once, in order, whatever its score. Memory is bounded by the depth of the program and one bit a
//! document for each leaf that unites posting lists; a window allocates nothing. All loops are flat: no recursion, whatever the query.

pub mod boost;
mod condition;
mod distance;
mod frequency;
pub mod kernels;
mod masks;
mod phrase;
pub mod program;
pub mod pruned;
mod run;
mod scratch;
mod slot;
mod tables;
mod terms;
mod window;

pub use distance::Centre;
pub use frequency::{PhraseCounter, PhraseWord};
pub use masks::Masks;
pub use program::{Adjacent, Blend, Clause, Condition, Entries, Leaf, Op, Program, Slot, Source};
pub use run::{matching, run, run_where};
pub use tables::{Saturation, Tables};
pub use terms::scan_near;
pub use window::{Mask, PLACES, WINDOW, WORDS, Window};
