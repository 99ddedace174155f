//! Words: the segments between UAX #29 word boundaries that hold a letter or a digit.
//!
//! **In**: a text. **Out**: byte ranges, ascending. **Law**: the ranges are exactly the default word boundaries of UAX #29 (section 4,
//! no tailoring), before any script is treated apart; a property test holds the fast path to the crate's slow one.
//!
//! Words of letters and digits below U+0800 (Latin, Greek, Cyrillic, Armenian, Arabic…) are found with a table of classes and one
//! character of look-ahead. As soon as any other character touches a word, `unicode-segmentation` is asked for the segment that begins
//! there: its forward iterator keeps no state across a boundary, so it may be entered at any boundary.

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

// Word_Break classes, WordBreakProperty-17.0.0.txt, as far as the fast path knows them.
const OTHER: u8 = 0; // joins nothing, and nothing but Extend, Format and ZWJ joins it
const LETTER: u8 = 1; // ALetter
const DIGIT: u8 = 2; // Numeric
const LOW_LINE: u8 = 4; // ExtendNumLet
const MID_LETTER: u8 = 8; // MidLetter, MidNumLet, Single_Quote: joins letters
const MID_NUM: u8 = 16; // MidNum, MidNumLet, Single_Quote: joins digits
const UPPER: u8 = 32; // a capital of ASCII, set beside LETTER
const BEYOND: u8 = 128; // anything else: the slow path decides
const WORD: u8 = LETTER | DIGIT | LOW_LINE;

