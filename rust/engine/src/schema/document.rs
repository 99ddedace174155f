//! Documents: JSON bytes become checked values, or one refusal.
//!
//! **In**: the bytes of one JSON object, a schema. **Out**: a [`Document`] or a [`Reject`] with key, field, expected and got. **Law**:
//! this is the only place where documents are checked, whatever they come from. Nothing is coerced. A member may stand once; `null` is
//! the same as absent; a member that is no field is treated as the schema's [`Extra`] says. The stored text is what was given, byte for
//! byte, but for members that `Extra::Ignore` cuts out. Work and memory are linear in the bytes, whatever they are.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::json::{Fault, Kind, Reader};
use super::refusal::{self, Refused, shorten};
use super::{Extra, KeyKind, MAX_DOCUMENT, MAX_KEY, Schema, values};
use crate::base::error::Reject;
use crate::base::{FieldId, nearest};

/// One value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A text to analyse.
    Text(Cow<'a, str>),
    /// An exact string; a document has one entry for each of its strings, in the order given, equal ones too.
    Keyword(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Date(i64),
    /// True or false.
    Boolean(bool),
    /// A place in degrees.
    Geo {
        /// −90 to 90.
        lat: f64,
        /// −180 to 180.
        lon: f64,
    },
}

/// A checked document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<'a> {
    /// The key as text; integers in decimal.
    pub key: Cow<'a, str>,
    /// What is stored: one JSON object.
    pub json: Cow<'a, [u8]>,
    /// The values of its fields, in the order in which they stand.
    pub values: Vec<(FieldId, Value<'a>)>,
}

/// Checks documents against one schema. One per thread; reuse it, it remembers in which order members come.
#[derive(Clone, Debug)]
pub struct DocumentParser {
    schema: Arc<Schema>,
    key_field: Option<FieldId>,
    /// The number of the document that had the field last, to find it given twice.
    seen: Vec<u64>,
    document: u64,
    /// Which field came behind which, the last time: a guess that saves looking up names.
    follows: Vec<usize>,
}

/// Names of members that are no fields, to find one given twice.
#[derive(Default)]
struct Extras<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Extras<'a> {
    fn insert(&mut self, name: Cow<'a, str>) -> bool {
        const FEW: usize = 16;
        if self.many.is_empty() {
            if self.few.contains(&name) {
                return false;
            }
            if self.few.len() < FEW {
                self.few.push(name);
                return true;
            }
            self.many.extend(self.few.drain(..));
        }
        self.many.insert(name)
    }
}

impl DocumentParser {
    /// A parser for documents of `schema`.
    #[must_use]
    pub fn new(schema: Arc<Schema>) -> Self {
        let fields = schema.fields().len();
        let key_field = schema.find(schema.key()).map(|(id, _)| id);
        Self { key_field, seen: vec![0; fields + 1], document: 0, follows: vec![0; fields + 2], schema }
    }

