//! Overlays as numbered objects: a change each, and sometimes all of them.
//!
//! **In**: changes, or all units. **Out**: bytes, and back. **Law**: what is read is untrusted: a wrong checksum, a length that leads outside or
//! a name that is no text makes the object one that is not there, with the reason. FORMAT.md has the grammar.

use std::borrow::Cow;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::{Change, Units, put_varint, take_varint};
use crate::numbering::Object;

const MAGIC: &[u8] = b"findspot units 1\n";
const WHOLE: u8 = b'A';
const CHANGES: u8 = b'C';

/// What one numbered object of the overlays says.
pub enum UnitsObject {
    /// These units changed since the object before.
    Changes(Vec<Change<'static>>),
    /// These are all; earlier objects do not matter any more.
    Whole(Arc<Units>),
}

fn put(name: &str, values: Option<&[u8]>, out: &mut Vec<u8>) {
    put_varint(name.len() as u64, out);
    out.extend_from_slice(name.as_bytes());
    // 0 = taken out, else the length and one.
    put_varint(values.map_or(0, |values| values.len() as u64 + 1), out);
    out.extend_from_slice(values.unwrap_or(&[]));
}

impl Object for UnitsObject {
    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Self::Changes(changes) => {
                body.push(CHANGES);
                changes.iter().for_each(|(name, values)| put(name, values.as_deref(), &mut body));
            }
            Self::Whole(units) => {
                body.push(WHOLE);
                units.iter().for_each(|(name, values)| put(name, Some(values), &mut body));
            }
        }
        [MAGIC, &xxh3_128(&body).to_le_bytes(), &body].concat()
    }
}

/// Reads an object; the error says what is wrong with it.
///
/// # Errors
/// When it is not one of ours, or damaged.
pub fn decode(bytes: &[u8]) -> Result<UnitsObject, &'static str> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin like an object of overlays of format 1")?;
    let (checksum, body) = rest.split_first_chunk::<16>().ok_or("it is cut off")?;
    if xxh3_128(body).to_le_bytes() != *checksum {
        return Err("its checksum is not that of its content");
    }
    let (&kind, mut body) = body.split_first().ok_or("it is cut off")?;
    let mut changes = Vec::new();
    while !body.is_empty() {
        let name = take_bytes(&mut body, 0).ok_or("a name is cut off")?;
        let name = std::str::from_utf8(name).map_err(|_| "a name is no text")?.to_owned();
        let mut ahead = body;
        let values = match take_varint(&mut ahead).ok_or("a length is cut off")? {
            0 => {
                body = ahead;
                None
            }
            _ => Some(Cow::Owned(take_bytes(&mut body, 1).ok_or("values are cut off")?.to_vec())),
        };
        changes.push((Cow::Owned(name), values));
    }
    match kind {
        CHANGES => Ok(UnitsObject::Changes(changes)),
        WHOLE => Units::default().with(changes).map(|units| UnitsObject::Whole(Arc::new(units))).ok_or("it is too large"),
        _ => Err("it is of an unknown kind"),
    }
}

fn take_bytes<'a>(bytes: &mut &'a [u8], more: u64) -> Option<&'a [u8]> {
    let length = usize::try_from(take_varint(bytes)?.checked_sub(more)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}
