//! What the planner is handed for some queries, and for any query the laws of the bound tree.

use super::{analyzers, schema};
use crate::base::{Error, FieldId};
use crate::query::*;

fn bind_with(query: &Query, operator: Operator) -> Rewritten {
    let schema = schema();
    let search = SearchFields { operator, ..SearchFields::all(&schema) };
    rewrite(query, &schema, &analyzers(&schema), &search, &RewriteOptions::default()).unwrap()
}

fn bind(json: &str) -> Bound {
    bind_with(&Query::from_json(json.as_bytes()).unwrap(), Operator::Or).bound
}

fn slot(clauses: &[(u16, &str, f64)], boost: f64) -> Bound {
    let clause = |&(field, term, weight): &(u16, &str, f64)| TermClause { field: FieldId(field), term: term.as_bytes().into(), weight };
    Bound::Slot(Slot { clauses: clauses.iter().map(clause).collect(), boost })
}

fn any(should: Vec<Bound>) -> Bound {
    Bound::Boolean(Boolean { should, minimum: 1, ..Boolean::default() })
}

fn all(must: Vec<Bound>) -> Bound {
    Bound::Boolean(Boolean { must, ..Boolean::default() })
}

const TITLE: u16 = 0;
const CLUE: u16 = 1;

#[test]
fn a_word_is_one_slot_over_the_fields() {
    let found = bind(r#"{"match": {"text": "Gold Coins", "fields": {"clue": 2.0, "title": 3.0}}}"#);
    let expected =
        any(vec![slot(&[(TITLE, "gold", 3.0), (CLUE, "Gold", 2.0)], 1.0), slot(&[(TITLE, "coin", 3.0), (CLUE, "Coins", 2.0)], 1.0)]);
    assert_eq!(found, expected);
}

/// What the bare words of a query string are under a configuration.
fn bind_text(text: &str, minimum: Option<&str>, phrase_boost: f64) -> Bound {
    let schema = schema();
    let minimum_match = minimum.map(|rule| MinimumMatch::parse(rule).unwrap());
    let search = SearchFields { fields: vec![(FieldId(TITLE), 1.0)], minimum_match, phrase_boost, ..SearchFields::all(&schema) };
    let parsed = parse(text, &schema, &ParseOptions { mode: ParseMode::Lenient, ..ParseOptions::default() }).unwrap();
    rewrite(&parsed.query, &schema, &analyzers(&schema), &search, &RewriteOptions::default()).unwrap().bound
}

#[test]
fn the_configured_minimum_counts_the_words_that_are_joined_by_or() {
    let word = |text: &str| slot(&[(TITLE, text, 1.0)], 1.0);
    let some = |words: &[&str], minimum| {
        Bound::Boolean(Boolean { should: words.iter().map(|text| word(text)).collect(), minimum, ..Boolean::default() })
    };
    assert_eq!(bind_text("a b c d", Some("75%"), 0.0), some(&["a", "b", "c", "d"], 3));
    assert_eq!(bind_text("a b", Some("2<75%"), 0.0), all(vec![word("a"), word("b")]));
    assert_eq!(bind_text("a b", Some("0"), 0.0), some(&["a", "b"], 1), "something has to be there");
    assert_eq!(bind_text("a OR b", Some("100%"), 0.0), some(&["a", "b"], 1), "a written OR is one");
    // Words beside others count one by one; those that must be there anyhow do not count.
    let Bound::Boolean(mixed) = bind_text("+a b c -x d", Some("2"), 0.0) else { panic!() };
    assert_eq!((mixed.must.len(), mixed.should, mixed.must_not.len(), mixed.minimum), (1, vec![word("b"), word("c"), word("d")], 1, 2));
    let Bound::Boolean(typed) = bind(r#"{"match": {"text": "a b c", "fields": "title", "minimum_match": 2}}"#) else { panic!() };
    assert_eq!((typed.should.len(), typed.minimum), (3, 2));
}

/// The leaves of the words of a text, under synonyms.
fn with_synonyms(text: &str, fields: &[u16], groups: &SynonymGroups) -> Vec<Bound> {
    let (schema, query) = (schema(), Query::words(text));
    let (analyzers, ids) = (analyzers(&schema), (0..10).map(FieldId));
    let synonyms = Synonyms::new(groups, &analyzers, ids);
    let fields = fields.iter().map(|&field| (FieldId(field), 1.0)).collect();
    let search = SearchFields { fields, synonyms, operator: Operator::And, ..SearchFields::default() };
    match rewrite(&query, &schema, &analyzers, &search, &RewriteOptions::default()).unwrap().bound {
        Bound::Boolean(Boolean { must, .. }) => must,
        leaf => vec![leaf],
    }
}

fn synonyms(clauses: &[(u16, &[&str])]) -> Bound {
    let member = |text: &&str| text.split(' ').zip(0..).map(|(word, at)| (word.as_bytes().into(), at)).collect();
    let clause = |&(field, members): &(u16, &[&str])| SynonymClause {
        field: FieldId(field),
        members: members.iter().map(member).collect(),
        weight: 1.0,
    };
    Bound::Synonyms(SynonymSlot { clauses: clauses.iter().map(clause).collect(), boost: 1.0 })
}

#[test]
fn groups_by_the_thousand_are_found_whichever_thread_read_them() {
    let texts = |texts: Vec<String>| texts;
    let groups = SynonymGroups {
        groups: (0..20_000).map(|n| texts(vec![format!("a{n}"), format!("b{n} c{n}"), format!("d{}", n / 2)])).collect(),
        oneway: (0..50).map(|n| (format!("e{n} f"), vec![format!("a{n}"), format!("g{n}")])).collect(),
    };
    for n in [0, 1, 4095, 4096, 4097, 9_999, 12_345, 19_998, 19_999] {
        let (a, bc, d) = (format!("a{n}"), format!("b{n} c{n}"), format!("d{}", n / 2));
        let found = |text: &str| with_synonyms(text, &[CLUE], &groups);
        assert_eq!(found(&bc), [synonyms(&[(CLUE, &[&bc, &a, &d])])]);
        // A text of two groups stands for both.
        let (even, odd) = (n / 2 * 2, n / 2 * 2 + 1);
        let others = [format!("a{even}"), format!("b{even} c{even}"), format!("a{odd}"), format!("b{odd} c{odd}")];
        assert_eq!(found(&d), [synonyms(&[(CLUE, &[&d, &others[0], &others[1], &others[2], &others[3]])])]);
    }
    assert_eq!(with_synonyms("e7 f", &[CLUE], &groups), [synonyms(&[(CLUE, &["e7 f", "a7", "g7"])])]);
    assert_eq!(with_synonyms("g7", &[CLUE], &groups), [slot(&[(CLUE, "g7", 1.0)], 1.0)]);
}

#[test]
fn words_with_synonyms_are_one_slot() {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let groups = SynonymGroups {
        groups: vec![
            owned(&["UK", "united kingdom", "britain"]),
            owned(&["united kingdom of old", "realm"]),
            owned(&["!!", "coins", "coin"]),
        ],
        oneway: vec![("coin".to_owned(), owned(&["denarius", "solidus"])), ("britain".to_owned(), owned(&["albion"]))],
    };
    let word = |text: &str| slot(&[(TITLE, text, 1.0)], 1.0);
    let found = |text| with_synonyms(text, &[TITLE], &groups);
    // Runs are written as the field's analyzer writes them; what they stand for stands behind them, each once.
    assert_eq!(found("Coins"), [synonyms(&[(TITLE, &["coin", "denarius", "solidus"])])]);
    assert_eq!(found("denarius"), [word("denarius")], "one way");
    assert_eq!(found("Britain"), [synonyms(&[(TITLE, &["britain", "uk", "unit kingdom", "albion"])])]);
    assert_eq!(
        found("old United Kingdom treasure"),
        [word("old"), synonyms(&[(TITLE, &["unit kingdom", "uk", "britain"])]), word("treasur")]
    );
    assert_eq!(found("united kingdom of old"), [synonyms(&[(TITLE, &["unit kingdom of old", "realm"])])], "the longest run");
    assert_eq!(found("united coins united"), [word("unit"), synonyms(&[(TITLE, &["coin", "denarius", "solidus"])]), word("unit")]);
    // Fields whose analyzers disagree: what begins at the same byte shares a slot.
    let both = with_synonyms("UK coins", &[TITLE, CLUE], &groups);
    assert_eq!(
        both,
        [
            synonyms(&[(TITLE, &["uk", "unit kingdom", "britain"]), (CLUE, &["UK", "united kingdom", "britain"])]),
            synonyms(&[(TITLE, &["coin", "denarius", "solidus"]), (CLUE, &["coins", "!!", "coin"])]),
        ]
    );
    assert!(Synonyms::new(&SynonymGroups::default(), &analyzers(&schema()), (0..10).map(FieldId)).is_empty());
}

#[test]
fn words_that_may_stand_together_are_a_phrase_at_the_root() {
    let word = |text: &str| slot(&[(TITLE, text, 1.0)], 1.0);
    let phrase = |terms: &[&str], boost| {
        let terms = terms.iter().zip(0..).map(|(term, at)| (term.as_bytes().into(), at)).collect();
        Bound::Phrase(PhraseSlot { clauses: vec![PhraseClause { field: FieldId(TITLE), terms, weight: 1.0 }], slop: 0, boost })
    };
    let with = |must, should| Bound::Boolean(Boolean { must, should, ..Boolean::default() });
    assert_eq!(bind_text("a b", None, 0.5), with(vec![any(vec![word("a"), word("b")])], vec![phrase(&["a", "b"], 0.5)]));
    assert_eq!(bind_text("a", None, 0.5), word("a"), "one word stands alone");
    // Two texts, one of which must not match.
    let Bound::Boolean(root) = bind_text("(a b)^3 -(c d)", None, 0.5) else { panic!() };
    assert_eq!(root.should, [phrase(&["a", "b"], 1.5)]);
    let Bound::Boolean(root) = bind_text("-(a b)", None, 0.5) else { panic!() };
    assert!(root.should.is_empty() && root.must_not.len() == 1);
}

#[test]
fn words_of_fields_that_disagree_are_aligned_by_their_place() {
    let found = bind(r#"{"match": {"text": "well-known gold", "fields": ["title", "clue"], "operator": "and"}}"#);
    let expected = all(vec![
        slot(&[(TITLE, "well", 1.0), (CLUE, "well-known", 1.0)], 1.0),
        slot(&[(TITLE, "known", 1.0)], 1.0),
        slot(&[(TITLE, "gold", 1.0), (CLUE, "gold", 1.0)], 1.0),
    ]);
    assert_eq!(found, expected);
}

#[test]
fn every_pair_of_han_is_a_slot_of_its_own() {
    let found = bind(r#"{"match": {"text": "太古橋", "fields": "title"}}"#);
    assert_eq!(found, any(vec![slot(&[(TITLE, "太古", 1.0)], 1.0), slot(&[(TITLE, "古橋", 1.0)], 1.0)]));
}

#[test]
fn boosts_multiply_and_weights_stand_apart() {
    let found =
        bind(r#"{"boost": {"query": {"boost": {"query": {"match": {"text": "gold", "fields": {"title": 2}}}, "by": 3}}, "by": 0.5}}"#);
    assert_eq!(found, slot(&[(TITLE, "gold", 2.0)], 1.5));
    let zero = bind(r#"{"boost": {"query": {"term": {"field": "artist", "value": "x"}}, "by": 0}}"#);
    let filter = BoundFilter::KeywordIn { field: FieldId(3), values: vec!["x".into()] };
    assert_eq!(zero, Bound::Constant(Constant { filter, weight: 0.0 }));
}

#[test]
fn a_phrase_keeps_positions_and_splits_by_number_of_words() {
    let found = bind(r#"{"phrase": {"text": "the old-bridge", "fields": ["title", "clue"], "slop": 2}}"#);
    let phrase = |field: u16, terms: &[(&str, u32)]| {
        let terms = terms.iter().map(|&(term, at)| (term.as_bytes().into(), at)).collect();
        Bound::Phrase(PhraseSlot { clauses: vec![PhraseClause { field: FieldId(field), terms, weight: 1.0 }], slop: 2, boost: 1.0 })
    };
    let expected = any(vec![phrase(CLUE, &[("the", 0), ("old-bridge", 1)]), phrase(TITLE, &[("the", 0), ("old", 1), ("bridg", 2)])]);
    assert_eq!(found, expected);
    assert_eq!(bind(r#"{"phrase": {"text": "coins!", "fields": "title"}}"#), slot(&[(TITLE, "coin", 1.0)], 1.0));
}

#[test]
fn a_prefix_is_not_stemmed_but_finds_the_stem() {
    let clause =
        |prefix: &str, also: Option<&str>| PrefixClause { field: FieldId(TITLE), prefix: prefix.into(), also: also.map(Into::into) };
    let prefix = |clause| Bound::Prefix(PrefixSlot { clauses: vec![clause], weight: 1.0 });
    assert_eq!(bind(r#"{"prefix": {"prefix": "Treasure", "fields": "title"}}"#), prefix(clause("treasure", Some("treasur"))));
    assert_eq!(bind(r#"{"prefix": {"prefix": "trea", "fields": "title"}}"#), prefix(clause("trea", None)));
    let split = bind(r#"{"prefix": {"prefix": "well-kno", "fields": "title"}}"#);
    assert_eq!(split, all(vec![slot(&[(TITLE, "well", 1.0)], 1.0), prefix(clause("kno", None))]));
    let keyword = PrefixClause { field: FieldId(3), prefix: b"J. M".to_vec(), also: None };
    assert_eq!(bind(r#"{"prefix": {"prefix": "J. M", "fields": "artist"}}"#), prefix(keyword));
}

#[test]
fn groups_follow_the_operator() {
    let group = r#"{"group": [{"should": {"match": {"text": "a b", "fields": "title"}}}, {"must_not": {"match": {"text": "c", "fields": "title"}}}]}"#;
    let word = |text: &str| slot(&[(TITLE, text, 1.0)], 1.0);
    let query = Query::from_json(group.as_bytes()).unwrap();
    let or = Boolean { should: vec![word("a"), word("b")], must_not: vec![word("c")], minimum: 1, ..Boolean::default() };
    assert_eq!(bind_with(&query, Operator::Or).bound, Bound::Boolean(or));
    let and = Boolean { must: vec![word("a"), word("b")], must_not: vec![word("c")], ..Boolean::default() };
    assert_eq!(bind_with(&query, Operator::And).bound, Bound::Boolean(and));
    let optional = bind(
        r#"{"group": [{"must": {"match": {"text": "a", "fields": "title"}}}, {"should": {"match": {"text": "b c", "fields": "title"}}}]}"#,
    );
    let expected = Boolean { must: vec![word("a")], should: vec![word("b"), word("c")], ..Boolean::default() };
    assert_eq!(optional, Bound::Boolean(expected));
}

#[test]
fn a_leaf_without_words_matches_nothing_and_a_group_leaves_it_out() {
    let nothing = any(Vec::new());
    let word = || slot(&[(TITLE, "a", 1.0)], 1.0);
    assert_eq!(bind(r#"{"match": {"text": "!!!", "fields": "title"}}"#), nothing);
    assert_eq!(
        bind(
            r#"{"group": [{"must": {"match": {"text": "!!!", "fields": "title"}}}, {"should": {"match": {"text": "a", "fields": "title"}}}]}"#
        ),
        word()
    );
    assert_eq!(bind(r#"{"group": [{"must_not": {"match": {"text": "!!!", "fields": "title"}}}]}"#), nothing);
    let both = bind(r#"{"all": [{"match": {"text": "!!!", "fields": "title"}}, {"match": {"text": "a", "fields": "title"}}]}"#);
    assert_eq!(both, all(vec![nothing.clone(), word()]));
    assert_eq!(bind(r#"{"all": []}"#), all(Vec::new()));
    assert_eq!(bind(r#"{"any": []}"#), nothing);
    let query = Query::words("!!!");
    assert_eq!(bind_with(&query, Operator::Or).warnings.len(), 0, "whitespace fields have that word");
}

#[test]
fn minimum_match_and_keywords() {
    let Bound::Boolean(two) = bind(r#"{"match": {"text": "a b c", "fields": "title", "minimum_match": 2}}"#) else { panic!() };
    assert_eq!((two.should.len(), two.minimum), (3, 2));
    let Bound::Boolean(most) = bind(r#"{"match": {"text": "a b c", "fields": "title", "minimum_match": 9}}"#) else { panic!() };
    assert_eq!((most.must.len(), most.minimum), (3, 0));
    let Bound::Boolean(mixed) = bind(r#"{"match": {"text": "a b", "fields": ["title", "artist"], "operator": "and"}}"#) else { panic!() };
    assert_eq!((mixed.should.len(), mixed.minimum), (2, 1), "all words of the title, or the artist's whole name");
}

#[test]
fn too_many_words_are_refused_or_cut() {
    let schema = schema();
    let text: String = (0..3000).map(|i| format!("w{i} ")).collect();
    let query = Query::words(text);
    let run = |mode| rewrite(&query, &schema, &analyzers(&schema), &SearchFields::all(&schema), &RewriteOptions { mode, max_clauses: 100 });
    assert!(matches!(run(ParseMode::Strict), Err(Error::Query { .. })));
    let cut = run(ParseMode::Lenient).unwrap();
    let Bound::Boolean(words) = cut.bound else { panic!() };
    assert_eq!((words.should.len(), cut.warnings.len()), (100, 1));
}

#[test]
fn what_does_not_fit_the_schema_is_refused_with_a_hint() {
    let schema = schema();
    for (json, hint) in [
        (r#"{"match": {"text": "a", "fields": "titel"}}"#, "did you mean \"title\"?"),
        (r#"{"match": {"text": "a", "fields": "year"}}"#, "use Term or Range for it"),
        (r#"{"match": {"text": "a", "fields": ["title", "title"]}}"#, "name each field once"),
        (r#"{"match": {"text": "a", "fields": "id"}}"#, "use Term for a key"),
        (r#"{"term": {"field": "year", "value": "x"}}"#, "a number, as in 1850"),
        (r#"{"range": {"field": "title", "gt": "x"}}"#, "ranges are for Integer, Float, Date and Keyword fields"),
        (r#"{"range": {"field": "id", "gt": "x"}}"#, "use Term for a key"),
    ] {
        let query = Query::from_json(json.as_bytes()).unwrap();
        match rewrite(&query, &schema, &analyzers(&schema), &SearchFields::all(&schema), &RewriteOptions::default()) {
            Err(Error::Query { hint: Some(found), .. }) => assert_eq!(found, hint, "{json}"),
            other => panic!("{json}: {other:?}"),
        }
    }
}
