//! Patches: changes of single paths.
//!
//! **In**: a document, paths with values or without. **Out**: the changed document, or a layer that makes the same changes when merged.
//!
//! **Law**
//! 1. Only the tables and lists on the paths are made anew; everything else is shared with the document before.
//! 2. Changes are made in order. Tables on the way are made where they are missing; a list must have the place, or end just before it.
//! 3. Unlike a merge, a patch sets exactly what it says: a table replaces a table.

use std::sync::Arc;

use crate::document::build::{Builder, KEY_LIMIT};
use crate::document::{Document, Kind, Node, Path, Segment};
use crate::parse::{Format, Limits};
use crate::problem::{Problem, Problems};
use crate::secrets::with_passwords_marked;
use crate::source::{LayerKind, Source};

/// A change: the value that a path gets, or none to remove it.
pub type Change = (Path, Option<Document>);

/// Makes changes to a document.
///
/// # Errors
/// A path that leads through a value that is no table or list, past the end of a list, or too deep.
pub fn patch(document: &Document, changes: &[Change]) -> Result<Document, Problems> {
    let mut problems = Vec::new();
    let mut document = document.clone();
    let deepest = Limits::default().depth;
    for (path, value) in changes {
        if path.segments().len() >= deepest {
            problems.push(Problem::new("too_deep", path.clone(), format!("at most {deepest} levels"), "more"));
            continue;
        }
        if path.is_root() {
            match value {
                Some(value) if value.root().kind() == Kind::Table => document = value.clone(),
                _ => problems.push(Problem::new("root", path.clone(), "a table", "something else")),
            }
            continue;
        }
        let mut builder = Builder::new(None, 64);
        match set(&mut builder, Some(document.root()), path.segments(), value.as_ref(), path) {
            Ok(()) => document = builder.finish(),
            Err(problem) => problems.push(*problem),
        }
    }
    if problems.is_empty() { Ok(document) } else { Err(problems.into()) }
}

/// Adds the container `node` with the change below it; the key is set. As deep as the path, which is bounded.
fn set(
    builder: &mut Builder,
    node: Option<Node<'_>>,
    steps: &[Segment],
    value: Option<&Document>,
    path: &Path,
) -> Result<(), Box<Problem>> {
    let Some((step, rest)) = steps.split_first() else { return Ok(()) };
    let refuse = |expected: &str, got: &str| Err(Box::new(Problem::new("path", path.clone(), expected, got)));
    let origin = node.map_or(0, |node| node.entry().origin);
    match step {
        Segment::Key(key) => {
            if key.len() > KEY_LIMIT {
                return refuse("a key of at most 65,535 bytes", "a longer one");
            }
            if let Some(node) = node.filter(|node| node.kind() != Kind::Table) {
                return refuse("a table on the way", node.kind().words());
            }
            builder.open(Kind::Table, origin);
            let mut found = false;
            for item in node.iter().flat_map(Node::items) {
                if item.key() != &**key {
                    builder.copy(&item);
                    continue;
                }
                found = true;
                change(builder, Some(item), rest, value, path, |builder| builder.key_of(&item))?;
            }
            if !found {
                change(builder, None, rest, value, path, |builder| builder.key_new(key, value.map(Document::root).as_ref()))?;
            }
        }
        Segment::Index(index) => {
            let Some(node) = node.filter(|node| node.kind() == Kind::Array) else {
                return refuse("a list on the way", node.map_or("nothing", |node| node.kind().words()));
            };
            let index = *index as usize;
            if index > node.len() || (index == node.len() && value.is_none()) {
                return refuse("a place in the list, or its end", &format!("{index} in a list of {}", node.len()));
            }
            builder.open(Kind::Array, origin);
            for (at, item) in node.items().enumerate() {
                if at == index {
                    change(builder, Some(item), rest, value, path, |builder| builder.place_of(&item))?;
                } else {
                    builder.value_of(&item);
                }
            }
            if index == node.len() {
                change(builder, None, rest, value, path, |builder| value.iter().for_each(|value| builder.place_of(&value.root())))?;
            }
        }
    }
    builder.close(0);
    Ok(())
}

fn change(
    builder: &mut Builder,
    old: Option<Node<'_>>,
    rest: &[Segment],
    value: Option<&Document>,
    path: &Path,
    key: impl FnOnce(&mut Builder),
) -> Result<(), Box<Problem>> {
    match (rest.is_empty(), value) {
        (true, None) => Ok(()),
        (true, Some(value)) => {
            key(builder);
            builder.value_of(&value.root());
            Ok(())
        }
        // Removing below what is not there changes nothing, and makes no tables.
        (false, None) if old.is_none() => Ok(()),
        (false, value) => {
            key(builder);
            set(builder, old, rest, value, path)
        }
    }
}

/// What is wrong with the JSON text of a value, by paths below it. A program gave it, so it has no lines that could be shown.
fn refused(name: &str, kind: LayerKind, json: &str) -> Problems {
    let table = format!("{{\"value\":{json}}}");
    let Err(Problems(found)) = crate::parse::parse_as(kind, Format::Json, name, table.into_bytes(), &Limits::default()) else {
        return Problem::new("syntax", Path::root(), "a JSON value", "something else").into();
    };
    let below = |problem: Problem| {
        let path = problem.path.segments().iter().skip(1).fold(Path::root(), Path::step);
        Problem { path, span: None, ..problem }
    };
    Problems(found.into_iter().map(below).collect())
}

/// The JSON text of a value as a document with the name of who said it.
///
/// # Errors
/// Text that is no JSON.
pub fn value(name: &str, kind: LayerKind, json: &str) -> Result<Document, Problems> {
    let source = Arc::new(Source::new(name, kind, String::new()));
    let Some(read) = crate::parse::json_text(json, &Limits::default()) else {
        return Err(refused(name, kind, json));
    };
    let mut builder = Builder::new(Some(source), 16);
    builder.rebuilt(&read.root(), 0);
    Ok(with_passwords_marked(builder.finish(), Some(json)))
}
