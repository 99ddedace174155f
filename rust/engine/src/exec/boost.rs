//! Boosts: what a document is, times what it says.
//!
//! **In**: boosts that fit a schema, the request's time and place; documents of a segment with their scores. **Out**: [`Factors`]: the
//! factor of a document, and two numbers between which those of all documents of the segment lie. **Law**: the factor is a product in the
//! order of the boosts, f64, as written below; a boost of which the document or the request has nothing is 1. A score is multiplied and
//! rounded once, at the end, by [`boosted`], and what bounds a score goes through the same function.
//!
//! ```text
//! factor    = clamp(Π part, 1/1024, 1024)
//! part      = weight                                             a rule that holds
//!           = 1 + weight · min(f, 2^60)                          anything else
//! f(value)  = v | log1p(v) | sqrt(v) | v·v | 1 / (1 + v)         v = max(value, 0)
//! f(date)   = exp(−(ln 2 · max(now − date, 0)) / half life)
//! f(point)  = exp(−(ln 2 · km) / half distance)
//! score     = max(1, trunc(score · factor))                      0 stays 0
//! ```
//!
//! Each part is cut to [2^-60, 2^60]. The functions rise or fall with the value, but those of `libm` may err in the last bit; so bounds,
//! which are functions of the least and greatest value of a column, are widened by far more than that.

use std::sync::Arc;

use super::distance::{Centre, KM_PER_DEGREE};
use super::program::Program;
use super::run::matching;
use crate::base::bits::BitSet;
use crate::base::{DocId, Error, FieldId, Interrupt, Result};
use crate::codec::columns::{Column, FloatColumn, GeoColumn, IntegerColumn};
use crate::segment::SegmentReader;

/// Most boosts of a configuration: with so many the product stays finite.
pub const MAX_BOOSTS: usize = 16;
/// The greatest factor of a document; the least is one over it.
pub const MOST: f64 = 1024.0;
/// The greatest part of a factor; the least is one over it.
const MOST_OF_ONE: f64 = (1u64 << 60) as f64;
/// How far bounds are widened, as a share.
const SLACK: f64 = 1.0 / (1u64 << 30) as f64;
/// No base score is as great, and what is added to it in bounds does not overflow.
const UNREACHABLE: i32 = 0x7000_0000;

/// What is made of the value of a field; values below 0 count as 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Function {
    /// The value.
    #[default]
    Identity,
    /// `log(1 + value)`.
    Log1p,
    /// Its square root.
    Sqrt,
    /// Its square.
    Square,
    /// `1 / (1 + value)`.
    Reciprocal,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Identity, Self::Log1p, Self::Sqrt, Self::Square, Self::Reciprocal];

    /// As a configuration and an explanation write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Log1p => "log1p",
            Self::Sqrt => "sqrt",
            Self::Square => "square",
            Self::Reciprocal => "reciprocal",
        }
    }

    fn of(self, value: f64) -> f64 {
        let v = if value > 0.0 { value } else { 0.0 };
        match self {
            Self::Identity => v,
            Self::Log1p => libm::log1p(v),
            Self::Sqrt => libm::sqrt(v),
            Self::Square => v * v,
            Self::Reciprocal => 1.0 / (1.0 + v),
        }
    }
}

/// A boost that fits a schema. Weights are finite and not negative.
#[derive(Debug)]
pub enum Boost {
    /// Documents that pass a filter are multiplied.
    Rule {
        /// Which documents.
        when: Program,
        /// By what.
        weight: f64,
    },
    /// By the number in a field.
    Value {
        /// Integer, Float, or Boolean (0 and 1).
        field: FieldId,
        /// What is made of it.
        function: Function,
        /// How much that counts.
        weight: f64,
    },
    /// By how recent a date is; what lies ahead of now is as recent as can be.
    Recency {
        /// Dates.
        field: FieldId,
        /// Age in microseconds at which half is left.
        half_life: f64,
        /// How much it counts.
        weight: f64,
    },
    /// By how near a point is.
    Distance {
        /// Points.
        field: FieldId,
        /// Kilometres at which half is left.
        half_distance: f64,
        /// How much it counts.
        weight: f64,
    },
}

