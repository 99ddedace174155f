//! Documents: equality, hashes, sharing, and what patches and merges keep of them.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;

use crate::patch::one_by_one;
use crate::{Change, Document, Format, Kind, LayerKind, Limits, Merged, Node, Path, diff, merge, parse, parse_as, patch, value};

pub(crate) fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..3).prop_map(Value::from),
        (-2f64..2.0).prop_map(Value::from),
        "[ab\"\\\\\n]{0,3}".prop_map(Value::from),
    ]
}

/// Tables over few keys, so that two of them meet often; some are large enough for a hash index.
pub(crate) fn table() -> impl Strategy<Value = Value> {
    let tree = scalar().prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    let wide = prop::collection::btree_map("[a-c]{1,3}", scalar(), 15..30).prop_map(|map| Value::Object(map.into_iter().collect()));
    prop::collection::btree_map("[a-d]", prop_oneof![6 => tree, 1 => wide], 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
}

fn read(value: &Value) -> Arc<crate::Layer> {
    Arc::new(parse(Format::Json, "t.json", value.to_string().into_bytes(), &Limits::default()).unwrap())
}

fn back(document: &Document) -> Value {
    serde_json::from_slice(&document.to_json()).unwrap()
}

/// The naive merge: values of another library, copied.
fn merged(base: &Value, over: &Value) -> Value {
    let (Value::Object(base), Value::Object(over)) = (base, over) else { return over.clone() };
    let mut result = base.clone();
    for (key, value) in over {
        let value = result.get(key).map_or_else(|| value.clone(), |below| merged(below, value));
        result.insert(key.clone(), value);
    }
    Value::Object(result)
}

/// Whether somewhere a table stands above something that is none: only then does grouping matter.
fn replaced(base: &Value, over: &Value) -> bool {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            over.iter().any(|(key, value)| base.get(key).is_some_and(|below| replaced(below, value)))
        }
        (_, Value::Object(_)) => true,
        _ => false,
    }
}

/// All paths of a value.
fn paths(node: Node<'_>, path: Path, found: &mut Vec<Path>) {
    for (at, item) in node.items().enumerate() {
        let path = if node.kind() == Kind::Table { path.clone().key(item.key()) } else { path.clone().index(at as u32) };
        paths(item, path.clone(), found);
        found.push(path);
    }
}

