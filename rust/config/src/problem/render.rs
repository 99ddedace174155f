//! Problems as text for people, with the line shown and the place marked.
//!
//! **In**: problems, the layers they were found in, the secrets. **Out**: text like that of a compiler.
//!
//! ```text
//! error[range]: limits.max: expected integer ≥ 1, got 0
//!   --> app.toml:12:7
//!    |
//! 12 | max = 0
//!    |       ^
//!    = overrides base.toml:3:7
//!    = write a larger one
//! ```
//!
//! **Law**
//! 1. Of a file that was read, secrets are blotted out, from where they begin to where the next key or value begins; and so is what stands
//!    under a key that the schema refuses: it may be a secret's, misspelled.
//! 2. Of a file that could not be read, nobody knows where values end: if any word in it reads like the key of a secret, no line is shown,
//!    and none where such a key, misspelled, may stand near.
//! 3. A long line is shown around the place only.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use super::{Problem, Problems, Severity, Span};
use crate::layers::Layer;
use crate::secrets::Secrets;
use crate::source::{LayerKind, Source};

/// Characters of a line that are shown on each side of the place.
const AROUND: usize = 60;
/// Bytes on each side of the place in which keys are looked for that are nearly a secret's.
const NEAR: usize = 1024;

/// The problems as text.
///
/// # Examples
/// ```
/// use findspot_config::{Format, Limits, Schema, Secrets, parse, render};
/// let problems = parse(Format::Json, "app.json", b"{\n  \"max\": 08\n}".to_vec(), &Limits::default()).unwrap_err();
/// let text = render(&problems, &[], &Secrets::new(&Schema::any()));
/// assert!(text.contains("  --> app.json:2:10\n"), "{text}");
/// assert!(text.contains("2 |   \"max\": 08\n  |          ^\n"), "{text}");
/// ```
pub fn render(problems: &Problems, layers: &[Arc<Layer>], secrets: &Secrets) -> String {
    let mut masks: HashMap<*const Source, Option<Mask>> = HashMap::new();
    let mut out = String::new();
    for problem in &problems.0 {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        let _ = writeln!(out, "{severity}[{}]: {}", problem.code, problem.message());
        if let Some(span) = &problem.span {
            let mask = masks.entry(Arc::as_ptr(&span.source)).or_insert_with(|| mask(&span.source, layers, secrets));
            frame(span, mask.as_ref(), secrets, &mut out);
        }
        notes(problem, &mut out);
    }
    out
}

fn notes(problem: &Problem, out: &mut String) {
    if let Some((what, span)) = &problem.related {
        let _ = writeln!(out, "  = {what} {}", span.place());
    }
    if let Some(hint) = &problem.hint {
        let _ = writeln!(out, "  = {hint}");
    }
}

/// The bytes of a source that must not be shown, ascending; none at all when no byte may be.
struct Mask {
    hidden: Vec<(usize, usize)>,
    /// Whether the source was read, so that it is known where its values are.
    is_read: bool,
}

fn mask(source: &Arc<Source>, layers: &[Arc<Layer>], secrets: &Secrets) -> Option<Mask> {
    if !matches!(source.kind(), LayerKind::File | LayerKind::Dotenv) {
        return None;
    }
    let Some(layer) = layers.iter().find(|layer| Arc::ptr_eq(layer.source(), source)) else {
        return (!secrets.may_stand_in(source.text())).then(|| Mask { hidden: Vec::new(), is_read: false });
    };
    let (starts, all) = secrets.marks(layer.document());
    let end_of = |start: u32| {
        let at = all.partition_point(|offset| *offset <= start);
        all.get(at).map_or(source.text().len(), |offset| *offset as usize)
    };
    let hidden = starts.into_iter().map(|start| (start as usize, end_of(start))).collect();
    Some(Mask { hidden, is_read: true })
}

impl Mask {
    fn hides(&self, at: usize) -> bool {
        let next = self.hidden.partition_point(|(start, _)| *start <= at);
        next.checked_sub(1).and_then(|before| self.hidden.get(before)).is_some_and(|(_, end)| at < *end)
    }
}

/// Whether a key that is nearly a secret's stands around a place, on its line or the one before.
fn is_near_secret(span: &Span, start: usize, secrets: &Secrets) -> bool {
    let text = span.source.text();
    let above = text.get(..start.saturating_sub(1)).and_then(|above| above.rfind('\n')).map_or(0, |at| at + 1);
    let from = above.max((span.offset as usize).saturating_sub(NEAR));
    let from = (0..=from).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let end = text.len().min(span.offset as usize + NEAR);
    let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text.get(from..end).is_some_and(|around| secrets.may_be_meant_in(around))
}

