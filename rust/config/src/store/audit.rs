//! The audit: one line of JSON for everything that was tried.
//!
//! **In**: reports. **Out**: lines at the end of a file. **Law**: a line is one write to a file that is open for appending, so lines of several
//! processes never mix; values do not stand in it, only paths, so secrets cannot; whether it can be written decides nothing.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path as FilePath, PathBuf};

use serde::Serialize;

use super::report::Report;
use crate::diff::Diff;

/// Paths that are named one by one; of the others there is a number.
const NAMED: usize = 20;

/// Where lines go.
pub struct Audit {
    path: Option<PathBuf>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: i64,
    pid: u32,
    actor: &'a str,
    reason: &'a str,
    cause: &'a str,
    from: u64,
    to: u64,
    verdict: &'a str,
    forced: bool,
    changed: Changed,
    problems: Vec<String>,
}

#[derive(Serialize, Default)]
struct Changed {
    added: usize,
    removed: usize,
    changed: usize,
    paths: Vec<String>,
}

impl Audit {
    /// Appends to a file, or to nothing.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// Whether anybody reads it.
    pub fn is_kept(&self) -> bool {
        self.path.is_some()
    }

    /// Adds a line about an attempt; `diff` is what it changed or would have changed.
    pub fn record(&self, report: &Report, reason: &str, forced: bool, diff: Option<&Diff>) {
        let Some(path) = &self.path else { return };
        let changed = diff.map_or_else(Changed::default, |diff| Changed {
            added: diff.added().count(),
            removed: diff.removed().count(),
            changed: diff.changed().count(),
            paths: diff.differences.iter().take(NAMED).map(|difference| difference.path.to_string()).collect(),
        });
        let verdict = match (report.accepted, report.published) {
            (true, true) => "published",
            (true, false) => "unchanged",
            (false, _) => "refused",
        };
        let line = Line {
            time: report.time,
            pid: std::process::id(),
            actor: &report.actor,
            reason,
            cause: report.cause.name(),
            from: report.previous,
            to: report.version,
            verdict,
            forced,
            changed,
            problems: report.problems.iter().map(ToString::to_string).collect(),
        };
        if append(path, &line).is_err() {
            // A full disk must not stop a configuration from being repaired; metrics and logs show other signs.
        }
    }
}

fn append(path: &FilePath, line: &impl Serialize) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(&text)
}
