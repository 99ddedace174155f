//! Times the classes of a file of queries on an index, and says what each class looked at.
//!
//! `cargo run --release --example classes -- INDEX QUERIES.tsv [--classes or2,long] [--limit 10] [--passes 5] [--where FILTER] [--worst 5] [--count] [--cold MB]`
//!
//! **In**: an index; lines of class and query string, with a tab between. **Out**: for each class the mean, median and 99th percentile of
//! each query's least time in microseconds, text to hits or, with `--count`, text to their exact number, and the means of the counters;
//! the slowest queries with theirs. **Law**: the queries of a class run one after the other, pass after pass, so nothing of a query is
//! warm but what the machine keeps; with `--cold` so many megabytes are read between two passes, as other programs would.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the benches: it stops where it cannot go on")]

use std::collections::BTreeMap;
use std::time::Instant;

use findspot_engine::base::Interrupt;
use findspot_engine::exec::pruned::Work;
use findspot_engine::search::{CountMode, FilterInput, Index, IndexOptions, QueryInput, SearchRequest};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1)).cloned();
    let (path, queries) = (&arguments[0], std::fs::read_to_string(&arguments[1]).unwrap());
    let number = |name: &str, usual: usize| option(name).map_or(usual, |text| text.parse().unwrap());
    let counted = arguments.iter().any(|argument| argument == "--count");
    let (limit, passes) = (if counted { 0 } else { number("--limit", 10) }, number("--passes", 5));
    let count = if counted { CountMode::Exact } else { CountMode::None };
    let wanted = option("--classes");
    let others = vec![1u8; number("--cold", 0) << 20];
    let mut classes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in queries.lines() {
        let (class, query) = line.split_once('\t').unwrap();
        if wanted.as_ref().is_none_or(|wanted| wanted.split(',').any(|name| name == class)) {
            classes.entry(class).or_default().push(query);
        }
    }
    let index = Index::open(&format!("file://{path}"), IndexOptions::default()).unwrap();
    let view = index.view().unwrap();
    let none = Interrupt::none();
    for (class, queries) in classes {
        let mut least = vec![u64::MAX; queries.len()];
        let mut work = Work::default();
        for pass in 0..passes {
            std::hint::black_box(others.iter().step_by(64).map(|byte| u64::from(*byte)).sum::<u64>());
            for (query, least) in queries.iter().zip(&mut least) {
                let start = Instant::now();
                let request = SearchRequest {
                    query: QueryInput::Text((*query).into()),
                    limit,
                    count,
                    filter: option("--where").map(FilterInput::Text),
                    ..SearchRequest::default()
                };
                let hits = view.search(&request, &none).unwrap();
                *least = (*least).min(start.elapsed().as_nanos() as u64);
                if pass == 0 {
                    work.add(hits.work());
                }
            }
        }
        let mut slowest: Vec<_> = least.iter().zip(&queries).collect();
        slowest.sort_unstable_by_key(|(ns, _)| std::cmp::Reverse(**ns));
        let worst: Vec<_> = slowest.iter().take(number("--worst", 0)).map(|(ns, query)| (**ns, **query)).collect();
        least.sort_unstable();
        let us = |ns: u64| ns as f64 / 1e3;
        let mean = least.iter().map(|ns| us(*ns)).sum::<f64>() / least.len() as f64;
        print!("{class}\tmean {mean:.2}\tp50 {:.2}\tp99 {:.1}\t", us(least[least.len() / 2]), us(least[least.len() * 99 / 100]));
        let per_query = |count: u64| count as f64 / queries.len() as f64;
        let counters = work.named().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {:.1}", per_query(count)));
        println!("{}", counters.collect::<Vec<_>>().join(" "));
        for (ns, query) in worst {
            let request = SearchRequest { query: QueryInput::Text(query.into()), limit, count, ..SearchRequest::default() };
            let work = *view.search(&request, &none).unwrap().work();
            let counters = work.named().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}"));
            println!("    {:.1} {query:?} {}", us(ns), counters.collect::<Vec<_>>().join(" "));
        }
    }
}