/// The place, and the line with a mark below it.
fn frame(span: &Span, mask: Option<&Mask>, secrets: &Secrets, out: &mut String) {
    let place = span.place();
    let _ = writeln!(out, "  --> {place}");
    let (Some(mask), Some(number), Some(column)) = (mask, place.line, place.column) else { return };
    let line = span.source.line(span.offset);
    if !mask.is_read && is_near_secret(span, line.start, secrets) {
        return;
    }
    let column = column as usize - 1;
    let first = column.saturating_sub(AROUND);
    let mut shown = String::new();
    let (mut hidden, mut mark_at) = (false, 0);
    if first > 0 {
        shown.push('…');
    }
    for (at, (offset, c)) in line.text.char_indices().enumerate().skip(first).take(2 * AROUND) {
        if at == column {
            mark_at = shown.chars().count();
        }
        let hide = mask.hides(line.start + offset);
        match (hide, hidden) {
            // One sign for all of it: its length says nothing.
            (true, false) => shown.push('•'),
            (true, true) => {}
            // Tabs and control characters would move the mark away from its place.
            (false, _) => shown.push(if c.is_control() { ' ' } else { c }),
        }
        hidden = hide;
    }
    if column >= line.text.chars().count() {
        mark_at = shown.chars().count();
    }
    if line.text.chars().count() > first + 2 * AROUND {
        shown.push('…');
    }
    let margin = " ".repeat(number.to_string().len());
    let width = (span.len as usize).clamp(1, shown.chars().count().saturating_sub(mark_at).max(1));
    let marks = "^".repeat(if mask.hides(span.offset as usize) { 1 } else { width });
    let _ = write!(out, "{margin} |\n{number} | {shown}\n{margin} | {}{marks}\n", " ".repeat(mark_at));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Format, Limits, Schema, environment, merge, parse};

    const SCHEMA: &str = r#"{"type": "table", "name": "App", "fields": {
        "limits": {"type": "table", "name": "Limits", "fields": {"max": {"type": "integer", "ge": 1}, "password": {"type": "string", "min_length": 50}}}}}"#;

    fn problems(layers: &[Arc<Layer>]) -> (Problems, Secrets) {
        let schema = Schema::from_json(SCHEMA).unwrap();
        (schema.check(&merge(layers), None).unwrap_err(), Secrets::new(&schema))
    }

    #[test]
    fn frames_point_at_the_place_and_blot_secrets_out() {
        let text = "[limits]\nmax = 0\npassword = 'hunter2' # why\nmaxx = 1\n";
        let layers = [Arc::new(parse(Format::Toml, "app.toml", text.into(), &Limits::default()).unwrap())];
        let (found, secrets) = problems(&layers);
        let shown = render(&found, &layers, &secrets);
        assert_eq!(
            shown,
            "error[range]: limits.max: expected integer ≥ 1, got 0\n  --> app.toml:2:7\n  |\n2 | max = 0\n  |       ^\n\
             error[length]: limits.password: expected string of at least 50 characters, got a string (not shown: a secret)\n  \
             --> app.toml:3:12\n  |\n3 | password = •\n  |            ^\n\
             error[unknown_key]: limits.maxx: expected a key of Limits, got an unknown key\n  --> app.toml:4:1\n  |\n4 | maxx = •\n  | ^^^^\n  \
             = did you mean `max`?\n"
        );
    }

    #[test]
    fn a_variable_says_what_it_overrides() {
        let file = Arc::new(parse(Format::Toml, "app.toml", b"[limits]\npassword = ''\nmax = 3\n".to_vec(), &Limits::default()).unwrap());
        let vars = [("APP__LIMITS__MAX".to_owned(), "abc".to_owned())];
        let layers = [file, Arc::new(environment("APP__", "__", vars).unwrap())];
        let (found, secrets) = problems(&layers);
        assert_eq!(
            found.0.iter().find(|problem| problem.code == "type").unwrap().to_string(),
            "APP__LIMITS__MAX (environment): limits.max: expected integer ≥ 1, got \"abc\" (overrides app.toml:3:7)"
        );
        assert!(render(&found, &layers, &secrets).contains("--> APP__LIMITS__MAX (environment)\n  = overrides app.toml:3:7\n"));
    }

    #[test]
    fn a_patch_overrides_the_highest_layer() {
        let file = Arc::new(parse(Format::Toml, "app.toml", b"[limits]\npassword = ''\nmax = 3\n".to_vec(), &Limits::default()).unwrap());
        let vars = [("APP__LIMITS__MAX".to_owned(), "8".to_owned())];
        let merged = merge(&[file, Arc::new(environment("APP__", "__", vars).unwrap())]);
        let value = crate::value::value("patch", crate::source::LayerKind::Patch, "\"x\"").unwrap();
        let patched = crate::patch::patch(merged.document(), &[("limits.max".parse().unwrap(), Some(value))]).unwrap();
        let merged = crate::layers::Merged::new(Arc::clone(merged.layers()), patched);
        let found = Schema::from_json(SCHEMA).unwrap().check(&merged, None).unwrap_err();
        assert_eq!(
            found.0.iter().find(|problem| problem.code == "type").unwrap().to_string(),
            "patch: limits.max: expected integer ≥ 1, got \"x\" (overrides APP__LIMITS__MAX (environment))"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{{\"a\": \"{}\", \"b\": 01, \"c\": \"{}\"}}", "x".repeat(500), "é".repeat(500));
        let problems = parse(Format::Json, "one.json", text.into(), &Limits::default()).unwrap_err();
        let shown = render(&problems, &[], &Secrets::new(&Schema::any()));
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[3].len() < 250 && lines[3].contains("\"b\": 01"), "{shown}");
        assert_eq!(lines[3].chars().nth(lines[4].find('^').unwrap()), Some('0'), "{shown}");
    }
}
