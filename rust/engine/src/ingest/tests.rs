//! Every format and compression against what was written, and input that is none.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;

use super::{Chunk, Format, RecordSource, open_file, open_reader};
use crate::base::{Error, Result};
use crate::schema::{Extra, Field, FieldKind, KeyKind, MAX_DOCUMENT, Schema};

fn read_all(source: &mut dyn RecordSource) -> Result<Vec<(String, u64)>> {
    let (mut chunk, mut all) = (Chunk::default(), Vec::new());
    while source.next(&mut chunk)? {
        assert!(!chunk.is_empty());
        all.extend(chunk.iter().map(|(json, number)| (String::from_utf8_lossy(json).into_owned(), number)));
    }
    assert!(chunk.is_empty());
    assert!(!source.next(&mut chunk)?, "the end stays the end");
    Ok(all)
}

fn from_text(text: impl Into<Vec<u8>>, format: Format, schema: Option<&Schema>) -> Result<Vec<(String, u64)>> {
    read_all(&mut *open_reader(Cursor::new(text.into()), format, "-", schema)?)
}

fn texts(records: &[(String, u64)]) -> Vec<&str> {
    records.iter().map(|(text, _)| text.as_str()).collect()
}

#[test]
fn lines_have_their_numbers_and_blank_ones_are_passed_over() {
    let records = from_text("\u{feff}{\"a\":1}\r\n\n  {\"b\":2}  \n\t\n{\"c\":3}", Format::JsonLines, None).unwrap();
    assert_eq!(records, [("{\"a\":1}".to_owned(), 1), ("{\"b\":2}".to_owned(), 3), ("{\"c\":3}".to_owned(), 5)]);
    assert!(from_text("", Format::JsonLines, None).unwrap().is_empty());
}

#[test]
fn a_line_that_is_too_long_is_cut_and_the_next_one_is_read() {
    let mut text = vec![b'x'; MAX_DOCUMENT + 3_000_000];
    text.extend_from_slice(b"\n{}\n");
    let records = from_text(text, Format::JsonLines, None).unwrap();
    assert_eq!((records.len(), records[0].0.len(), records[0].1), (2, MAX_DOCUMENT + 1, 1));
    assert_eq!(records[1], ("{}".to_owned(), 2));
}

#[test]
fn a_line_longer_than_a_block_is_read_whole() {
    let long: String = (0..400_000).map(|i| format!("{i},")).collect();
    let text = format!("{{}}\n{long}\n[]\n{long}");
    for step in [usize::MAX, 100_000] {
        let mut source = open_reader(Dribble(Cursor::new(text.clone().into_bytes()), step), Format::JsonLines, "-", None).unwrap();
        let records = read_all(&mut *source).unwrap();
        assert!(texts(&records) == ["{}", &long, "[]", &long], "{:?}", records.iter().map(|(text, _)| text.len()).collect::<Vec<_>>());
    }
}

#[test]
fn json_values_are_found_however_they_are_laid_out() {
    for text in
        ["[{\"a\":[1,\"]}\\\"\"]},\n {\"b\":{}}]", "{\"a\":[1,\"]}\\\"\"]}{\"b\":{}}", "\u{feff} {\"a\":[1,\"]}\\\"\"]}\n\n{\"b\":{}}\n"]
    {
        assert_eq!(texts(&from_text(text, Format::Json, None).unwrap()), ["{\"a\":[1,\"]}\\\"\"]}", "{\"b\":{}}"], "{text}");
    }
    assert_eq!(texts(&from_text("[1, x]", Format::Json, None).unwrap()), ["1", "x"]);
    assert_eq!(texts(&from_text("{\"a\":", Format::Json, None).unwrap()), ["{\"a\":"]);
    match from_text("[{},", Format::Json, None).unwrap_err() {
        Error::Document(reject) => assert_eq!(reject.place.record, Some(2)),
        other => panic!("{other}"),
    }
}

fn schema() -> Schema {
    let kinds = [
        ("title", FieldKind::Text { analyzer: "standard".into() }),
        ("tags", FieldKind::Keyword { many: true }),
        ("year", FieldKind::Integer),
        ("price", FieldKind::Float),
        ("sold", FieldKind::Boolean),
        ("at", FieldKind::GeoPoint),
    ];
    let fields = kinds.map(|(name, kind)| Field { name: name.into(), kind }).to_vec();
    Schema::new("id".into(), KeyKind::String, Extra::Error, fields).unwrap()
}

