//! Paths: where a value stands in a document, as people write it: `search.boosts[3].weight`, `synonyms."new york"`.
//!
//! **In**: text, or segments. **Out**: segments, or text. **Law**: `parse ∘ display` is the identity for every path, whatever the keys hold.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A key of a table.
    Key(Box<str>),
    /// A place in an array, from 0.
    Index(u32),
}

/// Where a value stands in a document; the empty path is the document itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<Segment>);

/// Text that is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    /// The byte where it goes wrong.
    pub position: usize,
    /// What should stand there.
    pub expected: &'static str,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a path: expected {} at byte {}; write a.b[3].\"key with dots\"", self.expected, self.position)
    }
}

impl std::error::Error for PathError {}

impl Path {
    /// The path of the document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The steps.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// One more step.
    pub fn step(self, step: &Segment) -> Self {
        match step {
            Segment::Key(key) => self.key(key),
            Segment::Index(index) => self.index(*index),
        }
    }

    /// Whether this is the document itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path and a key.
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Segment::Key(key.into()));
        self
    }

    /// This path and a place in an array.
    pub fn index(mut self, index: u32) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// Whether `self` is `other` or above it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl From<Vec<Segment>> for Path {
    fn from(segments: Vec<Segment>) -> Self {
        Self(segments)
    }
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte == b'!' || byte >= 0x80
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    if !key.is_empty() && key.bytes().all(is_bare) {
                        f.write_str(key)?;
                    } else {
                        f.write_str("\"")?;
                        for c in key.chars() {
                            match c {
                                '"' | '\\' => write!(f, "\\{c}")?,
                                c if c.is_control() => write!(f, "\\u{{{:x}}}", c as u32)?,
                                c => write!(f, "{c}")?,
                            }
                        }
                        f.write_str("\"")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut segments = Vec::new();
        let mut at = 0;
        let fail = |position, expected| Err(PathError { position, expected });
        while at < text.len() {
            let rest = text.get(at..).unwrap_or("");
            if let Some(inner) = rest.strip_prefix('[') {
                let Some(end) = inner.find(']') else { return fail(text.len(), "]") };
                let digits = inner.get(..end).unwrap_or("");
                match digits.parse() {
                    Ok(index) if digits.bytes().all(|b| b.is_ascii_digit()) => segments.push(Segment::Index(index)),
                    _ => return fail(at + 1, "a number"),
                }
                at += end + 2;
                continue;
            }
            let mut start = at;
            if !segments.is_empty() {
                if !rest.starts_with('.') {
                    return fail(at, "a dot or [");
                }
                start += 1;
            }
            let rest = text.get(start..).unwrap_or("");
            if rest.starts_with('"') {
                let (key, len) = quoted(rest).ok_or(PathError { position: start, expected: "a key in closed quotes" })?;
                segments.push(Segment::Key(key.into()));
                at = start + len;
            } else {
                let len = rest.bytes().take_while(|&b| is_bare(b)).count();
                if len == 0 {
                    return fail(start, "a key (letters, digits, _ and -, or in quotes)");
                }
                segments.push(Segment::Key(rest.get(..len).unwrap_or("").into()));
                at = start + len;
            }
        }
        Ok(Self(segments))
    }
}

/// The key in quotes at the start of `text`, and how many bytes it takes.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut key = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((key, at + 1)),
            '\\' => match chars.next()?.1 {
                'u' => {
                    if chars.next()?.1 != '{' {
                        return None;
                    }
                    let mut code = 0u32;
                    loop {
                        match chars.next()?.1 {
                            '}' => break,
                            c => code = code.checked_mul(16)?.checked_add(c.to_digit(16)?)?,
                        }
                    }
                    key.push(char::from_u32(code)?);
                }
                other => key.push(other),
            },
            c => key.push(c),
        }
    }
    None
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn segment() -> impl Strategy<Value = Segment> {
        prop_oneof![".{0,8}".prop_map(|key| Segment::Key(key.into())), any::<u32>().prop_map(Segment::Index)]
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(segments in prop::collection::vec(segment(), 0..6)) {
            let path = Path::from(segments);
            prop_assert_eq!(path.to_string().parse::<Path>().unwrap(), path);
        }

        #[test]
        fn no_text_can_hurt(text in ".{0,30}") {
            let _ = text.parse::<Path>();
        }
    }

    #[test]
    fn errors_name_the_place() {
        assert_eq!("a..b".parse::<Path>().unwrap_err().position, 2);
        assert_eq!("a[x]".parse::<Path>().unwrap_err().expected, "a number");
        assert!("a.\"b".parse::<Path>().unwrap_err().to_string().contains("closed quotes"));
        assert_eq!("a.\"b.c\"[2].d".parse::<Path>().unwrap().segments().len(), 4);
    }
}
