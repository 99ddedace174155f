//! What inference makes of examples, case by case, and its promise on random ones.

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use proptest::prelude::*;

fn infer(records: &[&str]) -> (Schema, Report) {
    let mut inference = Inference::default();
    records.iter().for_each(|record| inference.observe(record.as_bytes()));
    inference.finish(None, "standard").unwrap()
}

#[test]
fn each_kind_of_value_gets_its_field() {
    for (values, chosen) in [
        (&["\"one\"", "null", "\"two words\""][..], "Text"),
        (&["\"one\"", "\"two\""], "Keyword"),
        (&["\"one\"", "2"], "Keyword"),
        (&["\"two words\"", "2"], "Keyword"),
        (&["1", "-2"], "Integer"),
        (&["1", "2.5"], "Float"),
        (&["1", "18446744073709551615"], "Float"),
        (&["true", "false"], "Boolean"),
        (&["\"1999-12-31\"", "\"2001-01-01T10:00:00Z\""], "Date"),
        (&["\"1999-12-31\"", "\"soon\""], "Keyword"),
        (&["[\"a\", \"b c\"]", "[]"], "Keyword(many=True)"),
        (&["[\"a\"]", "\"b\""], "Keyword(many=True)"),
        (&["{\"lat\": 51, \"lon\": -0.1}"], "GeoPoint"),
        (&["{\"lat\": 91, \"lon\": -0.1}"], "stored only"),
        (&["{\"a\": 1}", "1"], "stored only"),
        (&["[1, 2]"], "stored only"),
        (&["true", "1"], "stored only"),
        (&["null"], "stored only"),
    ] {
        let records: Vec<String> = values.iter().enumerate().map(|(i, value)| format!("{{\"id\": {i}, \"x\": {value}}}")).collect();
        let (schema, report) = infer(&records.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(report.choices[1].chosen, chosen, "{values:?}");
        assert_eq!(schema.find("x").is_none(), chosen == "stored only");
        assert_eq!(schema.extra(), if chosen == "stored only" { Extra::Store } else { Extra::Error });
    }
}

#[test]
fn the_report_says_what_will_be_refused() {
    let (_, report) = infer(&["{\"id\": \"a\", \"x\": 1}", "{\"id\": \"b\", \"x\": \"1\"}", "nothing"]);
    assert_eq!((report.records, report.skipped), (2, 1));
    assert_eq!(report.warnings.len(), 2);
    assert!(report.to_string().contains("strings beside numbers") && report.to_json().contains("\"skipped\":1"));
}

#[test]
fn the_key_is_the_given_one_or_a_usual_one_that_every_record_has() {
    let mut inference = Inference::default();
    inference.observe(b"{\"id\": 1, \"_id\": \"a\", \"code\": \"x\"}");
    inference.observe(b"{\"_id\": \"b\", \"code\": \"y\"}");
    assert_eq!(inference.finish(None, "standard").unwrap().0.key(), "_id");
    assert_eq!(inference.finish(Some("code"), "standard").unwrap().0.key(), "code");
    assert!(inference.finish(Some("nope"), "standard").is_err());
    assert!(Inference::default().finish(None, "standard").is_err());
}

fn value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "null",
        "true",
        "1",
        "-0",
        "9223372036854775808",
        "2.5",
        "1e999",
        "\"one\"",
        "\"two words\"",
        "\"\"",
        "\"1999-12-31\"",
        "\"-0044-03-15\"",
        "\"1999-12-31T10:00:00Z\"",
        "[]",
        "[\"a\"]",
        "[\"a b\", \"1999-12-31\"]",
        "[1]",
        "[null]",
        "{}",
        "{\"lat\": 1, \"lon\": 2}",
        "{\"lat\": 1}",
        "{\"lat\": 91, \"lon\": 2}",
        "[1, 2]",
        "[[[]]]",
    ])
}

proptest! {
    #[test]
    fn what_an_example_held_its_field_accepts(records in prop::collection::vec((value(), value()), 1..6)) {
        let records: Vec<String> =
            records.iter().enumerate().map(|(i, (x, y))| format!("{{\"id\": {i}, \"x\": {x}, \"y\": {y}}}")).collect();
        let (schema, report) = infer(&records.iter().map(String::as_str).collect::<Vec<_>>());
        let mut parser = crate::schema::DocumentParser::new(std::sync::Arc::new(schema));
        for record in records {
            let refused = parser.parse(record.as_bytes()).err().map(|reject| reject.field);
            // The one exception of the law, and the report names the field.
            prop_assert!(refused.as_ref().is_none_or(|field| report.warnings.iter().any(|w| w.starts_with(field))), "{refused:?} {report}");
        }
    }

    #[test]
    fn any_bytes_are_looked_at_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut inference = Inference::default();
        inference.observe(&bytes);
        prop_assert_eq!(inference.records + inference.skipped, 1);
    }
}
