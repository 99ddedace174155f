//! What a lenient reading has to say, and what makes a strict one fail.
//!
//! **Law**: there is one list of problems for both modes: lenient collects them (the first [`MOST`], then a count), strict refuses the
//! first. So a text that strict accepts gives no warnings, and the other way round.

use std::fmt;

use serde::Serialize;

use super::position::characters;
use crate::base::{Error, Result};

/// Most warnings of one text.
pub(super) const MOST: usize = 20;

/// How a query string is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParseMode {
    /// Any text is a query; what cannot be understood is searched as text, and said in a warning.
    #[default]
    Lenient,
    /// The first thing that lenient would warn of is an error.
    Strict,
}

/// Something in a query that was not taken as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Characters from the start of the text.
    pub position: usize,
    /// What is wrong, and what was done.
    pub message: String,
    /// How to repair it.
    pub hint: Option<String>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {}: {}", self.position, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// Collects or refuses problems of one text.
pub(super) struct Problems<'a> {
    text: &'a str,
    mode: ParseMode,
    warnings: Vec<Warning>,
    more: usize,
}

impl<'a> Problems<'a> {
    pub fn new(text: &'a str, mode: ParseMode) -> Self {
        Self { text, mode, warnings: Vec::new(), more: 0 }
    }

    /// Lenient: a warning. Strict: the error.
    pub fn add(&mut self, at: usize, message: impl Into<String>, hint: impl Into<String>) -> Result<()> {
        if self.are_full() {
            return Ok(()); // no position: counting characters for each would make work quadratic
        }
        let (position, message, hint) = (characters(self.text, at), message.into(), Some(hint.into()));
        if self.mode == ParseMode::Strict {
            return Err(Error::Query { position, message, hint });
        }
        self.warnings.push(Warning { position, message, hint });
        Ok(())
    }

    /// Whether this problem is only counted; if so it has been.
    pub fn are_full(&mut self) -> bool {
        let full = self.mode == ParseMode::Lenient && self.warnings.len() == MOST;
        self.more += usize::from(full);
        full
    }

    /// The warnings, with a last one that counts those beyond the bound.
    pub fn into_warnings(mut self) -> Vec<Warning> {
        if self.more > 0 {
            self.warnings.push(Warning { position: 0, message: format!("{} more warnings", self.more), hint: None });
        }
        self.warnings
    }
}
