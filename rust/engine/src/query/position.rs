//! Places in a text as people count them.
//!
//! **Law**: positions in errors and warnings are characters from the start of the text, never bytes, and never beyond its end.

use crate::base::Error;

/// The number of characters before byte `at`, which is moved back to a character's beginning.
pub(super) fn characters(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at.min(text.len()));
    text.get(..at).map_or(0, |before| before.chars().count())
}

/// A refusal of `text` at byte `at`.
pub(super) fn refuse_at(text: &str, at: usize, message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::Query { position: characters(text, at), message: message.into(), hint: Some(hint.into()) }
}

/// A piece of user text, cut for a message.
pub(super) fn clipped(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
