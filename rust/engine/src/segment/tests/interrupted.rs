//! Finishing a segment: stopped wherever it looks, and it looks often enough.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::base::interrupt::Poll;
use crate::base::{Error, Interrupt, Pace};

/// Finishes a segment whose interrupt says no at the `stop`-th question; returns what came of it and how often it was asked.
fn finish(schema: &Arc<Schema>, stop: usize) -> (crate::base::Result<SegmentMeta>, usize) {
    const DOCS: u64 = 1_500;
    let (writer, _shelf) = test_support::writer();
    let mut builder = SegmentBuilder::new(Arc::clone(schema), Arc::new(Analyzers::of(schema.analyzers()).unwrap()), writer).unwrap();
    let mut parser = DocumentParser::new(Arc::clone(schema));
    let words: Vec<String> = (0..100u64).map(|word| format!("word{word}")).collect();
    for doc in 0..DOCS {
        let text: Vec<&str> = (0..100).map(|place| words[((doc * 7 + place * place) % 100) as usize].as_str()).collect();
        let json = format!("{{\"id\":\"{doc}\",\"title\":\"{}\",\"tags\":[\"a{}\",\"b\"]}}", text.join(" "), doc % 50);
        builder.add(&parser.parse(json.as_bytes()).unwrap(), doc).unwrap();
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let poll = Poll::new(Duration::ZERO, move || counter.fetch_add(1, Ordering::Relaxed) + 1 < stop);
    let outcome = builder.finish(&Interrupt::polled(poll, None));
    (outcome, asked.load(Ordering::Relaxed))
}

#[test]
fn finishing_stops_at_every_look_and_looks_once_for_so_much_work() {
    let schema = schema(2);
    let (finished, looks) = finish(&schema, usize::MAX);
    assert_eq!(finished.unwrap().docs, 1_500);
    // 150,000 tokens are laid out, encoded as postings, and looked through for bigrams.
    assert!(looks >= 3 * 150_000 / Pace::STRIDE, "{looks} looks");
    for stop in 1..=looks {
        let (outcome, asked) = finish(&schema, stop);
        assert!(matches!(outcome, Err(Error::Cancelled)), "at the look {stop} of {looks}");
        assert_eq!(asked, stop, "nobody asks again");
    }
}
