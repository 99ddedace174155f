//! A strict pull reader of one JSON text.
//!
//! **In**: UTF-8 text. **Out**: names, strings, numbers, and the raw text of values, in the order in which they stand. **Law**: it takes
//! what RFC 8259 takes and nothing else, but for two limits: nesting up to [`MAX_DEPTH`], and no lone surrogates (they are no text). It
//! never recurses, and allocates only to decode a string with escapes. A property test compares it with `serde_json`.
//!
//! Why not `serde_json`: a refusal needs the byte at fault, the raw text of the value and the bare words `NaN` and `Infinity` that
//! Python writes, an ignored member must be cut out of the stored text, and nesting must be bounded inside values nobody reads.

use std::borrow::Cow;

/// Deepest nesting of lists and objects.
pub const MAX_DEPTH: u32 = 128;

/// A place where the text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Byte offset.
    pub at: usize,
    /// What would have been accepted.
    pub expected: &'static str,
}

/// What is expected where any value may stand, and where a word has begun as `null`, `true` or `false` does.
pub(super) const VALUE: &str = "a JSON value";
const WORD: &str = "null, true or false";

impl Fault {
    /// Whether it stands where a value should.
    pub(super) fn is_at_value(self) -> bool {
        self.expected == VALUE || self.expected == WORD
    }
}

type Result<T> = std::result::Result<T, Fault>;

/// Reads a text from front to back.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// A string as it stands between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    /// Without the quotes.
    pub inner: &'a str,
    /// Whether there are escapes in it.
    pub escaped: bool,
}

/// What a value is, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    List,
    Object,
}

