//! What lengths and codes are worth in a view: made when the view is made, read by every query.
//!
//! **In**: a snapshot, a configuration. **Out**: [`Tables`]. **Law**: the factors of [`crate::plan`], for every text field; they follow from
//! the average lengths of the view and from nothing that a query says.

use super::config::{Combine, Compiled};
use super::score::{FieldTotals, length_factors};
use crate::codec::norms;
use crate::exec::Tables;
use crate::index::Snapshot;
use crate::schema::FieldKind;

/// The tables of a snapshot under a configuration.
#[must_use]
pub fn tables(snapshot: &Snapshot, compiled: &Compiled) -> Tables {
    let weighted = compiled.combine == Combine::Bm25f;
    let lengths = |(id, field): (_, &crate::schema::Field)| {
        if !matches!(field.kind, FieldKind::Text { .. }) {
            return [0.0; 256];
        }
        let stats = snapshot.field_stats(id);
        let mut factors = length_factors(FieldTotals { docs: stats.docs, sum_dl: stats.sum_dl }, compiled.b(id), norms::decode);
        if !weighted {
            factors.iter_mut().for_each(|factor| *factor *= compiled.k1);
        }
        factors
    };
    Tables::new(snapshot, snapshot.schema.iter().map(lengths).collect(), weighted)
}
