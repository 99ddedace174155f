//! JSON, read in one pass from text to arena.
//!
//! **In**: UTF-8 text. **Out**: a document whose strings are the text's own wherever they have no escapes; RFC 8259, nothing more lenient.
//!
//! **Law**: one loop, no recursion; a syntax error ends the reading, numbers out of range and equal keys do not, so one reading finds them all.
//!
//! The house reads JSON itself because every value needs its offset and nearly every text can stay where it is. Measured with 120,000 values
//! in 2.2 MB (`examples/content_speed`, both on one busy machine, best of 61): the events of `jiter` alone, which have offsets, take 3.9 ms before
//! anything is kept; this reader takes 4.4 ms with arena, hashes and the search for equal keys. Parsers with tapes have no offsets of numbers.
//! Strings are looked through eight bytes at a time, by Mycroft's test for a zero byte (1987).

mod remembered;

use std::sync::Arc;

use remembered::RememberedKeys;

use super::{Limits, finish, too_deep};
use crate::document::build::{Builder, KEY_LIMIT, Key};
use crate::document::chunk::same_bytes;
use crate::document::{Document, Kind, Path};
use crate::problem::Problem;
use crate::source::Source;

pub(super) fn parse(source: &Arc<Source>, start: usize, limits: &Limits) -> Result<Document, Vec<Problem>> {
    let text = source.text();
    let builder = sized(source, text);
    let mut reader = Reader {
        source,
        text,
        bytes: text.as_bytes(),
        at: start,
        builder,
        problems: Vec::new(),
        scratch: String::new(),
        keys: RememberedKeys::default(),
    };
    if let Err(problem) = reader.document(limits) {
        reader.problems.push(*problem);
        return Err(reader.problems);
    }
    finish(source, reader.builder, reader.problems)
}

/// A builder with exactly the room that the text's punctuation asks for: one value for each comma and bracket. Exact room is room that the
/// allocator hands out again at the next reading, warm. Punctuation in strings only makes it larger, and what is too much is given back.
fn sized(source: &Arc<Source>, text: &str) -> Builder {
    let (commas, containers) = punctuation(text.as_bytes());
    let entries = commas + containers + 1;
    Builder::with_room(Some(Arc::clone(source)), entries.min(text.len() / 8 + 64), containers.min(text.len() / 16 + 64))
}

/// How many commas and how many opening brackets stand in a text, in one pass. Parts are short, so that their counts fit bytes and lanes stay narrow.
fn punctuation(bytes: &[u8]) -> (usize, usize) {
    let (mut commas, mut brackets) = (0, 0);
    for part in bytes.chunks(240) {
        let (mut comma, mut bracket) = (0u8, 0u8);
        for byte in part {
            comma += u8::from(*byte == b',');
            // One bit tells `[` from `{`, and nothing else becomes `{` by it.
            bracket += u8::from(*byte | 0x20 == b'{');
        }
        commas += usize::from(comma);
        brackets += usize::from(bracket);
    }
    (commas, brackets)
}

/// Adds the JSON value in `text` to a builder, every text copied, under the key that is set; `None` when it is no JSON.
pub(crate) fn parse_text(name: &str, text: &str, limits: &Limits) -> Option<Document> {
    let source = Arc::new(Source::new(name, crate::source::LayerKind::Mapping, text.to_owned()));
    let builder = Builder::new(Some(Arc::clone(&source)), 16);
    let mut reader = Reader {
        source: &source,
        text,
        bytes: text.as_bytes(),
        at: 0,
        builder,
        problems: Vec::new(),
        scratch: String::new(),
        keys: RememberedKeys::default(),
    };
    reader.document(limits).ok()?;
    let clean = reader.problems.is_empty() && reader.builder.take_duplicates().is_empty();
    clean.then(|| reader.builder.finish())
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    builder: Builder,
    problems: Vec<Problem>,
    scratch: String,
    keys: RememberedKeys,
}

type Step = Result<(), Box<Problem>>;

