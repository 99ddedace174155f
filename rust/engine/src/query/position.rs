//! Places in a text as people count them.
//!
//! **Law**: positions in errors and warnings are characters from the start of the text, never bytes, and never beyond its end.

use crate::base::Error;

/// The text before byte `at`, which is moved back to a character's beginning.
pub(super) fn start_of(text: &str, at: usize) -> &str {
    let mut end = at.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The number of characters before byte `at`.
pub(super) fn characters(text: &str, at: usize) -> usize {
    start_of(text, at).chars().count()
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
