//! TOML, read by the `toml` crate with spans, then laid into the arena.
//!
//! **In**: text. **Out**: a document; dates and times become [`Kind::Time`].
//!
//! **Law**: tables keep the order of first appearance; `nan` and `inf` are refused, and integers beyond 64 bits; every syntax error that the
//! parser recovers from is reported.

use std::ops::Range;
use std::sync::Arc;

use ::toml::de::{DeTable, DeValue};

use super::{Limits, MOST_PROBLEMS, finish, too_deep};
use crate::document::build::{Builder, KEY_LIMIT};
use crate::document::{Document, Kind, Path};
use crate::problem::{Problem, Span};
use crate::source::Source;

pub(super) fn parse(source: &Arc<Source>, start: usize, limits: &Limits) -> Result<Document, Vec<Problem>> {
    let text = source.text();
    let (table, errors) = DeTable::parse_recoverable(text.get(start..).unwrap_or(""));
    let mut problems: Vec<Problem> = errors
        .iter()
        .take(MOST_PROBLEMS + 1)
        .enumerate()
        .map(|(at, error)| syntax(source, start, error, Some(table.get_ref()).filter(|_| at < MOST_SEARCHED)))
        .collect();
    let mut reader =
        Reader { source, start, limits, builder: Builder::new(Some(Arc::clone(source)), text.len() / 20 + 16), problems: Vec::new() };
    reader.builder.open(Kind::Table, start as u32);
    reader.members(table.get_ref());
    reader.builder.close(0);
    problems.append(&mut reader.problems);
    finish(source, reader.builder, problems)
}

/// For so many equal keys the first place is looked up, which costs a walk over the file's keys.
const MOST_SEARCHED: usize = 20;

fn syntax(source: &Arc<Source>, start: usize, error: &::toml::de::Error, read: Option<&DeTable<'_>>) -> Problem {
    let span = error.span().unwrap_or(0..0);
    // The parser's sentences are fixed texts with the expected tokens at their end; they quote no source.
    let message = error.message();
    let at = |problem: Problem| problem.at(source, (start + span.start) as u32, (span.end - span.start) as u32);
    if message.contains("duplicate key") {
        let (path, first) = read.and_then(|read| first_of(source, start, &span, read)).unwrap_or_default();
        let first = first.map(|offset| Span { source: Arc::clone(source), offset, len: 0 });
        let problem = Problem::new("duplicate_key", path, "each key once", "a key that the table already has");
        return at(problem.related("first", first).hint("remove one of the two"));
    }
    let code = if message.contains("recurs") { "too_deep" } else { "syntax" };
    let (reason, expected) = message.split_once("expected ").unwrap_or((message, "valid TOML"));
    // Anything quoted would do; the parser names one way of it.
    let expected = if expected.trim() == "literal string" { "a value" } else { expected.trim() };
    at(Problem::new(code, Path::root(), expected, "").hint(reason.trim().trim_end_matches(',')))
}

/// The path of a key that stands twice, and where it stands first: in a header, the line that opens the same table; elsewhere the nearest key
/// of that name before it.
fn first_of(source: &Source, start: usize, again: &Range<usize>, read: &DeTable<'_>) -> Option<(Path, Option<u32>)> {
    let at = start + again.start;
    let name = source.slice(at, again.end - again.start).trim_matches(['"', '\'']);
    let line = source.line(at as u32);
    if let Some(opened) = header(line.text) {
        let path = opened.iter().fold(Path::root(), |path, step| path.key(step));
        let mut from = start;
        for text in source.text().get(start..line.start)?.split_inclusive('\n') {
            if header(text).as_ref() == Some(&opened) {
                return Some((path, text.rfind(name).map(|column| (from + column) as u32)));
            }
            from += text.len();
        }
        return Some((path, None));
    }
    let mut best: Option<(usize, Path)> = None;
    let mut left = vec![(read, Path::root())];
    while let Some((table, path)) = left.pop() {
        for (key, value) in table {
            let at = key.span().start;
            if key.get_ref() == name && at < again.start && best.as_ref().is_none_or(|(before, _)| *before < at) {
                best = Some((at, path.clone().key(name)));
            }
            if let DeValue::Table(inner) = value.get_ref() {
                left.push((inner, path.clone().key(key.get_ref())));
            }
        }
    }
    best.map(|(at, path)| (path, Some((start + at) as u32)))
}

/// The keys of a line that opens a table.
fn header(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('[')?.split(']').next()?;
    // A list may begin a line, too; what it holds must not be taken for names.
    if inner.contains(['{', '}', '=', ',']) {
        return None;
    }
    Some(inner.trim_start_matches('[').split('.').map(|step| step.trim().trim_matches(['"', '\''])).collect())
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    start: usize,
    limits: &'a Limits,
    builder: Builder,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// Adds the members of the open table. The parser bounds how deep values lie in one another, and so does the limit.
    fn members(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let at = self.start + key.span().start;
            let name: &str = key.get_ref();
            if name.len() > KEY_LIMIT {
                let expected = format!("a key of at most {KEY_LIMIT} bytes");
                self.problems.push(Problem::new("key_too_long", Path::root(), expected, "a longer one").at(self.source, at as u32, 0));
                continue;
            }
            let quoted = usize::from(matches!(self.source.text().as_bytes().get(at), Some(b'"' | b'\'')));
            if self.source.slice(at + quoted, name.len()) == name {
                self.builder.key_at((at + quoted) as u32, name);
            } else {
                self.builder.key_text(name);
            }
            self.value(value.get_ref(), self.start + value.span().start, self.start + value.span().end);
        }
    }

    fn value(&mut self, value: &DeValue<'_>, at: usize, end: usize) {
        let origin = at as u32;
        match value {
            DeValue::String(text) => {
                let quoted = usize::from(matches!(self.source.text().as_bytes().get(at), Some(b'"' | b'\'')));
                if self.source.slice(at + quoted, text.len()) == text.as_ref() {
                    self.builder.text_at(Kind::String, (at + quoted) as u32, text, origin);
                } else {
                    self.builder.text(Kind::String, text, origin);
                }
            }
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => self.builder.bits(Kind::Integer, value as u64, origin),
                Err(_) => self.out_of_range(at, end),
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() => self.builder.bits(Kind::Float, value.to_bits(), origin),
                _ => self.out_of_range(at, end),
            },
            DeValue::Boolean(value) => self.builder.bits(Kind::Bool, u64::from(*value), origin),
            DeValue::Datetime(time) => self.builder.text(Kind::Time, &time.to_string(), origin),
            DeValue::Array(_) | DeValue::Table(_) if self.builder.depth() >= self.limits.depth => {
                self.problems.push(too_deep(self.source, at, self.limits));
                self.builder.bits(Kind::Null, 0, origin);
            }
            DeValue::Array(values) => {
                self.builder.open(Kind::Array, origin);
                for value in values.iter() {
                    self.value(value.get_ref(), self.start + value.span().start, self.start + value.span().end);
                }
                self.builder.close(0);
            }
            DeValue::Table(table) => {
                self.builder.open(Kind::Table, origin);
                self.members(table);
                self.builder.close(0);
            }
        }
    }

    fn out_of_range(&mut self, at: usize, end: usize) {
        let problem = Problem::new("out_of_range", Path::root(), "an integer of 64 bits or a finite number", "a number beyond that");
        self.problems.push(problem.at(self.source, at as u32, end.saturating_sub(at) as u32));
        self.builder.bits(Kind::Null, 0, at as u32);
    }
}

#[cfg(test)]
mod tests;