/// Boosts, with what a request says.
#[derive(Clone, Debug)]
pub struct Boosting {
    /// In order.
    pub boosts: Arc<[Boost]>,
    /// The request's time, microseconds since 1970.
    pub now: Option<i64>,
    /// The request's place, in degrees.
    pub near: Option<(f64, f64)>,
}

/// The score of a document that has this factor.
#[inline]
#[must_use]
pub fn boosted(score: i64, factor: f64) -> i64 {
    if score > 0 { ((score as f64 * factor) as i64).max(1) } else { 0 }
}

/// What is left of 1 after so long or far.
fn decayed(by: f64, half: f64) -> f64 {
    libm::exp(-(std::f64::consts::LN_2 * by) / half)
}

#[inline]
fn part(weight: f64, f: f64) -> f64 {
    (1.0 + weight * f.min(MOST_OF_ONE)).min(MOST_OF_ONE)
}

fn of_rule(weight: f64) -> f64 {
    weight.clamp(1.0 / MOST_OF_ONE, MOST_OF_ONE)
}

/// A boost on a segment.
#[derive(Debug)]
enum Part {
    Rule(BitSet, f64),
    Integers(IntegerColumn, Function, f64),
    Floats(FloatColumn, Function, f64),
    Recency { column: IntegerColumn, now: i64, half_life: f64, weight: f64 },
    Distance { column: GeoColumn, centre: Centre, half_distance: f64, weight: f64 },
}

/// The factors of one segment's documents.
#[derive(Debug)]
pub struct Factors {
    parts: Vec<Part>,
    low: f64,
    high: f64,
}

impl Default for Factors {
    fn default() -> Self {
        Self { parts: Vec::new(), low: 1.0, high: 1.0 }
    }
}

impl Factors {
    /// Goes to a segment.
    ///
    /// # Errors
    /// Corruption; what `interrupt` says while a rule is looked at.
    pub fn open(&mut self, boosting: &Boosting, segment: &SegmentReader, interrupt: &Interrupt) -> Result<()> {
        self.close();
        let (mut low, mut high) = (1.0, 1.0);
        for boost in boosting.boosts.iter() {
            if let Some(part) = Part::open(boost, boosting, segment, interrupt)? {
                let (least, most) = part.bounds(segment.doc_count())?;
                (low, high) = (low * least, high * most);
                if least != 1.0 || most != 1.0 {
                    self.parts.push(part);
                }
            }
        }
        if !self.parts.is_empty() {
            self.low = (low * (1.0 - SLACK)).clamp(1.0 / MOST, MOST);
            self.high = (high * (1.0 + SLACK)).clamp(1.0 / MOST, MOST);
        }
        Ok(())
    }

    /// Lets go of the segment.
    pub fn close(&mut self) {
        self.parts.clear();
        (self.low, self.high) = (1.0, 1.0);
    }

    /// No document of the segment has a lower factor.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.low
    }

    /// No document of the segment has a greater factor.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.high
    }

    /// The factor of a document.
    ///
    /// # Errors
    /// Corruption.
    pub fn of(&self, doc: u32) -> Result<f64> {
        let mut factor = 1.0;
        for part in &self.parts {
            if let Some(part) = part.of(doc)? {
                factor *= part;
            }
        }
        Ok(factor.clamp(1.0 / MOST, MOST))
    }

    /// The least score from which a document of the segment could be boosted to `wanted`.
    #[must_use]
    pub fn least(&self, wanted: i64) -> i32 {
        if wanted <= 1 {
            return wanted.max(0) as i32;
        }
        let guess = wanted as f64 / self.high;
        if guess >= f64::from(UNREACHABLE) {
            return UNREACHABLE;
        }
        // The quotient is off by less than a step or two of the rounded product.
        let mut least = guess as i64;
        while least > 1 && boosted(least - 1, self.high) >= wanted {
            least -= 1;
        }
        while boosted(least, self.high) < wanted {
            least += 1;
        }
        i32::try_from(least).unwrap_or(UNREACHABLE).min(UNREACHABLE)
    }
}

