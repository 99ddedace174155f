//! Counting = looking at everything, on a segment of more than one region with lists of every layout, and cut into segments.
//!
//! **Law**: for random shapes, with and without deleted documents and a filter; every way of counting is taken.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::world::Records;
use crate::base::{FieldId, Interrupt};
use crate::collect::{CountMode, EXACT_UP_TO, Executor, Relation, Wanted};
use crate::exec::pruned::Work;
use crate::index::UpsertOptions;
use crate::plan::{Plan, compile};
use crate::query::{Boolean, Bound, BoundFilter, Constant, PhraseClause, PhraseSlot, Slot, TermClause};
use crate::search::view::find;
use crate::search::{Index, IndexOptions};

/// More than one region of 65,536.
pub const DOCS: u32 = 66_500;
/// One document in so many has the word of that number: bitmaps, aligned lists, gaps, a single posting.
const EVERY: [u32; 9] = [2, 5, 29, 83, 301, 400, 620, 9_000, 66_000];

/// Scattered, but the same each time.
fn mix(doc: u32, word: u32) -> u32 {
    let x = (doc ^ word.wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
    (x ^ x >> 13).wrapping_mul(0xc2b2_ae35) >> 7
}

fn document(doc: u32, seed: u32) -> Vec<u8> {
    let words = |field: u32| {
        let has = |word: &u32| mix(doc, word + 100 * field + seed).is_multiple_of(EVERY[*word as usize]);
        let mut words: Vec<_> = (0..EVERY.len() as u32).filter(has).map(|word| format!("w{word}")).collect();
        if mix(doc, 77 + field).is_multiple_of(2) {
            words.reverse();
        }
        words.join(" ")
    };
    serde_json::to_vec(&json!({"id": format!("{doc}"), "title": words(0), "clue": words(1), "year": doc % 1000,
        "day": (doc % 4_000 < 3_500).then_some(doc / 100), "price": (!doc.is_multiple_of(3)).then(|| f64::from(mix(doc, 9) % 7) - 3.0),
        "open": (!doc.is_multiple_of(5)).then_some(doc.is_multiple_of(2)), "name": (!doc.is_multiple_of(7)).then(|| format!("n{}", mix(doc, 11) % 50))}))
    .unwrap()
}

fn index(cuts: &[u32]) -> Index {
    let schema = serde_json::from_value(json!({"key": "id", "fields": [
        {"name": "title", "type": "text", "analyzer": "whitespace"},
        {"name": "clue", "type": "text", "analyzer": "whitespace"},
        {"name": "year", "type": "integer"},
        {"name": "day", "type": "integer"},
        {"name": "price", "type": "float"},
        {"name": "open", "type": "boolean"},
        {"name": "name", "type": "keyword"},
    ]}))
    .unwrap();
    let url = format!("memory://counting-{}", ulid::Ulid::generate());
    let index = Index::create(&url, schema, IndexOptions { threads: 1, ..IndexOptions::default() }).unwrap();
    let (writer, none) = (index.writer().unwrap(), Interrupt::none());
    for cut in cuts.windows(2) {
        let mut records = Records((cut[0]..cut[1]).map(|doc| document(doc, 0)).collect());
        writer.upsert(&mut records, &UpsertOptions::default(), &none).unwrap();
        writer.commit(&none).unwrap();
    }
    index
}

/// One segment, the same with deleted documents, and in three segments with deleted ones.
pub static INDEXES: LazyLock<[Index; 3]> = LazyLock::new(|| {
    let (whole, less, cut) = (index(&[0, DOCS]), index(&[0, DOCS]), index(&[0, 300, 6_000, 14_000]));
    let dead: Vec<_> = (0..DOCS).filter(|doc| mix(*doc, 5).is_multiple_of(20)).map(|doc| doc.to_string()).collect();
    for index in [&less, &cut] {
        index.writer().unwrap().delete(&dead, true, &Interrupt::none()).unwrap();
    }
    [whole, less, cut]
});

fn word() -> impl Strategy<Value = Vec<u8>> + Clone {
    (0..EVERY.len()).prop_map(|word| format!("w{word}").into_bytes())
}

fn fields() -> impl Strategy<Value = Vec<FieldId>> {
    prop_oneof![4 => Just(vec![FieldId(0)]), 1 => Just(vec![FieldId(1)]), 1 => Just(vec![FieldId(0), FieldId(1)])]
}

fn leaf() -> impl Strategy<Value = Bound> {
    let slot = (fields(), word()).prop_map(|(fields, word)| {
        let clauses = fields.into_iter().map(|field| TermClause { field, term: word.as_slice().into(), weight: 1.0 }).collect();
        Bound::Slot(Slot { clauses, boost: 1.0 })
    });
    let phrase = (fields(), prop::collection::vec((word(), 1u32..3), 2..4), prop_oneof![3 => Just(0u32), 1 => 1u32..4]);
    let phrase = phrase.prop_map(|(fields, words, slop)| {
        let mut offset = 0;
        let placed = |(word, gap): (Vec<u8>, u32)| {
            offset += gap;
            (word.as_slice().into(), offset - gap)
        };
        let terms: Vec<_> = words.into_iter().map(placed).collect();
        let clauses = fields.into_iter().map(|field| PhraseClause { field, terms: terms.clone(), weight: 1.0 }).collect();
        Bound::Phrase(PhraseSlot { clauses, slop, boost: 1.0 })
    });
    let years = (0i64..1000, 0i64..300).prop_map(|(low, more)| {
        Bound::Constant(Constant { filter: BoundFilter::Integers { field: FieldId(2), low, high: low + more }, weight: 1.0 })
    });
    prop_oneof![6 => slot, 2 => phrase, 1 => years]
}

pub fn query() -> impl Strategy<Value = Bound> {
    let any =
        || prop::collection::vec(leaf(), 1..6).prop_map(|should| Bound::Boolean(Boolean { minimum: 1, should, ..Boolean::default() }));
    let all = (prop::collection::vec(leaf(), 1..4), prop::collection::vec(leaf(), 0..2), prop::collection::vec(leaf(), 0..3))
        .prop_map(|(must, should, must_not)| Bound::Boolean(Boolean { must, should, must_not, minimum: 0 }));
    let several = (prop::collection::vec(leaf(), 2..8), 2usize..5, prop::collection::vec(leaf(), 0..2))
        .prop_map(|(should, minimum, must_not)| Bound::Boolean(Boolean { minimum, should, must_not, ..Boolean::default() }));
    let group = (any(), leaf()).prop_map(|(any, leaf)| Bound::Boolean(Boolean { must: vec![any, leaf], ..Boolean::default() }));
    let less =
        (leaf(), leaf()).prop_map(|(leaf, not)| Bound::Boolean(Boolean { must: vec![leaf], must_not: vec![not], ..Boolean::default() }));
    let rare = prop::collection::btree_set(3..EVERY.len(), 3..5).prop_map(|words| plain(words, 1));
    let frequent = (prop::collection::btree_set(0..3usize, 2..3), 1usize..3).prop_map(|(words, minimum)| plain(words, minimum));
    prop_oneof![1 => leaf(), 3 => any(), 3 => all, 2 => several, 2 => group, 1 => less, 1 => rare, 1 => frequent]
}

/// Words of one field, of which so many have to be there.
fn plain(words: BTreeSet<usize>, minimum: usize) -> Bound {
    let word = |word| {
        let clause = TermClause { field: FieldId(0), term: format!("w{word}").as_bytes().into(), weight: 1.0 };
        Bound::Slot(Slot { clauses: std::iter::once(clause).collect(), boost: 1.0 })
    };
    Bound::Boolean(Boolean { should: words.into_iter().map(word).collect(), minimum, ..Boolean::default() })
}

#[test]
fn counting_is_looking_at_everything() {
    let seen = RefCell::new((Work::default(), 0, 0));
    let case = (query(), 0usize..3, prop::option::weighted(0.3, (0i64..900, 1i64..400)));
    let mut runner = TestRunner::new(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&case, |(query, which, filter)| {
        let (view, none) = (INDEXES[which].view().unwrap(), Interrupt::none());
        let filter = filter.map(|(low, more)| BoundFilter::Integers { field: FieldId(2), low, high: low + more });
        let plan = compile(query, filter, view.snapshot(), view.compiled(), false, &none).unwrap();
        let count = |plan: &Plan, count| {
            find(plan, view.tables(), view.snapshot(), Wanted { hits: 0, sort: &[], count, scores: false }, &none).unwrap()
        };
        let (exact, up_to) = (count(&plan, CountMode::Exact), count(&plan, CountMode::UpTo));
        let shaped = plan.shape.is_some() && !plan.finds_nothing();
        let mut plan = plan;
        plan.shape = None;
        let everything = count(&plan, CountMode::Exact);
        prop_assert_eq!((exact.total, exact.relation), (everything.total, Relation::Eq));
        prop_assert_eq!(exact.executor, if shaped { Executor::Counted } else { Executor::Exhaustive });
        let all = everything.total.unwrap_or_default();
        let expected = if all > EXACT_UP_TO { (EXACT_UP_TO, Relation::Gte) } else { (all, Relation::Eq) };
        prop_assert_eq!((up_to.total.unwrap_or_default(), up_to.relation), expected);
        let (ways, counted, capped) = &mut *seen.borrow_mut();
        ways.add(&exact.work);
        (*counted, *capped) = (*counted + u32::from(shaped), *capped + u32::from(all > EXACT_UP_TO));
        Ok(())
    });
    outcome.unwrap();
    let (ways, counted, capped) = seen.into_inner();
    assert!(counted > 100 && capped > 5, "{counted} {capped}");
    let taken = [ways.counted_by_length, ways.counted_by_kernel, ways.counted_as_new, ways.counted_as_bits, ways.counted_as_numbers];
    assert!(taken.iter().all(|count| *count > 0) && ways.positions > 0, "{ways:?}");
}
