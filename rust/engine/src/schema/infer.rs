//! A schema from examples.
//!
//! **In**: documents as JSON text, as many as there are. **Out**: a [`Schema`] and a [`Report`] that says for each member what was chosen and
//! why. **Law**
//! 1. The choice depends on all values seen, not on the first: one that is no date makes a field of dates a field of strings.
//! 2. What an example held, its field accepts, with one exception that the report names: where numbers or booleans stand beside strings
//!    the field is a `Keyword`, and since JSON values are never coerced, the documents with the others are refused until they are written
//!    as strings.
//! 3. Members that fit no field (objects, lists of other things, only nulls) are stored, not searched.
//!
//! | values | field |
//! |---|---|
//! | strings, some of them of several words | `Text` |
//! | strings that are all ISO 8601 dates | `Date` |
//! | other strings; strings beside numbers | `Keyword` |
//! | integers; numbers, some with a fraction; booleans | `Integer`; `Float`; `Boolean` |
//! | lists of strings | `Keyword(many=True)` |
//! | `{lat, lon}` within range | `GeoPoint` |

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::ser::Serialize;

use super::json::{Fault, Kind, Reader};
use super::values::{date_of, on_globe};
use super::{Extra, Field, FieldKind, KeyKind, MAX_FIELDS, MAX_KEYWORD, Schema, check_name, refuse};
use crate::base::Result;

/// Names that are taken for the key when none is given, best first.
const KEY_NAMES: [&str; 3] = ["id", "_id", "key"];

/// What was seen of one member.
#[derive(Clone, Debug, Default)]
struct Member {
    nulls: u64,
    booleans: u64,
    integers: u64,
    floats: u64,
    dates: u64,
    words: u64,
    texts: u64,
    /// Strings longer than a Keyword may be.
    long: u64,
    lists: u64,
    points: u64,
    nested: u64,
}

/// The kind of one value.
#[derive(Clone, Copy)]
enum Shape {
    Null,
    Boolean,
    Integer,
    Float,
    Date,
    Word,
    Text,
    Long,
    Strings,
    Point,
    Nested,
}

/// Looks at documents and remembers what it saw; constant memory.
#[derive(Debug, Default)]
pub struct Inference {
    records: u64,
    skipped: u64,
    members: Vec<(String, Member)>,
    places: HashMap<String, usize>,
}

/// What was chosen for one member, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Choice {
    /// The member's name.
    pub name: String,
    /// The field's type as users write it, or `"key"`, or `"stored only"`.
    pub chosen: String,
    /// What the values were.
    pub because: String,
    /// In how many records it had a value.
    pub present: u64,
}

/// What an inference saw and chose.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Records looked at.
    pub records: u64,
    /// Records that are no JSON objects; indexing refuses them.
    pub skipped: u64,
    /// A choice for each member, in the order of first appearance.
    pub choices: Vec<Choice>,
    /// What to know before indexing.
    pub warnings: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "schema inferred from {} records", self.records)?;
        let width = self.choices.iter().map(|choice| choice.name.chars().count()).max().unwrap_or(0);
        let kinds = self.choices.iter().map(|choice| choice.chosen.chars().count()).max().unwrap_or(0);
        for choice in &self.choices {
            writeln!(f, "  {:width$}  {:kinds$}  {}", choice.name, choice.chosen, choice.because)?;
        }
        self.warnings.iter().try_for_each(|warning| writeln!(f, "  note: {warning}"))
    }
}

impl Inference {
    /// Looks at one document. What is no JSON object is counted and left alone.
    pub fn observe(&mut self, json: &[u8]) {
        match std::str::from_utf8(json).ok().and_then(|text| shapes(text).ok()) {
            Some(shapes) => {
                self.records += 1;
                for (name, shape) in shapes {
                    if let Some(member) = self.member(&name) {
                        member.add(shape);
                    }
                }
            }
            None => self.skipped += 1,
        }
    }

