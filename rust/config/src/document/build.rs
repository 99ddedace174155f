//! The builder: values in the order of reading become a chunk.
//!
//! **In**: keys, scalars, openings and closings, and nodes of other documents. **Out**: a document.
//!
//! **Law**
//! 1. Children wait on a stack until their container closes; then they move to the arena side by side. Nothing recurses.
//! 2. A key that its table already has is refused, with the place of both; the first one stays.
//! 3. Nodes of other documents are linked when they are containers, and copied (24 bytes) when they are scalars.
//! 4. A mark of a secret goes with the value and with its place: what is put where a marked value stood is marked, too.

mod equal_keys;

use std::collections::HashMap;
use std::sync::Arc;

use super::chunk::{
    Chunk, Container, Entry, INDEXED_FROM, KEY_EXTRA, Kind, SECRET, TEXT_EXTRA, bits_hash, inner_hash, key_hash, list_hash, table_hash,
    text_hash,
};
pub(crate) use equal_keys::Duplicate;

use super::node::{Document, Node};
use crate::pace::Pace;
use crate::secret_keys::is_secret_key;
use crate::source::Source;
use crate::spare::Reused;

/// The key of the value that comes next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Key {
    pub start: u32,
    pub len: u16,
    source: u16,
    flags: u8,
    secret: bool,
    hash: u64,
}

struct Frame {
    entry: Entry,
    key: u64,
    stack: usize,
    /// What the entries so far add to the hash of a table.
    sum: u128,
    leaves: u32,
    /// 64 bits say which tags came; two keys on one bit make the table suspect of holding one twice.
    seen: u64,
    suspect: bool,
    /// A key in it, or below, reads like the name of a secret.
    names_secret: bool,
}

/// The number of no source: a node that has none, or one source too many for its number. Texts are then copied, and places not known.
const NOWHERE: u16 = u16::MAX;
/// The longest key in bytes.
pub(crate) const KEY_LIMIT: usize = u16::MAX as usize;
/// The key that makes a table replace what lower layers say, and the string that drops what they say.
pub(crate) const RESET: &str = "!reset";

/// Whether a text is that mark, or the mark escaped: with more `!` before it.
#[inline]
pub(crate) fn is_mark_like(text: &str) -> bool {
    text.as_bytes().first() == Some(&b'!') && text.trim_start_matches('!') == "reset"
}

pub(crate) struct Builder {
    chunk: Chunk,
    stack: Vec<Entry>,
    frames: Vec<Frame>,
    key: Key,
    scratch: Vec<u8>,
    known_sources: HashMap<*const Source, u16>,
    known_links: HashMap<*const Chunk, u32>,
    last_source: u16,
    last_link: u32,
    duplicates: Vec<Duplicate>,
    pace: Pace,
}

impl Builder {
    /// A builder for values of one source, with room for about `entries` values.
    pub(crate) fn new(source: Option<Arc<Source>>, entries: usize) -> Self {
        Self::with_room(source, entries, entries / 8 + 1)
    }

    /// A builder with room for so many values and containers.
    pub(crate) fn with_room(source: Option<Arc<Source>>, entries: usize, containers: usize) -> Self {
        let mut builder = Self {
            chunk: Chunk { entries: Reused::with_room(entries), containers: Reused::with_room(containers), ..Chunk::default() },
            stack: Vec::new(),
            frames: Vec::new(),
            key: Key::default(),
            scratch: Vec::with_capacity(256),
            known_sources: HashMap::new(),
            known_links: HashMap::new(),
            last_source: 0,
            last_link: 0,
            duplicates: Vec::new(),
            pace: Pace::default(),
        };
        if let Some(source) = source {
            builder.source(&source);
        }
        builder
    }

    /// How many containers are open.
    pub(crate) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The number of a source in this chunk.
    fn source(&mut self, source: &Arc<Source>) -> u16 {
        // Neighbours mostly come from one source.
        if self.chunk.sources.get(usize::from(self.last_source)).is_some_and(|last| Arc::ptr_eq(last, source)) {
            return self.last_source;
        }
        if let Some(&number) = self.known_sources.get(&Arc::as_ptr(source)) {
            self.last_source = number;
            return number;
        }
        let number = self.chunk.sources.len();
        if number >= usize::from(NOWHERE) {
            return NOWHERE;
        }
        self.chunk.sources.push(Arc::clone(source));
        self.known_sources.insert(Arc::as_ptr(source), number as u16);
        number as u16
    }

    fn source_of(&mut self, node: &Node<'_>) -> u16 {
        node.source().map_or(NOWHERE, |source| self.source(source))
    }

