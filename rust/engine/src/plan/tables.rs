//! What lengths and codes are worth in a view: made when the view is made, read by every query.
//!
//! **In**: a snapshot, a configuration; tables that were made before. **Out**: [`Tables`], for each ranking of the configuration. **Law**: what
//! was made before for the same numbers of the same segment is shared, so a change of weights makes nothing. The factors of [`crate::plan`], for every text field; they follow from
//! the average lengths of the view and from nothing that a query says.

use std::sync::Arc;

use super::ranking::{Combine, Compiled, Ranking};
use super::score::{FieldTotals, length_factors};
use crate::codec::norms;
use crate::exec::Tables;
use crate::index::Snapshot;
use crate::schema::FieldKind;

/// The tables of a snapshot under a ranking.
#[must_use]
pub fn tables(snapshot: &Snapshot, ranking: &Ranking) -> Tables {
    let (lengths, weighted) = lengths(snapshot, ranking);
    Tables::new(snapshot, lengths, weighted, std::iter::empty())
}

/// The tables of a snapshot under each ranking of a configuration, in their order; rankings of the same numbers share theirs.
#[must_use]
pub fn all_tables(snapshot: &Snapshot, compiled: &Compiled, earlier: &[(&[Arc<Tables>], &Snapshot)]) -> Vec<Arc<Tables>> {
    let mut made: Vec<Arc<Tables>> = Vec::with_capacity(compiled.len());
    for ranking in compiled.rankings() {
        let (lengths, weighted) = lengths(snapshot, ranking);
        let same = made.iter().find(|tables| tables.weighted == weighted && tables.lengths == lengths).map(Arc::clone);
        let tables = same.unwrap_or_else(|| {
            let before = earlier.iter().flat_map(|(tables, of)| tables.iter().map(move |tables| (&**tables, *of)));
            let here = made.iter().map(|tables| (&**tables, snapshot));
            Arc::new(Tables::new(snapshot, lengths, weighted, here.chain(before)))
        });
        made.push(tables);
    }
    made
}

/// What each length code of each field adds to the frequency, or divides it by; and which of the two.
fn lengths(snapshot: &Snapshot, compiled: &Ranking) -> (Vec<[f64; 256]>, bool) {
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
    (snapshot.schema.iter().map(lengths).collect(), weighted)
}
