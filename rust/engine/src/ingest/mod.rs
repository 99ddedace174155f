//! Files and streams as records: JSON lines, JSON arrays, CSV; plain, gzip or zstd.
//!
//! **In**: a path or any reader. **Out**: [`Chunk`]s of records, each the JSON text of one document with its place. **Law**
//! 1. Nothing is validated here beyond what finding the records needs: one parser (`schema`) judges every document, wherever it came
//!    from. A CSV cell becomes the JSON value that its field's type asks for, or its text, which that parser then refuses with its place.
//! 2. A record longer than a document may be is cut just above the limit (and so refused) and skipped, never buffered whole.
//! 3. A stream that ends early, or whose compression is damaged, is an error with file and record; what came before is not a file's
//!    content, so the caller drops it.

mod chunk;
mod csv;
mod json;
mod lines;
mod open;

#[cfg(test)]
mod tests;

pub use chunk::{Chunk, RecordSource};
pub use open::{Format, open_file, open_reader};
