//! What is wrong with a configuration: all of it, not the first thing.
//!
//! **In**: paths with what would have been accepted there and what stood there. **Out**: [`Error::Config`], or the value. **Law**: a path
//! leads from the top of the document to the value, with names and places in lists (`pins[2].keys[0]`), so that whoever knows where the
//! document came from can add file and line. What is shown of a value is cut.

use serde_json::{Map, Value};

use crate::base::error::Problem;
use crate::base::{Error, Result, nearest};

/// The problems found so far.
#[derive(Default)]
pub struct Problems(Vec<Problem>);

/// Most problems that are kept: a list of a million wrong texts is told by its first.
const MOST: usize = 200;

impl Problems {
    /// One more.
    pub fn add(&mut self, path: &str, expected: &str, got: &str) {
        self.push(Problem { path: path.into(), expected: expected.into(), got: got.into(), meant: None });
    }

    fn push(&mut self, problem: Problem) {
        if self.0.len() < MOST {
            self.0.push(problem);
        }
    }

    /// A value of another kind.
    pub fn wrong(&mut self, path: &str, expected: &str, value: &Value) {
        self.add(path, expected, &shown(value));
    }

    /// A name that nobody knows.
    pub fn unknown(&mut self, path: &str, key: &str, known: &[&str]) {
        let meant = nearest(key, known.iter().copied()).map(str::to_owned);
        let expected = if known.is_empty() { "nothing: there are none".to_owned() } else { format!("one of {}", known.join(", ")) };
        self.push(Problem { path: path.into(), expected, got: format!("{:?}", clipped(key)), meant });
    }

    /// A number from 0 to `most`.
    pub fn number(&mut self, path: &str, value: &Value, most: f64, into: &mut f64) {
        match value.as_f64() {
            Some(number) if (0.0..=most).contains(&number) => *into = number + 0.0, // -0.0 becomes 0.0
            _ => self.wrong(path, &format!("a number from 0 to {most}"), value),
        }
    }

    /// A whole number between two, both included.
    pub fn whole(&mut self, path: &str, value: &Value, least: u64, most: u64) -> Option<u64> {
        let found = value.as_u64().filter(|number| (least..=most).contains(number));
        if found.is_none() {
            self.wrong(path, &format!("a whole number from {least} to {most}"), value);
        }
        found
    }

    /// A number that was written by a program.
    pub fn in_range(&mut self, path: &str, number: f64, most: f64) {
        if !(0.0..=most).contains(&number) {
            self.add(path, &format!("a number from 0 to {most}"), &number.to_string());
        }
    }

    /// One of some words.
    pub fn word<T: Copy>(&mut self, path: &str, value: &Value, known: &[(&str, T)], into: &mut T) {
        match value.as_str().and_then(|word| known.iter().find(|(name, _)| *name == word)) {
            Some((_, meaning)) => *into = *meaning,
            None => {
                let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
                let meant = value.as_str().and_then(|word| nearest(word, names.iter().copied())).map(str::to_owned);
                self.push(Problem { path: path.into(), expected: format!("one of {}", names.join(", ")), got: shown(value), meant });
            }
        }
    }

    /// A text that is not blank.
    pub fn text<'v>(&mut self, path: &str, value: &'v Value) -> Option<&'v str> {
        let found = value.as_str().filter(|text| !text.trim().is_empty());
        if found.is_none() {
            self.wrong(path, "a text that is not blank", value);
        }
        found
    }

    /// A list.
    pub fn list<'v>(&mut self, path: &str, expected: &str, value: &'v Value) -> &'v [Value] {
        match value {
            Value::Array(list) => list,
            other => {
                self.wrong(path, expected, other);
                &[]
            }
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, path: &str, value: &Value) -> Vec<String> {
        let list = self.list(path, "a list of texts", value);
        let text = |(i, text): (usize, &Value)| match text {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            other => {
                self.wrong(&format!("{path}[{i}]"), "a text that is not blank", other);
                None
            }
        };
        list.iter().enumerate().filter_map(text).collect()
    }

    /// A table.
    pub fn table<'v>(&mut self, path: &str, expected: &str, value: &'v Value) -> Option<&'v Map<String, Value>> {
        let found = value.as_object();
        if found.is_none() {
            self.wrong(path, expected, value);
        }
        found
    }

    /// Those of a profile under `prefix`, but for what is wrong in the base already.
    pub fn add_new(&mut self, own: Self, prefix: &str) {
        for problem in own.0 {
            let below = problem.path.strip_prefix(prefix).unwrap_or(&problem.path);
            if !self.0.iter().any(|known| known.path == below && known.got == problem.got) {
                self.push(problem);
            }
        }
    }

    /// Those of a later look at the same document, but for what an earlier one said of the same value.
    pub fn add_later(&mut self, later: Vec<Problem>) {
        for problem in later {
            if !self.0.iter().any(|known| known.path == problem.path) {
                self.push(problem);
            }
        }
    }

    /// All of them.
    pub fn into_list(self) -> Vec<Problem> {
        self.0
    }

    /// The value, unless there is a problem.
    ///
    /// # Errors
    /// [`Error::Config`] with every problem.
    pub fn settle<T>(self, value: T) -> Result<T> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::Config(self.0)) }
    }
}

/// A text of which too much would be shown, shortened.
pub(super) fn clipped(text: &str) -> String {
    if text.chars().count() > 60 { text.chars().take(60).chain(['…']).collect() } else { text.into() }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array(list) if list.len() > 8 => format!("a list of {}", list.len()),
        Value::Object(map) if map.len() > 8 => format!("a table of {}", map.len()),
        value => clipped(&value.to_string()),
    }
}

/// A path with one more name; names that are no plain words are quoted, as TOML has them.
pub(super) fn under(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let name = if plain { name.to_owned() } else { format!("{name:?}") };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}
