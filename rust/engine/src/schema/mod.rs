//! The schema: which fields a document has, how each is analysed and stored, and which one is the key.
//!
//! **In**: field definitions (from code or from the manifest's JSON). **Out**: a checked, immutable [`Schema`]. **Law**: what changes
//! stored bytes is schema; what changes only how we search is configuration. Fields are only ever appended ([`Schema::altered`]), so
//! a [`FieldId`] means the same in every segment; a segment that is older than a field has it missing in every document.

pub mod date;
pub mod document;
mod field;
pub mod infer;
pub(crate) mod json;
mod refusal;
mod values;

/// Microseconds since 1970 of a date or time as documents write them; `None` for a text that is none.
#[must_use]
pub fn microseconds(text: &str) -> Option<i64> {
    date::parse(text).map(|span| span.first)
}

pub use document::{Document, DocumentParser, Value};
pub use field::{Extra, Field, FieldKind, KeyKind};

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::base::{Error, FieldId, Result};

/// Largest number of fields.
pub const MAX_FIELDS: usize = 1000;
/// Largest field name in bytes.
pub const MAX_NAME: usize = 255;
/// Largest key in bytes.
pub const MAX_KEY: usize = 512;
/// Largest Keyword value in bytes.
pub const MAX_KEYWORD: usize = 8 * 1024;
/// Largest document in bytes of JSON.
pub const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// The checked schema of one index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SchemaJson", into = "SchemaJson")]
pub struct Schema {
    key: String,
    key_kind: KeyKind,
    extra: Extra,
    fields: Vec<Field>,
    by_name: HashMap<String, FieldId>,
}

/// How a schema is written: in the manifest, and between Python and the engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaJson {
    key: String,
    #[serde(default)]
    key_kind: KeyKind,
    #[serde(default)]
    extra: Extra,
    fields: Vec<Field>,
}

impl TryFrom<SchemaJson> for Schema {
    type Error = Error;
    fn try_from(json: SchemaJson) -> Result<Self> {
        Self::new(json.key, json.key_kind, json.extra, json.fields)
    }
}

impl From<Schema> for SchemaJson {
    fn from(schema: Schema) -> Self {
        Self { key: schema.key, key_kind: schema.key_kind, extra: schema.extra, fields: schema.fields }
    }
}

