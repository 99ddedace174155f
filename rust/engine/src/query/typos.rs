//! When a word of a query stands for the words that are nearly it.
//!
//! **In**: a configuration's policy; words that a text has become. **Out**: [`GuessSlot`]s, of which the planner, who knows the index, makes
//! words or words with typos. **Law**: only plain words are guessed at: not phrases, values, beginnings, words with an edit distance of
//! their own, and words with synonyms. The length of a word is that of its shortest term among the fields.

use super::bound::{Bound, GuessSlot, Slot};

/// For which words what is near is searched too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TypoWhen {
    /// None.
    #[default]
    Never,
    /// Those that no document has in any of the fields.
    Missing,
    /// Those that only few documents have.
    Few,
    /// All.
    Always,
}

/// The policy of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typos {
    /// For which words.
    pub when: TypoWhen,
    /// How many documents are few.
    pub few: u64,
    /// Letters from which a word may have one typo.
    pub one: u8,
    /// Letters from which it may have two.
    pub two: u8,
}

impl Default for Typos {
    fn default() -> Self {
        Self { when: TypoWhen::Never, few: 5, one: 4, two: 8 }
    }
}

impl Typos {
    /// Typos that a word of so many letters may have.
    #[must_use]
    pub fn of(&self, letters: usize) -> u8 {
        u8::from(letters >= usize::from(self.one)) + u8::from(letters >= usize::from(self.two))
    }

    /// A word, as one that is guessed at where the policy says so.
    pub(super) fn guess(&self, slot: Bound) -> Bound {
        match slot {
            Bound::Slot(Slot { clauses, boost }) => {
                let letters = clauses.iter().map(|clause| String::from_utf8_lossy(&clause.term).chars().count()).min();
                match self.of(letters.unwrap_or_default()) {
                    0 => Bound::Slot(Slot { clauses, boost }),
                    distance => Bound::Guess(GuessSlot { clauses, boost, distance, when: self.when, few: self.few }),
                }
            }
            other => other,
        }
    }
}
