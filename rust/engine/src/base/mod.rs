//! Floor 0: ids, checksums, varints, bit sets, errors. Everything else stands on this.

pub mod bits;
pub mod checksum;
pub mod error;
pub mod ids;
pub mod interrupt;
mod nearest;
pub mod sorting;
pub mod varint;

pub use error::{Error, Result};
pub use ids::{DocId, FieldId, SeqNo, TermOrd};
pub use interrupt::{Interrupt, Pace};
pub use nearest::{letters_between, nearest};
