//! The words and signs of a query string.
//!
//! **In**: text, a schema (only to know which names are fields). **Out**: [`Lexeme`]s. **Law**: any text is read to its end, each byte a
//! bounded number of times; whatever is no sign is part of a word. White space and control characters separate.
//!
//! ```text
//! lexeme = flags [field ":"] atom suffix | ")" suffix | AND | OR | NOT          (flags, suffixes and fields without spaces between)
//! flags  = + must be there, - must not be there; only directly before something
//! atom   = word | "phrase" | ( | [low TO high] {low TO high} | >low >=low <high <=high     (the last two only behind a field)
//! suffix = * (a beginning of words) | ~ ~1 ~2 (edits; behind a phrase: slop) | ^2.5 (boost), in this order
//! ```
//!
//! A backslash takes the next character as it is. A quote begins a phrase only where an atom begins, so `5" pipe` is three words.

use std::borrow::Cow;

use super::ast::{MAX_BOOST, MAX_DISTANCE, MAX_SLOP};
use super::filter_bind::named;
use super::position::clipped;
use super::warnings::Problems;
use crate::base::Result;
use crate::schema::Schema;

/// What is asked of a member of a sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Flag {
    #[default]
    None,
    Must,
    MustNot,
}

/// What a lexeme is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Atom<'a> {
    Word {
        text: Cow<'a, str>,
        prefix: bool,
        edits: Option<u8>,
    },
    Phrase {
        text: Cow<'a, str>,
        slop: Option<u32>,
    },
    /// Ends of a range: the literal and whether it belongs to it.
    Range {
        low: Option<(Cow<'a, str>, bool)>,
        high: Option<(Cow<'a, str>, bool)>,
    },
    Open,
    Close,
    And,
    Or,
    Not,
}

/// One step of the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lexeme<'a> {
    /// Byte where it begins.
    pub at: usize,
    pub flag: Flag,
    pub field: Option<&'a str>,
    pub atom: Atom<'a>,
    pub boost: Option<f64>,
}

/// What stands before a colon.
enum Name<'a> {
    /// No name, or one that is no field and looks like none (`http://…`, `12:30`): the colon is part of the word.
    None,
    /// A field; behind the colon its value begins.
    Field(&'a str),
    /// No field: name and value are two words of text. The offset of the colon.
    Text(usize),
    /// No field, and a phrase, group or range behind the colon: the name is a word of its own.
    Word(&'a str),
}

/// Reads a query string from left to right.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    schema: &'a Schema,
    /// Whether a search for a closing quote has failed: then none is left.
    no_more_quotes: bool,
}

pub(super) fn separates(c: char) -> bool {
    if c.is_ascii() { c <= ' ' || c == '\x7f' } else { c.is_whitespace() || c.is_control() }
}

/// Whether the byte at `at` has a backslash before it that is not itself escaped.
fn escaped(text: &str, at: usize) -> bool {
    text.as_bytes().get(..at).is_some_and(|before| before.iter().rev().take_while(|&&b| b == b'\\').count() % 2 == 1)
}

