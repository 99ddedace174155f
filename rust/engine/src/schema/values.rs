//! The value of one field, by its kind.
//!
//! **In**: a JSON value at a reader. **Out**: no value (`null`, an empty list), one, or, for `Keyword(many)`, several. **Law**: nothing is
//! coerced, but for an integer given for a Float, which is that number. Text and single Keywords take one string, never a list: how a
//! list is to be joined is the caller's knowledge.

use std::borrow::Cow;

use super::document::Value;
use super::json::{Kind, Reader};
use super::refusal::{Refused, shorten};
use super::{FieldKind, MAX_KEYWORD, date};
use crate::base::FieldId;

const DATE: &str = "a date of the years 0001 to 9999 in ISO 8601, as in \"2016-09-01\" or \"2016-09-01T12:30:00Z\"";
const GEO_POINT: &str = "{\"lat\": −90…90, \"lon\": −180…180} or [lat, lon]";
const INTEGER: &str = "an integer from -9223372036854775808 to 9223372036854775807";
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
const DATES: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// What a field of this kind takes.
pub(super) fn expected(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text { .. } => "one string",
        FieldKind::Keyword { many: false } => "one string of at most 8192 bytes",
        FieldKind::Keyword { many: true } => "a string or a list of strings, each of at most 8192 bytes",
        FieldKind::Integer => INTEGER,
        FieldKind::Float => "a finite number",
        FieldKind::Date => DATE,
        FieldKind::Boolean => "true or false",
        FieldKind::GeoPoint => GEO_POINT,
    }
}

/// A date in microseconds, if the text is one that a document may hold.
pub(crate) fn date_of(text: &str) -> Option<i64> {
    date::parse(text).map(|span| span.first).filter(|at| DATES.contains(at))
}

/// Latitude and longitude, if they are on the globe.
pub(crate) fn on_globe(lat: f64, lon: f64) -> bool {
    (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)
}

/// Reads the value at `reader` into `out`.
#[inline]
pub(super) fn read<'a>(reader: &mut Reader<'a>, id: FieldId, kind: &FieldKind, out: &mut Vec<(FieldId, Value<'a>)>) -> Result<(), Refused> {
    read_value(reader, id, kind, out).map_err(|refused| refused.wanting(expected(kind)))
}

#[inline]
fn read_value<'a>(reader: &mut Reader<'a>, id: FieldId, kind: &FieldKind, out: &mut Vec<(FieldId, Value<'a>)>) -> Result<(), Refused> {
    reader.peek();
    let start = reader.at();
    let value = match (kind, reader.kind()?) {
        (_, Kind::Null) => {
            reader.null()?;
            return Ok(());
        }
        (FieldKind::Text { .. }, Kind::String) => Some(Value::Text(reader.string()?)),
        (FieldKind::Keyword { .. }, Kind::String) => Some(keyword(reader, kind)?),
        (FieldKind::Keyword { many: true }, Kind::List) => return keywords(reader, id, kind, out),
        (FieldKind::Integer, Kind::Number) => {
            let number = reader.number()?;
            if number.integer { number.text.parse().ok().map(Value::Integer) } else { None }
        }
        (FieldKind::Float, Kind::Number) => float(reader)?.map(Value::Float),
        (FieldKind::Date, Kind::String) => date_of(&reader.string()?).map(Value::Date),
        (FieldKind::Boolean, Kind::Boolean) => Some(Value::Boolean(reader.boolean()?)),
        (FieldKind::GeoPoint, Kind::Object) => point_of_members(reader)?,
        (FieldKind::GeoPoint, Kind::List) => point_of_list(reader)?,
        _ => None,
    };
    match value {
        Some(value) => {
            out.push((id, value));
            Ok(())
        }
        None => {
            reader.rewind(start);
            Err(Refused::value(expected(kind), shorten(reader.skip()?)))
        }
    }
}

/// A number that is finite.
fn float(reader: &mut Reader<'_>) -> Result<Option<f64>, Refused> {
    let number = reader.number()?;
    Ok(number.text.parse::<f64>().ok().filter(|value| value.is_finite()))
}

fn keyword<'a>(reader: &mut Reader<'a>, kind: &FieldKind) -> Result<Value<'a>, Refused> {
    let text: Cow<'a, str> = reader.string()?;
    if text.len() > MAX_KEYWORD {
        return Err(Refused::value(expected(kind), format!("a string of {} bytes: {}", text.len(), shorten(&text))));
    }
    Ok(Value::Keyword(text))
}

fn keywords<'a>(reader: &mut Reader<'a>, id: FieldId, kind: &FieldKind, out: &mut Vec<(FieldId, Value<'a>)>) -> Result<(), Refused> {
    reader.require(b'[', "[")?;
    if reader.pass(b']') {
        return Ok(());
    }
    loop {
        if reader.kind()? != Kind::String {
            return Err(Refused::value(expected(kind), format!("{} inside the list", shorten(reader.skip()?))));
        }
        out.push((id, keyword(reader, kind)?));
        if !reader.pass(b',') {
            return Ok(reader.require(b']', "a comma or ]")?);
        }
    }
}

/// A number, or nothing for another kind of value (which is left alone).
fn coordinate(reader: &mut Reader<'_>) -> Result<Option<f64>, Refused> {
    if reader.kind()? == Kind::Number { float(reader) } else { Ok(None) }
}

/// `{"lat": …, "lon": …}` and no other member.
fn point_of_members<'a>(reader: &mut Reader<'a>) -> Result<Option<Value<'a>>, Refused> {
    let (mut lat, mut lon) = (None, None);
    reader.require(b'{', "{")?;
    if reader.peek() == Some(b'}') {
        return Ok(None);
    }
    loop {
        let name = reader.name()?;
        let slot = match &*name {
            "lat" => &mut lat,
            "lon" => &mut lon,
            _ => return Ok(None),
        };
        let (None, Some(degrees)) = (*slot, coordinate(reader)?) else { return Ok(None) };
        *slot = Some(degrees);
        if !reader.pass(b',') {
            break;
        }
    }
    reader.require(b'}', "a comma or }")?;
    Ok(lat.zip(lon).filter(|&(lat, lon)| on_globe(lat, lon)).map(|(lat, lon)| Value::Geo { lat, lon }))
}

/// `[lat, lon]`.
fn point_of_list<'a>(reader: &mut Reader<'a>) -> Result<Option<Value<'a>>, Refused> {
    reader.require(b'[', "[")?;
    if reader.peek() == Some(b']') {
        return Ok(None);
    }
    let Some(lat) = coordinate(reader)? else { return Ok(None) };
    if !reader.pass(b',') {
        return Ok(None);
    }
    let Some(lon) = coordinate(reader)? else { return Ok(None) };
    if !reader.pass(b']') {
        return Ok(None);
    }
    Ok(on_globe(lat, lon).then_some(Value::Geo { lat, lon }))
}
