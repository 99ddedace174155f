//! Indexes of format version 1 that were built once and are kept: whatever this build is, they open, are intact, and answer as they did.
//!
//! **In**: the folders below `golden/v1`, and their answers. **Law**: an index that a released version wrote stays readable, or is refused
//! with its version and what to do. The folders are written by the recipe below when `FINDSPOT_GOLDEN` names a folder to write to; that is
//! for a new format version, never for an old one.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use findspot_engine::base::{Error, FieldId, Interrupt};
use findspot_engine::index::UpsertOptions;
use findspot_engine::ingest::{Format, open_reader};
use findspot_engine::search::{CountMode, FilterInput, Index, IndexOptions, QueryInput, SearchRequest};
use serde_json::{Value, json};

/// Names of the indexes.
const INDEXES: [&str; 2] = ["finds", "words"];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

/// A number that follows from two and looks like neither.
fn mixed(a: u32, b: u32) -> u32 {
    let mixed = (a ^ b.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0x9e37_79b1);
    (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d) >> 12
}

/// Every type of field, some of them missing, in two segments with deleted documents.
fn finds(url: &str) {
    let schema = json!({"key": "id", "extra": "store", "fields": [
        {"name": "title", "type": "text", "analyzer": "english"},
        {"name": "clue", "type": "text", "analyzer": "standard"},
        {"name": "tags", "type": "keyword", "many": true},
        {"name": "kind", "type": "keyword"},
        {"name": "year", "type": "integer"},
        {"name": "price", "type": "float"},
        {"name": "found", "type": "date"},
        {"name": "open", "type": "boolean"},
        {"name": "at", "type": "geopoint"},
    ]});
    const NOUNS: [&str; 8] = ["coins", "ring", "sword", "bridge", "Brücke", "東京", "hoard", "well"];
    const ADJECTIVES: [&str; 6] = ["golden", "silver", "old", "hidden", "lost", "roman"];
    let document = |id: u32| {
        let of = |list: &[&'static str], salt: u32| list[mixed(id, salt) as usize % list.len()];
        let clue: Vec<_> = (0..mixed(id, 3) % 30).map(|i| of(if i % 3 == 0 { &ADJECTIVES } else { &NOUNS }, 10 + i)).collect();
        let mut document =
            json!({"id": format!("k{id:03}"), "title": format!("The {} {}", of(&ADJECTIVES, 1), of(&NOUNS, 2)), "clue": clue.join(" ")});
        let mut set = |every: u32, name: &str, value: Value| {
            if !mixed(id, every).is_multiple_of(every) {
                document[name] = value;
            }
        };
        set(7, "tags", json!([of(&NOUNS, 4), of(&ADJECTIVES, 5)]));
        set(5, "kind", json!(of(&NOUNS, 6)));
        set(11, "year", json!(i64::from(mixed(id, 7) % 2000) - 100));
        set(4, "price", json!(f64::from(mixed(id, 8) % 999) / 8.0));
        set(6, "found", json!(format!("19{:02}-{:02}-{:02}T12:00:00Z", mixed(id, 9) % 100, id % 12 + 1, id % 28 + 1)));
        set(3, "open", json!(id.is_multiple_of(2)));
        set(8, "at", json!({"lat": f64::from(id % 120) - 60.0, "lon": f64::from(id % 300) - 150.0}));
        set(2, "note", json!(id));
        document.to_string()
    };
    let index = Index::create(url, serde_json::from_value(schema).unwrap(), IndexOptions::default()).unwrap();
    upsert(&index, (0..150).map(document));
    upsert(&index, (140..220).map(document));
    let deleted: Vec<_> = (0..220).step_by(17).map(|id| format!("k{id:03}")).collect();
    index.writer().unwrap().delete(&deleted, true, &Interrupt::none()).unwrap();
    index.close(&Interrupt::none()).unwrap();
}

/// Lists of every layout: bitmaps, aligned blocks, gaps, single postings; more pairs of frequency and length than there are codes.
fn words(url: &str) {
    let schema = json!({"key": "id", "fields": [{"name": "body", "type": "text", "analyzer": "whitespace"}]});
    // The third in as many documents as an aligned list may have in so few.
    const EVERY: [u32; 7] = [2, 30, 65, 68, 120, 900, 8250];
    let document = |id: u32| {
        let has = |(word, every): &(u32, u32)| if *word == 2 { id } else { mixed(id, *word) }.is_multiple_of(*every);
        let mut words: Vec<String> = (0..).zip(EVERY).filter(has).map(|(word, _)| format!("w{word}")).collect();
        if id.is_multiple_of(38) {
            words.extend((0..mixed(id, 50) % 20).map(|_| "again".to_owned()));
            words.extend((0..mixed(id, 51) % 60).map(|i| format!("x{}", mixed(i, 52) % 40)));
        }
        json!({"id": id.to_string(), "body": words.join(" ")}).to_string()
    };
    let index = Index::create(url, serde_json::from_value(schema).unwrap(), IndexOptions::default()).unwrap();
    upsert(&index, (0..8256).map(document));
    index.writer().unwrap().merge(1, &Interrupt::none()).unwrap();
    index.close(&Interrupt::none()).unwrap();
}

fn upsert(index: &Index, documents: impl Iterator<Item = String>) {
    let lines = documents.collect::<Vec<_>>().join("\n").into_bytes();
    let mut records = open_reader(std::io::Cursor::new(lines), Format::JsonLines, "lines", None).unwrap();
    index.writer().unwrap().upsert(&mut *records, &UpsertOptions::default(), &Interrupt::none()).unwrap();
    index.writer().unwrap().commit(&Interrupt::none()).unwrap();
}

/// What is asked: an index, a query, a filter, a sort key.
const QUESTIONS: [(&str, &str, &str, &str); 17] = [
    ("finds", "golden coin", "", ""),
    ("finds", "+hidden +bridge -sword", "", ""),
    ("finds", "\"old coins\" \"hoard well\"~2", "", ""),
    ("finds", "tokyo 東京 brücke~1 swor*", "", ""),
    ("finds", "clue:ring^2 title:lost year:1900", "year >= 1000", ""),
    ("finds", "", "tags = 'ring' or kind = 'well' and open = true", "-year"),
    ("finds", "silver", "at within 4000 km of 0, 0", "price"),
    ("finds", "roman", "found > '1950-01-01'", "-found"),
    ("finds", "coins", "price is missing", "kind"),
    ("words", "w0", "", ""),
    ("words", "w0 w1 w2", "", ""),
    ("words", "w2 w3 w4 w5 w6", "", ""),
    ("words", "+w0 +w3 again", "", ""),
    ("words", "again w0 x7 x12", "", ""),
    ("words", "\"again again\" \"x1 x2\"~3", "", ""),
    ("words", "\"w0 w1\" \"w0 w1 w2\"", "", ""),
    ("words", "x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 -w0", "", ""),
];

fn answer(folder: &Path, question: (&str, &str, &str, &str)) -> Value {
    let (index, query, filter, sort) = question;
    let index = Index::open(folder.join(index).to_str().unwrap(), IndexOptions::default()).unwrap();
    let request = SearchRequest {
        query: QueryInput::Text(query.into()),
        filter: (!filter.is_empty()).then(|| FilterInput::Text(filter.into())),
        sort: (!sort.is_empty()).then(|| sort.to_owned()).into_iter().collect(),
        count: CountMode::Exact,
        ..SearchRequest::default()
    };
    let none = Interrupt::none();
    let hits = index.view().unwrap().search(&request, &none).unwrap();
    let first: Value = serde_json::from_slice(&hits.to_json(&none).unwrap()).unwrap();
    let (keys, scores) = (hits.keys(&none).unwrap(), hits.scores().to_vec());
    json!({"question": [index.url().rsplit('/').next(), query, filter, sort], "total": hits.total(), "keys": keys, "scores": scores, "first": first.get(0)})
}

fn answers(folder: &Path) -> Vec<Value> {
    QUESTIONS.iter().map(|question| answer(folder, *question)).collect()
}

/// The kept indexes in a folder that may be written to.
fn copied() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&golden(), folder.path());
    folder
}

