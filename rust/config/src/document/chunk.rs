//! Chunks: the memory of documents. One arena for everything that one parse, merge or patch made, never changed afterwards.
//!
//! **In**: entries and containers from the builder. **Out**: keys, texts and children by number.
//!
//! **Law**
//! 1. An entry has 24 bytes: key, origin, kind and value. A container's entries stand side by side, in order of first appearance.
//! 2. Text that the source holds literally is not copied: keys and strings point into the source; only what had escapes, or never stood
//!    in a text, lies in `extra`.
//! 3. A container may live in another chunk: `links` keeps it alive. So a merge or a patch makes only the tables on its paths anew.
//! 4. A container knows the 128-bit hash of its content, the same in every process. Tables hash without regard to order: the sum of what
//!    their entries add. The hash is fast, not cryptographic: whoever must be sure compares.
//!
//! Source: arenas per section with sharing between versions, as in persistent trees (path copying; Driscoll et al., 1989).

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128, xxh3_128_with_seed};

use crate::source::Source;
use crate::spare::{Kept, Place, Reused};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Nothing.
    Null,
    /// True or false.
    Bool,
    /// A signed integer of 64 bits.
    Integer,
    /// A finite number with a fraction.
    Float,
    /// Text.
    String,
    /// A date, a time, or both, as text of RFC 3339.
    Time,
    /// Values in order.
    Array,
    /// Values by key.
    Table,
}

impl Kind {
    /// As people say it, with its article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Integer => "an integer",
            Self::Float => "a number",
            Self::String => "a string",
            Self::Time => "a time",
            Self::Array => "a list",
            Self::Table => "a table",
        }
    }

    #[inline]
    pub(crate) fn is_container(self) -> bool {
        matches!(self, Self::Array | Self::Table)
    }

    #[inline]
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Time)
    }
}

pub(crate) const KEY_EXTRA: u8 = 1;
pub(crate) const TEXT_EXTRA: u8 = 2;
/// The value is a secret, whatever its key and a schema say: who published it said so. All that stands below has the mark, too.
pub(crate) const SECRET: u8 = 4;
/// From this many entries on, a table has a hash index; below, a scan over tags is faster.
pub(crate) const INDEXED_FROM: usize = 17;

/// One value with its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Bits of the number; start and length of a text; number of a container and its link (0 = this chunk).
    pub payload: u64,
    pub key: u32,
    pub origin: u32,
    /// Low bits of the key's hash: a filter before keys are compared.
    pub tag: u16,
    pub key_len: u16,
    pub source: u16,
    pub kind: Kind,
    pub flags: u8,
}

const _: () = assert!(size_of::<Entry>() == 24);

impl Entry {
    #[inline]
    pub(crate) fn pair(self) -> (u32, u32) {
        (self.payload as u32, (self.payload >> 32) as u32)
    }

    #[inline]
    pub(crate) fn with_pair(mut self, low: u32, high: u32) -> Self {
        self.payload = u64::from(low) | u64::from(high) << 32;
        self
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Container {
    pub start: u32,
    pub len: u32,
    pub leaves: u32,
    /// Start of the hash index in `Chunk::index`, for large tables.
    pub index: u32,
    /// Where it ends in source 0, when its bytes lie together there from its origin on; 0 otherwise. The highest bit: a key in it reads like
    /// the name of a secret.
    pub(super) end: u32,
    pub hash: [u32; 4],
}

const _: () = assert!(size_of::<Container>() == 36);

/// No text is longer than the lower bits can say.
const NAMES_SECRET: u32 = 1 << 31;

impl Container {
    pub(crate) fn with_end(mut self, end: u32, names_secret: bool) -> Self {
        self.end = (end & !NAMES_SECRET) | if names_secret { NAMES_SECRET } else { 0 };
        self
    }

    #[inline]
    pub(crate) fn end(&self) -> u32 {
        self.end & !NAMES_SECRET
    }

    /// Whether a key in it, or anywhere below, reads like the name of a secret.
    #[inline]
    pub(crate) fn names_secret(&self) -> bool {
        self.end & NAMES_SECRET != 0
    }

    #[inline]
    pub(crate) fn hash128(&self) -> u128 {
        let [a, b, c, d] = self.hash.map(u128::from);
        a | b << 32 | c << 64 | d << 96
    }
}

impl Kept for Entry {
    fn place() -> &'static Place<Self> {
        static ENTRIES: Place<Entry> = Place::new();
        &ENTRIES
    }
}

impl Kept for Container {
    fn place() -> &'static Place<Self> {
        static CONTAINERS: Place<Container> = Place::new();
        &CONTAINERS
    }
}

#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub sources: Vec<Arc<Source>>,
    pub extra: String,
    pub entries: Reused<Entry>,
    pub containers: Reused<Container>,
    pub index: Vec<u32>,
    pub links: Vec<Arc<Chunk>>,
    /// Some value or key is the reset mark.
    pub has_reset: bool,
    /// Some value, here or in what is linked, is marked as a secret.
    pub has_marks: bool,
}

