//! Parsers: bytes of a file become a layer, or a list of problems with places.
//!
//! **In**: a format, the name to show, the bytes, limits. **Out**: a [`Layer`] or every [`Problem`].
//!
//! **Law**
//! 1. No bytes can make a parser panic, recurse without bound, or take memory out of proportion: size, depth and aliases are limited.
//! 2. A key stands once in its table; the problem shows both places.
//! 3. Integers are those of 64 bits, numbers are finite; whatever cannot be kept exactly is refused with its place.
//! 4. A UTF-8 byte order mark is skipped; other encodings and NUL are refused by name; the root is a table.
//! 5. A parse problem never quotes the text: a value may be a secret.

mod dotenv;
mod json;
mod toml;
mod yaml;

use std::sync::Arc;

use crate::document::build::{Builder, Duplicate};
use crate::document::{Document, Kind, Path};
use crate::layers::Layer;
use crate::pace;
use crate::problem::{Problem, Problems, Span};
use crate::source::{LayerKind, Source};

/// The languages of configuration files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 8259, one object.
    Json,
    /// TOML 1.1.
    Toml,
    /// YAML 1.2, core schema, one document.
    Yaml,
    /// `NAME=value` lines; see [`crate::environment`] for what names mean.
    Dotenv,
}

impl Format {
    /// The format that a file's name ends with.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, end) = name.rsplit_once('.')?;
        match end.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            "env" => Some(Self::Dotenv),
            _ => None,
        }
    }
}

/// What a file may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one file.
    pub bytes: usize,
    /// Tables and lists inside one another.
    pub depth: usize,
    /// Values that aliases of YAML may stand for, all together.
    pub aliased: usize,
}

impl Default for Limits {
    /// 64 MiB, 128 levels, 100,000 aliased values.
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 128, aliased: 100_000 }
    }
}

/// Reads a file's bytes.
///
/// # Errors
/// Every problem that was found. An empty file is `empty_file` and nothing else, so that a watcher can wait for the rest.
///
/// # Examples
/// ```
/// use findspot_config::{Format, Limits, parse};
/// let layer = parse(Format::Json, "app.json", br#"{"limits": {"max": 8}}"#.to_vec(), &Limits::default()).unwrap();
/// let max = layer.document().get(&"limits.max".parse().unwrap()).unwrap();
/// assert_eq!((max.as_integer(), max.origin().unwrap().place().to_string()), (Some(8), "app.json:1:20".into()));
/// ```
pub fn parse(format: Format, name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Layer, Problems> {
    let kind = if format == Format::Dotenv { LayerKind::Dotenv } else { LayerKind::File };
    parse_as(kind, format, name, bytes, limits)
}

/// Reads bytes that are no file: a table that the program hands over, a patch, a stored version, as JSON.
///
/// # Errors
/// As of [`parse`].
pub fn parse_as(kind: LayerKind, format: Format, name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Layer, Problems> {
    let (source, start) = text_of(kind, format, name, bytes, limits)?;
    pace::look();
    let source = Arc::new(source);
    match format {
        Format::Json => json::parse(&source, start, limits),
        Format::Toml => toml::parse(&source, start, limits),
        Format::Yaml => yaml::parse(&source, start, limits),
        Format::Dotenv => dotenv::parse(&source, start, limits),
    }
    .map(|document| Layer::new(source, document))
    .map_err(Problems::from)
}

/// The text of a file, and where it begins behind a byte order mark.
fn text_of(kind: LayerKind, format: Format, name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<(Source, usize), Problems> {
    let refuse = |code, expected: String, got: String, hint: &str, text: String, offset: usize| {
        let source = Arc::new(Source::new(name, kind, text));
        Err(Problem::new(code, Path::root(), expected, got).hint(hint).at(&source, offset as u32, 0).into())
    };
    let most = limits.bytes.min(u32::MAX as usize / 2);
    if bytes.len() > most {
        let got = format!("{} bytes", bytes.len());
        return refuse("too_large", format!("at most {most} bytes"), got, "split the file, or raise the limit", String::new(), 0);
    }
    // A file of nothing is mostly one that is being written; an environment without variables is complete.
    if bytes.iter().all(u8::is_ascii_whitespace) && format != Format::Dotenv {
        return refuse("empty_file", "a table".into(), "an empty file".into(), "write at least an empty table", String::new(), 0);
    }
    let utf16 = [&[0xFF, 0xFE][..], &[0xFE, 0xFF]].iter().any(|mark| bytes.starts_with(mark));
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let got = if utf16 { "UTF-16".to_owned() } else { format!("byte 0x{:02x}", error.as_bytes().get(at).copied().unwrap_or(0)) };
            // Everything before the byte is text, so its place can be counted.
            let before = String::from_utf8_lossy(error.as_bytes().get(..at).unwrap_or(&[])).into_owned();
            return refuse("encoding", "UTF-8".into(), got, "save the file as UTF-8", before, at);
        }
    };
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        return refuse("encoding", "text".into(), "a NUL byte".into(), "remove it; is this a binary file?", text, at);
    }
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    Ok((Source::new(name, kind, text), start))
}

/// Closes a parse: problems, or the document.
fn finish(source: &Arc<Source>, mut builder: Builder, mut problems: Vec<Problem>) -> Result<Document, Vec<Problem>> {
    for Duplicate { key, first, second } in builder.take_duplicates() {
        let first = Span { source: Arc::clone(source), offset: first, len: 0 };
        let len = if source.slice(second as usize, key.len()) == key { key.len() as u32 } else { 0 };
        problems.push(
            Problem::new("duplicate_key", Path::root().key(&key), "each key once", "a key that the table already has")
                .at(source, second, len)
                .related("first", Some(first))
                .hint("remove one of the two"),
        );
    }
    shorten(&mut problems);
    let document = builder.finish();
    if problems.is_empty() && document.root().kind() != Kind::Table {
        let got = document.root().kind().words();
        problems.push(Problem::new("root", Path::root(), "a table", got).at(source, document.root().entry().origin, 0));
    }
    if problems.is_empty() { Ok(document) } else { Err(problems) }
}

/// As many problems as people can look at; the rest is mentioned.
pub(crate) const MOST_PROBLEMS: usize = 1000;

/// Cuts a list of problems, and says so.
pub(crate) fn shorten(problems: &mut Vec<Problem>) {
    if problems.len() > MOST_PROBLEMS {
        let got = format!("{} more, which are not listed", problems.len() - MOST_PROBLEMS);
        problems.truncate(MOST_PROBLEMS);
        problems.push(Problem::new("more", Path::root(), format!("at most {MOST_PROBLEMS} problems"), got));
    }
}

/// The problem of values that are too deep inside one another.
fn too_deep(source: &Arc<Source>, offset: usize, limits: &Limits) -> Problem {
    Problem::new("too_deep", Path::root(), format!("at most {} levels", limits.depth), "more")
        .at(source, offset as u32, 1)
        .hint("is a bracket missing?")
}

/// The JSON value in a text, or nothing when it is no JSON.
pub(crate) fn json_text(text: &str, limits: &Limits) -> Option<Document> {
    json::parse_text("value", text, limits)
}

#[cfg(test)]
mod tests;