impl<'a> Reader<'a> {
    #[inline(always)]
    fn peek(&self) -> u8 {
        // NUL never stands in the text, so it can mean the end.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn space(&mut self) -> u8 {
        let byte = self.peek();
        if byte > b' ' { byte } else { self.spaces() }
    }

    #[inline]
    fn spaces(&mut self) -> u8 {
        let mut at = self.at;
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(at) {
            at += 1;
        }
        self.at = at;
        self.peek()
    }

    #[cold]
    fn wrong(&self, expected: &str) -> Problem {
        let got = match self.bytes.get(self.at) {
            None => "the end of the file".to_owned(),
            Some(byte) if byte.is_ascii_punctuation() => format!("`{}`", *byte as char),
            Some(byte) if byte.is_ascii_digit() => "a digit".to_owned(),
            Some(byte) if *byte < 0x20 => "a control character".to_owned(),
            Some(_) => "a bare word".to_owned(),
        };
        let code = if self.at >= self.bytes.len() { "truncated" } else { "syntax" };
        Problem::new(code, Path::root(), expected, got).at(self.source, self.at as u32, 1)
    }

    fn document(&mut self, limits: &Limits) -> Step {
        self.space();
        // Whether a container was opened just now: then no comma comes before the next value.
        let mut first = self.value(limits)?;
        while let Some(kind) = self.builder.inside() {
            let close = if kind == Kind::Table { b'}' } else { b']' };
            let byte = self.space();
            if byte == close {
                self.at += 1;
                self.close(kind);
                first = false;
                continue;
            }
            if !first {
                if byte != b',' {
                    let problem = self.wrong(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" });
                    return Err(if byte == b'"' { problem.hint("is a comma missing before it?") } else { problem }.into());
                }
                self.at += 1;
                if self.space() == close {
                    return Err(self.wrong(if close == b'}' { "a key" } else { "a value" }).hint("remove the comma before it").into());
                }
            }
            if kind == Kind::Table {
                self.key()?;
                self.space();
            }
            first = self.value(limits)?;
        }
        if self.space() != 0 || self.at < self.bytes.len() {
            return Err(self.wrong("nothing after the table").into());
        }
        Ok(())
    }

    /// Closes the innermost container. A table whose keys are the remembered ones of its depth need not be looked through for equal keys.
    #[inline]
    fn close(&mut self, kind: Kind) {
        let (depth, len, end) = (self.builder.depth(), self.builder.position(), self.at as u32);
        if kind != Kind::Table {
            return self.builder.close(end);
        }
        if self.keys.are_distinct(depth, len) {
            return self.builder.close_distinct(end);
        }
        let before = self.builder.duplicates();
        self.builder.close(end);
        if self.builder.duplicates() == before {
            self.keys.differ(depth, len);
        }
    }

    #[inline]
    fn key(&mut self) -> Step {
        if self.peek() != b'"' {
            return Err(self.wrong("a key in quotes").into());
        }
        let start = self.at + 1;
        let position = self.builder.position();
        let depth = self.builder.depth();
        let known = self.keys.at(depth, position);
        if known.len > 0 && self.stands_again(start, known) {
            self.builder.key_again(start as u32, known);
            self.at = start + usize::from(known.len) + 1;
        } else if self.string()? {
            let key = self.text.get(start..self.at - 1).unwrap_or("");
            if key.len() > KEY_LIMIT {
                return Err(self.long_key(start).into());
            }
            self.builder.key_at(start as u32, key);
            self.keys.remember(depth, position, self.builder.key());
        } else {
            if self.scratch.len() > KEY_LIMIT {
                return Err(self.long_key(start).into());
            }
            // It stands nowhere literally, so nothing can be compared with it.
            self.keys.remember(depth, position, Key::default());
            let key = std::mem::take(&mut self.scratch);
            self.builder.key_text(&key);
            self.scratch = key;
        }
        if self.space() != b':' {
            return Err(self.wrong("`:`").into());
        }
        self.at += 1;
        Ok(())
    }

    /// Whether a key that was read without escapes stands here again, up to its closing quote.
    #[inline]
    fn stands_again(&self, start: usize, known: Key) -> bool {
        let (before, len) = (known.start as usize, usize::from(known.len));
        // The quote is part of both.
        let pair = (self.bytes.get(start..=start + len), self.bytes.get(before..=before + len));
        matches!(pair, (Some(here), Some(there)) if same_bytes(here, there))
    }

    #[cold]
    fn long_key(&self, start: usize) -> Problem {
        Problem::new("key_too_long", Path::root(), format!("a key of at most {KEY_LIMIT} bytes"), "a longer one").at(
            self.source,
            start as u32,
            0,
        )
    }

    /// Reads a scalar, or opens a container and says so.
    #[inline]
    fn value(&mut self, limits: &Limits) -> Result<bool, Box<Problem>> {
        let origin = self.at as u32;
        match self.peek() {
            b'"' => {
                let start = self.at + 1;
                if self.string()? {
                    self.builder.text_at(Kind::String, start as u32, self.text.get(start..self.at - 1).unwrap_or(""), origin);
                } else {
                    self.builder.text(Kind::String, &self.scratch, origin);
                }
            }
            b'{' | b'[' => {
                if self.builder.depth() >= limits.depth {
                    return Err(too_deep(self.source, self.at, limits).into());
                }
                let kind = if self.peek() == b'{' { Kind::Table } else { Kind::Array };
                self.at += 1;
                self.builder.open(kind, origin);
                return Ok(true);
            }
            b'-' | b'0'..=b'9' => self.number(origin)?,
            b't' if self.word("true") => self.builder.bits(Kind::Bool, 1, origin),
            b'f' if self.word("false") => self.builder.bits(Kind::Bool, 0, origin),
            b'n' if self.word("null") => self.builder.bits(Kind::Null, 0, origin),
            _ => return Err(self.wrong("a value").hint("strings stand in double quotes; true, false and null are lower case").into()),
        }
        Ok(false)
    }

    #[inline]
    fn word(&mut self, word: &str) -> bool {
        let found = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
        if found {
            self.at += word.len();
        }
        found
    }

    #[inline]
    fn number(&mut self, origin: u32) -> Step {
        let start = self.at;
        let negative = self.peek() == b'-';
        let first = start + usize::from(negative);
        let (value, digits) = leading_digits(self.bytes.get(first..).unwrap_or(&[]));
        self.at = first + digits;
        if digits == 0 {
            return Err(self.wrong("a digit").hint("NaN and infinities are no values of JSON").into());
        }
        if digits > 1 && self.bytes.get(first) == Some(&b'0') {
            self.at = first;
            return Err(self.wrong("a number without leading zeros").into());
        }
        if !matches!(self.peek(), b'.' | b'e' | b'E') {
            let limit = i64::MAX as u64 + u64::from(negative);
            // Nineteen digits fit 64 bits, whatever they are.
            if digits > 19 || value > limit {
                self.problems.push(out_of_range(self.source, start, self.at));
                self.builder.bits(Kind::Null, 0, origin);
                return Ok(());
            }
            let value = if negative { (value as i64).wrapping_neg() } else { value as i64 };
            self.builder.bits(Kind::Integer, value as u64, origin);
            return Ok(());
        }
        self.fraction(start, (value, digits), origin)
    }

    fn digits(&mut self) -> Step {
        if !self.peek().is_ascii_digit() {
            return Err(self.wrong("a digit").into());
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    fn fraction(&mut self, start: usize, (whole, digits): (u64, usize), origin: u32) -> Step {
        if self.peek() == b'.' {
            self.at += 1;
            let (part, more) = leading_digits(self.bytes.get(self.at..).unwrap_or(&[]));
            // Both the digits and the power of ten are exact, so their quotient is the nearest number (Clinger 1990).
            if let Some(power) =
                POWERS.get(more).filter(|_| more > 0 && digits + more <= 15 && !matches!(self.bytes.get(self.at + more), Some(b'e' | b'E')))
            {
                self.at += more;
                let value = (whole * *power as u64 + part) as f64 / power;
                let value = if self.bytes.get(start) == Some(&b'-') { -value } else { value };
                self.builder.bits(Kind::Float, value.to_bits(), origin);
                return Ok(());
            }
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        let value: f64 = self.text.get(start..self.at).and_then(|text| text.parse().ok()).unwrap_or(f64::INFINITY);
        if value.is_finite() {
            self.builder.bits(Kind::Float, value.to_bits(), origin);
        } else {
            self.problems.push(out_of_range(self.source, start, self.at));
            self.builder.bits(Kind::Null, 0, origin);
        }
        Ok(())
    }

    /// Reads a string from its opening quote to behind its closing one. True: it stands literally between them; false: it is in `scratch`.
    #[inline]
    fn string(&mut self) -> Result<bool, Box<Problem>> {
        let start = self.at + 1;
        let end = plain(self.bytes, start);
        if self.bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(true);
        }
        self.escaped(start, end)
    }

    #[cold]
    fn escaped(&mut self, start: usize, end: usize) -> Result<bool, Box<Problem>> {
        self.scratch.clear();
        self.scratch.push_str(self.text.get(start..end).unwrap_or(""));
        self.at = end;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(false);
                }
                Some(b'\\') => {
                    let c = self.escape()?;
                    self.scratch.push(c);
                }
                Some(byte) if *byte < 0x20 => {
                    return Err(self.wrong("a character, or its escape").hint("write a line break as \\n; is a quote missing?").into());
                }
                Some(_) => {
                    let end = plain(self.bytes, self.at);
                    self.scratch.push_str(self.text.get(self.at..end).unwrap_or(""));
                    self.at = end;
                }
                None => return Err(self.wrong("a closing quote").into()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Box<Problem>> {
        self.at += 1;
        let c = match self.peek() {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            byte @ (b'"' | b'\\' | b'/') => byte as char,
            b'u' => {
                let high = self.hex()?;
                let code = if (0xD800..0xDC00).contains(&high) && self.bytes.get(self.at + 1..self.at + 3) == Some(b"\\u") {
                    self.at += 2;
                    let low = self.hex()?;
                    if (0xDC00..0xE000).contains(&low) { 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00) } else { 0xD800 }
                } else {
                    high
                };
                char::from_u32(code).ok_or_else(|| self.wrong("a whole character: both halves of a surrogate pair"))?
            }
            _ => return Err(self.wrong("one of \" \\ / b f n r t u after a backslash").into()),
        };
        self.at += 1;
        Ok(c)
    }

    /// Four hexadecimal digits behind `\u`; leaves `at` on the last of them.
    fn hex(&mut self) -> Result<u32, Box<Problem>> {
        let mut code = 0;
        for _ in 0..4 {
            self.at += 1;
            code = code * 16 + (self.peek() as char).to_digit(16).ok_or_else(|| self.wrong("four hexadecimal digits"))?;
        }
        Ok(code)
    }
}

const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The number that the digits at the beginning say (wrong beyond nineteen of them), and how many they are.
#[inline(always)]
fn leading_digits(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0u64;
    let mut count = 0;
    for byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        count += 1;
    }
    (value, count)
}

fn out_of_range(source: &Arc<Source>, start: usize, end: usize) -> Problem {
    Problem::new("out_of_range", Path::root(), "an integer of 64 bits or a finite number", "a number beyond that")
        .at(source, start as u32, (end - start) as u32)
        .hint("write it as a string if it must keep its digits")
}

/// Where the plain part of a string ends: at a quote, a backslash, a control character, or the end of the text.
#[inline(always)]
fn plain(bytes: &[u8], start: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = start;
    while let Some(block) = bytes.get(at..at + 8).and_then(|block| <[u8; 8]>::try_from(block).ok()) {
        let word = u64::from_le_bytes(block);
        let zero = |x: u64| x.wrapping_sub(ONES) & !x;
        // The lowest mark is exact; higher ones may be carried from it, and are not used.
        let found =
            (zero(word ^ (ONES * b'"' as u64)) | zero(word ^ (ONES * b'\\' as u64)) | (word.wrapping_sub(ONES * 0x20) & !word)) & HIGHS;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
