//! Pins and hides of a configuration, in a search.
//!
//! **In**: what the rules say of a query, its filter, a view. **Out**: the filter without what is hidden; the documents that come first.
//! **Law**: what is hidden is not found, whatever the order and whoever pins it. A pinned document is shown when it is alive and passes the
//! filter; it leaves the list of what matches, so that it is there once and counts once; its score is what the query gives it, 0 when it
//! does not match.

use super::view::View;
use crate::base::{Interrupt, Result};
use crate::collect::Hit;
use crate::plan::Curated;
use crate::query::BoundFilter;

/// A filter that what is hidden does not pass.
pub(super) fn hiding(filter: Option<BoundFilter>, curated: Option<&Curated>) -> Option<BoundFilter> {
    match curated {
        Some(curated) if !curated.hide.is_empty() => Some(without(filter, curated.hide.clone())),
        _ => filter,
    }
}

/// A filter that documents of these keys, sorted, do not pass.
fn without(filter: Option<BoundFilter>, keys: Vec<String>) -> BoundFilter {
    let others = BoundFilter::Not(Box::new(BoundFilter::Keys { keys }));
    match filter {
        Some(BoundFilter::And(mut parts)) => {
            parts.push(others);
            BoundFilter::And(parts)
        }
        Some(filter) => BoundFilter::And(vec![filter, others]),
        None => others,
    }
}

/// The documents that come first.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// In order, as yet without scores.
    pub hits: Vec<Hit>,
    /// The rule that shows each.
    pub rules: Vec<usize>,
    /// Their keys, sorted.
    keys: Vec<String>,
}

impl Shown {
    /// A filter for all others.
    pub fn leaving(&self, filter: Option<BoundFilter>) -> Option<BoundFilter> {
        if self.hits.is_empty() { filter } else { Some(without(filter, self.keys.clone())) }
    }

    /// A filter for these alone, which have passed all others.
    pub fn only(&self) -> BoundFilter {
        BoundFilter::Keys { keys: self.keys.clone() }
    }
}

/// The documents that the rules show first: those that are there and pass the filter.
pub(super) fn shown(view: &View, curated: Option<&Curated>, filter: Option<&BoundFilter>, interrupt: &Interrupt) -> Result<Shown> {
    let mut shown = Shown::default();
    for (key, rule) in curated.into_iter().flat_map(|curated| &curated.keys) {
        let Some((segment, doc)) = view.snapshot().find(key)? else { continue };
        if let Some(filter) = filter
            && !view.passing(filter, segment, interrupt)?.contains(doc.0)
        {
            continue;
        }
        shown.hits.push(Hit { segment, doc, seq: view.snapshot().sequence(segment, doc)?, score: 0 });
        shown.rules.push(*rule);
        shown.keys.push(key.clone());
    }
    shown.keys.sort_unstable();
    Ok(shown)
}
