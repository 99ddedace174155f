//! YAML by cases: what YAML 1.2 says, what is refused, and bombs.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use crate::{Format, Limits, parse};

fn read(text: &str) -> Result<String, Vec<&'static str>> {
    match parse(Format::Yaml, "t.yaml", text.as_bytes().to_vec(), &Limits::default()) {
        Ok(layer) => Ok(String::from_utf8(layer.document().to_json()).unwrap()),
        Err(problems) => Err(problems.0.iter().map(|problem| problem.code).collect()),
    }
}

#[test]
fn the_core_schema_says_what_plain_scalars_are() {
    for (text, expected) in [
        ("no", r#""no""#),
        ("on", r#""on""#),
        ("Yes", r#""Yes""#),
        ("1e3", "1000.0"),
        ("1_000", r#""1_000""#),
        ("012", "12"),
        ("0o17", "15"),
        ("0xFf", "255"),
        ("0x", r#""0x""#),
        ("-0x1", r#""-0x1""#),
        ("+7", "7"),
        ("-.5", "-0.5"),
        ("1.", "1.0"),
        (".", r#"".""#),
        ("1e", r#""1e""#),
        ("+", r#""+""#),
        ("", "null"),
        ("~", "null"),
        ("NULL", "null"),
        ("nULL", r#""nULL""#),
        ("True", "true"),
        ("tRue", r#""tRue""#),
        ("2001-12-14", r#""2001-12-14""#),
        ("1:30", r#""1:30""#),
        ("1.2.3", r#""1.2.3""#),
        ("'1'", r#""1""#),
        ("\"a\\tb\"", r#""a\tb""#),
        ("!!str 1", r#""1""#),
        ("!!float 1", "1.0"),
        ("9223372036854775807", "9223372036854775807"),
        ("\u{e9}\u{1f600}", "\"\u{e9}\u{1f600}\""),
    ] {
        assert_eq!(read(&format!("a: {text}")), Ok(format!("{{\"a\":{expected}}}")), "{text:?}");
    }
}

#[test]
fn structures() {
    let text =
        "# c\nb: &x {k: [1, two], 'q q': \"z\"}\n? d\n: *x\nlist:\n- a: 1\n  b: |\n    line\n    two\n- >-\n  folded\n  text\n1: one\n";
    assert_eq!(
        read(text).unwrap(),
        r#"{"b":{"k":[1,"two"],"q q":"z"},"d":{"k":[1,"two"],"q q":"z"},"list":[{"a":1,"b":"line\ntwo\n"},"folded text"],"1":"one"}"#
    );
    assert_eq!(read("# only a comment\n").unwrap(), "{}");
    assert_eq!(read("--- {a: 1}\n...\n").unwrap(), r#"{"a":1}"#);
    assert_eq!(read("\u{feff}a: 1\r\nb: 2\r\n").unwrap(), r#"{"a":1,"b":2}"#);
}

#[test]
fn refusals_have_names() {
    for (text, code) in [
        ("", "empty_file"),
        ("  \n", "empty_file"),
        ("- a", "root"),
        ("a: .inf", "out_of_range"),
        ("a: -.INF", "out_of_range"),
        ("a: .NaN", "out_of_range"),
        ("a: 9223372036854775808", "out_of_range"),
        ("a: 1e999", "out_of_range"),
        ("a: 1\na: 2", "duplicate_key"),
        ("<<: {a: 1}", "merge_key"),
        ("[a]: 1", "key"),
        ("a: !thing 1", "tag"),
        ("a: !!int x", "tag"),
        ("a: &x [*x]", "alias"),
        ("a: 1\n---\nb: 2", "documents"),
        ("a: [1", "truncated"),
        ("a: b: c", "syntax"),
        ("a: *nothing", "syntax"),
    ] {
        assert_eq!(read(text), Err(vec![code]), "{text:?}");
    }
}

#[test]
fn places_count_bytes_behind_wide_characters() {
    let text = "\u{e9}: \u{1f600}\nb:\n  \u{e9}\u{e9}: oops\n  c: 5\n";
    let layer = parse(Format::Yaml, "t.yaml", text.into(), &Limits::default()).unwrap();
    let place = |path: &str| layer.document().get(&path.parse().unwrap()).unwrap().origin().unwrap().place().to_string();
    assert_eq!([place("\u{e9}"), place("b.\u{e9}\u{e9}"), place("b.c")], ["t.yaml:1:4", "t.yaml:3:7", "t.yaml:4:6"]);
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for i in 1..200 {
        laughs.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", ")));
        chain.push_str(&format!("a{i}: &a{i} [*a{}]\n", i - 1));
    }
    assert_eq!(read(&laughs), Err(vec!["alias"]));
    assert_eq!(read(&chain), Err(vec!["too_deep"]));
    assert_eq!(read(&format!("a: {}", "[".repeat(10_000))), Err(vec!["too_deep"]));
    let block: String = (0..2000).map(|depth| format!("{}k:\n", " ".repeat(depth))).collect();
    assert_eq!(read(&block), Err(vec!["too_deep"]));
}

proptest! {
    #[test]
    fn json_is_yaml(value in crate::document::tests::table()) {
        let text = value.to_string();
        let json = parse(Format::Json, "t.json", text.clone().into_bytes(), &Limits::default()).unwrap();
        let yaml = parse(Format::Yaml, "t.yaml", text.into_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(json.document(), yaml.document());
    }

    #[test]
    fn no_text_can_hurt(text in "[-a-c:?&*!|>'\"\\[\\]{},#%@` \n\t0-9.~<]{0,60}", any in ".{0,40}", cut in 0usize..200) {
        let _ = read(&text);
        let _ = read(&any);
        let whole = "b: &x {k: [1, two], 'q q': \"z\\n\"}\n? d\n: *x\nlist:\n- a: 1\n  b: |\n    line\n    two\n- >-\n  folded\n";
        let _ = read(&whole.chars().take(cut).collect::<String>());
    }
}
