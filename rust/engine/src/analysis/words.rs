//! Words: the segments between UAX #29 word boundaries that hold a letter or a digit.
//!
//! **In**: a text. **Out**: byte ranges, ascending. **Law**: the ranges are exactly the default word boundaries of UAX #29 (section 4,
//! no tailoring), before any script is treated apart; a property test holds the fast path to the crate's slow one.
//!
//! Words of ASCII letters are found with a table of classes and one byte of look-ahead. As soon as a byte at or above 0x80 touches a
//! word, `unicode-segmentation` is asked for the segment that begins there: its forward iterator keeps no state across a boundary, so
//! it may be entered at any boundary.

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

// Word_Break classes of the ASCII range, WordBreakProperty-16.0.0.txt.
const OTHER: u8 = 0;
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const LOW_LINE: u8 = 4; // ExtendNumLet
const MID_LETTER: u8 = 8; // MidLetter, MidNumLet, Single_Quote: joins letters
const MID_NUM: u8 = 16; // MidNum, MidNumLet, Single_Quote: joins digits
const UPPER: u8 = 32; // set beside LETTER
const BEYOND: u8 = 128; // not ASCII
const WORD: u8 = LETTER | DIGIT | LOW_LINE;

const CLASS: [u8; 256] = {
    let mut class = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'a'..=b'z' => LETTER,
            b'A'..=b'Z' => LETTER | UPPER,
            b'0'..=b'9' => DIGIT,
            b'_' => LOW_LINE,
            b':' => MID_LETTER,
            b',' | b';' => MID_NUM,
            b'.' | b'\'' => MID_LETTER | MID_NUM,
            0x80.. => BEYOND,
            _ => OTHER,
        };
        byte += 1;
    }
    class
};

#[inline]
fn class(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).map_or(OTHER, |&byte| CLASS[byte as usize])
}

/// What a word is made of, as far as later steps want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// First byte.
    pub start: usize,
    /// Byte behind the last one.
    pub end: usize,
    /// Whether all of it is ASCII.
    pub ascii: bool,
    /// Whether it may hold something other than its own lower case: false only for ASCII without capitals.
    pub cased: bool,
}

impl Word {
    fn of(start: usize, segment: &str) -> Self {
        let ascii = segment.is_ascii();
        let cased = !ascii || segment.bytes().any(|byte| byte.is_ascii_uppercase());
        Self { start, end: start + segment.len(), ascii, cased }
    }
}

/// The words of a text, in order.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    text: &'a str,
    at: usize,
}

enum Ascii {
    /// A word ends here, and it holds characters of these classes.
    Word(usize, u8),
    /// A character beyond ASCII decides.
    Undecided,
}

impl<'a> Words<'a> {
    /// The words of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads the ASCII word whose first byte (of class `seen`) is at `start`.
    #[inline]
    fn ascii(&self, start: usize, mut seen: u8) -> Ascii {
        let bytes = self.text.as_bytes();
        let mut last = seen;
        let mut at = start + 1;
        loop {
            let next = class(bytes, at);
            if next & WORD != 0 {
                last = next;
                seen |= next;
                at += 1;
                continue;
            }
            if next == BEYOND {
                return Ascii::Undecided;
            }
            // WB6, WB7, WB11, WB12: one joiner between two letters or between two digits.
            let joined = if last & LETTER != 0 && next & MID_LETTER != 0 {
                LETTER
            } else if last & DIGIT != 0 && next & MID_NUM != 0 {
                DIGIT
            } else {
                return Ascii::Word(at, seen);
            };
            let behind = class(bytes, at + 1);
            if behind == BEYOND {
                return Ascii::Undecided;
            }
            if behind & joined == 0 {
                return Ascii::Word(at, seen);
            }
            last = behind;
            seen |= behind;
            at += 2;
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    #[inline]
    fn next(&mut self) -> Option<Word> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            let start = self.at;
            let first = CLASS[byte as usize];
            if first & WORD != 0 {
                if let Ascii::Word(end, seen) = self.ascii(start, first) {
                    self.at = end;
                    if seen & (LETTER | DIGIT) != 0 {
                        return Some(Word { start, end, ascii: true, cased: seen & UPPER != 0 });
                    }
                    continue;
                }
            } else if first != BEYOND {
                // Nothing that begins like this is a word, unless a character beyond ASCII attaches itself to it. Spaces stay
                // together (WB3d), so all of them are handed over with it.
                let mut end = start + 1;
                if byte == b' ' {
                    while bytes.get(end) == Some(&b' ') {
                        end += 1;
                    }
                }
                if class(bytes, end) != BEYOND || self.text[end..].chars().next().is_some_and(begins_word) {
                    self.at = end;
                    continue;
                }
            }
            let segment = self.text[start..].split_word_bounds().next().unwrap_or_default();
            self.at = start + segment.len().max(1);
            if holds_alphanumeric(segment) {
                return Some(Word::of(start, segment));
            }
        }
        None
    }
}

/// Whether there is certainly a boundary before this character when an ASCII character that belongs to no word stands there: not for
/// Extend, Format, ZWJ (WB4), which attach themselves to it.
#[inline]
fn begins_word(c: char) -> bool {
    c.is_alphabetic() && !is_combining_mark(c) && !matches!(c, '\u{ff9e}'..='\u{ff9f}')
}

/// Whether a segment is a word: it holds a letter or digit that is not a mark.
fn holds_alphanumeric(segment: &str) -> bool {
    segment.chars().any(|c| c.is_alphanumeric() && (c.is_ascii() || !is_combining_mark(c)))
}

/// The slow twin of [`Words`]: every boundary from `unicode-segmentation`.
pub fn words_of_the_standard(text: &str) -> impl Iterator<Item = Word> {
    text.split_word_bound_indices().filter(|(_, segment)| holds_alphanumeric(segment)).map(|(start, segment)| Word::of(start, segment))
}
