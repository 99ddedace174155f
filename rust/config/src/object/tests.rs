//! What is written is read again; what is damaged or forged is refused.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::parse::{Format, Limits, parse};

fn head_of(document: &Document) -> Head {
    Head { hash: hash_text(document), ..head(7) }
}

fn head(number: u64) -> Head {
    Head {
        number,
        hash: String::new(),
        sources: String::new(),
        merged: String::new(),
        files: Vec::new(),
        time: 1,
        actor: "ops@example.org".into(),
        reason: String::new(),
        cause: Cause::Patch,
        from: number - 1,
        rolled_back_from: None,
        content_of: None,
        held: false,
        forced: false,
        secret_names: None,
        patches: serde_json::from_str(r#"{"a.b": "3.5", "c": null}"#).unwrap(),
    }
}

fn document_of(format: Format, text: &str) -> Document {
    parse(format, "test", text.as_bytes().to_vec(), &Limits::default()).unwrap().document().clone()
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e300..1e300f64).prop_map(Into::into),
        ".{0,9}".prop_map(|text: String| text.replace("!reset", "").into()),
    ];
    leaf.prop_recursive(4, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            prop::collection::btree_map(".{0,5}", inner, 0..6).prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in prop::collection::btree_map("[a-z.\"]{0,4}", json(), 0..8)) {
        let text = serde_json::to_string(&value).unwrap();
        let document = document_of(Format::Json, &text);
        let bytes = encode(&head_of(&document), &document);
        let read = decode("version 7", &bytes).unwrap();
        prop_assert_eq!(&read.head, &head_of(&document));
        prop_assert_eq!(decode_head(&bytes).unwrap(), read.head);
        prop_assert!(read.document == document);
        prop_assert_eq!(read.document.hash(), document.hash());
        prop_assert_eq!(read.document.to_json(), document.to_json(), "order of keys too");
    }

    #[test]
    fn every_value_keeps_its_place(value in prop::collection::btree_map("[a-z.\"]{0,4}", json(), 0..8), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { serde_json::to_string(&value).unwrap() };
        let document = document_of(Format::Json, &text);
        let read = decode("version 7", &encode(&head_of(&document), &document)).unwrap().document;
        let again = decode("version 8", &encode(&head_of(&read), &read)).unwrap().document;
        let mut left = vec![(document.root(), read.root(), again.root())];
        while let Some((node, read, again)) = left.pop() {
            let place = node.origin().unwrap().place();
            prop_assert!(place.line.is_some());
            prop_assert_eq!(&read.origin().unwrap().place(), &place);
            prop_assert_eq!(&again.origin().unwrap().place(), &place, "also when somebody else publishes it again");
            left.extend(node.items().zip(read.items()).zip(again.items()).map(|((a, b), c)| (a, b, c)));
        }
    }

    #[test]
    fn no_forged_places_can_hurt(places in "\\{\"sources\":\\[(\"a\")?\\],\"runs\":\\[(\\[[0-9]{1,10},[0-9]{1,2},[0-9],[0-9]\\])?\\]\\}|[0-9a-z\\[\\{]{0,5}") {
        let document = document_of(Format::Json, r#"{"a": 1}"#);
        let bytes = encode(&head_of(&document), &document);
        let body = &bytes[MAGIC.len() + CHECKSUM..];
        let at = body.windows(9).position(|part| part == br#","places""#).unwrap();
        let end = body.iter().position(|byte| *byte == b'\n').unwrap();
        let body = [&body[..at], br#","places":"#, places.as_bytes(), b"}", &body[end..]].concat();
        let forged = [MAGIC.as_bytes(), format!("{:032x}\n", xxh3_128(&body)).as_bytes(), &body].concat();
        if let Ok(read) = decode("v", &forged) {
            prop_assert!(["a", "v"].contains(&&*read.document.get(&"a".parse().unwrap()).unwrap().origin().unwrap().place().source));
        }
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_found(at in 0usize..400, flip in 1u8..=255) {
        let document = document_of(Format::Json, r#"{"a": {"b": [1, 2.5, "x", null, true]}}"#);
        let bytes = encode(&head_of(&document), &document);
        let mut damaged = bytes.clone();
        if let Some(byte) = damaged.get_mut(at) {
            *byte ^= flip;
            prop_assert!(decode("v", &damaged).is_err());
            prop_assert!(decode_head(&damaged).is_err());
            prop_assert!(decode("v", &bytes[..at]).is_err());
        }
    }

    #[test]
    fn no_forged_document_can_hurt(body in prop::collection::vec(prop_oneof![0u8..12, any::<u8>()], 0..80)) {
        let _ = values::take("v", Places::default(), &body);
    }
}

#[test]
fn forgeries_are_named() {
    let refused = |body: &[u8]| values::take("v", Places::default(), body).unwrap_err().0;
    assert_eq!(refused(&[]), "its document is cut off");
    assert_eq!(refused(&[0]), "its document is no table");
    assert_eq!(refused(&[9]), "something closes that was not opened");
    assert_eq!(refused(&[8, 0, 1, b'a', 0, 1, b'a', 9]), "a key stands twice");
    assert_eq!(refused(&[8, 9, 9]), "something follows its document");
    assert_eq!(refused(&[8, 5, 1, b'a', 0xff, 0xff, 0xff, 0xff, 0xf, 9]), "a text is cut off");
    assert_eq!(refused(&[7; 5000]), "it is too deep");
    assert_eq!(refused(&[8, 11, 1, b'a']), "a value is of an unknown kind");
}

#[test]
fn large_versions_keep_the_names_of_their_sources_and_no_lines() {
    let text =
        serde_json::to_string_pretty(&(0..5000).map(|at| (format!("k{at}"), at)).collect::<std::collections::BTreeMap<_, _>>()).unwrap();
    let document = document_of(Format::Json, &text);
    let bytes = encode(&head_of(&document), &document);
    let read = decode("v", &bytes).unwrap().document;
    assert_eq!(read.get(&"k4999".parse().unwrap()).unwrap().origin().unwrap().place().to_string(), "test");
    assert!(bytes.iter().position(|byte| *byte == b'\n').unwrap() + 400 > bytes.iter().rposition(|byte| *byte == b'}').unwrap(), "one run");
}

#[test]
fn times_stay_times() {
    let document = document_of(Format::Toml, "at = 2026-01-02T03:04:05Z\ntext = \"2026-01-02\"\nzero = -0.0");
    let read = decode("v", &encode(&head_of(&document), &document)).unwrap().document;
    assert!(read == document);
    assert_eq!(read.get(&"at".parse().unwrap()).unwrap().as_time(), Some("2026-01-02T03:04:05Z"));
}

#[test]
fn a_secret_is_written_as_the_place_that_said_it() {
    let document = document_of(Format::Json, r#"{"db": {"password": "hunter2", "port": 1}, "list": [{"token": "t0psecret"}]}"#);
    let secrets = crate::secrets::Secrets::new(&crate::schema::Schema::any());
    let sealed = secrets.seal(&document);
    let bytes = encode(&head_of(&sealed), &sealed);
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("hunter2") && !text.contains("t0psecret"), "{text}");
    let read = decode("v", &bytes).unwrap();
    assert!(read.has_secrets && secrets.unseal(&read.document, Some(&document)).unwrap() == document);
    assert!(secrets.unseal(&read.document, Some(&Document::empty())).is_err());
}

/// The block of FORMAT.md in this language: its text, and the bytes that its lines begin with.
fn worked(language: &str) -> (String, Vec<u8>) {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../FORMAT.md")).unwrap();
    let block = page.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
    let is_byte = |word: &&str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes_of = |line: &str| -> Vec<u8> {
        let columns = line.split("   ").next().unwrap_or("");
        columns.split(' ').take_while(is_byte).map(|word| u8::from_str_radix(word, 16).unwrap()).collect()
    };
    (block.to_owned(), block.lines().flat_map(bytes_of).collect())
}

#[test]
fn the_worked_version_of_the_page_is_one() {
    let (text, document) = worked("config-version");
    let mut lines = text.lines();
    let object = [lines.next().unwrap().as_bytes(), b"\n", lines.next().unwrap().as_bytes(), b"\n", &document].concat();
    let read = decode("worked", &object).unwrap();
    assert_eq!((read.head.number, read.head.actor.as_str(), read.has_secrets), (2, "ops@example.org", true));
    let expected = "title = \"fünf\"\nweight = 2.5\nat = 2026-01-02\nlimits = {max = -3, keys = [true, 300]}\ndb = {password = {\"!secret\" = \"app.toml:8:12\"}}";
    let expected = document_of(Format::Toml, expected);
    assert_eq!(read.document.to_json(), expected.to_json());
    assert!(read.document == expected);
    assert_eq!(encode(&read.head, &read.document), object, "and written the same again");
}

#[test]
fn the_worked_overlays_of_the_page_are_some() {
    let bytes = worked("config-units").1;
    let crate::units::UnitsObject::Changes(changes) = crate::units::decode(&bytes).unwrap() else { unreachable!("another kind") };
    let changes: Vec<_> = changes.iter().map(|(unit, values)| (unit.as_ref(), values.as_deref())).collect();
    assert_eq!(changes, [("user-7", Some(br#"{"search.weight":[3]}"#.as_slice())), ("user-8", None)]);
}
