//! 4,096 documents at a time: which of them match, and with what score.
//!
//! **In**: documents as places in the window. **Out**: a [`Mask`] and, when something scored, one integer a place. **Law**: a place
//! that is not in the mask has score 0, always; so sums and maxima need no test, and a union of scores is a plain addition of arrays.

/// Documents of a window.
pub const WINDOW: u32 = 4096;
/// The same as an array length.
pub const PLACES: usize = WINDOW as usize;
/// 64-bit words of a mask.
pub const WORDS: usize = PLACES / 64;

/// A set of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask(pub [u64; WORDS]);

impl Mask {
    /// No place.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// The first `count` places.
    #[must_use]
    pub fn first(count: u32) -> Self {
        let mut mask = Self::EMPTY;
        for (i, word) in mask.0.iter_mut().enumerate() {
            let here = count.saturating_sub(i as u32 * 64).min(64);
            *word = if here == 64 { u64::MAX } else { (1 << here) - 1 };
        }
        mask
    }

    /// Whether no place is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().fold(0, |all, word| all | word) == 0
    }

    /// How many places are in it.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Adds a place; numbers beyond the window wrap.
    #[inline]
    pub fn insert(&mut self, place: usize) {
        let place = place % PLACES;
        self.0[place / 64] |= 1 << (place % 64);
    }

    /// Whether a place is in it; numbers beyond the window wrap.
    #[inline]
    #[must_use]
    pub fn contains(&self, place: usize) -> bool {
        let place = place % PLACES;
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    /// Keeps what is in `other` too.
    pub fn intersect(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }

    /// Adds what is in `other`.
    pub fn unite(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    /// Removes what is in `other`.
    pub fn subtract(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= !b);
    }

    /// The places, ascending.
    #[inline]
    pub fn for_each(&self, mut visit: impl FnMut(usize)) {
        for (i, &word) in self.0.iter().enumerate() {
            let mut rest = word;
            while rest != 0 {
                visit(i * 64 + rest.trailing_zeros() as usize);
                rest &= rest - 1;
            }
        }
    }

    /// The words of `bits` from document `from` on (a multiple of 64), zero beyond their end.
    #[must_use]
    pub fn of_words(bits: &[u64], from: u32) -> Self {
        let mut mask = Self::EMPTY;
        let rest = bits.get(from as usize / 64..).unwrap_or_default();
        mask.0.iter_mut().zip(rest).for_each(|(word, bits)| *word = *bits);
        mask
    }
}

/// The matches of one node of a program in the current window.
#[derive(Clone)]
pub struct Window {
    /// Which places match.
    pub mask: Mask,
    /// Whether `scores` may hold anything but zeros.
    pub scored: bool,
    /// A score a place.
    pub scores: Box<[i64; PLACES]>,
}

impl Default for Window {
    fn default() -> Self {
        // Made on the heap: an array of this size has no business on the stack.
        let scores = vec![0; PLACES].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; PLACES]));
        Self { mask: Mask::EMPTY, scored: false, scores }
    }
}

impl Window {
    /// Nothing matches.
    pub fn clear(&mut self) {
        self.mute();
        self.mask = Mask::EMPTY;
    }

    /// All scores become 0.
    pub fn mute(&mut self) {
        if self.scored {
            for (word, lanes) in self.mask.0.iter().zip(self.scores.chunks_exact_mut(64)) {
                if *word != 0 {
                    lanes.fill(0);
                }
            }
            self.scored = false;
        }
    }

    /// All matches score this.
    pub fn set(&mut self, score: i64) {
        self.mute();
        if score != 0 {
            self.scored = true;
            let scores = &mut self.scores;
            self.mask.for_each(|place| scores[place] = score);
        }
    }

    /// A match that adds `score`.
    #[inline]
    pub fn add(&mut self, place: usize, score: i64) {
        let place = place % PLACES;
        self.mask.insert(place);
        self.scores[place] += score;
    }

    /// A match with at least `score`.
    #[inline]
    pub fn raise(&mut self, place: usize, score: i64) {
        let place = place % PLACES;
        self.mask.insert(place);
        self.scores[place] = self.scores[place].max(score);
    }

    /// Also what `other` matches; scores add up.
    pub fn unite(&mut self, other: &Self) {
        if other.scored {
            self.add_scores(other);
        }
        self.mask.unite(&other.mask);
    }

    /// Only what `other` matches too; scores add up.
    pub fn intersect(&mut self, other: &Self) {
        self.keep(&other.mask);
        self.boost_by(other);
    }