#[test]
fn kept_indexes_open_are_intact_and_answer_as_they_did() {
    if let Some(folder) = std::env::var_os("FINDSPOT_GOLDEN").map(PathBuf::from) {
        finds(folder.join("finds").to_str().unwrap());
        words(folder.join("words").to_str().unwrap());
        let lines: Vec<_> = answers(&folder).iter().map(Value::to_string).collect();
        std::fs::write(folder.join("answers.jsonl"), lines.join("\n") + "\n").unwrap();
    }
    let folder = copied();
    for name in INDEXES {
        let index = Index::open(folder.path().join(name).to_str().unwrap(), IndexOptions::default()).unwrap();
        let report = index.check(&Interrupt::none()).unwrap();
        assert!(report.problems.is_empty() && report.files > 0, "{name}: {:?}", report.problems);
    }
    let index = Index::open(folder.path().join("words").to_str().unwrap(), IndexOptions::default()).unwrap();
    let view = index.view().unwrap();
    for (structure, bytes) in view.snapshot().segments[0].reader.inverted(FieldId(0)).unwrap().bytes() {
        assert!(bytes > 0, "no {structure} in the index of words");
    }
    let kept = std::fs::read_to_string(golden().join("answers.jsonl")).unwrap();
    let kept: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers(folder.path()), kept);
}

