//! Guards that come with the store: how much may change at once.
//!
//! **In**: a candidate and the version before it. **Out**: acceptance, or the reason of a refusal. **Law**: the first version has nothing to be
//! compared with and passes all but `NotEmpty`; whoever means it overrules a guard with `force`, which the audit shows.

use super::hooks::{Candidate, GuardRule};
use crate::document::Path;
use crate::problem::{Problem, Problems};

/// Refuses a configuration without values.
pub struct NotEmpty;

/// Refuses the removal of more than this share of all values.
pub struct MaxRemoved(pub f64);

/// Refuses a change of more than this share of all values: changed, added or removed.
pub struct MaxChanged(pub f64);

/// Refuses changes at or below these paths.
pub struct ImmutablePaths(pub Vec<Path>);

impl GuardRule for NotEmpty {
    fn name(&self) -> &str {
        "not_empty"
    }

    fn judge(&self, candidate: &Candidate) -> Result<(), Problems> {
        if !candidate.document().root().is_empty() {
            return Ok(());
        }
        Err(refusal(self.name(), Path::root(), "at least one value", "none").into())
    }
}

fn refusal(name: &str, path: Path, expected: impl Into<String>, got: impl Into<String>) -> Problem {
    Problem::new("guard", path, expected, got).hint(format!("the guard `{name}` refused; `force` overrules it, and the history shows that"))
}

/// Compares a share of the leaves that the version before had with what is allowed.
fn share(
    name: &str,
    candidate: &Candidate,
    allowed: f64,
    what: &str,
    count: impl FnOnce(&crate::diff::Diff) -> usize,
) -> Result<(), Problems> {
    let Some(previous) = candidate.previous() else { return Ok(()) };
    let all = previous.document().leaves();
    let found = count(candidate.diff());
    if all == 0 || found as f64 <= allowed * all as f64 {
        return Ok(());
    }
    let expected = format!("at most {:.4} % of {all} values {what}", allowed * 100.0);
    Err(refusal(name, Path::root(), expected, format!("{found}, {:.4} %", found as f64 * 100.0 / all as f64)).into())
}

impl GuardRule for MaxRemoved {
    fn name(&self) -> &str {
        "max_removed"
    }

    fn judge(&self, candidate: &Candidate) -> Result<(), Problems> {
        share(self.name(), candidate, self.0, "removed", crate::diff::Diff::leaves_removed)
    }
}

impl GuardRule for MaxChanged {
    fn name(&self) -> &str {
        "max_changed"
    }

    fn judge(&self, candidate: &Candidate) -> Result<(), Problems> {
        share(self.name(), candidate, self.0, "changed", |diff| {
            let leaves = |side: &Option<crate::document::Document>| side.as_ref().map_or(0, crate::document::Document::leaves);
            diff.differences.iter().map(|difference| leaves(&difference.before).max(leaves(&difference.after))).sum()
        })
    }
}

impl GuardRule for ImmutablePaths {
    fn name(&self) -> &str {
        "immutable_paths"
    }

    fn judge(&self, candidate: &Candidate) -> Result<(), Problems> {
        let Some(previous) = candidate.previous() else { return Ok(()) };
        let changed = |path: &&Path| previous.document().get(path) != candidate.document().get(path);
        let found: Vec<Problem> =
            self.0.iter().filter(changed).map(|path| refusal(self.name(), path.clone(), "the value that it has", "another")).collect();
        if found.is_empty() { Ok(()) } else { Err(found.into()) }
    }
}
