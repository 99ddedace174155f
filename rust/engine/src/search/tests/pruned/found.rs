//! What the property test has found, each as the smallest case.

use super::corpus::{World, corpus};
use super::queries::{Question, any_of, phrase_of, slot};
use super::{boolean, same};
use crate::base::FieldId;
use crate::exec::pruned::Limits;
use crate::plan::{Combine, RankingConfig};
use crate::query::{Bound, BoundFilter, Constant};

const BODY: &[(FieldId, f64)] = &[(FieldId(1), 1.0)];
const LABEL: &[(FieldId, f64)] = &[(FieldId(2), 1.0)];

fn holds(query: Bound, limits: Limits) {
    for World { name, .. } in &corpus().worlds {
        for hits in [10, 1000] {
            let question = Question { world: name, config: RankingConfig::default(), query: query.clone(), filter: None, hits, limits };
            same(&question).unwrap();
        }
    }
}

/// The last stretch of a bitmap ends inside of a group of ranks: its words are fewer than eight.
#[test]
fn the_last_documents_of_a_bitmap_are_found() {
    holds(any_of(vec![slot(1, BODY, 1.0), slot(1, BODY, 1.0)]), Limits::USUAL);
    holds(slot(1, BODY, 1.0), Limits::USUAL);
    holds(slot(2, BODY, 1.0), Limits::USUAL);
}

/// A list in aligned blocks without codes has no maxima, and leads as one stretch.
#[test]
fn a_list_without_codes_is_in_all_its_blocks() {
    for rank in [1, 3, 9, 20, 27, 40] {
        holds(slot(rank, LABEL, 1.0), Limits::USUAL);
        holds(boolean(vec![slot(1, BODY, 1.0), slot(rank, LABEL, 1.0)], vec![], vec![], 0), Limits::USUAL);
    }
}

/// A sloppy phrase counts positions of its first word: it can stand more often than its rarest word does.
#[test]
fn a_sloppy_phrase_is_bounded_by_its_first_word_alone() {
    for (a, b, slop) in [(1, 2, 1), (9, 2, 1), (2, 1, 5), (1, 1, 5)] {
        let phrase = phrase_of(&[a, b], slop);
        holds(phrase.clone(), Limits::USUAL);
        holds(boolean(vec![slot(3, BODY, 1.0)], vec![phrase], vec![], 0), Limits::USUAL);
    }
}

/// Few documents satisfy a condition, but their bits are a bitmap: no wide window can take that.
#[test]
fn bits_of_a_condition_are_not_passed_over_in_a_wide_window() {
    let limits = Limits { merged: 0, dense: 1, ..Limits::USUAL };
    for (low, high) in [(1950, 1950), (1990, 1999)] {
        let filter = BoundFilter::Integers { field: FieldId(4), low, high };
        let year = Bound::Constant(Constant { filter, weight: 1.0 });
        holds(any_of(vec![year.clone(), slot(60, BODY, 1.0), slot(90, BODY, 1.0)]), limits);
        holds(any_of(vec![year, slot(1, BODY, 1.0)]), limits);
    }
}

/// The bounds of two words that must match, one of them all of the score, do not leave 32 bits when a document lacks one.
#[test]
fn what_cannot_match_stays_in_32_bits() {
    for (a, b) in [(1, 5), (2, 9), (9, 12)] {
        holds(boolean(vec![slot(a, BODY, 1.0), slot(b, BODY, 100.0)], vec![], vec![], 0), Limits::USUAL);
        holds(boolean(vec![slot(a, BODY, 100.0), slot(b, BODY, 0.01)], vec![slot(40, BODY, 1.0)], vec![], 0), Limits::USUAL);
    }
}

/// One term in two fields of which one weighs nothing, under weighted frequencies.
#[test]
fn a_field_of_weight_0_only_matches() {
    let world = corpus().worlds[0].name;
    let fields = [(FieldId(0), 0.0), (FieldId(1), 1.0)];
    for combine in [Combine::Best, Combine::Sum, Combine::Bm25f] {
        let config = RankingConfig { combine, ..RankingConfig::default() };
        let query = any_of(vec![slot(50, &fields, 1.0), slot(90, &fields, 1.0)]);
        same(&Question { world, config, query, filter: None, hits: 100, limits: Limits::USUAL }).unwrap();
    }
}