/// What each boost multiplies a document's score by, in their order.
///
/// # Errors
/// Corruption; what `interrupt` says while a rule is looked at.
pub fn parts_of(boosting: &Boosting, segment: &SegmentReader, doc: DocId, interrupt: &Interrupt) -> Result<Vec<f64>> {
    let part = |boost: &Boost| -> Result<f64> {
        let part = Part::open(boost, boosting, segment, interrupt)?;
        Ok(part.map(|part| part.of(doc.0)).transpose()?.flatten().unwrap_or(1.0))
    };
    boosting.boosts.iter().map(part).collect()
}

impl Part {
    /// `None` when it is 1 whatever the document.
    fn open(boost: &Boost, boosting: &Boosting, segment: &SegmentReader, interrupt: &Interrupt) -> Result<Option<Self>> {
        const KIND: Error = Error::Defect("a boost and a column of different kinds");
        Ok(match *boost {
            Boost::Rule { ref when, weight } => Some(Self::Rule(matching(when, segment, interrupt)?, of_rule(weight))),
            Boost::Value { field, function, weight } => match segment.column(field) {
                Some(Column::Integer(column)) => Some(Self::Integers(column.clone(), function, weight)),
                Some(Column::Float(column)) => Some(Self::Floats(column.clone(), function, weight)),
                Some(_) => return Err(KIND),
                None => None,
            },
            Boost::Recency { field, half_life, weight } => match (segment.column(field), boosting.now) {
                (Some(Column::Integer(column)), Some(now)) => Some(Self::Recency { column: column.clone(), now, half_life, weight }),
                (Some(Column::Integer(_)) | None, _) => None,
                _ => return Err(KIND),
            },
            Boost::Distance { field, half_distance, weight } => match (segment.column(field), boosting.near) {
                (Some(Column::Geo(column)), Some((lat, lon))) => {
                    Some(Self::Distance { column: column.clone(), centre: Centre::new(lat, lon), half_distance, weight })
                }
                (Some(Column::Geo(_)) | None, _) => None,
                _ => return Err(KIND),
            },
        })
    }

    /// The part of a document; `None` when it has no value.
    fn of(&self, doc: u32) -> Result<Option<f64>> {
        let id = DocId(doc);
        Ok(match self {
            Self::Rule(bits, weight) => bits.contains(doc).then_some(*weight),
            Self::Integers(column, function, weight) => column.get(id)?.map(|value| part(*weight, function.of(value as f64))),
            Self::Floats(column, function, weight) => column.get(id)?.map(|value| part(*weight, function.of(value))),
            Self::Recency { column, now, half_life, weight } => {
                column.get(id)?.map(|date| part(*weight, decayed(age(*now, date), *half_life)))
            }
            Self::Distance { column, centre, half_distance, weight } => {
                column.get(id)?.map(|(lat, lon)| part(*weight, decayed(centre.km(lat, lon), *half_distance)))
            }
        })
    }

    /// The least and the greatest part of any document, but for roundings.
    fn bounds(&self, docs: u32) -> Result<(f64, f64)> {
        let between = |a: f64, b: f64, full: bool| {
            let one = if full { a } else { 1.0 };
            (a.min(b).min(one), a.max(b).max(one))
        };
        Ok(match self {
            Self::Rule(bits, weight) => match bits.count() {
                0 => (1.0, 1.0),
                count => between(*weight, *weight, count == docs),
            },
            Self::Integers(column, function, weight) => match range_of(column)? {
                Some((min, max, full)) => between(part(*weight, function.of(min as f64)), part(*weight, function.of(max as f64)), full),
                None => (1.0, 1.0),
            },
            Self::Floats(column, function, weight) => {
                let mut range: Option<(f64, f64, bool)> = None;
                let mut all = true;
                for block in 0..column.blocks() {
                    let Some(zone) = column.zone(block)? else {
                        all = false;
                        continue;
                    };
                    let (min, max, full) = range.unwrap_or((zone.min, zone.max, true));
                    range = Some((min.min(zone.min), max.max(zone.max), full && zone.full));
                }
                match range {
                    Some((min, max, full)) => between(part(*weight, function.of(min)), part(*weight, function.of(max)), full && all),
                    None => (1.0, 1.0),
                }
            }
            Self::Recency { column, now, half_life, weight } => match range_of(column)? {
                Some((min, max, full)) => {
                    let of = |date| part(*weight, decayed(age(*now, date), *half_life));
                    between(of(min), of(max), full)
                }
                None => (1.0, 1.0),
            },
            Self::Distance { column, centre, half_distance, weight } => {
                let mut nearest = f64::INFINITY;
                for block in 0..column.blocks() {
                    if let Some(bounds) = column.bounds(block)? {
                        let (south, north) = bounds.latitude;
                        nearest = nearest.min(centre.degrees_outside(south, north) * KM_PER_DEGREE);
                    }
                }
                (1.0, part(*weight, decayed(nearest, *half_distance)))
            }
        })
    }
}

