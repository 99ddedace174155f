//! The mark `"!reset"` in a layer: where it may stand, and how its text is said when it is meant as text.
//!
//! **In**: a layer. **Out**: problems of marks that mean nothing. **Law**
//! 1. A mark may be the value of a key, the first item of a list that is the value of a key, or a key of a table, then with the value `true`. The
//!    table must be one that layers merge: the document itself, or the value of a key of one, but nothing inside a list.
//! 2. Everywhere else it is a problem, so that no mark becomes data unseen. Text and keys that are meant as they stand have one `!` more:
//!    `"!!reset"` says `!reset`.

use std::borrow::Cow;

use super::Layer;
use crate::document::build::{RESET, is_mark_like};
use crate::document::{Kind, Node, Path};
use crate::problem::{Problem, Span};

/// What a text or key says: one `!` less when it is an escaped mark.
pub(super) fn said(text: &str) -> &str {
    if text != RESET && is_mark_like(text) { text.get(1..).unwrap_or(text) } else { text }
}

/// How a layer writes a key.
pub(super) fn written(key: &str) -> Cow<'_, str> {
    if is_mark_like(key) { Cow::Owned(format!("!{key}")) } else { Cow::Borrowed(key) }
}

/// Whether a list begins with the mark.
pub(super) fn resets(list: &Node<'_>) -> bool {
    list.kind() == Kind::Array && list.nth(0).is_some_and(|first| first.as_str() == Some(RESET))
}

/// The marks of a layer that mean nothing.
pub(crate) fn misplaced(layer: &Layer) -> Vec<Problem> {
    let mut problems = Vec::new();
    let root = layer.document().root();
    if !root.holds_reset() {
        return problems;
    }
    let mut left = vec![(root, Path::root(), true)];
    while let Some((node, path, merges)) = left.pop() {
        let keyed = node.kind() == Kind::Table;
        for (at, item) in node.items().enumerate().filter(|(_, item)| item.holds_reset() || item.key() == RESET) {
            let path = if keyed { path.clone().key(item.key()) } else { path.clone().index(at as u32) };
            let wrong = if keyed && item.key() == RESET {
                // Of a variable, everything is text.
                let says_true = matches!(item.as_bool(), Some(true)) || matches!(item.as_str(), Some("true" | "1"));
                let expected = if merges { "`true` as the value of the key `!reset`" } else { "no key `!reset` in a table inside a list" };
                (!merges || !says_true).then_some((expected, item.kind().words()))
            } else if item.as_str() == Some(RESET) {
                let may = merges && (keyed || at == 0);
                (!may).then_some(("the mark `!reset` as a value, or as the first item of a list that is one", "the mark in another place"))
            } else {
                None
            };
            if let Some((expected, got)) = wrong {
                let mut problem = Problem::new("reset", path.clone(), expected, got).hint("write `!!reset` where the text itself is meant");
                problem.span = item.origin().map(|origin| Span { source: origin.source.clone(), offset: origin.offset, len: 0 });
                problems.push(problem);
            }
            if item.kind().is_container() {
                left.push((item, path, merges && keyed));
            }
        }
    }
    problems.sort_by_key(|problem| problem.span.as_ref().map(|span| span.offset));
    problems
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Format, Limits, environment, parse};

    fn found(text: &str) -> Vec<String> {
        let layer = parse(Format::Json, "app.json", text.into(), &Limits::default()).unwrap();
        misplaced(&layer).iter().map(|problem| format!("{} {}", problem.path, problem.expected)).collect()
    }

    #[test]
    fn marks_where_they_mean_something_are_no_problems() {
        for text in [
            r#"{"a": "!reset", "b": {"!reset": true, "c": ["!reset", 3]}, "d": ["!reset"]}"#,
            r#"{"a": ["!!reset", [["!!reset"]], {"!!reset": 1}], "!!reset": "!!reset"}"#,
            r#"{"!reset": true}"#,
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
        let vars = [("A__X".to_owned(), "!reset".to_owned()), ("A__Y".to_owned(), r#"["!reset", 1]"#.to_owned())];
        assert!(misplaced(&environment("A__", "__", vars).unwrap()).is_empty());
    }

    #[test]
    fn marks_elsewhere_are_problems_with_a_place() {
        let value = "the mark `!reset` as a value, or as the first item of a list that is one";
        let key = "`true` as the value of the key `!reset`";
        let inside = "no key `!reset` in a table inside a list";
        for (text, problems) in [
            (r#"{"a": [3, "!reset"]}"#, vec![format!("a[1] {value}")]),
            (r#"{"a": [["!reset", 3]]}"#, vec![format!("a[0][0] {value}")]),
            (r#"{"a": [{"b": "!reset"}]}"#, vec![format!("a[0].b {value}")]),
            (r#"{"a": [{"!reset": true, "b": 1}]}"#, vec![format!("a[0].!reset {inside}")]),
            (r#"{"a": {"!reset": false}, "b": {"!reset": "!reset"}}"#, vec![format!("a.!reset {key}"), format!("b.!reset {key}")]),
        ] {
            assert_eq!(found(text), problems, "{text}");
        }
        let layer = parse(Format::Json, "app.json", b"{\n  \"a\": [3, \"!reset\"]}".to_vec(), &Limits::default()).unwrap();
        let problem = misplaced(&layer).remove(0);
        assert_eq!(problem.span.as_ref().unwrap().place().to_string(), "app.json:2:12");
    }
}
