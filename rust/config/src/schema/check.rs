//! The check: one walk over a document beside its schema.
//!
//! **In**: a merged document, and optionally what an earlier check of the same schema made. **Out**: the typed document, or every problem.
//!
//! **Law**
//! 1. A walk without problems and edits allocates nothing and hands the document back as it is.
//! 2. Memory that an earlier check has seen at the same place is not walked again: its answer stands.
//! 3. `got` shows no secret: neither by schema, nor by name, nor below one.
//! 4. Of a union, the first variant that fits is taken, strings last when the value is text of the environment; when none fits, the problems of
//!    the variant that was meant are reported: the only one of that kind, or the one whose constants agree.

use std::collections::HashSet;
use std::sync::Arc;

use super::edit::{Edit, apply};
use super::known::{Known, known_below, still_known};
use super::text::{Scalar, time, typed};
use super::{Additional, Length, Schema, Shape, Table, Type};
use crate::document::{Document, Kind, Node, Path, Segment};
use crate::layers::Merged;
use crate::pace::Pace;
use crate::parse::MOST_PROBLEMS;
use crate::problem::{Problem, Problems, Span};
use crate::secret_keys::{SecretNames, nearest};
use crate::secrets::{Secrets, shown};

/// What a check made of a document.
#[derive(Clone, Debug)]
pub struct Checked {
    given: Document,
    document: Document,
}

impl Checked {
    /// What a store holds before its first version.
    pub(crate) fn nothing() -> Self {
        Self { given: Document::empty(), document: Document::empty() }
    }

    /// The typed document: texts of the environment have their types, defaults are filled in.
    pub fn document(&self) -> &Document {
        &self.document
    }
}

/// Whether a text is how the value itself would be written.
fn would_fit(text: Option<&str>, of: &Type) -> bool {
    let Some(text) = text else { return false };
    match of {
        Type::Integer(_) => text.parse::<i64>().is_ok(),
        Type::Number(_) => text.parse::<f64>().is_ok_and(f64::is_finite),
        Type::Boolean => matches!(text, "true" | "false"),
        _ => false,
    }
}

impl Schema {
    /// Checks what the layers say together. `before` is what the same schema made of an earlier merge: parts that are the same memory are not
    /// checked again, so the cost is that of the tables that changed.
    ///
    /// # Errors
    /// Every problem, with its path and place, what was expected and got, and the place that it overrides.
    pub fn check(&self, merged: &Merged, before: Option<&Checked>) -> Result<Checked, Problems> {
        self.checked(merged.document(), before).map_err(|mut problems| {
            for problem in &mut problems.0 {
                let said = merged.said(&problem.path);
                // What a patch says is above all layers, and is none.
                let by_layer = |span: &Span| said.first().is_some_and(|(layer, _)| Arc::ptr_eq(layer.source(), &span.source));
                let own = usize::from(problem.span.as_ref().is_none_or(by_layer));
                let below = said.get(own).map(|(layer, node)| {
                    let offset = node.origin().map_or(0, |origin| origin.offset);
                    Span { source: Arc::clone(layer.source()), offset, len: 0 }
                });
                if problem.related.is_none() {
                    problem.related = below.map(|span| ("overrides", span));
                }
            }
            self.without_secret_keys(problems, merged.document())
        })
    }

    /// Checks a document that stands alone.
    ///
    /// # Errors
    /// Every problem.
    pub fn check_document(&self, document: &Document, before: Option<&Checked>) -> Result<Checked, Problems> {
        self.checked(document, before).map_err(|problems| self.without_secret_keys(problems, document))
    }

    /// Problems whose paths tell no key below a secret.
    fn without_secret_keys(&self, mut problems: Problems, document: &Document) -> Problems {
        let secrets = Secrets::new(self);
        for problem in &mut problems.0 {
            problem.path = secrets.public_path(&problem.path, &[document]);
        }
        problems
    }

