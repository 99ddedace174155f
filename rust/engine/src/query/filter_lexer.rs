//! The words of a filter text.
//!
//! **In**: text. **Out**: [`Token`]s with the byte where each begins. **Law**: strict: what cannot be read is refused at its place.
//!
//! ```text
//! name   = characters other than white space and ( ) [ ] { } , ' " = < > !   and not read as a number
//! number = as in JSON, with an optional +    string = '…' or "…", with \ before a quote or another \
//! sign   = == = != < <= > >= ( ) [ ] { } ,
//! ```

use super::position::{clipped, refuse_at};
use super::value::Value;
use crate::base::Result;

/// One word or sign.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Literal(Value),
    Sign(&'static str),
    End,
}

/// Reads a filter text from left to right.
pub(super) struct FilterLexer<'a> {
    pub text: &'a str,
    at: usize,
    /// The next token, where it begins and ends, once it was read: the grammar asks several times what it is.
    ahead: Option<(Token<'a>, usize, usize)>,
}

const SIGNS: [&str; 14] = ["==", "!=", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", "{", "}", ","];

impl<'a> FilterLexer<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, ahead: None }
    }

    /// The next token without moving, and the byte where it begins.
    pub fn peek(&mut self) -> Result<(&Token<'a>, usize)> {
        let (token, start, _) = self.ahead()?;
        Ok((token, *start))
    }

    /// The next token and the byte where it begins.
    pub fn take(&mut self) -> Result<(Token<'a>, usize)> {
        let (token, start, end) = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.read()?,
        };
        self.at = end;
        Ok((token, start))
    }

    /// Moves behind the next token if it is this name (in any case) or sign.
    pub fn skip(&mut self, word: &str) -> Result<bool> {
        let found = match &self.ahead()?.0 {
            Token::Name(name) => name.eq_ignore_ascii_case(word),
            Token::Sign(sign) => *sign == word,
            Token::Literal(_) | Token::End => false,
        };
        if found {
            self.take()?;
        }
        Ok(found)
    }

    fn ahead(&mut self) -> Result<&(Token<'a>, usize, usize)> {
        let ahead = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.read()?,
        };
        Ok(self.ahead.insert(ahead))
    }

    fn read(&self) -> Result<(Token<'a>, usize, usize)> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        let start = self.at + (rest.len() - trimmed.len());
        let Some(first) = trimmed.chars().next() else { return Ok((Token::End, start, start)) };
        if first == '\'' || first == '"' {
            return self.string(start, first);
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| trimmed.starts_with(sign)) {
            return Ok((Token::Sign(sign), start, start + sign.len()));
        }
        let length = trimmed.find(|c: char| c.is_whitespace() || "()[]{},'\"=<>!".contains(c)).unwrap_or(trimmed.len());
        let word = trimmed.get(..length).unwrap_or_default();
        if word.is_empty() {
            return Err(refuse_at(self.text, start, format!("{first:?} is not understood here"), "not equal is written !="));
        }
        let token = match number(word) {
            Some(number) => Token::Literal(number),
            None if word.eq_ignore_ascii_case("true") => Token::Literal(Value::Boolean(true)),
            None if word.eq_ignore_ascii_case("false") => Token::Literal(Value::Boolean(false)),
            None => Token::Name(word),
        };
        Ok((token, start, start + length))
    }

    fn string(&self, start: usize, quote: char) -> Result<(Token<'a>, usize, usize)> {
        let mut value = String::new();
        let inner = start + 1;
        let mut chars = self.text.get(inner..).unwrap_or_default().char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, escaped @ ('\'' | '"' | '\\'))) => value.push(escaped),
                    Some((_, other)) => value.extend(['\\', other]),
                    None => break,
                },
                c if c == quote => return Ok((Token::Literal(Value::Text(value)), start, inner + i + 1)),
                c => value.push(c),
            }
        }
        Err(refuse_at(self.text, start, "a string that does not end", format!("close it with {quote}")))
    }

    /// The refusal of what stands at the next token.
    pub fn refuse<T>(&self, expected: &str) -> Result<T> {
        let (token, at, _) = self.read()?;
        let found = match token {
            Token::Name(name) => clipped(name),
            Token::Literal(value) => clipped(&value.to_string()),
            Token::Sign(sign) => sign.to_owned(),
            Token::End => "the end".to_owned(),
        };
        Err(refuse_at(self.text, at, format!("{found} stands where something else belongs"), format!("expected {expected}")))
    }
}

fn number(word: &str) -> Option<Value> {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let whole = word.parse().map(Value::Integer);
    whole.or_else(|_| word.parse().map(Value::Float)).ok().filter(Value::is_finite)
}
