//! CSV rows as documents.
//!
//! **In**: a header row that names the members, then one row a document. **Out**: JSON objects. **Law**
//! 1. An empty cell is a missing value.
//! 2. With a schema, a cell is read by its field's type: `Integer` and `Float` as numbers, `Boolean` from `true`/`false`/`1`/`0` in any
//!    case, `GeoPoint` from `lat,lon` or `lat lon`, `Keyword(many)` as values separated by `|`, all else as its text. A cell that does not
//!    read so is passed on as text, and the parser refuses it with its place. Without a schema (to infer one) a cell that reads as a
//!    number or boolean becomes one.
//! 3. A row may not be longer than a document: a quotation mark that is never closed ends the reading instead of filling the memory.
//! 4. The place of a record is the line on which its row begins. A row of another length than the header is refused, never shifted.
//!
//! Source: RFC 4180, by the `csv` crate.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::open::Origin;
use super::{Chunk, RecordSource};
use crate::base::Result;
use crate::schema::{FieldKind, KeyKind, MAX_DOCUMENT, Schema};

const RECORDS: usize = 2048;
const BYTES: usize = 512 * 1024;

/// How the cells of one column are read.
enum Column {
    Guess,
    Text,
    Many,
    Integer,
    Float,
    Boolean,
    Point,
}

impl Column {
    fn of(name: &str, schema: Option<&Schema>) -> Self {
        let Some(schema) = schema else { return Self::Guess };
        if let Some((_, field)) = schema.find(name) {
            return match &field.kind {
                FieldKind::Text { .. } | FieldKind::Keyword { many: false } | FieldKind::Date => Self::Text,
                FieldKind::Keyword { many: true } => Self::Many,
                FieldKind::Integer => Self::Integer,
                FieldKind::Float => Self::Float,
                FieldKind::Boolean => Self::Boolean,
                FieldKind::GeoPoint => Self::Point,
            };
        }
        if name == schema.key() && schema.key_kind() == KeyKind::Integer { Self::Integer } else { Self::Text }
    }

    fn write(&self, cell: &[u8], out: &mut Vec<u8>) {
        let text = std::str::from_utf8(cell).map(str::trim).unwrap_or_default();
        let value = match self {
            Self::Text => None,
            Self::Many => return write_many(cell, out),
            Self::Integer => integer(text),
            Self::Float => float(text),
            Self::Boolean => boolean(text),
            Self::Point => point(text),
            Self::Guess if matches!(text, "true" | "false") => Some(text.to_owned()),
            Self::Guess => integer(text).filter(|number| number == text).or_else(|| float(text).filter(|_| looks_decimal(text))),
        };
        match value {
            Some(value) => out.extend_from_slice(value.as_bytes()),
            None => write_text(cell, out),
        }
    }
}

fn integer(text: &str) -> Option<String> {
    text.parse::<i64>().ok().map(|number| number.to_string())
}

fn float(text: &str) -> Option<String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    serde_json::to_string(&number).ok()
}

/// Only digits, sign and point: `1e5`, `inf` and phone numbers with a leading zero stay text when types are guessed.
fn looks_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.split('.').next().unwrap_or_default();
    digits.contains('.')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && (whole == "0" || !whole.starts_with('0'))
        && !whole.is_empty()
}

fn boolean(text: &str) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some("true".into()),
        "false" | "0" => Some("false".into()),
        _ => None,
    }
}

fn point(text: &str) -> Option<String> {
    let (lat, lon) = text.split_once(',').or_else(|| text.split_once(' '))?;
    Some(format!("[{},{}]", float(lat.trim())?, float(lon.trim())?))
}

fn write_many(cell: &[u8], out: &mut Vec<u8>) {
    out.push(b'[');
    for (i, value) in cell.split(|&byte| byte == b'|').filter(|value| !value.trim_ascii().is_empty()).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_text(value.trim_ascii(), out);
    }
    out.push(b']');
}

/// A JSON string. Bytes that are no UTF-8 go in as they are: the parser refuses them with their position.
fn write_text(cell: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in cell {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Hands on what it reads until a row has had its share.
struct Bounded<R> {
    reader: R,
    left: Arc<AtomicUsize>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(io::Error::other("a row of more than 16 MiB (is a quotation mark not closed?)"));
        }
        let most = left.min(buffer.len());
        let read = self.reader.read(&mut buffer[..most])?;
        self.left.store(left - read, Ordering::Relaxed);
        Ok(read)
    }
}

pub(super) struct Rows<R> {
    reader: Reader<Bounded<R>>,
    /// How many bytes may still be read before the next row is whole.
    left: Arc<AtomicUsize>,
    origin: Origin,
    /// Each column's name as JSON text with its colon, and how its cells are read. Empty before the header was read.
    columns: Vec<(Vec<u8>, Column)>,
    row: ByteRecord,
    schema: Option<Schema>,
}

impl<R: Read + Send> Rows<R> {
    pub(super) fn new(reader: R, origin: Origin, schema: Option<&Schema>) -> Self {
        let left = Arc::new(AtomicUsize::new(MAX_DOCUMENT));
        let reader = Bounded { reader, left: Arc::clone(&left) };
        let reader = ReaderBuilder::new().flexible(true).has_headers(false).buffer_capacity(BYTES).from_reader(reader);
        Self { reader, left, origin, columns: Vec::new(), row: ByteRecord::new(), schema: schema.cloned() }
    }

    fn read_header(&mut self) {
        let cells = self.row.iter().enumerate().map(|(i, name)| {
            let name = if i == 0 { name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name) } else { name };
            let mut json = Vec::new();
            write_text(name.trim_ascii(), &mut json);
            json.push(b':');
            (json, Column::of(&String::from_utf8_lossy(name.trim_ascii()), self.schema.as_ref()))
        });
        self.columns = cells.collect();
    }

    fn write_row(&self, out: &mut Vec<u8>) {
        if self.row.len() != self.columns.len() {
            // No JSON: refused by the parser, with this as what it got.
            out.extend_from_slice(format!("a row of {} cells under {} columns", self.row.len(), self.columns.len()).as_bytes());
            return;
        }
        out.push(b'{');
        let mut first = true;
        for ((name, column), cell) in self.columns.iter().zip(&self.row) {
            if cell.is_empty() {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            out.extend_from_slice(name);
            column.write(cell, out);
        }
        out.push(b'}');
    }
}

impl<R: Read + Send> RecordSource for Rows<R> {
    fn next(&mut self, chunk: &mut Chunk) -> Result<bool> {
        chunk.clear();
        while chunk.len() < RECORDS && chunk.bytes.len() < BYTES {
            self.left.store(MAX_DOCUMENT, Ordering::Relaxed);
            let more = self.reader.read_byte_record(&mut self.row).map_err(|e| self.origin.damaged(self.reader.position().line(), &e))?;
            if !more {
                break;
            }
            if self.columns.is_empty() {
                self.read_header();
                continue;
            }
            let line = self.row.position().map_or(0, csv::Position::line);
            chunk
                .push_with::<()>(line, |out| {
                    self.write_row(out);
                    Ok(())
                })
                .unwrap_or_default();
        }
        Ok(!chunk.is_empty())
    }

    fn name(&self) -> Option<&str> {
        self.origin.name()
    }

    fn progress(&self) -> Option<(u64, u64)> {
        self.origin.progress()
    }
}
