//! How secrets leave and enter stored versions.
//!
//! **In**: documents, what this process's own sources say. **Out**: documents with references in place of secrets, and the way back.
//!
//! **Law**
//! 1. A stored version holds references: `{"!secret": "where it stands"}`. A process fills in what its own sources say at that path, or else its
//!    schema's default there.
//! 2. What comes from a reference is marked: it is a secret in this process too, and in what this process publishes, whatever its own schema
//!    and names say.
//! 3. A process without any sources and without a schema keeps the references: it can look at versions and publish them again.

use super::{Secrets, marked_paths};
use crate::document::build::Builder;
use crate::document::{Document, Kind, Node, Path, Segment};
use crate::patch::Change;
use crate::problem::{Problem, Problems};
use crate::schema::{Shape, Type};

/// The key of a reference.
pub(crate) const REFERENCE: &str = "!secret";

/// What is said of a secret that no source said.
const DEFAULT: &str = "the schema's default";

/// The default that a shape has for a path.
fn default_at(shape: &Shape, path: &[Segment]) -> Option<Document> {
    let (first, rest) = path.split_first()?;
    match (&shape.of, first) {
        (Type::Table(table), Segment::Key(key)) => {
            let field = table.field(key)?;
            let below: Path = rest.to_vec().into();
            let whole = || field.default.as_ref().and_then(|default| default.get(&below)).map(|node| node.to_document());
            if rest.is_empty() { field.default.clone() } else { default_at(&field.shape, rest).or_else(whole) }
        }
        (Type::Map { items, .. }, Segment::Key(_)) | (Type::List { items, .. }, Segment::Index(_)) => default_at(items, rest),
        (Type::Tuple(parts), Segment::Index(index)) => default_at(parts.get(*index as usize)?, rest),
        (Type::Union(variants), _) => variants.iter().find_map(|variant| default_at(variant, path)),
        _ => None,
    }
}

/// What a reference says, when a node is one.
fn reference<'a>(node: &Node<'a>) -> Option<&'a str> {
    node.get(REFERENCE).filter(|_| node.len() == 1)?.as_str()
}

/// All references of a document, the last ones first.
fn references(sealed: &Document) -> Vec<(Path, Node<'_>)> {
    let mut found = Vec::new();
    let mut left = vec![(sealed.root(), Path::root())];
    while let Some((node, path)) = left.pop() {
        if reference(&node).is_some() {
            found.push((path, node));
            continue;
        }
        let keyed = node.kind() == Kind::Table;
        for (at, item) in node.items().enumerate().filter(|(_, item)| item.kind().is_container()) {
            let path = path.clone();
            left.push((item, if keyed { path.key(item.key()) } else { path.index(at as u32) }));
        }
    }
    found
}

/// The same value, marked as a secret.
pub(super) fn marked(node: &Node<'_>) -> Document {
    let mut builder = Builder::new(None, 16);
    builder.key_of(node);
    builder.marked(node);
    builder.finish()
}

impl Secrets {
    /// A document that may be stored: every secret in it is a reference to the place that said it.
    pub fn seal(&self, document: &Document) -> Document {
        self.replace(document, &Path::root(), &|builder, item| {
            // Nothing is in an empty text that could be kept, and nobody's source would say it again.
            if reference(item).is_some() || item.as_str() == Some("") {
                return builder.value_of(item);
            }
            let place = item.origin().map_or_else(|| DEFAULT.to_owned(), |origin| origin.place().to_string());
            let origin = item.entry().origin;
            builder.open(Kind::Table, origin);
            builder.key_new(REFERENCE, Some(item));
            builder.text(Kind::String, &place, origin);
            builder.close(0);
        })
    }

    /// A stored document with its references filled in from what this process's own sources say at the same paths; without sources, and without
    /// a schema that could miss them, they stay references.
    ///
    /// # Errors
    /// A reference for whose path the own sources say nothing.
    pub fn unseal(&self, sealed: &Document, own: Option<&Document>) -> Result<Document, Problems> {
        let (mut problems, mut changes) = (Vec::new(), Vec::<Change>::new());
        for (path, node) in references(sealed) {
            let own = own.map_or_else(|| self.schema.is_any().then_some(node), |own| own.get(&path));
            match own.map(|node| node.to_document()).or_else(|| default_at(self.schema.root(), path.segments())) {
                Some(value) => changes.push((path, Some(marked(&value.root())))),
                None => {
                    let expected = format!("the secret that {} holds", reference(&node).unwrap_or_default());
                    problems.push(Problem::new("secret", path, expected, "nothing").hint("give this process the same source"));
                }
            }
        }
        if problems.is_empty() { crate::patch::patch(sealed, &changes) } else { Err(problems.into()) }
    }

    /// A stored document whose references are marked and stay what they are: it says which paths are secrets.
    pub(crate) fn referring(sealed: &Document) -> Document {
        let changes: Vec<Change> = references(sealed).into_iter().map(|(path, node)| (path, Some(marked(&node)))).collect();
        crate::patch::patch(sealed, &changes).unwrap_or_else(|_| sealed.clone())
    }

    /// What sources say, where some could not be read: of what they say nothing about, the secrets that a version has.
    pub(crate) fn completed(&self, own: &Document, version: &Document) -> Document {
        let sealed = self.seal(version);
        let missing = references(&sealed).into_iter().filter(|(path, _)| own.get(path).is_none());
        let changes = missing.filter_map(|(path, _)| version.get(&path).map(|value| (path, Some(value.to_document()))));
        let made = |own: &Document, change: Change| crate::patch::patch(own, &[change]).unwrap_or_else(|_| own.clone());
        changes.fold(own.clone(), |own, change| made(&own, change))
    }

    /// A document with the marks of another one: what a version says is a secret stays one in the next, whoever publishes it. Of a list, an item's
    /// mark counts for all of its items, since items move.
    pub(crate) fn carried(from: &Document, to: &Document) -> Document {
        if !from.root().has_marks() {
            return to.clone();
        }
        let mut changes: Vec<Change> = Vec::new();
        for path in marked_paths(from) {
            for path in alike(to, &path) {
                changes.extend(to.get(&path).filter(|node| !node.is_marked()).map(|node| (path.clone(), Some(marked(&node)))));
            }
        }
        // The paths are there, so nothing can be refused.
        crate::patch::patch(to, &changes).unwrap_or_else(|_| to.clone())
    }
}

/// The paths of a document that are one path with any places of lists.
fn alike(document: &Document, path: &Path) -> Vec<Path> {
    let mut found = vec![(Path::root(), document.root())];
    for segment in path.segments() {
        let mut next = Vec::new();
        for (path, node) in found {
            match segment {
                Segment::Key(key) => next.extend(node.get(key).map(|item| (path.key(key), item))),
                Segment::Index(_) if node.kind() == Kind::Array => {
                    next.extend(node.items().enumerate().map(|(at, item)| (path.clone().index(at as u32), item)));
                }
                Segment::Index(_) => {}
            }
        }
        found = next;
    }
    found.into_iter().map(|(path, _)| path).collect()
}
