//! What a rank code is worth under one configuration: a few hundred numbers for each field, made once for a view.
//!
//! **In**: a field's codebook in a segment; what is added to the frequency below the line, by length code. **Out**: for each code the
//! exact saturation of its top pair, and an envelope that no posting of that code or a lower one exceeds. **Law**: `top[c]` is the
//! formula's own number for the pair that code `c` means; `above[c]` is the largest saturation of any pair with a code up to `c`, `below[c]`
//! the smallest of any pair with a code from `c` on. So `above` bounds from above and never falls, `below` bounds from below and never
//! falls, whatever k1, b and the average length are: the stored codes stay, these tables follow the configuration.

use std::sync::Arc;

use crate::base::FieldId;
use crate::codec::InvertedReader;
use crate::codec::codebook::Codebook;
use crate::index::{SegmentView, Snapshot};

/// The saturation `tf / (tf + added)`; under weighted fields the tables hold `tf / divisor` in its place.
#[inline]
fn saturation(tf: u32, added: f64, weighted: bool) -> f64 {
    let tf = f64::from(tf);
    if weighted { tf / added } else { tf / (tf + added) }
}

/// A field of a segment.
#[derive(Clone, Debug)]
pub struct Saturation {
    /// By code: of its top pair. Entry 0 is 0.
    pub top: [f64; 256],
    /// By code: the largest of any pair with this code or a lower one.
    pub above: [f64; 256],
    /// By code: the smallest of any pair with this code or a higher one; codes that the field does not have count as its greatest.
    pub below: [f64; 256],
    /// By code: whether postings with it may have another pair than its top.
    pub mixed: [bool; 256],
    /// By pair number.
    pub pairs: Box<[f64]>,
    /// Whether `top` and `above` are the same numbers.
    pub tops_bound: bool,
}

impl Saturation {
    /// Of a codebook, given what each length code adds to the frequency, or, under weighted fields, what it divides it by.
    #[must_use]
    pub fn new(book: &Codebook, added: &[f64; 256], weighted: bool) -> Self {
        let pairs: Box<[f64]> = book.pairs().iter().map(|pair| saturation(pair.tf, added[usize::from(pair.norm)], weighted)).collect();
        let (mut top, mut above, mut below, mut mixed) = ([0.0; 256], [0.0; 256], [0.0; 256], [false; 256]);
        let mut first = 0;
        let mut most = 0.0f64;
        for code in 1..=book.code_count().min(255) {
            let last = book.top(code as u8).map_or(first, |top| top as usize);
            let bucket = pairs.get(first..=last).unwrap_or_default();
            most = bucket.iter().copied().fold(most, f64::max);
            top[code] = bucket.last().copied().unwrap_or_default();
            above[code] = most;
            below[code] = bucket.iter().copied().fold(f64::INFINITY, f64::min);
            mixed[code] = bucket.len() > 1;
            first = last + 1;
        }
        let codes = book.code_count().min(255);
        for code in codes + 1..256 {
            (top[code], above[code], below[code]) = (top[codes], most, below[codes]);
        }
        for code in (1..255).rev() {
            below[code] = below[code].min(below[code + 1]);
        }
        let tops_bound = top == above;
        Self { top, above, below, mixed, pairs, tops_bound }
    }
}

/// Which lists of a field.
type Lists = fn(&InvertedReader) -> Option<&InvertedReader>;

/// The fields of a segment.
type Kept = Box<[Option<Arc<Saturation>>]>;

/// Everything of this kind for one view.
#[derive(Debug, Default)]
pub struct Tables {
    /// By field: what a length code adds to the frequency, or divides it by.
    pub lengths: Vec<[f64; 256]>,
    /// By segment, by field; none where the segment has no text of that field.
    segments: Vec<Kept>,
    /// The same of their bigrams.
    bigrams: Vec<Kept>,
    /// Whether frequencies of fields are weighted and added before they saturate.
    pub weighted: bool,
}

