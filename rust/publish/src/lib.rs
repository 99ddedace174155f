//! The publication cell.
