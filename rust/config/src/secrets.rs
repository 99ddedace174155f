//! Secrets: which values no output may show, and how they leave and enter stored versions.
//!
//! **In**: a schema, paths of sources that hand out secrets. **Out**: answers about paths, and documents with references in place of secrets.
//!
//! **Law**
//! 1. A value is a secret when the schema says so, when its key reads like one, when its path was named, or when it stands below a secret.
//! 2. Nothing that is shown tells a secret's value, its length or its beginning.
//! 3. A stored version holds references: `{"!secret": "where it stands"}`. A process fills in what its own sources say at that path.

use std::sync::Arc;

use crate::document::build::Builder;
use crate::document::{Document, Kind, Node, Path, Segment};
use crate::problem::{Problem, Problems};
use crate::schema::{Additional, Schema, Shape, Type};
use crate::secret_keys::is_secret_key;

/// The key of a reference.
pub(crate) const REFERENCE: &str = "!secret";
/// What is shown in a secret's place.
pub(crate) const HIDDEN: &str = "(secret)";

/// A value for a problem, which is no secret: JSON, cut short.
pub(crate) fn shown(node: &Node<'_>) -> String {
    if node.kind().is_container() {
        return node.kind().words().to_owned();
    }
    let text = String::from_utf8_lossy(&node.to_json()).into_owned();
    if text.chars().count() <= 60 { text } else { format!("{}…", text.chars().take(59).collect::<String>()) }
}

/// Which values are secrets.
#[derive(Clone, Debug)]
pub struct Secrets {
    schema: Schema,
    paths: Arc<[Path]>,
}

/// Where a walk stands: below a secret, beside a shape that may name some, on the way to named paths.
#[derive(Clone, Default)]
struct Scope<'a> {
    secret: bool,
    shape: Option<&'a Shape>,
    named: Vec<&'a [Segment]>,
}

impl<'a> Scope<'a> {
    fn below(&self, key: Option<&str>, at: usize) -> Self {
        let shape = self.shape.and_then(|shape| inner(shape, key, at));
        let matches = |segment: &Segment| match segment {
            Segment::Key(name) => key == Some(name),
            Segment::Index(index) => key.is_none() && *index as usize == at,
        };
        let rest = self.named.iter().filter_map(|steps| steps.split_first()).filter(|(first, _)| matches(first)).map(|(_, rest)| rest);
        let named: Vec<&[Segment]> = if self.named.is_empty() { Vec::new() } else { rest.collect() };
        let secret =
            self.secret || shape.is_some_and(any_secret) || key.is_some_and(is_secret_key) || named.iter().any(|rest| rest.is_empty());
        Self { secret, shape, named }
    }

    /// Whether nothing below a container can be a secret, neither by schema nor by name: then nobody needs to look.
    fn is_clear(&self, node: &Node<'_>) -> bool {
        !self.secret && self.named.is_empty() && !self.shape.is_some_and(|shape| shape.hides) && !node.names_secret()
    }

    fn below_item(&self, item: &Node<'_>, at: usize, keyed: bool) -> Self {
        self.below(keyed.then(|| item.key()), at)
    }
}

/// Whether the shape, or any variant of it, is a secret: a value that fits another variant is hidden all the same.
fn any_secret(shape: &Shape) -> bool {
    shape.secret || matches!(&shape.of, Type::Union(variants) if variants.iter().any(any_secret))
}

/// The shape of what stands under a key or at a place of a shape; of a union, a variant's that is a secret before others.
fn inner<'a>(shape: &'a Shape, key: Option<&str>, at: usize) -> Option<&'a Shape> {
    match (&shape.of, key) {
        (Type::Table(table), Some(key)) => match (table.field(key), &table.additional) {
            (Some(field), _) => Some(&field.shape),
            (None, Additional::Of(shape)) => Some(shape),
            (None, _) => None,
        },
        (Type::Map { items, .. }, Some(_)) | (Type::List { items, .. }, None) => Some(items),
        (Type::Tuple(prefix), None) => prefix.get(at),
        (Type::Union(variants), _) => {
            let found: Vec<&Shape> = variants.iter().filter_map(|variant| inner(variant, key, at)).collect();
            found.iter().find(|shape| any_secret(shape)).or(found.first()).copied()
        }
        _ => None,
    }
}