impl Tables {
    /// Of a snapshot. A segment whose codebook meets the same numbers as before is not computed again: `earlier` are tables of other
    /// configurations and snapshots.
    #[must_use]
    pub fn new<'t>(
        snapshot: &Snapshot,
        lengths: Vec<[f64; 256]>,
        weighted: bool,
        earlier: impl Iterator<Item = (&'t Self, &'t Snapshot)> + Clone,
    ) -> Self {
        let before = |segment: &SegmentView, field: usize, of: fn(&Self) -> &[Kept]| {
            let same = |(tables, _): &(&Self, &Snapshot)| tables.weighted == weighted && tables.lengths.get(field) == lengths.get(field);
            earlier.clone().filter(same).find_map(|(tables, snapshot)| {
                let at = snapshot.segments.iter().position(|other| Arc::ptr_eq(&other.reader, &segment.reader))?;
                of(tables).get(at)?.get(field)?.clone()
            })
        };
        let of = |segment: &SegmentView, lists: Lists, kept: fn(&Self) -> &[Kept]| -> Kept {
            let field = |(i, added): (usize, &[f64; 256])| {
                let inverted = segment.reader.inverted(FieldId(i as u16)).filter(|inverted| inverted.has_positions())?;
                let inverted = lists(inverted)?;
                Some(before(segment, i, kept).unwrap_or_else(|| Arc::new(Saturation::new(inverted.codebook(), added, weighted))))
            };
            lengths.iter().enumerate().map(field).collect()
        };
        let all = |lists: Lists, kept: fn(&Self) -> &[Kept]| snapshot.segments.iter().map(|segment| of(segment, lists, kept)).collect();
        let segments = all(|words| Some(words), |tables| &tables.segments);
        let bigrams = all(InvertedReader::bigrams, |tables| &tables.bigrams);
        Self { segments, bigrams, lengths, weighted }
    }

    /// Of a field's bigrams in a segment.
    #[inline]
    #[must_use]
    pub fn bigrams(&self, segment: usize, field: FieldId) -> Option<&Saturation> {
        self.bigrams.get(segment)?.get(field.index())?.as_deref()
    }

    /// Of a field in a segment.
    #[inline]
    #[must_use]
    pub fn saturation(&self, segment: usize, field: FieldId) -> Option<&Saturation> {
        self.segments.get(segment)?.get(field.index())?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::codebook::Pair;
    use crate::codec::norms;
    use proptest::prelude::*;

    proptest! {
        /// The bound audit of the codes: whatever the configuration, no pair of a code lies outside of its envelope.
        #[test]
        fn envelopes_hold_every_pair(
            raw in prop::collection::vec((1u32..40, any::<u8>(), 1u64..50), 1..300), built in 1.0f64..200.0, now in 1.0f64..200.0,
            k1 in 0.0f64..3.0, b in 0.0f64..=1.0, codes in 1usize..40, weighted: bool,
        ) {
            let (book, _) = Codebook::build(raw.into_iter().map(|(tf, norm, n)| (Pair { tf, norm }, n)).collect(), built, codes);
            let mut added = [0.0; 256];
            for (code, added) in added.iter_mut().enumerate() {
                let factor = (1.0 - b) + (b * f64::from(norms::decode(code as u8))) / now;
                *added = if weighted { factor.max(1e-9) } else { k1 * factor };
            }
            let table = Saturation::new(&book, &added, weighted);
            prop_assert!(table.above.is_sorted() && table.below[1..].is_sorted() && table.top[0] == 0.0);
            for code in 1..=book.code_count() as u8 {
                let at = usize::from(code);
                prop_assert_eq!(table.mixed[at], book.is_mixed(code));
                for (i, pair) in book.bucket(code).iter().enumerate() {
                    let exact = saturation(pair.tf, added[usize::from(pair.norm)], weighted);
                    prop_assert!(table.below[at] <= exact && exact <= table.above[at], "code {code}: {exact}");
                    prop_assert!(i + 1 < book.bucket(code).len() || table.top[at] == exact);
                }
            }
            for (number, pair) in book.pairs().iter().enumerate() {
                prop_assert_eq!(table.pairs[number], saturation(pair.tf, added[usize::from(pair.norm)], weighted));
            }
        }
    }
}