/// What this build writes answers as what was kept.
#[test]
fn the_recipe_still_makes_them() {
    let folder = tempfile::tempdir().unwrap();
    finds(folder.path().join("finds").to_str().unwrap());
    words(folder.path().join("words").to_str().unwrap());
    assert_eq!(answers(folder.path()), answers(copied().path()));
}

#[test]
fn a_kept_index_can_be_written_to() {
    let folder = copied();
    let url = folder.path().join("words");
    let index = Index::open(url.to_str().unwrap(), IndexOptions::default()).unwrap();
    upsert(&index, std::iter::once(r#"{"id": "new", "body": "w6 new"}"#.to_owned()));
    index.writer().unwrap().merge(1, &Interrupt::none()).unwrap();
    assert_eq!(index.view().unwrap().len(), 8257);
    assert!(index.check(&Interrupt::none()).unwrap().problems.is_empty());
}

/// Files below a folder whose path contains `part`.
fn files(folder: &Path, part: &str) -> Vec<PathBuf> {
    let (mut found, mut rest) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = rest.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                rest.push(entry);
            } else if entry.to_str().unwrap().contains(part) {
                found.push(entry);
            }
        }
    }
    found
}

fn newest_manifest(folder: &Path) -> PathBuf {
    files(folder, "/manifest/").into_iter().max().unwrap()
}

/// Replaces the newest manifest by one of this version.
fn edited(folder: &Path, version: u32, edit: impl Fn(&str) -> String) -> PathBuf {
    let newest = newest_manifest(folder);
    let text = std::fs::read_to_string(&newest).unwrap();
    let body = edit(text.split_once('\n').unwrap().1);
    let sum = crc32fast::hash(format!("{version}\n{body}").as_bytes());
    std::fs::write(&newest, format!("findspot manifest {version} {sum:08x}\n{body}")).unwrap();
    newest
}

/// Opens an index of another version: what it says.
fn refusal(folder: &Path) -> String {
    match Index::open(folder.to_str().unwrap(), IndexOptions::default()).map(drop) {
        Err(error @ Error::FormatVersion { .. }) => error.to_string(),
        other => panic!("not refused for its version: {other:?}"),
    }
}

#[test]
fn files_of_another_version_are_refused_with_what_to_do() {
    for (version, advice) in [(0u32, "build the index again from its source"), (2, "update findspot")] {
        let expected = |file: &Path, folder: &Path| {
            let name = file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            format!("{name} has format version {version}, this build reads 1; {advice}")
        };
        // A manifest: the number stands in its first line, the checksum covers it.
        let folder = copied();
        let folder = folder.path().join("finds");
        let newest = edited(&folder, version, |body| body.to_owned());
        assert_eq!(refusal(&folder), expected(&newest, &folder));
        // A segment: the number stands at both ends.
        let folder = copied();
        let folder = folder.path().join("words");
        let segments = files(&folder, ".seg");
        let mut bytes = std::fs::read(&segments[0]).unwrap();
        let end = bytes.len();
        for at in [8, end - 12] {
            assert_eq!(bytes[at..at + 4], 1u32.to_le_bytes());
            bytes[at..at + 4].copy_from_slice(&version.to_le_bytes());
        }
        std::fs::write(&segments[0], bytes).unwrap();
        assert_eq!(refusal(&folder), expected(&segments[0], &folder));
        // Live documents: the number stands behind the magic; the checksum at the end covers it, and stands in the manifest.
        let folder = copied();
        let folder = folder.path().join("finds");
        let manifest = std::fs::read_to_string(newest_manifest(&folder)).unwrap();
        let named = |path: &PathBuf| manifest.contains(path.extension().unwrap().to_str().unwrap());
        let live = files(&folder, "/live/").into_iter().find(named).unwrap();
        let mut bytes = std::fs::read(&live).unwrap();
        bytes[8..12].copy_from_slice(&version.to_le_bytes());
        let end = bytes.len() - 4;
        let (before, sum) = (u32::from_le_bytes(*bytes.last_chunk().unwrap()), crc32fast::hash(&bytes[..end]));
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
        std::fs::write(&live, bytes).unwrap();
        edited(&folder, 1, |body| body.replace(&format!(":{before},"), &format!(":{sum},")));
        assert_eq!(refusal(&folder), expected(&live, &folder));
    }
}