    fn checked(&self, document: &Document, before: Option<&Checked>) -> Result<Checked, Problems> {
        let mut walk = Walk { problems: Vec::new(), path: Vec::new(), names: self.secret_names(), pace: Pace::default() };
        let known = before.map(|before| (before.given.root(), before.document.root()));
        let edit = walk.node(document.root(), self.root(), known, false);
        if !walk.problems.is_empty() {
            if walk.full() {
                let expected = format!("at most {MOST_PROBLEMS} problems");
                walk.problems.push(Problem::new("more", Path::root(), expected, "at least as many; the rest was not looked at"));
            }
            return Err(walk.problems.into());
        }
        let typed = edit.map_or_else(|| document.clone(), |edit| apply(document.root(), &edit));
        Ok(Checked { given: document.clone(), document: typed })
    }
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(u32),
}

struct Walk<'a> {
    problems: Vec<Problem>,
    path: Vec<Step<'a>>,
    names: &'a SecretNames,
    pace: Pace,
}

impl<'a> Walk<'a> {
    /// Whether there are more problems than people can look at: then the walk ends early, so that no file can make it long.
    fn full(&self) -> bool {
        self.problems.len() >= MOST_PROBLEMS
    }

    fn node(&mut self, node: Node<'a>, shape: &'a Shape, known: Known<'a>, secret: bool) -> Option<Edit<'a>> {
        if let Some((given, made)) = known.filter(|(given, _)| node.kind().is_container() && given.is_same(&node)) {
            return if made.is_same(&given) { None } else { Some(Edit::Known(made)) };
        }
        let known = still_known(known, &node);
        self.pace.step(node.len() + 1);
        if self.full() {
            return None;
        }
        let secret = secret || shape.secret;
        let kind = node.kind();
        let edit = match (&shape.of, kind) {
            (Type::Table(table), Kind::Table) => self.table(node, table, known, secret),
            (Type::Map { items, keys, length }, Kind::Table) => self.map(node, shape, (items, keys.as_deref(), *length), known, secret),
            (Type::List { items, length, unique }, Kind::Array) => {
                if !length.holds(node.len()) || (*unique && !all_differ(&node)) {
                    self.refuse("length", node, shape, secret);
                    return None;
                }
                self.items(node, |_| Some(&**items), known, secret)
            }
            (Type::Tuple(prefix), Kind::Array) => {
                if prefix.len() != node.len() {
                    self.refuse("length", node, shape, secret);
                    return None;
                }
                self.items(node, |at| prefix.get(at), known, secret)
            }
            (Type::Union(variants), _) => self.union(node, shape, variants, known, secret),
            (Type::Any, _) if shape.allowed.is_empty() => return None,
            _ => return self.scalar(node, shape, secret),
        };
        if !shape.allowed.is_empty()
            && !matches!(edit, Some(Edit::Scalar(_)))
            && !shape.allowed.iter().any(|value| same_value(value.root(), node))
        {
            self.refuse("enum", node, shape, secret);
        }
        edit
    }

    fn table(&mut self, node: Node<'a>, table: &'a Table, known: Known<'a>, secret: bool) -> Option<Edit<'a>> {
        let (mut items, mut added) = (Vec::new(), Vec::new());
        let mut found = 0;
        for (at, item) in node.items().enumerate() {
            let shape = match (table.field_of(&item, at), &table.additional) {
                (Some(field), _) => {
                    found += 1;
                    &field.shape
                }
                (None, Additional::Any) => continue,
                (None, Additional::Of(shape)) => shape,
                (None, Additional::Refused) if self.full() => break,
                (None, Additional::Refused) => {
                    self.unknown(&item, table);
                    continue;
                }
            };
            if passes(&item, shape) {
                continue;
            }
            self.path.push(Step::Key(item.key()));
            if let Some(edit) = self.node(item, shape, known_below(known, &item, at, true), secret) {
                items.push((at as u32, edit));
            }
            self.path.pop();
        }
        if found < table.fields.len() {
            for field in table.fields.iter().filter(|field| node.get(&field.key).is_none()) {
                match &field.default {
                    Some(default) => added.push((&*field.key, default)),
                    None if field.optional => {}
                    None => {
                        let path = self.path().key(&field.key);
                        let mut hint = format!("add `{}`", field.key);
                        if !field.shape.description.is_empty() {
                            hint.push_str(&format!(": {}", field.shape.description));
                        }
                        self.problems.push(Problem::new("missing", path, field.shape.words(), "nothing").at_node(&node).hint(hint));
                    }
                }
            }
        }
        (!items.is_empty() || !added.is_empty()).then_some(Edit::Inside { items, added })
    }

    fn map(
        &mut self,
        node: Node<'a>,
        shape: &'a Shape,
        (inner, keys, length): (&'a Shape, Option<&'a Shape>, Length),
        known: Known<'a>,
        secret: bool,
    ) -> Option<Edit<'a>> {
        if !length.holds(node.len()) {
            self.refuse("length", node, shape, secret);
            return None;
        }
        let mut items = Vec::new();
        for (at, item) in node.items().enumerate() {
            if let Some(keys) = keys.filter(|keys| check_value(Value::Text(item.key()), keys).is_some()) {
                let path = self.path().key(item.key());
                let mut problem = Problem::new("key", path, format!("a key that is {}", keys.words()), "another key");
                problem.span = item.key_origin().map(|origin| Span { source: Arc::clone(origin.source), offset: origin.offset, len: 0 });
                self.problems.push(problem);
            }
            if passes(&item, inner) {
                continue;
            }
            self.path.push(Step::Key(item.key()));
            if let Some(edit) = self.node(item, inner, known_below(known, &item, at, true), secret) {
                items.push((at as u32, edit));
            }
            self.path.pop();
        }
        (!items.is_empty()).then_some(Edit::Inside { items, added: Vec::new() })
    }

    fn items(&mut self, node: Node<'a>, shape: impl Fn(usize) -> Option<&'a Shape>, known: Known<'a>, secret: bool) -> Option<Edit<'a>> {
        let mut items = Vec::new();
        for (at, item) in node.items().enumerate() {
            let Some(shape) = shape(at).filter(|shape| !passes(&item, shape)) else { continue };
            self.path.push(Step::Index(at as u32));
            if let Some(edit) = self.node(item, shape, known_below(known, &item, at, false), secret) {
                items.push((at as u32, edit));
            }
            self.path.pop();
        }
        (!items.is_empty()).then_some(Edit::Inside { items, added: Vec::new() })
    }

    fn union(&mut self, node: Node<'a>, shape: &'a Shape, variants: &'a [Shape], known: Known<'a>, secret: bool) -> Option<Edit<'a>> {
        let is_text = node.kind() == Kind::String && node.source().is_some_and(|source| source.kind().is_text());
        let late = |variant: &&Shape| is_text && matches!(variant.of, Type::String(_) | Type::Any);
        let mark = self.problems.len();
        let mut meant: Vec<(bool, Vec<Problem>)> = Vec::new();
        for variant in variants.iter().filter(|variant| !late(variant)).chain(variants.iter().filter(late)) {
            let edit = self.node(node, variant, known, secret);
            if self.problems.len() == mark {
                return edit;
            }
            let found = self.problems.split_off(mark);
            if accepts(variant, node.kind()) {
                meant.push((constants_agree(variant, node), found));
            }
        }
        let agreeing = meant.iter().filter(|(agrees, _)| *agrees).count();
        let at = match (meant.len(), agreeing) {
            (1, _) => Some(0),
            (_, 1) => meant.iter().position(|(agrees, _)| *agrees),
            _ => None,
        };
        match at.filter(|_| node.kind().is_container()) {
            Some(at) => self.problems.append(&mut meant.swap_remove(at).1),
            None => self.refuse("type", node, shape, secret),
        }
        None
    }

    fn scalar(&mut self, node: Node<'a>, shape: &'a Shape, secret: bool) -> Option<Edit<'a>> {
        let edit = match (node.as_str(), &shape.of) {
            (Some(text), _) if node.source().is_some_and(|source| source.kind().is_text()) => match typed(text, shape) {
                Some(scalar) => scalar,
                None => {
                    self.refuse("type", node, shape, secret);
                    return None;
                }
            },
            (Some(text), Type::Time(clock)) => time(text, *clock).map(|text| Scalar::Text(Kind::Time, text)),
            _ => None,
        };
        let value = match &edit {
            Some(Scalar::Bits(kind, bits)) => Value::of(*kind, *bits, ""),
            Some(Scalar::Text(kind, text)) => Value::of(*kind, 0, text),
            None => Value::of_node(&node),
        };
        if let Some(code) = check_value(value, shape) {
            self.refuse(code, node, shape, secret);
            return None;
        }
        edit.map(Edit::Scalar)
    }

