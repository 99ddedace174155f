//! Which script a character belongs to, as far as analysis treats scripts apart.
//!
//! **Law**: the ranges decide stored terms; changing one is a change of the file format. Source: Unicode 17.0 `Scripts.txt` and
//! `ScriptExtensions.txt`; unassigned code points inside a block are counted to it where that makes the ranges simpler.

/// A script whose runs have no spaces between words and become bigrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Han, kana and Hangul, mixed as Japanese and Korean mix them.
    Cjk,
    /// Thai letters, vowels and tone marks, not its digits.
    Thai,
}

/// The run a character can stand in.
#[inline]
pub(super) fn run(c: char) -> Option<Run> {
    match c {
        '\0'..='\u{e00}' => None,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' => Some(Run::Thai),
        '\u{1100}'..='\u{11ff}'                                  // Hangul Jamo
        | '\u{3005}' | '\u{3007}' | '\u{3021}'..='\u{3029}'      // Han: iteration mark, zero, Hangzhou numerals
        | '\u{3031}'..='\u{3035}' | '\u{3038}'..='\u{303b}'      // vertical repeat marks of kana; Han
        | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309a}' | '\u{309d}'..='\u{309f}' // Hiragana and its combining voice marks
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'      // Katakana with the prolonged sound mark, not the middle dot
        | '\u{3131}'..='\u{318e}' | '\u{31f0}'..='\u{31ff}'      // Hangul Compatibility Jamo; Katakana extensions
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'      // Han
        | '\u{a960}'..='\u{a97c}' | '\u{ac00}'..='\u{d7a3}' | '\u{d7b0}'..='\u{d7fb}' // Hangul
        | '\u{f900}'..='\u{fad9}'                                // Han, compatibility
        | '\u{ff66}'..='\u{ff9f}' | '\u{ffa0}'..='\u{ffdc}'      // half-width Katakana and Hangul
        | '\u{1aff0}'..='\u{1affe}' | '\u{1b000}'..='\u{1b167}'  // kana supplements
        | '\u{20000}'..='\u{3fffd}' => Some(Run::Cjk),           // Han, planes 2 and 3
        _ => None,
    }
}

/// Variation selectors and joiners: they choose a glyph inside a run and are no part of its terms.
#[inline]
pub(super) fn selects_glyph(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether NFC may change a character of a run, or join it with the one before.
#[inline]
pub(super) fn recomposes(c: char) -> bool {
    joins(c) || matches!(c, '\u{1100}'..='\u{115f}' | '\u{f900}'..='\u{fad9}' | '\u{2f800}'..='\u{2fa1d}')
}

/// Whether a character of a run may join, or change places with, the one before it under NFC: Thai marks with a combining class,
/// vowels and finals of Hangul Jamo, voice marks of kana; and glyph selectors, which belong to what they stand behind.
#[inline]
pub(super) fn joins(c: char) -> bool {
    matches!(c, '\u{e38}'..='\u{e3a}' | '\u{e48}'..='\u{e4b}' | '\u{1160}'..='\u{11ff}' | '\u{3099}'..='\u{309a}') || selects_glyph(c)
}

/// Scripts whose letters are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folded {
    Latin,
    Greek,
    Cyrillic,
}

/// The folded script of a letter (its base, if it carries marks).
#[inline]
pub(super) fn folded(c: char) -> Option<Folded> {
    match c {
        'A'..='Z'
        | 'a'..='z'
        | '\u{aa}'
        | '\u{ba}'
        | '\u{c0}'..='\u{d6}'
        | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2b8}'
        | '\u{1d00}'..='\u{1d25}'
        | '\u{1d6b}'..='\u{1d77}'
        | '\u{1d79}'..='\u{1d9a}'
        | '\u{1e00}'..='\u{1eff}'
        | '\u{212a}'..='\u{212b}'
        | '\u{2c60}'..='\u{2c7f}'
        | '\u{a722}'..='\u{a787}'
        | '\u{a78b}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{ab64}'
        | '\u{fb00}'..='\u{fb06}'
        | '\u{ff21}'..='\u{ff3a}'
        | '\u{ff41}'..='\u{ff5a}' => Some(Folded::Latin),
        '\u{370}'..='\u{373}'
        | '\u{376}'..='\u{37d}'
        | '\u{37f}'..='\u{3e1}'
        | '\u{3f0}'..='\u{3ff}'
        | '\u{1f00}'..='\u{1ffe}'
        | '\u{2126}' => Some(Folded::Greek),
        '\u{400}'..='\u{481}' | '\u{48a}'..='\u{52f}' | '\u{1c80}'..='\u{1c8a}' | '\u{a640}'..='\u{a66e}' | '\u{a680}'..='\u{a69b}' => {
            Some(Folded::Cyrillic)
        }
        _ => None,
    }
}

/// Combining marks that folding removes behind a letter of a folded script. Marks of other scripts are not among them.
#[inline]
pub(super) fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{a66f}'..='\u{a672}' | '\u{fe20}'..='\u{fe2f}')
}

/// Invisible formatting that may stand inside a word and means nothing there: soft hyphen, direction marks, word joiner, byte order
/// mark, variation selectors. The joiners U+200C and U+200D stay: they spell words in Persian and Indic scripts.
#[inline]
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}