fn refuse(path: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Error {
    Error::Schema { path: path.into(), expected: expected.into(), got: got.into() }
}

/// `_score` and its like are the engine's words, so fields keep off them; a key is never searched by name, and `_id` is what many call it.
fn check_name(path: &str, name: &str, underscore: bool) -> Result<()> {
    let plain = !name.is_empty()
        && name.len() <= MAX_NAME
        && !name.chars().any(|c| c.is_control() || c.is_whitespace() || ":\"'()[]{}^~,".contains(c));
    if !plain || (name.starts_with('_') && !underscore) || name == "_score" {
        let first = if underscore { "" } else { ", that does not begin with _" };
        return Err(refuse(
            path,
            format!("a name of 1 to {MAX_NAME} bytes without white space or any of :\"'()[]{{}}^~{first}"),
            format!("{:?}", name.chars().take(60).collect::<String>()),
        ));
    }
    Ok(())
}

impl Schema {
    /// Checks and builds. `key` names the member that identifies a document; it may, but need not, be a field too.
    ///
    /// # Errors
    /// [`Error::Schema`] with the path of the first thing that cannot be.
    pub fn new(key: String, key_kind: KeyKind, extra: Extra, fields: Vec<Field>) -> Result<Self> {
        check_name("key", &key, true)?;
        if fields.len() > MAX_FIELDS {
            return Err(refuse("fields", format!("at most {MAX_FIELDS} fields"), fields.len().to_string()));
        }
        let mut by_name = HashMap::with_capacity(fields.len());
        for (i, field) in fields.iter().enumerate() {
            let path = format!("fields.{}", field.name);
            check_name(&path, &field.name, false)?;
            field.kind.check(&path)?;
            if by_name.insert(field.name.clone(), FieldId(i as u16)).is_some() {
                return Err(refuse(path, "each name once", "the same name twice"));
            }
        }
        Ok(Self { key, key_kind, extra, fields, by_name })
    }

    /// Reads a schema as [`Schema`] writes itself, with the path of what cannot be.
    ///
    /// # Errors
    /// [`Error::Schema`]: as of [`Schema::new`]; with an empty path when the text is no schema at all.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        serde_json::from_slice::<SchemaJson>(json)
            .map_err(|error| refuse("", "a schema with key and fields", error.to_string()))
            .and_then(Self::try_from)
    }

    /// The same schema with fields appended.
    ///
    /// # Errors
    /// [`Error::Schema`] when a name exists or a definition cannot be.
    pub fn altered(&self, add: Vec<Field>) -> Result<Self> {
        if let Some(field) = add.iter().find(|field| field.name == self.key) {
            // Documents already have that member, as text of any form: the field would refuse them, and it could never be taken back.
            return Err(refuse(format!("fields.{}", field.name), "a name that no document uses yet", "the name of the key"));
        }
        let mut fields = self.fields.clone();
        fields.extend(add);
        Self::new(self.key.clone(), self.key_kind, self.extra, fields)
    }

    /// Whether `self` has all that `older` has, in the same places.
    #[must_use]
    pub fn extends(&self, older: &Self) -> bool {
        self.key == older.key && self.key_kind == older.key_kind && self.extra == older.extra && self.fields.starts_with(&older.fields)
    }

    /// The member that identifies a document.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether keys are strings or integers.
    #[must_use]
    pub fn key_kind(&self) -> KeyKind {
        self.key_kind
    }

    /// What happens to members that are no fields.
    #[must_use]
    pub fn extra(&self) -> Extra {
        self.extra
    }

    /// All fields, by id.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// All fields with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, &Field)> {
        self.fields.iter().enumerate().map(|(i, field)| (FieldId(i as u16), field))
    }

    /// Each field's name and, for Text, the name of its analyzer, by id.
    pub fn analyzers(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.fields.iter().map(|field| match &field.kind {
            FieldKind::Text { analyzer } => (field.name.as_str(), Some(analyzer.as_str())),
            _ => (field.name.as_str(), None),
        })
    }

    /// The field of an id of this schema.
    #[must_use]
    pub fn field(&self, id: FieldId) -> Option<&Field> {
        self.fields.get(id.index())
    }

    /// The id and field of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(FieldId, &Field)> {
        let id = *self.by_name.get(name)?;
        Some((id, &self.fields[id.index()]))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "tests")]
    use super::*;

    fn text(name: &str) -> Field {
        Field { name: name.into(), kind: FieldKind::Text { analyzer: "standard".into() } }
    }

    #[test]
    fn a_schema_survives_its_json() -> Result<()> {
        let schema = Schema::new(
            "id".into(),
            KeyKind::String,
            Extra::Store,
            vec![
                text("title"),
                Field { name: "subjects".into(), kind: FieldKind::Keyword { many: true } },
                Field { name: "at".into(), kind: FieldKind::GeoPoint },
            ],
        )?;
        let json = serde_json::to_string(&schema).map_err(|_| Error::Defect("schema to json"))?;
        let back: Schema = serde_json::from_str(&json).map_err(|_| Error::Defect("schema from json"))?;
        assert_eq!(back, schema);
        assert_eq!(back.find("at").map(|(id, _)| id), Some(FieldId(2)));
        assert!(back.altered(vec![text("more")])?.extends(&schema));
        assert!(matches!(back.altered(vec![text("id")]), Err(Error::Schema { path, .. }) if path == "fields.id"));
        Ok(())
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_path() {
        for (key, fields, path) in [
            ("", vec![], "key"),
            ("_score", vec![], "key"),
            ("_id", vec![text("_a")], "fields._a"),
            ("id", vec![text("a b")], "fields.a b"),
            ("id", vec![text("a"), text("a")], "fields.a"),
            ("id", vec![Field { name: "x".into(), kind: FieldKind::Text { analyzer: String::new() } }], "fields.x"),
        ] {
            match Schema::new(key.into(), KeyKind::String, Extra::Error, fields) {
                Err(Error::Schema { path: got, .. }) => assert_eq!(got, path),
                other => panic!("{path}: {other:?}"),
            }
        }
    }
}