impl Secrets {
    /// The secrets of a schema, and of keys that read like one.
    pub fn new(schema: &Schema) -> Self {
        Self { schema: schema.clone(), paths: Arc::from([]) }
    }

    /// These paths are secrets, too: a source that hands out secrets said them.
    pub fn with_paths(&self, paths: Vec<Path>) -> Self {
        Self { schema: self.schema.clone(), paths: paths.into() }
    }

    fn root(&self) -> Scope<'_> {
        let shape = self.schema.root();
        let named: Vec<&[Segment]> = self.paths.iter().map(Path::segments).collect();
        Scope { secret: any_secret(shape) || named.iter().any(|steps| steps.is_empty()), shape: Some(shape), named }
    }

    fn scope(&self, path: &Path) -> Scope<'_> {
        path.segments().iter().fold(self.root(), |scope, segment| match segment {
            Segment::Key(key) => scope.below(Some(key), 0),
            Segment::Index(index) => scope.below(None, *index as usize),
        })
    }

    /// Whether the value at a path is a secret.
    pub fn is_secret(&self, path: &Path) -> bool {
        self.scope(path).secret
    }

    /// A document that may be shown: every secret in it is the text `(secret)`. `path` is where it stands in the configuration.
    pub fn redact(&self, document: &Document, path: &Path) -> Document {
        self.replace(document, path, &|builder, item| builder.text(Kind::String, HIDDEN, item.entry().origin))
    }

    /// A document that may be stored: every secret in it is a reference to the place that said it.
    pub fn seal(&self, document: &Document) -> Document {
        self.replace(document, &Path::root(), &|builder, item| {
            let place = item.origin().map_or_else(String::new, |origin| origin.place().to_string());
            let origin = item.entry().origin;
            builder.open(Kind::Table, origin);
            builder.key_new(REFERENCE, Some(item));
            builder.text(Kind::String, &place, origin);
            builder.close(0);
        })
    }

    /// A stored document with its references filled in from what this process's own sources say at the same paths.
    ///
    /// # Errors
    /// A reference for whose path the own sources say nothing.
    pub fn unseal(&self, sealed: &Document, own: &Document) -> Result<Document, Problems> {
        let mut problems = Vec::new();
        let mut changes = Vec::new();
        let mut left = vec![(sealed.root(), Path::root())];
        while let Some((node, path)) = left.pop() {
            if let Some(reference) = node.get(REFERENCE).filter(|_| node.len() == 1) {
                match own.get(&path) {
                    Some(value) => changes.push((path, Some(value.to_document()))),
                    None => {
                        let said = reference.as_str().unwrap_or("another process's source");
                        let expected = format!("the secret that {said} holds");
                        problems.push(Problem::new("secret", path, expected, "nothing").hint("give this process the same source"));
                    }
                }
                continue;
            }
            let keyed = node.kind() == Kind::Table;
            for (at, item) in node.items().enumerate().filter(|(_, item)| item.kind().is_container()) {
                let path = path.clone();
                left.push((item, if keyed { path.key(item.key()) } else { path.index(at as u32) }));
            }
        }
        if problems.is_empty() { crate::patch::patch(sealed, &changes) } else { Err(problems.into()) }
    }

    /// Whether any word of a text reads like the key of a secret: of a file that could not be read, nothing more is known.
    pub(crate) fn may_stand_in(&self, text: &str) -> bool {
        let mut named: Vec<&str> = self
            .paths
            .iter()
            .flat_map(|path| path.segments())
            .filter_map(|segment| match segment {
                Segment::Key(key) => Some(&**key),
                Segment::Index(_) => None,
            })
            .collect();
        secret_keys(self.schema.root(), &mut named);
        text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).any(|word| {
            is_secret_key(word)
                || named
                    .iter()
                    .any(|key| key.eq_ignore_ascii_case(word) || word.to_lowercase().ends_with(&format!("__{}", key.to_lowercase())))
        })
    }

    fn replace(&self, document: &Document, path: &Path, with: &dyn Fn(&mut Builder, &Node<'_>)) -> Document {
        let (node, scope) = (document.root(), self.scope(path));
        if scope.is_clear(&node) || (!scope.secret && !holds(node, &scope)) {
            return document.clone();
        }
        let mut builder = Builder::new(None, 64);
        builder.key_of(&node);
        replaced(&mut builder, node, &scope, with);
        builder.finish()
    }

    /// The offsets in a source where secrets begin, as one layer's document says; and all offsets, to know where they end.
    pub(crate) fn marks(&self, document: &Document) -> (Vec<u32>, Vec<u32>) {
        let (mut secrets, mut all) = (Vec::new(), Vec::new());
        let mut left = vec![(document.root(), self.root())];
        while let Some((node, scope)) = left.pop() {
            let keyed = node.kind() == Kind::Table;
            for (at, item) in node.items().enumerate() {
                let scope = scope.below_item(&item, at, keyed);
                let origin = item.entry().origin;
                if scope.secret {
                    secrets.push(origin);
                } else {
                    all.push(origin);
                    all.extend(item.key_origin().filter(|_| keyed).map(|origin| origin.offset));
                }
                if item.kind().is_container() {
                    left.push((item, scope));
                } else if scope.secret {
                    all.extend(item.key_origin().filter(|_| keyed).map(|origin| origin.offset));
                }
            }
        }
        secrets.sort_unstable();
        all.sort_unstable();
        (secrets, all)
    }
}

