//! Documents and nodes: what readers hold.
//!
//! **In**: chunks. **Out**: values by key, by place and by path; owned subtrees that keep their memory alive.
//!
//! **Law**
//! 1. A document never changes; it is shared between threads by reference count, and any node can become a document of its own for one count.
//! 2. Two nodes are equal when they hold the same values under the same keys; the order of keys and the places do not count. Hashes only
//!    say "different" for sure: equality is confirmed by comparison, with the bytes of the source where both were read literally.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::chunk::{Chunk, Container, Entry, INDEXED_FROM, Kind, index_slots, key_hash, slot_hash};
use super::path::{Path, Segment};
use crate::source::{Place, Source};

/// An immutable value with everything below it; at the root of a configuration, a table.
#[derive(Clone)]
pub struct Document {
    chunk: Arc<Chunk>,
    root: u32,
}

/// A value inside a document.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    chunk: &'a Arc<Chunk>,
    at: u32,
}

/// Where a value stands in its source.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The source.
    pub source: &'a Arc<Source>,
    /// The byte where the value begins.
    pub offset: u32,
}

impl Origin<'_> {
    /// The place as people write it; counted now.
    pub fn place(&self) -> Place {
        self.source.place(self.offset)
    }
}

impl Document {
    pub(crate) fn from_parts(chunk: Arc<Chunk>, root: u32) -> Self {
        Self { chunk, root }
    }

    /// The document of an empty table.
    pub fn empty() -> Self {
        super::build::Builder::new(None, 1).finish()
    }

    /// The value itself.
    pub fn root(&self) -> Node<'_> {
        Node { chunk: &self.chunk, at: self.root }
    }

    /// The value at a path.
    pub fn get(&self, path: &Path) -> Option<Node<'_>> {
        self.root().at(path)
    }

    /// The hash of the content: equal documents have equal hashes.
    pub fn hash(&self) -> u128 {
        self.root().hash()
    }

    /// How many scalars, empty tables and empty lists it holds.
    pub fn leaves(&self) -> usize {
        self.root().leaves()
    }

    /// Bytes of memory, with the texts that it points into and the memory that it shares with other documents, each once.
    pub fn bytes(&self) -> usize {
        let (mut chunks, mut sources, mut bytes) = (HashSet::new(), HashSet::new(), 0);
        let mut left = vec![&self.chunk];
        while let Some(chunk) = left.pop() {
            if chunks.insert(Arc::as_ptr(chunk)) {
                let texts = chunk.sources.iter().filter(|source| sources.insert(Arc::as_ptr(source)));
                bytes += chunk.bytes() + texts.map(|source| source.text().len()).sum::<usize>();
                left.extend(&chunk.links);
            }
        }
        bytes
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.root() == other.root()
    }
}

impl fmt::Debug for Document {
    /// Never shows values: any of them may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} leaves, {:032x})", self.leaves(), self.hash())
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({:?})", self.kind())
    }
}

