//! The JSON reader against serde_json, on good and on broken text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

fn skip(text: &str) -> Result<&str> {
    let mut reader = Reader::new(text);
    let value = reader.skip()?;
    reader.end()?;
    Ok(value)
}

#[test]
fn what_is_no_json_is_refused_at_its_byte() {
    for (text, at) in [
        ("", 0),
        ("nul", 0),
        ("[1,]", 3),
        ("{\"a\":1,}", 7),
        ("{\"a\" 1}", 5),
        ("[1 2]", 3),
        ("01", 1),
        ("1.", 0),
        ("-", 0),
        ("1e", 0),
        ("\"a\nb\"", 2),
        ("\"\\x\"", 1),
        ("\"\\ud800\"", 1),
        ("\"\\ud800\\u0041\"", 1),
        ("\"\\udc00\"", 1),
        ("\"abc", 4),
        ("[NaN]", 1),
        ("[-Infinity]", 1),
        ("1 x", 2),
        ("{1:2}", 1),
        ("[}", 1),
    ] {
        assert_eq!(skip(text).map_err(|fault| fault.at), Err(at), "{text}");
    }
}

#[test]
fn nesting_is_bounded_and_needs_no_stack() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(skip(&nested(128)).is_ok());
    assert_eq!(skip(&nested(129)).map_err(|fault| fault.at), Err(128));
    assert_eq!(skip(&"{\"a\":".repeat(1_000_000)).map_err(|fault| fault.at), Err(128 * 5));
}

fn json() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\n",
        "\"a\"",
        "\"",
        "\\",
        "\\n",
        "\\u0041",
        "\\ud83d\\ude00",
        "\\ud83d",
        "null",
        "true",
        "false",
        "1",
        "-0",
        "0",
        "1.5",
        "1e5",
        "-2E-3",
        ".",
        "e",
        "é",
        "東京",
        "\u{1}",
        "\u{7f}",
        "\"abcdefghij\"",
        "[1,2]",
        "{\"k\":\"v\"}",
        "\"x\":",
    ]);
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300f64..1e300).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_takes_what_serde_json_takes(text in json()) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        // An exponent too large for f64 is grammar all the same.
        prop_assume!(!theirs.as_ref().is_err_and(|error| error.to_string().starts_with("number out of range")));
        prop_assert_eq!(skip(&text).is_ok(), theirs.is_ok(), "{}", text);
    }

    #[test]
    fn it_takes_every_value_with_or_without_space(value in value(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(skip(&text), Ok(text.as_str()));
    }

    #[test]
    fn strings_are_decoded(pieces in prop::collection::vec(prop_oneof![any::<char>().prop_map(|c| format!("\\u{{{c}}}")), ".{0,12}"], 0..6)) {
        // As JSON writes it, and with every UTF-16 unit escaped.
        let text = pieces.concat();
        let plain = serde_json::to_string(&text).unwrap();
        let escaped = format!("\"{}\"", text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
        for written in [plain, escaped] {
            prop_assert_eq!(Reader::new(&written).string().unwrap(), text.as_str());
        }
    }
}
