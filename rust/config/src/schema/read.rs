//! The JSON form of a schema, compiled.
//!
//! **In**: JSON. **Out**: a [`Schema`], or problems with the path inside the form. **Law**: unknown types and members are refused. The form is
//! as deep as JSON may be, so the recursion is bounded.

use std::sync::Arc;

use regex::RegexBuilder;

use super::{Additional, Bound, Clock, Field, Length, Range, Schema, Shape, Table, Text, Type};
use crate::document::{Document, Kind, Node, Path};
use crate::parse::{Format, Limits, parse_as};
use crate::problem::{Problem, Problems};
use crate::secret_keys::SecretNames;
use crate::source::LayerKind;

impl Schema {
    /// Compiles the JSON form.
    ///
    /// # Errors
    /// Text that is no JSON, or a form that is not as the module says, with paths inside the form.
    ///
    /// # Examples
    /// ```
    /// use findspot_config::Schema;
    /// let form = r#"{"type": "table", "name": "App", "fields": {"port": {"type": "integer", "ge": 1, "default": 8108}}}"#;
    /// assert!(Schema::from_json(form).is_ok());
    /// assert!(Schema::from_json(&form.replace("ge", "gee")).is_err());
    /// ```
    pub fn from_json(form: &str) -> Result<Self, Problems> {
        let layer = parse_as(LayerKind::Mapping, Format::Json, "schema", form.as_bytes().to_vec(), &Limits::default())?;
        let mut reader = Reader { problems: Vec::new() };
        let root = reader.shape(layer.document().root(), Path::root(), &[]);
        match root {
            Some(root) if reader.problems.is_empty() => Ok(Self { root: Arc::new(root), names: SecretNames::default() }),
            _ => Err(reader.problems.into()),
        }
    }
}

struct Reader {
    problems: Vec<Problem>,
}

const COMMON: &[&str] = &["type", "secret", "description", "enum", "const"];

impl Reader {
    fn refuse(&mut self, path: &Path, key: &str, expected: &str, got: &str) {
        let path = if key.is_empty() { path.clone() } else { path.clone().key(key) };
        self.problems.push(Problem::new("schema", path, expected, got));
    }

    /// Compiles one node; `also` are members that its parent reads.
    fn shape(&mut self, node: Node<'_>, path: Path, also: &[&str]) -> Option<Shape> {
        let Some(kind) = node.get("type").and_then(|kind| kind.as_str()) else {
            self.refuse(&path, "type", "the name of a type", "none");
            return None;
        };
        let (of, members): (Type, &[&str]) = match kind {
            "any" => (Type::Any, &[]),
            "null" => (Type::Null, &[]),
            "boolean" => (Type::Boolean, &[]),
            "integer" | "number" => {
                let range = self.range(node, &path);
                let of = if kind == "integer" { Type::Integer(range) } else { Type::Number(range) };
                (of, &["ge", "gt", "le", "lt", "multiple_of"])
            }
            "string" => (Type::String(self.text(node, &path)), &["min_length", "max_length", "pattern"]),
            "time" => (Type::Time(self.clock(node, &path)), &["format"]),
            "table" => (Type::Table(self.table(node, &path)), &["name", "fields", "additional"]),
            "map" => {
                let items = Box::new(self.inner(node, "items", &path)?);
                let keys = if node.get("keys").is_some() { Some(Box::new(self.inner(node, "keys", &path)?)) } else { None };
                (Type::Map { items, keys, length: self.length(node, &path) }, &["items", "keys", "min_length", "max_length"])
            }
            "list" => {
                let items = Box::new(self.inner(node, "items", &path)?);
                let unique = self.flag(node, "unique", &path);
                (Type::List { items, length: self.length(node, &path), unique }, &["items", "min_length", "max_length", "unique"])
            }
            "tuple" => (Type::Tuple(self.shapes(node, "prefix", &path)), &["prefix"]),
            "union" => (Type::Union(self.shapes(node, "variants", &path)), &["variants"]),
            _ => {
                self.refuse(
                    &path,
                    "type",
                    "any, null, boolean, integer, number, string, time, table, map, list, tuple or union",
                    "another word",
                );
                return None;
            }
        };
        for item in node.items() {
            if ![COMMON, members, also].iter().any(|known| known.contains(&item.key())) {
                self.refuse(&path, item.key(), &format!("a member of `{kind}`"), "an unknown member");
            }
        }
        let mut shape = Shape::of(of);
        shape.secret = self.flag(node, "secret", &path);
        shape.hides = shape.secret || parts_hide(&shape.of);
        shape.description = node.get("description").and_then(|text| text.as_str()).unwrap_or("").to_owned();
        if let Some(values) = node.get("enum") {
            shape.allowed = values.items().map(|value| value.to_document()).collect();
            if values.kind() != Kind::Array || shape.allowed.is_empty() {
                self.refuse(&path, "enum", "a list of values", values.kind().words());
            }
        }
        if let Some(value) = node.get("const") {
            shape.allowed = vec![value.to_document()];
        }
        Some(shape)
    }

    fn inner(&mut self, node: Node<'_>, key: &str, path: &Path) -> Option<Shape> {
        match node.get(key) {
            Some(inner) => self.shape(inner, path.clone().key(key), &[]),
            None => {
                self.refuse(path, key, "a node", "nothing");
                None
            }
        }
    }

