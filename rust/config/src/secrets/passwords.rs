//! Passwords inside URLs: `postgres://app:swordfish@db/orders` is a secret, whatever its key is called.
//!
//! **In**: documents as they were read, and the texts that they were read from. **Out**: the same, with such values marked as secrets.
//!
//! **Law**
//! 1. A text is a secret when an authority in it (RFC 3986, 3.2: what stands between `://` and the next `/`, `?`, `#`, blank or quote) has a
//!    user part with a password that is not empty. All of the text is, so no parser has to agree with ours on where the password ends.
//! 2. Whoever makes a layer or a change marks it here, once. From then on the mark counts everywhere: in outputs, in stored versions, in
//!    other processes.
//! 3. The look at a whole file costs one pass over its slashes and backslashes; values are only looked at where that pass found something.

use crate::document::{Document, Kind, Path};

use super::sealed::marked;

/// What ends an authority, or a text that holds one.
const ENDS: &[u8] = b"/?#\"'<> \t\r\n";

/// The password of the authority at the beginning of a text.
fn password_of(text: &str) -> Option<&str> {
    let end = text.bytes().position(|byte| ENDS.contains(&byte)).unwrap_or(text.len());
    let (user, _) = text.get(..end)?.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    Some(password).filter(|password| !password.is_empty())
}

/// The passwords of all URLs in a text.
pub(crate) fn passwords(text: &str) -> impl Iterator<Item = &str> {
    let any = memchr::memchr(b'@', text.as_bytes()).is_some();
    let starts = any.then(|| memchr::memmem::find_iter(text.as_bytes(), b"://")).into_iter().flatten();
    starts.filter_map(|at| password_of(text.get(at + 3..)?))
}

/// Whether a text holds a URL with a password.
///
/// # Examples
/// ```
/// use findspot_config::holds_password;
/// assert!(holds_password("postgres://app:swordfish@db/orders"));
/// assert!(!holds_password("postgres://app@db/orders"));
/// ```
pub fn holds_password(text: &str) -> bool {
    passwords(text).next().is_some()
}

/// Whether any value of a text in some language may hold one: never false where one does, as it stands there or escaped.
pub(crate) fn may_hold_password(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'/', b'\\', bytes).any(|at| match bytes.get(at) {
        Some(b'/') => text.get(at + 1..).is_some_and(|behind| password_of(behind).is_some()),
        _ => bytes.get(at + 1..).is_some_and(escapes_a_sign),
    })
}

/// Whether an escape stands for one of the signs that a password stands between: `\u0040`, `\x3a`, `\U0000002F`.
fn escapes_a_sign(escape: &[u8]) -> bool {
    let (zeros, digits): (&[u8], _) = match escape.first() {
        Some(b'x') => (b"", 1..3),
        Some(b'u') => (b"00", 3..5),
        Some(b'U') => (b"000000", 7..9),
        _ => return false,
    };
    let sign = escape.get(digits).unwrap_or_default();
    escape.get(1..).is_some_and(|rest| rest.starts_with(zeros))
        && [b"40", b"3a", b"2f"].iter().any(|known| sign.eq_ignore_ascii_case(*known))
}

