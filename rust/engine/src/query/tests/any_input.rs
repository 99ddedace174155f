//! Any text, any JSON, any tree: never a panic, bounded work, places inside the text, and every form reads back.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{analyzers, schema};
use crate::base::Error;
use crate::query::*;

/// Texts that look like queries: pieces of syntax in any order.
fn queryish() -> impl Strategy<Value = String> {
    let pieces = [
        "gold",
        "coin",
        "太古橋",
        "well-known",
        "é",
        " ",
        " ",
        " ",
        "  ",
        "\t",
        "\0",
        "\"",
        "(",
        ")",
        "+",
        "-",
        "AND",
        "OR",
        "NOT",
        " AND ",
        " OR ",
        "title:",
        "year:",
        "artist:",
        "found:",
        "real:",
        "location:",
        "id:",
        "nope:",
        "1850",
        "-3",
        "1e999",
        "NaN",
        "true",
        "1999-05",
        "[",
        "]",
        "{",
        "}",
        " TO ",
        "*",
        "~",
        "~1",
        "~9",
        "^",
        "^2",
        "^1e9",
        ">=",
        "<",
        ">",
        "\\",
        ":",
        ",",
        "'",
        "🪙",
        "=",
        "!",
        "&&",
    ];
    let piece = prop_oneof![8 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => ".{0,3}"];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Texts of words, with few signs among them.
fn wordish() -> impl Strategy<Value = String> {
    let pieces = [
        "gold", "a", "AND", "OR", "NOT", "and", "NOTE", " ", " ", " ", "  ", "-", "+", "é", "'", ".", "5", "\u{a0}", "\u{3000}", "\u{7f}",
        "\t",
    ];
    let piece = prop_oneof![20 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn filterish() -> impl Strategy<Value = String> {
    let pieces = [
        "year",
        "price",
        "artist",
        "subjects",
        "found",
        "real",
        "location",
        "title",
        "id",
        "nope",
        " < ",
        " = ",
        " != ",
        " >= ",
        " in ",
        " not ",
        " and ",
        " or ",
        " is ",
        " missing ",
        " between ",
        " within ",
        " km ",
        " of ",
        "within_km(",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        " to ",
        "'a'",
        "\"b\"",
        "'1999'",
        "1850",
        "-2.5",
        "1e999",
        "true",
        "false",
        "'",
        "\"",
        "\\",
        "!",
        "\0",
        "é",
    ];
    let piece = prop_oneof![12 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => ".{0,3}"];
    prop::collection::vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        (-1e9..1e9).prop_map(Value::Float),
        any::<bool>().prop_map(Value::Boolean),
        ".{0,6}".prop_map(Value::Text),
        prop::sample::select(vec!["1999", "1999-05-01", "gold"]).prop_map(Value::from),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["title", "clue", "path", "artist", "subjects", "year", "price", "found", "real", "location", "id", "nope"])
        .prop_map(str::to_owned)
}

fn fields() -> impl Strategy<Value = Option<Fields>> {
    let weight = prop_oneof![2 => Just(None), 1 => (0.0..10.0).prop_map(Some)];
    let some =
        prop::collection::vec((name(), weight).prop_map(|(name, weight)| FieldWeight { name, weight }), 1..3).prop_map(|mut list| {
            list.dedup_by(|a, b| a.name == b.name);
            Some(Fields(list))
        });
    prop_oneof![2 => Just(None), 1 => some]
}

fn edges() -> impl Strategy<Value = (Option<Edge>, Option<Edge>)> {
    let edge = || (scalar(), any::<bool>()).prop_map(|(value, inclusive)| Edge { value, inclusive });
    prop_oneof![
        edge().prop_map(|low| (Some(low), None)),
        edge().prop_map(|high| (None, Some(high))),
        (edge(), edge()).prop_map(|(low, high)| (Some(low), Some(high))),
    ]
}

fn queries() -> impl Strategy<Value = Query> {
    let operator = prop::option::of(prop::sample::select(vec![Operator::Or, Operator::And]));
    let leaf = prop_oneof![
        (".{0,12}", fields(), operator, prop::option::of(0u32..5))
            .prop_map(|(text, fields, operator, minimum_match)| Query::Match(Match { text, fields, operator, minimum_match })),
        ("[a-c ]{0,8}", fields(), 0u32..5).prop_map(|(text, fields, slop)| Query::Phrase(Phrase { text, fields, slop })),
        ("[a-c-]{0,8}", fields()).prop_map(|(prefix, fields)| Query::Prefix(Prefix { prefix, fields })),
        ("[a-c-]{0,8}", fields(), 0u8..3, 0u32..3).prop_map(|(text, fields, distance, prefix)| Query::Fuzzy(Fuzzy {
            text,
            fields,
            distance,
            prefix
        })),
        (name(), scalar()).prop_map(|(field, value)| Query::Term(Term { field, value })),
        (name(), edges()).prop_map(|(field, (lower, upper))| Query::Range(Range { field, lower, upper })),
    ];
    let occur = || prop::sample::select(vec![Occur::Should, Occur::Must, Occur::MustNot]);
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Query::All),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Query::Any),
            prop::collection::vec((occur(), inner.clone()), 0..4).prop_map(Query::Group),
            inner.clone().prop_map(|part| Query::Not(Box::new(part))),
            (inner, 0.0..100.0).prop_map(|(part, by)| Query::Boost(Box::new(part), by)),
        ]
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    let ops = vec![Comparison::Equal, Comparison::NotEqual, Comparison::Less, Comparison::AtMost, Comparison::Greater, Comparison::AtLeast];
    let leaf = prop_oneof![
        (name(), prop::sample::select(ops), scalar()).prop_map(|(field, op, value)| Filter::Compare(Compare { field, op, value })),
        (name(), prop::collection::vec(scalar(), 0..4)).prop_map(|(field, values)| Filter::In(In { field, values })),
        (name(), edges()).prop_map(|(field, (lower, upper))| Filter::Range(Range { field, lower, upper })),
        name().prop_map(|field| Filter::Exists(FieldName { field })),
        name().prop_map(|field| Filter::Missing(FieldName { field })),
        (name(), -90.0..90.0, -180.0..180.0, 0.0..1e5).prop_map(|(field, lat, lon, km)| Filter::WithinKm(WithinKm { field, lat, lon, km })),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

/// Taken, or refused with a place: nothing else may happen.
fn is_answer<T>(result: crate::base::Result<T>) -> bool {
    matches!(result, Ok(_) | Err(Error::Query { .. }))
}

/// Reads, binds, writes and shows a text in both modes.
fn go_through(text: &str) {
    let schema = schema();
    let lenient = parse(text, &schema, &ParseOptions::default()).expect("lenient takes any text");
    let json = lenient.query.to_json().unwrap();
    assert_eq!(Query::from_json(json.as_bytes()).unwrap(), lenient.query);
    let _shown = lenient.query.to_string();
    let options = RewriteOptions { mode: ParseMode::Lenient, ..RewriteOptions::default() };
    for operator in [Operator::Or, Operator::And] {
        let search = SearchFields { operator, ..SearchFields::all(&schema) };
        rewrite(&lenient.query, &schema, &analyzers(&schema), &search, &options).expect("what lenient makes can be bound");
    }
    let length = text.chars().count();
    assert!(lenient.warnings.iter().all(|warning| warning.position <= length));
    match parse(text, &schema, &ParseOptions { mode: ParseMode::Strict, ..ParseOptions::default() }) {
        Ok(strict) => assert_eq!(strict, lenient),
        Err(Error::Query { position, .. }) => assert!(position <= length && !lenient.warnings.is_empty()),
        Err(other) => panic!("{other}"),
    }
}

proptest! {
    #[test]
    fn plain_words_are_read_the_short_way_as_the_long_way(text in prop_oneof![3 => wordish(), 1 => queryish(), 1 => ".{0,12}"], most in 1usize..9) {
        if let Some(query) = parser::plain_words(&text, most) {
            for mode in [ParseMode::Lenient, ParseMode::Strict] {
                let long = parser::parse_all(&text, &schema(), &ParseOptions { mode, max_clauses: most }).unwrap();
                prop_assert_eq!(&long.query, &query);
                prop_assert!(long.warnings.is_empty());
            }
        }
    }
}

/// Words with and without signs.
fn signedish() -> impl Strategy<Value = String> {
    let pieces = ["a", "Gold", "7", "AND", "OR", "NOT", "and", " ", " ", " ", "+", "-", " +", " -", "  ", "é"];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn signed_words_are_read_and_bound_the_short_way_as_the_long_way(text in prop_oneof![4 => signedish(), 1 => queryish()], most in 1usize..9) {
        if let Some(query) = parser::signed_words(&text, most) {
            for mode in [ParseMode::Lenient, ParseMode::Strict] {
                let long = parser::parse_all(&text, &schema(), &ParseOptions { mode, max_clauses: most }).unwrap();
                prop_assert_eq!(&long.query, &query);
                prop_assert!(long.warnings.is_empty());
            }
            let options = RewriteOptions { mode: ParseMode::Lenient, max_clauses: most };
            for operator in [Operator::Or, Operator::And] {
                let search = SearchFields { operator, phrase_boost: 1.0, ..SearchFields::all(&schema()) };
                let bound = |query: &Query| rewrite(query, &schema(), &analyzers(&schema()), &search, &options).unwrap();
                // In a conjunction of its own it is no root, so that it takes the long way.
                prop_assert_eq!(bound(&query), bound(&Query::All(vec![query.clone()])));
            }
        }
    }
}

#[test]
fn usual_texts_are_read_the_short_way() {
    for text in ["-a", "+a +b", "a -b", "  +a  b c -d "] {
        assert!(parser::signed_words(text, 1024).is_some(), "{text}");
    }
    for text in ["", " ", "+", "- a", "+-a", "a-b", "+AND", "a OR b", "-é", "+a*", "a +b c:d"] {
        assert!(parser::signed_words(text, 1024).is_none(), "{text}");
    }
    for text in ["gold", " gold  coin ", "the well-known café", "what's new in C# 5.0?", "東京 tower"] {
        assert!(parser::plain_words(text, 1024).is_some(), "{text}");
    }
    for text in ["", " ", "a AND b", "-a", "a:b", "a*", "\"a\"", "a\tb", "a~", "(a"] {
        assert!(parser::plain_words(text, 1024).is_none(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_query_string_is_read(text in prop_oneof![4 => queryish(), 1 => ".{0,60}"]) {
        go_through(&text);
    }

    #[test]
    fn any_filter_text_is_read_or_refused_at_its_place(text in prop_oneof![4 => filterish(), 1 => ".{0,60}"]) {
        let schema = schema();
        match parse_filter(&text, &schema) {
            Ok(filter) => {
                prop_assert!(filter.bind(&schema).is_ok(), "what the parser takes binds");
                prop_assert_eq!(&parse_filter(&filter.to_string(), &schema).unwrap(), &filter);
            }
            Err(Error::Query { position, .. }) => prop_assert!(position <= text.chars().count()),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn queries_survive_their_wire_form(query in queries()) {
        let json = query.to_json().unwrap();
        prop_assert_eq!(&Query::from_json(json.as_bytes()).unwrap(), &query);
        let schema = schema();
        let bound = rewrite(&query, &schema, &analyzers(&schema), &SearchFields::all(&schema), &RewriteOptions::default());
        prop_assert!(is_answer(bound));
    }

    #[test]
    fn filters_survive_both_forms(filter in filters()) {
        let json = filter.to_json().unwrap();
        prop_assert_eq!(&Filter::from_json(json.as_bytes()).unwrap(), &filter);
        let schema = schema();
        if let Ok(bound) = filter.bind(&schema) {
            let read = parse_filter(&filter.to_string(), &schema).expect("a filter that binds can be written");
            prop_assert_eq!(read.bind(&schema).map(tidied).ok(), Some(tidied(bound)));
        }
    }

    #[test]
    fn any_json_is_read_or_refused(json in "[\\[\\]{}\",:a-z0-9. ]{0,60}|.{0,40}") {
        prop_assert!(is_answer(Query::from_json(json.as_bytes())));
        prop_assert!(is_answer(Filter::from_json(json.as_bytes())));
    }

    #[test]
    fn damaged_json_is_read_or_refused(query in queries(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut json = query.to_json().unwrap().into_bytes();
        let at = at.index(json.len());
        json[at] = byte;
        prop_assert!(is_answer(Query::from_json(&json)));
        prop_assert!(is_answer(Query::from_json(&json[..at])));
    }
}

/// The same set without what the text form cannot say: lone members, and two complements.
fn tidied(filter: BoundFilter) -> BoundFilter {
    match filter {
        BoundFilter::And(parts) | BoundFilter::Or(parts) if parts.len() == 1 => tidied(parts.into_iter().next().unwrap()),
        BoundFilter::And(parts) => BoundFilter::And(parts.into_iter().map(tidied).collect()),
        BoundFilter::Or(parts) => BoundFilter::Or(parts.into_iter().map(tidied).collect()),
        BoundFilter::Not(part) => match tidied(*part) {
            BoundFilter::Not(inner) => *inner,
            part => BoundFilter::Not(Box::new(part)),
        },
        leaf => leaf,
    }
}

/// Parses and binds leniently. Returns how long that took.
fn work_through(text: &str) -> Duration {
    let (schema, begun) = (schema(), Instant::now());
    let parsed = parse(text, &schema, &ParseOptions::default()).unwrap();
    let options = RewriteOptions { mode: ParseMode::Lenient, ..RewriteOptions::default() };
    rewrite(&parsed.query, &schema, &analyzers(&schema), &SearchFields::all(&schema), &options).unwrap();
    let took = begun.elapsed();
    assert!(parsed.warnings.len() <= 21);
    took
}

/// The same, and parses strictly, and as a filter.
fn work_through_all(text: &str) -> Duration {
    let (schema, took) = (schema(), work_through(text));
    assert!(is_answer(parse(text, &schema, &ParseOptions { mode: ParseMode::Strict, ..ParseOptions::default() })));
    assert!(is_answer(parse_filter(text, &schema)) && is_answer(parse_filter(&format!("year = 1 or {text}"), &schema)));
    took
}

fn much(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

#[test]
fn long_texts_of_any_syntax_take_linear_work() {
    let pieces = [
        "gold coin ",
        "太古橋",
        "(",
        ")",
        "()",
        "(a ",
        "\0",
        "\n\0\n",
        "\"",
        "\" ",
        "\\\"",
        "\\",
        "+-",
        "- ",
        "NOT ",
        "AND ",
        "a OR ",
        "nope:x ",
        "year:[1 TO ",
        "year:[\"",
        "title:",
        "a^",
        "~",
        "*",
        "a~",
        "'",
        "\"a\"~",
        "x:(",
        "-(",
        "🪙",
    ];
    for piece in pieces {
        let took = work_through_all(&much(piece, 30_000));
        assert!(took < Duration::from_secs(1), "{piece:?} took {took:?}");
    }
}

#[test]
fn a_megabyte_is_read_within_a_second() {
    for text in [
        much("gold coin ", 1_000_000),
        much("\0", 1_000_000),
        much("(", 100_000) + &much(")", 100_000),
        much("(a ", 300_000) + &much(")", 100_000),
        much("year:1850 ", 1_000_000),
    ] {
        let took = work_through(&text);
        assert!(took < Duration::from_secs(2), "{:?} took {took:?}", text.get(..20));
    }
    assert!(parse(&"x".repeat(3_000_000), &schema(), &ParseOptions::default()).unwrap().warnings.len() == 1);
}

#[test]
fn deep_and_wide_trees_are_refused() {
    let deep = |levels: usize| format!("{}{}{}", "{\"not\":".repeat(levels), r#"{"match":{"text":"a"}}"#, "}".repeat(levels));
    assert!(Query::from_json(deep(MAX_DEPTH - 1).as_bytes()).is_ok());
    for levels in [MAX_DEPTH, 1000, 100_000] {
        assert!(Query::from_json(deep(levels).as_bytes()).is_err());
    }
    let deep = |levels: usize| format!("{}{}", "{\"and\":[".repeat(levels), "]}".repeat(levels));
    assert!(Filter::from_json(deep(MAX_DEPTH).as_bytes()).is_ok());
    assert!(Filter::from_json(deep(100_000).as_bytes()).is_err());
    assert!(Query::from_json("[".repeat(1_000_000).as_bytes()).is_err());
    let wide = format!("{{\"any\":[{}]}}", vec![r#"{"match":{"text":"a"}}"#; MAX_CLAUSES + 1].join(","));
    assert!(Query::from_json(wide.as_bytes()).is_err());
    for bad in [
        r#"{"boost":{"query":{"all":[]},"by":-1}}"#,
        r#"{"boost":{"query":{"all":[]},"by":1e7}}"#,
        r#"{"boost":{"query":{"all":[]},"by":NaN}}"#,
        r#"{"boost":{"query":{"all":[]},"by":1e999}}"#,
        r#"{"match":{"text":"a","fields":[]}}"#,
        r#"{"match":{"text":"a","fields":{"title":-1}}}"#,
        r#"{"match":{"text":"a","colour":1}}"#,
        r#"{"match":{"text":"a"},"all":[]}"#,
        r#"{"fuzzy":{"text":"a","distance":3}}"#,
        r#"{"phrase":{"text":"a b","slop":1001}}"#,
        r#"{"range":{"field":"year"}}"#,
        r#"{"range":{"field":"year","gt":1,"gte":1}}"#,
        r#"{"mach":{"text":"a"}}"#,
        "{}",
        "",
    ] {
        assert!(matches!(Query::from_json(bad.as_bytes()), Err(Error::Query { position: 0, .. })), "{bad}");
    }
}
