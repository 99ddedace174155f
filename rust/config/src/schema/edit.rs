//! What a check changes in a document: texts that got a type, defaults that were filled in.
//!
//! **In**: a node and the edits that its check found. **Out**: the document with them. **Law**: what has no edit is linked, never copied.

use super::text::Scalar;
use crate::document::build::Builder;
use crate::document::{Document, Kind, Node};

/// The changes of one node; no edit at all is the usual case.
#[derive(Debug)]
pub(super) enum Edit<'a> {
    Scalar(Scalar),
    /// What an earlier check made of the very same memory.
    Known(Node<'a>),
    /// Edits by position, ascending; then the fields that were missing and have defaults.
    Inside {
        items: Vec<(u32, Edit<'a>)>,
        added: Vec<(&'a str, &'a Document)>,
    },
}

/// The document with the edits made.
pub(super) fn apply(root: Node<'_>, edit: &Edit<'_>) -> Document {
    let mut builder = Builder::new(None, 64);
    builder.key_of(&root);
    place(&mut builder, root, edit);
    builder.finish()
}

/// Adds a node with its edits; the key is set. As deep as documents are.
fn place(builder: &mut Builder, node: Node<'_>, edit: &Edit<'_>) {
    let origin = node.entry().origin;
    match edit {
        Edit::Scalar(Scalar::Bits(kind, bits)) => builder.bits(*kind, *bits, origin),
        Edit::Scalar(Scalar::Text(kind, text)) => builder.text(*kind, text, origin),
        Edit::Known(known) => builder.value_of(known),
        Edit::Inside { items, added } => {
            let table = node.kind() == Kind::Table;
            builder.open(node.kind(), origin);
            let mut edits = items.iter().peekable();
            for (at, item) in node.items().enumerate() {
                match edits.next_if(|(edited, _)| *edited as usize == at) {
                    Some((_, edit)) => {
                        if table {
                            builder.key_of(&item);
                        } else {
                            builder.place_of(&item);
                        }
                        place(builder, item, edit);
                    }
                    None if table => builder.copy(&item),
                    None => builder.value_of(&item),
                }
            }
            for (key, default) in added {
                builder.key_text(key);
                builder.value_of(&default.root());
            }
            builder.close(0);
        }
    }
}
