//! Stored documents → Arrow columns.
//!
//! **In**: a schema field and the JSON values of the hits. **Out**: one column. **Law**: the schema alone decides a column's type, so
//! every result of one index has the same columns; a missing value is null. Text and Keyword are `large_utf8`, Keyword(many)
//! `large_list<large_utf8>`,
//! Integer `int64`, Float `float64`, Date `timestamp[us, UTC]`, Boolean `bool`, GeoPoint `struct<lat, lon>`.

use findspot_engine::schema::{FieldKind, date};
use serde_json::Value;

use super::abi::{Buffer, Data, Type};

/// The type of a field's column.
pub(super) fn field_type(name: &str, kind: &FieldKind) -> Type {
    let plain = |format, children| Type { format, name: name.to_owned(), nullable: true, children };
    match kind {
        FieldKind::Text { .. } | FieldKind::Keyword { many: false } => plain("U", vec![]),
        FieldKind::Keyword { many: true } => plain("+L", vec![leaf("item", "U", false)]),
        FieldKind::Integer => plain("l", vec![]),
        FieldKind::Float => plain("g", vec![]),
        FieldKind::Date => plain("tsu:UTC", vec![]),
        FieldKind::Boolean => plain("b", vec![]),
        FieldKind::GeoPoint => plain("+s", vec![leaf("lat", "g", true), leaf("lon", "g", true)]),
    }
}

/// A type without children.
pub(super) fn leaf(name: &str, format: &'static str, nullable: bool) -> Type {
    Type { format, name: name.to_owned(), nullable, children: vec![] }
}

/// The column of a field; `values` in the order of the hits.
pub(super) fn column(kind: &FieldKind, values: &[Option<&Value>]) -> Data {
    match kind {
        FieldKind::Text { .. } | FieldKind::Keyword { many: false } => texts(values.iter().map(|v| v.and_then(Value::as_str))),
        FieldKind::Keyword { many: true } => lists(values),
        FieldKind::Integer => numbers(values.iter().map(|v| v.and_then(Value::as_i64).map(i64::to_ne_bytes))),
        FieldKind::Float => floats(values.iter().map(|v| v.and_then(Value::as_f64))),
        FieldKind::Date => {
            numbers(values.iter().map(|v| v.and_then(Value::as_str).and_then(date::parse).map(|span| span.first.to_ne_bytes())))
        }
        FieldKind::Boolean => booleans(values),
        FieldKind::GeoPoint => points(values),
    }
}

/// 64-bit floats.
pub(super) fn floats(values: impl Iterator<Item = Option<f64>>) -> Data {
    numbers(values.map(|v| v.map(f64::to_ne_bytes)))
}

/// 64-bit integers.
pub(super) fn integers(values: impl Iterator<Item = Option<i64>>) -> Data {
    numbers(values.map(|v| v.map(i64::to_ne_bytes)))
}

/// UTF-8 strings with 64-bit offsets: no result is too large.
pub(super) fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Data {
    let mut valid = Validity::default();
    let (mut offsets, mut bytes) = (vec![0_i64], Vec::new());
    for value in values {
        valid.push(value.is_some());
        bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
        offsets.push(bytes.len() as i64);
    }
    let buffers = vec![Some(offsets_buffer(&offsets)), Some(Buffer::new(&bytes))];
    valid.finish(buffers, vec![])
}

fn numbers(values: impl Iterator<Item = Option<[u8; 8]>>) -> Data {
    let mut valid = Validity::default();
    let mut bytes = Vec::new();
    for value in values {
        valid.push(value.is_some());
        bytes.extend_from_slice(&value.unwrap_or_default());
    }
    valid.finish(vec![Some(Buffer::new(&bytes))], vec![])
}

fn booleans(values: &[Option<&Value>]) -> Data {
    let mut valid = Validity::default();
    let mut bits = Validity::default();
    for value in values {
        let boolean = value.and_then(Value::as_bool);
        valid.push(boolean.is_some());
        bits.push(boolean.unwrap_or(false));
    }
    valid.finish(vec![Some(Buffer::new(&bits.bits))], vec![])
}

fn lists(values: &[Option<&Value>]) -> Data {
    let mut valid = Validity::default();
    let (mut offsets, mut items) = (vec![0_i64], Vec::new());
    for value in values {
        match value {
            Some(Value::Array(array)) => items.extend(array.iter().map(Value::as_str)),
            Some(Value::String(one)) => items.push(Some(one.as_str())),
            _ => {}
        }
        valid.push(value.is_some_and(|v| v.is_array() || v.is_string()));
        offsets.push(items.len() as i64);
    }
    valid.finish(vec![Some(offsets_buffer(&offsets))], vec![texts(items.into_iter())])
}

fn points(values: &[Option<&Value>]) -> Data {
    let mut valid = Validity::default();
    let pair = |value: &Option<&Value>| match value {
        Some(Value::Object(point)) => Some((point.get("lat")?.as_f64()?, point.get("lon")?.as_f64()?)),
        Some(Value::Array(point)) => Some((point.first()?.as_f64()?, point.get(1)?.as_f64()?)),
        _ => None,
    };
    let pairs: Vec<Option<(f64, f64)>> = values.iter().map(pair).collect();
    for point in &pairs {
        valid.push(point.is_some());
    }
    let (lat, lon) = (pairs.iter().map(|p| p.map(|p| p.0)), pairs.iter().map(|p| p.map(|p| p.1)));
    valid.finish(vec![], vec![floats(lat), floats(lon)])
}

fn offsets_buffer(offsets: &[i64]) -> Buffer {
    Buffer::new(&offsets.iter().flat_map(|o| o.to_ne_bytes()).collect::<Vec<u8>>())
}

/// A validity bitmap: bit i of byte i / 8, least significant first; 1 = present.
#[derive(Default)]
struct Validity {
    bits: Vec<u8>,
    length: usize,
    nulls: usize,
}

impl Validity {
    fn push(&mut self, present: bool) {
        if self.length.is_multiple_of(8) {
            self.bits.push(0);
        }
        if let Some(byte) = self.bits.last_mut() {
            *byte |= u8::from(present) << (self.length % 8);
        }
        self.length += 1;
        self.nulls += usize::from(!present);
    }

    /// The column whose first buffer is this bitmap (left out when nothing is missing).
    fn finish(self, mut buffers: Vec<Option<Buffer>>, children: Vec<Data>) -> Data {
        buffers.insert(0, (self.nulls > 0).then(|| Buffer::new(&self.bits)));
        Data { length: self.length, nulls: self.nulls, buffers, children }
    }
}
