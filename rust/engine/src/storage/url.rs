//! From what users type to a storage: a path, `file://…` or `memory://…`.
//!
//! **Law**: a URL names the same storage from every handle of this process; unknown schemes are refused with what is known.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::{FileStorage, MemoryStorage, Storage};
use crate::base::{Error, Result};

/// Whether `target` is a URL rather than a path.
#[must_use]
pub fn is_url(target: &str) -> bool {
    target.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// The storage that `target` names. Nothing is created or read yet.
///
/// # Errors
/// [`Error::Index`] for a scheme that this build does not know or a name that cannot be.
pub fn connect(target: &str) -> Result<Arc<dyn Storage>> {
    let refuse = |what: String| Error::Index { url: target.to_owned(), kind: io::ErrorKind::InvalidInput, what };
    if target.is_empty() || target.contains('\0') {
        return Err(refuse("expected a path, file://… or memory://name, got an empty name or one with a NUL".into()));
    }
    if !is_url(target) {
        return Ok(Arc::new(FileStorage::new(PathBuf::from(target))?));
    }
    match target.split_once("://") {
        Some(("file", path)) if path.starts_with('/') => Ok(Arc::new(FileStorage::new(PathBuf::from(
            percent_decoded(path).ok_or_else(|| refuse("expected percent escapes of two hexadecimal digits that make UTF-8".into()))?,
        ))?)),
        Some(("file", _)) => Err(refuse("expected an absolute path, as in file:///srv/treasures.findspot".into())),
        Some(("memory", name)) => Ok(MemoryStorage::named(name)),
        _ => Err(refuse("expected a path, file://… or memory://…".into())),
    }
}

/// RFC 3986, section 2.1.
fn percent_decoded(path: &str) -> Option<String> {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            out.push((high * 16 + low) as u8);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok().filter(|path| !path.contains('\0'))
}
