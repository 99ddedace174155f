//! How values of a document become what a class promises.
//!
//! **In**: nested tuples made by `findspot.config.views`. **Out**: a [`Plan`], and by it Python values. **Law**: a table becomes a lazy
//! view, so the work for a version is what its readers touch; classes are made once for a plan and never for a version; the lock over
//! the classes of tables without a class is never held while Python code runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use findspot_config::{Document, Kind, LayerKind, Node, SecretNames, Secrets, value};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyString, PyTuple, PyType};

use super::names::ConfigNames;
use super::node::ConfigNode;
use super::slots;
use super::table::ConfigTable;

/// Tables of more keys are read by `[key]`.
const MOST_KEYS: usize = 64;
const NODE: &str = "_findspot_node_";

/// What becomes of one value.
pub(crate) enum Plan {
    /// As it is.
    Leaf,
    /// A float, also when an integer was written.
    Number,
    /// The text of a time, for a conversion.
    Time,
    /// Whatever it is, without a class.
    Any,
    /// The same, below a secret.
    Hidden,
    Table(Arc<TablePlan>),
    Map(Arc<Plan>),
    List(Box<Plan>),
    Tuple(Vec<Plan>),
    Union(Vec<(Variant, Plan)>),
    Convert(Py<PyAny>, Box<Plan>),
}

/// How a value shows that it is of one variant of a union.
pub(crate) struct Variant {
    kind: String,
    needed: Vec<String>,
    fixed: Vec<(String, Vec<Py<PyAny>>)>,
}

/// A table with its two classes.
pub(crate) struct TablePlan {
    pub lazy: Py<PyType>,
    pub filled: Py<PyType>,
    pub slots: Vec<Slot>,
    /// Makes all slots at once, for a class that checks itself.
    pub build: Option<Py<PyAny>>,
}

/// One slot of a view.
pub(crate) struct Slot {
    pub name: Py<PyString>,
    pub key: String,
    pub plan: Plan,
}

/// A plan and what all its tables share.
pub(crate) struct Root {
    pub plan: Plan,
    /// Keys → two classes, or None.
    classes: Py<PyAny>,
    /// Text → a datetime, date or time.
    time: Py<PyAny>,
    /// `object.__class__.__set__`.
    pub turn: Py<PyAny>,
    pub node_name: Py<PyString>,
    /// Which keys make their values secrets.
    pub names: SecretNames,
    /// Which values no output may show; set when the store is opened.
    pub secrets: OnceLock<Secrets>,
    by_keys: Mutex<HashMap<Box<str>, Option<Arc<TablePlan>>>>,
}

/// The plan of a configuration, made once for a store.
#[pyclass(frozen, module = "findspot._native")]
pub(crate) struct ConfigPlan {
    pub root: Arc<Root>,
}

#[pymethods]
impl ConfigPlan {
    #[new]
    #[pyo3(signature = (plan, classes, time, names, /))]
    fn new(plan: &Bound<'_, PyTuple>, classes: Py<PyAny>, time: Py<PyAny>, names: &Bound<'_, ConfigNames>) -> PyResult<Self> {
        let py = plan.py();
        let turn = py.get_type::<PyAny>().getattr("__dict__")?.get_item("__class__")?.getattr("__set__")?.unbind();
        let node_name = PyString::intern(py, NODE).unbind();
        let names = names.get().0.clone();
        let root = Root { plan: read(plan)?, classes, time, turn, node_name, names, secrets: OnceLock::new(), by_keys: Mutex::default() };
        Ok(Self { root: Arc::new(root) })
    }

    /// A view of a document that was never published: of a program's own, in JSON.
    #[pyo3(signature = (json, /))]
    fn view<'py>(&self, py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
        let document = value("value", LayerKind::Mapping, json).map_err(|problems| PyValueError::new_err(problems.to_string()))?;
        self.root.value(py, &self.root.plan, document.root(), 0)
    }
}