/// The keys of a schema below which secrets stand.
fn secret_keys<'a>(shape: &'a Shape, found: &mut Vec<&'a str>) {
    let mut left = vec![("", shape)];
    while let Some((key, shape)) = left.pop() {
        if any_secret(shape) && !key.is_empty() {
            found.push(key);
        }
        match &shape.of {
            Type::Table(table) => {
                left.extend(table.fields.iter().map(|field| (&*field.key, &field.shape)));
                if let Additional::Of(inner) = &table.additional {
                    left.push((key, inner));
                }
            }
            Type::Map { items, .. } | Type::List { items, .. } => left.push((key, items)),
            Type::Tuple(inner) | Type::Union(inner) => left.extend(inner.iter().map(|shape| (key, shape))),
            _ => {}
        }
    }
}

/// Whether a secret stands below a node.
fn holds(node: Node<'_>, scope: &Scope<'_>) -> bool {
    let mut left = vec![(node, scope.clone())];
    while let Some((node, scope)) = left.pop() {
        let keyed = node.kind() == Kind::Table;
        for (at, item) in node.items().enumerate() {
            let scope = scope.below_item(&item, at, keyed);
            if scope.secret {
                return true;
            }
            if item.kind().is_container() && !scope.is_clear(&item) {
                left.push((item, scope));
            }
        }
    }
    false
}

/// Adds a node with its secrets replaced; the key is set. As deep as documents are.
fn replaced(builder: &mut Builder, node: Node<'_>, scope: &Scope<'_>, with: &dyn Fn(&mut Builder, &Node<'_>)) {
    // A null is no secret but the lack of one.
    if scope.secret && node.kind() != Kind::Null {
        return with(builder, &node);
    }
    if !node.kind().is_container() || scope.is_clear(&node) {
        return builder.value_of(&node);
    }
    let keyed = node.kind() == Kind::Table;
    builder.open(node.kind(), node.entry().origin);
    for (at, item) in node.items().enumerate() {
        let scope = scope.below_item(&item, at, keyed);
        if keyed {
            builder.key_of(&item);
        } else {
            builder.place_of(&item);
        }
        if scope.secret || item.kind().is_container() {
            replaced(builder, item, &scope, with);
        } else {
            builder.value_of(&item);
        }
    }
    builder.close(0);
}

#[cfg(test)]
mod tests;
