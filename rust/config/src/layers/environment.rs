//! Variables of the environment as a layer.
//!
//! **In**: a prefix, a separator, names with values. **Out**: a layer of nested tables whose values are text.
//!
//! **Law**
//! 1. `APP__LIMITS__MAX` with the prefix `APP__` and the separator `__` is `limits.max`: names below the prefix are written in lower case.
//! 2. A value is text, which the schema gives a type; one that is a JSON list or table in brackets is read as such.
//! 3. Where one name is the beginning of another (`A` and `A__B`), the longer one wins, and the shorter one is a problem.
//! 4. Names that differ in case only are a problem: nobody could say which one counts.
//! 5. The source's text holds names only. Values live in the document.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Layer;
use crate::document::build::{Builder, KEY_LIMIT};
use crate::document::{Document, Kind, Path};
use crate::parse::{Limits, json_text};
use crate::problem::{Problem, Problems, Span};
use crate::source::{LayerKind, Source};

/// A variable: its nested name, its value, and where its name stands in the source.
pub(crate) struct Variable {
    pub name: String,
    pub value: String,
    pub origin: u32,
}

/// The variables that begin with `prefix`, as a layer.
///
/// # Errors
/// Names that contradict one another, or that are no names.
///
/// # Examples
/// ```
/// let vars = [("APP__LIMITS__MAX", "8"), ("HOME", "/")].map(|(name, value)| (name.to_owned(), value.to_owned()));
/// let layer = findspot_config::environment("APP__", "__", vars).unwrap();
/// assert_eq!(layer.document().to_json(), br#"{"limits":{"max":"8"}}"#);
/// assert_eq!(layer.document().get(&"limits.max".parse().unwrap()).unwrap().origin().unwrap().place().to_string(), "APP__LIMITS__MAX (environment)");
/// ```
pub fn environment(prefix: &str, separator: &str, vars: impl IntoIterator<Item = (String, String)>) -> Result<Layer, Problems> {
    let mut found: Vec<(String, String)> =
        vars.into_iter().filter(|(name, _)| name.len() > prefix.len() && name.starts_with(prefix)).collect();
    // The environment has no order; the document has one.
    found.sort();
    let mut text = String::new();
    let mut all = Vec::with_capacity(found.len());
    for (name, value) in found {
        all.push(Variable { name: name.get(prefix.len()..).unwrap_or("").to_owned(), value, origin: text.len() as u32 });
        text.push_str(&name);
        text.push('\n');
    }
    let source = Arc::new(Source::new("environment", LayerKind::Environment, text));
    let document = variables(&source, separator, all, &Limits::default())?;
    Ok(Layer::new(source, document))
}

#[derive(Default)]
struct Branch {
    value: Option<(String, u32)>,
    below: BTreeMap<String, Branch>,
}

/// The document of variables.
pub(crate) fn variables(source: &Arc<Source>, separator: &str, all: Vec<Variable>, limits: &Limits) -> Result<Document, Problems> {
    let mut root = Branch::default();
    let mut problems = Vec::new();
    for Variable { name, value, origin } in all {
        let lower = name.to_lowercase();
        let steps: Vec<&str> = if separator.is_empty() { vec![&lower] } else { lower.split(separator).collect() };
        if steps.iter().any(|step| step.is_empty() || step.len() > KEY_LIMIT) || steps.len() >= limits.depth {
            let expected = format!("names with something on both sides of each `{separator}`, at most {} levels", limits.depth);
            problems.push(Problem::new("variable_name", Path::root(), expected, "another name").at(source, origin, name.len() as u32));
            continue;
        }
        let len = name.len() as u32;
        let mut branch = &mut root;
        for step in steps {
            branch = branch.below.entry(step.to_owned()).or_default();
        }
        match &branch.value {
            None => branch.value = Some((value, origin)),
            Some((_, first)) => {
                let first = Span { source: Arc::clone(source), offset: *first, len };
                problems.push(
                    Problem::new("variable_name", Path::root(), "each name once", "a name that differs from another in case only")
                        .at(source, origin, len)
                        .related("first", Some(first)),
                );
            }
        }
    }
    let mut builder = Builder::new(Some(Arc::clone(source)), 64);
    builder.open(Kind::Table, 0);
    branches(&mut builder, source, &root, &Path::root(), limits, &mut problems);
    builder.close(0);
    if problems.is_empty() { Ok(builder.finish()) } else { Err(problems.into()) }
}

/// Adds what is below a branch; as deep as the limit allows.
fn branches(builder: &mut Builder, source: &Arc<Source>, branch: &Branch, path: &Path, limits: &Limits, problems: &mut Vec<Problem>) {
    for (key, below) in &branch.below {
        builder.key_text(key);
        let path = path.clone().key(key);
        match &below.value {
            Some((value, origin)) if below.below.is_empty() => scalar(builder, value, *origin, limits),
            value => {
                if let Some((_, origin)) = value {
                    problems.push(
                        Problem::new("variable_name", path.clone(), "either a value or names below it", "both")
                            .at(source, *origin, 0)
                            .hint("remove this variable, or the ones that its name begins"),
                    );
                }
                builder.open(Kind::Table, first_origin(below));
                branches(builder, source, below, &path, limits, problems);
                builder.close(0);
            }
        }
    }
}

fn first_origin(branch: &Branch) -> u32 {
    let mut branch = branch;
    loop {
        match (&branch.value, branch.below.values().next()) {
            (Some((_, origin)), _) => return *origin,
            (None, Some(next)) => branch = next,
            (None, None) => return 0,
        }
    }
}

fn scalar(builder: &mut Builder, value: &str, origin: u32, limits: &Limits) {
    let trimmed = value.trim();
    if trimmed.starts_with(['[', '{'])
        && let Some(document) = json_text(trimmed, limits)
    {
        return builder.rebuilt(&document.root(), origin);
    }
    builder.text(Kind::String, value, origin);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_that_contradict_one_another_are_refused() {
        for (names, expected) in [
            (
                &["A__X", "A__x"][..],
                "A__x (environment): expected each name once, got a name that differs from another in case only (first A__X (environment))",
            ),
            (
                &["A__X", "A__X__Y"],
                "A__X (environment): x: expected either a value or names below it, got both; remove this variable, or the ones that its name begins",
            ),
            (
                &["A__X____Y"],
                "A__X____Y (environment): expected names with something on both sides of each `__`, at most 128 levels, got another name",
            ),
        ] {
            let vars = names.iter().map(|name| ((*name).to_owned(), "hunter2".to_owned()));
            assert_eq!(environment("A__", "__", vars).unwrap_err().to_string(), expected);
        }
    }
}
