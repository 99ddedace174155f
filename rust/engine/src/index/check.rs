//! Checks an index from end to end, as it stands in storage.
//!
//! **In**: a storage. **Out**: what is not as it was written, with file and offset. **Law**: every byte that a manifest names is read;
//! damage never stops the check; a commit that others make meanwhile is no problem, the check then goes on with the newest.

use std::collections::HashMap;

use super::live;
use super::manifest::{self, Committed, SegmentEntry};
use super::names;
use crate::base::checksum::xxh3;
use crate::base::{DocId, Error, FieldId, Interrupt, Result};
use crate::segment::SegmentReader;
use crate::storage::Storage;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The object's name inside the index.
    pub file: String,
    /// Where in it.
    pub offset: u64,
    /// What was expected, what is there.
    pub what: String,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Number of the newest manifest, which was checked.
    pub generation: u64,
    /// Objects that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong; empty = intact.
    pub problems: Vec<Damage>,
}

impl CheckReport {
    fn add(&mut self, file: &str, error: Error) {
        let damage = match error {
            Error::Corruption { file, offset, what } => Damage { file, offset, what },
            other => Damage { file: file.to_owned(), offset: 0, what: other.to_string() },
        };
        self.problems.push(damage);
    }
}

/// Checks the newest commit, and that the manifests which are still there form a chain.
///
/// # Errors
/// [`Error::Index`] when there is no index, [`Error::FormatVersion`]; the storage itself fails; an interrupt. Damage is no error.
pub fn check(storage: &dyn Storage, interrupt: &Interrupt) -> Result<CheckReport> {
    loop {
        let mut report = CheckReport::default();
        let Some(newest) = chain(storage, &mut report)? else { return Ok(report) };
        report.generation = newest.manifest.number;
        let mut keys = Keys::default();
        for entry in &newest.manifest.segments {
            interrupt.check()?;
            segment(storage, entry, newest.manifest.schema.fields().len(), &mut keys, &mut report, interrupt)?;
        }
        keys.twice(&mut report)?;
        let moved = || Ok::<_, Error>(manifest::numbers(storage)?.last() != Some(&newest.manifest.number));
        if report.problems.is_empty() || !moved()? {
            return Ok(report);
        }
        // What was missing may have been replaced by a newer commit while this one was read.
    }
}

/// Reads all manifests; returns the newest, unless it cannot be read.
fn chain(storage: &dyn Storage, report: &mut CheckReport) -> Result<Option<Committed>> {
    let numbers = manifest::numbers(storage)?;
    let Some(&last) = numbers.last() else {
        let what = "there is no index here (no manifest); check the path".into();
        return Err(Error::Index { url: storage.url().to_owned(), kind: std::io::ErrorKind::NotFound, what });
    };
    let mut before: Option<Committed> = None;
    for number in numbers {
        let name = names::manifest(number);
        let bytes = match storage.open(&name) {
            Err(e) if e.is_not_found() => continue, // collected meanwhile
            bytes => bytes?,
        };
        report.files += 1;
        report.bytes += bytes.len() as u64;
        let committed = match Committed::decode(number, &bytes) {
            Ok(committed) => committed,
            Err(e @ Error::FormatVersion { .. }) => return Err(e),
            Err(e) => {
                report.add(&name, e);
                before = None;
                continue;
            }
        };
        if let Some(before) = &before
            && before.manifest.number + 1 == number
            && before.hash != committed.manifest.previous
        {
            let what = format!("it follows a manifest of hash {}, the one before has {}", committed.manifest.previous, before.hash);
            report.problems.push(Damage { file: name, offset: 0, what });
        }
        before = Some(committed);
    }
    Ok(before.filter(|newest| newest.manifest.number == last))
}

