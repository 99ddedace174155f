//! YAML 1.2, read from the events of `saphyr-parser`.
//!
//! **In**: text, one document. **Out**: a document, typed by the core schema of YAML 1.2.2 §10.3: `no`, `on` and `yes` are strings, `1e3` is a
//! number, `0o17` and `0xff` are integers, dates are strings.
//!
//! **Law**
//! 1. Aliases share memory, so a bomb costs nothing to read; but what they stand for is counted, in values and in depth, and bounded.
//! 2. Keys are scalars, as written. Merge keys (`<<`) are no part of YAML 1.2 and are refused, and so are tags beyond the core schema.
//! 3. Values that are no numbers of 64 bits, infinities and NaN are refused.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::{Limits, finish, too_deep};
use crate::document::build::{Builder, KEY_LIMIT, Shared};
use crate::document::{Document, Kind, Path};
use crate::problem::Problem;
use crate::source::Source;

pub(super) fn parse(source: &Arc<Source>, start: usize, limits: &Limits) -> Result<Document, Vec<Problem>> {
    let text = source.text().get(start..).unwrap_or("");
    let mut reader = Reader {
        source,
        limits,
        places: Places { text: source.text(), is_ascii: text.is_ascii(), byte: start, character: 0 },
        builder: Builder::new(Some(Arc::clone(source)), text.len() / 24 + 16),
        problems: Vec::new(),
        frames: Vec::new(),
        anchors: HashMap::new(),
        aliased: 0,
        documents: 0,
    };
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => {
                let at = reader.places.byte_of(span.start.index());
                reader.event(event, at)
            }
            Err(error) => Err(reader.syntax(&error)),
        };
        if let Err(problem) = step {
            reader.problems.push(*problem);
            // The builder may stand in the middle of a table: what follows would be noise.
            return Err(reader.problems);
        }
    }
    if reader.documents == 0 {
        reader.builder.open(Kind::Table, start as u32);
        reader.builder.close(0);
    }
    finish(source, reader.builder, reader.problems)
}

/// From characters, which the events count, to bytes.
struct Places<'a> {
    text: &'a str,
    is_ascii: bool,
    byte: usize,
    character: usize,
}

impl Places<'_> {
    /// The byte of a character; events come in order, so the way is short.
    fn byte_of(&mut self, character: usize) -> usize {
        if self.is_ascii {
            let skipped = character as isize - self.character as isize;
            self.byte = self.byte.saturating_add_signed(skipped);
        } else if character >= self.character {
            let rest = self.text.get(self.byte..).unwrap_or("");
            let step = rest.char_indices().nth(character - self.character).map_or(rest.len(), |(at, _)| at);
            self.byte += step;
        } else {
            let before = self.text.get(..self.byte).unwrap_or("");
            self.byte = before.char_indices().rev().nth(self.character - character - 1).map_or(0, |(at, _)| at);
        }
        self.character = character;
        self.byte
    }
}

/// An open container.
struct Frame {
    anchor: usize,
    table: bool,
    /// A key was read, its value comes next.
    keyed: bool,
    /// Levels of containers below it, so far.
    height: usize,
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    limits: &'a Limits,
    places: Places<'a>,
    builder: Builder,
    problems: Vec<Problem>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, (Shared, usize)>,
    aliased: usize,
    documents: usize,
}

type Step = Result<(), Box<Problem>>;

