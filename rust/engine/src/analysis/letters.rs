//! Lower case and folding of the characters below U+0800, each by one look-up.
//!
//! **In**: a word of common letters. **Out**: the same as the general way in [`standard`](super::standard) and [`fold`](super::fold) gives,
//! or nothing when a character needs more than a look-up (marks, letters that become two). **Law**: the table is computed from the general
//! way, character by character, when the first analyzer is made; analysing finds it finished, so no search ever waits for it.

use std::sync::OnceLock;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::fold::fold;
use super::script;

const END: usize = 0x800;

/// The table. 0 stands for what needs more than a look-up.
pub(super) struct Letters {
    lower: [u16; END],
    folded: [u16; END],
}

impl Letters {
    /// The one table of the process.
    pub(super) fn table() -> &'static Self {
        static TABLE: OnceLock<Box<Letters>> = OnceLock::new();
        TABLE.get_or_init(|| {
            let mut letters = Box::new(Self { lower: [0; END], folded: [0; END] });
            let mut out = String::new();
            for c in '\0'..'\u{800}' {
                letters.lower[c as usize] = lower(c).map_or(0, |c| c as u16);
                out.clear();
                fold(c.encode_utf8(&mut [0; 4]), &mut out);
                letters.folded[c as usize] = only(out.chars()).filter(|_| !script::is_accent(c)).map_or(0, |c| c as u16);
            }
            letters
        })
    }

    /// Writes the word in lower case to `out`, if look-ups suffice.
    #[inline]
    pub(super) fn lower(&self, word: &str, out: &mut String) -> bool {
        map(&self.lower, word, out)
    }

    /// Writes the folded word to `out`, if look-ups suffice.
    #[inline]
    pub(super) fn fold(&self, word: &str, out: &mut String) -> bool {
        map(&self.folded, word, out)
    }
}

#[inline]
fn map(table: &[u16; END], word: &str, out: &mut String) -> bool {
    out.clear();
    word.chars().all(|c| match table.get(c as usize) {
        None | Some(0) => false,
        Some(&to) => char::from_u32(u32::from(to)).map(|to| out.push(to)).is_some(),
    })
}

fn only(mut characters: impl Iterator<Item = char>) -> Option<char> {
    characters.next().filter(|&c| (c as usize) < END && characters.next().is_none())
}

/// The lower case of a character whose neighbours do not matter, and which NFC leaves alone among its like.
fn lower(c: char) -> Option<char> {
    let lower = only(c.to_lowercase())?;
    let stays = |c: char| {
        is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes && only(std::iter::once(c).nfc()) == Some(c) && !script::is_accent(c)
    };
    let starts = |c: char| unicode_normalization::char::canonical_combining_class(c) == 0;
    (stays(c) && stays(lower) && starts(lower) && !script::is_invisible(c)).then_some(lower)
}
