//! Secrets stay out of everything that is shown or stored.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Format, Layer, LayerKind, Limits, diff, environment, merge, parse, render, value};

const SCHEMA: &str = r#"{"type": "table", "name": "App", "fields": {
    "dsn": {"type": "string", "secret": true, "min_length": 30},
    "port": {"type": "integer"},
    "hosts": {"type": "map", "items": {"type": "string", "secret": true, "pattern": "^x$"}},
    "either": {"type": "union", "variants": [{"type": "integer"}, {"type": "string", "secret": true, "max_length": 1}], "optional": true}
}}"#;

fn secrets() -> Secrets {
    Secrets::new(&Schema::from_json(SCHEMA).unwrap())
}

#[test]
fn paths_are_secret_by_schema_by_name_and_by_source() {
    let secrets = secrets().with_paths(vec!["a.b[1]".parse().unwrap()]);
    for path in ["dsn", "hosts.any", "either", "x.y.password", "x.secrets.z", "a.b[1].c"] {
        assert!(secrets.is_secret(&path.parse().unwrap()), "{path}");
    }
    for path in ["port", "hosts", "a.b[0]", "a.b"] {
        assert!(!secrets.is_secret(&path.parse().unwrap()), "{path}");
    }
}

#[test]
fn sealed_documents_open_with_the_own_sources() {
    let layer = Arc::new(
        parse(Format::Toml, "app.toml", b"port = 1\npassword = 'hunter2'\n[a]\nx = [{token = 't0k'}]".to_vec(), &Limits::default())
            .unwrap(),
    );
    let env = Arc::new(environment("APP__", "__", [("APP__A__SECRET".to_owned(), "s3cr3t".to_owned())]).unwrap());
    let merged = merge(&[layer, env]);
    let sealed = secrets().seal(merged.document());
    let text = String::from_utf8(sealed.to_json()).unwrap();
    assert_eq!(
        text,
        r#"{"port":1,"password":{"!secret":"app.toml:2:12"},"a":{"x":[{"token":{"!secret":"app.toml:4:15"}}],"secret":{"!secret":"APP__A__SECRET (environment)"}}}"#
    );
    let read = value("version", LayerKind::Version, &text).unwrap();
    assert_eq!(&secrets().unseal(&read, Some(merged.document())).unwrap(), merged.document());
    let missing = secrets().unseal(&read, Some(&value("t", LayerKind::Mapping, r#"{"password": "p"}"#).unwrap())).unwrap_err();
    assert_eq!(missing.0.iter().map(|problem| problem.path.to_string()).collect::<Vec<_>>(), ["a.secret", "a.x[0].token"]);
    let plain = value("t", LayerKind::Mapping, r#"{"port": 1, "password": null}"#).unwrap();
    assert_eq!(secrets().seal(&plain), plain);
}

#[test]
fn documents_without_secrets_are_sealed_as_they_are() {
    let document = value("t", LayerKind::Mapping, r#"{"a": {"x": [1, {"y": 2}]}, "port": 1}"#).unwrap();
    assert!(Secrets::new(&Schema::any()).seal(&document).root().is_same(&document.root()));
    let with = value("t", LayerKind::Mapping, r#"{"a": {"x": [1, {"y": 2}]}, "b": {"c": [{"token": 1}]}}"#).unwrap();
    let sealed = Secrets::new(&Schema::any()).seal(&with);
    let same = |path: &str| sealed.get(&path.parse().unwrap()).unwrap().is_same(&with.get(&path.parse().unwrap()).unwrap());
    assert!(same("a") && !same("b"));
    // A patch carries the knowledge on, in both directions.
    let patched = crate::patch(&document, &[("a.z.pwd".parse().unwrap(), Some(value("t", LayerKind::Patch, "1").unwrap()))]).unwrap();
    assert!(String::from_utf8(Secrets::new(&Schema::any()).seal(&patched).to_json()).unwrap().contains(r#""pwd":{"!secret""#));
    let linked = crate::patch(&document, &[("b".parse().unwrap(), Some(with.get(&"b".parse().unwrap()).unwrap().to_document()))]).unwrap();
    assert!(String::from_utf8(Secrets::new(&Schema::any()).seal(&linked).to_json()).unwrap().contains(r#""token":{"!secret""#));
}

const MARK: &str = "Qz7!kW";

/// Tables in which every secret value holds the mark, and nothing else does.
fn with_secrets() -> impl Strategy<Value = Value> {
    let secret = prop_oneof![
        "[a-z\" \n\\\\]{0,5}".prop_map(|text| Value::from(format!("{text}{MARK}{text}"))),
        Just(json!([MARK, {"x": MARK}])),
        Just(json!({ "user": MARK })),
    ];
    let plain = prop_oneof![
        any::<bool>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
        Just(json!([1, "x"])),
        any::<u8>().prop_map(Value::from)
    ];
    let member = prop_oneof![
        (prop::sample::select(vec!["password", "api_key", "dsn", "credentials", "either"]), secret),
        (prop::sample::select(vec!["port", "name", "prot", "x", "list"]), plain),
        Just(("hosts", json!({ "a": MARK, "b": 1 }))),
        Just(("deep", json!({ "token": { "a": [MARK] }, "z": 1 }))),
    ];
    prop::collection::vec(member, 0..8)
        .prop_map(|members| Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

fn layer(format: Format, text: String) -> Option<Arc<Layer>> {
    parse(format, "app.conf", text.into_bytes(), &Limits::default()).ok().map(Arc::new)
}

proptest! {
    #[test]
    fn no_output_holds_a_secret(a in with_secrets(), b in with_secrets(), pretty in any::<bool>(), cut in any::<prop::sample::Index>()) {
        let text = if pretty { serde_json::to_string_pretty(&a) } else { serde_json::to_string(&a) }.unwrap();
        let secrets = secrets();
        let mut outputs = Vec::new();
        let lower = layer(Format::Json, text.clone()).unwrap();
        let mut layers = vec![lower.clone()];
        layers.extend(layer(Format::Toml, toml::to_string(&b).unwrap_or_default()));
        let env = [("APP__PORT", "no"), ("APP__DSN", MARK), ("APP__PASSWORD", MARK), ("APP__EITHER", MARK), ("APP__HOSTS", "[]")];
        layers.push(Arc::new(environment("APP__", "__", env.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap()));
        let merged = merge(&layers);
        if let Err(problems) = Schema::from_json(SCHEMA).unwrap().check(&merged, None) {
            outputs.push(problems.to_string());
            outputs.push(serde_json::to_string(&problems).unwrap());
            outputs.push(render(&problems, &layers, &secrets));
            outputs.push(format!("{problems:?} {merged:?}"));
        }
        // A broken file: its parser's problems, with the lines shown.
        let broken: String = text.chars().take(cut.index(text.chars().count() + 1)).collect();
        for format in [Format::Json, Format::Toml, Format::Yaml, Format::Dotenv] {
            for text in [broken.clone(), text.replace(':', "="), text.replace(',', " ")] {
                if let Err(problems) = parse(format, "broken", text.into_bytes(), &Limits::default()) {
                    outputs.push(problems.to_string());
                    outputs.push(serde_json::to_string(&problems).unwrap());
                    outputs.push(render(&problems, &[], &secrets));
                }
            }
        }
        outputs.push(String::from_utf8(secrets.seal(merged.document()).to_json()).unwrap());
        for difference in diff(lower.document(), merged.document()).differences {
            for side in [&difference.before, &difference.after].into_iter().flatten() {
                outputs.push(String::from_utf8(secrets.redact(side, &difference.path).to_json()).unwrap());
            }
            outputs.push(format!("{difference:?}"));
        }
        outputs.push(format!("{:?}", merged.document()));
        for output in outputs {
            prop_assert!(!output.contains(MARK), "{output}");
        }
    }
}

#[test]
fn one_rule_says_which_names_are_secrets() {
    let document = value("t", LayerKind::Mapping, r#"{"a": {"password": "x", "license": "y", "licensed": 1}}"#).unwrap();
    let shown = |names: SecretNames| {
        let secrets = Secrets::new(&Schema::any().with_secret_names(names));
        String::from_utf8(secrets.redact(&document, &Path::root()).to_json()).unwrap()
    };
    assert_eq!(shown(SecretNames::default()), r#"{"a":{"password":"(secret)","license":"y","licensed":1}}"#);
    assert_eq!(shown(SecretNames::default().with(["LICENSE"])), r#"{"a":{"password":"(secret)","license":"(secret)","licensed":1}}"#);
    assert_eq!(shown(SecretNames::none()), r#"{"a":{"password":"x","license":"y","licensed":1}}"#);
    let form = r#"{"type": "map", "items": {"type": "map", "items": {"type": "integer"}}}"#;
    let schema = Schema::from_json(form).unwrap().with_secret_names(SecretNames::none().with(["license"]));
    let found = schema.check_document(&document, None).unwrap_err();
    let got: Vec<_> = found.0.iter().map(|problem| problem.got.as_str()).collect();
    assert_eq!(got, ["\"x\"", "a string (not shown: a secret)"]);
}

/// What a process without the publisher's schema and names makes of a version, with sources of its own.
fn followed(publisher: &Secrets, follower: &Secrets, said: &Document) -> Document {
    follower.unseal(&publisher.seal(said), Some(said)).unwrap()
}

#[test]
fn what_a_version_marks_stays_a_secret_in_every_process() {
    let said =
        value("t", LayerKind::Mapping, r#"{"port": 1, "dsn": "s3cr3t", "hosts": {"a": "s3cr3t"}, "l": [{"either": "s3cr3t"}]}"#).unwrap();
    let publisher = secrets().with_paths(vec!["l[0].either".parse().unwrap()]);
    let follower = Secrets::new(&Schema::any());
    let document = followed(&publisher, &follower, &said);
    assert_eq!(document, said);
    for shown in [follower.redact(&document, &Path::root()), follower.seal(&document)] {
        assert!(!String::from_utf8(shown.to_json()).unwrap().contains("s3cr3t"));
    }
    let deep = document.get(&"hosts.a".parse().unwrap()).unwrap().to_document();
    assert_eq!(follower.redact(&deep, &"hosts.a".parse().unwrap()).root().as_str(), Some("(secret)"));
    // What is put in its place is a secret, too; and so is what the follower's own sources say next.
    let put = (Path::root().key("hosts"), Some(value("t", LayerKind::Patch, r#"{"a": {"b": "s3cr3t"}}"#).unwrap()));
    assert!(follower.with_marks_of(&document).hides_in(put.1.as_ref().unwrap(), &put.0));
    let next = value("t", LayerKind::Mapping, r#"{"dsn": "s3cr3t2", "l": [1, {"either": "s3cr3t2"}]}"#).unwrap();
    let next = Secrets::carried(&document, &next);
    assert_eq!(
        String::from_utf8(follower.redact(&next, &Path::root()).to_json()).unwrap(),
        r#"{"dsn":"(secret)","l":[1,{"either":"(secret)"}]}"#
    );
    assert!(follower.texts(&next).contains("s3cr3t2"));
}

#[test]
fn without_sources_references_are_kept_and_published_again() {
    let said = value("t", LayerKind::Mapping, r#"{"password": "s3cr3t", "k": 1}"#).unwrap();
    let secrets = Secrets::new(&Schema::any());
    let sealed = secrets.seal(&said);
    let looked = secrets.unseal(&sealed, None).unwrap();
    assert_eq!(String::from_utf8(secrets.redact(&looked, &Path::root()).to_json()).unwrap(), r#"{"password":"(secret)","k":1}"#);
    assert_eq!(secrets.seal(&looked), sealed);
    assert!(self::secrets().unseal(&sealed, None).is_err());
}

#[test]
fn a_source_that_is_down_takes_no_secret_away_that_a_version_has() {
    let version = value("t", LayerKind::Mapping, r#"{"password": "s3cr3t", "a": {"token": "t", "k": 1}}"#).unwrap();
    let own = value("t", LayerKind::Mapping, r#"{"a": {"token": "newer"}}"#).unwrap();
    let completed = Secrets::new(&Schema::any()).completed(&own, &version);
    assert_eq!(String::from_utf8(completed.to_json()).unwrap(), r#"{"a":{"token":"newer"},"password":"s3cr3t"}"#);
}

#[test]
fn keys_below_a_secret_are_not_shown() {
    let documents = [r#"{"credentials": {"s3cr3t": 1}, "k": 1}"#, r#"{"credentials": {"s3cr3t2": 1}, "k": 2}"#]
        .map(|text| value("t", LayerKind::Mapping, text).unwrap());
    let secrets = Secrets::new(&Schema::any());
    let found = secrets.public_diff(diff(&documents[0], &documents[1]), &documents[0], &documents[1]);
    assert_eq!(found.differences.iter().map(|difference| difference.path.to_string()).collect::<Vec<_>>(), ["credentials", "k"]);
    assert!(found.differences[0].before.is_some() && found.differences[0].after.is_some());
    // A schema's own keys are no secrets.
    let form = r#"{"type": "table", "fields": {"credentials": {"type": "table", "fields": {"user": {"type": "integer"}}}}}"#;
    let schema = Schema::from_json(form).unwrap();
    let wrong = value("t", LayerKind::Mapping, r#"{"credentials": {"user": "s3cr3t", "s3cr3t": 1}}"#).unwrap();
    let problems = schema.check_document(&wrong, None).unwrap_err();
    assert_eq!(problems.0.iter().map(|problem| problem.path.to_string()).collect::<Vec<_>>(), ["credentials.user", "credentials"]);
    assert!(!problems.to_string().contains("s3cr3t"), "{problems}");
}
