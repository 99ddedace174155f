//! Some members of a stored document.
//!
//! **In**: the JSON object as it was stored, names. **Out**: an object with those members. **Law**: values are copied as they were
//! written, in the order in which they were written; a name that is missing is left out; of a repeated name all are kept.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::base::{Error, Result};

const NOT_JSON: Error = Error::Defect("a stored document is not a JSON object");

/// Appends the members `names` of `json` to `out`, as an object.
pub(super) fn project(json: &[u8], names: &[String], out: &mut Vec<u8>) -> Result<()> {
    let text = std::str::from_utf8(json).map_err(|_| NOT_JSON)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_map(Members { names, out }).map_err(|_| NOT_JSON)
}

struct Members<'a> {
    names: &'a [String],
    out: &'a mut Vec<u8>,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.out.push(b'{');
        let mut first = true;
        while let Some(name) = map.next_key_seed(Name)? {
            let value: &RawValue = map.next_value()?;
            if self.names.iter().any(|wanted| *wanted == name) {
                if !std::mem::take(&mut first) {
                    self.out.push(b',');
                }
                serde_json::to_writer(&mut *self.out, &name).map_err(serde::de::Error::custom)?;
                self.out.push(b':');
                self.out.extend_from_slice(value.get().as_bytes());
            }
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(name))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(name.to_owned()))
            }
        }
        input.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn projected(json: &str, names: &[&str]) -> String {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut out = Vec::new();
        project(json.as_bytes(), &names, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn members_keep_their_order_and_their_spelling() {
        let json = r#"{ "b" : 1.50, "a":[1, {"x" : null}], "é\"":"\u00e9", "c": 12345678901234567890123 }"#;
        assert_eq!(projected(json, &["c", "a", "b", "zz"]), r#"{"b":1.50,"a":[1, {"x" : null}],"c":12345678901234567890123}"#);
        assert_eq!(projected(json, &["é\""]), r#"{"é\"":"\u00e9"}"#);
        assert_eq!(projected(json, &[]), "{}");
        assert_eq!(projected("{}", &["a"]), "{}");
    }

    #[test]
    fn deep_values_are_copied_and_damage_is_an_error() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(projected(&deep, &["a"]), deep);
        for bad in [&b"{\"a\":"[..], b"[1]", b"{\"a\":\xff}", b""] {
            assert!(project(bad, &["a".into()], &mut Vec::new()).is_err());
        }
    }
}
