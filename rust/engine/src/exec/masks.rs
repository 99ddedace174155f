//! Which documents of a segment may be found at all.
//!
//! **In**: bit sets of a segment. **Out**: answers by document and by window. **Law**: a document may be found when each set that is there
//! has it. Sets are not joined beforehand: a query looks at few documents.

use super::window::Mask;

/// Sets of documents, each of 64-bit words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Masks<'a> {
    /// Those that live.
    pub live: Option<&'a [u64]>,
    /// Those that pass a filter.
    pub filter: Option<&'a [u64]>,
    /// Those that satisfy the conditions of the query.
    pub wanted: Option<&'a [u64]>,
}

impl Masks<'_> {
    /// Whether all documents may.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.live.is_none() && self.filter.is_none() && self.wanted.is_none()
    }

    /// About how many of `docs` documents may, as a share: what a few words, evenly spread, say. Never 0.
    #[must_use]
    pub fn density(&self, docs: u32) -> f64 {
        const LOOKS: usize = 32;
        let share = |bits: Option<&[u64]>| {
            let Some(bits) = bits.filter(|bits| !bits.is_empty()) else { return 1.0 };
            let set: u32 = (0..LOOKS).map(|look| bits.get(look * bits.len() / LOOKS).map_or(0, |word| word.count_ones())).sum();
            let seen = (LOOKS as u32 * 64).min(docs.max(1));
            (f64::from(set) / f64::from(seen)).clamp(0.5 / f64::from(seen), 1.0)
        };
        share(self.live) * share(self.filter) * share(self.wanted)
    }

    /// Whether a document may.
    #[inline]
    #[must_use]
    pub fn has(&self, doc: u32) -> bool {
        let has = |bits: Option<&[u64]>| match bits {
            None => true,
            Some(bits) => bits.get(doc as usize / 64).is_some_and(|word| word >> (doc % 64) & 1 == 1),
        };
        has(self.live) && has(self.filter) && has(self.wanted)
    }

    /// Those of the 64 documents from `from` on, a multiple of 64.
    #[inline]
    #[must_use]
    pub fn word(&self, from: u32) -> u64 {
        let word = |bits: Option<&[u64]>| bits.map_or(u64::MAX, |bits| bits.get(from as usize / 64).copied().unwrap_or(0));
        word(self.live) & word(self.filter) & word(self.wanted)
    }

    /// Those of the window from `from` on; none when all may.
    #[must_use]
    pub fn window(&self, from: u32) -> Option<Mask> {
        let mut sets = [self.live, self.filter, self.wanted].into_iter().flatten();
        let mut mask = Mask::of_words(sets.next()?, from);
        sets.for_each(|set| mask.intersect(&Mask::of_words(set, from)));
        Some(mask)
    }
}
