//! Providers: who brings the layers.
//!
//! **In**: files by name or pattern, variables, tables of the program. **Out**: layers. **Law**: bytes that have not changed give the very same
//! layer again, unread, so an unchanged reload costs one comparison; every provider is asked even when one fails, so all problems are
//! reported at once; a version never mixes two states of the files: what was read is kept only when the files look the same after reading
//! as before (`read_all`), so a swapped link in the middle is noticed, whatever number of files and providers it touches.

use std::fs;
use std::io::{ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use findspot_publish::Latest;

use crate::document::Path;
use crate::layers::{Layer, environment, misplaced};
use crate::pace;
use crate::parse::{Format, Limits, parse_as};
use crate::problem::{Problem, Problems};
use crate::source::{LayerKind, TEXTS};
use crate::watch::Observation;

/// Bytes that are read and compared at once: they stay in the caches next to the core.
const PART: usize = 1 << 16;
/// How often reading begins again when files change meanwhile.
const TRIES: usize = 20;

/// A source of layers, lowest first.
pub trait Provider: Send + Sync {
    /// Reads everything. What has not changed is the same layer as before.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn read(&self) -> Result<Vec<Arc<Layer>>, Problems>;
    /// The files and folders whose change means that reading could give something else.
    fn watched(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// Files by pattern (`conf/*.toml`), in the order of patterns and then of names.
pub struct Files {
    patterns: Vec<String>,
    format: Option<Format>,
    may_be_missing: bool,
    kind: LayerKind,
    limits: Limits,
    known: Latest<Vec<(PathBuf, Arc<Layer>)>>,
}

impl Files {
    /// Files of one format, or (`None`) of the format that each name ends with. Unless `may_be_missing`, a pattern that finds nothing is a
    /// problem.
    pub fn new(patterns: Vec<String>, format: Option<Format>, may_be_missing: bool) -> Self {
        let kind = if format == Some(Format::Dotenv) { LayerKind::Dotenv } else { LayerKind::File };
        Self { patterns, format, may_be_missing, kind, limits: Limits::default(), known: Latest::new(Vec::new()) }
    }

    /// With other limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    fn found(&self) -> Result<Vec<PathBuf>, Problems> {
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for pattern in &self.patterns {
            match expand(pattern) {
                Err(problem) => problems.push(*problem),
                Ok(files) if files.is_empty() && !self.may_be_missing => {
                    problems.push(problem("missing_file", pattern, "a file", "none").hint("create it, or let it be missing (missing_ok)"));
                }
                Ok(files) => found.extend(files),
            }
        }
        if problems.is_empty() { Ok(found) } else { Err(problems.into()) }
    }

    fn read_one(&self, path: &FilePath, known: &[(PathBuf, Arc<Layer>)]) -> Result<Option<Arc<Layer>>, Problems> {
        let name = path.display().to_string();
        let known = known.iter().find(|(known, _)| known == path).map(|(_, layer)| layer);
        let bytes = match self.bytes(path, known.map(|layer| layer.source_text())) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(known.cloned()),
            Err(error) if error.kind() == ErrorKind::NotFound && self.may_be_missing => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(problem("missing_file", &name, "a file", "none").into()),
            Err(error) => return Err(unreadable(&name, &error).into()),
        };
        pace::look();
        let Some(format) = self.format.or_else(|| Format::of_name(&name)) else {
            return Err(problem("format", &name, "a name that says the format", "another")
                .hint("name the format, or the file .toml, .json, .yaml")
                .into());
        };
        parse_as(self.kind, format, &name, bytes, &self.limits).map(|layer| Some(Arc::new(layer)))
    }

    /// The bytes of a regular file, none when they are the known ones: a pipe would never end, and a folder has none.
    fn bytes(&self, path: &FilePath, known: Option<&str>) -> std::io::Result<Option<Vec<u8>>> {
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(std::io::Error::new(
                ErrorKind::InvalidInput,
                if metadata.is_dir() { "it is a folder" } else { "it is no regular file" },
            ));
        }
        // One byte more than the limit is enough for the parser to refuse it.
        let most = self.limits.bytes as u64 + 1;
        let mut file = fs::File::open(path)?.take(most);
        let room = |read: usize| TEXTS.take((metadata.len().min(most) as usize).max(read) + 1);
        let mut bytes = match known {
            None => room(0),
            Some(known) => match differing(&mut file, known.as_bytes())? {
                None => return Ok(None),
                Some((same, part)) => {
                    let mut bytes = room(same.len() + part.len());
                    bytes.extend_from_slice(same);
                    bytes.extend_from_slice(&part);
                    bytes
                }
            },
        };
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

/// Reads as long as the file says what is known, and keeps nothing of that: most of the memory that an unchanged reading goes through is not
/// touched. What was the same, and what was read that was not; none when all of it was the same.
fn differing<'a>(file: &mut impl Read, known: &'a [u8]) -> std::io::Result<Option<(&'a [u8], Vec<u8>)>> {
    let (mut part, mut same) = (vec![0; PART], 0);
    loop {
        let read = match file.read(&mut part) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 && same == known.len() {
            return Ok(None);
        }
        if read > 0 && known.get(same..same + read) == part.get(..read) {
            same += read;
            continue;
        }
        part.truncate(read);
        return Ok(Some((known.get(..same).unwrap_or_default(), part)));
    }
}

fn problem(code: &'static str, name: &str, expected: &str, got: &str) -> Problem {
    Problem::new(code, Path::root(), format!("{expected} at {name}"), got)
}

fn unreadable(name: &str, error: &std::io::Error) -> Problem {
    problem("unreadable", name, "a readable file", &error.to_string()).hint("check its permissions, and that it is a file")
}

/// The files that a pattern names; a name without wildcards is itself, whether it exists or not.
fn expand(pattern: &str) -> Result<Vec<PathBuf>, Box<Problem>> {
    if !has_wildcards(pattern) {
        return Ok(vec![PathBuf::from(pattern)]);
    }
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::default() };
    let files =
        glob::glob_with(pattern, options).map_err(|error| Box::new(problem("pattern", pattern, "a pattern of file names", error.msg)))?;
    let mut found = Vec::new();
    for file in files {
        found.push(file.map_err(|error| Box::new(unreadable(&error.path().display().to_string(), error.error())))?);
    }
    found.sort();
    Ok(found)
}

