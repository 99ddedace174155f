//! Configurations as they are written: what is read, what is refused and where, what fits a schema.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::base::{Error, FieldId, Result};
use crate::query::SearchFields;
use crate::schema::{Extra, Field, FieldKind, KeyKind, Schema};

fn schema() -> Schema {
    let text = |name: &str| Field { name: name.into(), kind: FieldKind::Text { analyzer: "standard".into() } };
    let fields = vec![text("title"), text("clue"), Field { name: "year".into(), kind: FieldKind::Integer }];
    Schema::new("id".into(), KeyKind::String, Extra::Error, fields).unwrap()
}

fn problems<T: std::fmt::Debug>(result: Result<T>) -> Vec<(String, String, String)> {
    match result {
        Err(Error::Config(problems)) => problems.into_iter().map(|p| (p.path.clone(), p.expected(), p.got)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_configuration_all_text_fields_count_alike() {
    let compiled = Compiled::new(&RankingConfig::default(), &schema()).unwrap();
    assert_eq!((compiled.k1, compiled.b(FieldId(1)), compiled.tie_breaker), (1.2, 0.75, 0.0));
    assert_eq!(compiled.search.fields, SearchFields::all(&schema()).fields);
    assert_eq!(RankingConfig::from_json(b"{}").unwrap(), RankingConfig::default());
}

#[test]
fn fields_stand_in_schema_order_and_keep_their_own_b() {
    let json = br#"{"ranking": {"b": 0.5, "fields": {"clue": {"weight": 2, "b": 0}, "title": 3}, "operator": "and", "combine": "bm25f"}}"#;
    let compiled = Compiled::new(&RankingConfig::from_json(json).unwrap(), &schema()).unwrap();
    assert_eq!(compiled.search.fields, [(FieldId(0), 3.0), (FieldId(1), 2.0)]);
    assert_eq!((compiled.combine, compiled.search.operator), (Combine::Bm25f, Operator::And));
    assert_eq!((compiled.b(FieldId(0)), compiled.b(FieldId(1))), (0.5, 0.0));
}

#[test]
fn every_problem_is_reported_with_its_path() {
    let json =
        br#"{"k1": 10.5, "b": "x", "wieght": 1, "fields": {"a": -1, "b": {"weight": null, "bb": 1}}, "combine": "bets", "operator": 3}"#;
    let found = problems(RankingConfig::from_json(json));
    let paths: Vec<_> = found.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(paths, ["b", "combine", "fields.a", "fields.b.bb", "fields.b.weight", "k1", "operator", "wieght"]);
    let of = |path: &str| found.iter().find(|(p, ..)| p == path).cloned().unwrap();
    assert_eq!(of("k1").1, "a number from 0 to 10");
    assert_eq!((of("combine").1.as_str(), of("combine").2.as_str()), ("one of best, sum, bm25f; did you mean \"best\"?", "\"bets\""));
    for bad in [&b"[]"[..], b"", b"NaN", b"{\"k1\": NaN}", b"{\"k1\": 1e999}", b"{\"fields\": {}}", b"{\"ranking\": 1}", b"\xff"] {
        assert_eq!(problems(RankingConfig::from_json(bad)).len(), 1, "{bad:?}");
    }
    assert_eq!(problems(RankingConfig::from_json(&b"[".repeat(100_000))).len(), 1);
}

#[test]
fn boosts_that_do_not_fit_are_refused() {
    use crate::exec::boost::Function;
    let value = |field: &str, weight| BoostRule::Value { field: field.into(), function: Function::Log1p, weight };
    let refused = |boosts| {
        let config = RankingConfig { boosts, phrase_boost: -1.0, ..RankingConfig::default() };
        problems(Compiled::new(&config, &schema())).into_iter().map(|(path, _, got)| (path, got)).collect::<Vec<_>>()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let boosts = vec![
        value("year", -0.5),
        value("yaer", f64::NAN),
        value("title", 1.0),
        BoostRule::Recency { field: "year".into(), half_life: 0.0, weight: 1.0 },
        BoostRule::Distance { field: "at".into(), half_distance: f64::INFINITY, weight: 1e300 },
    ];
    let expected = [
        pair("phrase_boost", "-1"),
        pair("boost[0].weight", "-0.5"),
        pair("boost[1].weight", "NaN"),
        pair("boost[1].field", "\"yaer\""),
        pair("boost[2].field", "a field of type Text"),
        pair("boost[3].half_life", "0"),
        pair("boost[3].field", "a field of type Integer"),
        pair("boost[4].weight", &1e300.to_string()),
        pair("boost[4].half_distance", "inf"),
        pair("boost[4].field", "\"at\""),
    ];
    assert_eq!(refused(boosts), expected);
    assert_eq!(refused(vec![value("year", 1.0); 17])[1], pair("boost", "17"));
}

#[test]
fn a_field_that_is_missing_or_no_text_is_refused() {
    let config = RankingConfig::from_json(br#"{"fields": {"titel": 1, "year": 1, "title": 1}}"#).unwrap();
    let found = problems(Compiled::new(&config, &schema()));
    assert_eq!(found[0], ("fields.titel".into(), "one of title, clue; did you mean \"title\"?".into(), "\"titel\"".into()));
    assert_eq!(found[1], ("fields.year".into(), "a Text field".into(), "a field of type Integer".into()));
}

/// Everything that a file can say.
const WHOLE: &str = r#"{
    "ranking": {
        "k1": 0.9, "b": 0.4, "fields": {"title": 3, "clue": {"weight": 1, "b": 0.2}}, "combine": "best", "tie_breaker": 0.1,
        "operator": "or", "minimum_match": "2<75%", "phrase_boost": 0.5,
        "boost": [
            {"when": "year < 1900", "weight": 1.4}, {"field": "year", "function": "log1p"},
            {"field": "found", "half_life": "30d", "weight": 0.5}, {"field": "at", "half_distance": 5}
        ]
    },
    "synonyms": {"groups": [["hoard", "treasure", "cache"], ["uk", "united kingdom"]], "oneway": {"coin": ["denarius", "solidus"]}},
    "stopwords": {"words": ["the", "of"]},
    "typos": {"when": "few", "few": 3, "min_length": {"one": 3, "two": 6}},
    "pins": [{"query": "The Crown Jewels", "keys": ["k17", 4], "hide": ["k99"]}],
    "limits": {"timeout_ms": 50, "max_clauses": 100, "max_expansions": 16},
    "profiles": {
        "mobile": {"ranking": {"fields": {"title": 5}, "boost": []}, "limits": {"max_clauses": 10}},
        "plain": {"synonyms": {"groups": []}, "stopwords": {"words": []}, "typos": {"when": "never"}}
    },
    "experiments": {"shorter_titles": {"share": 0.05, "profile": "mobile"}},
    "guard": {"judgements": "judged.jsonl", "max_drop": 0.02, "max_cost_ratio": 1.5, "baseline": 12}
}"#;

fn whole_schema() -> Schema {
    let mut fields = schema().fields().to_vec();
    fields.push(Field { name: "found".into(), kind: FieldKind::Date });
    fields.push(Field { name: "at".into(), kind: FieldKind::GeoPoint });
    Schema::new("id".into(), KeyKind::String, Extra::Error, fields).unwrap()
}

#[test]
fn a_whole_file_is_read() {
    let config = RankingConfig::from_json(WHOLE.as_bytes()).unwrap();
    assert_eq!((config.boosts.len(), config.stop_words.len(), config.synonyms.groups.len()), (4, 2, 2));
    assert_eq!(config.pins[0].keys, ["k17", "4"]);
    assert_eq!((config.typos.when, config.typos.of(2), config.typos.of(3), config.typos.of(6)), (crate::query::TypoWhen::Few, 0, 1, 2));
    assert_eq!(config.guard.as_ref().unwrap().baseline, Some(12));
    let compiled = Compiled::new(&config, &whole_schema()).unwrap();
    assert_eq!((compiled.timeout_ms, compiled.max_clauses, compiled.max_expansions), (Some(50), 100, 16));
    let mobile = compiled.choose(Some("mobile"), None).unwrap();
    let mobile = compiled.ranking(mobile.number);
    assert_eq!((mobile.boosts.len(), mobile.max_clauses, mobile.timeout_ms), (0, 10, Some(50)), "the rest is the base's");
    assert_eq!(mobile.search.fields, [(FieldId(0), 5.0), (FieldId(1), 1.0)]);
    assert_eq!((mobile.k1, mobile.b(FieldId(1))), (0.9, 0.2));
    let plain = compiled.ranking(compiled.choose(Some("plain"), Some("user-7")).unwrap().number);
    assert!(plain.search.stop_words.is_empty() && !mobile.search.stop_words.is_empty());
    assert!(!plain.search.synonyms.is_empty(), "what stands one way is a key of its own");
    assert!(Arc::ptr_eq(&mobile.pins, &compiled.pins), "what is the same is shared");
    assert_eq!(compiled.choose(None, None).unwrap(), super::compiled::Choice::default());
    let Err(Error::Argument { expected, .. }) = compiled.choose(Some("mobil"), None) else { panic!() };
    assert_eq!(expected, "one of mobile, plain; did you mean \"mobile\"?");
}

#[test]
fn a_typos_table_without_words_is_for_missing_ones() {
    let when = |json: &str| RankingConfig::from_json(json.as_bytes()).unwrap().typos.when;
    assert_eq!(when("{\"typos\": {}}"), crate::query::TypoWhen::Missing);
    assert_eq!(when("{\"limits\": {}}"), crate::query::TypoWhen::Never);
    assert_eq!(when("{\"typos\": {\"when\": \"never\"}}"), crate::query::TypoWhen::Never);
}

#[test]
fn every_mistake_of_a_file_has_its_path() {
    let json = r#"{
        "rankin": {},
        "ranking": {"k1": -1, "minimum_match": "most", "boost": [{"weight": 2}, {"when": 3, "weight": 1}, {"field": "year", "half_life": "30x"},
            {"field": "year", "wieght": 1}, {"when": "year < 1"}], "fields": {"title": {"weight": -1}}},
        "synonyms": {"groups": [["hoard"], ["a", 3], "x"], "oneway": {"a": ["b"], "b": ["c", "A"], "d": ["d"]}, "group": []},
        "stopwords": {"words": ["the", ""], "word": 1},
        "typos": {"when": "sometimes", "min_length": {"one": 0, "three": 3}},
        "pins": [{"keys": ["a"]}, {"query": "x"}, {"query": "y", "keys": ["a", "a", "b"], "hide": ["b"]}, 4],
        "limits": {"timeout_ms": 0, "max_clauses": 5000, "max_expansions": 1.5},
        "profiles": {"mobile": {"ranking": {"k1": 99}, "guard": {}, "experiments": {}}},
        "experiments": {"a": {"share": 0.7, "profile": "mobil"}, "b": {"share": 0.6, "profile": "mobile"}, "c": {}},
        "guard": {"max_drop": 2, "max_cost_ratio": 0.5}
    }"#;
    let found = problems(RankingConfig::from_json(json.as_bytes()));
    let mut paths: Vec<_> = found.iter().map(|(path, ..)| path.as_str()).collect();
    paths.sort_unstable();
    let mut expected = vec![
        "rankin",
        "ranking.k1",
        "ranking.minimum_match",
        "ranking.boost[0]",
        "ranking.boost[1].when",
        "ranking.boost[2].half_life",
        "ranking.boost[3].wieght",
        "ranking.boost[4].weight",
        "ranking.fields.title.weight",
        "synonyms.group",
        "synonyms.groups[0]",
        "synonyms.groups[1][1]",
        "synonyms.groups[2]",
        "synonyms.oneway.b[1]",
        "synonyms.oneway.d[0]",
        "stopwords.words[1]",
        "stopwords.word",
        "typos.when",
        "typos.min_length.one",
        "typos.min_length.three",
        "pins[0].query",
        "pins[1]",
        "pins[2].keys[1]",
        "pins[2].keys[2]",
        "pins[3]",
        "limits.timeout_ms",
        "limits.max_clauses",
        "limits.max_expansions",
        "profiles.mobile.ranking.k1",
        "profiles.mobile.guard",
        "profiles.mobile.experiments",
        "experiments",
        "experiments.a.profile",
        "experiments.c.share",
        "experiments.c.profile",
        "guard.judgements",
        "guard.max_drop",
        "guard.max_cost_ratio",
    ];
    expected.sort_unstable();
    assert_eq!(paths, expected);
    let of = |path: &str| found.iter().find(|(p, ..)| p == path).cloned().unwrap();
    assert!(of("rankin").1.ends_with("did you mean \"ranking\"?"), "{:?}", of("rankin"));
    assert_eq!(of("experiments.a.profile").1, "one of mobile; did you mean \"mobile\"?");
    assert!(of("synonyms.oneway.b[1]").2.contains("a > b > a"), "{:?}", of("synonyms.oneway.b[1]"));
}

#[test]
fn what_does_not_fit_the_schema_is_said_once_and_where_it_stands() {
    let json = r#"{
        "ranking": {"fields": {"titel": 1}, "boost": [{"when": "yaer < 1", "weight": 1}, {"field": "title"}]},
        "pins": [{"query": "!!!", "keys": ["a"]}],
        "profiles": {"mobile": {"limits": {}}, "other": {"ranking": {"fields": {"year": 1}}}}
    }"#;
    let config = RankingConfig::from_json(json.as_bytes()).unwrap();
    let found = problems(Compiled::new(&config, &schema()));
    let paths: Vec<_> = found.iter().map(|(path, ..)| path.as_str()).collect();
    let expected =
        ["ranking.fields.titel", "ranking.boost[0].when", "ranking.boost[1].field", "pins[0].query", "profiles.other.ranking.fields.year"];
    assert_eq!(paths, expected);
    assert!(found[1].2.contains("did you mean \"year\""), "{:?}", found[1]);
}

#[test]
fn a_change_of_weights_makes_no_synonyms_anew() {
    let config = RankingConfig::from_json(WHOLE.as_bytes()).unwrap();
    let first = Compiled::new(&config, &whole_schema()).unwrap();
    let changed = RankingConfig { k1: 2.0, ..RankingConfig::from_json(WHOLE.as_bytes()).unwrap() };
    let second = Compiled::after(Arc::new(changed), &whole_schema(), Some(&first)).unwrap();
    assert!(second.search.synonyms.is_same(&first.search.synonyms) && Arc::ptr_eq(&second.pins, &first.pins));
    let third = RankingConfig { stop_words: Arc::from(["the".to_owned()]), ..RankingConfig::from_json(WHOLE.as_bytes()).unwrap() };
    let third = Compiled::after(Arc::new(third), &whole_schema(), Some(&second)).unwrap();
    assert!(third.search.synonyms.is_same(&first.search.synonyms) && !Arc::ptr_eq(&third.pins, &first.pins));
    assert_eq!((second.k1, third.k1), (2.0, 0.9));
}

#[test]
fn pins_are_for_the_words_of_a_query() {
    use crate::query::{Phrase, Query};
    let compiled = Compiled::new(&RankingConfig::from_json(WHOLE.as_bytes()).unwrap(), &whole_schema()).unwrap();
    let of = |query: &Query| compiled.pins.of(query).map(|curated| curated.keys.len());
    for text in ["crown jewels", "The CROWN jewels!", "of the crown jewels"] {
        assert_eq!(of(&Query::words(text)), Some(2), "{text}");
    }
    for text in ["jewels crown", "crown", "crown jewels here", "the of", ""] {
        assert_eq!(of(&Query::words(text)), None, "{text}");
    }
    assert_eq!(of(&Query::Phrase(Phrase { text: "crown jewels".into(), fields: None, slop: 0 })), None);
}

#[test]
fn synonyms_that_are_no_json_are_checked_alike() {
    let long: Vec<String> = (0..300).map(|i| format!("w{i}")).collect();
    let written = serde_json::json!({"synonyms": {
        "groups": [["a"], ["a", " "], long], "oneway": {"b": ["c", ""], "c": ["b"], " ": ["d"]},
    }});
    let groups = crate::query::SynonymGroups {
        groups: vec![vec!["a".into()], vec!["a".into(), " ".into()], long.clone()],
        oneway: vec![(" ".into(), vec!["d".into()]), ("b".into(), vec!["c".into(), String::new()]), ("c".into(), vec!["b".into()])],
    };
    let paths = |found: Result<RankingConfig>| {
        let mut paths: Vec<_> = problems(found).into_iter().map(|(path, ..)| path).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    };
    let of_json = paths(RankingConfig::from_value(&written));
    assert_eq!(of_json, paths(RankingConfig::default().with_synonyms(groups)));
    assert!(of_json.contains(&"synonyms.groups[2]".to_owned()) && of_json.contains(&"synonyms.oneway.c[0]".to_owned()), "{of_json:?}");
}

#[test]
fn what_cannot_be_read_and_what_the_schema_does_not_allow_are_told_together() {
    let written = serde_json::json!({
        "ranking": {"k1": -1, "fields": {"titel": 1, "year": 1}, "boost": [{"field": "title", "function": "log1p", "weight": 1.0}]},
        "synonyms": {"oneway": {"a": ["b"], "b": ["a"]}},
        "experiments": {"e": {"share": 2, "profile": "q"}},
        "profiles": {"m": {"ranking": {"fields": {"zz": 1}}}},
    });
    let mut found: Vec<_> = RankingConfig::problems(&written, &schema()).into_iter().map(|problem| (problem.path, problem.meant)).collect();
    found.sort_unstable();
    let expected = [
        ("experiments.e.profile", None),
        ("experiments.e.share", None),
        ("profiles.m.ranking.fields.zz", None),
        ("ranking.boost[0].field", None),
        ("ranking.fields.titel", Some("title")),
        ("ranking.fields.year", None),
        ("ranking.k1", None),
        ("synonyms.oneway.b[0]", None),
    ];
    assert_eq!(found, expected.map(|(path, meant)| (path.to_owned(), meant.map(str::to_owned))));
    assert_eq!(RankingConfig::problems(&serde_json::json!({"ranking": {"k1": 1}}), &schema()), []);
}

#[test]
fn a_document_has_tables_and_a_mapping_may_go_without() {
    let flat = serde_json::json!({"k1": 0.9});
    assert_eq!(RankingConfig::from_value(&flat).unwrap().k1, 0.9);
    assert_eq!(
        problems(RankingConfig::of_document(&flat)),
        [("k1".into(), "k1 in the table ranking".into(), "it beside the tables".into())]
    );
    assert_eq!(RankingConfig::of_document(&serde_json::json!({"ranking": flat})).unwrap().k1, 0.9);
    for (written, meant) in [("rankng", "ranking"), ("Ranking", "ranking"), ("pin", "pins"), ("synonym", "synonyms")] {
        let written = serde_json::json!({written: {"k1": 1}});
        for found in [problems(RankingConfig::from_value(&written)), problems(RankingConfig::of_document(&written))] {
            let [(_, expected, _)] = &found[..] else { panic!("{found:?}") };
            assert!(
                expected.starts_with("one of ranking, synonyms,") && expected.ends_with(&format!("did you mean {meant:?}?")),
                "{expected}"
            );
        }
    }
    // Beside no table it is one of the table's members that was meant.
    assert!(
        problems(RankingConfig::from_value(&serde_json::json!({"kl": 1})))
            .iter()
            .all(|(_, expected, _)| expected.starts_with("one of k1, b"))
    );
}

/// Many groups are analysed on several threads, and mean what they mean one by one.
#[test]
fn many_groups_are_few_groups() {
    let group = |i: usize| vec![format!("word{i}"), format!("other word{i}"), format!("word{}", i / 2)];
    let of = |from: usize, to: usize| {
        let groups = crate::query::SynonymGroups { groups: (from..to).map(group).collect(), oneway: Vec::new() };
        Compiled::new(&RankingConfig::default().with_synonyms(groups).unwrap(), &schema()).unwrap().search.synonyms.clone()
    };
    let (all, start) = (of(0, 20_000), std::time::Instant::now());
    assert_eq!(all, of(0, 20_000));
    assert_ne!(all, of(0, 19_999));
    assert!(start.elapsed().as_secs() < 20, "linear in the groups");
}