    /// The schema it checks against.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Checks one document. The place of a refusal is left to the caller, who knows it.
    ///
    /// # Errors
    /// What is wrong first, and the document's key if it can be read at all.
    #[expect(clippy::result_large_err, reason = "a refusal is collected by value; documents far outnumber refusals")]
    pub fn parse<'a>(&mut self, json: &'a [u8]) -> Result<Document<'a>, Reject> {
        if json.len() > MAX_DOCUMENT {
            return Err(refusal::whole(format!("a document of at most {MAX_DOCUMENT} bytes"), format!("{} bytes", json.len())));
        }
        let text = std::str::from_utf8(json).map_err(|error| refusal::not_utf8(json, &error, self.schema.key()))?;
        self.members(text).map_err(|refused| refused.explain(text, self.schema.key()))
    }

    /// Slot of a member: a field's id, one past the last field for a key that is no field, nothing for an extra.
    #[inline]
    fn slot(&mut self, previous: usize, name: &str) -> Option<usize> {
        let key = self.schema.fields().len();
        let name_of = |slot: usize| self.schema.fields().get(slot).map_or(self.schema.key(), |field| field.name.as_str());
        let guess = self.follows[previous];
        if name_of(guess) == name {
            return Some(guess);
        }
        let slot = match self.schema.find(name) {
            Some((id, _)) => id.index(),
            None if name == self.schema.key() => key,
            None => return None,
        };
        self.follows[previous] = slot;
        Some(slot)
    }

    fn members<'a>(&mut self, text: &'a str) -> Result<Document<'a>, Refused> {
        let mut reader = Reader::new(text);
        if reader.peek() != Some(b'{') {
            return Err(Refused::whole("a JSON object", if text.is_empty() { "an empty text".to_owned() } else { shorten(text) }));
        }
        let begin = reader.at();
        reader.require(b'{', "{")?;
        self.document += 1;
        let fields = self.schema.fields().len();
        let key_slot = self.key_field.map_or(fields, FieldId::index);
        let mut previous = fields + 1;
        let mut key = None;
        let mut values = Vec::with_capacity(fields);
        let mut extras = Extras::default();
        let mut kept = Kept { text, begin, cut: None };
        if !reader.pass(b'}') {
            loop {
                reader.peek();
                let start = reader.at();
                let name = reader.name()?;
                let refused = |refused: Refused, name: Cow<'a, str>| refused.at_field(name);
                match self.slot(previous, &name) {
                    Some(slot) => {
                        if std::mem::replace(&mut self.seen[slot], self.document) == self.document {
                            return Err(Refused::field(name, "each member once", "the same name twice"));
                        }
                        previous = slot;
                        reader.peek();
                        let value_at = reader.at();
                        if slot == key_slot {
                            key = read_key(&mut reader, self.schema.key_kind()).map_err(|r| refused(r, name.clone()))?;
                            reader.rewind(value_at);
                        }
                        match self.schema.fields().get(slot) {
                            Some(field) => {
                                let id = FieldId(slot as u16);
                                values::read(&mut reader, id, &field.kind, &mut values).map_err(|r| refused(r, name))?;
                            }
                            None => {
                                reader.skip()?;
                            }
                        }
                        kept.keep(start, reader.at());
                    }
                    None => {
                        if self.schema.extra() == Extra::Error {
                            return Err(self.unknown(name));
                        }
                        reader.skip().map_err(|fault| refused(fault.into(), name.clone()))?;
                        if self.schema.extra() == Extra::Ignore {
                            kept.drop(start);
                        } else {
                            kept.keep(start, reader.at());
                        }
                        if !extras.insert(name) {
                            let name = Reader::new(&text[start..]).name()?;
                            return Err(Refused::field(name, "each member once", "the same name twice"));
                        }
                    }
                }
                if reader.pass(b',') {
                    continue;
                }
                reader.require(b'}', "a comma or }")?;
                break;
            }
        }
        let end = reader.at();
        reader.end()?;
        match key {
            Some(key) => Ok(Document { key, json: kept.finish(end), values }),
            None => Err(Refused::field(self.schema.key(), self.schema.key_kind().expected(), "nothing")),
        }
    }

    fn unknown(&self, name: Cow<'_, str>) -> Refused {
        let names = self.schema.fields().iter().map(|field| field.name.as_str());
        let hint = match nearest(&name, names.chain([self.schema.key()])) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "Schema(extra=\"store\") or extra=\"ignore\" accepts others".to_owned(),
        };
        Refused::field(name, format!("a field of the schema ({hint})"), "an unknown field")
    }
}

/// The key, or nothing for `null`.
fn read_key<'a>(reader: &mut Reader<'a>, kind: KeyKind) -> Result<Option<Cow<'a, str>>, Refused> {
    let start = reader.at();
    match (reader.kind()?, kind) {
        (Kind::Null, _) => return Ok(reader.null().map(|_| None)?),
        (Kind::String, KeyKind::String) => {
            let key = reader.string()?;
            return match key.len() {
                1..=MAX_KEY => Ok(Some(key)),
                0 => Err(Refused::value(kind.expected(), "an empty string")),
                long => Err(Refused::value(kind.expected(), format!("a string of {long} bytes"))),
            };
        }
        (Kind::Number, _) => {
            let number = reader.number()?;
            match (number.integer, kind, number.text.parse::<i64>()) {
                (true, _, Ok(key)) => return Ok(Some(if key == 0 { "0".into() } else { number.text.into() })),
                (true, KeyKind::String, Err(_)) if number.text.len() <= MAX_KEY => return Ok(Some(number.text.into())),
                _ => reader.rewind(start),
            }
        }
        _ => {}
    }
    Err(Refused::value(kind.expected(), shorten(reader.skip()?)))
}

/// The text that is stored: all of it, until a member is dropped.
struct Kept<'a> {
    text: &'a str,
    begin: usize,
    cut: Option<String>,
}

impl Kept<'_> {
    /// The member from `start` to `end` stays.
    fn keep(&mut self, start: usize, end: usize) {
        if let Some(out) = &mut self.cut {
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(&self.text[start..end]);
        }
    }

    /// The member at `start` goes; all before it stay.
    fn drop(&mut self, start: usize) {
        if self.cut.is_none() {
            let before = self.text[self.begin..start].trim_end().trim_end_matches(',');
            self.cut = Some(before.to_owned());
        }
    }
}

impl<'a> Kept<'a> {
    fn finish(self, end: usize) -> Cow<'a, [u8]> {
        match self.cut {
            None => Cow::Borrowed(&self.text.as_bytes()[self.begin..end]),
            Some(mut out) => {
                out.push('}');
                Cow::Owned(out.into_bytes())
            }
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::syntax(fault)
    }
}

#[cfg(test)]
mod tests;
