//! The check, by cases and against itself: incremental checks give what whole ones give.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;

use crate::{Document, Format, Kind, Layer, LayerKind, Limits, Problems, Schema, environment, merge, parse, patch, value};

fn schema(form: &str) -> Schema {
    Schema::from_json(form).unwrap()
}

/// A schema of one field `a`.
fn field(form: &str) -> Schema {
    schema(&format!(r#"{{"type": "table", "name": "App", "fields": {{"a": {form}}}}}"#))
}

fn document(json: &str) -> Document {
    value("t", LayerKind::Mapping, json).unwrap()
}

fn check(schema: &Schema, json: &str) -> Result<String, Vec<String>> {
    outcome(schema.check_document(&document(json), None).map(|checked| checked.document().clone()))
}

fn outcome(checked: Result<Document, Problems>) -> Result<String, Vec<String>> {
    checked
        .map(|document| String::from_utf8(document.to_json()).unwrap())
        .map_err(|problems| problems.0.iter().map(|problem| format!("{} {}", problem.code, problem.message())).collect())
}

#[test]
fn values_that_fit_pass_as_they_are() {
    for (form, json) in [
        (r#"{"type": "any"}"#, r#"{"x":[1,null]}"#),
        (r#"{"type": "null"}"#, "null"),
        (r#"{"type": "boolean"}"#, "true"),
        (r#"{"type": "integer", "ge": 1, "lt": 3}"#, "2"),
        (r#"{"type": "integer", "multiple_of": 5}"#, "-15"),
        (r#"{"type": "number", "gt": 0, "multiple_of": 0.1}"#, "0.3"),
        (r#"{"type": "number"}"#, "3"),
        (r#"{"type": "string", "min_length": 2, "max_length": 2, "pattern": "^\\w+$"}"#, "\"\u{e9}\u{e9}\""),
        (r#"{"type": "string", "enum": ["x", "y"]}"#, r#""y""#),
        (r#"{"type": "any", "enum": [1, "x", null]}"#, "null"),
        (r#"{"type": "number", "const": 1}"#, "1.0"),
        (
            r#"{"type": "map", "items": {"type": "integer"}, "keys": {"type": "string", "pattern": "^k"}, "max_length": 2}"#,
            r#"{"k1":1,"k2":2}"#,
        ),
        (r#"{"type": "list", "items": {"type": "string"}, "unique": true}"#, r#"["a","b"]"#),
        (r#"{"type": "tuple", "prefix": [{"type": "integer"}, {"type": "string"}]}"#, r#"[1,"a"]"#),
        (r#"{"type": "union", "variants": [{"type": "null"}, {"type": "integer"}]}"#, "4"),
        (r#"{"type": "table", "fields": {}, "additional": true}"#, r#"{"x":1}"#),
        (r#"{"type": "table", "fields": {}, "additional": {"type": "integer"}}"#, r#"{"x":1}"#),
        (r#"{"type": "time", "format": "date"}"#, r#""2026-03-01""#),
    ] {
        assert_eq!(check(&field(form), &format!(r#"{{"a":{json}}}"#)), Ok(format!(r#"{{"a":{json}}}"#)), "{form}");
    }
}

#[test]
fn values_that_do_not_fit_are_named() {
    for (form, json, expected) in [
        (r#"{"type": "integer", "ge": 1}"#, "0", "range a: expected integer ≥ 1, got 0"),
        (r#"{"type": "integer"}"#, "1.5", "type a: expected integer, got 1.5"),
        (r#"{"type": "integer"}"#, "true", "type a: expected integer, got true"),
        (r#"{"type": "boolean"}"#, r#""yes""#, "type a: expected boolean, got \"yes\""),
        (
            r#"{"type": "integer", "le": 9007199254740992}"#,
            "9007199254740993",
            "range a: expected integer ≤ 9007199254740992, got 9007199254740993",
        ),
        (r#"{"type": "string", "max_length": 2}"#, r#""abc""#, "length a: expected string of at most 2 characters, got \"abc\""),
        (r#"{"type": "string", "pattern": "^x"}"#, r#""y""#, "pattern a: expected string that matches ^x, got \"y\""),
        (r#"{"type": "string", "enum": ["near", "far"]}"#, r#""nar""#, "enum a: expected one of \"near\", \"far\", got \"nar\""),
        (r#"{"type": "list", "items": {"type": "integer"}}"#, r#"[1,"x"]"#, "type a[1]: expected integer, got \"x\""),
        (
            r#"{"type": "list", "items": {"type": "any"}, "unique": true}"#,
            "[1,1]",
            "length a: expected list without repetitions, got a list",
        ),
        (r#"{"type": "tuple", "prefix": []}"#, "[1]", "length a: expected list of 0 values, got a list"),
        (r#"{"type": "time", "format": "date"}"#, r#""2026-13-01""#, "type a: expected date, like 2026-03-01, got \"2026-13-01\""),
        (
            r#"{"type": "union", "variants": [{"type": "null"}, {"type": "integer"}]}"#,
            r#""x""#,
            "type a: expected null or integer, got \"x\"",
        ),
        (
            r#"{"type": "map", "items": {"type": "any"}, "keys": {"type": "string", "pattern": "^k"}}"#,
            r#"{"x":1}"#,
            "key a.x: expected a key that is string that matches ^k, got another key",
        ),
        (
            r#"{"type": "table", "name": "T", "fields": {"abc": {"type": "any"}}}"#,
            r#"{"abd":1}"#,
            "unknown_key a.abd: expected a key of T, got an unknown key",
        ),
    ] {
        let found = check(&field(form), &format!(r#"{{"a":{json}}}"#)).unwrap_err();
        assert_eq!(found.first().map(String::as_str), Some(expected));
    }
}

#[test]
fn hints_know_what_was_meant() {
    let checked = |form: &str, json: &str| {
        field(form).check_document(&document(json), None).unwrap_err().0.into_iter().map(|p| p.hint.unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(checked(r#"{"type": "integer"}"#, r#"{"b":1}"#), ["known keys: `a`", "add `a`"]);
    assert_eq!(checked(r#"{"type": "integer", "optional": true}"#, r#"{"A":1}"#), ["did you mean `a`?"]);
    assert_eq!(checked(r#"{"type": "string", "enum": ["near"]}"#, r#"{"a":"nera"}"#), ["did you mean \"near\"?"]);
    assert_eq!(checked(r#"{"type": "integer"}"#, r#"{"a":"1"}"#), ["write it without quotes"]);
    assert_eq!(checked(r#"{"type": "integer"}"#, r#"{"a":"7s"}"#), [""], "without quotes it would be no better");
    assert_eq!(checked(r#"{"type": "boolean"}"#, r#"{"a":"yes"}"#), [""]);
}

#[test]
fn unions_report_the_variant_that_was_meant() {
    let form = r#"{"type": "union", "variants": [
        {"type": "table", "name": "Cat", "fields": {"kind": {"type": "string", "const": "cat"}, "lives": {"type": "integer"}}},
        {"type": "table", "name": "Dog", "fields": {"kind": {"type": "string", "const": "dog"}, "name": {"type": "string"}}}]}"#;
    assert_eq!(check(&field(form), r#"{"a":{"kind":"dog","name":1}}"#).unwrap_err(), ["type a.name: expected string, got 1"]);
    assert_eq!(check(&field(form), r#"{"a":{"kind":"cow"}}"#).unwrap_err(), ["type a: expected table Cat or table Dog, got a table"]);
}

#[test]
fn defaults_fill_and_all_problems_come_at_once() {
    let schema = schema(
        r#"{"type": "table", "name": "App", "fields": {
            "port": {"type": "integer", "default": 8108},
            "limits": {"type": "table", "name": "Limits", "fields": {"max": {"type": "integer", "default": 5}, "min": {"type": "integer"}}},
            "tags": {"type": "list", "items": {"type": "string"}, "default": ["x"]},
            "note": {"type": "string", "optional": true}}}"#,
    );
    assert_eq!(check(&schema, r#"{"limits":{"min":1}}"#).unwrap(), r#"{"limits":{"min":1,"max":5},"port":8108,"tags":["x"]}"#);
    let found = check(&schema, r#"{"limits":{"max":"x"},"tags":[1,2],"note":null}"#).unwrap_err();
    assert_eq!(found.len(), 5, "{found:#?}");
    assert!(found.contains(&"missing limits.min: expected integer, got nothing".to_owned()));
}

fn env(vars: &[(&str, &str)]) -> Arc<Layer> {
    Arc::new(environment("A__", "__", vars.iter().map(|(name, value)| (format!("A__{name}"), (*value).to_owned()))).unwrap())
}

#[test]
fn text_of_the_environment_gets_its_type() {
    let schema = schema(
        r#"{"type": "table", "fields": {
            "i": {"type": "integer"}, "n": {"type": "number"}, "b": {"type": "boolean"}, "s": {"type": "string"},
            "t": {"type": "time"}, "l": {"type": "list", "items": {"type": "integer"}}, "m": {"type": "map", "items": {"type": "integer"}},
            "u": {"type": "union", "variants": [{"type": "string"}, {"type": "integer"}]}, "e": {"type": "any", "enum": [1, "x"]},
            "o": {"type": "union", "variants": [{"type": "integer"}, {"type": "null"}]}}}"#,
    );
    let vars = [
        ("I", " 1_000 "),
        ("N", "1e3"),
        ("B", "Off"),
        ("S", " 8 "),
        ("T", "2026-03-01 12:00:00Z"),
        ("L", "[1, 2]"),
        ("M__K", "7"),
        ("U", "5"),
        ("E", "1"),
        ("O", "null"),
    ];
    let checked = schema.check(&merge(&[env(&vars)]), None).unwrap();
    assert_eq!(
        String::from_utf8(checked.document().to_json()).unwrap(),
        r#"{"b":false,"e":1,"i":1000,"l":[1,2],"m":{"k":7},"n":1000.0,"o":null,"s":" 8 ","t":"2026-03-01T12:00:00Z","u":5}"#
    );
    assert_eq!(checked.document().get(&"t".parse().unwrap()).unwrap().kind(), Kind::Time);
    assert_eq!(checked.document().get(&"i".parse().unwrap()).unwrap().origin().unwrap().place().to_string(), "A__I (environment)");
    for (name, text) in [
        ("I", "1.5"),
        ("I", "abc"),
        ("I", "9223372036854775808"),
        ("N", "inf"),
        ("N", "1e999"),
        ("B", "maybe"),
        ("L", "1,2"),
        ("T", "noon"),
    ] {
        let mut vars = vars.to_vec();
        vars.retain(|(known, _)| *known != name);
        vars.push((name, text));
        let problems = schema.check(&merge(&[env(&vars)]), None).unwrap_err();
        assert_eq!(problems.0.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["type"], "{name}={text}");
    }
    // The same text in a file is text.
    let file = Arc::new(parse(Format::Toml, "t.toml", b"i = '8'".to_vec(), &Limits::default()).unwrap());
    assert!(schema.check(&merge(&[env(&vars), file]), None).is_err());
}

#[test]
fn forms_are_checked_themselves() {
    for form in [
        r#"{"type": "integr"}"#,
        r#"{"type": "integer", "min": 1}"#,
        r#"{"type": "list"}"#,
        r#"{"type": "string", "pattern": "("}"#,
        r#"{"type": "integer", "multiple_of": 0}"#,
        r#"{"type": "any", "enum": []}"#,
        r#"{"type": "any", "default": 1}"#,
        r#"{"type": "string", "min_length": -1}"#,
        r#"{"fields": {}}"#,
        "{",
    ] {
        assert!(Schema::from_json(form).is_err(), "{form}");
    }
}

#[test]
fn a_check_ends_early_when_everything_is_wrong() {
    let json: String = (0..50_000).map(|i| format!("\"key_{i}\":1,")).collect();
    let found = check(&field(r#"{"type": "integer"}"#), &format!("{{{}}}", json.trim_end_matches(','))).unwrap_err();
    assert!((1001..=1002).contains(&found.len()) && found.last().unwrap().starts_with("more "), "{}", found.len());
}

const LIVE: &str = r#"{"type": "table", "fields": {"z": {"type": "integer", "default": 1}}, "additional":
    {"type": "union", "variants": [{"type": "map", "items": {"type": "any"}}, {"type": "any"}]}}"#;

proptest! {
    #[test]
    fn an_incremental_check_is_a_whole_one(a in crate::document::tests::table(), new in crate::document::tests::table(), key in "[a-e]") {
        let schema = schema(LIVE);
        let read = |value: &serde_json::Value| parse(Format::Json, "t.json", value.to_string().into_bytes(), &Limits::default()).unwrap().document().clone();
        let first = read(&a);
        let before = schema.check_document(&first, None).unwrap();
        let second = patch(&first, &[(crate::Path::root().key(&key), Some(read(&new)))]).unwrap();
        let incremental = schema.check_document(&second, Some(&before)).unwrap();
        let whole = schema.check_document(&second, None).unwrap();
        prop_assert_eq!(incremental.document(), whole.document());
        prop_assert_eq!(incremental.document().to_json(), whole.document().to_json());
        let again = schema.check_document(&first, Some(&incremental)).unwrap();
        prop_assert_eq!(again.document(), before.document());
    }
}
