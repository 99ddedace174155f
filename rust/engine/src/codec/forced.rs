//! For tests: lists that are cut otherwise than usual, so that every layout is met in a small segment.
//!
//! **Law**: holds for what the calling thread writes while [`forced`] runs, and for nothing else.

use std::cell::Cell;

use super::codebook::MAX_CODES;
use super::postings::Thresholds;

thread_local! {
    static THRESHOLDS: Cell<Option<Thresholds>> = const { Cell::new(None) };
    static CODES: Cell<usize> = const { Cell::new(MAX_CODES) };
}

/// Runs `write` with these thresholds, if any, and at most so many codes.
pub fn forced<T>(thresholds: Option<Thresholds>, codes: usize, write: impl FnOnce() -> T) -> T {
    let before = (THRESHOLDS.replace(thresholds), CODES.replace(codes));
    let written = write();
    THRESHOLDS.set(before.0);
    CODES.set(before.1);
    written
}

pub(super) fn thresholds() -> Option<Thresholds> {
    THRESHOLDS.get()
}

pub(super) fn codes() -> usize {
    CODES.get()
}
