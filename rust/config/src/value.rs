//! Values that a program gives: by a patch, an overlay, a version of another process.
//!
//! **In**: JSON text, and the name of who said it. **Out**: a document of which every value names that source, or what is wrong by paths below
//! the value. **Law**: what a program gave has no lines that could be shown, and URLs in it are looked through for passwords as those of files.

use std::sync::Arc;

use crate::document::build::Builder;
use crate::document::{Document, Path};
use crate::parse::{Format, Limits};
use crate::problem::{Problem, Problems};
use crate::secrets::with_passwords_marked;
use crate::source::{LayerKind, Source};

/// What is wrong with the JSON text of a value, by paths below it. A program gave it, so it has no lines that could be shown.
fn refused(name: &str, kind: LayerKind, json: &str) -> Problems {
    let table = format!("{{\"value\":{json}}}");
    let Err(Problems(found)) = crate::parse::parse_as(kind, Format::Json, name, table.into_bytes(), &Limits::default()) else {
        return Problem::new("syntax", Path::root(), "a JSON value", "something else").into();
    };
    let below = |problem: Problem| {
        let path = problem.path.segments().iter().skip(1).fold(Path::root(), Path::step);
        Problem { path, span: None, ..problem }
    };
    Problems(found.into_iter().map(below).collect())
}

/// The JSON text of a value as a document with the name of who said it.
///
/// # Errors
/// Text that is no JSON.
pub fn value(name: &str, kind: LayerKind, json: &str) -> Result<Document, Problems> {
    let source = Arc::new(Source::new(name, kind, String::new()));
    let Some(read) = crate::parse::json_text(json, &Limits::default()) else {
        return Err(refused(name, kind, json));
    };
    let mut builder = Builder::new(Some(source), 16);
    builder.rebuilt(&read.root(), 0);
    Ok(with_passwords_marked(builder.finish(), Some(json)))
}
