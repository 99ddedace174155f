//! A document map as small as it can be, for the one lookup a posting that a merge makes.
//!
//! **Law**: says what the [`DocMap`] says. A source whose documents are all kept and follow one another needs a number; one with dropped
//! documents a bit each and ranks, which stay in the nearest caches where a table would not; only a permutation needs the table.

use crate::base::DocId;
use crate::codec::bitmaps::{self, PresenceBitmap};
use crate::segment::DocMap;

/// Where documents go.
#[derive(Debug)]
pub(super) enum Route<'a> {
    /// All, in order: `base` more.
    Shift { base: u32, len: u32 },
    /// The living, in order: from `base` on, by rank.
    Ranked { base: u32, len: u32, bitmap: Vec<u8> },
    /// Anywhere.
    Table(&'a DocMap),
}

impl<'a> Route<'a> {
    /// The smallest form of a map.
    pub fn of(map: &'a DocMap) -> Self {
        let len = map.len();
        let mut kept = (0..len).filter_map(|old| Some((old, map.get(DocId(old))?.0)));
        let Some((first, base)) = kept.next() else { return Self::Table(map) };
        let mut docs = vec![first];
        for (old, new) in kept {
            if new.checked_sub(base) != Some(docs.len() as u32) {
                return Self::Table(map);
            }
            docs.push(old);
        }
        if docs.len() == len as usize {
            return Self::Shift { base, len };
        }
        let mut bitmap = Vec::with_capacity(bitmaps::written_len(len));
        bitmaps::write(&mut bitmap, &docs, len);
        Self::Ranked { base, len, bitmap }
    }

    /// Looks documents up.
    pub fn lookup(&self) -> Lookup<'_> {
        match self {
            Self::Shift { base, len } => Lookup::Shift { base: *base, len: *len },
            Self::Ranked { base, len, bitmap } => Lookup::Ranked { base: *base, bitmap: PresenceBitmap::read(bitmap, *len) },
            Self::Table(map) => Lookup::Table(map),
        }
    }
}

/// A [`Route`] ready for lookups.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lookup<'a> {
    Shift { base: u32, len: u32 },
    Ranked { base: u32, bitmap: Option<PresenceBitmap<'a>> },
    Table(&'a DocMap),
}

impl Lookup<'_> {
    /// The new number of a document; `None` when it is dropped.
    #[inline]
    pub fn get(&self, old: u32) -> Option<u32> {
        match self {
            Self::Shift { base, len } => (old < *len).then(|| base + old),
            Self::Ranked { base, bitmap } => Some(base + bitmap.as_ref()?.find(old)?),
            Self::Table(map) => map.get(DocId(old)).map(|new| new.0),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_route_says_what_its_map_says(len in 0u32..900, base in 0u32..50, keep in 1u32..5, swapped: bool) {
            let mut map = DocMap::dropped(len);
            let kept: Vec<u32> = (0..len).filter(|old| keep == 1 || !old.is_multiple_of(keep)).collect();
            for (at, old) in kept.iter().enumerate() {
                let new = if swapped { kept.len() - 1 - at } else { at };
                map.set(DocId(*old), DocId(base + new as u32));
            }
            let route = Route::of(&map);
            prop_assert_eq!(matches!(route, Route::Table(_)), kept.is_empty() || (swapped && kept.len() > 1));
            for old in 0..len + 70 {
                prop_assert_eq!(route.lookup().get(old), map.get(DocId(old)).map(|new| new.0));
            }
        }
    }
}
