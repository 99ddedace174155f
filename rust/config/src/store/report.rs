//! Reports: what became of an attempt to publish.
//!
//! **In**: the attempt. **Out**: data. **Law**: a refused attempt says everything that is wrong, and changed nothing; no report holds a secret.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::object::Cause;
use crate::problem::{Problem, Problems};

/// How long the parts of an attempt took.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timings {
    /// Reading and parsing the sources.
    pub read: Duration,
    /// Merging, patches, the schema, checks.
    pub check: Duration,
    /// What is derived.
    pub derive: Duration,
    /// Attached users.
    pub prepare: Duration,
    /// Guards.
    pub guard: Duration,
    /// Creating the numbered object.
    pub number: Duration,
    /// Making it current.
    pub publish: Duration,
    /// All of it, with waiting for other publishers.
    pub total: Duration,
}

/// What became of an attempt.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What led to it.
    pub cause: Cause,
    /// Whether the content is now current, by this attempt or because it was already.
    pub accepted: bool,
    /// Whether this attempt published a version.
    pub published: bool,
    /// The version that is current now.
    pub version: u64,
    /// The version that was current before.
    pub previous: u64,
    /// Everything that is wrong, and warnings.
    pub problems: Vec<Problem>,
    /// How long it took.
    pub timings: Timings,
    /// Who tried.
    pub actor: String,
    /// When, in microseconds since 1970.
    pub time: i64,
}

impl Report {
    /// One paragraph for people.
    pub fn summary(&self) -> String {
        let state = match (self.accepted, self.published) {
            (true, true) => format!("version {} is published", self.version),
            (true, false) => format!("nothing has changed; version {} stays", self.version),
            (false, _) => format!("refused; version {} stays", self.version),
        };
        let problems: Vec<String> = self.problems.iter().map(|problem| format!("\n  {problem}")).collect();
        format!("{}: {state}{}", self.cause.name(), problems.concat())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())
    }
}

/// Who asks for a change, and why.
#[derive(Clone, Debug, Default)]
pub struct By {
    /// A name for the audit.
    pub actor: String,
    /// A sentence for the audit.
    pub reason: String,
    /// Whether guards are overruled.
    pub force: bool,
}

impl By {
    /// Somebody, without a reason.
    pub fn actor(actor: &str) -> Self {
        Self { actor: actor.to_owned(), ..Self::default() }
    }
}

/// Why a change that was asked for did not happen.
#[derive(Debug)]
pub enum Refusal {
    /// Somebody else published meanwhile.
    Conflict {
        /// The version that the caller had seen.
        expected: u64,
        /// The version that is current.
        current: u64,
    },
    /// There is no such version any more.
    UnknownVersion {
        /// What was asked for.
        number: u64,
        /// What there is, ascending.
        known: Vec<u64>,
    },
    /// It is wrong.
    Refused(Box<Report>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { expected, current } => {
                write!(f, "expected version {expected}, but version {current} is current; look at it and decide again")
            }
            Self::UnknownVersion { number, known } => match (known.first(), known.last()) {
                (Some(first), Some(last)) => write!(f, "there is no version {number}; kept are {first} to {last}"),
                _ => write!(f, "there is no version {number}, nor any other"),
            },
            Self::Refused(report) => report.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Problems {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Refused(report) => report.problems.into(),
            other => {
                let code = if matches!(other, Refusal::Conflict { .. }) { "conflict" } else { "unknown_version" };
                Problem::new(code, crate::document::Path::root(), "the version that is current", other.to_string()).into()
            }
        }
    }
}