impl Chunk {
    #[inline]
    pub(crate) fn key<'a>(&'a self, entry: &Entry) -> &'a str {
        let (start, len) = (entry.key as usize, usize::from(entry.key_len));
        if entry.flags & KEY_EXTRA != 0 {
            self.extra.get(start..start + len).unwrap_or("")
        } else {
            self.sources.get(usize::from(entry.source)).map_or("", |source| source.slice(start, len))
        }
    }

    /// Whether an entry has this key; cheaper than to ask for the key.
    #[inline]
    pub(crate) fn has_key(&self, entry: &Entry, key: &str) -> bool {
        let start = entry.key as usize;
        let text = if entry.flags & KEY_EXTRA != 0 {
            self.extra.as_bytes()
        } else {
            self.sources.get(usize::from(entry.source)).map_or(&[][..], |source| source.text().as_bytes())
        };
        usize::from(entry.key_len) == key.len() && text.get(start..start + key.len()).is_some_and(|text| same_bytes(text, key.as_bytes()))
    }

    #[inline]
    pub(crate) fn text<'a>(&'a self, entry: &Entry) -> &'a str {
        let (start, len) = entry.pair();
        let (start, len) = (start as usize, len as usize);
        if entry.flags & TEXT_EXTRA != 0 {
            self.extra.get(start..start + len).unwrap_or("")
        } else {
            self.sources.get(usize::from(entry.source)).map_or("", |source| source.slice(start, len))
        }
    }

    /// The container that an entry of this chunk stands for, here or in a linked chunk.
    pub(crate) fn container(&self, entry: &Entry) -> Option<&Container> {
        let (number, link) = entry.pair();
        let owner = if link == 0 { self } else { self.links.get(link as usize - 1)? };
        owner.containers.get(number as usize)
    }

    /// The entries of a container of this chunk.
    #[inline]
    pub(crate) fn children(&self, container: &Container) -> &[Entry] {
        let start = container.start as usize;
        self.entries.get(start..start + container.len as usize).unwrap_or(&[])
    }

    /// Bytes of memory that this chunk holds, without its links and the texts of its sources.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.containers.capacity() * size_of::<Container>()
            + self.index.capacity() * 4
            + self.extra.capacity()
    }
}

/// Whether two texts are equal; for short ones two overlapping words on each side are cheaper than a call.
#[inline(always)]
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        4..8 => a.first_chunk::<4>() == b.first_chunk::<4>() && a.last_chunk::<4>() == b.last_chunk::<4>(),
        8..=16 => a.first_chunk::<8>() == b.first_chunk::<8>() && a.last_chunk::<8>() == b.last_chunk::<8>(),
        _ => a == b,
    }
}

/// Slots of a hash index over `len` entries.
pub(crate) fn index_slots(len: usize) -> usize {
    (len * 2).next_power_of_two()
}

/// The hash of a key that decides its slot in an index, seeded for each process so that no file can be written to collide.
pub(crate) fn slot_hash(key: &str) -> usize {
    static SEED: OnceLock<u64> = OnceLock::new();
    xxh3_64_with_seed(key.as_bytes(), *SEED.get_or_init(|| RandomState::new().hash_one(0u8))) as usize
}

/// The hash of a key that is part of content hashes: the same in every process. Its low bits are the key's tag.
#[inline]
pub(crate) fn key_hash(key: &str) -> u64 {
    xxh3_64(key.as_bytes())
}

/// Multiplies two words to 128 bits and folds them (as in wyhash).
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[inline]
fn mix(key: u64, value: u64, kind: Kind) -> u128 {
    let kind = (kind as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let low = fold(key ^ 0xA076_1D64_78BD_642F ^ kind, value ^ 0xE703_7ED1_A0B4_28DB);
    let high = fold(key ^ 0x8EBC_6AF0_9C88_C6E3, value ^ 0x5899_65CC_7537_4CC3 ^ kind);
    u128::from(low) | u128::from(high) << 64
}

/// What a number, boolean or null adds to the hash of its table.
#[inline]
pub(crate) fn bits_hash(key: u64, kind: Kind, bits: u64) -> u128 {
    mix(key, bits, kind)
}

/// What a text adds to the hash of its table.
#[inline]
pub(crate) fn text_hash(key: u64, kind: Kind, text: &str) -> u128 {
    xxh3_128_with_seed(text.as_bytes(), key ^ kind as u64)
}

/// What a container adds to the hash of its table.
pub(crate) fn inner_hash(key: u64, kind: Kind, hash: u128) -> u128 {
    mix(key, hash as u64, kind) ^ mix(key.rotate_left(32), (hash >> 64) as u64, kind).rotate_left(1)
}

/// The hash of a table: the sum of what its entries add, and their number.
pub(crate) fn table_hash(sum: u128, len: usize) -> u128 {
    mix(sum as u64, (sum >> 64) as u64, Kind::Table).wrapping_add(sum).wrapping_add(len as u128)
}

/// Adds the bytes that stand for a value without a key: its kind, then numbers as they are, texts after their length, containers as their hash.
pub(crate) fn hash_bytes(chunk: &Chunk, entry: &Entry, out: &mut Vec<u8>) {
    out.push(entry.kind as u8);
    if entry.kind.is_text() {
        let text = chunk.text(entry);
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    } else if entry.kind.is_container() {
        out.extend_from_slice(&chunk.container(entry).map_or(0, Container::hash128).to_le_bytes());
    } else {
        out.extend_from_slice(&entry.payload.to_le_bytes());
    }
}

/// The hash of a list.
pub(crate) fn list_hash(chunk: &Chunk, children: &[Entry], scratch: &mut Vec<u8>) -> u128 {
    scratch.clear();
    for entry in children {
        hash_bytes(chunk, entry, scratch);
    }
    xxh3_128(scratch)
}
