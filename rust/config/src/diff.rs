//! Differences between two documents.
//!
//! **In**: two documents. **Out**: what was added, removed and changed, each with the value and place of both sides.
//!
//! **Law**
//! 1. `apply(diff(a, b), a) = b`.
//! 2. Equal subtrees are not entered: shared memory is equal, equal hashes are confirmed by comparison.
//! 3. Tables differ key by key, lists of one length place by place, everything else as a whole.
//! 4. Values are in the difference for programs; whoever shows it to people asks the secrets first.

use crate::document::{Document, Kind, Node, Path, Segment};
use crate::patch::{Change, patch};
use crate::problem::Problems;

/// One path that differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Where.
    pub path: Path,
    /// The value before; none when it was added.
    pub before: Option<Document>,
    /// The value after; none when it was removed.
    pub after: Option<Document>,
}

/// Everything that differs, in the order of keys.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// The paths that differ.
    pub differences: Vec<Difference>,
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// Paths that only the second document has.
    pub fn added(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.before.is_none())
    }

    /// Paths that only the first document has.
    pub fn removed(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.after.is_none())
    }

    /// Paths whose values differ.
    pub fn changed(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.before.is_some() && difference.after.is_some())
    }

    /// Leaves that the first document has and the second has not.
    pub fn leaves_removed(&self) -> usize {
        self.removed().filter_map(|difference| difference.before.as_ref()).map(Document::leaves).sum()
    }

    /// The first document with the differences made.
    ///
    /// # Errors
    /// A path that the document has no room for: it is not the first document.
    pub fn apply(&self, document: &Document) -> Result<Document, Problems> {
        let changes: Vec<Change> = self.differences.iter().map(|difference| (difference.path.clone(), difference.after.clone())).collect();
        patch(document, &changes)
    }
}

/// What differs between two documents. The cost is that of the tables on the paths that differ, and one comparison of equal subtrees that do
/// not share memory.
///
/// # Examples
/// ```
/// use findspot_config::{LayerKind, diff, value};
/// let [a, b] = [r#"{"x": {"y": 1, "z": 2}}"#, r#"{"x": {"y": 1, "z": 3, "w": 4}}"#].map(|text| value("example", LayerKind::Mapping, text).unwrap());
/// let paths: Vec<_> = diff(&a, &b).differences.iter().map(|difference| difference.path.to_string()).collect();
/// assert_eq!(paths, ["x.z", "x.w"]);
/// assert_eq!(diff(&a, &b).apply(&a).unwrap(), b);
/// ```
pub fn diff(before: &Document, after: &Document) -> Diff {
    let mut found = Diff::default();
    let (a, b) = (before.root(), after.root());
    if a.kind() == Kind::Table && b.kind() == Kind::Table {
        compare(a, b, &mut Vec::new(), &mut found.differences);
    } else if a != b {
        found.differences.push(Difference { path: Path::root(), before: Some(before.clone()), after: Some(after.clone()) });
    }
    found
}

/// Compares two containers of one kind, as deep as documents are.
fn compare(a: Node<'_>, b: Node<'_>, path: &mut Vec<Segment>, found: &mut Vec<Difference>) {
    if a.is_same(&b) || a == b {
        return;
    }
    let keyed = a.kind() == Kind::Table;
    for (at, old) in a.items().enumerate() {
        let new = if keyed { b.get(old.key()) } else { b.nth(at) };
        if new.is_some_and(|new| new.is_same(&old)) {
            continue;
        }
        path.push(if keyed { Segment::Key(old.key().into()) } else { Segment::Index(at as u32) });
        match new {
            None => found.push(Difference { path: path.clone().into(), before: Some(old.to_document()), after: None }),
            Some(new) => match (old.kind(), new.kind()) {
                (Kind::Table, Kind::Table) => compare(old, new, path, found),
                (Kind::Array, Kind::Array) if old.len() == new.len() => compare(old, new, path, found),
                _ if old == new => {}
                _ => found.push(Difference { path: path.clone().into(), before: Some(old.to_document()), after: Some(new.to_document()) }),
            },
        }
        path.pop();
    }
    if keyed {
        for new in b.items().filter(|new| a.get(new.key()).is_none()) {
            path.push(Segment::Key(new.key().into()));
            found.push(Difference { path: path.clone().into(), before: None, after: Some(new.to_document()) });
            path.pop();
        }
    }
}
