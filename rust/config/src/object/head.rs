//! The head of a version: everything about it but its values.
//!
//! **In**: what the publisher knows. **Out**: one line of JSON. **Law**: no value of the configuration stands here, except patches, which may
//! not touch secrets. Members that are not known are ignored, so newer writers may add some; missing ones have a neutral meaning.

use serde::{Deserialize, Serialize};

use super::Patches;
use crate::secret_keys::SecretNames;

/// What led to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The store was opened.
    Load,
    /// Somebody asked for it.
    Reload,
    /// A source changed.
    Watch,
    /// A patch.
    Patch,
    /// A staged candidate was published.
    Stage,
    /// An older version came back.
    Rollback,
    /// The sources could not be read at the start, and the last good version could.
    LastGood,
    /// Another process published it.
    Follow,
}

impl Cause {
    /// As it stands in the audit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Reload => "reload",
            Self::Watch => "watch",
            Self::Patch => "patch",
            Self::Stage => "stage",
            Self::Rollback => "rollback",
            Self::LastGood => "last_good",
            Self::Follow => "follow",
        }
    }
}

/// What is known about a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number.
    pub number: u64,
    /// Hash of the document, secrets as references, in 32 hexadecimal digits.
    pub hash: String,
    /// Hash of what the files said that it was made from, so that two processes that saw the same files know it.
    #[serde(default)]
    pub sources: String,
    /// Hash of what all sources said together, the environment too, before patches: a process whose own sources say something else differs.
    #[serde(default)]
    pub merged: String,
    /// The files that it was made from, the lower layers first: where paths in it begin that are relative to the file that says them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// When it was published, in microseconds since 1970. Never used for order.
    pub time: i64,
    /// Who published it.
    #[serde(default)]
    pub actor: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// What led to it.
    pub cause: Cause,
    /// The version that it was made from.
    #[serde(default)]
    pub from: u64,
    /// After a rollback: the version that was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_from: Option<u64>,
    /// After a rollback: the version whose content came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_of: Option<u64>,
    /// Whether watched sources wait for `resume`.
    #[serde(default)]
    pub held: bool,
    /// Whether somebody overruled the guards.
    #[serde(default)]
    pub forced: bool,
    /// The publisher's rule about the names of secrets, when it is another than the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_names: Option<SecretNames>,
    /// The persisted layer above the files, by path: JSON text, or nothing where a value is taken away.
    #[serde(default)]
    pub patches: Patches,
}

impl Head {
    /// The head of the state before the first version.
    pub(crate) fn nothing() -> Self {
        Self {
            number: 0,
            hash: String::new(),
            sources: String::new(),
            merged: String::new(),
            files: Vec::new(),
            time: 0,
            actor: String::new(),
            reason: String::new(),
            cause: Cause::Load,
            from: 0,
            rolled_back_from: None,
            content_of: None,
            held: false,
            forced: false,
            secret_names: None,
            patches: Patches::default(),
        }
    }
}
