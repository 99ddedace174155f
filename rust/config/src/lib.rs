//! Live configuration: what a configuration says, who said it, and what is wrong with it.
//!
//! **In**: the bytes of files, the environment, tables of the program, a schema. **Out**: one immutable [`Document`] whose every value knows
//! its place; [`Problems`] with places; differences; patches.
//!
//! **Law**
//! 1. Reading is done off to the side: nothing here publishes anything, and nothing fails half-way.
//! 2. Bytes and words of users never panic, recurse without bound, or take memory out of proportion.
//! 3. The value of a secret never leaves through a message, a difference or a stored version.

mod diff;
mod document;
mod failpoint;
mod layers;
pub mod numbering;
pub mod object;
mod pace;
mod parse;
mod patch;
mod problem;
pub mod process;
mod schema;
mod secret_keys;
mod secrets;
mod source;
mod spare;
pub mod store;
pub mod units;
mod value;
mod watch;

pub use diff::{Diff, Difference, diff};
pub use document::{Document, Kind, Node, Origin, Path, PathError, Segment};
pub use layers::{Explanation, Layer, Merged, Said, environment, merge};
pub use parse::{Format, Limits, parse, parse_as};
pub use patch::{Change, patch};
pub use problem::{Problem, Problems, Severity, Span, render};
pub use schema::{Checked, Schema};
pub use secret_keys::{SecretNames, is_secret_key};
pub use secrets::{Secrets, holds_password};
pub use source::{LayerKind, Place, Source};
pub use value::value;
