//! Runs a program over one segment, window by window.

mod distance;
mod frequency;
mod window;

pub use distance::Centre;
pub use frequency::{PhraseCounter, PhraseWord};
pub use window::{Mask, PLACES, WINDOW, WORDS, Window};
