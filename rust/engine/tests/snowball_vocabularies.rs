//! Each stemmer against the vocabulary that Snowball publishes for it, word by word, without folding.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod data;

use findspot_engine::analysis::{Language, stem};

/// A language in which words differ.
struct Different {
    language: &'static str,
    words: usize,
    /// A word, its published stem, and ours.
    example: [&'static str; 3],
    reason: &'static str,
}

const DIFFERENT: [Different; 1] = [Different {
    language: "finnish",
    words: 103,
    example: ["bushin", "bushin", "bush"],
    reason: "Snowball's algorithm is newer than the vocabulary: an ending in -n is now taken off behind h too",
}];

/// Languages without a published vocabulary in the data.
const WITHOUT_VOCABULARY: [(&str, &str); 5] = [
    ("arabic", "its vocabulary is kept apart from Snowball's others for its size"),
    ("earlymodernenglish", "newer than the data"),
    ("sesotho", "newer than the data"),
    ("tamil", "its vocabulary is kept apart from Snowball's others for its size"),
    ("ukrainian", "newer than the data"),
];

#[test]
fn stems_are_those_that_snowball_publishes() {
    let Some(folder) = data::path("stems_are_those_that_snowball_publishes", "analysis/snowball") else { return };
    let (mut vocabularies, mut words) = (0, 0);
    for language in Language::all() {
        let name = language.name();
        let folder = folder.join(name);
        if let Some((_, reason)) = WITHOUT_VOCABULARY.iter().find(|(without, _)| *without == name) {
            assert!(!folder.exists(), "{name} has a vocabulary; it was said that {reason}");
            continue;
        }
        let (vocabulary, published) = (data::text(&folder.join("voc.txt")), data::text(&folder.join("output.txt")));
        assert_eq!(vocabulary.lines().count(), published.lines().count(), "{name}");
        let different: Vec<_> = vocabulary
            .lines()
            .zip(published.lines())
            .map(|(word, published)| (word, published, stem(language, word)))
            .filter(|(_, published, ours)| published != ours)
            .collect();
        match DIFFERENT.iter().find(|listed| listed.language == name) {
            Some(Different { words, example, reason, .. }) => {
                assert_eq!(different.len(), *words, "{name}: {reason}");
                assert!(different.iter().any(|(word, published, ours)| [*word, *published, &**ours] == *example), "{name}: {example:?}");
            }
            None => assert!(different.is_empty(), "{name}: {} words differ, first {:?}", different.len(), different.first()),
        }
        vocabularies += 1;
        words += vocabulary.lines().count();
    }
    // Every vocabulary of the data was compared, and none was empty.
    let given = std::fs::read_dir(&folder).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!((vocabularies, words > 1_500_000), (given, true), "{words} words");
}
