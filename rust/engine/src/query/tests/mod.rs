//! Tests of the query room as a whole: cases as data, any text, any tree.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod any_input;
mod bound;
mod cases;
mod meaning;

use crate::analysis::Analyzers;
use crate::schema::Schema;

/// A field of every kind; two Text fields whose analyzers disagree about words, one for prefixes of paths.
fn schema() -> Schema {
    serde_json::from_str(
        r#"{"key": "id", "fields": [
            {"name": "title", "type": "text", "analyzer": "english"},
            {"name": "clue", "type": "text", "analyzer": "whitespace"},
            {"name": "path", "type": "text", "analyzer": "path"},
            {"name": "artist", "type": "keyword"},
            {"name": "subjects", "type": "keyword", "many": true},
            {"name": "year", "type": "integer"},
            {"name": "price", "type": "float"},
            {"name": "found", "type": "date"},
            {"name": "real", "type": "boolean"},
            {"name": "location", "type": "geopoint"}]}"#,
    )
    .unwrap()
}

fn analyzers(schema: &Schema) -> Analyzers {
    Analyzers::of(schema.analyzers()).unwrap()
}