/// A number as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    /// Its text.
    pub text: &'a str,
    /// Whether it has neither fraction nor exponent.
    pub integer: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the front of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Where it stands, in bytes.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes back to a place where it stood before.
    pub fn rewind(&mut self, at: usize) {
        self.at = at.min(self.at);
    }

    fn fault<T>(&self, expected: &'static str) -> Result<T> {
        Err(Fault { at: self.at, expected })
    }

    /// The next byte behind white space.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                _ => return Some(byte),
            }
        }
        None
    }

    /// Passes `byte` if it is next behind white space.
    #[inline]
    pub fn pass(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Passes `byte`, which must be next.
    #[inline]
    pub fn require(&mut self, byte: u8, expected: &'static str) -> Result<()> {
        if self.pass(byte) { Ok(()) } else { self.fault(expected) }
    }

    /// Nothing but white space may follow.
    pub fn end(&mut self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { self.fault("nothing behind the value") }
    }

    /// What the next value is.
    #[inline]
    pub fn kind(&mut self) -> Result<Kind> {
        match self.peek() {
            Some(b'"') => Ok(Kind::String),
            Some(b'0'..=b'9' | b'-') => Ok(Kind::Number),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::List),
            Some(b't' | b'f') => Ok(Kind::Boolean),
            Some(b'n') => Ok(Kind::Null),
            _ => self.fault(VALUE),
        }
    }

    /// A member's name and its colon.
    #[inline]
    pub fn name(&mut self) -> Result<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return self.fault("a member's name in double quotes");
        }
        let name = self.string()?;
        self.require(b':', "a colon behind the member's name")?;
        Ok(name)
    }

    /// A string, decoded.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, str>> {
        let raw = self.raw_string()?;
        Ok(if raw.escaped { Cow::Owned(decode(raw.inner)) } else { Cow::Borrowed(raw.inner) })
    }

    /// A string, checked but not decoded.
    #[inline]
    pub fn raw_string(&mut self) -> Result<Raw<'a>> {
        self.require(b'"', "a string in double quotes")?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        loop {
            self.at = plain_until(bytes, self.at);
            match bytes.get(self.at) {
                Some(b'"') => {
                    let inner = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(Raw { inner, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return self.fault("no control character inside a string"),
                None => return self.fault("a closing quote"),
            }
        }
    }

    /// Checks one escape, or the two of a surrogate pair.
    fn escape(&mut self) -> Result<()> {
        let rest = &self.text.as_bytes()[self.at..];
        match rest.get(1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let Some(first) = hex(rest, 2) else { return self.fault("four hexadecimal digits behind \\u") };
                match first {
                    0xd800..=0xdbff => match hex(rest, 8) {
                        Some(0xdc00..=0xdfff) if rest[6..].starts_with(b"\\u") => self.at += 12,
                        _ => return self.fault("a surrogate pair, not a lone surrogate"),
                    },
                    0xdc00..=0xdfff => return self.fault("a surrogate pair, not a lone surrogate"),
                    _ => self.at += 6,
                }
            }
            _ => return self.fault("an escape of JSON behind the backslash"),
        }
        Ok(())
    }

    /// A number.
    pub fn number(&mut self) -> Result<Number<'a>> {
        self.peek();
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let mut at = start + usize::from(bytes.get(start) == Some(&b'-'));
        at = match bytes.get(at) {
            Some(b'0') => at + 1,
            Some(b'1'..=b'9') => digits(at),
            _ => return self.fault("a number"),
        };
        let mut integer = true;
        if bytes.get(at) == Some(&b'.') {
            integer = false;
            let end = digits(at + 1);
            if end == at + 1 {
                return self.fault("a number with digits behind its point");
            }
            at = end;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            integer = false;
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            let end = digits(at);
            if end == at {
                return self.fault("a number with digits in its exponent");
            }
            at = end;
        }
        self.at = at;
        Ok(Number { text: &self.text[start..at], integer })
    }

    /// One of the words `null`, `true`, `false`.
    fn word(&mut self, word: &'static str) -> Result<()> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            self.fault(WORD)
        }
    }

    /// True or false.
    pub fn boolean(&mut self) -> Result<bool> {
        let truth = self.peek() == Some(b't');
        self.word(if truth { "true" } else { "false" })?;
        Ok(truth)
    }

    /// Passes `null` if it is next.
    #[inline]
    pub fn null(&mut self) -> Result<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word("null").map(|()| true)
    }

    /// Passes any value and returns its text.
    pub fn skip(&mut self) -> Result<&'a str> {
        self.peek();
        let start = self.at;
        let mut objects = 0u128; // one bit for each open bracket, the innermost lowest: is it an object?
        let mut depth = 0;
        'value: loop {
            match self.kind()? {
                Kind::String => {
                    self.raw_string()?;
                }
                Kind::Number => {
                    self.number()?;
                }
                Kind::Boolean => {
                    self.boolean()?;
                }
                Kind::Null => {
                    self.null()?;
                }
                opening => {
                    if depth == MAX_DEPTH {
                        return self.fault("at most 128 levels of nesting");
                    }
                    self.at += 1;
                    let object = opening == Kind::Object;
                    if !self.pass(if object { b'}' } else { b']' }) {
                        depth += 1;
                        objects = objects << 1 | u128::from(object);
                        if object {
                            self.name()?;
                        }
                        continue 'value;
                    }
                }
            }
            while depth > 0 {
                let object = objects & 1 == 1;
                if self.pass(b',') {
                    if object {
                        self.name()?;
                    }
                    continue 'value;
                }
                self.require(if object { b'}' } else { b']' }, if object { "a comma or }" } else { "a comma or ]" })?;
                depth -= 1;
                objects >>= 1;
            }
            return Ok(&self.text[start..self.at]);
        }
    }
}

/// First place at or behind `at` of a quote, a backslash or a control character (or the end), eight bytes at a time.
#[inline]
fn plain_until(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // The lowest byte that a mask marks is exact; higher ones may be borrowed into (Bit Twiddling Hacks, "haszero", "hasless").
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    while let Some(Ok(eight)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from) {
        let word = u64::from_le_bytes(eight);
        let stop = zero(word ^ (ONES * u64::from(b'"')))
            | zero(word ^ (ONES * u64::from(b'\\')))
            | (word.wrapping_sub(ONES * 0x20) & !word & HIGH);
        if stop != 0 {
            return at + stop.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        at += 1;
    }
    at
}

fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.iter().try_fold(0, |number, &digit| Some(number << 4 | char::from(digit).to_digit(16)?))
}

/// Decodes what `raw_string` has checked.
fn decode(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let bytes = &rest.as_bytes()[at..];
        let (c, width) = match bytes.get(1) {
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'n') => ('\n', 2),
            Some(b'r') => ('\r', 2),
            Some(b't') => ('\t', 2),
            Some(b'u') => {
                let (code, width) = match (hex(bytes, 2).unwrap_or_default(), hex(bytes, 8)) {
                    (high @ 0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12),
                    (code, _) => (code, 6),
                };
                (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), width)
            }
            Some(&byte) => (char::from(byte), 2),
            None => break,
        };
        out.push(c);
        rest = rest.get(at + width..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
