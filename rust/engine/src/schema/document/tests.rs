//! What the document parser takes and refuses, case by case and on random JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write;

use super::*;
use crate::schema::{Field, FieldKind};
use proptest::prelude::*;

fn schema(extra: Extra, key_kind: KeyKind) -> Arc<Schema> {
    let field = |name: &str, kind| Field { name: name.into(), kind };
    let fields = vec![
        field("title", FieldKind::Text { analyzer: "standard".into() }),
        field("artist", FieldKind::Keyword { many: false }),
        field("subjects", FieldKind::Keyword { many: true }),
        field("year", FieldKind::Integer),
        field("price", FieldKind::Float),
        field("found", FieldKind::Date),
        field("sold", FieldKind::Boolean),
        field("at", FieldKind::GeoPoint),
    ];
    Arc::new(Schema::new("id".into(), key_kind, extra, fields).unwrap())
}

fn parser(extra: Extra) -> DocumentParser {
    DocumentParser::new(schema(extra, KeyKind::String))
}

fn refuse(extra: Extra, json: impl AsRef<[u8]>) -> Reject {
    parser(extra).parse(json.as_ref()).expect_err("accepted")
}

#[test]
fn a_document_gives_its_key_its_values_and_its_own_text() {
    let json = br#" { "title": "Caf\u00e9", "id": "k1", "artist":"A","subjects":["x","y"],"year":-5,"price":3,"found":"1970-01-02",
        "sold":true,"at":{"lon":-0.5,"lat":51} }
    "#;
    let mut parser = parser(Extra::Error);
    for _ in 0..2 {
        let document = parser.parse(json).unwrap();
        assert_eq!(document.key, "k1");
        assert_eq!(&*document.json, json.trim_ascii());
        let values: Vec<_> = document.values.iter().map(|(id, value)| (id.0, value.clone())).collect();
        assert_eq!(
            values,
            [
                (0, Value::Text("Café".into())),
                (1, Value::Keyword("A".into())),
                (2, Value::Keyword("x".into())),
                (2, Value::Keyword("y".into())),
                (3, Value::Integer(-5)),
                (4, Value::Float(3.0)),
                (5, Value::Date(86_400_000_000)),
                (6, Value::Boolean(true)),
                (7, Value::Geo { lat: 51.0, lon: -0.5 }),
            ]
        );
    }
}

#[test]
fn null_and_an_empty_list_are_missing() {
    let mut parser = parser(Extra::Error);
    let json = br#"{"id":1,"title":null,"artist":null,"subjects":[],"year":null,"price":null,"found":null,"sold":null,"at":null}"#;
    let document = parser.parse(json).unwrap();
    assert_eq!((&*document.key, document.values.len()), ("1", 0));
}

