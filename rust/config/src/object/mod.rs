//! A version as a numbered object: how it is written, and how it is read by somebody who does not trust it.
//!
//! **In**: a document and what is known about it. **Out**: bytes, and back. **Law**
//! 1. The first line names the format and carries the checksum of everything after it; the second line is JSON (the head), the rest is the
//!    document in the form of `values`. FORMAT.md has the grammar.
//! 2. A secret is never written: the document was sealed before, so that the place that said it stands instead, and whoever reads the object
//!    asks its own sources. The hash in the head is that of the sealed document: nobody can guess a secret and try it. It is a name for people
//!    and for comparing; how it is computed may change from release to release, so nobody who reads an object computes it again.
//! 3. Where values stood for the publisher is a member of the line of the head that only readers of documents look at.
//! 4. What is read is untrusted: a wrong checksum, a length that leads outside, a depth beyond the limit, an unknown kind, another
//!    number than the object's, are each a reason to keep the version that is current. Nothing recurses.

mod head;
pub(crate) mod patches;
mod places;
mod values;

#[cfg(test)]
mod tests;

pub use head::{Cause, Head};
pub use patches::Patches;
pub(crate) use places::ByNumber;
pub use values::Damage;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use places::Places;

use crate::document::Document;

const MAGIC: &str = "findspot config 1 ";
/// Checksum in hexadecimal digits, and the end of the line.
const CHECKSUM: usize = 33;

/// A version as it was read.
#[derive(Debug)]
pub struct Stored {
    /// What is known about it.
    pub head: Head,
    /// The document, sealed.
    pub document: Document,
    /// Whether it has secrets.
    pub has_secrets: bool,
}

/// The hash of a document as heads name it.
pub fn hash_text(document: &Document) -> String {
    format!("{:032x}", document.hash())
}

/// The line of the head as it is written, and what else a reader of the document takes from it.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    head: &'a Head,
    #[serde(skip_serializing_if = "Places::is_empty")]
    places: Places,
}

#[derive(Deserialize)]
struct Placed {
    #[serde(default)]
    places: Places,
}

/// Writes a version, whose document is sealed.
pub fn encode(head: &Head, document: &Document) -> Vec<u8> {
    // A head is plain data with text keys: writing it cannot fail.
    let mut body = serde_json::to_vec(&Written { head, places: Places::of(document) }).unwrap_or_default();
    body.push(b'\n');
    values::put(document, &mut body);
    let mut bytes = format!("{MAGIC}{:032x}\n", xxh3_128(&body)).into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}

/// Splits an object into head, the line that it was read from, and document bytes, and believes them no more than their checksum.
fn open(bytes: &[u8]) -> Result<(Head, &[u8], &[u8]), Damage> {
    let rest = bytes.strip_prefix(MAGIC.as_bytes()).ok_or(Damage("it does not begin like a version of format 1"))?;
    let (checksum, body) = rest.split_at_checked(CHECKSUM).ok_or(Damage("it is cut off"))?;
    if checksum != format!("{:032x}\n", xxh3_128(body)).as_bytes() {
        return Err(Damage("its checksum is not that of its content"));
    }
    let end = memchr::memchr(b'\n', body).ok_or(Damage("its head is cut off"))?;
    let (line, rest) = body.split_at_checked(end).ok_or(Damage("its head is cut off"))?;
    let head = serde_json::from_slice(line).map_err(|_| Damage("its head is not what a head should be"))?;
    Ok((head, line, rest.get(1..).unwrap_or(&[])))
}

/// What is known about the version in an object, without reading its document.
///
/// # Errors
/// When it is no version, or a damaged one.
pub fn decode_head(bytes: &[u8]) -> Result<Head, Damage> {
    open(bytes).map(|(head, ..)| head)
}

/// Reads an object.
///
/// # Errors
/// When it is no version, or a damaged one.
pub fn decode(name: &str, bytes: &[u8]) -> Result<Stored, Damage> {
    let (head, line, rest) = open(bytes)?;
    // Places are for messages: a version whose places are none is as good without.
    let places = serde_json::from_slice::<Placed>(line).map(|placed| placed.places).unwrap_or_default();
    let (document, has_secrets) = values::take(name, places, rest)?;
    Ok(Stored { head, document, has_secrets })
}