/// A document with every text that holds a password marked; `read_from` is the text that all of it was read from, where there is one.
pub(crate) fn with_passwords_marked(document: Document, read_from: Option<&str>) -> Document {
    if read_from.is_some_and(|text| !may_hold_password(text)) {
        return document;
    }
    let holds = |text: Option<&str>| text.is_some_and(holds_password);
    if holds(document.root().as_str()) {
        return marked(&document.root());
    }
    let mut found = Vec::new();
    let mut left = vec![(document.root(), Path::root())];
    while let Some((node, path)) = left.pop() {
        let keyed = node.kind() == Kind::Table;
        for (at, item) in node.items().enumerate() {
            let below = || if keyed { path.clone().key(item.key()) } else { path.clone().index(at as u32) };
            if item.kind().is_container() {
                left.push((item, below()));
            } else if !item.is_marked() && holds(item.as_str()) {
                found.push((below(), Some(marked(&item))));
            }
        }
    }
    // The paths are there, so nothing can be refused.
    if found.is_empty() { document } else { crate::patch::patch(&document, &found).unwrap_or(document) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    use crate::layers::Layer;
    use crate::parse::{Format, Limits, parse};

    #[test]
    fn passwords_are_found_where_urls_have_them() {
        let secret = [
            "postgres://app:swordfish@db/orders",
            "redis://:swordfish@cache:6379/0",
            "smtp://me@example.org:sword@fish@mail.example.org",
            "amqps://a:b@one,amqps://c:d@two",
            "see https://user:pass@example.org for it",
            "http://h/,ftp://u:p@h",
        ];
        for text in secret {
            assert!(holds_password(text), "{text}");
        }
        let open = [
            "postgres://app@db/orders",
            "https://example.org:8080/a:b@c",
            "https://example.org/?u=a:b@c",
            "git+ssh://git@example.org/x",
            "http://user:@host",
            "user:pass@host",
            "://",
            "://@",
            "",
            "a://b:c",
        ];
        for text in open {
            assert!(!holds_password(text), "{text}");
        }
    }

    fn read(format: Format, text: &str) -> Layer {
        parse(format, "app", text.as_bytes().to_vec(), &Limits::default()).unwrap()
    }

    #[test]
    fn many_of_them_cost_one_pass() {
        let urls = (0..20_000).map(|at| format!("\"u{at}\": \"x://u:p@h\"")).collect::<Vec<_>>().join(",");
        let started = std::time::Instant::now();
        let layer = read(Format::Json, &format!("{{\"a\": {{{urls}}}}}"));
        assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
        let a = layer.document().root().get("a").unwrap();
        assert_eq!(a.items().filter(|item| item.is_marked()).count(), 20_000);
    }

    #[test]
    fn every_language_and_every_escape_is_looked_through() {
        let texts = [
            (Format::Json, r#"{"a": {"b": [1, "x://u:p@h"]}}"#),
            (Format::Json, r#"{"a": {"b": [1, "x:\/\/u:p@h"]}}"#),
            (Format::Json, r#"{"a": {"b": [1, "x://u:p\u0040h"]}}"#),
            (Format::Json, r#"{"a": {"b": [1, "x:\u002F\u002fu\u003Ap@h"]}}"#),
            (Format::Toml, "a.b = [1, \"x://u:p\\U00000040h\"]"),
            (Format::Toml, "a.b = [1, 'x://u:p@h']"),
            (Format::Yaml, "a: {b: [1, 'x://u:p@h']}"),
            (Format::Yaml, "a:\n  b:\n  - 1\n  - \"x:\\x2f/u:p@h\"\n"),
            (Format::Dotenv, "A__B=[1, \"x://u:p@h\"]"),
        ];
        for (format, text) in texts {
            let layer = read(format, text);
            let at = |path: &str| layer.document().get(&path.parse().unwrap()).unwrap().is_marked();
            assert_eq!((at("a.b[1]"), at("a.b[0]"), at("a")), (true, false, false), "{text}");
            assert_eq!(layer.document().get(&"a.b[1]".parse().unwrap()).unwrap().as_str(), Some("x://u:p@h"), "{text}");
        }
        let plain = read(Format::Json, r#"{"mail": "a@b", "url": "https://h:80/x", "path": "C:\\x40"}"#);
        assert!(!plain.document().root().has_marks());
    }

    proptest! {
        #[test]
        fn the_look_at_a_file_passes_over_no_password(texts in prop::collection::vec("[a:@/\\\\\"é ]{0,12}", 0..6)) {
            let json = serde_json::to_string(&serde_json::json!({"texts": texts})).unwrap();
            for json in [json.clone(), json.replace('/', "\\/"), json.replace('@', "\\u0040"), json.replace('/', "\\u002F")] {
                let layer = read(Format::Json, &json);
                for (at, text) in texts.iter().enumerate() {
                    let node = layer.document().get(&Path::root().key("texts").index(at as u32)).unwrap();
                    prop_assert_eq!((node.as_str(), node.is_marked()), (Some(&**text), holds_password(text)));
                }
            }
        }
    }
}
