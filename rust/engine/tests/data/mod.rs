//! The development data: where it is, and how a test says that it is not there.
//!
//! **Law**: the folder is `$FINDSPOT_DATA` (empty: none), else `../shared/data` beside the repository. A test that needs a missing file prints
//! `SKIPPED <test>: <reason>` on a line of its own and passes; the test runner counts these lines. It is never skipped silently.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    match std::env::var_os("FINDSPOT_DATA") {
        // Set but empty, as the task file passes it on: there is no data.
        Some(folder) if folder.is_empty() => PathBuf::from("/dev/null"),
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    }
}

/// The data folder's `path` if it exists, else `None` and the skip is on record.
pub fn path(test: &str, path: &str) -> Option<PathBuf> {
    let whole = folder().join(path);
    if whole.exists() {
        return Some(whole);
    }
    // Not `println!`: the harness keeps that for failing tests, and a skip must be seen.
    let line = format!("\nSKIPPED {test}: {} does not exist (set FINDSPOT_DATA to the development data)\n", whole.display());
    std::io::stdout().lock().write_all(line.as_bytes()).expect("standard output");
    None
}

/// The text of a file, or of the same name with `.zst` behind it.
pub fn text(file: &Path) -> String {
    let mut packed = file.as_os_str().to_owned();
    packed.push(".zst");
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(_) => {
            let mut bytes = Vec::new();
            let file = std::fs::File::open(&packed).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            zstd::Decoder::new(file).and_then(|mut decoder| decoder.read_to_end(&mut bytes)).expect("zstd");
            bytes
        }
    };
    String::from_utf8(bytes).expect("UTF-8")
}
