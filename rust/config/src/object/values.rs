//! A document as bytes: a stream of openings, values and closings.
//!
//! **In**: documents. **Out**: bytes, and documents that are equal to the last bit, times and floats included, with keys in the same order.
//! **Law**: a value is its kind, its key where it stands in a table, and its content; a container's values follow it until it is closed. Neither
//! side recurses; the reader bounds depth and lengths before it believes them.

use std::fmt;
use std::sync::Arc;

use crate::document::build::{Builder, KEY_LIMIT};
use crate::document::{Document, Kind, Node};
use crate::secrets::REFERENCE;
use crate::source::Source;
use crate::units::{put_varint, take_varint};

use super::places::Places;

/// Deeper documents are refused; the parsers' limit is lower.
const DEPTH: usize = 1024;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INTEGER: u8 = 3;
const FLOAT: u8 = 4;
const STRING: u8 = 5;
const TIME: u8 = 6;
const ARRAY: u8 = 7;
const TABLE: u8 = 8;
const CLOSE: u8 = 9;

/// Why bytes are no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage(pub &'static str);

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Damage {}

const CUT_OFF: Damage = Damage("its document is cut off");

enum Step<'a> {
    Value(Node<'a>, bool),
    Close,
}

/// Adds a document.
pub fn put(document: &Document, out: &mut Vec<u8>) {
    let mut steps = vec![Step::Value(document.root(), false)];
    while let Some(step) = steps.pop() {
        let Step::Value(node, keyed) = step else {
            out.push(CLOSE);
            continue;
        };
        out.push(match node.kind() {
            Kind::Null => NULL,
            Kind::Bool if node.as_bool() == Some(true) => TRUE,
            Kind::Bool => FALSE,
            Kind::Integer => INTEGER,
            Kind::Float => FLOAT,
            Kind::String => STRING,
            Kind::Time => TIME,
            Kind::Array => ARRAY,
            Kind::Table => TABLE,
        });
        if keyed {
            put_bytes(node.key().as_bytes(), out);
        }
        match node.kind() {
            Kind::Null | Kind::Bool => {}
            Kind::Integer => {
                let value = node.as_integer().unwrap_or(0);
                put_varint((value << 1 ^ value >> 63) as u64, out);
            }
            Kind::Float => out.extend_from_slice(&node.as_float().unwrap_or(0.0).to_bits().to_le_bytes()),
            Kind::String => put_bytes(node.as_str().unwrap_or("").as_bytes(), out),
            Kind::Time => put_bytes(node.as_time().unwrap_or("").as_bytes(), out),
            kind @ (Kind::Array | Kind::Table) => {
                steps.push(Step::Close);
                let from = steps.len();
                let keyed = kind == Kind::Table;
                steps.extend(node.items().map(|item| Step::Value(item, keyed)));
                if let Some(added) = steps.get_mut(from..) {
                    added.reverse();
                }
            }
        }
    }
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn take_text<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, Damage> {
    let length = take_varint(bytes).and_then(|length| usize::try_from(length).ok()).ok_or(Damage("a length is cut off"))?;
    let (text, rest) = bytes.split_at_checked(length).ok_or(Damage("a text is cut off"))?;
    *bytes = rest;
    std::str::from_utf8(text).map_err(|_| Damage("a text is not UTF-8"))
}

fn take_key<'a>(builder: &mut Builder, bytes: &mut &'a [u8]) -> Result<&'a str, Damage> {
    let key = take_text(bytes)?;
    if key.len() > KEY_LIMIT {
        return Err(Damage("a key is too long"));
    }
    builder.key_text(key);
    Ok(key)
}

/// Reads a document, each value of which has its number as its origin; also says whether the key of a sealed secret stands in it.
pub fn take(name: &str, places: Places, mut bytes: &[u8]) -> Result<(Document, bool), Damage> {
    // Offsets and lengths inside a document have 32 bits.
    if bytes.len() > u32::MAX as usize / 2 {
        return Err(Damage("it is too large"));
    }
    let source = Arc::new(Source::stored(name, places.by_number()));
    let mut builder = Builder::new(Some(source), bytes.len() / 12);
    let (mut has_secrets, mut number) = (false, 0);
    loop {
        let (&tag, rest) = bytes.split_first().ok_or(CUT_OFF)?;
        bytes = rest;
        if tag == CLOSE {
            if builder.depth() == 0 {
                return Err(Damage("something closes that was not opened"));
            }
            builder.close(0);
        } else {
            if builder.inside() == Some(Kind::Table) {
                has_secrets |= take_key(&mut builder, &mut bytes)? == REFERENCE;
            }
            take_value(tag, &mut builder, number, &mut bytes)?;
            number += 1;
        }
        if builder.depth() == 0 {
            break;
        }
    }
    if !bytes.is_empty() {
        return Err(Damage("something follows its document"));
    }
    if !builder.take_duplicates().is_empty() {
        return Err(Damage("a key stands twice"));
    }
    let document = builder.finish();
    if document.root().kind() != Kind::Table {
        return Err(Damage("its document is no table"));
    }
    Ok((document, has_secrets))
}

/// Takes the payload of one value and adds the value, which is the `number`th.
fn take_value(tag: u8, builder: &mut Builder, number: u32, bytes: &mut &[u8]) -> Result<(), Damage> {
    match tag {
        NULL => builder.bits(Kind::Null, 0, number),
        FALSE | TRUE => builder.bits(Kind::Bool, u64::from(tag == TRUE), number),
        INTEGER => {
            let value = take_varint(bytes).ok_or(CUT_OFF)?;
            builder.bits(Kind::Integer, value >> 1 ^ (value & 1).wrapping_neg(), number);
        }
        FLOAT => {
            let (eight, rest) = bytes.split_first_chunk::<8>().ok_or(CUT_OFF)?;
            *bytes = rest;
            let value = u64::from_le_bytes(*eight);
            if !f64::from_bits(value).is_finite() {
                return Err(Damage("a number is not finite"));
            }
            builder.bits(Kind::Float, value, number);
        }
        STRING => builder.text(Kind::String, take_text(bytes)?, number),
        TIME => builder.text(Kind::Time, take_text(bytes)?, number),
        ARRAY | TABLE => {
            if builder.depth() >= DEPTH {
                return Err(Damage("it is too deep"));
            }
            builder.open(if tag == ARRAY { Kind::Array } else { Kind::Table }, number);
        }
        _ => return Err(Damage("a value is of an unknown kind")),
    }
    Ok(())
}
