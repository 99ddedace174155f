//! The tantivy crate as its users call it, behind the line protocol of `children.py`; and the builder of its indexes.
//!
//!     tantivy-runner build tantivy <words.txt> <folder> <segments> <deleted.txt or ->
//!     tantivy-runner serve tantivy <folder> <queries.tsv>
//!
//! **Law**: inside the clock are the query parser (or, for the typed commands, the query's construction), the search, and the end of the
//! result. Nothing that depends on the query survives a call.

mod build;
mod queries;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::Instant;

use tantivy::collector::{Count, TopDocs};
use tantivy::query::{Query, QueryParser};
use tantivy::schema::Field;
use tantivy::{Index, Searcher, TantivyError};

use queries::{best_field, best_of_each_word, typed};

/// What can be asked of this engine.
const COMMANDS: &[&str] = &["TOP_10", "TOP_100", "TOP_10_TYPED", "TOP_10_COUNT", "COUNT", "TOP_10_BEST", "TOP_10_DISMAX"];

/// Queries that run even when the budget is spent.
const LEAST: usize = 20;

pub type Outcome<T> = Result<T, TantivyError>;

struct Engine {
    searcher: Searcher,
    parser: QueryParser,
    /// One, or two in the index of two fields.
    fields: Vec<Field>,
}

impl Engine {
    fn open(folder: &str) -> Outcome<Self> {
        let index = Index::open_in_dir(folder)?;
        let schema = index.schema();
        let fields: Vec<Field> = ["text", "title", "body"].iter().filter_map(|name| schema.get_field(name).ok()).collect();
        let parser = QueryParser::for_index(&index, fields.clone());
        Ok(Self { searcher: index.reader()?.searcher(), parser, fields })
    }

    fn parsed(&self, query: &str) -> Outcome<Box<dyn Query>> {
        self.parser.parse_query(query).map_err(|error| TantivyError::InvalidArgument(error.to_string()))
    }

    /// What the clock sees. The number returned keeps the work from being optimised away.
    fn call(&self, command: &str, kind: &str, query: &str) -> Outcome<usize> {
        match command {
            "TOP_10" => self.top(&*self.parsed(query)?, 10),
            "TOP_100" => self.top(&*self.parsed(query)?, 100),
            "TOP_10_TYPED" => self.top(&*typed(self.fields[0], kind, query), 10),
            "TOP_10_BEST" => self.top(&best_of_each_word(&self.fields, query), 10),
            "TOP_10_DISMAX" => self.top(&best_field(&self.fields, query), 10),
            "TOP_10_COUNT" => {
                let (top, count) = self.searcher.search(&*self.parsed(query)?, &(TopDocs::with_limit(10).order_by_score(), Count))?;
                Ok(top.len() + count)
            }
            "COUNT" => self.parsed(query)?.count(&self.searcher),
            _ => Err(TantivyError::InvalidArgument(format!("no command {command}"))),
        }
    }

    fn top(&self, query: &dyn Query, limit: usize) -> Outcome<usize> {
        Ok(self.searcher.search(query, &TopDocs::with_limit(limit).order_by_score())?.len())
    }

    /// [key, score] of the best, as JSON.
    fn answers(&self, query: &str, limit: usize) -> Outcome<String> {
        let top = self.searcher.search(&*self.parsed(query)?, &TopDocs::with_limit(limit).order_by_score())?;
        let mut pairs = Vec::new();
        for (score, address) in top {
            let keys = self.searcher.segment_reader(address.segment_ord).fast_fields().u64("id")?;
            let key = keys.first(address.doc_id).unwrap_or(u64::MAX);
            pairs.push(format!("[{key},{score}]"));
        }
        Ok(format!("[{}]", pairs.join(",")))
    }
}

fn timed(engine: &Engine, command: &str, kind: &str, queries: &[String], budget: u128) -> Outcome<String> {
    let (mut taken, mut spent, mut kept) = (Vec::new(), 0, 0);
    for query in queries {
        let start = Instant::now();
        let found = engine.call(command, kind, query)?;
        let nanoseconds = start.elapsed().as_nanos();
        kept += found;
        taken.push(nanoseconds.to_string());
        spent += nanoseconds;
        if spent > budget && taken.len() >= LEAST {
            break;
        }
    }
    std::hint::black_box(kept);
    Ok(format!("[{}]", taken.join(",")))
}

fn anonymous_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn answer(engine: &Engine, queries: &HashMap<String, Vec<String>>, bare: u64, words: &[&str]) -> Outcome<String> {
    let invalid = || TantivyError::InvalidArgument(words.join(" "));
    let number = |place: usize| words.get(place).and_then(|word| word.parse::<u64>().ok()).ok_or_else(invalid);
    let of = |kind: &str, count: u64| {
        let found = queries.get(kind).map(Vec::as_slice).unwrap_or_default();
        &found[..found.len().min(count as usize)]
    };
    match words {
        ["run", kind, command, ..] => timed(engine, command, kind, of(kind, number(3)?), u128::from(number(4)?)),
        ["answers", kind, ..] => {
            let limit = number(2)? as usize;
            let lists: Outcome<Vec<String>> = of(kind, number(3)?).iter().map(|query| engine.answers(query, limit)).collect();
            Ok(format!("[{}]", lists?.join(",")))
        }
        ["counts", kind, ..] => {
            let counts: Outcome<Vec<String>> =
                of(kind, number(2)?).iter().map(|query| engine.call("COUNT", kind, query).map(|count| count.to_string())).collect();
            Ok(format!("[{}]", counts?.join(",")))
        }
        ["memory"] => Ok(format!("{{\"bare_kb\":{bare},\"now_kb\":{}}}", anonymous_kb())),
        _ => Err(invalid()),
    }
}

fn serve(folder: &str, queries_file: &str) -> Outcome<()> {
    let bare = anonymous_kb();
    let mut queries: HashMap<String, Vec<String>> = HashMap::new();
    for line in std::fs::read_to_string(queries_file)?.lines() {
        if let Some((kind, query)) = line.split_once('\t') {
            queries.entry(kind.to_owned()).or_default().push(query.to_owned());
        }
    }
    let start = Instant::now();
    let engine = Engine::open(folder)?;
    let (segments, documents) = (engine.searcher.segment_readers().len(), engine.searcher.num_docs());
    let mut out = std::io::stdout().lock();
    let versions = format!("{{\"tantivy\":\"{}\",\"segments\":\"{segments}\",\"documents\":\"{documents}\"}}", tantivy::version_string());
    writeln!(out, "{{\"open_s\":{:.4},\"versions\":{versions}}}", start.elapsed().as_secs_f64())?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        if words == ["quit"] {
            break;
        }
        // A command that this engine does not have is null; whatever else goes wrong ends the child and is reported.
        let unknown = words.first() == Some(&"run") && !COMMANDS.contains(words.get(2).unwrap_or(&""));
        writeln!(out, "{}", if unknown { "null".to_owned() } else { answer(&engine, &queries, bare, &words)? })?;
        out.flush()?;
    }
    Ok(())
}

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["build", _, documents, folder, segments, deleted] => build::build(documents, folder, segments.parse().unwrap_or(1), deleted),
        ["serve", _, folder, queries] => serve(folder, queries),
        other => Err(TantivyError::InvalidArgument(format!("build or serve, got {other:?}"))),
    }
}