fn has_wildcards(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

impl Provider for Files {
    fn read(&self) -> Result<Vec<Arc<Layer>>, Problems> {
        let known = self.known.load();
        let (mut layers, mut read, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for path in self.found()? {
            match self.read_one(&path, &known) {
                Ok(Some(layer)) => {
                    layers.push(Arc::clone(&layer));
                    read.push((path, layer));
                }
                Ok(None) => {}
                Err(found) => problems.extend(found.0),
            }
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        self.known.offer(&known, read);
        Ok(layers)
    }

    fn watched(&self) -> Vec<PathBuf> {
        let mut watched = Vec::new();
        for pattern in &self.patterns {
            if has_wildcards(pattern) {
                // The folder above the first wildcard; files that may appear deeper are found by the content's rare look.
                let above: PathBuf =
                    FilePath::new(pattern).components().take_while(|part| !has_wildcards(&part.as_os_str().to_string_lossy())).collect();
                watched.push(if above.as_os_str().is_empty() { PathBuf::from(".") } else { above });
            }
            watched.extend(expand(pattern).unwrap_or_default());
        }
        watched
    }
}

/// Variables and the layer that they are.
type Environment = (Vec<(String, String)>, Arc<Layer>);

/// Variables with a prefix; where they come from is the caller's business.
pub struct Variables {
    prefix: String,
    separator: String,
    all: Box<dyn Fn() -> Vec<(String, String)> + Send + Sync>,
    known: Latest<Option<Environment>>,
}

impl Variables {
    /// Variables that begin with `prefix`, nested by `separator`; `all` returns every variable there is.
    pub fn new(prefix: &str, separator: &str, all: impl Fn() -> Vec<(String, String)> + Send + Sync + 'static) -> Self {
        Self { prefix: prefix.to_owned(), separator: separator.to_owned(), all: Box::new(all), known: Latest::new(None) }
    }
}

impl Provider for Variables {
    fn read(&self) -> Result<Vec<Arc<Layer>>, Problems> {
        let variables: Vec<_> = (self.all)().into_iter().filter(|(name, _)| name.starts_with(&self.prefix)).collect();
        let known = self.known.load();
        if let Some((same, layer)) = &**known
            && *same == variables
        {
            return Ok(vec![Arc::clone(layer)]);
        }
        let layer = Arc::new(environment(&self.prefix, &self.separator, variables.iter().cloned())?);
        self.known.offer(&known, Some((variables, Arc::clone(&layer))));
        Ok(vec![layer])
    }
}

/// Layers that the program made: defaults, a mapping, overrides.
pub struct Fixed(pub Vec<Arc<Layer>>);

impl Provider for Fixed {
    fn read(&self) -> Result<Vec<Arc<Layer>>, Problems> {
        Ok(self.0.clone())
    }
}

/// All watched paths of some providers.
pub fn watched(providers: &[Arc<dyn Provider>]) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = providers.iter().flat_map(|provider| provider.watched()).collect();
    paths.sort();
    paths.dedup();
    paths
}

fn panicked() -> Problems {
    Problem::new("source_panicked", Path::root(), "layers of a source", "a panic").hint("this is a defect of the source").into()
}

/// The layers of one provider.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_one(provider: &Arc<dyn Provider>) -> Result<Vec<Arc<Layer>>, Problems> {
    catch_unwind(AssertUnwindSafe(|| provider.read())).unwrap_or_else(|_| Err(panicked()))
}

/// The layers of all providers at one moment.
///
/// # Errors
/// Everything that is wrong with any of them, or that the files never stood still.
pub fn read_all(providers: &[Arc<dyn Provider>]) -> Result<Vec<Arc<Layer>>, Problems> {
    let mut before = Observation::of(&watched(providers));
    for _ in 0..TRIES {
        let (mut layers, mut problems) = (Vec::new(), Vec::new());
        for provider in providers {
            match read_one(provider) {
                Ok(read) => {
                    problems.extend(read.iter().flat_map(|layer| misplaced(layer)));
                    layers.extend(read);
                }
                Err(found) => problems.extend(found.0),
            }
        }
        let after = Observation::of(&watched(providers));
        if before == after {
            return if problems.is_empty() { Ok(layers) } else { Err(problems.into()) };
        }
        before = after;
    }
    let expected = format!("files that stand still while they are read, in one of {TRIES} attempts");
    Err(Problem::new("unstable", Path::root(), expected, "files that changed each time")
        .hint("write them less often, or rename them into place")
        .into())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// JSON with a text of so many bytes in all.
    fn json(len: usize, fill: char) -> String {
        format!("{{\"a\":\"{}\"}}", fill.to_string().repeat(len - 8))
    }

    #[test]
    fn a_file_is_read_again_wherever_it_differs_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.json");
        let provider = Files::new(vec![path.display().to_string()], None, false);
        let mut known: Option<Arc<Layer>> = None;
        let lengths = [9, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7];
        let texts = lengths.into_iter().flat_map(|len| {
            let same = json(len, 'x');
            let changed = (0..len).step_by((len / 3).max(1)).filter(|at| (6..len - 2).contains(at));
            let changed: Vec<String> = changed.map(|at| format!("{}y{}", &same[..at], &same[at + 1..])).collect();
            [vec![same.clone(), same.clone()], changed, vec![json(len + 1, 'x'), same]].concat()
        });
        for text in texts {
            fs::write(&path, &text).unwrap();
            let layer = provider.read().unwrap().remove(0);
            assert_eq!(layer.source_text(), text);
            let is_known = known.as_ref().is_some_and(|known| known.source_text() == text);
            assert_eq!(known.is_some_and(|known| Arc::ptr_eq(&known, &layer)), is_known, "{} bytes", text.len());
            known = Some(layer);
        }
    }
}
