//! Where text came from: the name, the kind and the text of one source, and the place of an offset in it.
//!
//! **In**: the text of a file, or the names of variables, one a line. **Out**: places as people write them.
//!
//! **Law**
//! 1. A document keeps four bytes per node, an offset; line and column are counted when somebody asks. A stored version knows them by number.
//! 2. The text of an environment holds names only, never values: a value may be a secret, and places are shown freely.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::object::ByNumber;
use crate::spare;

/// Where the memory of texts waits.
pub(crate) static TEXTS: spare::Place<u8> = spare::Place::new();

/// What kind of source a layer came from; it decides how values are typed and how places are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerKind {
    /// The defaults of the schema, or a table of defaults.
    Defaults,
    /// A table handed over by the program.
    Mapping,
    /// A file.
    File,
    /// Variables of the process: names with a prefix, values as text.
    Environment,
    /// A file of variables: values as text.
    Dotenv,
    /// Changes made to a running store.
    Patch,
    /// What the program puts above everything else.
    Overrides,
    /// A stored version, read back.
    Version,
}

impl LayerKind {
    /// Whether values arrive as text that the schema gives a type.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Environment | Self::Dotenv)
    }
}

/// One source: its name, its kind, and the text that offsets point into.
pub struct Source {
    name: Arc<str>,
    kind: LayerKind,
    text: String,
    /// Of a stored version: where its values stood for who published it, by their numbers, which are their offsets here.
    stored: Option<ByNumber>,
}

/// A place in a source, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, or the name of the source.
    pub source: String,
    /// Line from 1; none where the source has no lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column from 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The variable, for an environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.variable, self.line, self.column) {
            (Some(variable), _, _) => write!(f, "{variable} ({})", self.source),
            (None, Some(line), Some(column)) => write!(f, "{}:{line}:{column}", self.source),
            _ => f.write_str(&self.source),
        }
    }
}

/// One line of a source and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub text: &'a str,
    pub number: u32,
    pub start: usize,
}

impl fmt::Debug for Source {
    /// Never shows the text: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?}, {:?})", self.name, self.kind)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        TEXTS.give(std::mem::take(&mut self.text).into_bytes());
    }
}

impl Source {
    /// A source with its text.
    pub fn new(name: impl Into<Arc<str>>, kind: LayerKind, text: String) -> Self {
        Self { name: name.into(), kind, text, stored: None }
    }

    /// A stored version with the places of its values, by their numbers.
    pub(crate) fn stored(name: impl Into<Arc<str>>, places: ByNumber) -> Self {
        Self { name: name.into(), kind: LayerKind::Version, text: String::new(), stored: Some(places) }
    }

    /// Where a value of a stored version stood for who published it.
    pub(crate) fn stored_place(&self, number: u32) -> Option<Place> {
        self.stored.as_ref()?.get(number)
    }

    /// The name: a path, or what the program calls the source.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind.
    pub fn kind(&self) -> LayerKind {
        self.kind
    }

    /// The text that offsets point into.
    pub fn text(&self) -> &str {
        &self.text
    }

    #[inline]
    pub(crate) fn slice(&self, start: usize, len: usize) -> &str {
        self.text.get(start..start + len).unwrap_or("")
    }

    /// The place of an offset; the cost is one pass over the text before it.
    pub fn place(&self, offset: u32) -> Place {
        let mut place = Place { source: self.name.to_string(), line: None, column: None, variable: None };
        match self.kind {
            LayerKind::File | LayerKind::Dotenv => {
                let line = self.line(offset);
                let before = line.text.get(..(offset as usize).saturating_sub(line.start)).unwrap_or(line.text);
                place.line = Some(line.number);
                place.column = Some(before.chars().count() as u32 + 1);
            }
            LayerKind::Environment => place.variable = Some(self.line(offset).text.to_owned()),
            LayerKind::Version => return self.stored_place(offset).unwrap_or(place),
            _ => {}
        }
        place
    }

    /// The line that holds an offset, without its end.
    pub(crate) fn line(&self, offset: u32) -> Line<'_> {
        let bytes = self.text.as_bytes();
        let offset = (offset as usize).min(bytes.len());
        let before = bytes.get(..offset).unwrap_or(bytes);
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let number = memchr::memchr_iter(b'\n', before).count() as u32 + 1;
        let rest = self.text.get(start..).unwrap_or("");
        let text = rest.split('\n').next().unwrap_or("");
        Line { text: text.strip_suffix('\r').unwrap_or(text), number, start }
    }
}
