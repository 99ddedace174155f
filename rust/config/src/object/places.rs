//! Where the values of a stored version stood for who published it.
//!
//! **In**: a document. **Out**: a member of the head, and back: places by the number of a value in the document's order. **Law**
//! 1. Values that stand side by side in one place are one run, so a table from one source costs a few bytes.
//! 2. Of large documents only the sources are kept, no lines: looking at a version costs no more than its values.
//! 3. What is read is untrusted: a number that leads outside is a place that nobody knows. Nothing but messages depends on it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::document::{Document, Node};
use crate::source::{LayerKind, Place, Source};

/// Documents of more values keep no lines.
const WITH_LINES: usize = 4096;
/// The number of no source.
const UNKNOWN: u32 = u32::MAX;

/// How many values, the number of their source, line and column; from 1, and 0 where the source has none.
type Run = (u32, u32, u32, u32);

/// The places of all values of a document, tables and lists before what they hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    sources: Vec<String>,
    runs: Vec<Run>,
}

impl Places {
    /// Those of a document.
    pub fn of(document: &Document) -> Self {
        let with_lines = count(document, WITH_LINES + 1) <= WITH_LINES;
        let mut writer = Writer::default();
        each(document, |node| writer.add(node, with_lines));
        // A document that was read from an object without places has none either.
        if writer.numbers.is_empty() { Self::default() } else { writer.places }
    }

    /// Whether no place is known.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// As something to look numbers up in.
    pub fn by_number(self) -> ByNumber {
        let mut end = 0u64;
        let ends = self.runs.iter().map(|run| {
            end += u64::from(run.0);
            end
        });
        ByNumber { ends: ends.collect(), places: self }
    }
}

/// Places, to be looked up.
#[derive(Clone, Debug)]
pub struct ByNumber {
    places: Places,
    /// The number behind the last value of each run.
    ends: Vec<u64>,
}

impl ByNumber {
    /// The place of a value by its number.
    pub fn get(&self, number: u32) -> Option<Place> {
        let at = self.ends.partition_point(|end| *end <= u64::from(number));
        let (_, source, line, column) = *self.places.runs.get(at)?;
        let source = self.places.sources.get(source as usize)?.clone();
        let known = |number: u32| Some(number).filter(|&number| number > 0);
        Some(Place { source, line: known(line), column: known(line).and(known(column)), variable: None })
    }
}

#[derive(Default)]
struct Writer<'a> {
    places: Places,
    /// Sources by what a place calls them.
    numbers: HashMap<String, u32>,
    /// Where lines begin in files, and the numbers of sources that are no files nor variables.
    files: HashMap<*const Source, Vec<u32>>,
    last: Option<(&'a Arc<Source>, u32)>,
}

impl<'a> Writer<'a> {
    fn add(&mut self, node: Node<'a>, with_lines: bool) {
        let (mut source, mut line, mut column) = (UNKNOWN, 0, 0);
        if let Some(origin) = node.origin() {
            match origin.source.kind() {
                LayerKind::File | LayerKind::Dotenv => {
                    source = self.of_source(origin.source);
                    if with_lines {
                        (line, column) = self.line(origin.source, origin.offset);
                    }
                }
                LayerKind::Version => {
                    if let Some(place) = origin.source.stored_place(origin.offset) {
                        source = self.number(place.source);
                        (line, column) = if with_lines { (place.line.unwrap_or(0), place.column.unwrap_or(0)) } else { (0, 0) };
                    }
                }
                LayerKind::Environment => source = self.number(origin.place().to_string()),
                _ => source = self.of_source(origin.source),
            }
        }
        match self.places.runs.last_mut() {
            Some(run) if (run.1, run.2, run.3) == (source, line, column) => run.0 = run.0.saturating_add(1),
            _ => self.places.runs.push((1, source, line, column)),
        }
    }

    /// The number of a source that is called the same at all its places.
    fn of_source(&mut self, source: &'a Arc<Source>) -> u32 {
        if let Some((known, number)) = self.last
            && Arc::ptr_eq(known, source)
        {
            return number;
        }
        let number = self.number(source.name().to_owned());
        self.last = Some((source, number));
        number
    }

    fn number(&mut self, name: String) -> u32 {
        if let Some(&number) = self.numbers.get(&name) {
            return number;
        }
        let number = self.numbers.len() as u32;
        self.places.sources.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    /// As [`Source::place`] has it; the ends of lines are looked for once.
    fn line(&mut self, source: &Arc<Source>, offset: u32) -> (u32, u32) {
        let text = source.text();
        let newlines = self
            .files
            .entry(Arc::as_ptr(source))
            .or_insert_with(|| memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32).collect());
        let before = newlines.partition_point(|&newline| newline < offset);
        let start = before.checked_sub(1).and_then(|at| newlines.get(at)).map_or(0, |newline| *newline as usize + 1);
        let column = text.get(start..(offset as usize).min(text.len())).map_or(0, |before| before.chars().count() as u32);
        (before as u32 + 1, column + 1)
    }
}

/// Looks at all values in the order in which they are written.
fn each<'a>(document: &'a Document, mut look: impl FnMut(Node<'a>)) {
    let mut left = vec![document.root()];
    while let Some(node) = left.pop() {
        look(node);
        let from = left.len();
        left.extend(node.items());
        if let Some(added) = left.get_mut(from..) {
            added.reverse();
        }
    }
}

/// How many values a document has, as far as that matters: every leaf is one.
fn count(document: &Document, most: usize) -> usize {
    if document.leaves() >= most {
        return most;
    }
    let mut found = 0;
    each(document, |_| found += 1);
    found
}