    fn path(&self) -> Path {
        let segment = |step: &Step<'_>| match step {
            Step::Key(key) => Segment::Key((*key).into()),
            Step::Index(index) => Segment::Index(*index),
        };
        self.path.iter().map(segment).collect::<Vec<_>>().into()
    }

    #[cold]
    fn refuse(&mut self, code: &'static str, node: Node<'_>, shape: &Shape, secret: bool) {
        // A value that fits no part of a shape may be the secret of another part, in the wrong place.
        let named = |step: &Step<'_>| matches!(step, Step::Key(key) if self.names.says(key));
        let secret = secret || shape.hides || node.is_marked() || self.path.iter().any(named);
        let got = if secret { format!("{} (not shown: a secret)", node.kind().words()) } else { shown(&node) };
        let mut problem = Problem::new(code, self.path(), shape.words(), got).at_node(&node);
        let is_text = node.source().is_some_and(|source| source.kind().is_text());
        problem.hint = match (&shape.of, node.kind()) {
            (Type::List { .. } | Type::Tuple(_), Kind::String) if is_text => Some("write a list as JSON: [\"a\", \"b\"]".to_owned()),
            (Type::Table(_) | Type::Map { .. }, Kind::String) if is_text => {
                Some("write a table as JSON, or one variable for each key".to_owned())
            }
            (Type::String(_), Kind::Integer | Kind::Float | Kind::Bool) => Some("put it in quotes".to_owned()),
            (Type::Integer(_) | Type::Number(_) | Type::Boolean, Kind::String) if !is_text && would_fit(node.as_str(), &shape.of) => {
                Some("write it without quotes".to_owned())
            }
            (Type::List { .. }, kind) if !kind.is_container() => Some("put it in brackets".to_owned()),
            (_, Kind::String) if !secret && !shape.allowed.is_empty() => {
                let known = shape.allowed.iter().filter_map(|value| value.root().as_str());
                nearest(node.as_str().unwrap_or(""), known).map(|known| format!("did you mean \"{known}\"?"))
            }
            _ => None,
        };
        self.problems.push(problem);
    }

    #[cold]
    fn unknown(&mut self, item: &Node<'_>, table: &Table) {
        let key = item.key();
        let of = if table.name.is_empty() { String::new() } else { format!(" of {}", table.name) };
        let mut problem = Problem::new("unknown_key", self.path().key(key), format!("a key{of}"), "an unknown key");
        problem.span =
            item.key_origin().map(|origin| Span { source: Arc::clone(origin.source), offset: origin.offset, len: key.len() as u32 });
        problem.hint = match nearest(key, table.fields.iter().map(|field| &*field.key)) {
            Some(known) => Some(format!("did you mean `{known}`?")),
            None if table.fields.len() <= 12 => {
                let keys: Vec<_> = table.fields.iter().map(|field| format!("`{}`", field.key)).collect();
                Some(format!("known keys: {}", keys.join(", ")))
            }
            None => None,
        };
        self.problems.push(problem);
    }
}

