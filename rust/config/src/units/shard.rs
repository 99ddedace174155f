//! A shard: the overrides of a few hundred units in one block of memory.
//!
//! **In**: names and their values as bytes. **Out**: the values of one name. **Law**: a shard never changes; another is made from it. A unit
//! costs its name, its values, eight bytes of directory and two lengths of one to five bytes.
//!
//! ```text
//! shard = directory* entry*          directory = hash(u32) end(u32), by hash; end = where its entry ends
//! entry = varint(name) name values
//! ```

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

const DIRECTORY: usize = 8;

/// An immutable table from names to bytes.
#[derive(Debug, Default)]
pub struct Shard {
    bytes: Box<[u8]>,
    count: u32,
}

/// One change: a name and its new values; `None` takes the name out.
pub type Change<'a> = (Cow<'a, str>, Option<Cow<'a, [u8]>>);

/// The hash that places a name: high bits choose the shard, low bits order its directory.
pub fn hash_of(name: &str) -> u64 {
    xxh3_64(name.as_bytes())
}

fn number(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, |four| u32::from_le_bytes(four) as usize)
}

/// Adds `value` in groups of seven bits, low ones first.
pub fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes what [`put_varint`] wrote off the front; `None` when it is cut off or too long.
pub fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

impl Shard {
    /// How many names it has.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn entry(&self, at: usize) -> Option<(&str, &[u8])> {
        let begin = if at == 0 { self.len() * DIRECTORY } else { number(&self.bytes, (at - 1) * DIRECTORY + 4) };
        let end = number(&self.bytes, at * DIRECTORY + 4);
        let mut rest = self.bytes.get(begin..end)?;
        let length = usize::try_from(take_varint(&mut rest)?).ok()?;
        let (name, values) = rest.split_at_checked(length)?;
        Some((std::str::from_utf8(name).ok()?, values))
    }

    /// The values of `name`, whose hash is `hash`.
    pub fn get(&self, name: &str, hash: u64) -> Option<&[u8]> {
        let wanted = hash as u32 as usize;
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            if number(&self.bytes, middle * DIRECTORY) < wanted { low = middle + 1 } else { high = middle }
        }
        while low < self.len() && number(&self.bytes, low * DIRECTORY) == wanted {
            let (found, values) = self.entry(low)?;
            if found == name {
                return Some(values);
            }
            low += 1;
        }
        None
    }

    /// All names and values, by hash.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        (0..self.len()).filter_map(|at| self.entry(at))
    }

    /// The shard after some changes; a later one of the same name wins. `None` = it would be too large for its directory.
    pub fn with(&self, changes: &[Change<'_>]) -> Option<Self> {
        // Order by hash, then by name; of equal names the last one stands.
        let mut entries: Vec<(u32, &str, Option<&[u8]>)> =
            self.iter().map(|(name, values)| (hash_of(name) as u32, name, Some(values))).collect();
        entries.extend(changes.iter().map(|(name, values)| (hash_of(name) as u32, name.as_ref(), values.as_deref())));
        entries.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let mut kept: Vec<(u32, &str, &[u8])> = Vec::with_capacity(entries.len());
        for (at, (hash, name, values)) in entries.iter().enumerate() {
            let is_last = entries.get(at + 1).is_none_or(|(_, next, _)| next != name);
            if let (true, Some(values)) = (is_last, values) {
                kept.push((*hash, name, values));
            }
        }
        let room: usize = kept.iter().map(|(_, name, values)| DIRECTORY + 2 + name.len() + values.len()).sum();
        let mut bytes = Vec::with_capacity(room);
        bytes.resize(kept.len() * DIRECTORY, 0);
        for (at, (hash, name, values)) in kept.iter().enumerate() {
            put_varint(name.len() as u64, &mut bytes);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(values);
            let end = u32::try_from(bytes.len()).ok()?;
            let place = bytes.get_mut(at * DIRECTORY..(at + 1) * DIRECTORY)?;
            place.get_mut(..4)?.copy_from_slice(&hash.to_le_bytes());
            place.get_mut(4..)?.copy_from_slice(&end.to_le_bytes());
        }
        Some(Self { bytes: bytes.into_boxed_slice(), count: u32::try_from(kept.len()).ok()? })
    }
}
