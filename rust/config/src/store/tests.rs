//! The store's laws, one by one, with files, tables and numberings of all kinds.
#![expect(clippy::unwrap_used, reason = "tests")]

mod faults;
mod following;
mod load;
mod processes;
mod publishing;
mod twin;
mod watching;

use std::path::Path as FilePath;
use std::sync::Arc;

use super::*;
use crate::document::Path;
use crate::source::LayerKind;
use crate::value::value;

pub fn path(text: &str) -> Path {
    text.parse().unwrap()
}

pub fn change(text: &str, json: &str) -> crate::patch::Change {
    (path(text), Some(value("test", LayerKind::Mapping, json).unwrap()))
}

impl Store {
    fn numbering_newest(&self) -> u64 {
        self.0.numbering.newest().unwrap()
    }
}

/// A store over one file.
pub fn over(file: &FilePath) -> Options {
    Options { providers: vec![Arc::new(Files::new(vec![file.display().to_string()], None, false))], ..Options::default() }
}

pub fn json(store: &Store) -> String {
    String::from_utf8(store.current().document().to_json()).unwrap()
}

pub fn codes(problems: &[crate::problem::Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.code).collect()
}
