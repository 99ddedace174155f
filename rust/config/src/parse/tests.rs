//! What files do to parsers, by name, in every format.
#![allow(clippy::unwrap_used)]

use super::{Format, Limits, parse};
use crate::document::Kind;
use crate::problem::Problems;

/// One table with the value `a`, written in each format.
fn written(value: &str) -> [(Format, String); 3] {
    [(Format::Json, format!("{{\"a\": {value}}}")), (Format::Toml, format!("a = {value}\n")), (Format::Yaml, format!("a: {value}\n"))]
}

fn read(format: Format, bytes: impl Into<Vec<u8>>) -> Result<String, Problems> {
    parse(format, "file", bytes.into(), &Limits::default()).map(|layer| String::from_utf8(layer.document().to_json()).unwrap())
}

fn codes(format: Format, bytes: impl Into<Vec<u8>>) -> Vec<&'static str> {
    read(format, bytes).unwrap_err().0.iter().map(|problem| problem.code).collect()
}

#[test]
fn byte_order_mark() {
    for (format, text) in written("1") {
        let marked = format!("\u{feff}{text}");
        assert_eq!(read(format, marked.clone()).unwrap(), r#"{"a":1}"#, "{format:?}");
        let layer = parse(format, "file", marked.into_bytes(), &Limits::default()).unwrap();
        assert!(layer.document().get(&"a".parse().unwrap()).unwrap().origin().unwrap().place().to_string().starts_with("file:1:"));
        let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(codes(format, utf16), ["encoding"], "{format:?}");
    }
    assert_eq!(read(Format::Dotenv, "\u{feff}A=1").unwrap(), r#"{"a":"1"}"#);
}

#[test]
fn carriage_returns() {
    let texts =
        [(Format::Json, "{\r\n\"a\": 1,\r\n\"b\": 2\r\n}\r\n"), (Format::Toml, "a = 1\r\nb = 2\r\n"), (Format::Yaml, "a: 1\r\nb: 2\r\n")];
    for (format, text) in texts {
        assert_eq!(read(format, text).unwrap(), r#"{"a":1,"b":2}"#, "{format:?}");
    }
    assert_eq!(read(Format::Dotenv, "A=1\r\nB='x'\r\n").unwrap(), r#"{"a":"1","b":"x"}"#);
}

#[test]
fn nul_and_invalid_utf8() {
    for (format, text) in written("\"x\"").into_iter().chain([(Format::Dotenv, "A=x".to_owned())]) {
        let at = text.find('x').unwrap();
        for byte in [0, 0xFF, 0xC3, 0xED] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let problems = read(format, bytes).unwrap_err();
            assert_eq!(problems.0[0].code, "encoding", "{format:?} {byte}");
            assert_eq!(problems.0[0].place().unwrap().column, Some(at as u32 + 1), "{format:?} {byte}");
        }
    }
}

#[test]
fn zero_bytes_and_blank_files() {
    for format in [Format::Json, Format::Toml, Format::Yaml] {
        for text in ["", " \r\n\t\n"] {
            assert_eq!(codes(format, text), ["empty_file"], "{format:?} {text:?}");
        }
    }
    assert_eq!(read(Format::Dotenv, "").unwrap(), "{}");
}

#[test]
fn a_hundred_megabytes() {
    for format in [Format::Json, Format::Toml, Format::Yaml, Format::Dotenv] {
        assert_eq!(codes(format, vec![b' '; 100 << 20]), ["too_large"], "{format:?}");
    }
}

#[test]
fn depth_of_ten_thousand() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    for (format, text) in written(&deep("[", "]")) {
        assert!(codes(format, text).iter().all(|code| ["too_deep", "syntax"].contains(code)), "{format:?}");
    }
    for (format, text) in
        [(Format::Json, deep("{\"a\":", "}")), (Format::Yaml, deep("{a: ", "}")), (Format::Toml, format!("a = {}", deep("{a = ", "}")))]
    {
        assert!(codes(format, text).iter().all(|code| ["too_deep", "syntax"].contains(code)), "{format:?}");
    }
    assert_eq!(codes(Format::Dotenv, format!("{}=1", ["A"; 10_000].join("__"))), ["variable_name"]);
}

#[test]
fn duplicate_keys() {
    let texts = [
        (Format::Json, "{\"a\": 1,\n \"a\": 2}", "file:2:3", "file:1:3"),
        (Format::Toml, "a = 1\na = 2\n", "file:2:1", "file:1:1"),
        (Format::Yaml, "a: 1\na: 2\n", "file:2:1", "file:1:1"),
        (Format::Dotenv, "A=1\nA=2\n", "file:2:1", "file:1:1"),
    ];
    for (format, text, place, first) in texts {
        let problems = read(format, text).unwrap_err();
        let problem = &problems.0[0];
        let places = [problem.place().unwrap(), problem.related.as_ref().unwrap().1.place()].map(|place| place.to_string());
        assert_eq!(
            (problem.code, problem.path.to_string().as_str(), places),
            ("duplicate_key", "a", [place.to_owned(), first.to_owned()]),
            "{format:?}"
        );
    }
}

#[test]
fn huge_integers() {
    for (format, text) in
        written("9223372036854775808").into_iter().chain(written("-9223372036854775809")).chain(written(&"9".repeat(5000)))
    {
        assert_eq!(codes(format, text.clone()), ["out_of_range"], "{format:?} {}", text.len());
    }
    for (format, text) in written("-9223372036854775808") {
        assert_eq!(read(format, text).unwrap(), r#"{"a":-9223372036854775808}"#, "{format:?}");
    }
}

#[test]
fn not_a_number_and_infinity() {
    assert_eq!(codes(Format::Json, r#"{"a": NaN}"#), ["syntax"]);
    assert_eq!(codes(Format::Json, r#"{"a": Infinity}"#), ["syntax"]);
    for (format, text) in [(Format::Toml, "a = nan"), (Format::Toml, "a = +inf"), (Format::Yaml, "a: .nan"), (Format::Yaml, "a: -.inf")] {
        assert_eq!(codes(format, text), ["out_of_range"], "{text}");
    }
    for (format, text) in written("1e400") {
        assert_eq!(codes(format, text), ["out_of_range"], "{format:?}");
    }
}

#[test]
fn minus_zero() {
    for (format, text) in written("-0") {
        assert_eq!(read(format, text).unwrap(), r#"{"a":0}"#, "{format:?}");
    }
    for (format, text) in written("-0.0") {
        assert_eq!(read(format, text).unwrap(), r#"{"a":-0.0}"#, "{format:?}");
    }
}

#[test]
fn dates() {
    for (text, expected) in [
        ("1979-05-27T07:32:00Z", "1979-05-27T07:32:00Z"),
        ("1979-05-27 07:32:00.5-07:00", "1979-05-27T07:32:00.5-07:00"),
        ("1979-05-27T07:32:00", "1979-05-27T07:32:00"),
        ("1979-05-27", "1979-05-27"),
        ("07:32:00", "07:32:00"),
    ] {
        let layer = parse(Format::Toml, "file", format!("a = {text}").into_bytes(), &Limits::default()).unwrap();
        let node = layer.document().get(&"a".parse().unwrap()).unwrap();
        assert_eq!((node.kind(), node.as_time()), (Kind::Time, Some(expected)));
    }
    // YAML 1.2 has no dates: they are strings, which a schema may ask to be times.
    let layer = parse(Format::Yaml, "file", b"a: 1979-05-27".to_vec(), &Limits::default()).unwrap();
    assert_eq!(layer.document().get(&"a".parse().unwrap()).unwrap().kind(), Kind::String);
}

#[test]
fn names_say_the_format() {
    let names = ["a.json", "conf/App.TOML", "x.yml", "x.yaml", ".env", "prod.env", "a.txt", "json"];
    let formats = names.map(Format::of_name);
    let expected = [Format::Json, Format::Toml, Format::Yaml, Format::Yaml, Format::Dotenv, Format::Dotenv].map(Some);
    assert_eq!(formats[..6], expected);
    assert_eq!(formats[6..], [None, None]);
}
