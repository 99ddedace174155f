//! Secrets: which values no output may show.
//!
//! **In**: a schema with its rule about names, paths of sources that hand out secrets, marks in documents. **Out**: answers about paths, and
//! documents, differences and texts that may be shown. How secrets leave and enter stored versions is in [`sealed`].
//!
//! **Law**
//! 1. A value is a secret when the schema says so, when the rule about names names its key, when its path was named, when who published it
//!    marked it, when it is a URL with a password (see [`passwords`]), or when it stands below a secret. Everything that shows or stores asks here, so all say the same.
//! 2. Nothing that is shown tells a secret's value, its length or its beginning; nor a key below a secret, unless the schema has it.

mod passwords;
mod sealed;

pub use passwords::holds_password;
pub(crate) use passwords::{may_hold_password, passwords, with_passwords_marked};
pub(crate) use sealed::REFERENCE;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diff::{Diff, Difference};
use crate::document::build::Builder;
use crate::document::{Document, Kind, Node, Path, Segment};
use crate::schema::{Additional, Schema, Shape, Type};
use crate::secret_keys::{SecretNames, is_near};

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
#[derive(Clone)]
struct Scope<'a> {
    secret: bool,
    shape: Option<&'a Shape>,
    named: Vec<&'a [Segment]>,
    names: &'a SecretNames,
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
        let secret = self.secret
            || shape.is_some_and(any_secret)
            || key.is_some_and(|key| self.names.says(key))
            || named.iter().any(|rest| rest.is_empty());
        Self { secret, shape, named, names: self.names }
    }

    /// Whether nothing below a container can be a secret, neither by schema, nor by name, nor by a mark: then nobody needs to look.
    fn is_clear(&self, node: &Node<'_>) -> bool {
        !self.secret
            && self.named.is_empty()
            && !self.shape.is_some_and(|shape| shape.hides)
            && !self.names.may_name(node.names_secret())
            && !node.has_marks()
    }

    fn below_item(&self, item: &Node<'_>, at: usize, keyed: bool) -> Self {
        let mut scope = self.below(keyed.then(|| item.key()), at);
        scope.secret |= item.is_marked();
        scope
    }

    /// Whether the schema has this key or place here: then it is no part of a secret.
    fn declares(&self, segment: &Segment) -> bool {
        match segment {
            Segment::Key(key) => self.shape.is_some_and(|shape| declares(shape, key)),
            Segment::Index(_) => false,
        }
    }
}

fn declares(shape: &Shape, key: &str) -> bool {
    match &shape.of {
        Type::Table(table) => table.field(key).is_some(),
        Type::Union(variants) => variants.iter().any(|variant| declares(variant, key)),
        _ => false,
    }
}