    /// The same matches; those that `other` matches too get its score on top.
    pub fn boost_by(&mut self, other: &Self) {
        if other.scored {
            self.add_scores(other);
            self.zero_outside();
        }
    }

    /// Only places of `mask`.
    pub fn keep(&mut self, mask: &Mask) {
        self.mask.intersect(mask);
        if self.scored {
            self.zero_outside();
        }
    }

    /// Only places outside of `mask`.
    pub fn remove(&mut self, mask: &Mask) {
        self.mask.subtract(mask);
        if self.scored {
            self.zero_outside();
        }
    }

    fn add_scores(&mut self, other: &Self) {
        let lanes = self.scores.chunks_exact_mut(64).zip(other.scores.chunks_exact(64));
        for (word, (mine, theirs)) in other.mask.0.iter().zip(lanes) {
            if *word != 0 {
                mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
            }
        }
        self.scored = true;
    }

    /// Restores the law after the mask has shrunk or scores were added beyond it.
    fn zero_outside(&mut self) {
        for (&word, lanes) in self.mask.0.iter().zip(self.scores.chunks_exact_mut(64)) {
            match word {
                0 => lanes.fill(0),
                u64::MAX => {}
                _ => lanes.iter_mut().enumerate().for_each(|(i, score)| *score *= (word >> i & 1) as i64),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Twin = BTreeMap<usize, i64>;

    fn window(pairs: &[(usize, i64)], scored: bool) -> (Window, Twin) {
        let (mut window, mut twin) = (Window { scored, ..Window::default() }, Twin::new());
        for &(place, score) in pairs {
            let score = if scored { score } else { 0 };
            window.add(place, score);
            *twin.entry(place).or_default() += score;
        }
        (window, twin)
    }

    fn check(window: &Window, twin: &Twin) {
        let mut seen = Twin::new();
        window.mask.for_each(|place| {
            seen.insert(place, window.scores[place]);
        });
        assert_eq!(&seen, twin);
        assert_eq!(window.mask.count() as usize, twin.len());
        assert!(window.scores.iter().enumerate().all(|(i, &s)| s == 0 || (window.mask.contains(i) && window.scored)));
    }

    proptest! {
        #[test]
        fn windows_behave_like_maps(
            a in prop::collection::vec((0usize..PLACES, 0i64..100), 0..300),
            b in prop::collection::vec((0usize..PLACES, 0i64..100), 0..300),
            dense in 0usize..200, scored in any::<(bool, bool)>(),
        ) {
            let a: Vec<_> = a.into_iter().chain((0..dense).map(|i| (i, 7))).collect();
            let ((a, twin_a), (b, twin_b)) = (window(&a, scored.0), window(&b, scored.1));
            let apply = |f: &dyn Fn(&mut Window)| { let mut w = a.clone(); f(&mut w); w };
            let with = |place: &usize, score: &i64| (*place, score + twin_b.get(place).unwrap_or(&0));

            let mut union = twin_b.clone();
            twin_a.iter().for_each(|(&place, score)| *union.entry(place).or_default() += score);
            check(&apply(&|w| w.unite(&b)), &union);
            check(&apply(&|w| w.intersect(&b)), &twin_a.iter().filter(|(p, _)| twin_b.contains_key(p)).map(|(p, s)| with(p, s)).collect());
            check(&apply(&|w| w.boost_by(&b)), &twin_a.iter().map(|(p, s)| with(p, s)).collect());
            check(&apply(&|w| w.keep(&b.mask)), &twin_a.iter().filter(|(p, _)| twin_b.contains_key(p)).map(|(p, s)| (*p, *s)).collect());
            check(&apply(&|w| w.remove(&b.mask)), &twin_a.iter().filter(|(p, _)| !twin_b.contains_key(p)).map(|(p, s)| (*p, *s)).collect());
            check(&apply(&|w| w.set(9)), &twin_a.keys().map(|p| (*p, 9)).collect());
            check(&apply(&|w| w.mute()), &twin_a.keys().map(|p| (*p, 0)).collect());
            check(&apply(&|w| w.clear()), &Twin::new());
        }

        #[test]
        fn the_first_places_are_a_prefix(count in 0u32..5000) {
            let mask = Mask::first(count);
            prop_assert_eq!(mask.count(), count.min(WINDOW));
            prop_assert_eq!(mask.contains(count.min(WINDOW - 1) as usize), count >= WINDOW);
        }
    }
}
