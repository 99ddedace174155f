//! A search allocates nothing in its executor and its collector but the hits that it hands over, once its thread has asked it before.
#![expect(clippy::unwrap_used, reason = "tests")]

mod counting;

use std::sync::Arc;

use counting::allocations;
use findspot_engine::base::{FieldId, Interrupt, bits::BitSet};
use findspot_engine::collect::{CountMode, Executor, Sought, Wanted, gather};
use findspot_engine::index::UpsertOptions;
use findspot_engine::ingest::{Format, open_reader};
use findspot_engine::plan::{Combine, Compiled, RankingConfig, compile, tables};
use findspot_engine::query::{Boolean, Bound, PhraseClause, PhraseSlot, Slot, TermClause};
use findspot_engine::search::{Index, IndexOptions};

/// A number that follows from two and looks like neither.
fn mixed(a: u32, b: u32) -> u32 {
    let mixed = (a ^ b.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0x9e37_79b1);
    (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d) >> 12
}

/// Documents whose words are as frequent as `n / rank`.
fn index() -> Index {
    let schema = r#"{"key": "id", "fields": [{"name": "title", "type": "text", "analyzer": "whitespace"},
        {"name": "body", "type": "text", "analyzer": "whitespace"}]}"#;
    let index = Index::create("memory://allocations", serde_json::from_str(schema).unwrap(), IndexOptions::default()).unwrap();
    for part in 0..3u32 {
        let mut lines = String::new();
        for id in part * 4000..(part + 1) * 4000 {
            let words =
                |step: u32| (1..90u32).filter(move |rank| mixed(id, rank * step).is_multiple_of(rank + 1)).map(|rank| format!("w{rank}"));
            let (title, body) = (words(31).take(4).collect::<Vec<_>>(), words(17).collect::<Vec<_>>());
            lines += &format!("{{\"id\": \"{id}\", \"title\": \"{}\", \"body\": \"{}\"}}\n", title.join(" "), body.join(" "));
        }
        let mut records = open_reader(std::io::Cursor::new(lines.into_bytes()), Format::JsonLines, "lines", None).unwrap();
        index.writer().unwrap().upsert(&mut *records, &UpsertOptions::default(), &Interrupt::none()).unwrap();
        index.writer().unwrap().commit(&Interrupt::none()).unwrap();
    }
    index
}

fn word(rank: u32, fields: &[u16]) -> Bound {
    let clause = |field: &u16| TermClause { field: FieldId(*field), term: format!("w{rank}").into_bytes().into(), weight: 1.0 };
    Bound::Slot(Slot { clauses: fields.iter().map(clause).collect(), boost: 1.0 })
}

fn phrase(a: u32, b: u32, slop: u32) -> Bound {
    let term = |rank: u32| format!("w{rank}").into_bytes().into();
    let clause = PhraseClause { field: FieldId(1), terms: vec![(term(a), 0), (term(b), 1)], weight: 1.0 };
    Bound::Phrase(PhraseSlot { clauses: vec![clause], slop, boost: 1.0 })
}

fn boolean(must: Vec<Bound>, should: Vec<Bound>, must_not: Vec<Bound>, minimum: usize) -> Bound {
    Bound::Boolean(Boolean { must, should, must_not, minimum })
}

fn queries(fields: &[u16]) -> Vec<(&'static str, Bound)> {
    let words = |ranks: &[u32]| ranks.iter().map(|rank| word(*rank, fields)).collect::<Vec<_>>();
    vec![
        ("one word", word(5, fields)),
        ("or of 2", boolean(vec![], words(&[3, 60]), vec![], 1)),
        ("or of 4", boolean(vec![], words(&[3, 11, 44, 80]), vec![], 1)),
        ("or of 30", boolean(vec![], words(&(2..32).collect::<Vec<_>>()), vec![], 1)),
        ("and of 3", boolean(words(&[2, 5, 9]), vec![], vec![], 0)),
        ("and with or", boolean(words(&[2]), words(&[5, 9]), vec![], 0)),
        ("exclusion", boolean(words(&[5]), vec![], words(&[7]), 0)),
        ("2 of 3", boolean(vec![], words(&[5, 9, 30]), vec![], 2)),
        ("phrase", phrase(1, 2, 0)),
        ("sloppy phrase", phrase(2, 1, 3)),
        ("phrase or word", boolean(vec![], vec![phrase(1, 2, 0), word(40, fields)], vec![], 1)),
    ]
}

#[test]
fn a_search_allocates_its_hits_and_nothing_else() {
    let index = index();
    let view = index.view().unwrap();
    let (snapshot, none) = (view.snapshot(), Interrupt::none());
    let halves: Vec<_> = snapshot
        .segments
        .iter()
        .map(|segment| {
            let mut half = BitSet::empty(segment.reader.doc_count());
            (0..half.len()).filter(|doc| doc % 5 < 2).for_each(|doc| assert!(half.insert(doc)));
            Arc::new(half)
        })
        .collect();
    let passing = |number: usize| Ok(Arc::clone(&halves[number]));
    let mut failures = Vec::new();
    for combine in [Combine::Best, Combine::Bm25f] {
        let compiled = Compiled::new(&RankingConfig { combine, ..RankingConfig::default() }, view.schema()).unwrap();
        let tables = tables(snapshot, &compiled);
        for (name, query) in [&[1u16][..], &[0, 1]].into_iter().flat_map(queries) {
            let plan = compile(query, None, snapshot, &compiled, true, &none).unwrap();
            for (filtered, hits) in [(false, 10), (false, 1000), (true, 100)] {
                let filter = filtered.then_some(&passing as &dyn Fn(usize) -> findspot_engine::base::Result<Arc<BitSet>>);
                let sought = Sought { program: &plan.program, shape: plan.shape.as_ref(), tables: &tables, filter, boosting: None };
                let wanted = Wanted { hits, sort: &[], count: CountMode::None, scores: true };
                let first = gather(sought, snapshot, wanted, &none).unwrap();
                assert_eq!(first.executor, Executor::Pruned, "{name}");
                assert!(!first.hits.is_empty(), "{name}");
                let before = allocations();
                let second = gather(sought, snapshot, wanted, &none).unwrap();
                let asked = allocations() - before;
                assert_eq!(first.hits, second.hits);
                if asked > 1 {
                    failures.push(format!("{name}, {combine:?}, filter {filtered}, {hits} hits: {asked}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "allocations while searching for\n{}", failures.join("\n"));
}
