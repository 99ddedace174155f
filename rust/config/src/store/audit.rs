//! The audit: one line of JSON for everything that was tried.
//!
//! **In**: reports. **Out**: lines at the end of a file. **Law**: a line is one write to a file that is open for appending, so lines of several
//! processes never mix; values do not stand in it, only paths, so secrets cannot. A file that cannot be written is refused when the store is
//! opened; later it decides nothing, since a full disk must not stop a configuration from being repaired: the report says so in a warning,
//! the log says so, and metrics count it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::report::Report;
use crate::diff::Diff;
use crate::document::Path;
use crate::problem::{Problem, Problems};

/// Paths that are named one by one; of the others there is a number.
const NAMED: usize = 20;

/// Where lines go.
pub struct Audit {
    path: Option<PathBuf>,
    failures: AtomicU64,
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
        Self { path, failures: AtomicU64::new(0) }
    }

    /// Whether anybody reads it.
    pub fn is_kept(&self) -> bool {
        self.path.is_some()
    }

    /// Whether lines can be added; makes the file.
    ///
    /// # Errors
    /// Why not.
    pub fn try_open(&self) -> Result<(), Problems> {
        let Some(path) = &self.path else { return Ok(()) };
        open(path).map(drop).map_err(|error| unwritable(path, &error).into())
    }

    /// How many lines could not be written.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Adds a line about an attempt; `diff` is what it changed or would have changed. Returns a warning when it cannot.
    pub fn record(&self, report: &Report, reason: &str, forced: bool, diff: Option<&Diff>) -> Option<Problem> {
        let path = self.path.as_ref()?;
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
        let error = append(path, &line).err()?;
        self.failures.fetch_add(1, Ordering::Relaxed);
        let warning = unwritable(path, &error).warning();
        log::warn!(target: "findspot::config", "{warning}");
        Some(warning)
    }
}

fn unwritable(path: &FilePath, error: &std::io::Error) -> Problem {
    Problem::new("audit", Path::root(), format!("an audit file that lines can be added to at {}", path.display()), error.to_string())
        .hint("name a file in a folder that this process may write to, on a disk with room; no line is added until then")
}

fn open(path: &FilePath) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn append(path: &FilePath, line: &impl Serialize) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    open(path)?.write_all(&text)
}