/// Whether a table that the shape may be knows nothing of a key, and no variant does.
fn refuses(shape: &Shape, key: &str) -> bool {
    match &shape.of {
        Type::Table(table) => table.field(key).is_none() && matches!(table.additional, Additional::Refused),
        Type::Union(variants) => !declares(shape, key) && variants.iter().any(|variant| refuses(variant, key)),
        _ => false,
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
        let secret = any_secret(shape) || named.iter().any(|steps| steps.is_empty());
        Scope { secret, shape: Some(shape), named, names: self.schema.secret_names() }
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

    /// Whether nothing in a whole document can be a secret; cheap, and false where nobody has looked.
    pub(crate) fn is_clear(&self, document: &Document) -> bool {
        self.root().is_clear(&document.root())
    }

    /// Whether a value that is put at a path is, or holds, a secret.
    pub(crate) fn hides_in(&self, document: &Document, path: &Path) -> bool {
        let (node, scope) = (document.root(), self.scope(path));
        node.kind() != Kind::Null && (scope.secret || node.is_marked() || (!scope.is_clear(&node) && holds(node, &scope)))
    }

    /// A document that may be shown: every secret in it is the text `(secret)`. `path` is where it stands in the configuration.
    pub fn redact(&self, document: &Document, path: &Path) -> Document {
        self.replace(document, path, &|builder, item| builder.text(Kind::String, HIDDEN, item.entry().origin))
    }

    /// These rules, and what is marked in a document: its paths are secrets wherever else they stand.
    pub fn with_marks_of(&self, document: &Document) -> Self {
        let found = marked_paths(document);
        if found.is_empty() {
            return self.clone();
        }
        Self { schema: self.schema.clone(), paths: self.paths.iter().cloned().chain(found).collect() }
    }

    /// A path that may be shown: it ends at the first secret, unless the schema has the keys that follow. Marks count that `documents` have.
    pub fn public_path(&self, path: &Path, documents: &[&Document]) -> Path {
        let mut scope = self.root();
        let mut nodes: Vec<Node<'_>> = documents.iter().map(|document| document.root()).collect();
        scope.secret |= nodes.iter().any(Node::is_marked);
        let mut public = Path::root();
        for segment in path.segments() {
            if scope.secret && !scope.declares(segment) {
                break;
            }
            let step: Path = vec![segment.clone()].into();
            nodes = nodes.iter().filter_map(|node| node.at(&step)).collect();
            (public, scope) = match segment {
                Segment::Key(key) => (public.key(key), scope.below(Some(key), 0)),
                Segment::Index(index) => (public.index(*index), scope.below(None, *index as usize)),
            };
            scope.secret |= nodes.iter().any(Node::is_marked);
        }
        public
    }

    /// A difference that may be shown: what differs below a secret is one change of that secret. Its values are not redacted yet.
    pub fn public_diff(&self, diff: Diff, before: &Document, after: &Document) -> Diff {
        let root = self.root();
        if root.is_clear(&before.root()) && root.is_clear(&after.root()) {
            return diff;
        }
        let value = |document: &Document, path: &Path| document.get(path).map(|node| node.to_document());
        let mut differences: Vec<Difference> = Vec::with_capacity(diff.differences.len());
        for difference in diff.differences {
            let path = self.public_path(&difference.path, &[before, after]);
            if path == difference.path {
                differences.push(difference);
            } else if differences.last().is_none_or(|last| last.path != path) {
                differences.push(Difference { before: value(before, &path), after: value(after, &path), path });
            }
        }
        Diff { differences }
    }

    /// The texts of a whole configuration that may stand in no output: secrets that are text or numbers, and keys below secrets.
    pub fn texts(&self, document: &Document) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut scope = self.root();
        scope.secret |= document.root().is_marked();
        let mut left = vec![(document.root(), scope)];
        while let Some((node, scope)) = left.pop() {
            let keyed = node.kind() == Kind::Table;
            for (at, item) in node.items().enumerate() {
                if keyed && scope.secret && !declared(&scope, item.key()) {
                    found.insert(item.key().to_owned());
                }
                let below = scope.below_item(&item, at, keyed);
                match item.kind() {
                    Kind::Table | Kind::Array if !below.is_clear(&item) => left.push((item, below)),
                    Kind::String | Kind::Time if below.secret => {
                        let text = item.as_str().or(item.as_time()).unwrap_or_default();
                        found.insert(text.to_owned());
                        // What connects by a URL complains of its parts.
                        found.extend(passwords(text).map(str::to_owned));
                    }
                    Kind::Integer | Kind::Float if below.secret => {
                        found.insert(String::from_utf8_lossy(&item.to_json()).into_owned());
                    }
                    _ => {}
                }
            }
        }
        found.remove("");
        found
    }

    /// Whether any word of a text reads like the key of a secret, or like a URL with one: of a file that could not be read, nothing more is known.
    pub(crate) fn may_stand_in(&self, text: &str) -> bool {
        if may_hold_password(text) {
            return true;
        }
        let named = self.named();
        let names = self.schema.secret_names();
        words(text).any(|word| {
            names.says(word)
                || named
                    .iter()
                    .any(|key| key.eq_ignore_ascii_case(word) || word.to_lowercase().ends_with(&format!("__{}", key.to_lowercase())))
        })
    }

    /// Whether any word of a line may be a misspelled key of a secret.
    pub(crate) fn may_be_meant_in(&self, line: &str) -> bool {
        let (named, names) = (self.named(), self.schema.secret_names());
        words(line).any(|word| names.may_mean(word) || is_near(word, named.iter().copied()))
    }

    /// The names of secrets, by schema and by paths.
    fn named(&self) -> Vec<&str> {
        let keys = self.paths.iter().flat_map(|path| path.segments()).filter_map(|segment| match segment {
            Segment::Key(key) => Some(&**key),
            Segment::Index(_) => None,
        });
        let mut named: Vec<&str> = keys.collect();
        secret_keys(self.schema.root(), &mut named);
        named
    }

    fn replace(&self, document: &Document, path: &Path, with: &dyn Fn(&mut Builder, &Node<'_>)) -> Document {
        let (node, mut scope) = (document.root(), self.scope(path));
        scope.secret |= node.is_marked();
        if scope.is_clear(&node) || (!scope.secret && !holds(node, &scope)) {
            return document.clone();
        }
        let mut builder = Builder::new(None, 64);
        builder.key_of(&node);
        replaced(&mut builder, node, &scope, with);
        builder.finish()
    }

    /// The offsets in a source where secrets begin, as one layer's document says; and all offsets, to know where they end. What stands
    /// under a key that the schema refuses counts as one: the key may be a secret's, misspelled.
    pub(crate) fn marks(&self, document: &Document) -> (Vec<u32>, Vec<u32>) {
        let (mut secrets, mut all) = (Vec::new(), Vec::new());
        let mut left = vec![(document.root(), self.root())];
        while let Some((node, scope)) = left.pop() {
            let keyed = node.kind() == Kind::Table;
            for (at, item) in node.items().enumerate() {
                if keyed && scope.secret && !declared(&scope, item.key()) {
                    secrets.extend(item.key_origin().map(|origin| origin.offset));
                }
                let is_refused = keyed && scope.shape.is_some_and(|shape| refuses(shape, item.key()));
                let mut scope = scope.below_item(&item, at, keyed);
                scope.secret |= is_refused;
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

/// The words of a text that can be keys.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
}

fn declared(scope: &Scope<'_>, key: &str) -> bool {
    scope.shape.is_some_and(|shape| declares(shape, key))
}

/// The topmost marked values of a document.
fn marked_paths(document: &Document) -> Vec<Path> {
    let mut found = Vec::new();
    let mut left = vec![(document.root(), Path::root())];
    while let Some((node, path)) = left.pop() {
        if node.is_marked() {
            found.push(path);
        } else if node.has_marks() {
            let keyed = node.kind() == Kind::Table;
            for (at, item) in node.items().enumerate().filter(|(_, item)| item.has_marks()) {
                left.push((item, if keyed { path.clone().key(item.key()) } else { path.clone().index(at as u32) }));
            }
        }
    }
    found
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
