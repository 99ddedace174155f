//! The merge of two tables, and the look-up that says the same for one path.
//!
//! **In**: a lower and a higher table. **Out**: the merged one. **Law**: see the header of the layers; depth is bounded by the parsers, so
//! the recursion over tables is too.

use std::sync::Arc;

use super::marks::{resets, said, written};
use super::{Layer, Merged};
use crate::document::build::{Builder, RESET};
use crate::document::{Document, Kind, Node, Path, Segment};

/// Merges layers, lowest first.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use findspot_config::{Format, Limits, merge, parse};
/// let read = |name, text: &str| Arc::new(parse(Format::Json, name, text.as_bytes().to_vec(), &Limits::default()).unwrap());
/// let merged = merge(&[read("base.json", r#"{"a": {"x": 1, "y": [1, 2]}}"#), read("local.json", r#"{"a": {"y": [3]}}"#)]);
/// assert_eq!(merged.document().to_json(), br#"{"a":{"x":1,"y":[3]}}"#);
/// assert_eq!(merged.explain(&"a.y".parse().unwrap()).unwrap().said.len(), 2);
/// ```
pub fn merge(layers: &[Arc<Layer>]) -> Merged {
    let mut document: Option<Document> = None;
    for layer in layers {
        let over = layer.document();
        document = Some(match document {
            None if !over.root().holds_reset() => over.clone(),
            None => merge_two(&Document::empty(), over),
            Some(base) => onto(base, over),
        });
    }
    Merged::new(layers.into(), document.unwrap_or_else(Document::empty))
}

/// Merges layers above a document that is merged already: marks in it are text.
pub(crate) fn merge_above(base: Document, layers: &[Arc<Layer>]) -> Document {
    layers.iter().fold(base, |base, layer| onto(base, layer.document()))
}

fn onto(base: Document, over: &Document) -> Document {
    if over.root().is_empty() { base } else { merge_two(&base, over) }
}

fn merge_two(base: &Document, over: &Document) -> Document {
    let mut builder = Builder::new(None, base.root().len() + over.root().len() + 16);
    builder.key_of(&over.root());
    tables(&mut builder, base.root(), over.root());
    builder.finish()
}

/// Adds a table that holds both; the key is set.
fn tables(builder: &mut Builder, base: Node<'_>, over: Node<'_>) {
    builder.open(Kind::Table, over.entry().origin);
    let replaces = over.get(RESET).is_some();
    if !replaces {
        for below in base.items() {
            match over.get(&written(below.key())) {
                None => builder.copy(&below),
                Some(above) => value(builder, Some(below), above),
            }
        }
    }
    for above in over.items() {
        if above.key() != RESET && (replaces || base.get(said(above.key())).is_none()) {
            value(builder, None, above);
        }
    }
    builder.close(0);
}

/// Adds the value of the higher layer, merged with the lower one where both are tables.
fn value(builder: &mut Builder, below: Option<Node<'_>>, above: Node<'_>) {
    if above.as_str() == Some(RESET) {
        return;
    }
    if said(above.key()) == above.key() {
        builder.key_of(&above);
    } else {
        builder.key_new(said(above.key()), Some(&above));
    }
    match (above.kind(), below.filter(|below| below.kind() == Kind::Table)) {
        (Kind::Table, Some(below)) => tables(builder, below, above),
        (Kind::Table, None) if above.holds_reset() => tables(builder, Document::empty().root(), above),
        _ => unmarked(builder, above),
    }
}

/// Adds a value that replaces what is below it, without its marks; the key is set. As deep as documents are.
fn unmarked(builder: &mut Builder, node: Node<'_>) {
    match node.kind() {
        _ if !node.holds_reset() => builder.value_of(&node),
        Kind::Array => {
            builder.open(Kind::Array, node.entry().origin);
            for item in node.items().skip(usize::from(resets(&node))) {
                builder.place_of(&item);
                unmarked(builder, item);
            }
            builder.close(0);
        }
        Kind::Table => tables(builder, Document::empty().root(), node),
        Kind::String => builder.text(Kind::String, said(node.as_str().unwrap_or_default()), node.entry().origin),
        _ => builder.value_of(&node),
    }
}

/// What one layer says about a path, and whether it drops what lower layers say there.
pub(super) fn look<'a>(document: &'a Document, path: &Path) -> (Option<Node<'a>>, bool) {
    let mut node = document.root();
    let mut drops = false;
    for segment in path.segments() {
        let next = match segment {
            Segment::Key(key) if node.kind() == Kind::Table => {
                drops |= node.get(RESET).is_some();
                node.get(&written(key))
            }
            Segment::Index(index) if node.kind() == Kind::Array => node.nth(*index as usize + usize::from(resets(&node))),
            // Another kind of value stands in the way: it replaced whatever lower layers had below it.
            _ => return (None, true),
        };
        match next {
            None => return (None, drops || node.kind() == Kind::Array),
            Some(next) if next.as_str() == Some(RESET) => return (None, true),
            Some(next) => node = next,
        }
    }
    (Some(node), drops)
}
