//! Keys that read like the name of a secret, and the one rule of a store about them.
//!
//! **In**: a key. **Out**: whether its value is to be hidden, whatever a schema says.
//!
//! **Law**
//! 1. Every key of every document is asked once when it is read, so the answer for the usual key, which lacks a letter of each word, takes one
//!    pass over its bytes. That answer is a hint for walks; what counts is the rule of the store, [`SecretNames`].
//! 2. The rule goes with the schema, so checks and outputs ask the same one, and with the versions, so other processes do.

use serde::{Deserialize, Serialize};

/// Which keys make their values secrets, beside what a schema says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretNames {
    /// Whether keys that read like one do: `password`, `apiKey`, `TOKEN`.
    usual: bool,
    /// Words that do, too, where they are whole parts of a key; as [`plain`] writes them.
    #[serde(default)]
    more: Vec<Box<str>>,
}

impl Default for SecretNames {
    fn default() -> Self {
        Self { usual: true, more: Vec::new() }
    }
}

impl SecretNames {
    /// No key does: keys are data, words of a language for instance.
    pub fn none() -> Self {
        Self { usual: false, more: Vec::new() }
    }

    /// These words do as well: `license` is found in `license`, `db_license` and `licenseKey`, not in `licensed`.
    ///
    /// # Examples
    /// ```
    /// use findspot_config::SecretNames;
    /// let names = SecretNames::default().with(["license"]);
    /// assert!(names.says("password") && names.says("dbLicense") && !names.says("licensed"));
    /// assert!(!SecretNames::none().says("password"));
    /// ```
    pub fn with<'w>(mut self, words: impl IntoIterator<Item = &'w str>) -> Self {
        let added = words.into_iter().map(|word| Box::<str>::from(plain(word).trim_matches('_'))).filter(|word| !word.is_empty());
        self.more.extend(added);
        self
    }

    /// Whether the value of this key is a secret.
    pub fn says(&self, key: &str) -> bool {
        (self.usual && is_secret_key(key)) || self.adds(key)
    }

    /// Whether a word may be a misspelled key of a secret.
    pub(crate) fn may_mean(&self, word: &str) -> bool {
        let usual = ANYWHERE.iter().chain(PARTS).chain(&["pass"]).copied().filter(|_| self.usual);
        is_near(word, usual.chain(self.more.iter().map(|word| &**word)))
    }

    fn adds(&self, key: &str) -> bool {
        if self.more.is_empty() {
            return false;
        }
        let key = plain(key);
        self.more.iter().any(|word| has_part(&key, word))
    }

    /// Whether a table can hold a key that the rule names, by the hint that was taken when it was read.
    pub(crate) fn may_name(&self, usual: bool) -> bool {
        !self.more.is_empty() || (self.usual && usual)
    }

    /// Whether it is the rule of a store that says nothing about it.
    pub(crate) fn is_usual(&self) -> bool {
        self.usual && self.more.is_empty()
    }
}

/// Words that make a key a secret wherever they stand in it.
const ANYWHERE: &[&str] = &["password", "passwd", "passphrase", "secret", "credential"];
/// Words that make a key a secret when they are whole parts of it.
const PARTS: &[&str] = &["token", "api_key", "apikey", "private_key", "access_key", "auth_key", "pwd"];
/// The letters of each word, one bit for each.
const LETTERS: [u32; 12] = letters_of_words();

const fn letters_of_words() -> [u32; 12] {
    let mut found = [0; 12];
    let mut at = 0;
    while at < 12 {
        let word = if at < ANYWHERE.len() { ANYWHERE[at] } else { PARTS[at - ANYWHERE.len()] }.as_bytes();
        let mut place = 0;
        while place < word.len() {
            if word[place] != b'_' {
                found[at] |= 1 << (word[place] - b'a');
            }
            place += 1;
        }
        at += 1;
    }
    found
}

/// Whether a key alone says that its value is a secret: `db_password`, `apiKey`, `TOKEN`; not `max_tokens`.
pub fn is_secret_key(key: &str) -> bool {
    let mut letters = 0u32;
    let mut ascii = true;
    for byte in key.bytes() {
        let lower = (byte | 0x20).wrapping_sub(b'a');
        letters |= if lower < 26 { 1 << lower } else { 0 };
        ascii &= byte < 0x80;
    }
    let possible = LETTERS.iter().any(|word| letters & word == *word);
    (possible || !ascii) && reads_like_a_secret(key)
}

fn reads_like_a_secret(key: &str) -> bool {
    let plain = plain(key);
    ANYWHERE.iter().any(|word| plain.contains(word)) || PARTS.iter().any(|word| has_part(&plain, word))
}

/// Whether a word is one of some names, or nearly: by the distance at which a name is suggested.
pub(crate) fn is_near<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> bool {
    let plain = plain(word);
    nearest(&plain, names).is_some()
}

/// The name that was perhaps meant.
pub(crate) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let length = word.chars().count();
    let allowed = (length / 3).clamp(1, 3);
    let lower = word.to_lowercase();
    known
        .map(|known| (strsim::osa_distance(&lower, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= allowed && *distance < length)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// A key in small letters, its parts joined by `_`.
fn plain(key: &str) -> String {
    let mut plain = String::with_capacity(key.len() + 4);
    let mut before = ' ';
    for c in key.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            plain.push('_');
        }
        if c.is_alphanumeric() {
            plain.extend(c.to_lowercase());
        } else {
            plain.push('_');
        }
        before = c;
    }
    plain
}

fn has_part(key: &str, word: &str) -> bool {
    key.match_indices(word).any(|(at, _)| {
        let before = key.get(..at).is_some_and(|before| before.is_empty() || before.ends_with('_'));
        before && key.get(at + word.len()..).is_some_and(|after| after.is_empty() || after.starts_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_that_read_like_secrets() {
        let secret = [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "mysecret",
            "token",
            "auth_token",
            "apiKey",
            "API-KEY",
            "access_key_id",
            "credentials",
            "PWD",
        ];
        for key in secret {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["max_tokens", "tokenizer", "key", "api", "monkey", "keyboard", "host", "title", "forward", "", "\u{e9}"] {
            assert!(!is_secret_key(key), "{key}");
        }
        assert!(is_secret_key("\u{e9}_TO\u{212a}EN"), "the Kelvin sign is a k");
    }

    #[test]
    fn the_quick_look_at_a_key_passes_over_no_secret() {
        let pieces = [
            "pass", "word", "pwd", "PWD", "secret", "api", "Api", "key", "Key", "KEY", "token", "Token", "cred", "ential", "phrase", "_",
            "-", "x", "max", "s",
        ];
        let mut secrets = 0;
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    let key = [a, b, c].concat();
                    secrets += usize::from(reads_like_a_secret(&key));
                    assert_eq!(is_secret_key(&key), reads_like_a_secret(&key), "{key}");
                }
            }
        }
        assert!(secrets > 500, "{secrets}");
    }

    proptest! {
        #[test]
        fn the_look_at_letters_decides_nothing_alone(key in "(api|key|pass|word|sec|ret|tok|en|_|-|[A-Z]|.){0,6}") {
            prop_assert_eq!(is_secret_key(&key), reads_like_a_secret(&key));
        }
    }
}