#[test]
fn what_a_field_does_not_take_is_refused_with_key_field_and_value() {
    for (field, value) in [
        ("title", "1"),
        ("title", r#"["a","b"]"#),
        ("title", r#"{"a":1}"#),
        ("artist", "true"),
        ("artist", r#"["a"]"#),
        ("subjects", "[1]"),
        ("subjects", "[null]"),
        ("subjects", r#"{"a":"b"}"#),
        ("year", "1.0"),
        ("year", "1e3"),
        ("year", r#""1900""#),
        ("year", "9223372036854775808"),
        ("year", "true"),
        ("price", r#""3.5""#),
        ("price", "1e999"),
        ("found", "1900"),
        ("found", r#""yesterday""#),
        ("found", r#""1999-02-30""#),
        ("found", r#""0000-12-31""#),
        ("found", r#""9999-12-31T23:59:59-01:00""#),
        ("found", r#""-0044-03-15""#),
        ("sold", "0"),
        ("sold", r#""true""#),
        ("at", r#"{"lat":91,"lon":0}"#),
        ("at", r#"{"lat":1}"#),
        ("at", r#"{"lat":1,"lon":2,"alt":3}"#),
        ("at", r#"{"lat":1,"lat":2}"#),
        ("at", r#"{"lat":"1","lon":2}"#),
        ("at", "{}"),
        ("at", "[]"),
        ("at", "[1]"),
        ("at", "[1,2,3]"),
        ("at", "[1,181]"),
        ("at", r#""51,0""#),
    ] {
        // The key is found before and behind the fault.
        for json in [format!(r#"{{"id":"k","{field}":{value}}}"#), format!(r#"{{"{field}":{value},"id":"k"}}"#)] {
            let reject = refuse(Extra::Error, &json);
            assert_eq!((reject.key.as_deref(), &*reject.field), (Some("k"), field), "{json}");
            assert!(reject.got.starts_with(value) || (field == "subjects" && reject.got.contains("inside")), "{json}: {reject}");
            assert!(!reject.expected.is_empty());
        }
    }
}

#[test]
fn bare_words_that_python_writes_are_named() {
    for (json, field, got) in [
        (r#"{"id":"k","price":NaN}"#, "price", "NaN"),
        (r#"{"price":-Infinity,"id":"k"}"#, "price", "-Infinity"),
        (r#"{"id":"k","more":{"deep":[1,Infinity]}}"#, "more", "Infinity"),
    ] {
        let reject = refuse(Extra::Store, json);
        assert_eq!((&*reject.field, &*reject.got), (field, got), "{reject}");
        assert!(reject.expected.contains("finite"), "{reject}");
    }
    assert_eq!(refuse(Extra::Store, r#"{"id":"k","price":NaN}"#).key.as_deref(), Some("k"));
}

#[test]
fn other_bare_words_end_where_the_value_does() {
    for (json, field, expected, got) in [
        (r#"{"id":"k","title":bytes}"#, "title", "one string", "bytes"),
        (r#"{"title":timedelta,"id":"k"}"#, "title", "one string", "timedelta"),
        (r#"{"id":"k","price":function }"#, "price", "a finite number", "function"),
        (r#"{"id":"k","subjects":["x",object]}"#, "subjects", "a string or a list of strings, each of at most 8192 bytes", "object"),
        (r#"{"id":"k","more":{"deep":[nested-too-deeply]}}"#, "more", "a JSON value", "nested-too-deeply"),
        (r#"{"id":"k",int:"x"}"#, "", "JSON with a member's name in double quotes", "int at byte 10"),
    ] {
        let reject = refuse(Extra::Store, json);
        assert_eq!((&*reject.field, &*reject.expected, &*reject.got), (field, expected, got), "{json}");
    }
}

#[test]
fn keys_are_strings_or_integers_as_the_schema_says() {
    let long = "x".repeat(MAX_KEY);
    let key = |kind, json: &str| {
        let mut parser = DocumentParser::new(schema(Extra::Error, kind));
        parser.parse(json.as_bytes()).map(|document| document.key.into_owned()).map_err(Box::new)
    };
    for (json, expected) in [
        (r#"{"id":"é\n"}"#.to_owned(), "é\n"),
        (r#"{"id":7}"#.to_owned(), "7"),
        (r#"{"id":-0}"#.to_owned(), "0"),
        (r#"{"id":123456789012345678901234567890}"#.to_owned(), "123456789012345678901234567890"),
        (format!(r#"{{"id":"{long}"}}"#), long.as_str()),
    ] {
        assert_eq!(key(KeyKind::String, &json).unwrap(), expected);
    }
    for json in
        [r#"{}"#, r#"{"id":null}"#, r#"{"id":""}"#, r#"{"id":1.5}"#, r#"{"id":true}"#, r#"{"id":[1]}"#, &format!(r#"{{"id":"{long}x"}}"#)]
    {
        let reject = key(KeyKind::String, json).unwrap_err();
        assert_eq!(reject.field, "id", "{json}");
    }
    assert_eq!(key(KeyKind::Integer, r#"{"id":-12}"#).unwrap(), "-12");
    for json in [r#"{"id":"7"}"#, r#"{"id":1.0}"#, r#"{"id":9223372036854775808}"#] {
        assert_eq!(key(KeyKind::Integer, json).unwrap_err().field, "id", "{json}");
    }
}

#[test]
fn a_key_may_be_a_field_too() {
    let field = Field { name: "id".into(), kind: FieldKind::Integer };
    let schema = Schema::new("id".into(), KeyKind::String, Extra::Error, vec![field]).unwrap();
    let mut parser = DocumentParser::new(Arc::new(schema));
    let document = parser.parse(br#"{"id":7}"#).unwrap();
    assert_eq!((&*document.key, document.values), ("7", vec![(FieldId(0), Value::Integer(7))]));
    assert_eq!(parser.parse(br#"{"id":"x"}"#).unwrap_err().key.as_deref(), Some("x"));
}

#[test]
fn unknown_members_are_refused_stored_or_cut_out() {
    let reject = refuse(Extra::Error, r#"{"id":"k","titel":"x"}"#);
    assert_eq!((reject.key.as_deref(), &*reject.field), (Some("k"), "titel"));
    assert!(reject.expected.contains("did you mean \"title\"?"), "{reject}");

    let json = r#"{ "x": [1, {"id": 2}], "id" : "k" , "y":1, "year" :3, "z":{}, "sold":false,"w":"" }"#;
    assert_eq!(&*parser(Extra::Store).parse(json.as_bytes()).unwrap().json, json.as_bytes());
    let document = parser(Extra::Ignore).parse(json.as_bytes()).unwrap().json.into_owned();
    assert_eq!(String::from_utf8(document).unwrap(), r#"{"id" : "k","year" :3,"sold":false}"#);
    let only = parser(Extra::Ignore).parse(br#"{"id":"k","x":1}"#).unwrap().json.into_owned();
    assert_eq!(only, br#"{"id":"k"}"#);
}

#[test]
fn a_member_stands_once() {
    for json in [r#"{"id":"a","id":"a"}"#, r#"{"id":"a","year":1,"\u0079ear":2}"#, r#"{"id":"a","x":1,"y":2,"x":3}"#] {
        let reject = refuse(Extra::Store, json);
        assert!(reject.got.contains("twice") && !reject.field.is_empty(), "{json}: {reject}");
    }
    let many: String = (0..100).map(|i| format!(r#","x{i}":1"#)).collect();
    assert!(parser(Extra::Store).parse(format!(r#"{{"id":1{many}}}"#).as_bytes()).is_ok());
    assert_eq!(refuse(Extra::Store, format!(r#"{{"id":1{many},"x7":2}}"#)).field, "x7");
}

#[test]
fn what_is_no_document_is_refused_as_a_whole() {
    for json in ["", "null", "[]", "\"x\"", "\0\0\0\0", "{\"id\":1", "{\"id\":1}}", "{\"id\":1,}", "{'id':1}"] {
        let reject = refuse(Extra::Error, json);
        assert!(!reject.got.contains('\0') && reject.to_string().starts_with("document"), "{json}: {reject}");
    }
    let reject = refuse(Extra::Error, b"{\"id\":\"k\",\"title\":\"ab\xffc\"}");
    assert_eq!((reject.key.as_deref(), &*reject.field), (Some("k"), "title"));
    assert!(reject.got.contains("0xff at byte 21"), "{reject}");
    let reject = refuse(Extra::Error, vec![b' '; MAX_DOCUMENT + 1]);
    assert!(reject.got.contains("16777217 bytes"), "{reject}");
    let reject = refuse(Extra::Error, format!(r#"{{"id":"k","artist":"{}"}}"#, "é".repeat(5000)));
    assert!(reject.got.contains("10000 bytes") && reject.got.len() < 300, "{reject}");
    assert!(
        refuse(Extra::Store, format!(r#"{{"id":"k","x":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000))).expected.contains("nesting")
    );
}

#[test]
fn a_million_members_are_refused_at_the_first_and_many_are_stored() {
    let members = |count: u32| {
        let mut json = String::from("{\"id\":\"k\"");
        (0..count).for_each(|i| write!(json, ",\"f{i}\":1").unwrap());
        json + "}"
    };
    let started = std::time::Instant::now();
    let reject = refuse(Extra::Error, members(1_000_000));
    assert_eq!((reject.key.as_deref(), &*reject.field), (Some("k"), "f0"));
    assert!(parser(Extra::Store).parse(members(100_000).as_bytes()).is_ok());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), cut in 0usize..200, flip in 0usize..200) {
        let mut parser = parser(Extra::Ignore);
        let _ = parser.parse(&bytes);
        let mut json = br#"{"title":"Caf\u00e9","id":"k1","subjects":["x","y"],"price":3.5e1,"found":"1970-01-02","at":{"lon":-0.5,"lat":51},"x":[{}]}"#.to_vec();
        json.truncate(cut.max(1));
        let at = flip % json.len();
        json[at] ^= bytes.first().copied().unwrap_or(1);
        if let Ok(document) = parser.parse(&json) {
            // What is taken is JSON for others too.
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&document.json).is_ok());
        }
    }
}
