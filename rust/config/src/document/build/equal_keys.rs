//! Equal keys of one table: found when the table closes, together with the index of large tables.
//!
//! **In**: the values of the open table. **Out**: the table without later ones of the same key, notes about those, a hash index.
//!
//! **Law**: the first value stays; the cost is one pass, however many keys are equal and however they were chosen.

use super::super::chunk::{Entry, KEY_EXTRA, index_slots, slot_hash};
use super::Builder;

/// A key that stands twice in one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Duplicate {
    pub key: String,
    pub first: u32,
    pub second: u32,
}

impl Builder {
    /// Removes later entries of the same key from the small open table on the stack.
    pub(super) fn drop_duplicates(&mut self, from: usize) {
        let children = self.stack.get(from..).unwrap_or(&[]);
        let mut again = Vec::new();
        for (at, child) in children.iter().enumerate() {
            let mut before = children.iter().take(at).filter(|other| other.tag == child.tag);
            if let Some(first) = before.find(|other| self.chunk.key(other) == self.chunk.key(child)) {
                again.push((at, key_place(first)));
            }
        }
        self.remove(from, &again);
    }

    /// The hash index of the open table on the stack, after later entries of the same key are removed from it.
    pub(super) fn index(&mut self, from: usize) -> Vec<u32> {
        loop {
            let children = self.stack.get(from..).unwrap_or(&[]);
            let mut again = Vec::new();
            let slots = index_slots(children.len());
            let mut table = vec![0u32; slots];
            for (at, child) in children.iter().enumerate() {
                let key = self.chunk.key(child);
                let mut slot = slot_hash(key) & (slots - 1);
                while let Some(place) = table.get_mut(slot) {
                    if *place == 0 {
                        *place = at as u32 + 1;
                        break;
                    }
                    let other = children.get(*place as usize - 1);
                    if let Some(other) = other.filter(|other| other.tag == child.tag && self.chunk.has_key(other, key)) {
                        again.push((at, key_place(other)));
                        break;
                    }
                    slot = (slot + 1) & (slots - 1);
                }
            }
            if again.is_empty() {
                return table;
            }
            // Places have changed: once more, and for the last time.
            self.remove(from, &again);
        }
    }

    /// Takes entries off the open table on the stack and notes that their keys stood before. One pass, however many they are.
    fn remove(&mut self, from: usize, again: &[(usize, u32)]) {
        let mut next = again.iter().peekable();
        let mut kept = from;
        for at in from..self.stack.len() {
            let Some(child) = self.stack.get(at).copied() else { break };
            match next.next_if(|(place, _)| from + place == at) {
                Some((_, first)) => {
                    let duplicate = Duplicate { key: self.chunk.key(&child).to_owned(), first: *first, second: key_place(&child) };
                    self.duplicates.push(duplicate);
                }
                None => {
                    self.stack.swap(kept, at);
                    kept += 1;
                }
            }
        }
        self.stack.truncate(kept);
    }
}

/// Where a key stands, when it was read literally; else where its value stands.
fn key_place(entry: &Entry) -> u32 {
    if entry.flags & KEY_EXTRA == 0 { entry.key } else { entry.origin }
}
