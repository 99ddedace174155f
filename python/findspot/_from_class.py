"""A schema from a class: dataclass, pydantic, msgspec, attrs, NamedTuple, TypedDict.

**In**: a class with annotations. **Out**: the arguments of `Schema`. **Law**: the annotation alone decides; nothing is instantiated,
no library of the class is imported.
"""

from __future__ import annotations

import datetime
import enum
import types
import typing
from typing import Any

from .errors import SchemaError
from .fields import Boolean, Date, Field, Float, Integer, Keyword, Text

__all__ = ["fields_of"]

_PLAIN: dict[Any, Field] = {
    str: Text(),
    bool: Boolean(),
    int: Integer(),
    float: Float(),
    datetime.datetime: Date(),
    datetime.date: Date(),
}
_REPAIR = "str, int, float, bool, datetime, date, a string enum, list[str], or Annotated[…, a field such as GeoPoint()]"


def fields_of(record: type, key: str | None) -> dict[str, Any]:
    """`key`, `key_type` and `fields` of a class."""
    if not isinstance(record, type):
        raise TypeError(f"from_class: expected a class, got {record!r}")
    try:
        hints = typing.get_type_hints(record, include_extras=True)
    except NameError as error:
        raise SchemaError(
            f"schema: {record.__name__}: expected annotations that can be resolved at run time, got {error}",
            path=record.__name__,
            expected="annotations that can be resolved at run time",
            got=str(error),
        ) from error
    members = {name: hint for name, hint in hints.items() if not _is_hidden(name, hint)}
    key = _key(record, members, key)
    fields = {}
    for name, hint in members.items():
        if name == key and _annotated(hint) is None:
            continue
        fields[name] = _field_of(f"{record.__name__}.{name}", hint)
    return {"key": key, "key_type": int if _unwrap(members[key]) is int else str, "fields": fields}


def _is_hidden(name: str, hint: Any) -> bool:
    origin = typing.get_origin(hint)
    return name.startswith("__") or name == "model_config" or origin is typing.ClassVar or hint is typing.ClassVar


def _key(record: type, members: dict[str, Any], key: str | None) -> str:
    for name in ("id", "key") if key is None else (key,):
        if name in members:
            return name
    expected = "a member called id or key, or from_class(…, key=…)" if key is None else f"a member called {key!r}"
    got = ", ".join(members) or "no annotated member"
    raise SchemaError(f"schema: key: expected {expected} in {record.__name__}, got {got}", path="key", expected=expected, got=got)


def _annotated(hint: Any) -> Field | None:
    """The field that an annotation names, also inside `T | None` and `NotRequired[T]`."""
    for field in getattr(hint, "__metadata__", ()):
        if isinstance(field, Field):
            return field
        if isinstance(field, type) and issubclass(field, Field):
            return field()
    is_wrapper = _is_union(hint) or typing.get_origin(hint) in (typing.NotRequired, typing.Required, typing.Final)
    for inner in typing.get_args(hint) if is_wrapper else ():
        if (field := _annotated(inner)) is not None:
            return field
    return None


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _unwrap(hint: Any) -> Any:
    """The plain type inside Annotated, NotRequired, Required, Final and `T | None`."""
    while True:
        origin = typing.get_origin(hint)
        if origin in (typing.Annotated, typing.NotRequired, typing.Required, typing.Final):
            hint = typing.get_args(hint)[0]
        elif _is_union(hint):
            some = [inner for inner in typing.get_args(hint) if inner is not type(None)]
            if len(some) != 1:
                return hint
            hint = some[0]
        else:
            return hint


def _field_of(path: str, hint: Any) -> Field:
    if (field := _annotated(hint)) is not None:
        return field
    plain = _unwrap(hint)
    if (field := _PLAIN.get(plain) if plain.__hash__ else None) is not None:
        return field
    origin, arguments = typing.get_origin(plain), typing.get_args(plain)
    if origin is typing.Literal and all(isinstance(value, str) for value in arguments):
        return Keyword()
    if isinstance(plain, type) and issubclass(plain, enum.Enum):
        values = [member.value for member in plain]
        if all(isinstance(value, str) for value in values):
            return Keyword()
        if all(type(value) is int for value in values):
            return Integer()
    if origin in (list, tuple, set, frozenset) and arguments and all(_is_string(a) for a in arguments if a is not Ellipsis):
        return Keyword(many=True)
    got = getattr(plain, "__name__", None) if origin is None else str(plain)
    raise SchemaError(f"schema: {path}: expected {_REPAIR}, got {got or plain}", path=path, expected=_REPAIR, got=str(got or plain))


def _is_string(hint: Any) -> bool:
    """Whether each value of the type is a string: str, a string enum, a Literal of strings."""
    plain = _unwrap(hint)
    if plain is str:
        return True
    is_choice = typing.get_origin(plain) is typing.Literal or (isinstance(plain, type) and issubclass(plain, enum.Enum))
    return is_choice and isinstance(_field_of(str(hint), plain), Keyword)
