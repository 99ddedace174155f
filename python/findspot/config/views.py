"""Classes of what readers see: real slots, filled from the compiled store when a section is first touched.

**In**: a `Shape`. **Out**: a plan that `_native` fills views by. **Law**
1. Two classes for each table, made once for a shape and never for a version: a lazy one, whose missing slots lead to `__getattr__`,
   and a filled one of the same layout without it. The first touch fills all slots of the section in one call and turns the instance
   into the filled class, so that every later read is an ordinary attribute.
2. A view cannot be changed, its text shows no secret, its pickle holds none.
3. What the annotation promises is what is there: lists are tuples, sets are frozensets, maps are read-only mappings, tables are views
   that have the attributes, properties and methods of their class, and for which `isinstance` says so.
"""

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import functools
import json
import keyword
import types
from collections.abc import Iterator, Mapping
from typing import Any

from .._native import ConfigNames, ConfigNode, ConfigPlan, ConfigTable, url_has_password
from .shape import Shape

__all__ = ["STARS", "View", "as_dict", "plan_of"]

STARS = "(secret)"
NODE = "_findspot_node_"
_USUAL = ConfigNames([], None)
# Behaviour of the user's class that a view must not take over: it is about making and changing instances.
_NOT_TAKEN = {"model_config", "model_fields", "model_computed_fields", "model_extra", "model_fields_set"}
_TAKEN_DUNDERS = {"__str__", "__len__", "__iter__", "__contains__", "__getitem__", "__bool__", "__call__", "__format__"}
_MOST_KEYS = 64
_MOST_CLASSES = 2048


class View:
    """A section of one version of a configuration. Read it as an instance of the class that the store was made with."""

    __slots__ = ()
    _findspot_shape_: Shape | None = None
    _findspot_names_: tuple[str, ...] = ()
    _findspot_secret_: frozenset[str] = frozenset()
    _findspot_is_mapping_ = False
    # All of it is a secret, its keys too.
    _findspot_hidden_ = False

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a configuration cannot be changed (attribute {name!r}): use store.patch({{'…{name}': …}})")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a configuration cannot be changed (attribute {name!r}): use store.patch({{'…{name}': None}})")

    def __repr__(self) -> str:
        if self._findspot_hidden_:
            return STARS
        parts = []
        hidden = hidden_of(self)
        for name in self._findspot_names_:
            if (value := getattr(self, name, _MISSING)) is not _MISSING:
                parts.append(f"{name}={STARS if name in hidden else shown(value)!s}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, View) and class_of(self) is class_of(other):
            mine, theirs = node_of(self), node_of(other)
            if mine is not None and theirs is not None:
                return mine.same(theirs)
            if self._findspot_shape_ is None:
                return dict(items_of(self)) == dict(items_of(other))
            return list(items_of(self)) == list(items_of(other))
        if self._findspot_is_mapping_:
            return isinstance(other, Mapping) and dict(items_of(self)) == dict(other.items())
        shape = self._findspot_shape_
        if shape is None or type(other) is not shape.cls:
            return NotImplemented
        return all(getattr(self, name, _MISSING) == getattr(other, name, _MISSING) for name in self._findspot_names_)

    def __hash__(self) -> int:
        return hash(tuple(items_of(self)))

    def __copy__(self) -> View:
        return self

    def __deepcopy__(self, memo: object) -> View:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        shape = self._findspot_shape_
        values, hidden = {}, hidden_of(self)
        for name, value in () if self._findspot_hidden_ else items_of(self):
            values[name] = _WITHHELD if name in hidden else for_pickle(value)
        return _unpickle, (None if shape is None else shape.cls, values)


class MappingView(View):
    """A view that is read by `[key]` as well."""

    __slots__ = ()
    _findspot_is_mapping_ = True

    def __getitem__(self, key: str) -> Any:
        if key in self._findspot_names_ and (value := getattr(self, key, _MISSING)) is not _MISSING:
            return value
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in items_of(self))

    def __len__(self) -> int:
        return sum(1 for _ in items_of(self))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._findspot_names_ and hasattr(self, key)

    def keys(self) -> Any:
        return collections.abc.KeysView(self)

    def items(self) -> Any:
        return collections.abc.ItemsView(self)

    def values(self) -> Any:
        return collections.abc.ValuesView(self)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default


