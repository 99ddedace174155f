//! Analyzers against known tokens and naive twins.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::words::{Words, words_of_the_standard};
use super::*;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

fn tokens(name: &str, text: &str) -> Vec<(String, u32, u32, u32)> {
    let mut all = Vec::new();
    analyzer(name).unwrap().analyze(text, &mut |t| all.push((t.text.to_owned(), t.position, t.start, t.end)));
    all
}

fn terms(name: &str, text: &str) -> Vec<String> {
    tokens(name, text).into_iter().map(|t| t.0).collect()
}

fn query(name: &str, text: &str) -> Vec<(String, u32)> {
    let mut all = Vec::new();
    analyzer(name).unwrap().analyze_query(text, &mut |t| all.push((t.text.to_owned(), t.position)));
    all
}

#[test]
fn standard_gives_words_in_lower_case_with_their_places() {
    assert_eq!(
        tokens("standard", "The quick, brown FOX's 3.5 km/h!"),
        [
            ("the".into(), 0, 0, 3),
            ("quick".into(), 1, 4, 9),
            ("brown".into(), 2, 11, 16),
            ("fox's".into(), 3, 17, 22),
            ("3.5".into(), 4, 23, 26),
            ("km".into(), 5, 27, 29),
            ("h".into(), 6, 30, 31),
        ]
    );
}

