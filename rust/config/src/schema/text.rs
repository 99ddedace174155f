//! Text of the environment, given the type that the schema wants; and times.
//!
//! **In**: text. **Out**: a scalar, or nothing when the text is none of that type. **Law**: surrounding blanks do not count except in strings;
//! booleans are `true false yes no on off 1 0` in any case; numbers are written as in JSON, with an optional `+` and `_` between digits.

use super::{Clock, Shape, Type};
use crate::document::Kind;

/// A scalar that replaces another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Bits(Kind, u64),
    Text(Kind, String),
}

/// The scalar that `text` stands for where `shape` is expected; `None` when it stands for none, `Some(None)` when it stays as it is.
pub(super) fn typed(text: &str, shape: &Shape) -> Option<Option<Scalar>> {
    let trimmed = text.trim();
    let bits = |kind, bits| Some(Some(Scalar::Bits(kind, bits)));
    match &shape.of {
        // Without a type, the allowed values say which it is.
        Type::Any => {
            let same = |value: &&crate::document::Document| {
                let root = value.root();
                root.kind() != Kind::String && root.to_json() == trimmed.as_bytes()
            };
            match shape.allowed.iter().find(same).map(|value| (value.root().kind(), value.root().entry().payload)) {
                Some((kind @ (Kind::Integer | Kind::Float | Kind::Bool | Kind::Null), payload)) => bits(kind, payload),
                _ => Some(None),
            }
        }
        Type::String(_) => Some(None),
        Type::Null if trimmed.is_empty() || trimmed.eq_ignore_ascii_case("null") || trimmed.eq_ignore_ascii_case("none") => {
            bits(Kind::Null, 0)
        }
        Type::Boolean => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => bits(Kind::Bool, 1),
            "false" | "no" | "off" | "0" => bits(Kind::Bool, 0),
            _ => None,
        },
        Type::Integer(_) => bits(Kind::Integer, digits(trimmed)?.parse::<i64>().ok()? as u64),
        Type::Number(_) => {
            let plain = digits(trimmed)?;
            match plain.parse::<i64>() {
                Ok(value) => bits(Kind::Integer, value as u64),
                Err(_) => bits(Kind::Float, plain.parse::<f64>().ok().filter(|value| value.is_finite())?.to_bits()),
            }
        }
        Type::Time(clock) => Some(Some(Scalar::Text(Kind::Time, time(trimmed, *clock)?))),
        _ => None,
    }
}

/// The text of a number without `_` between digits; none when it holds anything that numbers do not.
fn digits(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut plain = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match c {
            '0'..='9' | '+' | '-' | '.' | 'e' | 'E' => plain.push(c),
            '_' if at > 0 && is_digit(at - 1) && is_digit(at + 1) => {}
            _ => return None,
        }
    }
    plain.bytes().any(|byte| byte.is_ascii_digit()).then_some(plain)
}

/// The text of a time in its usual spelling, when it is one of that form.
pub(super) fn time(text: &str, clock: Clock) -> Option<String> {
    let time: toml_datetime::Datetime = text.parse().ok()?;
    let fits = match clock {
        Clock::Any => true,
        Clock::DateTime => time.date.is_some() && time.time.is_some(),
        Clock::Date => time.date.is_some() && time.time.is_none(),
        Clock::Time => time.date.is_none() && time.time.is_some(),
    };
    fits.then(|| time.to_string())
}
