//! The reader of JSON against another one, and against hostile text.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::Value;

use crate::{Format, Limits, parse};

fn read(text: &[u8]) -> Result<Value, Vec<&'static str>> {
    match parse(Format::Json, "t.json", text.to_vec(), &Limits::default()) {
        Ok(layer) => Ok(serde_json::from_slice(&layer.document().to_json()).unwrap()),
        Err(problems) => Err(problems.0.iter().map(|problem| problem.code).collect()),
    }
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[a-z\"\\\\\n\t\u{1f600}]{0,20}".prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..24).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_reads_what_another_parser_reads(value in value(), pretty in any::<bool>()) {
        let table = serde_json::json!({ "root": value });
        let text = if pretty { serde_json::to_vec_pretty(&table) } else { serde_json::to_vec(&table) }.unwrap();
        prop_assert_eq!(read(&text).unwrap(), table);
    }

    #[test]
    fn any_change_of_a_text_is_judged_as_by_another_parser(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut text = serde_json::to_vec(&serde_json::json!({ "root": value })).unwrap();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte }
        let other: Result<Value, _> = serde_json::from_slice(&text);
        match (read(&text), other) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
            (Err(codes), Ok(theirs)) => prop_assert!(
                codes.iter().all(|code| ["duplicate_key", "out_of_range", "root"].contains(code)) || text.contains(&0), "{codes:?} {theirs}"),
            (Ok(ours), Err(error)) => prop_assert!(false, "only another parser refuses: {error}: {ours}"),
            (Err(_), Err(_)) => {}
        }
    }

    /// What is remembered of the tables before must not hide that a key stands twice: rows of one shape, nearly one shape, with escaped keys.
    #[test]
    fn equal_keys_are_found_in_every_row(rows in prop::collection::vec(prop::collection::vec(0..8usize, 0..20), 1..12)) {
        const KEYS: [(&str, &str); 8] = [
            ("a", "a"), ("\\u0061", "a"), ("b", "b"), ("", ""), ("a_key_of_some_length", "a_key_of_some_length"), ("c", "c"), ("\\u0062", "b"), ("dddd", "dddd"),
        ];
        let row = |row: &Vec<usize>| row.iter().map(|key| format!("\"{}\": {{\"x\": 1}}", KEYS[*key].0)).collect::<Vec<_>>().join(", ");
        let text = format!("{{\"rows\": [{}]}}", rows.iter().map(|keys| format!("{{{}}}", row(keys))).collect::<Vec<_>>().join(", "));
        let twice: usize = rows.iter().map(|keys| keys.len() - keys.iter().map(|key| KEYS[*key].1).collect::<std::collections::BTreeSet<_>>().len()).sum();
        let found = read(text.as_bytes()).err().unwrap_or_default();
        prop_assert_eq!(found.iter().filter(|code| **code == "duplicate_key").count(), twice, "{}", text);
    }

    #[test]
    fn no_bytes_can_hurt(bytes in prop::collection::vec(any::<u8>(), 0..64), json in "[\\[\\]{}\",:0-9eE.\\\\u -]{0,64}") {
        let _ = read(&bytes);
        let _ = read(json.as_bytes());
    }
}

#[test]
fn refusals_have_names() {
    for (text, code) in [
        (&b""[..], "empty_file"),
        (b"{", "truncated"),
        (b"{\"a\": 1", "truncated"),
        (b"[1]", "root"),
        (b"{\"a\": 01}", "syntax"),
        (b"{\"a\": 1,}", "syntax"),
        (b"{\"a\": NaN}", "syntax"),
        (b"{\"a\": -Infinity}", "syntax"),
        (b"{\"a\": 9223372036854775808}", "out_of_range"),
        (b"{\"a\": 1e999}", "out_of_range"),
        (b"{\"a\": 1, \"b\": 2, \"a\": 3}", "duplicate_key"),
        (b"{\"a\": 1} x", "syntax"),
        (b"{\"a\": \"\xff\"}", "encoding"),
        (b"\xff\xfe{\0}\0", "encoding"),
        (b"{\"a\": \"x\0\"}", "encoding"),
        (b"{'a': 1}", "syntax"),
        (b"{\"a\": \"\\ud800\"}", "syntax"),
    ] {
        assert_eq!(read(text), Err(vec![code]), "{}", String::from_utf8_lossy(text));
    }
    assert!(read(b"\xef\xbb\xbf{\"a\": -9223372036854775808}\r\n").is_ok());
}

#[test]
fn depth_is_bounded_without_recursion() {
    let text = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
    assert_eq!(read(&text), Err(vec!["too_deep"]));
}

#[test]
fn equal_keys_are_found_in_small_and_large_tables() {
    for count in [2, 10, 16, 17, 40, 1000] {
        let mut text: Vec<String> = (0..count).map(|i| format!("\"k{i}\": {i}")).collect();
        text.push("\"k1\": 5".into());
        let text = format!("{{\n{}}}", text.join(",\n"));
        let problems = parse(Format::Json, "t.json", text.into_bytes(), &Limits::default()).unwrap_err();
        assert_eq!(
            problems.to_string(),
            format!(
                "t.json:{}:2: k1: expected each key once, got a key that the table already has (first t.json:3:2); remove one of the two",
                count + 2
            )
        );
    }
}

#[test]
fn a_file_beyond_the_limit_is_refused_before_it_is_read() {
    let limits = Limits { bytes: 1 << 10, ..Limits::default() };
    let refused = parse(Format::Json, "t.json", vec![b' '; 100 << 20], &limits).unwrap_err();
    assert_eq!(refused.to_string(), "t.json:1:1: expected at most 1024 bytes, got 104857600 bytes; split the file, or raise the limit");
    let default = parse(Format::Toml, "t.toml", vec![b'#'; 100 << 20], &Limits::default()).unwrap_err();
    assert_eq!(default.0[0].code, "too_large");
}

#[test]
fn tables_of_one_kind_remember_their_keys_and_no_others() {
    let text = r#"{"a": [{"k": 1, "kk": 2}, {"k": 3, "kk": 4}, {"kk": 5, "k": 6}, {"k\u0061": 7, "kk\"": 8, "k": 9}, {"kx": 1, "kk": 2}]}"#;
    assert_eq!(read(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    assert_eq!(read(br#"[{"k": 1}, {"k: 1}]"#), Err(vec!["truncated"]));
}
