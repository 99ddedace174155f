//! From a path to its records: the format by the name's ending, the compression by the one behind it.
//!
//! **Law**: `.gz` may hold several members (as `cat a.gz b.gz` makes), `.zst` several frames. Progress counts the bytes of the file, so
//! compressed ones for compressed files.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::RecordSource;
use super::csv::Rows;
use super::json::Values;
use super::lines::Lines;
use crate::base::error::{Place, Reject};
use crate::base::{Error, Result};
use crate::schema::Schema;

/// How records stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    JsonLines,
    /// An array of JSON objects, or JSON objects one after the other.
    Json,
    /// A header row and one row a document.
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    Plain,
    Gzip,
    Zstd,
}

impl Format {
    /// The format and compression that a file name tells.
    fn of(name: &str) -> Option<(Self, Compression)> {
        let lower = name.to_ascii_lowercase();
        let (stem, compression) = if let Some(stem) = lower.strip_suffix(".gz") {
            (stem, Compression::Gzip)
        } else if let Some(stem) = lower.strip_suffix(".zst") {
            (stem, Compression::Zstd)
        } else {
            (lower.as_str(), Compression::Plain)
        };
        let format = match stem.rsplit_once('.')?.1 {
            "jsonl" | "ndjson" => Self::JsonLines,
            "json" => Self::Json,
            "csv" => Self::Csv,
            _ => return None,
        };
        Some((format, compression))
    }
}

/// Where records come from, for places and progress.
#[derive(Clone)]
pub(super) struct Origin {
    name: Option<String>,
    done: Arc<AtomicU64>,
    total: Option<u64>,
}

impl Origin {
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn progress(&self) -> Option<(u64, u64)> {
        self.total.map(|total| (self.done.load(Ordering::Relaxed).min(total), total))
    }

    /// The input cannot be read on from record or line `number`.
    pub(super) fn damaged(&self, number: u64, error: &dyn fmt::Display) -> Error {
        self.cut_off(number, "input that can be read to its end", &error.to_string())
    }

    pub(super) fn cut_off(&self, number: u64, expected: &str, got: &str) -> Error {
        let place = Place { source: self.name.clone(), record: Some(number) };
        Error::from(Reject { key: None, field: String::new(), expected: expected.to_owned(), got: got.to_owned(), place })
    }
}

/// Counts what passes.
struct Counted<R> {
    reader: R,
    done: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.done.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The records of a file. CSV cells are read by the types of `schema`, or guessed without one.
///
/// # Errors
/// [`Error::Storage`] when it cannot be opened; [`Error::Argument`] when its name does not tell a known format.
pub fn open_file(path: &Path, schema: Option<&Schema>) -> Result<Box<dyn RecordSource>> {
    let name = path.display().to_string();
    let Some((format, compression)) = Format::of(&name) else {
        return Err(Error::Argument {
            argument: "path",
            expected: "a name that ends in .jsonl, .ndjson, .json or .csv, with .gz or .zst behind it when compressed".into(),
            got: name,
        });
    };
    let open = |e| Error::storage("open", name.clone(), e);
    let file = File::open(path).map_err(open)?;
    let meta = file.metadata().map_err(open)?;
    if meta.is_dir() {
        return Err(Error::storage("open", name, io::ErrorKind::IsADirectory.into()));
    }
    let total = meta.is_file().then_some(meta.len());
    records(file, format, compression, Some(name), total, schema)
}

/// The records of any uncompressed stream, such as standard input; `name` stands in the places of errors.
///
/// # Errors
/// None yet; reading tells.
pub fn open_reader(
    reader: impl Read + Send + 'static,
    format: Format,
    name: &str,
    schema: Option<&Schema>,
) -> Result<Box<dyn RecordSource>> {
    records(reader, format, Compression::Plain, Some(name.to_owned()), None, schema)
}

fn records(
    reader: impl Read + Send + 'static,
    format: Format,
    compression: Compression,
    name: Option<String>,
    total: Option<u64>,
    schema: Option<&Schema>,
) -> Result<Box<dyn RecordSource>> {
    let origin = Origin { name, done: Arc::default(), total };
    let counted = Counted { reader, done: Arc::clone(&origin.done) };
    let unpacked: Box<dyn Read + Send> = match compression {
        Compression::Plain => Box::new(counted),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, counted))),
        Compression::Zstd => Box::new(zstd::Decoder::new(counted).map_err(|e| origin.damaged(1, &e))?),
    };
    Ok(match format {
        Format::JsonLines => Box::new(Lines::new(unpacked, origin)),
        Format::Json => Box::new(Values::new(unpacked, origin)),
        Format::Csv => Box::new(Rows::new(unpacked, origin, schema)),
    })
}
