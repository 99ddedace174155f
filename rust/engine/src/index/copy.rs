//! A consistent backup, while others write.
//!
//! **In**: an index. **Out**: the same commit in another storage. **Law**: what is copied is one commit, held until the copy is done;
//! its manifest is created last and only if the target has none, so an interrupted copy is no index; every byte that is copied is
//! verified first.

use super::manifest;
use super::{live, names, open};
use crate::base::{Error, Interrupt, Result};
use crate::codec::SegmentFile;
use crate::storage::Storage;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// The commit, under the same number in both.
    pub generation: u64,
    /// Objects copied.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Bytes between two looks at the interrupt.
const PIECE: usize = 4 << 20;

/// Copies the newest commit of `from` to `to`, which must hold no index.
///
/// # Errors
/// [`Error::Index`] when there is nothing to copy or the target is an index; corruption of the source (nothing that looks like an index
/// is left then); those of the storages; an interrupt.
pub fn copy(from: &dyn Storage, to: &dyn Storage, interrupt: &Interrupt) -> Result<CopyReport> {
    let occupied = || Error::Index {
        url: to.url().to_owned(),
        kind: std::io::ErrorKind::AlreadyExists,
        what: "there is an index already; copy to another place".into(),
    };
    if !manifest::numbers(to)?.is_empty() {
        return Err(occupied());
    }
    let (snapshot, bytes) = pin(from)?;
    let mut report = CopyReport { generation: snapshot.generation, ..CopyReport::default() };
    for view in &snapshot.segments {
        let object = view.entry.object();
        let bytes = from.open(&object)?;
        if let Some(damage) = SegmentFile::open(&object, bytes.clone(), Some(view.entry.checksum))?.check_all().into_iter().next() {
            return Err(damage);
        }
        write(to, &object, &bytes, &mut report, interrupt)?;
        // Not the object: a writer may have deleted it since, for readers keep the bits and not the file.
        if let (Some(object), Some(bits)) = (view.entry.live_object(), &view.live) {
            write(to, &object, &live::encode(&view.entry, bits)?, &mut report, interrupt)?;
        }
    }
    interrupt.check()?;
    if !to.create(&names::manifest(report.generation), &bytes)? {
        return Err(occupied());
    }
    report.files += 1;
    report.bytes += bytes.len() as u64;
    Ok(report)
}

/// The newest commit, held, with the bytes of its manifest.
fn pin(from: &dyn Storage) -> Result<(super::Snapshot, crate::storage::Bytes)> {
    loop {
        let snapshot = open(from)?;
        match from.open(&names::manifest(snapshot.generation)) {
            Ok(bytes) => return Ok((snapshot, bytes)),
            Err(e) if e.is_not_found() && manifest::numbers(from)?.last() > Some(&snapshot.generation) => {}
            Err(e) => return Err(e),
        }
    }
}

fn write(to: &dyn Storage, object: &str, bytes: &[u8], report: &mut CopyReport, interrupt: &Interrupt) -> Result<()> {
    // An earlier copy that was interrupted may have left it half written.
    to.delete(object)?;
    let mut target = to.writer(object)?;
    for piece in bytes.chunks(PIECE) {
        interrupt.check()?;
        target.write(piece)?;
    }
    target.finish()?;
    report.files += 1;
    report.bytes += bytes.len() as u64;
    Ok(())
}
