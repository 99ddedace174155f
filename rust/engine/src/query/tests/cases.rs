//! The conformance cases of `tests/conformance/parse`.

use serde_json::Value;

use crate::base::Error;
use crate::query::{Filter, ParseMode, ParseOptions, Query, parse, parse_filter};
use crate::schema::Schema;

fn load(name: &str) -> (Schema, Vec<Value>) {
    let path = format!("{}/../../tests/conformance/parse/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut file: Value = serde_json::from_slice(&std::fs::read(&path).expect(&path)).expect(&path);
    let cases: Vec<Value> = serde_json::from_value(file["cases"].take()).unwrap();
    assert!(cases.len() > 60, "{path} holds its cases");
    (serde_json::from_value(file["schema"].take()).unwrap(), cases)
}

fn place(error: Error) -> (usize, String, Option<String>) {
    match error {
        Error::Query { position, message, hint } => (position, message, hint),
        other => panic!("{other:?}"),
    }
}

#[test]
fn query_strings() {
    let (schema, cases) = load("query_string.json");
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let parsed = parse(text, &schema, &ParseOptions::default()).unwrap();
        let query: Value = serde_json::from_str(&parsed.query.to_json().unwrap()).unwrap();
        assert_eq!(query, case["query"], "{text:?}");
        let warnings: Vec<_> = parsed.warnings.iter().map(|w| (w.position, w.message.clone(), w.hint.clone())).collect();
        assert_eq!(serde_json::to_value(&warnings).unwrap(), case["warnings"], "{text:?}");
        let strict = parse(text, &schema, &ParseOptions { mode: ParseMode::Strict, ..ParseOptions::default() });
        match strict {
            Ok(strict) => assert_eq!((case["refused"].is_null(), strict), (true, parsed), "{text:?}"),
            Err(error) => {
                let refused = place(error);
                assert_eq!(Value::from(refused.0), case["refused"], "{text:?}");
                assert_eq!(Some(&refused), warnings.first(), "{text:?}: strict refuses what lenient warns of first");
            }
        }
        assert_eq!(Query::from_json(case["query"].to_string().as_bytes()).unwrap(), parsed_again(text, &schema), "{text:?}");
    }
}

fn parsed_again(text: &str, schema: &Schema) -> Query {
    parse(text, schema, &ParseOptions::default()).unwrap().query
}

#[test]
fn filter_texts() {
    let (schema, cases) = load("filter_text.json");
    for case in cases {
        let text = case["text"].as_str().unwrap();
        match parse_filter(text, &schema) {
            Ok(filter) => {
                let json: Value = serde_json::from_str(&filter.to_json().unwrap()).unwrap();
                assert_eq!(json, case["filter"], "{text:?}");
                assert_eq!(Value::from(filter.to_string()), case["shown"], "{text:?}");
                assert_eq!(parse_filter(&filter.to_string(), &schema).unwrap(), filter, "{text:?}");
                assert_eq!(Filter::from_json(case["filter"].to_string().as_bytes()).unwrap(), filter, "{text:?}");
                filter.bind(&schema).unwrap();
            }
            Err(error) => assert_eq!(serde_json::to_value(place(error)).unwrap(), case["refused"], "{text:?}"),
        }
    }
}
