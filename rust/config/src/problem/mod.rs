//! Problems: what is wrong with a configuration, where, and how to repair it.
//!
//! **In**: findings of parsers, of the schema, of guards. **Out**: the same as data (serde) and as text with the line shown.
//!
//! **Law**
//! 1. All problems of a reading are reported at once.
//! 2. A problem never holds the value of a secret: `got` is redacted when it is made, shown lines are masked when they are rendered.
//! 3. Line and column are counted only when asked for.

mod render;

use std::fmt;
use std::sync::Arc;

pub use render::render;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::document::{Node, Path};
use crate::source::{Place, Source};

/// Whether a problem refuses the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The version is refused.
    Error,
    /// The version is accepted; people should know.
    Warning,
}

/// Bytes of a source.
#[derive(Clone, Debug)]
pub struct Span {
    /// The source.
    pub source: Arc<Source>,
    /// The first byte.
    pub offset: u32,
    /// How many bytes are marked; 0 when only the beginning is known.
    pub len: u32,
}

impl Span {
    /// The place of the first byte; counted now.
    pub fn place(&self) -> Place {
        self.source.place(self.offset)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// A stable name for programs: `unknown_key`, `type`, `missing`, `duplicate_key`, `syntax`, `empty_file`, …
    pub code: &'static str,
    /// Where in the configuration.
    pub path: Path,
    /// Where in the source; none when no source said it (a missing key).
    pub span: Option<Span>,
    /// What should stand there.
    pub expected: String,
    /// What stands there, redacted; empty when nothing does.
    pub got: String,
    /// How to repair it.
    pub hint: Option<String>,
    /// A second place: the first of two equal keys, or the value of a lower layer that this one overrides.
    pub related: Option<(&'static str, Span)>,
    /// Whether it refuses the version.
    pub severity: Severity,
}

impl Problem {
    /// An error at a path.
    pub fn new(code: &'static str, path: Path, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { code, path, span: None, expected: expected.into(), got: got.into(), hint: None, related: None, severity: Severity::Error }
    }

    /// With the place in the source.
    pub fn at(mut self, source: &Arc<Source>, offset: u32, len: u32) -> Self {
        self.span = Some(Span { source: Arc::clone(source), offset, len });
        self
    }

    /// With the place of a node.
    pub fn at_node(mut self, node: &Node<'_>) -> Self {
        self.span = node.origin().map(|origin| Span { source: Arc::clone(origin.source), offset: origin.offset, len: 0 });
        self
    }

    /// With a way to repair it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a second place and what it is: "first here", "overrides".
    pub fn related(mut self, what: &'static str, span: Option<Span>) -> Self {
        self.related = span.map(|span| (what, span));
        self
    }

    /// As a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The name of the source it was found in.
    pub fn layer(&self) -> Option<&str> {
        self.span.as_ref().map(|span| span.source.name())
    }

    /// The place in the source; counted now.
    pub fn place(&self) -> Option<Place> {
        self.span.as_ref().map(Span::place)
    }

    /// One sentence, without the place: "limits.max: expected integer ≥ 1, got \"abc\"".
    pub fn message(&self) -> String {
        let mut text = if self.path.is_root() { String::new() } else { format!("{}: ", self.path) };
        text.push_str(&format!("expected {}", self.expected));
        if !self.got.is_empty() {
            text.push_str(&format!(", got {}", self.got));
        }
        text
    }
}

impl fmt::Display for Problem {
    /// One line: place, sentence, second place, hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message())?;
        if let Some((what, span)) = &self.related {
            write!(f, " ({what} {})", span.place())?;
        }
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Problem", 10)?;
        out.serialize_field("code", self.code)?;
        out.serialize_field("severity", &self.severity)?;
        out.serialize_field("path", &self.path)?;
        out.serialize_field("layer", &self.layer())?;
        out.serialize_field("place", &self.place())?;
        out.serialize_field("expected", &self.expected)?;
        out.serialize_field("got", &self.got)?;
        out.serialize_field("hint", &self.hint)?;
        out.serialize_field("related", &self.related.as_ref().map(|(what, span)| (what, span.place())))?;
        out.serialize_field("message", &self.to_string())?;
        out.end()
    }
}

/// Everything that is wrong, in the order of finding.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Whether any of them refuses the version.
    pub fn refuse(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
