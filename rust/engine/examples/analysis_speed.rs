//! How fast text is analysed: nanoseconds per token and megabytes per second of one thread's CPU time (of the wall clock where
//! Linux's `schedstat` is missing), best of five.
//!
//! Usage: `cargo run --profile quick -p findspot-engine --example analysis_speed -- FILE.jsonl[.zst] MEMBER [ANALYZER…]`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use findspot_engine::analysis::analyzer;
use findspot_engine::ingest::{Chunk, open_file};
use findspot_engine::schema::infer::Inference;
use findspot_engine::schema::{DocumentParser, Schema, Value};

const MOST: usize = 64 << 20;
const ROUNDS: usize = 5;

fn cpu_time(start: Instant) -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = stat.and_then(|stat| stat.split(' ').next()?.parse().ok());
    spent.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// The shortest time of several rounds.
fn time<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let start = Instant::now();
    let mut round = || {
        let before = cpu_time(start);
        let result = work();
        ((cpu_time(start) - before).as_secs_f64(), result)
    };
    (1..ROUNDS).fold(round(), |best, _| {
        let next = round();
        if next.0 < best.0 { next } else { best }
    })
}

fn infer(file: &Path) -> Schema {
    let (mut source, mut chunk, mut inference) = (open_file(file, None).expect("file"), Chunk::default(), Inference::default());
    while inference.records() < 10_000 && source.next(&mut chunk).expect("records") {
        chunk.iter().for_each(|(json, _)| inference.observe(json));
    }
    inference.finish(None, "standard").expect("a schema").0
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, member, names @ ..] = &arguments[..] else { panic!("FILE MEMBER [ANALYZER…]") };
    let schema = Arc::new(infer(Path::new(file)));
    let id = schema.find(member).map(|(id, _)| id).expect("MEMBER is a field of the inferred schema");
    let mut parser = DocumentParser::new(Arc::clone(&schema));

    let (seconds, (chunks, bytes)) = time(|| {
        let mut source = open_file(Path::new(file), Some(&schema)).expect("file");
        let (mut chunk, mut chunks, mut bytes) = (Chunk::default(), Vec::new(), 0);
        while bytes < MOST && source.next(&mut chunk).expect("records") {
            bytes += chunk.bytes().len();
            chunks.push(std::mem::take(&mut chunk));
        }
        (chunks, bytes)
    });
    report("read", bytes, seconds, 0);

    let (seconds, texts) = time(|| {
        let mut texts = Vec::new();
        for (json, _) in chunks.iter().flat_map(Chunk::iter) {
            if let Ok(document) = parser.parse(json) {
                texts.extend(
                    document
                        .values
                        .into_iter()
                        .filter_map(|value| if let (field, Value::Text(text)) = value { (field == id).then_some(text) } else { None }),
                );
            }
        }
        texts
    });
    report("parse", bytes, seconds, 0);

    let bytes = texts.iter().map(|text| text.len()).sum();
    let names = if names.is_empty() { vec!["whitespace", "standard", "english"] } else { names.iter().map(String::as_str).collect() };
    for name in names {
        let analyzer = analyzer(name).expect("analyzer");
        let (seconds, tokens) = time(|| {
            let (mut tokens, mut sum) = (0, 0);
            for text in &texts {
                analyzer.analyze(text, &mut |token| {
                    tokens += 1;
                    sum += token.text.len();
                });
            }
            std::hint::black_box(sum);
            tokens
        });
        report(name, bytes, seconds, tokens);
    }
}

fn report(what: &str, bytes: usize, seconds: f64, tokens: u64) {
    let each = if tokens == 0 { String::new() } else { format!(", {tokens} tokens, {:.1} ns each", seconds * 1e9 / tokens as f64) };
    println!("{what:12} {:.0} MB/s{each}", bytes as f64 / 1e6 / seconds);
}