fn read(plan: &Bound<'_, PyTuple>) -> PyResult<Plan> {
    let kind: String = plan.get_item(0)?.extract()?;
    let part = |at: usize| -> PyResult<Plan> { read(&plan.get_item(at)?.cast_into::<PyTuple>()?) };
    Ok(match kind.as_str() {
        "leaf" => Plan::Leaf,
        "number" => Plan::Number,
        "time" => Plan::Time,
        "any" => Plan::Any,
        "hidden" => Plan::Hidden,
        "map" => Plan::Map(Arc::new(part(1)?)),
        "list" => Plan::List(Box::new(part(1)?)),
        "tuple" => Plan::Tuple(parts(&plan.get_item(1)?)?),
        "union" => {
            let mut variants = Vec::new();
            for pair in plan.get_item(1)?.try_iter()? {
                let (variant, inner) = pair?.extract::<(Bound<'_, PyTuple>, Bound<'_, PyTuple>)>()?;
                let (kind, needed, fixed) = variant.extract()?;
                variants.push((Variant { kind, needed, fixed }, read(&inner)?));
            }
            Plan::Union(variants)
        }
        "convert" => Plan::Convert(plan.get_item(1)?.unbind(), Box::new(part(2)?)),
        "table" => {
            let mut slots = Vec::new();
            for slot in plan.get_item(3)?.try_iter()? {
                let (name, key, inner) = slot?.extract::<(Bound<'_, PyString>, String, Bound<'_, PyTuple>)>()?;
                slots.push(Slot { name: name.unbind(), key, plan: read(&inner)? });
            }
            let build = plan.get_item(4)?;
            Plan::Table(Arc::new(TablePlan {
                lazy: plan.get_item(1)?.cast_into::<PyType>()?.unbind(),
                filled: plan.get_item(2)?.cast_into::<PyType>()?.unbind(),
                slots,
                build: (!build.is_none()).then(|| build.unbind()),
            }))
        }
        other => return Err(PyValueError::new_err(format!("internal defect: no such plan: {other}"))),
    })
}

fn parts(plans: &Bound<'_, PyAny>) -> PyResult<Vec<Plan>> {
    plans.try_iter()?.map(|plan| read(&plan?.cast_into::<PyTuple>()?)).collect()
}

