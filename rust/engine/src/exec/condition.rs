//! Yes-or-no leaves over one segment: columns, sets of terms, keys.
//!
//! **In**: a [`Condition`] of the program, a segment. **Out**: masks of windows. **Law**: a document without a value is in no set. Blocks
//! whose zone decides are never decoded. What needs many posting lists is gathered once into a bit set, 1 bit a document; a field that
//! the segment is too old to have has no values.

use std::ops::Bound;

use super::distance::{Centre, KM_PER_DEGREE};
use super::program::Condition;
use super::terms::{TermSet, gather};
use super::window::{Mask, WINDOW};
use crate::base::bits::BitSet;
use crate::base::{DocId, Error, Interrupt, Result};
use crate::codec::columns::{BLOCK, Column, FloatColumn, GeoColumn, IntegerColumn, KeywordColumn};
use crate::codec::postings::Postings;
use crate::query::BoundFilter;
use crate::segment::SegmentReader;

/// A condition opened on a segment.
pub(super) enum OpenCondition<'a> {
    /// No document.
    Never,
    /// A term.
    Term(Box<Postings<'a>>),
    /// Gathered: many documents.
    Bits(BitSet),
    /// Gathered: few documents, ascending.
    Docs(Vec<u32>),
    Integers(&'a IntegerColumn, i64, i64),
    IntegerIn(&'a IntegerColumn, &'a [i64]),
    Floats(&'a FloatColumn, f64, f64),
    FloatIn(&'a FloatColumn, &'a [f64]),
    Within(&'a GeoColumn, Centre, f64),
    HasInteger(&'a IntegerColumn),
    HasPoint(&'a GeoColumn),
    HasKeyword(&'a KeywordColumn),
    HasWords(&'a [u8]),
}

impl<'a> OpenCondition<'a> {
    /// Resolves what the condition names.
    pub fn open(condition: &'a Condition, segment: &'a SegmentReader, interrupt: &Interrupt) -> Result<Self> {
        let terms = |field, set: TermSet<'_>| gather(segment, field, set, interrupt);
        match condition {
            Condition::Filter(filter) => Self::open_filter(filter, segment, interrupt),
            Condition::Prefix { field, prefix, also } => terms(*field, TermSet::Prefix(prefix, also.as_deref())),
            Condition::Fuzzy { field, prefix, automaton } => terms(*field, TermSet::Fuzzy(prefix, automaton)),
        }
    }

    /// A set in whichever form is smaller.
    pub fn of(bits: BitSet) -> Self {
        match bits.count() {
            0 => Self::Never,
            count if count < bits.len() / 32 => Self::Docs(bits.iter().collect()),
            _ => Self::Bits(bits),
        }
    }

    fn open_filter(filter: &'a BoundFilter, segment: &'a SegmentReader, interrupt: &Interrupt) -> Result<Self> {
        let column = |field| segment.column(field);
        let wrong = || Error::Defect("a filter and a column of different kinds");
        Ok(match filter {
            BoundFilter::Integers { field, low, high } => match column(*field) {
                Some(Column::Integer(column)) => Self::Integers(column, *low, *high),
                Some(_) => return Err(wrong()),
                None => Self::Never,
            },
            BoundFilter::IntegerIn { field, values } => match column(*field) {
                Some(Column::Integer(column)) => Self::IntegerIn(column, values),
                Some(_) => return Err(wrong()),
                None => Self::Never,
            },
            BoundFilter::Floats { field, low, high } => match column(*field) {
                Some(Column::Float(column)) => Self::Floats(column, *low, *high),
                Some(_) => return Err(wrong()),
                None => Self::Never,
            },
            BoundFilter::FloatIn { field, values } => match column(*field) {
                Some(Column::Float(column)) => Self::FloatIn(column, values),
                Some(_) => return Err(wrong()),
                None => Self::Never,
            },
            BoundFilter::Within { field, lat, lon, km } => match column(*field) {
                Some(Column::Geo(column)) => Self::Within(column, Centre::new(*lat, *lon), *km),
                Some(_) => return Err(wrong()),
                None => Self::Never,
            },
            BoundFilter::KeywordIn { field, values } => return gather(segment, *field, TermSet::These(values), interrupt),
            BoundFilter::Keywords { field, low, high } => {
                let bytes = |bound: &'a Bound<String>| bound.as_ref().map(String::as_bytes);
                return gather(segment, *field, TermSet::Between(bytes(low), bytes(high)), interrupt);
            }
            BoundFilter::Token { field, term } => return gather(segment, *field, TermSet::One(term), interrupt),
            BoundFilter::Exists { field } => match (column(*field), segment.inverted(*field)) {
                (Some(Column::Integer(column)), _) => Self::HasInteger(column),
                (Some(Column::Float(column)), _) => Self::HasInteger(column.integers()),
                (Some(Column::Geo(column)), _) => Self::HasPoint(column),
                (Some(Column::Keyword(column)), _) => Self::HasKeyword(column),
                (None, Some(inverted)) => Self::HasWords(inverted.norms()?),
                (None, None) => Self::Never,
            },
            BoundFilter::Keys { keys } => {
                let mut bits = BitSet::empty(segment.doc_count());
                for key in keys {
                    segment.find_key(key, &mut |doc| {
                        bits.insert(doc.0);
                    })?;
                }
                Self::of(bits)
            }
            BoundFilter::And(_) | BoundFilter::Or(_) | BoundFilter::Not(_) => return Err(Error::Defect("an inner node as a leaf")),
        })
    }

    /// Adds the matches of the window `from..to` to an empty mask.
    pub fn fill(&mut self, from: u32, to: u32, mask: &mut Mask) -> Result<()> {
        match self {
            Self::Never => Ok(()),
            Self::Term(postings) => postings.mark_window(from, to, &mut mask.0),
            Self::Bits(bits) => {
                *mask = Mask::of_words(bits.words(), from);
                Ok(())
            }
            Self::Docs(docs) => {
                let rest = docs.get(docs.partition_point(|&doc| doc < from)..).unwrap_or_default();
                rest.iter().take_while(|&&doc| doc < to).for_each(|doc| mask.insert((doc - from) as usize));
                Ok(())
            }
            Self::Integers(column, low, high) => {
                let (low, high) = (*low, *high);
                for block in blocks(from, to) {
                    let Some(zone) = column.zone(block)? else { continue };
                    if zone.min > high || zone.max < low {
                        continue;
                    }
                    if zone.full && zone.min >= low && zone.max <= high {
                        (block * BLOCK..to.min((block + 1) * BLOCK)).for_each(|doc| mask.insert((doc - from) as usize));
                    } else {
                        column.block(block, |doc, value| {
                            if low <= value && value <= high {
                                mask.insert(doc.0.wrapping_sub(from) as usize);
                            }
                        })?;
                    }
                }
                Ok(())
            }
            Self::IntegerIn(column, values) => {
                let (Some(first), Some(last)) = (values.first(), values.last()) else { return Ok(()) };
                for block in blocks(from, to) {
                    if column.zone(block)?.is_some_and(|zone| zone.min <= *last && zone.max >= *first) {
                        column.block(block, |doc, value| {
                            if values.binary_search(&value).is_ok() {
                                mask.insert(doc.0.wrapping_sub(from) as usize);
                            }
                        })?;
                    }
                }
                Ok(())
            }
            Self::Floats(column, low, high) => {
                let (low, high) = (*low, *high);
                for block in blocks(from, to) {
                    if column.zone(block)?.is_some_and(|zone| zone.min <= high && zone.max >= low) {
                        column.block(block, |doc, value| {
                            if low <= value && value <= high {
                                mask.insert(doc.0.wrapping_sub(from) as usize);
                            }
                        })?;
                    }
                }
                Ok(())
            }
            Self::FloatIn(column, values) => {
                let (Some(first), Some(last)) = (values.first(), values.last()) else { return Ok(()) };
                for block in blocks(from, to) {
                    if column.zone(block)?.is_some_and(|zone| zone.min <= *last && zone.max >= *first) {
                        column.block(block, |doc, value| {
                            let at = values.partition_point(|&other| other < value);
                            if values.get(at).is_some_and(|&other| other == value) {
                                mask.insert(doc.0.wrapping_sub(from) as usize);
                            }
                        })?;
                    }
                }
                Ok(())
            }
            Self::Within(column, centre, km) => {
                for block in blocks(from, to) {
                    let Some(bounds) = column.bounds(block)? else { continue };
                    let (south, north) = bounds.latitude;
                    if centre.degrees_outside(south, north) * KM_PER_DEGREE > *km {
                        continue;
                    }
                    column.block(block, |doc, lat, lon| {
                        if centre.km(lat, lon) <= *km {
                            mask.insert(doc.0.wrapping_sub(from) as usize);
                        }
                    })?;
                }
                Ok(())
            }
            Self::HasInteger(column) => {
                blocks(from, to).try_for_each(|block| column.block(block, |doc, _| mask.insert(doc.0.wrapping_sub(from) as usize)))
            }
            Self::HasPoint(column) => {
                blocks(from, to).try_for_each(|block| column.block(block, |doc, _, _| mask.insert(doc.0.wrapping_sub(from) as usize)))
            }
            Self::HasKeyword(column) => {
                for doc in from..to {
                    if column.first(DocId(doc))?.is_some() {
                        mask.insert((doc - from) as usize);
                    }
                }
                Ok(())
            }
            Self::HasWords(norms) => {
                let norms = norms.get(from as usize..to as usize).unwrap_or_default();
                norms.iter().enumerate().filter(|(_, code)| **code != 0).for_each(|(place, _)| mask.insert(place));
                Ok(())
            }
        }
    }
}

/// The column blocks of a window.
fn blocks(from: u32, to: u32) -> std::ops::Range<u32> {
    const { assert!(WINDOW.is_multiple_of(BLOCK), "windows are whole blocks") };
    from / BLOCK..to.div_ceil(BLOCK)
}
