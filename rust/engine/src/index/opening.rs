//! From a manifest to open segments.
//!
//! **In**: a storage. **Out**: a snapshot of its newest (or a given) commit. **Law**: footers, manifest and live bits are verified here,
//! pages later, when they are first read; every segment is held before it is read, and when an object is gone because a newer commit
//! replaced it, the newest manifest is read again: an object that the *newest* manifest names and that is missing is corruption.

use std::sync::Arc;

use super::live;
use super::manifest::{self, Committed, Manifest, SegmentEntry};
use super::snapshot::{SegmentView, Snapshot};
use super::{names, steps};
use crate::base::{Error, Result};
use crate::schema::Schema;
use crate::segment::SegmentReader;
use crate::storage::Storage;

/// Creates an empty index.
///
/// # Errors
/// [`Error::Index`] when there is one already; those of the storage.
pub fn create(storage: &dyn Storage, schema: Arc<Schema>, hook: &steps::StepHook) -> Result<Snapshot> {
    let exists = || Error::Index {
        url: storage.url().to_owned(),
        kind: std::io::ErrorKind::AlreadyExists,
        what: "there is an index already; open it, or pass exist_ok=True, or choose another place".into(),
    };
    if !manifest::numbers(storage)?.is_empty() {
        return Err(exists());
    }
    let first = Manifest::first(schema, ulid::Ulid::generate().to_string());
    let bytes = first.encode()?;
    hook.before(steps::Step::Manifest)?;
    if !storage.create(&names::manifest(first.number), &bytes)? {
        return Err(exists());
    }
    let committed = Committed { manifest: first, hash: manifest::hash(&bytes) };
    Ok(Snapshot::new(Arc::new(committed), 0, Vec::new()))
}

/// Opens the newest commit.
///
/// # Errors
/// [`Error::Index`] when there is no index, [`Error::Corruption`], [`Error::FormatVersion`]; those of the storage.
pub fn open(storage: &dyn Storage) -> Result<Snapshot> {
    let none = || Error::Index {
        url: storage.url().to_owned(),
        kind: std::io::ErrorKind::NotFound,
        what: "there is no index here (no manifest); create one with Index.create, or check the path".into(),
    };
    let mut committed = manifest::newest(storage)?.ok_or_else(none)?;
    loop {
        match open_segments(storage, &committed, &[]) {
            Err(e) if e.is_not_found() => {
                let newer = manifest::newest(storage)?.ok_or_else(none)?;
                if newer.manifest.number == committed.manifest.number {
                    return Err(missing(&committed, &e));
                }
                committed = newer;
            }
            opened => return opened.map(|segments| Snapshot::new(Arc::new(committed), 0, segments)),
        }
    }
}

/// Opens one commit that need not be the newest.
///
/// # Errors
/// [`Error::StaleView`] when it, or what it names, is gone; else as [`open`].
pub fn open_generation(storage: &dyn Storage, generation: u64) -> Result<Snapshot> {
    let stale = |e: Error| match e {
        e if e.is_not_found() => Error::StaleView(format!("generation {generation} of {} is gone", storage.url())),
        e => e,
    };
    let committed = manifest::read(storage, generation).map_err(stale)?;
    let segments = open_segments(storage, &committed, &[]).map_err(stale)?;
    Ok(Snapshot::new(Arc::new(committed), 0, segments))
}

/// What the newest manifest names is missing.
pub(super) fn missing(committed: &Committed, error: &Error) -> Error {
    let file = match error {
        Error::Storage { path, .. } => path.clone(),
        _ => names::manifest(committed.manifest.number),
    };
    Error::corruption(file, 0, format!("manifest {} names this object, but it is gone", committed.manifest.number))
}

/// Opens what a manifest names; segments that are open already are taken from `open`.
pub(super) fn open_segments(storage: &dyn Storage, committed: &Committed, open: &[SegmentView]) -> Result<Vec<SegmentView>> {
    committed.manifest.segments.iter().map(|entry| open_segment(storage, entry, open.iter().find(|view| view.id() == entry.id))).collect()
}

/// Opens one segment with the live bits that its entry names.
pub(super) fn open_segment(storage: &dyn Storage, entry: &SegmentEntry, open: Option<&SegmentView>) -> Result<SegmentView> {
    let (reader, hold) = match open {
        Some(view) if view.hold.is_some() => (Arc::clone(&view.reader), view.hold.clone()),
        _ => {
            let object = entry.object();
            let hold = Arc::from(storage.hold(&object)?);
            let reader = SegmentReader::open(storage, &object, Some(entry.checksum))?;
            if reader.doc_count() != entry.docs {
                let what = format!("the manifest says {} documents, the segment {}", entry.docs, reader.doc_count());
                return Err(Error::corruption(object, 0, what));
            }
            (reader, Some(hold))
        }
    };
    let live = match (&entry.live, open) {
        (None, _) => None,
        (Some(live), Some(view)) if view.entry.live.as_ref() == Some(live) => view.live.clone(),
        (Some(_), _) => live::read(storage, entry)?.map(Arc::new),
    };
    let live_docs = entry.live_docs();
    Ok(SegmentView { reader, live, base: entry.base, live_docs, entry: Arc::new(entry.clone()), hold })
}