proptest! {
    #[test]
    fn equal_content_has_equal_hashes_and_other_content_others(a in table(), b in table()) {
        let (x, y) = (read(&a), read(&b));
        prop_assert_eq!(x.document() == y.document(), a == b);
        prop_assert_eq!(x.document().hash() == y.document().hash(), a == b);
        // Other memory, other order of keys, other places: still the same content.
        let text = serde_json::to_string_pretty(&a).unwrap();
        let again = parse_as(LayerKind::Mapping, Format::Json, "m", text.into_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(again.document(), x.document());
        prop_assert_eq!(again.document().hash(), x.document().hash());
    }

    #[test]
    fn a_merge_is_the_naive_merge(a in table(), b in table(), c in table()) {
        let (x, y, z) = (read(&a), read(&b), read(&c));
        let all = merge(&[Arc::clone(&x), Arc::clone(&y), Arc::clone(&z)]);
        prop_assert_eq!(back(all.document()), merged(&merged(&a, &b), &c));
        // Associative: the upper two first.
        let upper = merge(&[y, z]);
        let upper = Arc::new(crate::Layer::new(Arc::new(crate::Source::new("u", LayerKind::Mapping, String::new())), upper.document().clone()));
        let right = merge(&[x, upper]);
        if !replaced(&b, &c) {
            prop_assert_eq!(right.document(), all.document());
            prop_assert_eq!(right.document().hash(), all.document().hash());
        }
        // Leaves are counted the same way, however the tables were made.
        let again = value("again", LayerKind::Mapping, &String::from_utf8(all.document().to_json()).unwrap()).unwrap();
        prop_assert_eq!(again.leaves(), all.document().leaves());
        prop_assert_eq!(again.hash(), all.document().hash());
    }

    #[test]
    fn an_empty_layer_changes_nothing_and_one_layer_is_shared(a in table()) {
        let (x, empty) = (read(&a), read(&serde_json::json!({})));
        prop_assert_eq!(&merge(&[Arc::clone(&x), Arc::clone(&empty)]).document().clone(), x.document());
        prop_assert_eq!(&merge(&[empty, Arc::clone(&x)]).document().clone(), x.document());
        prop_assert!(merge(&[Arc::clone(&x)]).document().root().is_same(&x.document().root()));
    }

    #[test]
    fn the_named_layer_holds_the_value(a in table(), b in table(), c in table()) {
        let all = merge(&[read(&a), read(&b), read(&c)]);
        let mut found = Vec::new();
        paths(all.document().root(), Path::root(), &mut found);
        for path in found {
            let explanation = all.explain(&path).unwrap();
            let first = explanation.said.first().unwrap();
            prop_assert_eq!(first.layer.document().get(&path).unwrap().kind(), explanation.value.kind());
            if explanation.value.kind() != Kind::Table {
                prop_assert_eq!(first.value, explanation.value);
                // The place in the text does hold it, too.
                let origin = explanation.value.origin().unwrap();
                prop_assert!(Arc::ptr_eq(origin.source, first.layer.source()));
                let text = &origin.source.text()[origin.offset as usize..];
                let mut held = serde_json::Deserializer::from_str(text).into_iter::<Value>();
                prop_assert_eq!(held.next().unwrap().unwrap(), back(&explanation.value.to_document()));
            }
        }
    }

    #[test]
    fn a_difference_applied_gives_the_other(a in table(), b in table()) {
        let (x, y) = (read(&a), read(&b));
        let difference = diff(x.document(), y.document());
        prop_assert_eq!(difference.is_empty(), a == b);
        let applied = difference.apply(x.document()).unwrap();
        prop_assert_eq!(&applied, y.document());
        prop_assert_eq!(applied.hash(), y.document().hash());
        prop_assert_eq!(applied.leaves(), y.document().leaves());
    }

    #[test]
    fn a_patch_changes_its_path_and_nothing_else(a in table(), new in table(), pick in any::<prop::sample::Index>()) {
        let x = read(&a);
        let mut found = Vec::new();
        paths(x.document().root(), Path::root(), &mut found);
        if found.is_empty() {
            return Ok(());
        }
        let path = found[pick.index(found.len())].clone();
        let new = read(&new).document().clone();
        let change: Change = (path.clone(), Some(new.clone()));
        let patched = patch(x.document(), &[change]).unwrap();
        prop_assert_eq!(patched.get(&path).unwrap().to_document(), new);
        for difference in diff(x.document(), &patched).differences {
            prop_assert!(path.covers(&difference.path), "{} is not below {path}", difference.path);
        }
        let removed = patch(&patched, &[(path.clone(), None)]).unwrap();
        let back_again = patch(x.document(), &[(path, None)]).unwrap();
        prop_assert_eq!(removed, back_again);
    }

    #[test]
    fn many_changes_are_one_after_the_other(
        a in table(),
        picks in prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, "[a-d]"), 0..12),
    ) {
        let x = read(&a);
        let mut found = Vec::new();
        paths(x.document().root(), Path::root(), &mut found);
        found.push(Path::root().key("z"));
        let one = |number: usize| Some(value(&format!("change {number}"), LayerKind::Patch, &format!("[{number}]")).unwrap());
        let changes: Vec<Change> = picks
            .iter()
            .enumerate()
            .map(|(number, (pick, what, key))| {
                let path = found[pick.index(found.len())].clone();
                match what {
                    0 => (path, None),
                    1 => (path.key(key), one(number)),
                    2 => (path.key(key).key("new"), one(number)),
                    3 => (path.key(key).key("new"), None),
                    _ => (path, one(number)),
                }
            })
            .collect();
        let (at_once, in_order) = (patch(x.document(), &changes), one_by_one(x.document(), &changes));
        match (at_once, in_order) {
            (Ok(at_once), Ok(in_order)) => {
                prop_assert_eq!(at_once.to_json(), in_order.to_json());
                prop_assert_eq!(at_once.hash(), in_order.hash());
                let mut all = Vec::new();
                paths(in_order.root(), Path::root(), &mut all);
                for path in all {
                    let (a, b) = (at_once.get(&path).unwrap(), in_order.get(&path).unwrap());
                    prop_assert_eq!(a.origin().map(|origin| origin.place().to_string()), b.origin().map(|origin| origin.place().to_string()), "{}", path);
                    prop_assert_eq!(a.key_origin().map(|origin| origin.place().to_string()), b.key_origin().map(|origin| origin.place().to_string()), "{}", path);
                }
            }
            (at_once, in_order) => prop_assert_eq!(at_once.map_err(|problems| problems.0.len()).err(), in_order.map_err(|problems| problems.0.len()).err()),
        }
    }

    #[test]
    fn every_key_is_found(a in table()) {
        let x = read(&a);
        let mut found = Vec::new();
        paths(x.document().root(), Path::root(), &mut found);
        for path in found {
            prop_assert!(x.document().get(&path).is_some());
            prop_assert!(x.document().get(&path.key("no such key")).is_none());
        }
    }
}

