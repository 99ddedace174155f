//! Checks a segment from end to end.
//!
//! **In**: an open segment. **Out**: every page that is not intact, with file and offset; where all are, the first contradiction inside
//! each structure. **Law**: nothing that a search could read is left out.

use super::reader::SegmentReader;
use crate::base::{Error, Interrupt, Result};

impl SegmentReader {
    /// Verifies every byte, then walks every structure; empty = intact.
    ///
    /// # Errors
    /// When interrupted.
    pub fn check(&self, interrupt: &Interrupt) -> Result<Vec<Error>> {
        let mut errors = self.file().check_all();
        interrupt.check()?;
        if !errors.is_empty() {
            return Ok(errors);
        }
        errors.extend(self.stored().check());
        interrupt.check()?;
        errors.extend(self.keys().check().err());
        errors.extend(self.sequence().check(self.in_sequence_order()).err());
        for (inverted, column) in self.structures() {
            interrupt.check()?;
            if let Some(Err(error)) = inverted.map(|inverted| inverted.check(interrupt)) {
                interrupt.check()?;
                errors.push(error);
            }
            errors.extend(column.and_then(|column| column.check().err()));
        }
        Ok(errors)
    }
}