fn age(now: i64, date: i64) -> f64 {
    now.saturating_sub(date).max(0) as f64
}

/// The least and the greatest value of a column, and whether all documents have one.
fn range_of(column: &IntegerColumn) -> Result<Option<(i64, i64, bool)>> {
    let mut range: Option<(i64, i64)> = None;
    let mut full = true;
    for block in 0..column.blocks() {
        let Some(zone) = column.zone(block)? else {
            full = false;
            continue;
        };
        full &= zone.full;
        let (min, max) = range.unwrap_or((zone.min, zone.max));
        range = Some((min.min(zone.min), max.max(zone.max)));
    }
    Ok(range.map(|(min, max)| (min, max, full)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn factors(high: f64) -> Factors {
        Factors { parts: Vec::new(), low: 1.0 / MOST, high }
    }

    proptest! {
        #[test]
        fn the_least_score_is_the_first_that_reaches_what_is_wanted(
            high in prop_oneof![Just(1.0), Just(1.0 / MOST), Just(MOST), (1.0 / MOST)..MOST, 0.9f64..1.1],
            wanted in prop_oneof![0i64..3000, 0i64..(1 << 42)],
        ) {
            let least = factors(high).least(wanted);
            prop_assert!(least >= 0);
            if least < UNREACHABLE {
                prop_assert!(boosted(i64::from(least), high) >= wanted);
            }
            prop_assert!(least == 0 || boosted(i64::from(least) - 1, high) < wanted);
        }

        #[test]
        fn more_is_never_boosted_to_less(a in 0i64..(1 << 30), b in 0i64..(1 << 30), f in (1.0 / MOST)..MOST, g in (1.0 / MOST)..MOST) {
            prop_assert!(boosted(a.min(b), f) <= boosted(a.max(b), f));
            prop_assert!(boosted(a, f.min(g)) <= boosted(a, f.max(g)));
            prop_assert!((boosted(a, f) == 0) == (a == 0), "what matched still does");
        }

        /// What the bounds rely on, but for the last bits, which the slack covers.
        #[test]
        fn functions_rise_or_fall(a in -10.0f64..1e12, b in -10.0f64..1e12, weight in 0.0f64..1e6) {
            let (a, b) = (a.min(b), a.max(b));
            let of = |function: Function, value| part(weight, function.of(value));
            for function in [Function::Identity, Function::Log1p, Function::Sqrt, Function::Square] {
                prop_assert!(of(function, a) <= of(function, b) * (1.0 + SLACK / 16.0));
            }
            prop_assert!(of(Function::Reciprocal, a) >= of(Function::Reciprocal, b) * (1.0 - SLACK / 16.0));
            prop_assert!(decayed(a.max(0.0), 1e6) >= decayed(b.max(0.0), 1e6) * (1.0 - SLACK / 16.0));
        }
    }

    #[test]
    fn numbers_without_measure_stay_finite() {
        for value in [f64::MAX, f64::MIN, 0.0, -0.0, f64::MIN_POSITIVE] {
            for function in [Function::Identity, Function::Log1p, Function::Sqrt, Function::Square, Function::Reciprocal] {
                for weight in [0.0, 1e-300, 1e6] {
                    let part = part(weight, function.of(value));
                    assert!((1.0..=MOST_OF_ONE).contains(&part), "{function:?} of {value} × {weight}");
                }
            }
        }
        assert_eq!((of_rule(0.0), of_rule(1e300)), (1.0 / MOST_OF_ONE, MOST_OF_ONE));
        assert_eq!((decayed(0.0, 1.0), decayed(1.0, 1.0), decayed(1e300, 1e-300)), (1.0, 0.5, 0.0));
        assert_eq!(boosted(1, 1.0 / MOST), 1);
    }
}