#[test]
fn folding_touches_latin_greek_and_cyrillic_only() {
    for (text, term) in [
        ("Café", "cafe"),
        ("Cafe\u{301}", "cafe"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ẞ", "ss"),
        ("Ærøskøbing", "aeroskobing"),
        ("Łódź", "lodz"),
        ("Việt", "viet"),
        ("Đà", "da"),
        ("İstanbul", "istanbul"),
        ("ΟΔΟΣ", "οδοσ"),
        ("Ἑλλάς", "ελλασ"),
        ("Ещё", "еще"),
        ("за\u{301}мок", "замок"),
        ("Йод", "йод"),
        ("И\u{306}од", "йод"),
        ("її", "її"),
        ("हिन्दी", "हिन्दी"),
        ("عَرَبِيّ", "عَرَبِيّ"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("don\u{2019}t", "don't"),
        ("co\u{ad}operate", "cooperate"),
        ("ﬁne", "fine"),
    ] {
        let expected: String = term.nfc().collect();
        assert_eq!(terms("standard", text), [expected], "{text}");
    }
}

#[test]
fn stemming_stands_between_lower_case_and_folding() {
    assert_eq!(terms("english", "Running BRIDGES’ nationally"), ["run", "bridg", "nation"]);
    assert_eq!(terms("french", "chevaux l'été"), terms("french", "CHEVAUX l’e\u{301}te\u{301}"));
    assert_eq!(terms("german", "Häuser"), ["haus"]);
    assert_eq!(terms("turkish", "IRAK"), terms("turkish", "ırak"));
    assert_eq!(terms("turkish", "İZMİR"), terms("turkish", "I\u{307}zmir"));
}

#[test]
fn scripts_without_spaces_give_characters_and_pairs_to_the_index_and_pairs_to_queries() {
    assert_eq!(
        tokens("standard", "a東京都 b"),
        [
            ("a".into(), 0, 0, 1),
            ("東".into(), 1, 1, 4),
            ("東京".into(), 1, 1, 7),
            ("京".into(), 2, 4, 7),
            ("京都".into(), 2, 4, 10),
            ("都".into(), 3, 7, 10),
            ("b".into(), 4, 11, 12),
        ]
    );
    assert_eq!(query("standard", "a東京都 b"), [("a".into(), 0), ("東京".into(), 1), ("京都".into(), 2), ("b".into(), 4)]);
    assert_eq!(query("english", "猫"), [("猫".into(), 0)]);
    assert_eq!(query("standard", "カメラ・レンズ"), query("standard", "カメラ レンズ"));
    assert_eq!(query("standard", "한국어"), [("한국".into(), 0), ("국어".into(), 1)]);
    assert_eq!(query("standard", "ไทย"), [("ไท".into(), 0), ("ทย".into(), 1)]);
    // Decomposed input: Jamo, voice marks, compatibility ideographs, Thai marks out of order; and variation selectors.
    assert_eq!(terms("standard", &"한국어".nfd().collect::<String>()), terms("standard", "한국어"));
    assert_eq!(terms("standard", &"がぎぐ".nfd().collect::<String>()), terms("standard", "がぎぐ"));
    assert_eq!(terms("standard", "葛\u{e0100}城"), terms("standard", "葛城"));
    assert_eq!(terms("standard", "\u{f900}"), ["豈"]);
    assert_eq!(tokens("standard", "か\u{3099}き").first().unwrap(), &("が".into(), 0, 0, 6));
}

#[test]
fn the_plain_analyzers_keep_what_is_written() {
    assert_eq!(tokens("keyword", " A b "), [(" A b ".into(), 0, 0, 5)]);
    assert_eq!(tokens("keyword", ""), []);
    assert_eq!(terms("whitespace", " A\u{a0}bé\u{3000}C\n"), ["A", "bé", "C"]);
    assert_eq!(tokens("path", "a/b/c"), [("a".into(), 0, 0, 1), ("a/b".into(), 0, 0, 3), ("a/b/c".into(), 0, 0, 5)]);
    assert_eq!(terms("path", "/usr//lib/"), ["/usr", "/usr//lib"]);
    assert_eq!(terms("path", "//"), Vec::<String>::new());
    assert_eq!(query("path", "a/b/"), [("a/b".into(), 0)]);
}

#[test]
fn long_tokens_are_cut_at_a_character_boundary() {
    for name in names() {
        for long in [
            "a".repeat(1000),
            "é".repeat(1000),
            "A".repeat(1000),
            "ß".repeat(200),
            "/x".repeat(300),
            format!("e{}", "\u{301}".repeat(9000)),
        ] {
            for (text, _, start, end) in tokens(name, &long) {
                assert!((1..=MAX_TOKEN).contains(&text.len()) && start < end, "{name} {text}");
            }
        }
    }
    assert_eq!(terms("standard", &"é".repeat(300)), ["e".repeat(127)]);
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_one() {
    let Err(Error::Schema { got, .. }) = analyzer("englsh").map(|_| ()) else { panic!("accepted") };
    assert!(got.contains("did you mean \"english\""), "{got}");
    let Err(Error::Schema { path, .. }) = Analyzers::of([("title", Some("klingon"))]).map(|_| ()) else { panic!("accepted") };
    assert_eq!(path, "fields.title.analyzer");
    let all = Analyzers::of([("a", Some("english")), ("b", None), ("c", Some("english"))]).unwrap();
    assert!(Arc::ptr_eq(all.get(FieldId(0)).unwrap(), all.get(FieldId(2)).unwrap()) && all.get(FieldId(1)).is_none());
    for name in names() {
        assert_eq!(analyzer(name).unwrap().name(), name);
    }
}

/// Pieces at which the rules of UAX #29 and the scripts above turn.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a", "Z", "1", "_", "'", ".", ",", ":", ";", " ", "  ", "\"", "-", "\r\n", "\u{301}", "\u{ad}", "\u{200d}", "é", "ß", "İ", "א",
        "ि", "к", "और", "東", "京", "カ", "ー", "が", "\u{3099}", "한", "\u{1112}", "\u{1161}", "ไ", "ท", "\u{e38}", "\u{e49}", "๑", "😀",
        "🇬", "’", "\u{fe0f}", "ℹ", "１", "Ａ", "ﾞ", "\u{2060}", "\u{3000}", "/", "ing", "ness",
    ]);
    prop::collection::vec(prop_oneof![9 => pieces.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from), 3 => (0x80u32..0x830, any::<bool>()).prop_map(|(c, punctuation)| char::from_u32(if punctuation { 0x2000 + c % 0x70 } else { c }).unwrap().into())], 0..14)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_way_finds_the_words_of_the_standard(text in text()) {
        prop_assert_eq!(Words::new(&text).collect::<Vec<_>>(), words_of_the_standard(&text).collect::<Vec<_>>(), "{:?}", text);
    }

    #[test]
    fn the_table_of_letters_does_what_the_general_way_does(text in prop::collection::vec((0u32..0x800).prop_filter_map("a character", char::from_u32), 1..4)) {
        let text: String = text.into_iter().collect();
        let (mut quick, mut lower, mut composed) = (String::new(), String::new(), String::new());
        if letters::Letters::table().lower(&text, &mut quick) {
            prop_assert_eq!(&*quick, standard::lower_case(&text, false, &mut lower, &mut composed));
        }
        if letters::Letters::table().fold(&text, &mut quick) {
            lower.clear();
            fold::fold(&text, &mut lower);
            prop_assert_eq!(&quick, &lower);
        }
    }

    #[test]
    fn whatever_comes_tokens_have_places_and_queries_find_their_own_text(text in text()) {
        for name in ["standard", "english", "whitespace", "path", "keyword"] {
            let indexed = tokens(name, &text);
            let mut before = 0;
            for (term, position, start, end) in &indexed {
                prop_assert!(!term.is_empty() && term.len() <= MAX_TOKEN && *position >= before && start < end);
                prop_assert!(text.get(*start as usize..*end as usize).is_some());
                before = *position;
            }
            for (term, position) in query(name, &text) {
                prop_assert!(indexed.iter().any(|t| t.0 == term && t.1 == position), "{} {:?} {:?}", name, text, term);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, ..ProptestConfig::default() })]

    #[test]
    fn what_is_remembered_is_what_is_computed(words in prop::collection::vec("[a-cäéA]{1,30}(s|ing|en|ment)?", 1..60)) {
        for word in words.iter().chain(&words) {
            let stemmed = |name: &str| {
                let language = Language::of(name).unwrap();
                let lower = word.to_lowercase();
                let mut folded = String::new();
                fold::fold(&stem(language, &lower), &mut folded);
                folded
            };
            prop_assert_eq!(terms("english", word), [stemmed("english")]);
            prop_assert_eq!(terms("french", word), [stemmed("french")]);
        }
    }
}