class FrozenMap(collections.abc.Mapping[str, Any]):
    """A read-only mapping some of whose values no output may show."""

    __slots__ = ("_hidden", "_values")
    _values: dict[str, Any]
    _hidden: frozenset[str]

    def __init__(self, values: dict[str, Any], hidden: frozenset[str]) -> None:
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_hidden", hidden)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a configuration cannot be changed (attribute {name!r})")

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return shown(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return table_again, (for_pickle(self),)

    def _findspot_hides_(self, key: str) -> bool:
        return key in self._hidden


for _class in (MappingView, ConfigTable):
    collections.abc.Mapping.register(_class)  # pyright: ignore[reportAttributeAccessIssue]


class _Missing:
    __slots__ = ()

    def __repr__(self) -> str:
        return "<missing>"


_MISSING = _Missing()


@dataclasses.dataclass(frozen=True)
class _Withheld:
    """Stands in a pickle for a secret."""


_WITHHELD = _Withheld()


def class_of(view: View) -> Any:
    """The class that a view is promised to behave like; None without one."""
    return None if view._findspot_shape_ is None else view._findspot_shape_.cls


def items_of(view: View) -> Iterator[tuple[str, Any]]:
    """The fields that are there, in the class's order."""
    for name in view._findspot_names_:
        if (value := getattr(view, name, _MISSING)) is not _MISSING:
            yield name, value


def node_of(view: View) -> ConfigNode | None:
    """What the view was made from; None for one that came out of a pickle or stands below a class that checks itself."""
    return object.__getattribute__(view, NODE) if _has_node(view) else None


def _has_node(view: View) -> bool:
    try:
        return object.__getattribute__(view, NODE) is not None
    except AttributeError:
        return False


def hidden_of(view: View) -> frozenset[str]:
    """The fields that no output may show: of the class, of the rule about names, and what the publisher of the version marked."""
    node = node_of(view)
    if node is None:
        # What a class made itself has no marks.
        return view._findspot_secret_ | {name for name, value in items_of(view) if has_password(value)}
    marked = node.marked()
    if not marked:
        return view._findspot_secret_
    return view._findspot_secret_ | {name for name, key in _keys_of(view).items() if key in marked}


def hides(mapping: Any, key: str) -> bool:
    """Whether no output may show what a mapping has under a key. One that hangs on no store keeps to the usual names."""
    own = getattr(type(mapping), "_findspot_hides_", None)
    return bool(own(mapping, key) if own is not None else (isinstance(key, str) and _USUAL.says(key)) or has_password(mapping[key]))


def has_password(value: Any) -> bool:
    """Whether a value is a URL with a password, or a list that holds one: as text, or as the classes of pydantic have it."""
    if isinstance(value, (tuple, frozenset)):
        return any(has_password(item) for item in value)
    return (isinstance(value, str) or hasattr(value, "unicode_string")) and url_has_password(str(value))


def shown(value: Any) -> str:
    if isinstance(value, tuple):
        inner = ", ".join(shown(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if getattr(value, "_findspot_hidden_", False):
        return STARS
    if isinstance(value, Mapping) and not isinstance(value, View):
        return "{" + ", ".join(f"{key!r}: {STARS if hides(value, key) else shown(inner)}" for key, inner in value.items()) + "}"
    return repr(value)


def as_dict(view: Any, *, secrets: bool = False) -> Any:
    """Plain dicts, lists and values of a view.

    Args:
        view: a view, or any value inside one.
        secrets: whether secrets stand in it; by default `(secret)` does.

    Returns: for a view a new dict, for other values what is plain of them.
    Concurrency: any thread. Cost: the whole section is filled.

    Example:
        >>> from findspot.config import Mapping, Store, as_dict
        >>> store = Store(sources=[Mapping({"search": {"weights": [1, 2], "api_key": "s3cr3t"}})])
        >>> as_dict(store.current)
        {'search': {'weights': [1, 2], 'api_key': '(secret)'}}
    """
    if not secrets and isinstance(view, (View, ConfigTable)) and view._findspot_hidden_:
        return STARS
    if isinstance(view, View):
        hidden = frozenset[str]() if secrets else hidden_of(view)
        keys = _keys_of(view)
        return {keys[name]: STARS if name in hidden else as_dict(value, secrets=secrets) for name, value in items_of(view)}
    if isinstance(view, Mapping):
        return {key: STARS if not secrets and hides(view, key) else as_dict(value, secrets=secrets) for key, value in view.items()}
    if isinstance(view, (tuple, frozenset)):
        return [as_dict(value, secrets=secrets) for value in view]
    return view


def _keys_of(view: View) -> dict[str, str]:
    shape = view._findspot_shape_
    if shape is None:
        return {name: name for name in view._findspot_names_}
    return {name: member.key for name, member in shape.members.items()}


def _taken(cls: Any, names: frozenset[str]) -> dict[str, Any]:
    """What instances of the user's class have beside their fields: methods, properties, constants."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is object or base.__module__.split(".")[0] in ("pydantic", "msgspec", "typing", "builtins", "abc"):
            continue
        for name, value in vars(base).items():
            if name in names or name in _NOT_TAKEN or (name.startswith("__") and name not in _TAKEN_DUNDERS):
                continue
            if isinstance(value, functools.cached_property):
                value = property(value.func)
            found[name] = value
    return found


def make_classes(shape: Shape | None, title: str, names: tuple[str, ...], secret: frozenset[str]) -> tuple[type, type]:
    """The lazy and the filled class of a table."""
    base = MappingView if shape is None or shape.is_mapping else View
    common: dict[str, Any] = {
        "__slots__": (*names, NODE),
        "__module__": "findspot.config",
        "__qualname__": title,
        "_findspot_shape_": shape,
        "_findspot_names_": names,
        "_findspot_secret_": secret,
        "__match_args__": names,
    }
    cls = None if shape is None else shape.cls
    if cls is not None and not shape.is_mapping:  # type: ignore[union-attr]
        common = {**_taken(cls, frozenset(names)), **common, "__doc__": cls.__doc__, "__class__": property(lambda _: cls)}
        if dataclasses.is_dataclass(cls):
            common["__dataclass_fields__"] = {name: field for name, field in cls.__dataclass_fields__.items() if name in names}
    filled = type(title, (base,), dict(common))
    lazy = type(title, (base,), {**common, "__getattr__": _touch})
    return lazy, filled


def _touch(self: Any, name: str) -> Any:
    """Of a lazy view: a slot is empty, so the section was never read."""
    node = object.__getattribute__(self, NODE)
    if name == NODE or not node.fill(self):
        # Filled already, by this thread or another: the field is one that may be missing, or no field at all.
        pass
    return object.__getattribute__(self, name)


def plan_of(shape: Shape | None, names: ConfigNames = _USUAL) -> ConfigPlan:
    """The plan of a whole configuration; None is one without a class."""
    if shape is not None:
        hide(shape, names)
    return ConfigPlan(_plan(shape) if shape is not None else ("any",), _classes_by_keys, time_of, names)


def time_of(text: str) -> Any:
    """A time that stands in a file, for a configuration without a class."""
    import datetime

    if ":" not in text:
        return datetime.date.fromisoformat(text)
    if "-" not in text[:5]:
        return datetime.time.fromisoformat(text)
    return datetime.datetime.fromisoformat(text.replace("t", "T").replace("z", "Z"))


def _plan(shape: Shape) -> tuple[Any, ...]:
    inner = tuple(_plan(part) for part in shape.inner)
    plan: tuple[Any, ...]
    if shape.kind == "table":
        plan = _table(shape)
    elif shape.kind in ("map", "list"):
        plan = (shape.kind, inner[0])
    elif shape.kind == "tuple":
        plan = ("tuple", inner)
    elif shape.kind == "union":
        plan = ("union", tuple((_variant(part), part_plan) for part, part_plan in zip(shape.inner, inner, strict=True)))
    elif shape.kind == "any" and "enum" not in shape.rules:
        plan = ("hidden" if shape.secret else "any",)
    else:
        plan = (shape.kind if shape.kind in ("number", "time") else "leaf",)
    return plan if shape.convert is None else ("convert", shape.convert, plan)


def hide(shape: Shape, names: ConfigNames) -> None:
    """What the rule about names says is a secret, and what stands below a secret is one."""
    shape.names = names
    for member in shape.members.values():
        member.shape.secret = member.shape.secret or names.says(member.key)
    for part in (*(member.shape for member in shape.members.values()), *shape.inner):
        part.secret = part.secret or shape.secret
        hide(part, names)


def _table(shape: Shape) -> tuple[Any, ...]:
    names = tuple(shape.members)
    secret = frozenset(name for name, member in shape.members.items() if member.shape.secret)
    lazy, filled = make_classes(shape, shape.cls.__name__, names, secret)
    slots = tuple((name, member.key, _plan(member.shape)) for name, member in shape.members.items())
    if shape.build is None:
        return ("table", lazy, filled, slots, None)
    # The children of an instance are what its own checks made of them.
    return ("table", lazy, filled, slots, functools.partial(values_of_instance, shape))


def _variant(shape: Shape) -> tuple[Any, ...]:
    """How a value shows that it is of this variant: its kind, and for a table the keys that it must and may have."""
    if shape.kind != "table":
        return (shape.kind, (), ())
    needed = tuple(m.key for m in shape.members.values() if not m.optional and not m.from_instance and repr(m.default) == "ABSENT")
    fixed = tuple((m.key, tuple(m.shape.rules["enum"])) for m in shape.members.values() if "enum" in m.shape.rules)
    return ("table", needed, fixed)


_MEMO: collections.OrderedDict[tuple[int, int], tuple[Shape, tuple[Any, ...]]] = collections.OrderedDict()
_MOST_INSTANCES = 4096


def values_of_instance(shape: Shape, node: ConfigNode) -> tuple[Any, ...]:
    """The slots of a view whose class checks itself; the same object for the same content, so that a check before the publication and
    the reader after it run the class's code once."""
    key = (id(shape), node.hash())
    known = _MEMO.get(key)
    if known is not None and known[0] is shape:
        return known[1]
    instance = shape.build(json.loads(node.json()))
    values = tuple(frozen(getattr(instance, name), member.shape, shape.names) for name, member in shape.members.items())
    _MEMO[key] = (shape, values)
    while len(_MEMO) > _MOST_INSTANCES:
        try:
            _MEMO.popitem(last=False)
        except KeyError:  # another thread was faster
            break
    return values


def frozen(value: Any, shape: Shape | None, names: ConfigNames, hidden: bool = False) -> Any:
    """A value that a class made, as a reader may have it: nothing in it can be changed. Below a secret, all of it is `hidden`."""
    hidden = hidden or (shape is not None and shape.secret)
    if shape is not None and shape.kind == "union":
        shape = next((part for part in shape.inner if part.kind == "table" and isinstance(value, part.cls)), None)
    if shape is not None and shape.kind == "table" and not shape.is_mapping and isinstance(value, shape.cls):
        members = shape.members.items()
        return _view(shape, {name: frozen(getattr(value, name), member.shape, names, hidden) for name, member in members})
    item = shape.inner[0] if shape is not None and shape.kind in ("list", "map") else None
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return tuple(frozen(part, item, names, hidden) for part in value)
    if isinstance(value, (set, frozenset)):
        return frozenset(value)
    if type(value) is dict:
        secret = frozenset(key for key in value if hidden or (isinstance(key, str) and names.says(key)))
        kept = {key: frozen(part, item, names, hidden or key in secret) for key, part in value.items()}
        secret |= {key for key, part in kept.items() if has_password(part)}
        return FrozenMap(kept, secret) if secret else types.MappingProxyType(kept)
    return value


@functools.lru_cache(maxsize=_MOST_CLASSES)
def _filled_class(key: Any) -> type:
    shape: Shape = key.shape
    secret = frozenset(name for name, member in shape.members.items() if member.shape.secret)
    return make_classes(shape, shape.cls.__name__, tuple(shape.members), secret)[1]


class _Same:
    """A shape as a key: the same object."""

    __slots__ = ("shape",)

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def __hash__(self) -> int:
        return id(self.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.shape is self.shape


def _view(shape: Shape, values: dict[str, Any]) -> View:
    """A view with these values, that hangs on no store."""
    return _filled(_filled_class(_Same(shape)), values)


def _filled(cls: type, values: dict[str, Any]) -> View:
    view: View = object.__new__(cls)
    object.__setattr__(view, NODE, None)
    for name, value in values.items():
        if value is not _MISSING:
            object.__setattr__(view, name, value)
    return view


@functools.lru_cache(maxsize=_MOST_CLASSES)
def _by_keys(keys: tuple[str, ...], secret: tuple[str, ...] = (), hidden: bool = False) -> tuple[type, type] | None:
    if len(keys) > _MOST_KEYS or not all(_is_name(key) for key in keys):
        return None
    lazy, filled = make_classes(None, "Config", keys, frozenset(secret))
    for made in (lazy, filled) if hidden else ():
        setattr(made, "_findspot_hidden_", True)  # noqa: B010
    return lazy, filled


_made = 0


def _classes_by_keys(keys: tuple[str, ...], secret: tuple[str, ...], hidden: bool) -> tuple[type, type] | None:
    """For a configuration without a class: classes for a small table of names, some of them secret; None for a table that is read by `[key]`.

    Classes are never freed by the interpreter's caches, so data that is used as keys must not make one for each table.
    """
    global _made
    before = _by_keys.cache_info().misses
    if _made >= _MOST_CLASSES:
        return None
    found = _by_keys(keys, secret, hidden)
    _made += _by_keys.cache_info().misses - before
    return found


def _is_name(key: str) -> bool:
    return key.isidentifier() and not keyword.iskeyword(key) and not key.startswith("_")


def for_pickle(value: Any) -> Any:
    if not isinstance(value, View) and getattr(value, "_findspot_hidden_", False):
        return {}  # its keys may be part of the secret
    if isinstance(value, collections.abc.Mapping) and not isinstance(value, View):
        return {key: _WITHHELD if hides(value, key) else for_pickle(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(for_pickle(inner) for inner in value)
    if type(value).__module__ == "pydantic.types" and hasattr(value, "get_secret_value"):
        return _WITHHELD
    return value


def table_again(values: dict[str, Any]) -> Any:
    """A large table out of a pickle."""
    return types.MappingProxyType({key: _again(value) for key, value in values.items() if not isinstance(value, _Withheld)})


def _again(value: Any) -> Any:
    """A value out of a pickle: nothing in it can be changed, and no secret is there."""
    if type(value) is dict:
        return table_again(value)
    return tuple(map(_again, value)) if type(value) is tuple else value


class _WithheldSlot(AttributeError):
    """Raised for a secret that stayed at home."""


def _unpickle(cls: Any, values: dict[str, Any]) -> View:
    withheld = frozenset(name for name, value in values.items() if value is _WITHHELD or isinstance(value, _Withheld))
    kept = {name: _again(value) for name, value in values.items() if name not in withheld}
    if cls is None:
        found = _by_keys(tuple(values), tuple(withheld))
        made = found[1] if found is not None else make_classes(None, "Config", tuple(values), withheld)[1]
    else:
        made = _filled_class(_Same(_shape_again(cls)))
    if withheld:
        made = _without(made, withheld)
    return _filled(made, kept)


@functools.lru_cache(maxsize=_MOST_CLASSES)
def _shape_again(cls: Any) -> Shape:
    from .annotations import shape_of

    shape = shape_of(cls)
    hide(shape, _USUAL)
    return shape


@functools.lru_cache(maxsize=_MOST_CLASSES)
def _without(cls: type, withheld: frozenset[str]) -> type:
    def missing(self: Any, name: str) -> Any:
        if name in withheld:
            raise _WithheldSlot(f"{name!r} is a secret and was not pickled: read it from the store of this process")
        raise AttributeError(f"{type(self).__name__!r} has no field {name!r}")

    names = cls._findspot_names_  # type: ignore[attr-defined]
    return type(cls.__name__, (cls,), {"__slots__": (), "__getattr__": missing, "__module__": "findspot.config", "_findspot_names_": names})


def as_plain(view: View) -> Any:
    """The section as files say it, secrets included."""
    node = node_of(view)
    return json.loads(node.json()) if node is not None else _revert(view)


def _revert(view: View) -> Any:
    from .annotations import plain_default

    shape = view._findspot_shape_
    return as_dict(view, secrets=True) if shape is None else plain_default(shape, view)


def view_value(view: Any) -> Shape | None:
    """The shape of a view; None without a class."""
    return view._findspot_shape_ if isinstance(view, View) else None


def version_of(view: Any) -> int:
    """The number of the version that a view is of."""
    node = node_of(view) if isinstance(view, View) else getattr(view, NODE, None)
    if node is None:
        raise TypeError(f"expected a view of a store, got {type(view).__name__}")
    return int(node.version)