#[test]
fn csv_cells_are_read_by_the_type_of_their_field() {
    let text =
        "\u{feff}id,title,tags,year,price,sold,at\n1,\"a \"\"b\"\",\nc\",x|y z,1900,1.50,TRUE,\"51.5,-0.12\"\n2,7,,old,,maybe,here\n3\n";
    let records = from_text(text, Format::Csv, Some(&schema())).unwrap();
    assert_eq!(
        records,
        [
            ("{\"id\":\"1\",\"title\":\"a \\\"b\\\",\\nc\",\"tags\":[\"x\",\"y z\"],\"year\":1900,\"price\":1.5,\"sold\":true,\"at\":[51.5,-0.12]}".to_owned(), 2),
            ("{\"id\":\"2\",\"title\":\"7\",\"year\":\"old\",\"sold\":\"maybe\",\"at\":\"here\"}".to_owned(), 4),
            ("a row of 1 cells under 7 columns".to_owned(), 5),
        ]
    );
}

#[test]
fn a_quotation_mark_that_is_never_closed_does_not_fill_the_memory() {
    let endless = std::io::Read::chain(Cursor::new(b"id,title\n1,a\n2,\"".to_vec()), std::io::repeat(b'x'));
    let mut source = open_reader(endless, Format::Csv, "-", None).unwrap();
    match read_all(&mut *source).unwrap_err() {
        Error::Document(reject) => assert!(reject.got.contains("not closed") && reject.place.record == Some(3), "{reject}"),
        other => panic!("{other}"),
    }
}

#[test]
fn csv_types_are_guessed_only_where_the_text_survives() {
    let records = from_text("a,b,c,d,e\n1,-2.5,true,007,1e5\n", Format::Csv, None).unwrap();
    assert_eq!(texts(&records), ["{\"a\":1,\"b\":-2.5,\"c\":true,\"d\":\"007\",\"e\":\"1e5\"}"]);
}

#[test]
fn files_are_opened_by_their_names_and_count_their_progress() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = (0..50_000).map(|i| format!("{{\"id\":\"{i}\"}}\n")).collect();
    let gz = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(lines.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let zst = zstd::encode_all(lines.as_bytes(), 1).unwrap();
    for (name, bytes) in [("a.jsonl", lines.as_bytes()), ("a.NDJSON.gz", &gz), ("a.jsonl.zst", &zst), ("a.json.zst", &zst)] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut source = open_file(&path, None).unwrap();
        assert!(source.progress().is_some_and(|(done, total)| done <= total && total == bytes.len() as u64));
        let records = read_all(&mut *source).unwrap();
        assert_eq!((records.len(), records[49_999].1), (50_000, 50_000), "{name}");
        assert_eq!(source.progress(), Some((bytes.len() as u64, bytes.len() as u64)));
    }
    for (name, bytes) in [
        ("cut.jsonl.gz", &gz[..gz.len() / 2]),
        ("cut.jsonl.zst", &zst[..zst.len() / 2]),
        ("none.jsonl.gz", b"not gzip"),
        ("none.jsonl.zst", b"not zstd"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        match open_file(&path, None).and_then(|mut source| read_all(&mut *source)).unwrap_err() {
            Error::Document(reject) => {
                assert!(reject.place.source.is_some_and(|source| source.ends_with(name)) && reject.place.record.is_some())
            }
            other => panic!("{name}: {other}"),
        }
    }
    assert!(matches!(open_file(&folder.path().join("a.txt"), None).err().unwrap(), Error::Argument { .. }));
    assert!(open_file(&folder.path().join("no.jsonl"), None).err().unwrap().is_not_found());
    std::fs::create_dir(folder.path().join("d.jsonl")).unwrap();
    assert!(matches!(open_file(&folder.path().join("d.jsonl"), None).err().unwrap(), Error::Storage { .. }));
}

/// Gives a few bytes at a time, so that every boundary falls everywhere.
struct Dribble(Cursor<Vec<u8>>, usize);

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.1.min(buffer.len());
        self.0.read(&mut buffer[..n])
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), step in 1usize..9) {
        for format in [Format::JsonLines, Format::Json, Format::Csv] {
            let mut source = open_reader(Dribble(Cursor::new(bytes.clone()), step), format, "-", None).unwrap();
            let _ = read_all(&mut *source);
        }
    }

    #[test]
    fn lines_are_those_of_the_standard_library(lines in prop::collection::vec("[a-z {}\"]{0,20}", 0..40), step in 1usize..50) {
        let text = lines.join("\n");
        let mut source = open_reader(Dribble(Cursor::new(text.clone().into_bytes()), step), Format::JsonLines, "-", None).unwrap();
        let expected: Vec<(String, u64)> =
            text.split('\n').zip(1..).map(|(line, number)| (line.trim().to_owned(), number)).filter(|(line, _)| !line.is_empty()).collect();
        prop_assert_eq!(read_all(&mut *source).unwrap(), expected);
    }
}