impl<'a> Node<'a> {
    pub(crate) fn chunk(&self) -> &'a Chunk {
        self.chunk
    }

    #[inline]
    pub(crate) fn entry(&self) -> &'a Entry {
        const NOTHING: Entry = Entry { payload: 0, key: 0, origin: 0, tag: 0, key_len: 0, source: 0, kind: Kind::Null, flags: 0 };
        self.chunk.entries.get(self.at as usize).unwrap_or(&NOTHING)
    }

    pub(crate) fn source(&self) -> Option<&'a Arc<Source>> {
        self.chunk.sources.get(usize::from(self.entry().source))
    }

    /// The chunk that holds this container's entries, and the container's number there.
    #[inline]
    pub(crate) fn container_parts(&self) -> (&'a Arc<Chunk>, u32) {
        let (number, link) = self.entry().pair();
        let owner = if link == 0 { self.chunk } else { self.chunk.links.get(link as usize - 1).unwrap_or(self.chunk) };
        (owner, number)
    }

    #[inline]
    pub(crate) fn container(&self) -> Option<(&'a Arc<Chunk>, &'a Container)> {
        if !self.kind().is_container() {
            return None;
        }
        let (owner, number) = self.container_parts();
        owner.containers.get(number as usize).map(|container| (owner, container))
    }

    pub(crate) fn holds_reset(&self) -> bool {
        if self.kind().is_container() { self.container_parts().0.has_reset } else { self.as_str().is_some_and(super::build::is_mark_like) }
    }

    /// Whether it was marked as a secret.
    #[inline]
    pub fn is_marked(&self) -> bool {
        self.entry().flags & super::chunk::SECRET != 0
    }

    /// Whether it, or something below it, may be marked: of a container, whether its chunk has marks.
    pub(crate) fn has_marks(&self) -> bool {
        self.is_marked() || (self.kind().is_container() && self.container_parts().0.has_marks)
    }

    /// Whether a key anywhere below reads like the name of a secret.
    pub(crate) fn names_secret(&self) -> bool {
        self.container().is_some_and(|(_, container)| container.names_secret())
    }

    /// Whether both are the very same memory, hence equal.
    pub fn is_same(&self, other: &Node<'_>) -> bool {
        if self.kind().is_container() && other.kind() == self.kind() {
            let ((a, i), (b, j)) = (self.container_parts(), other.container_parts());
            return Arc::ptr_eq(a, b) && i == j;
        }
        Arc::ptr_eq(self.chunk, other.chunk) && self.at == other.at
    }

    /// Whether something below may be in the memory of something below the other: only then can there be a node that is the same in both.
    pub(crate) fn may_share(&self, other: &Node<'_>) -> bool {
        let ((a, _), (b, _)) = (self.container_parts(), other.container_parts());
        Arc::ptr_eq(a, b) || !a.links.is_empty() || !b.links.is_empty()
    }

    /// What it is.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.entry().kind
    }

    /// The key under which it stands; empty in a list and at the root.
    #[inline]
    pub fn key(&self) -> &'a str {
        self.chunk.key(self.entry())
    }

    #[inline]
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.chunk.has_key(self.entry(), key)
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.entry().payload != 0)
    }

    /// The integer.
    pub fn as_integer(&self) -> Option<i64> {
        (self.kind() == Kind::Integer).then(|| self.entry().payload as i64)
    }

    /// The number, also when it is an integer.
    pub fn as_float(&self) -> Option<f64> {
        match self.kind() {
            Kind::Float => Some(f64::from_bits(self.entry().payload)),
            Kind::Integer => Some(self.entry().payload as i64 as f64),
            _ => None,
        }
    }

    /// The string.
    pub fn as_str(&self) -> Option<&'a str> {
        (self.kind() == Kind::String).then(|| self.chunk.text(self.entry()))
    }

    /// The date or time, as text.
    pub fn as_time(&self) -> Option<&'a str> {
        (self.kind() == Kind::Time).then(|| self.chunk.text(self.entry()))
    }

    /// How many values a container holds; 0 for scalars.
    pub fn len(&self) -> usize {
        self.container().map_or(0, |(_, container)| container.len as usize)
    }

    /// Whether it holds no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Scalars, empty tables and empty lists below it; 1 for a scalar.
    pub fn leaves(&self) -> usize {
        self.container().map_or(1, |(_, container)| container.leaves as usize)
    }

    /// The hash of the content.
    pub fn hash(&self) -> u128 {
        match self.container() {
            Some((_, container)) => container.hash128(),
            None => {
                let mut bytes = Vec::with_capacity(32);
                super::chunk::hash_bytes(self.chunk, self.entry(), &mut bytes);
                xxhash_rust::xxh3::xxh3_128(&bytes)
            }
        }
    }

    /// Where it stands in its source; none for what no source said.
    pub fn origin(&self) -> Option<Origin<'a>> {
        self.source().map(|source| Origin { source, offset: self.entry().origin })
    }

    /// Where its key stands in the source; where the value stands when the key was not read literally.
    pub fn key_origin(&self) -> Option<Origin<'a>> {
        let entry = self.entry();
        let literal = entry.flags & super::chunk::KEY_EXTRA == 0 && entry.key_len > 0;
        self.source().map(|source| Origin { source, offset: if literal { entry.key } else { entry.origin } })
    }

    /// The values of a container in order: of a table with their keys (see [`Node::key`]).
    #[inline]
    pub fn items(&self) -> impl ExactSizeIterator<Item = Node<'a>> + use<'a> {
        let (chunk, start, len) = match self.container() {
            Some((owner, container)) => (owner, container.start, container.len),
            None => (self.chunk, 0, 0),
        };
        (start..start + len).map(move |at| Node { chunk, at })
    }

    /// The value under a key of a table.
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        if self.kind() != Kind::Table {
            return None;
        }
        let (owner, container) = self.container()?;
        let children = owner.children(container);
        let tag = key_hash(key) as u16;
        let matches = |entry: &Entry| entry.tag == tag && owner.has_key(entry, key);
        if children.len() < INDEXED_FROM {
            let at = children.iter().position(matches)?;
            return Some(Node { chunk: owner, at: container.start + at as u32 });
        }
        let slots = index_slots(children.len());
        let index = owner.index.get(container.index as usize..container.index as usize + slots)?;
        let mut slot = slot_hash(key) & (slots - 1);
        loop {
            let place = *index.get(slot)?;
            if place == 0 {
                return None;
            }
            if children.get(place as usize - 1).is_some_and(matches) {
                return Some(Node { chunk: owner, at: container.start + place - 1 });
            }
            slot = (slot + 1) & (slots - 1);
        }
    }

    /// The value under a key that probably stands at a place.
    pub(crate) fn get_near(&self, key: &str, at: usize) -> Option<Node<'a>> {
        self.nth(at).filter(|node| node.has_key(key)).or_else(|| self.get(key))
    }

    /// The value at a place of a list or table.
    pub fn nth(&self, index: usize) -> Option<Node<'a>> {
        let (owner, container) = self.container()?;
        (index < container.len as usize).then(|| Node { chunk: owner, at: container.start + index as u32 })
    }

    /// The place in this container of an item that was found in it.
    pub(crate) fn index_of(&self, item: &Node<'_>) -> Option<usize> {
        let (_, container) = self.container()?;
        item.at.checked_sub(container.start).filter(|place| *place < container.len).map(|place| place as usize)
    }

    /// The value at a path below this one.
    pub fn at(&self, path: &Path) -> Option<Node<'a>> {
        let mut node = *self;
        for segment in path.segments() {
            node = match segment {
                Segment::Key(key) => node.get(key)?,
                Segment::Index(index) if node.kind() == Kind::Array => node.nth(*index as usize)?,
                Segment::Index(_) => return None,
            };
        }
        Some(node)
    }

    /// This value as a document of its own; it shares the memory.
    pub fn to_document(&self) -> Document {
        Document { chunk: Arc::clone(self.chunk), root: self.at }
    }

    /// The bytes that both were read from are the same bytes.
    fn same_text(&self, other: &Node<'_>) -> bool {
        fn raw<'b>(node: &Node<'b>) -> Option<&'b [u8]> {
            let (owner, container) = node.container()?;
            let text = owner.sources.first()?.text().as_bytes();
            text.get(node.entry().origin as usize..container.end() as usize)
        }
        match (raw(self), raw(other)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        // Depth is bounded where documents are made, so a list of pairs that are left to compare stays short.
        let mut left = vec![(*self, *other)];
        while let Some((a, b)) = left.pop() {
            if a.kind() != b.kind() {
                return false;
            }
            let equal = match a.kind() {
                Kind::Null => true,
                Kind::Bool | Kind::Integer | Kind::Float => a.entry().payload == b.entry().payload,
                Kind::String | Kind::Time => a.chunk.text(a.entry()) == b.chunk.text(b.entry()),
                Kind::Array | Kind::Table => {
                    if a.len() != b.len() || a.hash() != b.hash() {
                        return false;
                    }
                    if a.is_same(&b) || a.same_text(&b) {
                        continue;
                    }
                    for (at, item) in a.items().enumerate() {
                        let other = if a.kind() == Kind::Array { b.nth(at) } else { b.get(item.key()) };
                        match other {
                            Some(other) => left.push((item, other)),
                            None => return false,
                        }
                    }
                    true
                }
            };
            if !equal {
                return false;
            }
        }
        true
    }
}