impl Variant {
    fn fits(&self, py: Python<'_>, root: &Root, node: Node<'_>) -> PyResult<bool> {
        let right = match (self.kind.as_str(), node.kind()) {
            ("any", _) => true,
            ("null", kind) => kind == Kind::Null,
            ("boolean", kind) => kind == Kind::Bool,
            ("integer", kind) => kind == Kind::Integer,
            ("number", kind) => matches!(kind, Kind::Integer | Kind::Float),
            ("string", kind) => kind == Kind::String,
            ("time", kind) => matches!(kind, Kind::Time | Kind::String),
            ("table" | "map", kind) => kind == Kind::Table,
            ("list" | "tuple", kind) => kind == Kind::Array,
            _ => false,
        };
        if !right || !self.needed.iter().all(|key| node.get(key).is_some()) {
            return Ok(false);
        }
        for (key, allowed) in &self.fixed {
            let Some(inner) = node.get(key) else { continue };
            let value = leaf(py, root, inner)?;
            let mut is_one = false;
            for one in allowed {
                is_one |= one.bind(py).eq(&value)?;
            }
            if !is_one {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A value that holds no others.
fn leaf<'py>(py: Python<'py>, root: &Root, node: Node<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match node.kind() {
        Kind::Bool => PyBool::new(py, node.as_bool().unwrap_or_default()).to_owned().into_any(),
        Kind::Integer => node.as_integer().unwrap_or_default().into_pyobject(py)?.into_any(),
        Kind::Float => PyFloat::new(py, node.as_float().unwrap_or_default()).into_any(),
        Kind::String => PyString::new(py, node.as_str().unwrap_or_default()).into_any(),
        Kind::Time => root.time.bind(py).call1((node.as_time().unwrap_or_default(),))?,
        _ => py.None().into_bound(py),
    })
}

impl Root {
    /// The Python value of a node.
    pub(crate) fn value<'py>(self: &Arc<Self>, py: Python<'py>, plan: &Plan, node: Node<'_>, version: u64) -> PyResult<Bound<'py, PyAny>> {
        match (plan, node.kind()) {
            (Plan::Convert(convert, inner), _) => {
                let plain = self.value(py, inner, node, version)?;
                if plain.is_none() { Ok(plain) } else { convert.bind(py).call1((plain,)) }
            }
            (Plan::Union(variants), _) => {
                for (variant, inner) in variants {
                    if variant.fits(py, self, node)? {
                        return self.value(py, inner, node, version);
                    }
                }
                self.value(py, &Plan::Any, node, version)
            }
            (Plan::Number, Kind::Integer) => Ok(PyFloat::new(py, node.as_integer().unwrap_or_default() as f64).into_any()),
            (Plan::Time, Kind::Time | Kind::String) => {
                Ok(PyString::new(py, node.as_time().or(node.as_str()).unwrap_or_default()).into_any())
            }
            (Plan::Table(table), Kind::Table) => self.view(py, table, node.to_document(), version),
            (Plan::Map(inner), Kind::Table) => ConfigTable::make(py, self.clone(), Some(inner.clone()), node.to_document(), version),
            (_, Kind::Table) => {
                let hidden = matches!(plan, Plan::Hidden);
                match self.classes_of(py, node, hidden)? {
                    Some(table) => self.view(py, &table, node.to_document(), version),
                    None => {
                        let values = hidden.then(|| Arc::new(Plan::Hidden));
                        ConfigTable::make(py, self.clone(), values, node.to_document(), version)
                    }
                }
            }
            (_, Kind::Array) => {
                let mut values = Vec::with_capacity(node.len());
                for (at, item) in node.items().enumerate() {
                    let inner = match plan {
                        Plan::List(inner) => inner,
                        Plan::Tuple(parts) => parts.get(at).unwrap_or(&Plan::Any),
                        Plan::Hidden => &Plan::Hidden,
                        _ => &Plan::Any,
                    };
                    values.push(self.value(py, inner, item, version)?);
                }
                Ok(PyTuple::new(py, values)?.into_any())
            }
            _ => leaf(py, self, node),
        }
    }

    /// A lazy view.
    fn view<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
        table: &Arc<TablePlan>,
        document: Document,
        version: u64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let view = slots::instance(table.lazy.bind(py))?;
        let node =
            Bound::new(py, ConfigNode { root: self.clone(), table: Some(table.clone()), document, version, whole: OnceLock::new() })?;
        slots::set(&view, self.node_name.bind(py), node.as_any())?;
        Ok(view)
    }

    /// Whether an item of a table without a class is a secret: by its name, by a mark on it or in it, or because all of the table is.
    pub(crate) fn hides(&self, item: Node<'_>, hidden: bool) -> bool {
        hidden || super::node::is_or_holds_marked(&item) || self.names.says(item.key())
    }

    /// The classes for a table without a class: by its keys, and by which of them are secrets.
    fn classes_of(&self, py: Python<'_>, node: Node<'_>, hidden: bool) -> PyResult<Option<Arc<TablePlan>>> {
        if node.len() > MOST_KEYS {
            return Ok(None);
        }
        let mut all = String::from(if hidden { "\u{2}" } else { "" });
        let mut secret = Vec::new();
        for item in node.items() {
            all.push_str(item.key());
            let hides = self.hides(item, hidden);
            if hides {
                all.push('\u{1}');
                secret.push(item.key());
            }
            all.push('\0');
        }
        if let Some(known) = self.by_keys.lock().unwrap_or_else(PoisonError::into_inner).get(all.as_str()) {
            return Ok(known.clone());
        }
        let keys: Vec<&str> = node.items().map(|item| item.key()).collect();
        let found = self.classes.bind(py).call1((PyTuple::new(py, &keys)?, PyTuple::new(py, &secret)?, hidden))?;
        let table = if found.is_none() {
            None
        } else {
            let (lazy, filled) = found.extract::<(Bound<'_, PyType>, Bound<'_, PyType>)>()?;
            let below = |key: &str| if secret.contains(&key) { Plan::Hidden } else { Plan::Any };
            let slot = |&key: &&str| Slot { name: PyString::intern(py, key).unbind(), key: key.to_owned(), plan: below(key) };
            let slots = keys.iter().map(slot).collect();
            Some(Arc::new(TablePlan { lazy: lazy.unbind(), filled: filled.unbind(), slots, build: None }))
        };
        let mut known = self.by_keys.lock().unwrap_or_else(PoisonError::into_inner);
        // Data used as keys: what has no classes is not worth remembering without bound.
        if table.is_some() || known.len() < 4096 {
            known.insert(all.into(), table.clone());
        }
        Ok(table)
    }
}