    fn shapes(&mut self, node: Node<'_>, key: &str, path: &Path) -> Vec<Shape> {
        let Some(list) = node.get(key).filter(|list| list.kind() == Kind::Array) else {
            self.refuse(path, key, "a list of nodes", "something else");
            return Vec::new();
        };
        let path = path.clone().key(key);
        list.items().enumerate().filter_map(|(at, item)| self.shape(item, path.clone().index(at as u32), &[])).collect()
    }

    fn flag(&mut self, node: Node<'_>, key: &str, path: &Path) -> bool {
        match node.get(key).map(|flag| flag.as_bool()) {
            None => false,
            Some(Some(flag)) => flag,
            Some(None) => {
                self.refuse(path, key, "true or false", "something else");
                false
            }
        }
    }

    fn count(&mut self, node: Node<'_>, key: &str, path: &Path) -> Option<usize> {
        let count = node.get(key)?;
        let read = count.as_integer().and_then(|count| usize::try_from(count).ok());
        if read.is_none() {
            self.refuse(path, key, "a whole number from 0", count.kind().words());
        }
        read
    }

    fn length(&mut self, node: Node<'_>, path: &Path) -> Length {
        Length { min: self.count(node, "min_length", path), max: self.count(node, "max_length", path) }
    }

    fn range(&mut self, node: Node<'_>, path: &Path) -> Range {
        let mut range = Range::default();
        for (key, bound) in [("ge", Bound::Ge), ("gt", Bound::Gt), ("le", Bound::Le), ("lt", Bound::Lt)] {
            match node.get(key) {
                Some(limit) if limit.as_float().is_some() => range.bounds.push((bound, limit.to_document())),
                Some(limit) => self.refuse(path, key, "a number", limit.kind().words()),
                None => {}
            }
        }
        range.multiple_of = node.get("multiple_of").and_then(|step| step.as_float());
        if node.get("multiple_of").is_some() && !range.multiple_of.is_some_and(|step| step > 0.0) {
            self.refuse(path, "multiple_of", "a number above 0", "something else");
        }
        range
    }

    fn text(&mut self, node: Node<'_>, path: &Path) -> Text {
        let mut text = Text { length: self.length(node, path), pattern: None };
        if let Some(pattern) = node.get("pattern") {
            // The size limit of the compiled expression bounds memory; matching is linear by construction.
            match pattern.as_str().map(|pattern| RegexBuilder::new(pattern).size_limit(1 << 20).build()) {
                Some(Ok(pattern)) => text.pattern = Some(pattern),
                _ => self.refuse(path, "pattern", "a regular expression without look-around and back references", "something else"),
            }
        }
        text
    }

    fn clock(&mut self, node: Node<'_>, path: &Path) -> Clock {
        match node.get("format").map(|format| format.as_str()) {
            None => Clock::Any,
            Some(Some("date-time")) => Clock::DateTime,
            Some(Some("date")) => Clock::Date,
            Some(Some("time")) => Clock::Time,
            Some(_) => {
                self.refuse(path, "format", "date-time, date or time", "something else");
                Clock::Any
            }
        }
    }

    fn table(&mut self, node: Node<'_>, path: &Path) -> Table {
        let mut table = Table { name: node.get("name").and_then(|name| name.as_str()).unwrap_or("").to_owned(), ..Table::default() };
        let inside = path.clone().key("fields");
        for item in node.get("fields").iter().flat_map(Node::items) {
            let path = inside.clone().key(item.key());
            let Some(shape) = self.shape(item, path.clone(), &["default", "optional"]) else { continue };
            let field = Field {
                key: item.key().into(),
                shape,
                default: item.get("default").map(|default| stripped(&default)),
                optional: self.flag(item, "optional", &path),
            };
            table.by_key.insert(field.key.clone(), table.fields.len());
            table.fields.push(field);
        }
        table.additional = match node.get("additional").map(|additional| (additional.kind(), additional)) {
            None => Additional::Refused,
            Some((Kind::Bool, flag)) => {
                if flag.as_bool() == Some(true) {
                    Additional::Any
                } else {
                    Additional::Refused
                }
            }
            Some((_, inner)) => match self.shape(inner, path.clone().key("additional"), &[]) {
                Some(shape) => Additional::Of(Box::new(shape)),
                None => Additional::Refused,
            },
        };
        table
    }
}

/// Whether a secret is part of what a type holds.
fn parts_hide(of: &Type) -> bool {
    match of {
        Type::Union(variants) | Type::Tuple(variants) => variants.iter().any(|shape| shape.hides),
        Type::List { items, .. } | Type::Map { items, .. } => items.hides,
        Type::Table(table) => {
            let additional = matches!(&table.additional, Additional::Of(shape) if shape.hides);
            additional || table.fields.iter().any(|field| field.shape.hides)
        }
        _ => false,
    }
}

/// A default as a document of its own, said by the schema: its place is the schema's name and nothing of the form's text.
fn stripped(default: &Node<'_>) -> Document {
    let source = Arc::new(crate::source::Source::new("defaults", LayerKind::Defaults, String::new()));
    let mut builder = crate::document::build::Builder::new(Some(source), default.leaves() + 4);
    builder.rebuilt(default, 0);
    crate::secrets::with_passwords_marked(builder.finish(), None)
}