impl Reader<'_> {
    fn syntax(&mut self, error: &ScanError) -> Box<Problem> {
        let at = self.places.byte_of(error.marker().index());
        let code = if at >= self.source.text().trim_end().len() { "truncated" } else { "syntax" };
        // The parser's own limit for brackets, met before ours because it reads ahead.
        if error.info().contains("recursion limit") {
            return Box::new(too_deep(self.source, at, self.limits));
        }
        let what = without_quotes(error.info());
        Box::new(
            self.refuse(code, "valid YAML 1.2", what.trim(), at)
                .hint("check indentation, brackets and quotes on this line and the one above"),
        )
    }

    fn refuse(&self, code: &'static str, expected: impl Into<String>, got: &str, at: usize) -> Problem {
        Problem::new(code, Path::root(), expected, got).at(self.source, at as u32, 0)
    }

    fn event(&mut self, event: Event<'_>, at: usize) -> Step {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Box::new(self.refuse("documents", "one document", "another one", at).hint("use one file for each")));
                }
            }
            Event::MappingStart(anchor, tag) => self.open(anchor, tag.as_deref(), true, at)?,
            Event::SequenceStart(anchor, tag) => self.open(anchor, tag.as_deref(), false, at)?,
            Event::MappingEnd | Event::SequenceEnd => {
                self.builder.close(0);
                if let Some(frame) = self.frames.pop() {
                    self.anchor(frame.anchor, frame.height + 1);
                    self.value_done(frame.height + 1);
                }
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), at)?,
            Event::Alias(anchor) => self.alias(anchor, at)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// Remembers the value that was added last under its anchor.
    fn anchor(&mut self, anchor: usize, height: usize) {
        if let Some(value) = self.builder.last().filter(|_| anchor > 0) {
            self.anchors.insert(anchor, (value, height));
        }
    }

    fn value_done(&mut self, height: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.keyed = false;
            frame.height = frame.height.max(height);
        }
    }

    fn awaits_key(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.table && !frame.keyed)
    }

    fn open(&mut self, anchor: usize, tag: Option<&Tag>, table: bool, at: usize) -> Step {
        if self.awaits_key() {
            return Err(Box::new(self.refuse("key", "a key that is a word or a string", if table { "a table" } else { "a list" }, at)));
        }
        if tag.is_some_and(|tag| core_tag(tag) != Some(if table { "map" } else { "seq" })) {
            return Err(Box::new(self.tag(at)));
        }
        if self.frames.len() >= self.limits.depth {
            return Err(Box::new(too_deep(self.source, at, self.limits)));
        }
        self.builder.open(if table { Kind::Table } else { Kind::Array }, at as u32);
        self.frames.push(Frame { anchor, table, keyed: false, height: 0 });
        Ok(())
    }

    fn tag(&self, at: usize) -> Problem {
        self.refuse("tag", "tags of the core schema: !!str, !!int, !!float, !!bool, !!null, !!map, !!seq", "another tag", at)
            .hint("remove the tag")
    }

    fn alias(&mut self, anchor: usize, at: usize) -> Step {
        if self.awaits_key() {
            return Err(Box::new(self.refuse("key", "a key that is a word or a string", "an alias", at)));
        }
        let Some((value, height)) = self.anchors.get(&anchor).copied() else {
            return Err(Box::new(self.refuse("alias", "an alias of a value that is complete", "one of a value around it", at)));
        };
        self.aliased += self.builder.leaves(value) as usize + 1;
        if self.aliased > self.limits.aliased {
            let expected = format!("aliases that stand for at most {} values", self.limits.aliased);
            return Err(Box::new(self.refuse("alias", expected, "more", at)));
        }
        if self.frames.len() + height > self.limits.depth {
            return Err(Box::new(too_deep(self.source, at, self.limits)));
        }
        self.builder.again(value, at as u32);
        self.value_done(height);
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, at: usize) -> Step {
        let quoted = usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
        let literal = self.source.slice(at + quoted, text.len()) == text;
        if self.awaits_key() {
            if text.len() > KEY_LIMIT {
                return Err(Box::new(self.refuse("key_too_long", format!("a key of at most {KEY_LIMIT} bytes"), "a longer one", at)));
            }
            if text == "<<" && quoted == 0 {
                let hint = "YAML 1.2 has no merge keys: repeat the keys, or use a layer below";
                return Err(Box::new(self.refuse("merge_key", "a key", "a merge key", at).hint(hint)));
            }
            if literal {
                self.builder.key_at((at + quoted) as u32, text);
            } else {
                self.builder.key_text(text);
            }
            if let Some(frame) = self.frames.last_mut() {
                frame.keyed = true;
            }
            return Ok(());
        }
        let value = match tag.map(core_tag) {
            None if style == ScalarStyle::Plain => resolved(text),
            None | Some(Some("str")) => Scalar::Text,
            Some(Some(wanted)) => match (wanted, resolved(text)) {
                ("int", value @ (Scalar::Bits(Kind::Integer, _) | Scalar::Beyond))
                | ("bool", value @ Scalar::Bits(Kind::Bool, _))
                | ("null", value @ Scalar::Bits(Kind::Null, _))
                | ("float", value @ (Scalar::Bits(Kind::Float, _) | Scalar::Beyond)) => value,
                ("float", Scalar::Bits(Kind::Integer, bits)) => Scalar::Bits(Kind::Float, (bits as i64 as f64).to_bits()),
                _ => return Err(Box::new(self.refuse("tag", "a value that fits its tag", "another", at))),
            },
            Some(None) => return Err(Box::new(self.tag(at))),
        };
        match value {
            Scalar::Bits(kind, bits) => self.builder.bits(kind, bits, at as u32),
            Scalar::Text if literal => self.builder.text_at(Kind::String, (at + quoted) as u32, text, at as u32),
            Scalar::Text => self.builder.text(Kind::String, text, at as u32),
            Scalar::Beyond => {
                self.problems.push(self.refuse("out_of_range", "an integer of 64 bits or a finite number", "a number beyond that", at));
                self.builder.bits(Kind::Null, 0, at as u32);
            }
        }
        self.anchor(anchor, 0);
        self.value_done(0);
        Ok(())
    }
}

/// A sentence of the parser without what it quotes of the text, unless that is punctuation.
fn without_quotes(sentence: &str) -> String {
    let quotes = ['\'', '"', '`'];
    let parts = sentence.split(quotes).enumerate();
    let shown = parts.map(|(at, part)| if at % 2 == 0 || part.chars().all(|c| c.is_ascii_punctuation()) { part } else { "…" });
    shown.collect::<Vec<_>>().join("`")
}

fn core_tag(tag: &Tag) -> Option<&str> {
    (tag.handle == "tag:yaml.org,2002:" || tag.handle == "!!").then_some(tag.suffix.as_str())
}

#[derive(Debug, PartialEq)]
enum Scalar {
    Bits(Kind, u64),
    Text,
    Beyond,
}

/// What a plain scalar is in the core schema.
fn resolved(text: &str) -> Scalar {
    let bytes = text.as_bytes();
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Bits(Kind::Null, 0),
        "true" | "True" | "TRUE" => return Scalar::Bits(Kind::Bool, 1),
        "false" | "False" | "FALSE" => return Scalar::Bits(Kind::Bool, 0),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Beyond,
        _ => {}
    }
    if !matches!(bytes.first(), Some(b'0'..=b'9' | b'+' | b'-' | b'.')) {
        return Scalar::Text;
    }
    let integer =
        |read: Result<i64, std::num::ParseIntError>| read.map_or(Scalar::Beyond, |value| Scalar::Bits(Kind::Integer, value as u64));
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return if all { integer(i64::from_str_radix(digits, radix)) } else { Scalar::Text };
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Scalar::Beyond;
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return integer(text.parse());
    }
    if !is_float(unsigned) {
        return Scalar::Text;
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Scalar::Bits(Kind::Float, value.to_bits()),
        _ => Scalar::Beyond,
    }
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

#[cfg(test)]
mod tests;