    /// The next value's key stands literally in source 0.
    #[inline]
    pub(crate) fn key_at(&mut self, start: u32, key: &str) {
        self.key = Key { start, len: key.len() as u16, source: 0, flags: 0, secret: is_secret_key(key), hash: key_hash(key) };
        self.chunk.has_reset |= is_mark_like(key);
    }

    /// The next value's key stands literally in source 0 and is equal to one whose hash is known.
    #[inline]
    pub(crate) fn key_again(&mut self, start: u32, known: Key) {
        self.key = Key { start, ..known };
    }

    /// The key that is set.
    #[inline]
    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// How many values the innermost container has so far.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.frames.last().map_or(0, |frame| self.stack.len() - frame.stack)
    }

    /// The next value's key, copied; its value comes from source 0.
    pub(crate) fn key_text(&mut self, key: &str) {
        self.key = Key {
            start: self.chunk.extra.len() as u32,
            len: key.len() as u16,
            source: 0,
            flags: KEY_EXTRA,
            secret: is_secret_key(key),
            hash: key_hash(key),
        };
        self.chunk.extra.push_str(key);
        self.chunk.has_reset |= is_mark_like(key);
    }

    /// The next value's key is that of a node, and so is its source.
    pub(crate) fn key_of(&mut self, node: &Node<'_>) {
        let entry = node.entry();
        let source = self.source_of(node);
        let (start, flags) = if entry.flags & KEY_EXTRA != 0 || source == NOWHERE {
            let start = self.chunk.extra.len() as u32;
            self.chunk.extra.push_str(node.key());
            (start, KEY_EXTRA)
        } else {
            (entry.key, 0)
        };
        let (secret, hash) = (is_secret_key(node.key()), key_hash(node.key()));
        self.key = Key { start, len: entry.key_len, source, flags: flags | entry.flags & SECRET, secret, hash };
        self.chunk.has_reset |= is_mark_like(node.key());
    }

    /// The next value has no key, and its source is that of a node.
    pub(crate) fn place_of(&mut self, node: &Node<'_>) {
        let source = self.source_of(node);
        self.key = Key { source, flags: node.entry().flags & SECRET, ..Key::default() };
    }

    /// The next value's key, copied; its source is that of a node.
    pub(crate) fn key_new(&mut self, key: &str, node: Option<&Node<'_>>) {
        self.key_text(key);
        if let Some(source) = node.and_then(Node::source) {
            self.key.source = self.source(source);
        }
    }

    #[inline]
    fn entry(&self, kind: Kind, origin: u32) -> Entry {
        let key = &self.key;
        Entry { payload: 0, key: key.start, origin, tag: key.hash as u16, key_len: key.len, source: key.source, kind, flags: key.flags }
    }

    /// Adds a value to the open container: what it adds to a table's hash, and its leaves.
    #[inline]
    fn push(&mut self, entry: Entry, hash: u128, leaves: u32) {
        if let Some(frame) = self.frames.last_mut() {
            frame.sum = frame.sum.wrapping_add(hash);
            frame.leaves = frame.leaves.saturating_add(leaves.max(1));
            let bit = 1u64 << (entry.tag & 63);
            frame.suspect |= frame.seen & bit != 0;
            frame.seen |= bit;
            frame.names_secret |= self.key.secret;
        }
        self.chunk.has_marks |= entry.flags & SECRET != 0;
        self.stack.push(entry);
        self.key = Key::default();
    }

    /// A scalar that is a number, a boolean or null: its 64 bits.
    #[inline]
    pub(crate) fn bits(&mut self, kind: Kind, bits: u64, origin: u32) {
        let mut entry = self.entry(kind, origin);
        entry.payload = bits;
        self.push(entry, bits_hash(self.key.hash, kind, bits), 1);
    }

    /// A text that stands literally in the source that the key named.
    #[inline]
    pub(crate) fn text_at(&mut self, kind: Kind, start: u32, text: &str, origin: u32) {
        self.chunk.has_reset |= is_mark_like(text);
        let entry = self.entry(kind, origin).with_pair(start, text.len() as u32);
        self.push(entry, text_hash(self.key.hash, kind, text), 1);
    }

    /// A text, copied.
    pub(crate) fn text(&mut self, kind: Kind, text: &str, origin: u32) {
        self.chunk.has_reset |= is_mark_like(text);
        let start = self.chunk.extra.len() as u32;
        self.chunk.extra.push_str(text);
        let mut entry = self.entry(kind, origin).with_pair(start, text.len() as u32);
        entry.flags |= TEXT_EXTRA;
        self.push(entry, text_hash(self.key.hash, kind, text), 1);
    }

    /// Opens a table or an array that begins at `origin`.
    #[inline]
    pub(crate) fn open(&mut self, kind: Kind, origin: u32) {
        let entry = self.entry(kind, origin);
        let key = self.key.hash;
        self.frames.push(Frame {
            entry,
            key,
            stack: self.stack.len(),
            sum: 0,
            leaves: 0,
            seen: 0,
            suspect: false,
            names_secret: self.key.secret,
        });
        self.key = Key::default();
    }

    /// Whether the innermost open container is a table; none when nothing is open.
    #[inline]
    pub(crate) fn inside(&self) -> Option<Kind> {
        self.frames.last().map(|frame| frame.entry.kind)
    }

    /// Keys found so far that stood twice.
    #[inline]
    pub(crate) fn duplicates(&self) -> usize {
        self.duplicates.len()
    }

    /// Closes the innermost container as `close` does; the caller knows that it is a table without equal keys.
    #[inline]
    pub(crate) fn close_distinct(&mut self, end: u32) {
        if let Some(frame) = self.frames.last_mut() {
            frame.suspect = false;
        }
        self.close(end);
    }

    /// Closes the innermost container, whose bytes in source 0 lie together and end at `end`; 0 when they do not.
    pub(crate) fn close(&mut self, end: u32) {
        let Some(frame) = self.frames.pop() else { return };
        let Frame { entry, stack, .. } = frame;
        self.pace.step(self.stack.len() - stack + 1);
        let table = entry.kind == Kind::Table;
        let mut slots = None;
        if table && self.stack.len() - stack >= INDEXED_FROM {
            slots = Some(self.index(stack));
        } else if table && frame.suspect {
            self.drop_duplicates(stack);
        }
        let children = self.stack.get(stack..).unwrap_or(&[]);
        let hash = if table { table_hash(frame.sum, children.len()) } else { list_hash(&self.chunk, children, &mut self.scratch) };
        let container = Container {
            start: self.chunk.entries.len() as u32,
            len: children.len() as u32,
            leaves: frame.leaves,
            index: self.chunk.index.len() as u32,
            hash: [0, 32, 64, 96].map(|shift| (hash >> shift) as u32),
            ..Container::default()
        }
        .with_end(end, frame.names_secret);
        self.chunk.entries.extend_from_slice(children);
        self.stack.truncate(stack);
        if let Some(slots) = slots.filter(|_| container.len as usize >= INDEXED_FROM) {
            self.chunk.index.extend_from_slice(&slots);
        }
        let number = self.chunk.containers.len() as u32;
        self.chunk.containers.push(container);
        self.key = Key { hash: frame.key, secret: frame.names_secret, ..Key::default() };
        self.push(entry.with_pair(number, 0), inner_hash(frame.key, entry.kind, hash), frame.leaves);
    }

    /// Adds a node of another document under the key that is set: a link or a copied scalar. Its origin stays its own.
    pub(crate) fn value_of(&mut self, node: &Node<'_>) {
        let from = node.entry();
        let key = self.key;
        let source = self.source_of(node);
        if key.source != source && key.flags & KEY_EXTRA == 0 && key.len > 0 {
            let Some(text) =
                self.chunk.sources.get(usize::from(key.source)).map(|source| source.slice(key.start as usize, key.len.into()).to_owned())
            else {
                return;
            };
            self.key_text(&text);
            self.key.flags |= key.flags & SECRET;
        }
        self.key.source = source;
        self.key.flags |= from.flags & SECRET;
        self.chunk.has_reset |= node.holds_reset();
        self.chunk.has_marks |= node.has_marks();
        let key = self.key.hash;
        let mut entry = self.entry(from.kind, from.origin);
        if from.kind.is_container() {
            if entry.flags & SECRET > from.flags & SECRET {
                return self.marked(node);
            }
            let (chunk, number) = node.container_parts();
            let link = self.link(chunk);
            entry = entry.with_pair(number, link);
            self.key.secret |= node.names_secret();
            return self.push(entry, inner_hash(key, from.kind, node.hash()), node.leaves() as u32);
        }
        if !from.kind.is_text() {
            entry.payload = from.payload;
            return self.push(entry, bits_hash(key, from.kind, from.payload), 1);
        }
        let text = node.chunk().text(from);
        if from.flags & TEXT_EXTRA != 0 || source == NOWHERE {
            entry = entry.with_pair(self.chunk.extra.len() as u32, text.len() as u32);
            entry.flags |= TEXT_EXTRA;
            self.chunk.extra.push_str(text);
        } else {
            entry.payload = from.payload;
        }
        self.push(entry, text_hash(key, from.kind, text), 1);
    }

    /// Adds a node of another document with its own key.
    pub(crate) fn copy(&mut self, node: &Node<'_>) {
        self.key_of(node);
        self.value_of(node);
    }

    /// Adds a node of another document and all below it as a secret, under the key that is set. As deep as documents are.
    pub(crate) fn marked(&mut self, node: &Node<'_>) {
        self.key.flags |= SECRET;
        if !node.kind().is_container() {
            return self.value_of(node);
        }
        self.open(node.kind(), node.entry().origin);
        for item in node.items() {
            if node.kind() == Kind::Table {
                self.key_of(&item);
            } else {
                self.place_of(&item);
            }
            self.marked(&item);
        }
        self.close(0);
    }

    /// Adds a copy of a node under the key that is set, as if source 0 had said all of it at `origin`. As deep as the parsers allow.
    pub(crate) fn rebuilt(&mut self, node: &Node<'_>, origin: u32) {
        match node.kind() {
            Kind::Table | Kind::Array => {
                self.open(node.kind(), origin);
                for item in node.items() {
                    if node.kind() == Kind::Table {
                        self.key_text(item.key());
                    }
                    self.rebuilt(&item, origin);
                }
                self.close(0);
            }
            Kind::String | Kind::Time => self.text(node.kind(), node.chunk().text(node.entry()), origin),
            kind => self.bits(kind, node.entry().payload, origin),
        }
    }

    /// Adds a container of this very chunk again, under the key that is set.
    pub(crate) fn again(&mut self, value: Shared, origin: u32) {
        let mut entry = self.entry(value.0.kind, origin);
        let key = self.key.hash;
        entry.payload = value.0.payload;
        entry.flags |= value.0.flags & TEXT_EXTRA;
        let container = self.chunk.container(&entry).filter(|_| entry.kind.is_container());
        self.key.secret |= container.is_some_and(Container::names_secret);
        let hash = match container {
            Some(container) => inner_hash(key, entry.kind, container.hash128()),
            None if entry.kind.is_text() => text_hash(key, entry.kind, self.chunk.text(&entry)),
            None => bits_hash(key, entry.kind, entry.payload),
        };
        self.push(entry, hash, self.leaves(value));
    }

    /// The value that was added last, to be added again.
    pub(crate) fn last(&self) -> Option<Shared> {
        self.stack.last().copied().map(Shared)
    }

    /// Leaves of a value of this chunk.
    pub(crate) fn leaves(&self, value: Shared) -> u32 {
        leaves_of(&self.chunk, &value.0)
    }

    fn link(&mut self, chunk: &Arc<Chunk>) -> u32 {
        if self.chunk.links.get((self.last_link as usize).wrapping_sub(1)).is_some_and(|last| Arc::ptr_eq(last, chunk)) {
            return self.last_link;
        }
        if let Some(&link) = self.known_links.get(&Arc::as_ptr(chunk)) {
            self.last_link = link;
            return link;
        }
        self.chunk.links.push(Arc::clone(chunk));
        let link = self.chunk.links.len() as u32;
        self.known_links.insert(Arc::as_ptr(chunk), link);
        link
    }

    /// Keys that stood twice, in the order of reading; they are not in the document.
    pub(crate) fn take_duplicates(&mut self) -> Vec<Duplicate> {
        let mut found = std::mem::take(&mut self.duplicates);
        found.sort_by_key(|duplicate| duplicate.second);
        found
    }

    /// The document whose root was added last; open containers are closed first.
    pub(crate) fn finish(mut self) -> Document {
        while !self.frames.is_empty() {
            self.close(0);
        }
        let root = self.stack.pop().unwrap_or_else(|| {
            self.open(Kind::Table, 0);
            self.close(0);
            self.stack.pop().unwrap_or(Entry { payload: 0, key: 0, origin: 0, tag: 0, key_len: 0, source: 0, kind: Kind::Null, flags: 0 })
        });
        self.chunk.entries.push(root);
        // What was reserved and never touched is given back without a copy. A small rest is left: exact sizes are what the allocator reuses.
        if self.chunk.entries.capacity() > self.chunk.entries.len() * 17 / 16 + 8 {
            self.chunk.entries.shrink_to_fit();
        }
        if self.chunk.containers.capacity() > self.chunk.containers.len() * 17 / 16 + 8 {
            self.chunk.containers.shrink_to_fit();
        }
        self.chunk.index.shrink_to_fit();
        let root = self.chunk.entries.len() as u32 - 1;
        Document::from_parts(Arc::new(self.chunk), root)
    }
}

/// A value of the chunk that is being built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared(Entry);

fn leaves_of(chunk: &Chunk, entry: &Entry) -> u32 {
    if entry.kind.is_container() { chunk.container(entry).map_or(0, |container| container.leaves) } else { 1 }
}
