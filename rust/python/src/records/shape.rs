//! Which members a class of records has: asked once per class.
//!
//! **In**: a class. **Out**: the attribute names of its records, or nothing for what is no record class. **Law**: the class alone
//! decides, by the marker that its library documents: `__struct_fields__` (msgspec), `__dataclass_fields__` (dataclasses; pydantic's
//! dataclasses too), `__attrs_attrs__` (attrs), `_fields` of a tuple (NamedTuple). Pydantic models are asked to dump themselves.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

/// Names of members, in the order of the class.
pub(super) type Members = Arc<[Py<PyString>]>;

/// What was learnt, by class. Holding the class keeps its address from being used again.
#[derive(Default)]
pub(super) struct Shapes {
    by_class: HashMap<usize, (Py<PyType>, Option<Members>)>,
}

impl Shapes {
    /// The members of the records of `class`.
    pub(super) fn members(&mut self, class: &Bound<'_, PyType>) -> PyResult<Option<Members>> {
        let address = class.as_ptr() as usize;
        if let Some((_, members)) = self.by_class.get(&address) {
            return Ok(members.clone());
        }
        let members = ask(class)?;
        if self.by_class.len() < 1024 {
            self.by_class.insert(address, (class.clone().unbind(), members.clone()));
        }
        Ok(members)
    }
}

fn ask(class: &Bound<'_, PyType>) -> PyResult<Option<Members>> {
    let py = class.py();
    let names = if let Some(names) = class.getattr_opt(intern!(py, "__struct_fields__"))? {
        names
    } else if let Some(fields) = class.getattr_opt(intern!(py, "__dataclass_fields__"))? {
        real_fields(&fields)?
    } else if let Some(attributes) = class.getattr_opt(intern!(py, "__attrs_attrs__"))? {
        let names = attributes.try_iter()?.map(|a| a?.getattr(intern!(py, "name"))).collect::<PyResult<Vec<_>>>()?;
        PyTuple::new(py, names)?.into_any()
    } else if class.is_subclass_of::<PyTuple>()?
        && let Some(names) = class.getattr_opt(intern!(py, "_fields"))?
    {
        names
    } else {
        return Ok(None);
    };
    let names = names.try_iter()?.map(|name| Ok(name?.cast_into::<PyString>()?.unbind())).collect::<PyResult<Vec<_>>>()?;
    Ok(Some(names.into()))
}

/// Without the class variables and init-only variables that a dataclass lists too.
fn real_fields<'py>(fields: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = fields.py();
    let mut names = Vec::new();
    for field in fields.cast::<PyDict>()?.values() {
        let kind = field.getattr(intern!(py, "_field_type"))?.getattr(intern!(py, "name"))?;
        if kind.eq("_FIELD")? {
            names.push(field.getattr(intern!(py, "name"))?);
        }
    }
    Ok(PyTuple::new(py, names)?.into_any())
}