/// The text without the backslashes that protect the next character.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().unwrap_or('\\')),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str, schema: &'a Schema) -> Self {
        Self { text, at: 0, schema, no_more_quotes: false }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        self.at += if found { prefix.len() } else { 0 };
        found
    }

    /// The next lexeme, `None` at the end.
    pub fn next(&mut self, problems: &mut Problems<'_>) -> Result<Option<Lexeme<'a>>> {
        loop {
            let rest = self.rest();
            self.at = self.text.len() - rest.trim_start_matches(separates).len();
            let at = self.at;
            if self.rest().is_empty() {
                return Ok(None);
            }
            if self.skip(")") {
                let boost = self.boost_suffix(problems)?;
                return Ok(Some(Lexeme { at, flag: Flag::None, field: None, atom: Atom::Close, boost }));
            }
            if let Some(atom) = self.operator() {
                return Ok(Some(Lexeme { at, flag: Flag::None, field: None, atom, boost: None }));
            }
            let flag = self.flags(problems)?;
            let (field, colon) = match self.name(problems)? {
                Name::None => (None, None),
                Name::Field(name) => (Some(name), None),
                Name::Text(colon) => (None, Some(colon)),
                Name::Word(name) => {
                    let atom = Atom::Word { text: Cow::Borrowed(name), prefix: false, edits: None };
                    return Ok(Some(Lexeme { at, flag, field: None, atom, boost: None }));
                }
            };
            if let Some((atom, boost)) = self.atom(field.is_some(), colon, problems)? {
                return Ok(Some(Lexeme { at, flag, field, atom, boost }));
            }
        }
    }

    /// AND, OR, NOT, standing alone.
    fn operator(&mut self) -> Option<Atom<'a>> {
        let rest = self.rest();
        for (word, atom) in [("AND", Atom::And), ("OR", Atom::Or), ("NOT", Atom::Not)] {
            if let Some(behind) = rest.strip_prefix(word)
                && behind.chars().next().is_none_or(|c| separates(c) || c == '(' || c == ')')
            {
                self.at += word.len();
                return Some(atom);
            }
        }
        None
    }

    /// `+` and `-` directly before something; otherwise they are part of a word.
    fn flags(&mut self, problems: &mut Problems<'_>) -> Result<Flag> {
        let rest = self.rest();
        let behind = rest.trim_start_matches(['+', '-']);
        let length = rest.len() - behind.len();
        if length == 0 || behind.chars().next().is_none_or(|c| separates(c) || c == ')') {
            return Ok(Flag::None);
        }
        if length > 1 {
            problems.add(self.at, "several + and - in a row", "write one, or put the words in quotes")?;
        }
        let signs = rest.as_bytes().get(..length).unwrap_or_default();
        self.at += length;
        let negations = signs.iter().filter(|&&sign| sign == b'-').count();
        Ok(match negations {
            0 => Flag::Must,
            n if n % 2 == 1 => Flag::MustNot,
            _ => Flag::None,
        })
    }

    /// What stands before a colon. A name that is no field is text.
    fn name(&mut self, problems: &mut Problems<'_>) -> Result<Name<'a>> {
        let rest = self.rest();
        let Some(end) =
            rest.find(|c: char| separates(c) || matches!(c, ':' | '"' | '\'' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '~' | ',' | '\\'))
        else {
            return Ok(Name::None);
        };
        let Some((name, behind)) = rest.split_at_checked(end).and_then(|(name, rest)| Some((name, rest.strip_prefix(':')?))) else {
            return Ok(Name::None);
        };
        let Some(first) = name.chars().next() else { return Ok(Name::None) };
        let value = behind.chars().next().filter(|&c| !separates(c) && c != ')');
        let known = self.schema.find(name).is_some() || name == self.schema.key();
        match value {
            None if known => {
                problems.add(self.at, format!("nothing stands behind {}:", clipped(name)), "write the value directly behind the colon")?;
                Ok(Name::None)
            }
            Some(_) if known => {
                self.at += end + 1;
                Ok(Name::Field(name))
            }
            Some(value) if (first.is_alphabetic() || first == '_') && (value.is_alphanumeric() || "\"([{<>".contains(value)) => {
                if !problems.are_full()
                    && let Err(mismatch) = named(self.schema, name)
                {
                    problems.add(self.at, format!("{}, searched as text", mismatch.message), mismatch.hint)?;
                }
                if value.is_alphanumeric() {
                    return Ok(Name::Text(end));
                }
                self.at += end + 1;
                Ok(Name::Word(name))
            }
            _ => Ok(Name::None),
        }
    }

    /// An atom with its suffixes; `None` when what stood there is dropped.
    fn atom(&mut self, has_field: bool, colon: Option<usize>, problems: &mut Problems<'_>) -> Result<Option<(Atom<'a>, Option<f64>)>> {
        let start = self.at;
        if self.skip("(") {
            return Ok(Some((Atom::Open, None)));
        }
        if self.skip("\"") {
            return self.phrase(start, problems);
        }
        if has_field {
            if let Some(range) = self.comparison() {
                return Ok(Some((range, self.boost_suffix(problems)?)));
            }
            if self.rest().starts_with(['[', '{']) {
                if let Some(range) = self.brackets() {
                    return Ok(Some((range, self.boost_suffix(problems)?)));
                }
                problems.add(
                    start,
                    "a range that is not understood, searched as text",
                    "write it as in year:[1700 TO 1800], * for an open end",
                )?;
            }
        }
        self.word(colon, problems).map(Some)
    }

    fn phrase(&mut self, start: usize, problems: &mut Problems<'_>) -> Result<Option<(Atom<'a>, Option<f64>)>> {
        let rest = self.rest();
        let end = if self.no_more_quotes { None } else { rest.match_indices('"').map(|(i, _)| i).find(|&i| !escaped(rest, i)) };
        let Some(end) = end else {
            self.no_more_quotes = true;
            problems.add(start, "a quote that is not closed", "close it with \", or write \\\" for a quote")?;
            return Ok(None);
        };
        let text = unescaped(rest.get(..end).unwrap_or_default());
        self.at += end + 1;
        let mut slop = None;
        if let Some(behind) = self.rest().strip_prefix('~') {
            let length = behind.bytes().take_while(u8::is_ascii_digit).count();
            let digits = behind.get(..length).unwrap_or_default();
            let wanted = digits.parse().ok().filter(|&slop| slop <= MAX_SLOP);
            if wanted.is_none() {
                problems.add(self.at, format!("a slop of {:?}", clipped(digits)), format!("a whole number from 0 to {MAX_SLOP}"))?;
            }
            slop = Some(wanted.unwrap_or(if digits.is_empty() { 0 } else { MAX_SLOP }));
            self.at += 1 + length;
        }
        let boost = self.boost_suffix(problems)?;
        if text.trim().is_empty() {
            problems.add(start, "an empty phrase", "write words between the quotes")?;
            return Ok(None);
        }
        Ok(Some((Atom::Phrase { text, slop }, boost)))
    }

    /// `>=5` and its like, behind a field.
    fn comparison(&mut self) -> Option<Atom<'a>> {
        let (sign, lower, inclusive) = [(">=", true, true), ("<=", false, true), (">", true, false), ("<", false, false)]
            .into_iter()
            .find(|(sign, ..)| self.rest().starts_with(sign))?;
        let begin = self.at;
        self.at += sign.len();
        let Some(literal) = self.literal(&[]) else {
            self.at = begin;
            return None;
        };
        let end = Some((literal, inclusive));
        Some(if lower { Atom::Range { low: end, high: None } } else { Atom::Range { low: None, high: end } })
    }

    /// `[low TO high]`, with `{` or `}` for an end that does not belong to it and `*` for an open one. Moves only if all is well.
    fn brackets(&mut self) -> Option<Atom<'a>> {
        let begin = self.at;
        let range = self.try_brackets();
        if range.is_none() {
            self.at = begin;
        }
        range
    }

    fn try_brackets(&mut self) -> Option<Atom<'a>> {
        let low_inclusive = self.skip("[");
        if !low_inclusive && !self.skip("{") {
            return None;
        }
        self.skip_spaces();
        let low = self.literal(&[']', '}'])?;
        self.skip_spaces();
        if !self.skip("TO") && !self.skip("to") {
            return None;
        }
        let before = self.at;
        self.skip_spaces();
        if self.at == before {
            return None;
        }
        let high = self.literal(&[']', '}'])?;
        self.skip_spaces();
        let high_inclusive = self.skip("]");
        if !high_inclusive && !self.skip("}") {
            return None;
        }
        let end = |literal: Cow<'a, str>, inclusive| (literal != "*").then_some((literal, inclusive));
        Some(Atom::Range { low: end(low, low_inclusive), high: end(high, high_inclusive) })
    }

    fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches(separates).len();
    }

    /// A literal of a range: in quotes, or up to white space, a parenthesis, a boost, or one of `stops`; not empty.
    fn literal(&mut self, stops: &[char]) -> Option<Cow<'a, str>> {
        if self.rest().starts_with('"') {
            if self.no_more_quotes {
                return None;
            }
            let inner = self.rest().get(1..)?;
            let Some(end) = inner.match_indices('"').map(|(i, _)| i).find(|&i| !escaped(inner, i)) else {
                self.no_more_quotes = true;
                return None;
            };
            self.at += end + 2;
            return Some(unescaped(inner.get(..end)?));
        }
        let rest = self.rest();
        let end = rest.find(|c: char| separates(c) || "()^\"".contains(c) || stops.contains(&c)).unwrap_or(rest.len());
        self.at += end;
        (end > 0).then(|| rest.get(..end).map(unescaped))?
    }

    /// `^2.5` directly here.
    fn boost_suffix(&mut self, problems: &mut Problems<'_>) -> Result<Option<f64>> {
        let Some(behind) = self.rest().strip_prefix('^') else { return Ok(None) };
        let end = behind.find(|c: char| separates(c) || c == '(' || c == ')').unwrap_or(behind.len());
        let boost = boost(behind.get(..end).unwrap_or_default());
        if boost.is_none() {
            problems.add(self.at, "a boost that is no number", format!("a number from 0 to {MAX_BOOST} behind ^, as in ^2.5"))?;
        }
        self.at += 1 + end;
        Ok(boost)
    }

    fn word(&mut self, colon: Option<usize>, problems: &mut Problems<'_>) -> Result<(Atom<'a>, Option<f64>)> {
        let start = self.at;
        let rest = self.rest();
        let mut length = rest.len();
        let mut protected = false;
        for (i, c) in rest.char_indices() {
            if !protected && (separates(c) || c == '(' || c == ')') && i > 0 {
                length = i;
                break;
            }
            protected = c == '\\' && !protected;
        }
        self.at += length;
        let mut body = rest.get(..length).unwrap_or_default();
        let mut weight = None;
        if let Some(sign) = body.rfind('^').filter(|&sign| sign > 0 && !escaped(body, sign)) {
            weight = boost(body.get(sign + 1..).unwrap_or_default());
            match weight {
                Some(_) => body = body.get(..sign).unwrap_or_default(),
                None => problems.add(start + sign, "a boost that is no number, searched as text", "write \\^ for the sign itself")?,
            }
        }
        let mut edits = None;
        if let Some(sign) = body.rfind('~').filter(|&sign| sign > 0 && !escaped(body, sign)) {
            match body.get(sign + 1..).unwrap_or_default() {
                "" => edits = Some(1),
                digits if digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                    let wanted = digits.parse().unwrap_or(u8::MAX);
                    if wanted > MAX_DISTANCE {
                        problems.add(
                            start + sign,
                            format!("an edit distance of {digits}, taken as {MAX_DISTANCE}"),
                            format!("0 to {MAX_DISTANCE}"),
                        )?;
                    }
                    edits = Some(wanted.min(MAX_DISTANCE));
                }
                _ => problems.add(start + sign, "an edit distance that is no number, searched as text", "write \\~ for the sign itself")?,
            }
            if edits.is_some() {
                body = body.get(..sign).unwrap_or_default();
            }
        }
        let prefix = edits.is_none() && body.len() > 1 && body.ends_with('*') && !escaped(body, body.len() - 1);
        if prefix {
            body = body.get(..body.len() - 1).unwrap_or_default();
        }
        let text = match colon.and_then(|colon| Some((body.get(..colon)?, body.get(colon + 1..)?))) {
            Some((name, value)) => Cow::Owned(format!("{name} {}", unescaped(value))),
            None => unescaped(body),
        };
        Ok((Atom::Word { text, prefix, edits }, weight))
    }
}

fn boost(digits: &str) -> Option<f64> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.bytes().any(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|boost| plain && (0.0..=MAX_BOOST).contains(boost))
}