/// A scalar, wherever it came from.
#[derive(Clone, Copy)]
enum Value<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(&'a str),
    Time(&'a str),
    Other,
}

impl<'a> Value<'a> {
    fn of(kind: Kind, bits: u64, text: &'a str) -> Self {
        match kind {
            Kind::Null => Self::Null,
            Kind::Bool => Self::Bool(bits != 0),
            Kind::Integer => Self::Integer(bits as i64),
            Kind::Float => Self::Float(f64::from_bits(bits)),
            Kind::String => Self::Text(text),
            Kind::Time => Self::Time(text),
            Kind::Array | Kind::Table => Self::Other,
        }
    }

    #[inline]
    fn of_node(node: &Node<'a>) -> Self {
        let entry = node.entry();
        Self::of(entry.kind, entry.payload, if entry.kind.is_text() { node.chunk().text(entry) } else { "" })
    }
}

/// Whether a value is a scalar that fits as it stands: most are, and need neither a path nor an edit.
#[inline]
fn passes(item: &Node<'_>, shape: &Shape) -> bool {
    match (&shape.of, item.kind()) {
        // Text may have to become something else.
        (Type::String(_), Kind::String) => {}
        (_, Kind::String | Kind::Array | Kind::Table) => return false,
        _ => {}
    }
    check_value(Value::of_node(item), shape).is_none()
}

/// The name of what is wrong with a scalar, if anything.
fn check_value(value: Value<'_>, shape: &Shape) -> Option<&'static str> {
    let fits = match (&shape.of, value) {
        (Type::Any, _) | (Type::Null, Value::Null) | (Type::Boolean, Value::Bool(_)) => true,
        (Type::Integer(range) | Type::Number(range), Value::Integer(value)) => return range.refuses_integer(value).then_some("range"),
        (Type::Number(range), Value::Float(value)) => return range.refuses(value).then_some("range"),
        (Type::String(text), Value::Text(value)) => {
            if !text.length.holds_text(value) {
                return Some("length");
            }
            if text.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(value)) {
                return Some("pattern");
            }
            true
        }
        (Type::Time(clock), Value::Time(value)) => time(value, *clock).is_some(),
        _ => false,
    };
    if !fits {
        return Some("type");
    }
    (!shape.allowed.is_empty() && !shape.allowed.iter().any(|allowed| equals(allowed.root(), value))).then_some("enum")
}

fn equals(allowed: Node<'_>, value: Value<'_>) -> bool {
    match value {
        Value::Null => allowed.kind() == Kind::Null,
        Value::Bool(value) => allowed.as_bool() == Some(value),
        Value::Integer(value) => {
            allowed.as_integer() == Some(value) || (allowed.kind() == Kind::Float && allowed.as_float() == Some(value as f64))
        }
        Value::Float(value) => allowed.as_float() == Some(value),
        Value::Text(value) | Value::Time(value) => allowed.as_str() == Some(value),
        Value::Other => false,
    }
}

fn same_value(allowed: Node<'_>, node: Node<'_>) -> bool {
    allowed == node || (!node.kind().is_container() && equals(allowed, Value::of_node(&node)))
}

fn all_differ(node: &Node<'_>) -> bool {
    let mut seen = HashSet::with_capacity(node.len());
    node.items().all(|item| seen.insert((item.kind(), item.hash())))
}

/// Whether a shape could hold a value of this kind at all.
fn accepts(shape: &Shape, kind: Kind) -> bool {
    match &shape.of {
        Type::Table(_) | Type::Map { .. } => kind == Kind::Table,
        Type::List { .. } | Type::Tuple(_) => kind == Kind::Array,
        Type::Union(variants) => variants.iter().any(|variant| accepts(variant, kind)),
        _ => !kind.is_container(),
    }
}

/// Whether every field that allows only certain values has one of them.
fn constants_agree(shape: &Shape, node: Node<'_>) -> bool {
    let Type::Table(table) = &shape.of else { return false };
    let mut tags = table.fields.iter().filter(|field| !field.shape.allowed.is_empty()).peekable();
    tags.peek().is_some()
        && tags.all(|field| {
            node.get(&field.key).is_some_and(|value| field.shape.allowed.iter().any(|allowed| same_value(allowed.root(), value)))
        })
}
