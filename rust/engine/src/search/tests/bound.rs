//! Executor = naive twin, for random bound queries and filters: every node, every leaf, every configuration, any history.

use std::ops::Bound as End;

use proptest::prelude::*;

use super::world::{TAGS, WORDS, config, create, here, naive_docs, steps, take};
use crate::base::{FieldId, Interrupt};
use crate::collect::{CountMode, Wanted};
use crate::plan::{Compiled, compile, compile_filter, tables};
use crate::query::{
    Boolean, Bound, BoundFilter, Constant, FuzzySlot, PhraseClause, PhraseSlot, PrefixClause, PrefixSlot, Slot, SynonymClause,
    SynonymMember, SynonymSlot, TermClause, TermClauses,
};
use crate::search::naive::{Boosted, Naive, passes};
use crate::search::view::find;

fn term() -> impl Strategy<Value = Vec<u8>> + Clone {
    (0..WORDS.len()).prop_map(|word| WORDS[word].as_bytes().to_vec())
}

fn weight() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![Just(0.0), Just(1.0), Just(1e6), 0.0f64..3.0]
}

/// Clauses in field 0, field 1, or both.
fn by_field<T: Clone + std::fmt::Debug>(one: impl Strategy<Value = T> + Clone) -> impl Strategy<Value = Vec<(FieldId, T)>> {
    let fields = prop_oneof![Just(vec![0u16]), Just(vec![1]), Just(vec![0, 1]), Just(vec![1, 0])];
    (fields, one.clone(), one).prop_map(|(fields, a, b)| fields.into_iter().map(FieldId).zip([a, b]).collect())
}

fn leaf() -> impl Strategy<Value = Bound> {
    let terms = || {
        by_field((0..WORDS.len(), 0u8..4)).prop_map(|clauses| {
            let clause = |(field, (word, weight)): (FieldId, (usize, u8))| {
                let weight = [0.0, 1.0, 1e6, 0.3][usize::from(weight)];
                TermClause { field, term: WORDS[word].as_bytes().into(), weight }
            };
            clauses.into_iter().map(clause).collect::<TermClauses>()
        })
    };
    let words = || prop::collection::vec((term(), 1u32..3), 2..4);
    let phrase = (by_field(Just(())), words(), words(), weight(), 0u32..4, weight()).prop_map(|(fields, a, b, weight, slop, boost)| {
        let clause = |(field, words): (FieldId, Vec<(Vec<u8>, u32)>)| {
            let mut offset = 0;
            let placed = |(term, gap): (Vec<u8>, u32)| {
                let at = offset;
                offset += gap;
                (term.into(), at)
            };
            PhraseClause { field, terms: words.into_iter().map(placed).collect(), weight }
        };
        Bound::Phrase(PhraseSlot { clauses: fields.into_iter().map(|(field, ())| field).zip([a, b]).map(clause).collect(), slop, boost })
    });
    let member = prop::collection::vec((term(), 1u32..3), 1..4).prop_map(|words| {
        let mut offset = 0;
        let placed = |(term, gap): (Vec<u8>, u32)| {
            let at = offset;
            offset += gap;
            (term.into(), at)
        };
        words.into_iter().map(placed).collect::<SynonymMember>()
    });
    let synonyms = (by_field((prop::collection::vec(member, 1..4), weight())), weight()).prop_map(|(clauses, boost)| {
        let clause = |(field, (members, weight))| SynonymClause { field, members, weight };
        Bound::Synonyms(SynonymSlot { clauses: clauses.into_iter().map(clause).collect(), boost })
    });
    let prefix = (0u16..4, 0usize..3, weight(), prop::option::of(term())).prop_map(|(field, len, weight, also)| {
        let clause = PrefixClause { field: FieldId(field), prefix: b"abr"[..len].to_vec(), also };
        Bound::Prefix(PrefixSlot { clauses: vec![clause], weight })
    });
    prop_oneof![
        4 => (terms(), weight()).prop_map(|(clauses, boost)| Bound::Slot(Slot { clauses, boost })),
        2 => phrase,
        2 => synonyms,
        1 => (terms(), weight(), 0u8..3, 0u32..3)
            .prop_map(|(clauses, boost, distance, prefix)| Bound::Fuzzy(FuzzySlot { clauses, boost, distance, prefix })),
        1 => prefix,
        1 => (weight(), filter()).prop_map(|(weight, filter)| Bound::Constant(Constant { filter, weight })),
    ]
}

fn query() -> impl Strategy<Value = Bound> {
    leaf().prop_recursive(4, 16, 4, |inner| {
        let parts = |most| prop::collection::vec(inner.clone(), 0..most);
        (parts(4), parts(4), parts(2), 0usize..4)
            .prop_map(|(must, should, must_not, minimum)| Bound::Boolean(Boolean { must, should, must_not, minimum }))
    })
}

