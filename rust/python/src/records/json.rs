//! Python objects → JSON text, as the engine's document parser reads it.
//!
//! **In**: one record: a mapping, dataclass, pydantic model, msgspec Struct, attrs object or named tuple, with any nesting of the usual
//! types inside. **Out**: its JSON, appended to a buffer. **Law**
//! 1. Nothing is validated here. What has no JSON form (bytes, NaN, a foreign class) is written as a bare word that no parser accepts,
//!    so that the engine refuses the document with key, field, what it expected, and that word as what it got.
//! 2. Exceptions come only from the user's own code (a property, an iterator) and pass through.
//! 3. Depth is bounded; a cycle ends as a refused document.

use std::io::Write;

use pyo3::exceptions::PyUnicodeEncodeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PyMemoryView, PySet, PyString, PyTuple};

use super::shape::Shapes;

/// Deeper values are refused. The engine's own limit is below this.
const MAX_DEPTH: usize = 200;

/// Deeper values of a configuration are refused, by whoever says why.
const PLAIN_DEPTH: usize = 128;

/// Appends the JSON of `value`.
pub(super) fn write(value: &Bound<'_, PyAny>, shapes: &mut Shapes, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        return write_text(text, out);
    }
    if value.is_none() {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    if let Ok(number) = value.cast_exact::<PyInt>() {
        return write_integer(number, out);
    }
    if let Ok(number) = value.cast_exact::<PyFloat>() {
        write_float(number.value(), out);
        return Ok(());
    }
    if let Ok(boolean) = value.cast_exact::<PyBool>() {
        out.extend_from_slice(if boolean.is_true() { b"true" } else { b"false" });
        return Ok(());
    }
    if depth >= MAX_DEPTH {
        out.extend_from_slice(b"nested-too-deeply");
        return Ok(());
    }
    if let Ok(members) = value.cast_exact::<PyDict>() {
        return write_dict(members, shapes, out, depth);
    }
    if let Ok(items) = value.cast_exact::<PyList>() {
        return write_items(items.iter(), shapes, out, depth);
    }
    if let Ok(items) = value.cast_exact::<PyTuple>() {
        return write_items(items.iter(), shapes, out, depth);
    }
    write_other(value, shapes, out, depth)
}

/// Appends the JSON of a value of nothing but the plain types themselves: whether it is one. What was appended of another is of no use.
pub(crate) fn write_plain(value: &Bound<'_, PyAny>, out: &mut Vec<u8>, depth: usize) -> bool {
    if let Ok(text) = value.cast_exact::<PyString>() {
        let Ok(utf8) = text.to_str() else { return false };
        out.push(b'"');
        escape(utf8.as_bytes(), out);
        out.push(b'"');
    } else if value.is_none() {
        out.extend_from_slice(b"null");
    } else if let Ok(number) = value.cast_exact::<PyInt>() {
        let Ok(small) = number.extract::<i64>() else { return false };
        out.extend_from_slice(itoa::Buffer::new().format(small).as_bytes());
    } else if let Ok(number) = value.cast_exact::<PyFloat>() {
        if !number.value().is_finite() {
            return false;
        }
        write_float(number.value(), out);
    } else if let Ok(boolean) = value.cast_exact::<PyBool>() {
        out.extend_from_slice(if boolean.is_true() { b"true" } else { b"false" });
    } else if depth >= PLAIN_DEPTH {
        return false;
    } else if let Ok(members) = value.cast_exact::<PyDict>() {
        out.push(b'{');
        for (number, (name, value)) in members.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            if !name.is_exact_instance_of::<PyString>() || !write_plain(&name, out, depth) {
                return false;
            }
            out.push(b':');
            if !write_plain(&value, out, depth + 1) {
                return false;
            }
        }
        out.push(b'}');
    } else if let Ok(items) = value.cast_exact::<PyList>() {
        return write_plain_items(items.iter(), out, depth);
    } else if let Ok(items) = value.cast_exact::<PyTuple>() {
        return write_plain_items(items.iter(), out, depth);
    } else {
        return false;
    }
    true
}

fn write_plain_items<'py>(items: impl Iterator<Item = Bound<'py, PyAny>>, out: &mut Vec<u8>, depth: usize) -> bool {
    out.push(b'[');
    for (number, item) in items.enumerate() {
        if number > 0 {
            out.push(b',');
        }
        if !write_plain(&item, out, depth + 1) {
            return false;
        }
    }
    out.push(b']');
    true
}

