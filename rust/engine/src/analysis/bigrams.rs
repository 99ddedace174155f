//! Runs of Han, kana, Hangul and Thai become overlapping pairs of characters.
//!
//! **In**: a text and the place of a run in it. **Out**: tokens. **Law**: the run is brought to NFC first, glyph selectors are left out,
//! then character *i* of *n* stands at position *p + i*: in the index with itself and with its right neighbour, in a query with its
//! right neighbour only; a run of a single character is that character in both. The next word stands at *p + n* in both, so phrases
//! across runs and words agree. Offsets are those of the characters before normalisation.
//!
//! The single characters cost postings; they make a query of one character an ordinary term with its own frequency, instead of a scan
//! of the dictionary whose score would mean something else.

use unicode_normalization::UnicodeNormalization;

use super::Token;
use super::script::{self, Run};
use super::standard::Mode;

/// A character of the normalised run and the bytes it came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    c: char,
    start: u32,
    end: u32,
}

/// First byte at or behind `from` at which a run begins, with its script.
pub(super) fn next_run(text: &str, from: usize) -> Option<(usize, Run)> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        // No character of a run has a lead byte below 0xE0; continuation bytes are below it too.
        at += bytes[at..].iter().position(|&byte| byte >= 0xe0)?;
        let c = text[at..].chars().next()?;
        if let Some(run) = script::run(c) {
            return Some((at, run));
        }
        at += c.len_utf8();
    }
    None
}

/// Byte behind the run that begins at `start`.
pub(super) fn end_of_run(text: &str, start: usize, run: Run) -> usize {
    let rest = &text[start..];
    start + rest.find(|c| script::run(c) != Some(run) && !script::selects_glyph(c)).unwrap_or(rest.len())
}

/// Emits the tokens of the run `text[start..end]` and returns the position behind it.
pub(super) fn emit(
    text: &str,
    (start, end): (usize, usize),
    mode: Mode,
    position: u32,
    units: &mut Vec<Unit>,
    pair: &mut String,
    sink: &mut dyn FnMut(Token<'_>),
) -> u32 {
    split(text, start, end, units);
    if !units.iter().any(|unit| unit.c.is_alphanumeric()) {
        return position;
    }
    for (i, unit) in units.iter().enumerate() {
        let position = position + i as u32;
        pair.clear();
        pair.push(unit.c);
        if mode == Mode::Index || units.len() == 1 {
            sink(Token { text: pair, position, start: unit.start, end: unit.end });
        }
        if let Some(next) = units.get(i + 1) {
            pair.push(next.c);
            sink(Token { text: pair, position, start: unit.start, end: next.end });
        }
    }
    position + units.len() as u32
}

/// The characters of the run in NFC. What may recompose is normalised together with the character it stands behind, and each
/// character of the result gets the bytes of the whole group.
fn split(text: &str, start: usize, end: usize, units: &mut Vec<Unit>) {
    units.clear();
    let mut group = start; // first byte of the characters that are normalised together
    let mut recomposes = false;
    let mut close = |from: usize, to: usize, recomposes: bool| {
        let place = |c| Unit { c, start: from as u32, end: to as u32 };
        let characters = text[from..to].chars().filter(|&c| !script::selects_glyph(c));
        if recomposes { units.extend(characters.nfc().map(place)) } else { units.extend(characters.map(place)) }
    };
    for (i, c) in text[start..end].char_indices() {
        let at = start + i;
        let joins = script::joins(c);
        if at > start && !joins {
            close(group, at, recomposes);
            group = at;
            recomposes = false;
        }
        recomposes |= script::recomposes(c);
    }
    close(group, end, recomposes);
}
