//! Every way in which the engine refuses or fails, as data.
//!
//! **Law**: a variant carries what a program needs to react (place, expected, got) and its text says how to repair; there is no
//! catch-all variant. The binding maps each variant to one Python class without a wildcard arm, so a new variant does not compile
//! until it is mapped.

use std::fmt;
use std::io;

use super::interrupt::Stop;

/// Result of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where in the input a document stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// File or stream, if there is one.
    pub source: Option<String>,
    /// Line (1-based) in a line-oriented file, else the record's number (1-based) in its batch.
    pub record: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.record) {
            (Some(source), Some(record)) => write!(f, "{source}:{record}: "),
            (Some(source), None) => write!(f, "{source}: "),
            (None, Some(record)) => write!(f, "record {record}: "),
            (None, None) => Ok(()),
        }
    }
}

/// One refused document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Its key, when it could be read.
    pub key: Option<String>,
    /// The field at fault (empty: the document as a whole).
    pub field: String,
    /// What would have been accepted.
    pub expected: String,
    /// What stood there, shortened.
    pub got: String,
    /// Where it came from.
    pub place: Place,
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}document", self.place)?;
        if let Some(key) = &self.key {
            write!(f, " {key:?}")?;
        }
        if !self.field.is_empty() {
            write!(f, ", field {:?}", self.field)?;
        }
        write!(f, ": expected {}, got {}", self.expected, self.got)
    }
}

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Dotted path of the value.
    pub path: String,
    /// What would have been accepted.
    pub expected: String,
    /// What stood there.
    pub got: String,
    /// A name that was perhaps meant.
    pub meant: Option<String>,
}

impl Problem {
    /// What would have been accepted, and what was perhaps meant.
    #[must_use]
    pub fn expected(&self) -> String {
        match &self.meant {
            Some(meant) => format!("{}; did you mean {meant:?}?", self.expected),
            None => self.expected.clone(),
        }
    }
}

/// The engine's error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A schema that cannot be, or two that disagree.
    #[error("schema: {path}: expected {expected}, got {got}")]
    Schema {
        /// Dotted path inside the schema, as in `fields.year`.
        path: String,
        /// What would have been accepted.
        expected: String,
        /// What stood there.
        got: String,
    },

    /// A document that the schema refuses. The writer is as it was before.
    #[error("{0}")]
    Document(Box<Reject>),

    /// A query or filter that strict parsing refuses.
    #[error("query, position {position}: {message}{}", .hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Query {
        /// Offset in characters from the start of the text.
        position: usize,
        /// What is wrong.
        message: String,
        /// How to repair it.
        hint: Option<String>,
    },

    /// A configuration that is refused as a whole, with every problem.
    #[error("configuration: {}", .0.iter().map(|p| format!("{}: expected {}, got {}", p.path, p.expected(), p.got)).collect::<Vec<_>>().join("; "))]
    Config(Vec<Problem>),

    /// Another writer won, and repeating cannot or must not help.
    #[error("conflict: {0}")]
    Conflict(String),

    /// A pinned view whose files are gone.
    #[error("stale view: {0}; open a new view")]
    StaleView(String),

    /// Bytes that are not what was written.
    #[error("corruption in {file} at byte {offset}: {what}; restore the file from a backup, or rebuild the index")]
    Corruption {
        /// The object's name inside the index.
        file: String,
        /// Byte offset of the damage (the start of the damaged page or structure).
        offset: u64,
        /// Expected and got.
        what: String,
    },

    /// A file of another format version.
    #[error("{file} has format version {got}, this build reads {expected}; {hint}")]
    FormatVersion {
        /// The object's name inside the index.
        file: String,
        /// The version this build reads.
        expected: u32,
        /// The version found.
        got: u32,
        /// How to repair.
        hint: String,
    },

    /// The operating system refused.
    #[error("storage: {operation} {path}: {source}")]
    Storage {
        /// What was tried: `open`, `write`, `fsync`…
        operation: &'static str,
        /// On which path or object.
        path: String,
        /// Why not.
        source: io::Error,
    },

    /// There is no index at this URL, or there is one already.
    #[error("{url}: {what}")]
    Index {
        /// The index's URL.
        url: String,
        /// `NotFound`: there is none; `AlreadyExists`: there is one; `InvalidInput`: there can be none.
        kind: io::ErrorKind,
        /// What is wrong and how to repair it.
        what: String,
    },

    /// The deadline passed and the caller asked for an error.
    #[error("search timed out after {seconds} s")]
    Timeout {
        /// The time that was allowed, in seconds.
        seconds: f64,
    },

    /// Interrupted by a cancel flag.
    #[error("cancelled")]
    Cancelled,

    /// The index was closed, or this process may not write with it.
    #[error("{0}")]
    Closed(String),

    /// An argument outside its range.
    #[error("{argument}: expected {expected}, got {got}")]
    Argument {
        /// The argument's name.
        argument: &'static str,
        /// What would have been accepted.
        expected: String,
        /// What was given.
        got: String,
    },

    /// A defect of findspot itself, found by its own checks: never caused by input or files.
    #[error("internal defect: {0}; please report it")]
    Defect(&'static str),
}

impl Error {
    /// A storage error with its place.
    pub fn storage(operation: &'static str, path: impl Into<String>, source: io::Error) -> Self {
        Self::Storage { operation, path: path.into(), source }
    }

    /// A corruption error with its place.
    pub fn corruption(file: impl Into<String>, offset: u64, what: impl Into<String>) -> Self {
        Self::Corruption { file: file.into(), offset, what: what.into() }
    }

    /// Whether an I/O error below says that the object does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Storage { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl From<Reject> for Error {
    fn from(reject: Reject) -> Self {
        Self::Document(Box::new(reject))
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled => Self::Cancelled,
            Stop::Deadline => Self::Timeout { seconds: 0.0 },
        }
    }
}
