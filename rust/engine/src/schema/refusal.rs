//! Refusals: what is wrong with a document, and what can be said about the rest of it.
//!
//! **In**: a fault inside a document's text. **Out**: a [`Reject`]. **Law**: this path may be slow, but stays linear in the document:
//! members are passed once more to find the key, which may stand behind the fault. Everything quoted is shortened.

use std::borrow::Cow;
use std::str::Utf8Error;

use super::json::{Fault, Reader, VALUE};
use super::{KeyKind, MAX_KEY};
use crate::base::error::{Place, Reject};

/// Longest text that a refusal quotes, in characters.
const SHOWN: usize = 80;

/// The front of a text, marked if there was more, control characters written out.
pub(crate) fn shorten(text: &str) -> String {
    let end = text.char_indices().nth(SHOWN).map_or(text.len(), |(at, _)| at);
    let mut out = String::with_capacity(end + 4);
    for c in text[..end].chars() {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    if end < text.len() {
        out.push('…');
    }
    out
}

/// A refusal before the key is known.
#[derive(Clone, Debug)]
pub(super) struct Refused(Box<What>);

#[derive(Clone, Debug)]
struct What {
    field: Option<String>,
    expected: Cow<'static, str>,
    got: Cow<'static, str>,
    fault: Option<Fault>,
}

impl Refused {
    fn new(field: Option<String>, expected: Cow<'static, str>, got: Cow<'static, str>, fault: Option<Fault>) -> Self {
        Self(Box::new(What { field, expected, got, fault }))
    }

    /// The document as a whole is at fault.
    pub(super) fn whole(expected: impl Into<Cow<'static, str>>, got: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Some(String::new()), expected.into(), got.into(), None)
    }

    /// A member is at fault.
    pub(super) fn field(name: impl AsRef<str>, expected: impl Into<Cow<'static, str>>, got: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Some(shorten(name.as_ref())), expected.into(), got.into(), None)
    }

    /// A value is at fault; whose it is, the caller adds.
    pub(super) fn value(expected: impl Into<Cow<'static, str>>, got: impl Into<Cow<'static, str>>) -> Self {
        Self::new(None, expected.into(), got.into(), None)
    }

    /// The text is no JSON.
    pub(super) fn syntax(fault: Fault) -> Self {
        let expected = if fault.is_at_value() { VALUE } else { fault.expected };
        Self::new(None, Cow::Borrowed(expected), Cow::Borrowed(""), Some(fault))
    }

    /// The same for the member `name`, unless it is known already.
    pub(super) fn at_field(mut self, name: impl AsRef<str>) -> Self {
        self.0.field.get_or_insert_with(|| shorten(name.as_ref()));
        self
    }

    /// The same for a value of which something is expected: said in place of "a JSON value" where a bare word stands.
    pub(super) fn wanting(mut self, expected: &'static str) -> Self {
        if self.0.fault.is_some_and(Fault::is_at_value) {
            self.0.expected = Cow::Borrowed(expected);
        }
        self
    }

    /// The refusal as users see it. `text` is the document.
    pub(super) fn explain(self, text: &str, key: &str) -> Reject {
        let What { field, mut expected, mut got, fault } = *self.0;
        if let Some(fault) = fault {
            (expected, got) = describe(text, fault, expected);
        }
        let around = Around::of(text, key, fault.map(|fault| fault.at));
        let field = field.or(around.member).unwrap_or_default();
        Reject { key: around.key, field, expected: expected.into_owned(), got: got.into_owned(), place: Place::default() }
    }
}

/// What stands at a fault, in words. `wanted` is what a bare word stands in the place of.
fn describe(text: &str, fault: Fault, wanted: Cow<'static, str>) -> (Cow<'static, str>, Cow<'static, str>) {
    let rest = text.get(fault.at..).unwrap_or_default();
    for word in ["NaN", "Infinity", "-Infinity", "-NaN"] {
        if rest.starts_with(word) {
            return ("a finite number, or null for a missing one".into(), word.into());
        }
    }
    let word = bare_word(rest);
    if !word.is_empty() && fault.is_at_value() {
        return (wanted, shorten(word).into());
    }
    let got = match rest.chars().next() {
        None => format!("the end of the text at byte {}", fault.at),
        Some(c) if c.is_control() => format!("the control character U+{:04X} at byte {}", u32::from(c), fault.at),
        Some(_) if !word.is_empty() => format!("{} at byte {}", shorten(word), fault.at),
        Some(_) => format!("{} at byte {}", shorten(rest.lines().next().unwrap_or_default()), fault.at),
    };
    (format!("JSON with {}", fault.expected).into(), got.into())
}

/// The word without quotes at the front of a text, as the binding writes for a Python value that has no JSON form.
fn bare_word(rest: &str) -> &str {
    if !rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return "";
    }
    let stops = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ':' | '"' | '\'' | '{' | '}' | '[' | ']');
    rest.split(stops).next().unwrap_or_default()
}

/// What can be read around a fault.
#[derive(Default)]
struct Around {
    key: Option<String>,
    member: Option<String>,
}

impl Around {
    /// Passes the members of `text` until it ends or is no JSON; notes the key, and which member byte `at` belongs to.
    fn of(text: &str, key: &str, at: Option<usize>) -> Self {
        let mut around = Self::default();
        let mut reader = Reader::new(text);
        if !reader.pass(b'{') {
            return around;
        }
        while let Ok(name) = reader.name() {
            reader.peek();
            let start = reader.at();
            let value = reader.skip();
            if name == key {
                around.key = value.ok().and_then(shown_key);
            }
            // A value that cannot be passed is the last one; the fault is in it if it is behind its start.
            let inside = at.is_some_and(|at| start <= at && (value.is_err() || at < reader.at()));
            if inside && around.member.is_none() {
                around.member = Some(shorten(&name));
            }
            if value.is_err() || !reader.pass(b',') || (around.key.is_some() && at.is_none_or(|at| at < reader.at())) {
                break;
            }
        }
        around
    }
}

/// A key as text, if the value can be one at all.
fn shown_key(value: &str) -> Option<String> {
    let mut reader = Reader::new(value);
    let key = match value.as_bytes().first()? {
        b'"' => reader.string().ok()?.into_owned(),
        b'-' | b'0'..=b'9' => value.to_owned(),
        _ => return None,
    };
    (!key.is_empty() && key.len() <= MAX_KEY).then_some(key)
}

/// A refusal of a document that cannot be read at all.
pub(crate) fn whole(expected: impl Into<String>, got: impl Into<String>) -> Reject {
    Reject { key: None, field: String::new(), expected: expected.into(), got: got.into(), place: Place::default() }
}

/// A refusal of bytes that are no UTF-8.
pub(super) fn not_utf8(json: &[u8], error: &Utf8Error, key: &str) -> Reject {
    let at = error.valid_up_to();
    let valid = json.get(..at).and_then(|front| std::str::from_utf8(front).ok()).unwrap_or_default();
    let around = Around::of(valid, key, Some(at));
    let got = match json.get(at) {
        Some(byte) => format!("byte 0x{byte:02x} at byte {at}"),
        None => format!("the end of the text at byte {at}"),
    };
    Reject { key: around.key, field: around.member.unwrap_or_default(), expected: "UTF-8".into(), got, place: Place::default() }
}

impl KeyKind {
    /// What a key of this kind may be.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::String => "a key: a string of 1 to 512 bytes, or an integer",
            Self::Integer => "a key: an integer of 64 bits",
        }
    }
}
