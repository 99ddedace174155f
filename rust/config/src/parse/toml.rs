//! TOML, read by the `toml` crate with spans, then laid into the arena.
//!
//! **In**: text. **Out**: a document; dates and times become [`Kind::Time`].
//!
//! **Law**: tables keep the order of first appearance; `nan` and `inf` are refused, and integers beyond 64 bits; every syntax error that the
//! parser recovers from is reported.

use std::sync::Arc;

use ::toml::de::{DeTable, DeValue};

use super::{Limits, finish, too_deep};
use crate::document::build::{Builder, KEY_LIMIT};
use crate::document::{Document, Kind, Path};
use crate::problem::Problem;
use crate::source::Source;

pub(super) fn parse(source: &Arc<Source>, start: usize, limits: &Limits) -> Result<Document, Vec<Problem>> {
    let text = source.text();
    let (table, errors) = DeTable::parse_recoverable(text.get(start..).unwrap_or(""));
    let mut problems: Vec<Problem> = errors.iter().map(|error| syntax(source, start, error)).collect();
    let mut reader =
        Reader { source, start, limits, builder: Builder::new(Some(Arc::clone(source)), text.len() / 20 + 16), problems: Vec::new() };
    reader.builder.open(Kind::Table, start as u32);
    reader.members(table.get_ref());
    reader.builder.close(0);
    problems.append(&mut reader.problems);
    finish(source, reader.builder, problems)
}

fn syntax(source: &Arc<Source>, start: usize, error: &::toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let offset = start + span.start;
    // The parser's sentences are fixed texts with the expected tokens behind a line break; they quote no source.
    let message = error.message();
    let code = match message {
        text if text.contains("duplicate key") => "duplicate_key",
        text if text.contains("recurs") => "too_deep",
        _ => "syntax",
    };
    let (what, expected) = message.split_once("expected ").unwrap_or((message, "valid TOML"));
    Problem::new(code, Path::root(), expected.trim(), what.trim().trim_end_matches(','))
        .at(source, offset as u32, (span.end - span.start) as u32)
        .hint("strings stand in quotes; each key stands once")
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