fn filter() -> impl Strategy<Value = BoundFilter> {
    let ends = || {
        (0..TAGS.len(), 0u8..3).prop_map(|(tag, kind)| match kind {
            0 => End::Unbounded,
            1 => End::Included(TAGS[tag].to_owned()),
            _ => End::Excluded(TAGS[tag].to_owned()),
        })
    };
    let integer = || prop_oneof![-3i64..3, any::<i64>(), Just(i64::MIN), Just(i64::MAX)];
    let float = || prop_oneof![-2.0f64..2.0, Just(0.0), Just(f64::INFINITY), Just(f64::NEG_INFINITY)];
    let days = 915_148_800_000_000i64; // 1999-01-01
    let leaf = prop_oneof![
        (0u16..2, term()).prop_map(|(field, term)| BoundFilter::Token { field: FieldId(field), term }),
        (0u16..9).prop_map(|field| BoundFilter::Exists { field: FieldId(field) }),
        prop::collection::btree_set(0u32..45, 0..6)
            .prop_map(|keys| BoundFilter::Keys { keys: keys.into_iter().map(|key| key.to_string()).collect() }),
        (integer(), integer()).prop_map(|(a, b)| BoundFilter::Integers { field: FieldId(4), low: a.min(b), high: a.max(b) }),
        prop::collection::btree_set(integer(), 0..4)
            .prop_map(|values| BoundFilter::IntegerIn { field: FieldId(4), values: values.into_iter().collect() }),
        (0i64..28, 0i64..28).prop_map(move |(a, b)| BoundFilter::Integers {
            field: FieldId(6),
            low: days + a.min(b) * 86_400_000_000,
            high: days + a.max(b) * 86_400_000_000
        }),
        any::<bool>().prop_map(|open| BoundFilter::Integers { field: FieldId(7), low: i64::from(open), high: i64::from(open) }),
        (float(), float()).prop_map(|(a, b)| BoundFilter::Floats { field: FieldId(5), low: a.min(b), high: a.max(b) }),
        Just(BoundFilter::FloatIn { field: FieldId(5), values: vec![0.0, 0.5] }),
        (2u16..4, prop::collection::btree_set(0..TAGS.len(), 0..4)).prop_map(|(field, tags)| {
            let mut values: Vec<_> = tags.into_iter().map(|tag| TAGS[tag].to_owned()).collect();
            values.sort();
            BoundFilter::KeywordIn { field: FieldId(field), values }
        }),
        (2u16..4, ends(), ends()).prop_map(|(field, low, high)| BoundFilter::Keywords { field: FieldId(field), low, high }),
        (-60.0f64..60.0, -180.0f64..180.0, 0.0f64..15_000.0).prop_map(|(lat, lon, km)| BoundFilter::Within {
            field: FieldId(8),
            lat,
            lon,
            km
        }),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            parts().prop_map(BoundFilter::And),
            parts().prop_map(BoundFilter::Or),
            inner.clone().prop_map(|part| BoundFilter::Not(Box::new(part)))
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn the_executor_finds_what_the_naive_twin_finds(
        steps in steps(),
        queries in prop::collection::vec((query(), prop::option::of(filter()), config(), here(), 0usize..20), 12),
    ) {
        let index = create(Default::default());
        take(&index, &steps);
        let view = index.view().unwrap();
        let (docs, snapshot, none) = (naive_docs(&view), view.snapshot(), Interrupt::none());
        for (query, filter, config, (now, near), hits) in queries {
            let compiled = Compiled::new(&config, view.schema()).unwrap();
            let boosted = Boosted { rules: &config.boosts, schema: view.schema(), now, near };
            let (expected, scale) = Naive { docs: &docs, compiled: &compiled, boosted }.search(&query, filter.as_ref());
            let mut plan = compile(query.clone(), filter.clone(), snapshot, &compiled, true, &none).unwrap();
            plan.boost(&compiled, now, near);
            prop_assert_eq!(plan.scale, scale);
            let wanted = Wanted { hits, sort: &[], count: CountMode::Exact, scores: plan.scores };
            let tables = tables(snapshot, &compiled);
            let found = find(&plan, &tables, snapshot, wanted, &none).unwrap();
            prop_assert_eq!(found.total, Some(expected.len() as u64));
            let rows: Vec<_> = found.hits.iter().map(|hit| (hit.seq.0, hit.score)).collect();
            prop_assert_eq!(rows.as_slice(), &expected[..hits.min(expected.len())]);
            // Counting alone takes other ways through the lists.
            let plan = compile(query, filter, snapshot, &compiled, false, &none).unwrap();
            let wanted = Wanted { hits: 0, sort: &[], count: CountMode::Exact, scores: plan.scores };
            prop_assert_eq!(find(&plan, &tables, snapshot, wanted, &none).unwrap().total, Some(expected.len() as u64));
        }
    }

    #[test]
    fn a_filter_alone_marks_what_passes_dead_or_alive(steps in steps(), filters in prop::collection::vec(filter(), 12)) {
        let index = create(Default::default());
        take(&index, &steps);
        let view = index.view().unwrap();
        let docs = naive_docs(&view);
        for filter in filters {
            let expected: Vec<_> = docs.iter().map(|doc| passes(&filter, doc)).collect();
            let program = compile_filter(filter);
            let mut marked = Vec::new();
            for segment in &view.snapshot().segments {
                let bits = crate::exec::matching(&program, &segment.reader, &Interrupt::none()).unwrap();
                marked.extend((0..segment.reader.doc_count()).map(|doc| bits.contains(doc)));
            }
            prop_assert_eq!(&marked, &expected);
        }
    }
}
