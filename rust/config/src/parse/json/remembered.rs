//! Keys of the tables before: tables of one kind follow one another, and comparing a key is cheaper than scanning it.
//!
//! **In**: the keys of tables, by depth and position, as they are read. **Out**: the key that stood there last, and whether the keys of a table
//! are known to differ from one another. **Law**: a key that is remembered stands literally in the text; of the keys of a depth, those before
//! `distinct` were all in one table that had none twice, and none of them was replaced since.

use crate::document::build::Key;

/// Positions in a table whose keys are remembered.
const POSITIONS: usize = 16;

/// The keys.
#[derive(Default)]
pub(super) struct RememberedKeys {
    keys: Vec<Key>,
    /// By depth, how many keys from the first on differ.
    distinct: Vec<usize>,
}

impl RememberedKeys {
    /// The key that stood at a position of the table before; an empty one when none is remembered.
    #[inline(always)]
    pub fn at(&self, depth: usize, position: usize) -> Key {
        self.keys.get(depth * POSITIONS + position).copied().filter(|_| position < POSITIONS).unwrap_or_default()
    }

    /// Another key stands there now; an empty one for a key that stands nowhere literally.
    #[inline]
    pub fn remember(&mut self, depth: usize, position: usize, key: Key) {
        if position >= POSITIONS {
            return;
        }
        let slot = depth * POSITIONS + position;
        if self.keys.len() <= slot {
            self.keys.resize((depth + 1) * POSITIONS, Key::default());
        }
        if let Some(place) = self.keys.get_mut(slot) {
            *place = key;
        }
        if let Some(distinct) = self.distinct.get_mut(depth) {
            *distinct = position.min(*distinct);
        }
    }

    /// Whether the first `len` keys of a depth are known to differ.
    #[inline]
    pub fn are_distinct(&self, depth: usize, len: usize) -> bool {
        self.distinct.get(depth).is_some_and(|distinct| len <= *distinct)
    }

    /// A table of `len` keys closed and had none twice.
    pub fn differ(&mut self, depth: usize, len: usize) {
        if self.distinct.len() <= depth {
            self.distinct.resize(depth + 1, 0);
        }
        let literal = self.keys.iter().skip(depth * POSITIONS).take(len.min(POSITIONS)).take_while(|key| key.len > 0).count();
        if let Some(distinct) = self.distinct.get_mut(depth) {
            *distinct = literal;
        }
    }
}
