//! Files of variables: `NAME=value`, one a line.
//!
//! **In**: text. **Out**: a document of text values, nested at `__`, names in lower case, as of [`crate::environment`].
//!
//! **Law**: blank lines and lines that begin with `#` say nothing; `export ` before a name is skipped; a value in single quotes is literal;
//! in double quotes `\n`, `\t`, `\r`, `\"`, `\\` and `\$` are escapes; both may span lines; a bare value ends at ` #` or the line's end.
//! Nothing is substituted: `$NAME` stays text. A name may stand once.

use std::collections::HashMap;
use std::sync::Arc;

use super::Limits;
use crate::document::{Document, Path};
use crate::layers::{Variable, variables};
use crate::problem::{Problem, Span};
use crate::source::Source;

pub(super) fn parse(source: &Arc<Source>, start: usize, limits: &Limits) -> Result<Document, Vec<Problem>> {
    let text = source.text();
    let mut at = start;
    let mut problems = Vec::new();
    let mut found: Vec<Variable> = Vec::new();
    let mut first: HashMap<String, u32> = HashMap::new();
    while at < text.len() {
        let rest = text.get(at..).unwrap_or("");
        let line = rest.split('\n').next().unwrap_or("");
        let next = at + line.len() + 1;
        let body = line.trim_start();
        let mut name_at = at + (line.len() - body.len());
        if body.trim().is_empty() || body.starts_with('#') {
            at = next;
            continue;
        }
        let declared = body.strip_prefix("export ").map_or(body, |rest| {
            let rest_trimmed = rest.trim_start();
            name_at += body.len() - rest_trimmed.len();
            rest_trimmed
        });
        let refuse = |expected: &str, hint: &str, offset: usize| {
            Problem::new("syntax", Path::root(), expected, "something else").hint(hint).at(source, offset as u32, 0)
        };
        let Some((name, _)) = declared.split_once('=') else {
            problems.push(refuse("NAME=value", "begin a comment with #", name_at));
            at = next;
            continue;
        };
        let value_at = name_at + name.len() + 1;
        let name = name.trim_end();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            problems.push(refuse("a name of letters, digits and _", "NAME=value", name_at));
            at = next;
            continue;
        }
        match value(text, value_at) {
            Ok((value, end)) => {
                let origin = name_at as u32;
                match first.get(name) {
                    Some(&first) => problems.push(
                        Problem::new(
                            "duplicate_key",
                            Path::root().key(&name.to_lowercase()),
                            "each name once",
                            "a name that the file already has",
                        )
                        .at(source, origin, name.len() as u32)
                        .related("first", Some(Span { source: Arc::clone(source), offset: first, len: name.len() as u32 })),
                    ),
                    None => {
                        first.insert(name.to_owned(), origin);
                        found.push(Variable { name: name.to_owned(), value, origin });
                    }
                }
                at = end;
            }
            Err((expected, offset)) => {
                problems.push(refuse(expected, "is a quote missing?", offset));
                // Behind an open quote nothing can be told apart.
                break;
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    variables(source, "__", found, limits).map_err(|problems| problems.0)
}

/// The value that begins behind `=`, and where the next line begins.
fn value(text: &str, at: usize) -> Result<(String, usize), (&'static str, usize)> {
    let rest = text.get(at..).unwrap_or("");
    let trimmed = rest.trim_start_matches([' ', '\t']);
    let open = at + (rest.len() - trimmed.len());
    let quote = match trimmed.chars().next() {
        Some(quote @ ('"' | '\'')) => quote,
        _ => {
            let line = rest.split('\n').next().unwrap_or("");
            let end = line.find(" #").or_else(|| line.find("\t#")).unwrap_or(line.len());
            let bare = if trimmed.starts_with('#') { "" } else { line.get(..end).unwrap_or("").trim() };
            return Ok((bare.to_owned(), at + line.len() + 1));
        }
    };
    let mut value = String::new();
    let mut chars = trimmed.char_indices().skip(1);
    while let Some((offset, c)) = chars.next() {
        if c == quote {
            let behind = trimmed.get(offset + 1..).unwrap_or("");
            let line = behind.split('\n').next().unwrap_or("");
            let rest = line.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                return Err(("the end of the line behind the closing quote", open + offset + 1));
            }
            return Ok((value, open + offset + 1 + line.len() + 1));
        }
        if c == '\\' && quote == '"' {
            match chars.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(c @ ('"' | '\\' | '$')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => break,
            }
            continue;
        }
        value.push(c);
    }
    Err(("a closing quote", open))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Format, Limits, parse};

    fn read(text: &str) -> Result<String, String> {
        parse(Format::Dotenv, ".env", text.as_bytes().to_vec(), &Limits::default())
            .map(|layer| String::from_utf8(layer.document().to_json()).unwrap())
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn lines_become_nested_text() {
        let text = "# comment\r\nexport A__B = 'x $Y' # why\r\nA__C=\"two\\nlines \\\"q\\\" \\d\"\n\nD=bare # c\nE=\nF=\"\nspan\"\nG=[1, \"a\"]\nH=[1,\n";
        assert_eq!(
            read(text).unwrap(),
            r#"{"a":{"b":"x $Y","c":"two\nlines \"q\" \\d"},"d":"bare","e":"","f":"\nspan","g":[1,"a"],"h":"[1,"}"#
        );
        assert_eq!(read("").unwrap(), "{}");
    }

    #[test]
    fn problems_have_places() {
        for (text, place) in [
            ("A=1\nB", ".env:2:1: "),
            ("A=1\nA=2", ".env:2:1: a: "),
            ("A='x", ".env:1:3: "),
            ("A='x' y", ".env:1:6: "),
            ("A-B=1", ".env:1:1: "),
            ("A=1\nA__B=2", ".env:1:1: a: "),
            ("A__=1", ".env:1:1: "),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.starts_with(place), "{text:?}: {problem}");
        }
    }
}
