//! Terms while a field is built: each distinct byte string once, numbered as it comes.
//!
//! **Law**: the first eight bytes stand in the entry, as the number that orders as they do; the arena holds only what is behind them. So
//! most lookups compare without touching the arena, and sorting compares integers. The hash is keyed per builder: documents chosen to
//! collide do not. Source: wyhash's folded multiplication (Wang Yi); `hashbrown` for the table.

use std::hash::{BuildHasher, Hasher, RandomState};

use hashbrown::HashTable;

use crate::codec::terms::prefix_of;

/// A term, and its counts while documents come in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The first eight bytes.
    prefix: u64,
    /// Where in the arena the bytes behind the prefix begin.
    rest: u32,
    /// Length in bytes.
    len: u32,
    /// Tokens in all documents.
    pub tokens: u32,
    /// Tokens in the current document.
    pub tf: u32,
}

/// The distinct terms of a field.
#[derive(Debug)]
pub(super) struct Interner {
    table: HashTable<u32>,
    entries: Vec<Entry>,
    arena: Vec<u8>,
    keys: [u64; 2],
}

/// Multiplies to 128 bits and folds the halves.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[inline]
fn hash(keys: [u64; 2], prefix: u64, len: usize, rest: &[u8]) -> u64 {
    let mut state = fold(prefix ^ keys[0], len as u64 ^ keys[1]);
    let (words, tail) = rest.as_chunks::<8>();
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), keys[1]);
    }
    if !tail.is_empty() {
        state = fold(state ^ prefix_of(tail), keys[1]);
    }
    state
}

impl Default for Interner {
    fn default() -> Self {
        let random = RandomState::new();
        let key = |number| {
            let mut hasher = random.build_hasher();
            hasher.write_u64(number);
            hasher.finish() | 1
        };
        Self { table: HashTable::new(), entries: Vec::new(), arena: Vec::new(), keys: [key(1), key(2)] }
    }
}

impl Interner {
    /// The number of a term.
    #[inline]
    pub fn intern(&mut self, term: &[u8]) -> u32 {
        let Self { table, entries, arena, keys } = self;
        let prefix = prefix_of(term);
        let rest = term.get(8..).unwrap_or_default();
        let hash_of = hash(*keys, prefix, term.len(), rest);
        let found = table.find(hash_of, |number| {
            let entry = &entries[*number as usize];
            entry.prefix == prefix && entry.len as usize == term.len() && (rest.is_empty() || rest_of(arena, entry) == rest)
        });
        if let Some(number) = found {
            return *number;
        }
        let number = entries.len() as u32;
        entries.push(Entry { prefix, rest: arena.len() as u32, len: term.len() as u32, tokens: 0, tf: 0 });
        arena.extend_from_slice(rest);
        table.insert_unique(hash_of, number, |number| {
            let entry = &entries[*number as usize];
            hash(*keys, entry.prefix, entry.len as usize, rest_of(arena, entry))
        });
        number
    }

    /// An entry by number.
    #[inline]
    pub fn entry(&mut self, number: u32) -> &mut Entry {
        &mut self.entries[number as usize]
    }

    /// How many terms there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether all that was interned could be numbered: 2³² − 1 terms and 4 GiB of bytes are the limit.
    pub fn has_room(&self) -> bool {
        self.entries.len() <= u32::MAX as usize && self.arena.len() <= u32::MAX as usize
    }

    /// Appends a term's bytes to `out`.
    pub fn append(&self, number: u32, out: &mut Vec<u8>) {
        let entry = &self.entries[number as usize];
        out.extend_from_slice(&entry.prefix.to_be_bytes()[..(entry.len as usize).min(8)]);
        out.extend_from_slice(rest_of(&self.arena, entry));
    }

    /// The numbers of all terms, in byte order of the terms.
    pub fn sorted(&self) -> Vec<u32> {
        let mut order: Vec<(u64, u32)> = self.entries.iter().zip(0..).map(|(entry, number)| (entry.prefix, number)).collect();
        order.sort_unstable();
        for same in order.chunk_by_mut(|a, b| a.0 == b.0) {
            if same.len() > 1 {
                let key = |number: u32| {
                    let entry = &self.entries[number as usize];
                    (rest_of(&self.arena, entry), entry.len)
                };
                same.sort_unstable_by(|a, b| key(a.1).cmp(&key(b.1)));
            }
        }
        order.into_iter().map(|(_, number)| number).collect()
    }

    /// Bytes held, and the bytes that sorting will take beside them.
    pub fn memory(&self) -> usize {
        let sorting = self.entries.len() * (size_of::<(u64, u32)>() + size_of::<u32>());
        self.table.allocation_size() + self.entries.capacity() * size_of::<Entry>() + self.arena.capacity() + sorting
    }
}

#[inline]
fn rest_of<'a>(arena: &'a [u8], entry: &Entry) -> &'a [u8] {
    let len = (entry.len as usize).saturating_sub(8);
    &arena[entry.rest as usize..entry.rest as usize + len]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_term_has_one_number_and_sorts_as_its_bytes(terms in prop::collection::vec(prop::collection::vec(prop_oneof![0u8..3, any::<u8>()], 0..24), 0..200)) {
            let mut interner = Interner::default();
            let numbers: Vec<u32> = terms.iter().map(|term| interner.intern(term)).collect();
            for (term, number) in terms.iter().zip(&numbers) {
                prop_assert_eq!(interner.intern(term), *number);
                let mut out = Vec::new();
                interner.append(*number, &mut out);
                prop_assert_eq!(&out, term);
            }
            let distinct: BTreeSet<Vec<u8>> = terms.iter().cloned().collect();
            prop_assert_eq!(interner.len(), distinct.len());
            let sorted: Vec<Vec<u8>> = interner.sorted().into_iter().map(|number| { let mut out = Vec::new(); interner.append(number, &mut out); out }).collect();
            prop_assert_eq!(sorted, distinct.into_iter().collect::<Vec<_>>());
        }
    }
}