fn all_of(texts: &[&str]) -> Merged {
    let layers: Vec<_> = texts.iter().map(|text| read(&serde_json::from_str(text).unwrap())).collect();
    merge(&layers)
}

#[test]
fn resets_drop_what_lower_layers_say() {
    let cases = [
        (&[r#"{"a":{"x":1,"y":2},"b":1}"#, r#"{"a":{"!reset":true,"z":3}}"#][..], r#"{"a":{"z":3},"b":1}"#),
        (&[r#"{"a":{"x":1},"b":1}"#, r#"{"a":"!reset"}"#], r#"{"b":1}"#),
        (&[r#"{"a":{"x":1}}"#, r#"{"a":"!reset"}"#, r#"{"a":{"y":1}}"#], r#"{"a":{"y":1}}"#),
        (&[r#"{"a":{"x":"!reset","y":{"!reset":true}}}"#], r#"{"a":{"y":{}}}"#),
        (&[r#"{"a":1}"#, r#"{"!reset":true,"b":{"c":"!reset"}}"#], r#"{"b":{}}"#),
        (&[r#"{"a":[1,2]}"#, r#"{"a":["!reset",3]}"#], r#"{"a":[3]}"#),
        (&[r#"{"a":["!reset"]}"#], r#"{"a":[]}"#),
        (&[r#"{"a":["!!reset",["!!!reset"],{"!!reset":1}]}"#], r#"{"a":["!reset",["!!reset"],{"!reset":1}]}"#),
        (&[r#"{"!!reset":{"x":1},"a":1}"#, r#"{"!!reset":{"y":2},"a":"!!reset"}"#], r#"{"!reset":{"x":1,"y":2},"a":"!reset"}"#),
        (&[r#"{"!!reset":{"x":1},"a":1}"#, r#"{"b":{"!reset":true,"!!reset":2}}"#], r#"{"!reset":{"x":1},"a":1,"b":{"!reset":2}}"#),
        (&[r#"{"a":[1,2]}"#, r#"{"a":[3]}"#], r#"{"a":[3]}"#),
    ];
    for (layers, expected) in cases {
        assert_eq!(String::from_utf8(all_of(layers).document().to_json()).unwrap(), expected);
    }
    let merged = all_of(&[r#"{"a":{"x":1}}"#, r#"{"a":{"x":2}}"#, r#"{"a":{"!reset":true,"x":3}}"#, r#"{"a":{"x":4}}"#]);
    let said: Vec<_> = merged.explain(&"a.x".parse().unwrap()).unwrap().said.iter().map(|said| said.value.as_integer().unwrap()).collect();
    assert_eq!(said, [4, 3], "what is below a reset no longer counts");
}

#[test]
fn merged_marks_do_not_come_back() {
    // A merged document is made from a layer with marks; merging it again must not see any.
    let once = all_of(&[r#"{"a":{"x":1}}"#, r#"{"a":{"!reset":true,"y":1}}"#]);
    assert_eq!(once.document().to_json(), br#"{"a":{"y":1}}"#);
    let layer = |document: &Document| {
        Arc::new(crate::Layer::new(Arc::new(crate::Source::new("m", LayerKind::Mapping, String::new())), document.clone()))
    };
    let twice = merge(&[layer(&all_of(&[r#"{"a":{"z":1}}"#]).document().clone()), layer(once.document())]);
    assert_eq!(twice.document().to_json(), br#"{"a":{"z":1,"y":1}}"#);
}

#[test]
fn keys_stand_in_the_order_of_the_changes_that_make_them() {
    let document = value("t", LayerKind::Mapping, r#"{"a": [1, 2], "b": 1}"#).unwrap();
    let cases = [
        (&["+m.x", "+n", "+m.y"][..], r#"{"a":[1,2],"b":1,"m":{"x":1,"y":1},"n":1}"#),
        (&["-m.x", "+n", "+m.y"], r#"{"a":[1,2],"b":1,"n":1,"m":{"y":1}}"#),
        (&["+m.x", "-m.y", "+n"], r#"{"a":[1,2],"b":1,"m":{"x":1},"n":1}"#),
        (&["-a[0]", "+a[0]"], r#"{"a":[1],"b":1}"#),
        (&["+a[2]", "+a[3]"], r#"{"a":[1,2,1,1],"b":1}"#),
        (&["-b", "+b", "+a[1]"], r#"{"a":[1,1],"b":1}"#),
        (&["+m", "-m"], r#"{"a":[1,2],"b":1}"#),
    ];
    for (changes, expected) in cases {
        let change = |text: &&str| {
            let value = text.starts_with('+').then(|| value("t", LayerKind::Patch, "1").unwrap());
            (text[1..].parse().unwrap(), value)
        };
        let changes: Vec<Change> = changes.iter().map(change).collect();
        assert_eq!(String::from_utf8(patch(&document, &changes).unwrap().to_json()).unwrap(), expected);
        assert_eq!(String::from_utf8(one_by_one(&document, &changes).unwrap().to_json()).unwrap(), expected);
    }
}

#[test]
fn many_changes_cost_one_pass() {
    // One table after the other this is two thousand million entries.
    let keys = |revision: usize| (0..40_000).map(move |key| (format!("k{key}"), revision));
    let table: serde_json::Map<_, _> = keys(0).map(|(key, value)| (key, value.into())).collect();
    let document = read(&serde_json::Value::Object(serde_json::Map::from_iter([("all".to_owned(), table.into())]))).document().clone();
    let one = value("t", LayerKind::Patch, "1").unwrap();
    let all = Path::root().key("all");
    let mut changes: Vec<Change> = keys(1).map(|(key, _)| (all.clone().key(&key), Some(one.clone()))).collect();
    changes.extend((0..40_000).map(|key| (all.clone().key(&format!("new{key}")), Some(one.clone()))));
    changes.extend((0..40_000).step_by(2).map(|key| (all.clone().key(&format!("none{key}")), None)));
    let started = std::time::Instant::now();
    let patched = patch(&document, &changes).unwrap();
    assert_eq!(patched.leaves(), 80_000);
    assert_eq!(patched.get(&all.key("new39999")).unwrap().as_integer(), Some(1));
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn patches_refuse_what_has_no_place() {
    let document = value("t", LayerKind::Mapping, r#"{"a": [1, 2], "b": 1}"#).unwrap();
    let one = || Some(value("t", LayerKind::Patch, "1").unwrap());
    for path in ["a[3]", "b.c", "b[0]", "c[0]", "a.x"] {
        let refused = patch(&document, &[(path.parse().unwrap(), one())]).unwrap_err();
        assert_eq!(refused.0[0].code, "path", "{path}");
    }
    let patched =
        patch(&document, &[("a[2]".parse().unwrap(), one()), ("c.d.e".parse().unwrap(), one()), ("b".parse().unwrap(), None)]).unwrap();
    assert_eq!(patched.to_json(), br#"{"a":[1,2,1],"c":{"d":{"e":1}}}"#);
    assert_eq!(patch(&document, &[("x.y".parse().unwrap(), None)]).unwrap(), document);
}

#[test]
fn nothing_shows_values_by_accident() {
    let document = value("t", LayerKind::Mapping, r#"{"password": "hunter2"}"#).unwrap();
    assert!(!format!("{document:?} {:?}", document.root()).contains("hunter2"));
}

proptest! {
    #[test]
    fn short_texts_are_compared_whole(a in "[ab]{0,20}", b in "[ab]{0,20}", at in any::<prop::sample::Index>()) {
        let same = |a: &str, b: &str| super::chunk::same_bytes(a.as_bytes(), b.as_bytes());
        prop_assert_eq!(same(&a, &b), a == b);
        prop_assert!(same(&a, &a.clone()));
        if !a.is_empty() {
            let at = at.index(a.len());
            let other = format!("{}x{}", &a[..at], &a[at + 1..]);
            prop_assert!(!same(&a, &other));
        }
    }
}

#[test]
fn many_equal_keys_are_found_in_one_pass() {
    let text: String = (0..40_000).map(|_| "\"k\":1,".to_owned()).chain((0..40_000).map(|i| format!("\"k{i}\":1,"))).collect();
    let problems =
        parse(Format::Json, "t.json", format!("{{{}}}", text.trim_end_matches(',')).into_bytes(), &Limits::default()).unwrap_err();
    assert_eq!(problems.0.len(), 1001);
    assert!(problems.0.last().unwrap().to_string().contains("38999 more"));
}

#[test]
fn shared_memory_is_counted_once() {
    let text: String = (0..1000).map(|i| format!("\"s{i}\": {{\"a\": 1, \"b\": [1, 2]}},")).collect();
    let layer = parse(Format::Json, "t.json", format!("{{{}}}", text.trim_end_matches(',')).into_bytes(), &Limits::default()).unwrap();
    let whole = layer.document().bytes();
    assert!(whole > layer.source().text().len() + 5000 * 24);
    let one = || Some(value("t", LayerKind::Patch, "1").unwrap());
    let mut patched = layer.document().clone();
    for i in 0..50 {
        patched = patch(&patched, &[(format!("s{i}.a").parse().unwrap(), one())]).unwrap();
    }
    // Each patch keeps its table and the table of tables at most.
    assert!(patched.bytes() < whole + 51 * 40_000, "{} {whole}", patched.bytes());
    assert!(patched.bytes() > whole);
}

#[test]
fn more_sources_than_have_numbers_lose_places_and_nothing_else() {
    let mut builder = super::build::Builder::new(None, 70_000);
    builder.open(Kind::Table, 0);
    for i in 0..66_000 {
        let text = format!(r#"{{"key{i}": "value{i}", "inner{i}": {{"x": {i}}}}}"#);
        let layer = parse(Format::Json, "t.json", text.into_bytes(), &Limits::default()).unwrap();
        layer.document().root().items().for_each(|item| builder.copy(&item));
    }
    builder.close(0);
    let document = builder.finish();
    for i in [0, 1, 65_533, 65_534, 65_535, 65_999] {
        let node = document.root().get(&format!("key{i}")).unwrap();
        assert_eq!((node.key(), node.as_str()), (format!("key{i}").as_str(), Some(format!("value{i}").as_str())));
        assert_eq!(node.origin().is_some(), i < 65_535, "{i}");
        assert_eq!(document.get(&format!("inner{i}.x").parse().unwrap()).unwrap().as_integer(), Some(i));
    }
}