/// Checks one segment, its live bits, and what the manifest says of them.
fn segment(
    storage: &dyn Storage,
    entry: &SegmentEntry,
    fields: usize,
    keys: &mut Keys,
    report: &mut CheckReport,
    interrupt: &Interrupt,
) -> Result<()> {
    let object = entry.object();
    let _hold = storage.hold(&object).ok();
    let bytes = match storage.open(&object) {
        Ok(bytes) => bytes,
        Err(e) => {
            report.add(&object, e);
            return Ok(());
        }
    };
    report.files += 1;
    report.bytes += bytes.len() as u64;
    let says = |what: &str, manifest: u64, segment: u64| {
        (manifest != segment).then(|| Damage {
            file: object.clone(),
            offset: 0,
            what: format!("the manifest says {what} {manifest}, the segment {segment}"),
        })
    };
    report.problems.extend(says("size", entry.size, bytes.len() as u64));
    let live = match live::read(storage, entry) {
        Ok(live) => live,
        Err(e) => {
            report.add(&entry.live_object().unwrap_or_default(), e);
            None
        }
    };
    if let Some(live) = entry.live_object() {
        report.files += 1;
        report.bytes += storage.open(&live).map_or(0, |bytes| bytes.len() as u64);
    }
    let reader = match SegmentReader::from_bytes(&object, bytes, Some(entry.checksum)) {
        Ok(reader) => reader,
        Err(e) => {
            report.add(&object, e);
            return Ok(());
        }
    };
    let before = report.problems.len();
    for error in reader.check(interrupt)? {
        report.add(&object, error);
    }
    report.problems.extend(says("documents", u64::from(entry.docs), u64::from(reader.doc_count())));
    for field in (0..fields as u16).map(FieldId) {
        let (manifest, segment) = (entry.fields.get(field.index()).copied().unwrap_or_default(), reader.field_stats(field));
        report.problems.extend(says(&format!("documents with field {field}"), manifest.docs, segment.docs));
        report.problems.extend(says(&format!("length of field {field}"), manifest.sum_dl, segment.sum_dl));
    }
    if report.problems.len() == before
        && let Err(e) = keys.add(reader, live, entry)
    {
        report.add(&object, e);
    }
    Ok(())
}

/// All live keys, to find those that live twice.
#[derive(Default)]
struct Keys {
    /// Hash of the key, segment, document: 16 bytes a document.
    hashes: Vec<(u64, u32, u32)>,
    segments: Vec<(String, std::sync::Arc<SegmentReader>)>,
}

impl Keys {
    fn add(&mut self, reader: std::sync::Arc<SegmentReader>, live: Option<crate::base::bits::BitSet>, entry: &SegmentEntry) -> Result<()> {
        let segment = self.segments.len() as u32;
        let mut key = String::new();
        let (mut first, mut last) = (true, None::<u64>);
        for doc in (0..reader.doc_count()).filter(|doc| live.as_ref().is_none_or(|live| live.contains(*doc))) {
            reader.key(DocId(doc), &mut key)?;
            self.hashes.push((xxh3(key.as_bytes()), segment, doc));
            if key < entry.keys.0 || key > entry.keys.1 {
                let what = format!("key {key:?} lies outside the range that the manifest says");
                return Err(Error::corruption(entry.object(), 0, what));
            }
            let sequence = entry.base.saturating_add(reader.rel(DocId(doc))?);
            if !first && last.is_some_and(|last| last >= sequence) && reader.in_sequence_order() {
                return Err(Error::corruption(entry.object(), 0, format!("document {doc} is older than the one before it")));
            }
            (first, last) = (false, Some(sequence));
        }
        self.segments.push((entry.object(), reader));
        Ok(())
    }

    fn twice(&mut self, report: &mut CheckReport) -> Result<()> {
        self.hashes.sort_unstable();
        let mut found: HashMap<String, usize> = HashMap::new();
        for same in self.hashes.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            found.clear();
            for (_, segment, doc) in same {
                let Some((_, reader)) = self.segments.get(*segment as usize) else { continue };
                let mut key = String::new();
                reader.key(DocId(*doc), &mut key)?;
                *found.entry(key).or_default() += 1;
            }
            for (key, count) in found.iter().filter(|(_, count)| **count > 1) {
                let file = same.last().and_then(|(_, segment, _)| self.segments.get(*segment as usize)).map(|(object, _)| object.clone());
                let what = format!("key {key:?} has {count} live documents");
                report.problems.push(Damage { file: file.unwrap_or_default(), offset: 0, what });
            }
        }
        Ok(())
    }
}
