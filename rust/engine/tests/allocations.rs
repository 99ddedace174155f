//! How many allocations a whole search makes, from its text to its hits, once a thread is warm.
//!
//! **Law**: the executors make none that is not kept for the thread's next search.
#![expect(clippy::unwrap_used, reason = "tests")]

mod counting;

use counting::allocations;
use findspot_engine::base::Interrupt;
use findspot_engine::index::UpsertOptions;
use findspot_engine::ingest::{Format, open_reader};
use findspot_engine::search::{Attempt, CountMode, Index, IndexOptions, QueryInput, SearchRequest};

fn index() -> Index {
    let schema = serde_json::from_str(r#"{"key": "id", "fields": [{"name": "clue", "type": "text", "analyzer": "standard"}]}"#).unwrap();
    let index = Index::create("memory://", schema, IndexOptions::default()).unwrap();
    let words = ["gold", "coin", "silver", "bridge", "old", "ring", "sword", "well"];
    let lines: String = (0..20_000u32)
        .map(|i| {
            let picked = words.iter().enumerate().filter(|(n, _)| i.is_multiple_of(*n as u32 * 3 + 2)).map(|(_, word)| *word);
            format!("{{\"id\": \"k{i}\", \"clue\": \"{} number{}\"}}\n", picked.collect::<Vec<_>>().join(" "), i % 977)
        })
        .collect();
    let mut records = open_reader(std::io::Cursor::new(lines.into_bytes()), Format::JsonLines, "lines", None).unwrap();
    index.writer().unwrap().upsert(&mut *records, &UpsertOptions::default(), &Interrupt::none()).unwrap();
    index.writer().unwrap().commit(&Interrupt::none()).unwrap();
    index.writer().unwrap().merge(1, &Interrupt::none()).unwrap();
    index
}

#[test]
fn a_search_makes_few_allocations() {
    let index = index();
    // What is asked, and how many allocations it may make: the text's copy, lists of more than one word, the plan (which costs
    // less than moving it from hand to hand) and its leaves, the neighbours of a phrase's words, the hits.
    let asked = [
        ("zzqx", 3),
        ("zzqx zzqy", 4),
        ("gold", 5),
        ("gold coin", 6),
        ("gold coin silver", 6),
        ("gold coin silver bridge", 6),
        ("gold coin silver bridge old ring sword well number5 number6", 13),
        ("+gold +coin", 8),
        ("+gold +coin +silver", 10),
        ("\"gold coin\"", 11),
        ("gold -coin", 11),
    ];
    let mut over = Vec::new();
    for (text, most) in asked {
        let request = SearchRequest { query: QueryInput::Text(text.into()), count: CountMode::None, ..SearchRequest::default() };
        let made = [(); 5].map(|()| {
            let before = allocations();
            let view = index.current().unwrap();
            let Attempt::Found(hits) = view.attempt(&request, u64::MAX).unwrap() else { return u64::MAX };
            assert_eq!(hits.is_empty(), text.starts_with("zzqx"), "{text}");
            drop(hits);
            allocations() - before
        });
        // The first two may grow a thread's buffers.
        if made.iter().skip(2).any(|&made| made > most) {
            over.push((text, made, most));
        }
    }
    assert!(over.is_empty(), "query, allocations of five searches, allowed: {over:#?}");
}