    /// How many documents were looked at.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    fn member(&mut self, name: &str) -> Option<&mut Member> {
        if let Some(&place) = self.places.get(name) {
            return self.members.get_mut(place).map(|(_, member)| member);
        }
        if self.members.len() > 4 * MAX_FIELDS {
            return None; // a map of values, not a set of fields
        }
        self.places.insert(name.to_owned(), self.members.len());
        self.members.push((name.to_owned(), Member::default()));
        self.members.last_mut().map(|(_, member)| member)
    }

    /// The schema. `key` names the key, else the first of `id`, `_id`, `key` that every record has; `analyzer` is that of its Text fields.
    ///
    /// # Errors
    /// [`crate::base::Error::Schema`] when nothing was seen, when there is no key, or when there are too many members for fields.
    pub fn finish(&self, key: Option<&str>, analyzer: &str) -> Result<(Schema, Report)> {
        if self.records == 0 {
            return Err(refuse(
                "records",
                "at least one JSON object to infer a schema from",
                format!("{} records that are none", self.skipped),
            ));
        }
        let key = self.key(key)?;
        let mut report = Report { records: self.records, skipped: self.skipped, choices: Vec::new(), warnings: Vec::new() };
        if self.skipped > 0 {
            report.warnings.push(format!("{} records are no JSON objects; indexing refuses them", self.skipped));
        }
        let (mut fields, mut extra) = (Vec::new(), Extra::Error);
        for (name, member) in &self.members {
            let present = self.records.min(member.values());
            let (chosen, because) = if *name == key {
                ("key".to_owned(), format!("identifies a document, in all {present} records"))
            } else {
                match member.kind(analyzer) {
                    Some((kind, because)) if check_name(name, name, false).is_ok() && fields.len() < MAX_FIELDS => {
                        let refused = member.refused_as_keyword();
                        if matches!(kind, FieldKind::Keyword { .. }) && refused > 0 {
                            report.warnings.push(format!(
                                "{name}: {refused} records hold numbers or booleans beside strings; a Keyword takes strings only, so write them as strings or they are refused"
                            ));
                        }
                        let chosen = if kind == (FieldKind::Keyword { many: true }) {
                            "Keyword(many=True)".to_owned()
                        } else {
                            kind.name().to_owned()
                        };
                        fields.push(Field { name: name.clone(), kind });
                        (chosen, because)
                    }
                    Some(_) => {
                        extra = Extra::Store;
                        ("stored only".to_owned(), "its name cannot be a field's, or there are too many".to_owned())
                    }
                    None => {
                        extra = Extra::Store;
                        ("stored only".to_owned(), member.unfit().to_owned())
                    }
                }
            };
            report.choices.push(Choice { name: name.clone(), chosen, because, present });
        }
        Ok((Schema::new(key, KeyKind::String, extra, fields)?, report))
    }

    fn key(&self, given: Option<&str>) -> Result<String> {
        let find = |name: &str| self.places.get(name).map(|&place| &self.members[place].1);
        let fits = |member: &Member| member.words + member.texts + member.dates + member.integers == self.records;
        match given {
            Some(name) => match find(name) {
                Some(_) => Ok(name.to_owned()),
                None => Err(refuse("key", "a member of the records", format!("{name:?}, which none of {} has", self.records))),
            },
            None => KEY_NAMES.iter().find(|name| find(name).is_some_and(fits)).map(|name| (*name).to_owned()).ok_or_else(|| {
                refuse("key", "a member named id, _id or key with a string or integer in every record, or the name of another one", "none")
            }),
        }
    }
}

impl Member {
    fn add(&mut self, shape: Shape) {
        *match shape {
            Shape::Null => &mut self.nulls,
            Shape::Boolean => &mut self.booleans,
            Shape::Integer => &mut self.integers,
            Shape::Float => &mut self.floats,
            Shape::Date => &mut self.dates,
            Shape::Word => &mut self.words,
            Shape::Text => &mut self.texts,
            Shape::Long => &mut self.long,
            Shape::Strings => &mut self.lists,
            Shape::Point => &mut self.points,
            Shape::Nested => &mut self.nested,
        } += 1;
    }

    fn strings(&self) -> u64 {
        self.dates + self.words + self.texts + self.long
    }

    fn numbers(&self) -> u64 {
        self.integers + self.floats
    }

    fn values(&self) -> u64 {
        self.strings() + self.numbers() + self.booleans + self.lists + self.points + self.nested
    }

    fn refused_as_keyword(&self) -> u64 {
        self.numbers() + self.booleans
    }

