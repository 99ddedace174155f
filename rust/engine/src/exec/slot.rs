//! A slot over one segment: its clauses score each window, and become one score a document.
//!
//! **In**: a [`Slot`] of the program, a segment. **Out**: windows. **Law**: the two lines that score stand here, [`contribution`] and
//! the finish of each [`Blend`]; they are the formula of [`crate::plan`], in its order of operations. Windows ascend; lists are read
//! forward only.

use super::phrase::OpenPhrase;
use super::program::{Blend, Clause, Slot, Source};
use super::scratch::Planes;
use super::tables::Tables;
use super::window::{PLACES, Window};
use crate::base::{Interrupt, Result};
use crate::codec::postings::Postings;
use crate::segment::SegmentReader;

/// `max(1, trunc(value · (tf / (tf + added))))`, 0 for a clause of weight 0.
#[inline]
fn contribution(value: f64, tf: f64, added: f64) -> i64 {
    if value > 0.0 { ((value * (tf / (tf + added))) as i64).max(1) } else { 0 }
}

/// A slot opened on a segment.
pub(super) struct OpenSlot<'a> {
    clauses: Vec<OpenClause<'a>>,
    blend: Blend,
}

struct OpenClause<'a> {
    value: f64,
    table: &'a [f64; 256],
    list: List<'a>,
}

#[allow(clippy::large_enum_variant, reason = "nearly all are terms, read for each window: no detour")]
enum List<'a> {
    Term(Postings<'a>),
    Phrase(OpenPhrase<'a>),
}

impl<'a> OpenSlot<'a> {
    /// Opens the lists of the clauses that this segment has anything for.
    pub fn open(slot: &'a Slot, tables: &'a Tables, segment: &'a SegmentReader, number: usize) -> Result<Self> {
        let mut clauses = Vec::with_capacity(slot.clauses.len());
        for Clause { field, source, value } in &slot.clauses {
            let (Some(inverted), Some(table)) = (segment.inverted(*field), tables.lengths.get(field.index())) else { continue };
            let list = match source {
                Source::Term(entries) => match entries.get(number) {
                    Some(Some(entry)) => List::Term(inverted.postings_of(entry)?),
                    _ => continue,
                },
                Source::Phrase { terms, words, slop, .. } => match OpenPhrase::open(inverted, terms, words, *slop, number)? {
                    Some(phrase) => List::Phrase(phrase),
                    None => continue,
                },
            };
            clauses.push(OpenClause { value: *value, table, list });
        }
        Ok(Self { clauses, blend: slot.blend })
    }

    /// Adds the matches of the window `from..to`. `out` is empty unless the slot [adds](Slot::adds).
    pub fn fill(&mut self, from: u32, to: u32, out: &mut Window, planes: &mut Planes, interrupt: &Interrupt) -> Result<()> {
        let clauses = &mut self.clauses;
        out.scored |= match self.blend {
            Blend::Weighted { value, .. } => value > 0.0,
            _ => clauses.iter().any(|clause| clause.value > 0.0),
        };
        match self.blend {
            Blend::Weighted { k1, value } => {
                let weighted = planes.weighted();
                for clause in clauses {
                    let (weight, divisors) = (clause.value, clause.table);
                    clause.list.each(from, to, interrupt, |place, tf, code| {
                        out.mask.insert(place);
                        weighted[place % PLACES] += (weight * tf) / divisors[usize::from(code)];
                    })?;
                }
                let scores = &mut out.scores;
                out.mask.for_each(|place| {
                    let tf = std::mem::take(&mut weighted[place]);
                    scores[place] = if tf > 0.0 { contribution(value, tf, k1) } else { 0 };
                });
            }
            Blend::Best { tie_breaker } if clauses.len() > 1 && tie_breaker > 0.0 => {
                let sums = planes.sums();
                for clause in clauses {
                    clause.scores(from, to, interrupt, |place, score| {
                        out.raise(place, score);
                        sums[place % PLACES] += score;
                    })?;
                }
                let scores = &mut out.scores;
                out.mask.for_each(|place| {
                    let best = scores[place];
                    let rest = std::mem::take(&mut sums[place]) - best;
                    scores[place] = best + (tie_breaker * rest as f64) as i64;
                });
            }
            Blend::Best { .. } if clauses.len() > 1 => {
                for clause in clauses {
                    clause.scores(from, to, interrupt, |place, score| out.raise(place, score))?;
                }
            }
            Blend::Best { .. } | Blend::Sum => {
                for clause in clauses {
                    if let List::Term(postings) = &mut clause.list
                        && clause.value <= 0.0
                    {
                        postings.mark_window(from, to, &mut out.mask.0)?;
                        continue;
                    }
                    clause.scores(from, to, interrupt, |place, score| out.add(place, score))?;
                }
            }
        }
        Ok(())
    }
}

impl OpenClause<'_> {
    /// Hands out each match of the window with what it contributes.
    #[inline]
    fn scores(&mut self, from: u32, to: u32, interrupt: &Interrupt, mut visit: impl FnMut(usize, i64)) -> Result<()> {
        let (value, added) = (self.value, self.table);
        self.list.each(from, to, interrupt, |place, tf, code| visit(place, contribution(value, tf, added[usize::from(code)])))
    }
}

impl List<'_> {
    /// Hands out each match of the window: place, frequency, length code.
    #[inline]
    fn each(&mut self, from: u32, to: u32, interrupt: &Interrupt, mut visit: impl FnMut(usize, f64, u8)) -> Result<()> {
        match self {
            Self::Term(postings) => {
                postings.collect_window(from, to, &mut |doc, _, tf, code| visit(doc.wrapping_sub(from) as usize, f64::from(tf), code))
            }
            Self::Phrase(phrase) => phrase.each(from, to, interrupt, visit),
        }
    }
}