const ASCII: [u8; 256] = {
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

/// Letters and digits of two bytes. A test compares them, one by one, with what the slow path does.
const TWO_BYTES: [u8; 0x800] = {
    const LETTERS: [(usize, usize); 34] = [
        (0xaa, 0xaa),
        (0xb5, 0xb5),
        (0xba, 0xba),
        (0xc0, 0xd6),
        (0xd8, 0xf6),
        (0xf8, 0x2c1),
        (0x2c6, 0x2d1),
        (0x370, 0x374),
        (0x376, 0x377),
        (0x37b, 0x37d),
        (0x37f, 0x37f),
        (0x386, 0x386),
        (0x388, 0x38a),
        (0x38c, 0x38c),
        (0x38e, 0x3a1),
        (0x3a3, 0x3f5),
        (0x3f7, 0x481),
        (0x48a, 0x52f),
        (0x531, 0x556),
        (0x560, 0x588),
        (0x620, 0x64a),
        (0x66e, 0x66f),
        (0x671, 0x6d3),
        (0x6d5, 0x6d5),
        (0x6e5, 0x6e6),
        (0x6ee, 0x6ef),
        (0x6fa, 0x6fc),
        (0x6ff, 0x6ff),
        (0x710, 0x710),
        (0x712, 0x72f),
        (0x74d, 0x7a5),
        (0x7b1, 0x7b1),
        (0x7ca, 0x7ea),
        (0x7f4, 0x7f5),
    ];
    let mut class = [BEYOND; 0x800];
    let mut range = 0;
    while range < LETTERS.len() {
        let mut c = LETTERS[range].0;
        while c <= LETTERS[range].1 {
            class[c] = LETTER;
            c += 1;
        }
        range += 1;
    }
    let mut digit = 0;
    while digit < 10 {
        class[0x660 + digit] = DIGIT;
        class[0x6f0 + digit] = DIGIT;
        digit += 1;
    }
    class
};

/// The class and width of the character at `at`; the end of the text is OTHER.
#[inline]
fn class(bytes: &[u8], at: usize) -> (u8, usize) {
    match bytes.get(at) {
        None => (OTHER, 1),
        Some(&byte) if byte < 0x80 => (ASCII[byte as usize], 1),
        Some(&byte) => beyond_ascii(bytes, at, byte),
    }
}

fn beyond_ascii(bytes: &[u8], at: usize, byte: u8) -> (u8, usize) {
    let next = |i: usize| bytes.get(at + i).copied().unwrap_or_default();
    match byte {
        0xc2..=0xdf => (TWO_BYTES[usize::from(byte & 0x1f) << 6 | usize::from(next(1) & 0x3f)], 2),
        // General Punctuation: dashes, quotation marks, dagger, bullet, ellipsis; and the apostrophe.
        0xe2 if next(1) == 0x80 => match next(2) {
            0x90..=0x97 | 0x9a..=0xa3 | 0xa5..=0xa6 => (OTHER, 3),
            0x98..=0x99 => (MID_LETTER | MID_NUM, 3),
            _ => (BEYOND, 3),
        },
        _ => (BEYOND, 1),
    }
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

/// What the fast path found.
enum Fast {
    /// A word ends here, and it holds characters of these classes.
    Word(usize, u8),
    /// A character that it does not know decides.
    Undecided,
}

impl<'a> Words<'a> {
    /// The words of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads the word whose first character (of class `seen`, `width` bytes wide) is at `start`.
    #[inline]
    fn fast(&self, start: usize, mut seen: u8, width: usize) -> Fast {
        let bytes = self.text.as_bytes();
        let mut last = seen;
        let mut at = start + width;
        loop {
            let (next, width) = class(bytes, at);
            if next & WORD != 0 {
                last = next;
                seen |= next;
                at += width;
                continue;
            }
            if next == BEYOND {
                return Fast::Undecided;
            }
            // WB6, WB7, WB11, WB12: one joiner between two letters or between two digits.
            let joined = if last & LETTER != 0 && next & MID_LETTER != 0 {
                LETTER
            } else if last & DIGIT != 0 && next & MID_NUM != 0 {
                DIGIT
            } else {
                return Fast::Word(at, seen);
            };
            let (behind, behind_width) = class(bytes, at + width);
            if behind == BEYOND {
                return Fast::Undecided;
            }
            if behind & joined == 0 {
                return Fast::Word(at, seen);
            }
            last = behind;
            seen |= behind;
            at += width + behind_width;
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
            let (first, width) = class(bytes, start);
            if first & WORD != 0 {
                if let Fast::Word(end, seen) = self.fast(start, first, width) {
                    self.at = end;
                    if seen & (LETTER | DIGIT) != 0 {
                        let ascii = bytes[start..end].is_ascii();
                        return Some(Word { start, end, ascii, cased: !ascii || seen & UPPER != 0 });
                    }
                    continue;
                }
            } else if first != BEYOND {
                // Nothing that begins like this is a word, unless a character that the table does not know attaches itself to it.
                // Spaces stay together (WB3d), so all of them are handed over with it.
                let mut end = start + width;
                if byte == b' ' {
                    while bytes.get(end) == Some(&b' ') {
                        end += 1;
                    }
                }
                if class(bytes, end).0 != BEYOND || self.text[end..].chars().next().is_some_and(begins_word) {
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

/// Whether there is certainly a boundary before this character when a character of the table that belongs to no word stands there: not for
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_two_byte_letters_says_what_the_standard_does() {
        let whole = |text: String| text.split_word_bounds().count() == 1;
        for c in ('\u{80}'..'\u{800}').chain('\u{2000}'..'\u{2030}') {
            let attaches = whole(format!("+{c}")); // Extend, Format, ZWJ
            let letter = !attaches && whole(format!("a:{c}")) && whole(format!("{c}:a")) && !whole(format!("{c}\'"));
            let digit = !attaches && whole(format!("1,{c}")) && whole(format!("{c},1"));
            let joins = !attaches && whole(format!("a{c}a")) && whole(format!("1{c}1")) && !whole(format!("a{c}"));
            let alone = !attaches && !whole(format!("{c}a")) && !whole(format!("a{c}a")) && !whole(format!("1{c}1"));
            let text = c.to_string();
            match class(text.as_bytes(), 0) {
                (LETTER, _) => assert!(letter && c.is_alphanumeric() && !is_combining_mark(c), "{c:?}"),
                (DIGIT, _) => assert!(digit && c.is_alphanumeric(), "{c:?}"),
                (OTHER, width) => assert!(alone && width == text.len() && !c.is_alphanumeric(), "{c:?}"),
                (BEYOND, _) => {}
                (_, width) => assert!(joins && width == text.len(), "{c:?}"),
            }
        }
    }
}
