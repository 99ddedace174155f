//! The arena against the `toml` crate's own values, and what is refused.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::Value;

use crate::{Format, Kind, Limits, parse};

fn codes(text: &str) -> Vec<&'static str> {
    parse(Format::Toml, "t.toml", text.as_bytes().to_vec(), &Limits::default()).unwrap_err().0.iter().map(|problem| problem.code).collect()
}

/// Tables without null, which TOML has not.
fn without_null(value: Value) -> Value {
    match value {
        Value::Null => Value::Bool(false),
        Value::Array(items) => items.into_iter().map(without_null).collect(),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, without_null(value))).collect()),
        other => other,
    }
}

proptest! {
    #[test]
    fn it_reads_what_the_writer_wrote(value in crate::document::tests::table()) {
        let value = without_null(value);
        let text = format!("# written\n{}", toml::to_string(&value).unwrap());
        let layer = parse(Format::Toml, "t.toml", text.into_bytes(), &Limits::default()).unwrap();
        let back: Value = serde_json::from_slice(&layer.document().to_json()).unwrap();
        prop_assert_eq!(back, value);
    }

    #[test]
    fn a_truncated_file_is_judged_as_by_the_crate(cut in 0usize..200) {
        let whole = "a.b = 1_0\n[t]\nd = 1979-05-27 07:32:00Z\n'q.k' = \"\\u00e9\"\nm = \"\"\"\nx\"\"\"\n[[r]]\nf = [1, {x = 1e3}]\n";
        let text: String = whole.chars().take(cut).collect();
        let ours = parse(Format::Toml, "t.toml", text.clone().into_bytes(), &Limits::default()).is_ok();
        prop_assert_eq!(ours, !text.trim().is_empty() && text.parse::<toml::Table>().is_ok());
    }

    #[test]
    fn no_text_can_hurt(text in "[-a-c.=\"'\\[\\]{},# \n0-9eT:Z_]{0,60}", any in ".{0,40}") {
        for text in [text, any] {
            let ours = parse(Format::Toml, "t.toml", text.clone().into_bytes(), &Limits::default());
            if let (Ok(_), Err(error)) = (&ours, text.trim_start_matches('\u{feff}').parse::<toml::Table>()) {
                prop_assert!(false, "the crate refuses: {error}");
            }
        }
    }
}

#[test]
fn types_places_and_order() {
    let text = "z = 0x1F\na.b = 1_000\n[t]\nd = 1979-05-27 07:32:00Z\n\"q.k\" = 'lit'\nm = \"\"\"\nx\"\"\"\n[[r]]\nf = 1e3\n[[r]]\n[a.c]\n";
    let layer = parse(Format::Toml, "t.toml", text.into(), &Limits::default()).unwrap();
    let document = layer.document();
    assert_eq!(
        String::from_utf8(document.to_json()).unwrap(),
        r#"{"z":31,"a":{"b":1000,"c":{}},"t":{"d":"1979-05-27T07:32:00Z","q.k":"lit","m":"x"},"r":[{"f":1000.0},{}]}"#
    );
    let node = |path: &str| document.get(&path.parse().unwrap()).unwrap();
    assert_eq!(node("t.d").kind(), Kind::Time);
    for (path, place) in [("z", "t.toml:1:5"), ("a.b", "t.toml:2:7"), ("t.\"q.k\"", "t.toml:5:9"), ("r[0].f", "t.toml:9:5")] {
        assert_eq!(node(path).origin().unwrap().place().to_string(), place);
    }
    assert_eq!(node("t.\"q.k\"").key_origin().unwrap().place().to_string(), "t.toml:5:2");
}

#[test]
fn equal_keys_have_both_places() {
    for (text, expected) in [
        (
            "a = 1\na = 2",
            "t.toml:2:1: a: expected each key once, got a key that the table already has (first t.toml:1:1); remove one of the two",
        ),
        (
            "[a]\na = 1\n[a]\n",
            "t.toml:3:2: a: expected each key once, got a key that the table already has (first t.toml:1:2); remove one of the two",
        ),
        (
            "l = [\n[{p = 'x', q = 1, q = 2}]]",
            "t.toml:2:19: expected each key once, got a key that the table already has; remove one of the two",
        ),
        (
            "a = 1\n[t.u]\na = 1\n\"a\" = 2",
            "t.toml:4:1: t.u.a: expected each key once, got a key that the table already has (first t.toml:3:1); remove one of the two",
        ),
    ] {
        let problems = parse(Format::Toml, "t.toml", text.as_bytes().to_vec(), &Limits::default()).unwrap_err();
        assert_eq!(problems.to_string(), expected);
    }
}

#[test]
fn refusals_have_names() {
    for (text, code) in [
        ("a = nan", "out_of_range"),
        ("a = -inf", "out_of_range"),
        ("a = 9223372036854775808", "out_of_range"),
        ("a = 1\na = 2", "duplicate_key"),
        ("[a]\n[a]", "duplicate_key"),
        ("a = ", "syntax"),
        ("a = hunter2", "syntax"),
    ] {
        assert!(codes(text).contains(&code), "{text}: {:?}", codes(text));
    }
    assert!(codes(&format!("a = {}", "[".repeat(10_000))).iter().any(|code| ["too_deep", "syntax"].contains(code)));
    let keys = (0..5000).map(|i| format!("k{i}")).collect::<Vec<_>>().join(".");
    assert!(codes(&format!("{keys} = 1")).contains(&"too_deep"));
    assert_eq!(codes("a = 1\nb = \nc = 2\nd = [\n").len(), 2, "one reading finds them all");
}