    fn unfit(&self) -> &'static str {
        if self.values() == 0 { "only nulls" } else { "objects, lists of other things than strings, or kinds that no field takes together" }
    }

    /// The field that takes these values, and what they were; `None` = no field does.
    fn kind(&self, analyzer: &str) -> Option<(FieldKind, String)> {
        let all = self.values();
        if all == 0 || self.nested > 0 {
            return None;
        }
        let text = || FieldKind::Text { analyzer: analyzer.to_owned() };
        let keyword = FieldKind::Keyword { many: false };
        if self.lists > 0 {
            let fits = self.lists + self.strings() == all && self.long == 0;
            return fits.then(|| (FieldKind::Keyword { many: true }, "lists of strings".to_owned()));
        }
        if self.points > 0 {
            return (self.points == all).then(|| (FieldKind::GeoPoint, "latitudes and longitudes".to_owned()));
        }
        if self.strings() == 0 {
            return match (self.booleans, self.floats) {
                (b, _) if b == all => Some((FieldKind::Boolean, "true and false".to_owned())),
                (0, 0) => Some((FieldKind::Integer, "integers".to_owned())),
                (0, _) => Some((FieldKind::Float, "numbers, some with a fraction".to_owned())),
                _ => None,
            };
        }
        if self.refused_as_keyword() > 0 {
            return (self.long == 0).then(|| (keyword, "strings beside numbers or booleans".to_owned()));
        }
        if self.dates == all {
            return Some((FieldKind::Date, "ISO 8601 dates".to_owned()));
        }
        if self.texts + self.long > 0 {
            return Some((text(), format!("strings of several words in {} of {all}", self.texts + self.long)));
        }
        Some((keyword, "strings of one word".to_owned()))
    }
}

/// The members of a document and the kinds of their values.
fn shapes(text: &str) -> Result<Vec<(Cow<'_, str>, Shape)>, Fault> {
    let mut reader = Reader::new(text);
    let mut shapes = Vec::new();
    reader.require(b'{', "a JSON object")?;
    if !reader.pass(b'}') {
        loop {
            let name = reader.name()?;
            shapes.push((name, shape(&mut reader)?));
            if !reader.pass(b',') {
                break;
            }
        }
        reader.require(b'}', "a comma or }")?;
    }
    reader.end()?;
    Ok(shapes)
}

/// Passes a value and says what it is.
fn shape(reader: &mut Reader<'_>) -> Result<Shape, Fault> {
    let start = reader.at();
    let fits = match reader.kind()? {
        Kind::Null => Some(Shape::Null),
        Kind::Boolean => Some(Shape::Boolean),
        Kind::String => return reader.string().map(|text| string(&text)),
        Kind::Number => {
            let number = reader.number()?;
            return Ok(match (number.integer && number.text.parse::<i64>().is_ok(), number.text.parse::<f64>()) {
                (true, _) => Shape::Integer,
                (false, Ok(value)) if value.is_finite() => Shape::Float,
                _ => Shape::Nested, // no field takes it
            });
        }
        Kind::List => strings(reader)?.then_some(Shape::Strings),
        Kind::Object => point(reader)?.then_some(Shape::Point),
    };
    reader.rewind(start);
    reader.skip()?;
    Ok(fits.unwrap_or(Shape::Nested))
}

fn string(text: &str) -> Shape {
    if text.len() > MAX_KEYWORD {
        Shape::Long
    } else if text.len() >= 10 && date_of(text).is_some() {
        Shape::Date
    } else if text.trim().contains(char::is_whitespace) {
        Shape::Text
    } else {
        Shape::Word
    }
}

/// Whether a list holds only strings that a Keyword takes. Stops inside it where that is decided.
fn strings(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    reader.require(b'[', "[")?;
    if reader.peek() == Some(b']') {
        return Ok(true);
    }
    loop {
        if reader.kind()? != Kind::String || reader.string()?.len() > MAX_KEYWORD {
            return Ok(false);
        }
        if !reader.pass(b',') {
            return Ok(true);
        }
    }
}

/// Whether an object is a place on the globe. Stops inside it where that is decided.
fn point(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    let (mut lat, mut lon) = (None, None);
    reader.require(b'{', "{")?;
    while reader.peek() != Some(b'}') {
        let name = reader.name()?;
        let degrees = match &*name {
            "lat" => &mut lat,
            "lon" => &mut lon,
            _ => return Ok(false),
        };
        if degrees.is_some() || reader.kind()? != Kind::Number {
            return Ok(false);
        }
        *degrees = reader.number()?.text.parse::<f64>().ok();
        reader.pass(b',');
    }
    Ok(lat.zip(lon).is_some_and(|(lat, lon)| on_globe(lat, lon)))
}

impl Report {
    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.serialize(serde_json::value::Serializer).map(|value| value.to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
