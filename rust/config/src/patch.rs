//! Patches: changes of single paths.
//!
//! **In**: a document, paths with values or without. **Out**: the changed document, or a layer that makes the same changes when merged.
//!
//! **Law**
//! 1. Only the tables and lists on the paths are made anew; everything else is shared with the document before.
//! 2. Changes are made in order. Tables on the way are made where they are missing; a list must have the place, or end just before it.
//! 3. Unlike a merge, a patch sets exactly what it says: a table replaces a table.
//! 4. Many changes cost one pass over the tables on their paths, not one each: where no order can matter (no path stands above another, no
//!    place of a list is added or taken away) and nothing can be refused, they are made at once, as they would be one after the other.

use std::collections::HashMap;

use crate::document::build::{Builder, KEY_LIMIT};
use crate::document::{Document, Kind, Node, Path, Segment};
use crate::parse::Limits;
use crate::problem::{Problem, Problems};

/// A change: the value that a path gets, or none to remove it.
pub type Change = (Path, Option<Document>);

/// Makes changes to a document.
///
/// # Errors
/// A path that leads through a value that is no table or list, past the end of a list, or too deep.
pub fn patch(document: &Document, changes: &[Change]) -> Result<Document, Problems> {
    let made = if changes.len() > 1 { Branch::of(changes).and_then(|branch| branch.made(document)) } else { None };
    made.map_or_else(|| one_by_one(document, changes), Ok)
}

/// Makes changes in order: whatever they are, with what is refused.
pub(crate) fn one_by_one(document: &Document, changes: &[Change]) -> Result<Document, Problems> {
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

/// What changes at a node and below it.
enum Branch<'a> {
    /// The node itself: it gets a value, or goes.
    Leaf(Option<&'a Document>),
    /// What is below it, in the order in which it was named.
    Below(Vec<(&'a Segment, Branch<'a>)>, HashMap<&'a Segment, usize>),
}

impl<'a> Branch<'a> {
    fn new() -> Self {
        Self::Below(Vec::new(), HashMap::new())
    }

    /// All changes; none where a path stands above another, or is too deep.
    fn of(changes: &'a [Change]) -> Option<Self> {
        let mut root = Self::new();
        let deepest = Limits::default().depth;
        for (path, value) in changes {
            let (last, way) = path.segments().split_last().filter(|_| path.segments().len() < deepest)?;
            let mut branch = &mut root;
            for step in way {
                branch = branch.below(step, Self::new)?.0;
            }
            let (_, new) = branch.below(last, || Self::Leaf(value.as_ref()))?;
            if !new {
                return None;
            }
        }
        Some(root)
    }

    /// The branch one step below, and whether it was made; none below a leaf.
    fn below(&mut self, step: &'a Segment, new: impl FnOnce() -> Self) -> Option<(&mut Self, bool)> {
        let Self::Below(branches, known) = self else { return None };
        let at = *known.entry(step).or_insert(branches.len());
        let made = at == branches.len();
        if made {
            branches.push((step, new()));
        }
        branches.get_mut(at).map(|(_, branch)| (branch, made))
    }

    fn made(&self, document: &Document) -> Option<Document> {
        let mut builder = Builder::new(None, 64);
        self.container(&mut builder, Some(document.root()))?;
        Some(builder.finish())
    }

    /// Adds the container `node`, or a new table, with the changes below it; the key is set. None where something is refused or in doubt.
    fn container(&self, builder: &mut Builder, node: Option<Node<'_>>) -> Option<()> {
        let Self::Below(branches, _) = self else { return None };
        let kind = node.map_or(Kind::Table, |node| node.kind());
        let (mut there, mut missing) = (Vec::new(), Vec::new());
        for (step, branch) in branches {
            let item = match (step, kind) {
                (Segment::Key(key), Kind::Table) if key.len() <= KEY_LIMIT => node.and_then(|node| node.get(key)),
                // Taking a place away moves the others, adding one makes room for the next.
                (Segment::Index(index), Kind::Array) if !matches!(branch, Self::Leaf(None)) => Some(node?.nth(*index as usize)?),
                _ => return None,
            };
            match (item, step) {
                (Some(item), _) => there.push((node?.index_of(&item)?, branch)),
                (None, Segment::Key(key)) => missing.push((key, branch)),
                (None, Segment::Index(_)) => return None,
            }
        }
        there.sort_unstable_by_key(|(place, _)| *place);
        let mut there = there.into_iter().peekable();
        builder.open(kind, node.map_or(0, |node| node.entry().origin));
        for (place, item) in node.iter().flat_map(Node::items).enumerate() {
            match there.next_if(|(changed, _)| *changed == place) {
                None if kind == Kind::Table => builder.copy(&item),
                None => builder.value_of(&item),
                Some((_, Self::Leaf(None))) => {}
                Some((_, branch)) => {
                    if kind == Kind::Table {
                        builder.key_of(&item)
                    } else {
                        builder.place_of(&item)
                    }
                    branch.value(builder, Some(item))?;
                }
            }
        }
        for (key, branch) in missing {
            match branch.sum() {
                // Removing below what is not there changes nothing, and makes no tables.
                (None, _) => {}
                (Some(first), false) => {
                    builder.key_new(key, Some(&first.root()));
                    branch.value(builder, None)?;
                }
                // Where the table then stands depends on the order.
                (Some(_), true) => return None,
            }
        }
        builder.close(0);
        Some(())
    }

    fn value(&self, builder: &mut Builder, old: Option<Node<'_>>) -> Option<()> {
        match self {
            Self::Leaf(value) => value.map(|value| builder.value_of(&value.root())),
            Self::Below(..) => self.container(builder, old),
        }
    }

    /// The first value that is given, and whether anything is removed.
    fn sum(&self) -> (Option<&'a Document>, bool) {
        match self {
            Self::Leaf(value) => (*value, value.is_none()),
            Self::Below(branches, _) => branches.iter().fold((None, false), |(first, removed), (_, branch)| {
                let (value, removes) = branch.sum();
                (first.or(value), removed || removes)
            }),
        }
    }
}