/// Subclasses of the above and everything else, in the order in which the questions can be asked.
fn write_other(value: &Bound<'_, PyAny>, shapes: &mut Shapes, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    let py = value.py();
    if let Some(names) = shapes.members(&value.get_type())? {
        return write_members(value, &names, shapes, out, depth);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return write_text(text, out);
    }
    if let Ok(number) = value.cast::<PyInt>() {
        return write_integer(number, out);
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        write_float(number.value(), out);
        return Ok(());
    }
    if let Ok(members) = value.cast::<PyDict>() {
        return write_dict(members, shapes, out, depth);
    }
    if value.is_instance_of::<PyList>()
        || value.is_instance_of::<PyTuple>()
        || value.is_instance_of::<PySet>()
        || value.is_instance_of::<PyFrozenSet>()
    {
        let items = value.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        return write_items(items.into_iter(), shapes, out, depth);
    }
    if value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>() || value.is_instance_of::<PyMemoryView>() {
        return write_word(value, out);
    }
    if let Some(isoformat) = value.getattr_opt(intern!(py, "isoformat"))? {
        return write_text(isoformat.call0()?.cast::<PyString>()?, out);
    }
    if let Some(dump) = value.getattr_opt(intern!(py, "model_dump"))? {
        return write(&dump.call0()?, shapes, out, depth + 1);
    }
    if let Some(inner) = value.getattr_opt(intern!(py, "_value_"))? {
        return write(&inner, shapes, out, depth + 1);
    }
    if value.hasattr(intern!(py, "keys"))?
        && let Some(items) = value.getattr_opt(intern!(py, "items"))?
    {
        out.push(b'{'); // any mapping, a hit too
        for (i, member) in items.call0()?.try_iter()?.enumerate() {
            let (name, inner) = member?.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
            write_member(i == 0, &name, &inner, shapes, out, depth)?;
        }
        out.push(b'}');
        return Ok(());
    }
    if value.hasattr(intern!(py, "dtype"))?
        && let Some(to_list) = value.getattr_opt(intern!(py, "tolist"))?
    {
        return write(&to_list.call0()?, shapes, out, depth + 1); // numpy scalars and arrays
    }
    if let Some(index) = value.getattr_opt(intern!(py, "__index__"))? {
        return write(&index.call0()?, shapes, out, depth + 1);
    }
    if let Some(float) = value.getattr_opt(intern!(py, "__float__"))? {
        return write(&float.call0()?, shapes, out, depth + 1); // Decimal, Fraction
    }
    if value.get_type().name()? == "UUID" {
        return write_text(&value.str()?, out);
    }
    write_word(value, out)
}

fn write_dict(members: &Bound<'_, PyDict>, shapes: &mut Shapes, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    out.push(b'{');
    let mut first = true;
    for (name, value) in members.iter() {
        write_member(first, &name, &value, shapes, out, depth)?;
        first = false;
    }
    out.push(b'}');
    Ok(())
}

fn write_member(
    first: bool,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    shapes: &mut Shapes,
    out: &mut Vec<u8>,
    depth: usize,
) -> PyResult<()> {
    if !first {
        out.push(b',');
    }
    match name.cast::<PyString>() {
        Ok(name) => write_text(name, out)?,
        Err(_) => write_word(name, out)?, // a name that is no string: refused as bad JSON
    }
    out.push(b':');
    write(value, shapes, out, depth + 1)
}

/// The members of an object by attribute.
fn write_members(value: &Bound<'_, PyAny>, names: &[Py<PyString>], shapes: &mut Shapes, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    let py = value.py();
    out.push(b'{');
    let mut first = true;
    for name in names {
        // A slot or Struct member that was never set is missing.
        let Some(member) = value.getattr_opt(name.bind(py))? else { continue };
        if is_unset(&member)? {
            continue;
        }
        write_member(first, name.bind(py).as_any(), &member, shapes, out, depth)?;
        first = false;
    }
    out.push(b'}');
    Ok(())
}

/// msgspec's word for "was not given".
fn is_unset(member: &Bound<'_, PyAny>) -> PyResult<bool> {
    let usual = member.is_none() || member.is_exact_instance_of::<PyString>() || member.is_exact_instance_of::<PyInt>();
    Ok(!usual && member.get_type().name()? == "UnsetType")
}

fn write_items<'py>(items: impl Iterator<Item = Bound<'py, PyAny>>, shapes: &mut Shapes, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    out.push(b'[');
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(&item, shapes, out, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

fn write_integer(number: &Bound<'_, PyInt>, out: &mut Vec<u8>) -> PyResult<()> {
    match number.extract::<i64>() {
        Ok(small) => out.extend_from_slice(itoa::Buffer::new().format(small).as_bytes()),
        Err(_) => match number.as_any().str() {
            Ok(digits) => out.extend_from_slice(digits.to_str()?.as_bytes()),
            Err(_) => out.extend_from_slice(b"an-integer-of-over-4300-digits"),
        },
    }
    Ok(())
}

fn write_float(number: f64, out: &mut Vec<u8>) {
    if number.is_finite() {
        // `{:?}` is the shortest text that reads back as the same bits, and always JSON. Writing to a Vec cannot fail.
        let _ = write!(out, "{number:?}");
    } else {
        out.extend_from_slice(if number.is_nan() {
            b"NaN".as_slice()
        } else if number > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        });
    }
}

/// A bare word that says of which class the value is.
fn write_word(value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
    let name = value.get_type().name()?;
    let name = name.to_string_lossy();
    out.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c as u8 } else { b'_' }));
    Ok(())
}

fn write_text(text: &Bound<'_, PyString>, out: &mut Vec<u8>) -> PyResult<()> {
    match text.to_str() {
        Ok(utf8) => {
            out.push(b'"');
            escape(utf8.as_bytes(), out);
            out.push(b'"');
            Ok(())
        }
        Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(text.py()) => {
            out.extend_from_slice(b"str-with-a-lone-surrogate");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// RFC 8259, section 7: quotation mark, reverse solidus and control characters are escaped, all else stands.
fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    let mut start = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[start..i]);
        start = i + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
    }
    out.extend_from_slice(&bytes[start..]);
}
