"""A shape from a class: dataclass, msgspec.Struct, pydantic model, TypedDict.

**In**: a class with annotations. **Out**: its `Shape`. **Law**: no library of the class is imported unless the class is one of its own;
what an annotation promises is what a reader gets; what cannot be promised is refused here, with the path, and never at run time.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import functools
import pathlib
import sys
import types
import typing
import uuid
from typing import Any

from ..errors import SchemaError
from .instances import instance_of
from .marks import Constraint, Secret
from .shape import ABSENT, Member, Shape

__all__ = ["shape_of"]

_PLAIN = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    type(None): "null",
}
_REPAIR = (
    "str, int, float, bool, datetime, date, time, timedelta, Path, UUID, Decimal, an enum, Literal, list, tuple, set or frozenset, "
    "dict[str, …], a union of these, or a class: dataclass, msgspec.Struct, pydantic model, TypedDict"
)
_RULES = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")
_UUID = "^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$"


def shape_of(cls: Any) -> Shape:
    """The shape of a class, or of an annotation such as `dict[str, Any]`.

    Errors: `SchemaError` for an annotation that cannot be promised, with its path.
    """
    return _Reader().read(cls, getattr(cls, "__name__", "schema"))


def refused(path: str, expected: str, got: str) -> SchemaError:
    return SchemaError(f"schema: {path}: expected {expected}, got {got}", path=path, expected=expected, got=got)


def _is_from(cls: Any, library: str, base: str) -> bool:
    """Whether a class is of a library, which is then imported already."""
    module = sys.modules.get(library)
    parent = getattr(module, base, None)
    return isinstance(parent, type) and isinstance(cls, type) and issubclass(cls, parent)


class _Reader:
    """One walk over annotations; remembers what it is inside of, to refuse a class that holds itself."""

    def __init__(self) -> None:
        self.inside: list[Any] = []

    def read(self, hint: Any, path: str) -> Shape:
        marks: list[Any] = []
        while True:
            origin = typing.get_origin(hint)
            if origin is typing.Annotated:
                marks = [*hint.__metadata__, *marks]
                hint = hint.__origin__
            elif origin in (typing.NotRequired, typing.Required, typing.Final, typing.ClassVar):
                hint = typing.get_args(hint)[0]
            elif isinstance(hint, typing.NewType):
                hint = hint.__supertype__
            elif type(hint).__name__ == "TypeAliasType":
                hint = hint.__value__
            elif isinstance(hint, typing.TypeVar):
                hint = hint.__bound__ or Any
            else:
                break
        shape = self.plain(hint, path)
        for mark in marks:
            _apply(shape, mark)
        return shape

    def plain(self, hint: Any, path: str) -> Shape:
        if hint is Any or hint is object:
            return Shape("any")
        if hint is None:
            return Shape("null")
        if isinstance(hint, type) and hint in _PLAIN:
            return Shape(_PLAIN[hint])
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self.union(arguments, path)
        if origin is typing.Literal:
            return _literal(arguments, path)
        if (found := self.collection(hint if origin is None else origin, arguments, path)) is not None:
            return found
        if isinstance(hint, type):
            return self.of_class(hint, path)
        if isinstance(origin, type) and dataclasses.is_dataclass(origin):
            return self.of_class(origin, path)
        raise refused(path, _REPAIR, str(hint))

    def union(self, arguments: tuple[Any, ...], path: str) -> Shape:
        variants = [self.read(argument, path) for argument in arguments]
        return Shape("union", inner=variants, secret=any(variant.secret for variant in variants))

    def collection(self, origin: Any, arguments: tuple[Any, ...], path: str) -> Shape | None:
        if origin in (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection):
            return Shape("list", inner=[self.items(arguments, path)])
        if origin in (set, frozenset, collections.abc.Set):
            return Shape("list", inner=[self.items(arguments, path)], convert=frozenset, revert=list)
        if origin is tuple:
            if len(arguments) == 2 and arguments[1] is Ellipsis:
                return Shape("list", inner=[self.read(arguments[0], f"{path}[]")], sequence=tuple)
            if not arguments:
                return Shape("list", inner=[Shape("any")], sequence=tuple)
            return Shape("tuple", sequence=tuple, inner=[self.read(argument, f"{path}[{i}]") for i, argument in enumerate(arguments)])
        if origin in (dict, collections.abc.Mapping, collections.abc.MutableMapping):
            if arguments and arguments[0] not in (str, Any):
                raise refused(path, "dict with keys of type str", f"keys of type {_name(arguments[0])}")
            return Shape("map", inner=[self.read(arguments[1], f"{path}.*") if arguments else Shape("any")])
        return None

    def items(self, arguments: tuple[Any, ...], path: str) -> Shape:
        return self.read(arguments[0], f"{path}[]") if arguments else Shape("any")

    def of_class(self, cls: type, path: str) -> Shape:
        if (found := _value_class(cls)) is not None:
            return found
        if cls in self.inside:
            raise refused(path, "a class that does not hold itself", cls.__name__)
        self.inside.append(cls)
        try:
            if _is_from(cls, "pydantic", "BaseModel"):
                from .of_pydantic import read_model

                return read_model(self, cls, path)
            if _is_from(cls, "msgspec", "Struct"):
                from .of_msgspec import read_struct

                return read_struct(self, cls, path)
            if dataclasses.is_dataclass(cls):
                return self.dataclass(cls, path)
            if typing.is_typeddict(cls):
                return self.typed_dict(cls, path)
        finally:
            self.inside.pop()
        if cls.__module__.startswith("pydantic"):
            from .of_pydantic import value_class

            return value_class(cls, path)
        raise refused(path, _REPAIR, cls.__name__)

    def dataclass(self, cls: type, path: str) -> Shape:
        hints = hints_of(cls, path)
        has_check = "__post_init__" in {name for base in cls.__mro__ for name in vars(base)}
        shape = Shape("table", cls=cls)
        for field in dataclasses.fields(cls):
            if not field.init:
                has_check = True
                continue
            inner = self.read(hints[field.name], f"{path}.{field.name}")
            for name, value in field.metadata.items():
                _apply_named(inner, name, value)
            member = Member(field.name, inner)
            set_default(member, field, dataclasses.MISSING)
            shape.members[field.name] = member
        if has_check:
            shape.build = functools.partial(instance_of, shape)
        return shape

    def typed_dict(self, cls: Any, path: str) -> Shape:
        shape = Shape("table", cls=cls, is_mapping=True)
        required = cls.__required_keys__
        for name, hint in hints_of(cls, path).items():
            # With annotations as text, the class itself does not know which keys are marked.
            origin = typing.get_origin(hint)
            optional = origin is typing.NotRequired or (name not in required and origin is not typing.Required)
            shape.members[name] = Member(name, self.read(hint, f"{path}.{name}"), optional=optional)
        return shape


def hints_of(cls: Any, path: str) -> dict[str, Any]:
    """The annotations of a class, resolved."""
    try:
        return typing.get_type_hints(cls, include_extras=True)
    except (NameError, TypeError) as error:
        raise refused(path, "annotations that can be resolved at run time", str(error)) from error


def _value_class(cls: type) -> Shape | None:
    """Classes of single values."""
    if issubclass(cls, enum.Enum):
        return dataclasses.replace(_one_of([member.value for member in cls]), convert=cls, revert=_member_value)
    if issubclass(cls, datetime.datetime):
        return Shape("time", rules={"format": "date-time"}, convert=_datetime, revert=_isoformat)
    if issubclass(cls, datetime.date):
        return Shape("time", rules={"format": "date"}, convert=datetime.date.fromisoformat, revert=_isoformat)
    if issubclass(cls, datetime.time):
        return Shape("time", rules={"format": "time"}, convert=datetime.time.fromisoformat, revert=_isoformat)
    if issubclass(cls, datetime.timedelta):
        return Shape("number", convert=_timedelta, revert=datetime.timedelta.total_seconds)
    if issubclass(cls, pathlib.PurePath):
        return Shape("string", convert=cls, revert=str)
    if issubclass(cls, uuid.UUID):
        return Shape("string", rules={"pattern": _UUID}, convert=uuid.UUID, revert=str)
    if issubclass(cls, decimal.Decimal):
        text = Shape("string", rules={"pattern": r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$"})
        return Shape("union", inner=[text, Shape("number")], convert=_decimal, revert=str)
    return None


def _isoformat(value: Any) -> str:
    text: str = value.isoformat()
    return text


def _timedelta(seconds: float) -> datetime.timedelta:
    return datetime.timedelta(seconds=seconds)


def _decimal(value: Any) -> decimal.Decimal:
    return decimal.Decimal(str(value))


def _member_value(member: Any) -> Any:
    return member.value if isinstance(member, enum.Enum) else member


def _datetime(text: str) -> datetime.datetime:
    # TOML allows a small t and z, and a blank in the place of the T; Python's parser wants the large ones.
    return datetime.datetime.fromisoformat(text.replace("t", "T").replace("z", "Z"))


def _literal(arguments: tuple[Any, ...], path: str) -> Shape:
    values = [value.value if isinstance(value, enum.Enum) else value for value in arguments]
    if any(isinstance(value, bytes) for value in values):
        raise refused(path, "Literal of text, integers, booleans or None", str(arguments))
    return _one_of(values)


def _one_of(values: list[Any]) -> Shape:
    """A choice; of one kind where it can be, so that the text of a variable finds its type."""
    kinds: dict[str, list[Any]] = {}
    for value in values:
        kinds.setdefault(_PLAIN.get(type(value), "any"), []).append(value)
    shapes = [Shape(kind, rules={} if kind == "null" else {"enum": some}) for kind, some in kinds.items()]
    return shapes[0] if len(shapes) == 1 else Shape("union", inner=shapes)


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", None) or str(hint)


def _apply(shape: Shape, mark: Any) -> None:
    """One entry of `Annotated`: a mark of ours, of annotated_types, of msgspec or of pydantic, known by its attributes."""
    if mark is Secret or isinstance(mark, Secret):
        shape.secret = True
        return
    if isinstance(mark, Constraint):
        for name, value in mark.rules().items():
            _apply_named(shape, name, value)
        return
    for name in _RULES:
        value = getattr(mark, name, None)
        if value is not None:
            _apply_named(shape, name, value)
    for inner in getattr(mark, "metadata", None) or ():
        _apply(shape, inner)
    if description := getattr(mark, "description", None):
        shape.description = str(description)


def _apply_named(shape: Shape, name: str, value: Any) -> None:
    if name == "secret":
        shape.secret = bool(value)
    elif name == "description":
        shape.description = str(value)
    elif name in _RULES:
        value = getattr(value, "pattern", value) if name == "pattern" else value
        # A rule of `T | None` is about the T.
        targets = [inner for inner in shape.inner if inner.kind != "null"] if shape.kind == "union" else [shape]
        for target in targets:
            target.rules[name] = target.revert(value) if target.revert is not None and name in ("ge", "gt", "le", "lt") else value


def set_default(member: Member, field: Any, missing: Any) -> None:
    """The default of a field that says `missing` where it has none, or no factory."""
    if field.default is not missing:
        member.default = plain_default(member.shape, field.default)
    elif field.default_factory is not missing:
        member.default = plain_default(member.shape, field.default_factory())


def plain_default(shape: Shape, value: Any) -> Any:
    """A default as plain data: what a file would say."""
    if value is None or value is ABSENT:
        return value
    if shape.kind == "union" and shape.revert is None:
        for inner in shape.inner:
            if inner.kind == "table" and (inner.is_mapping or not isinstance(value, inner.cls)):
                continue
            if inner.kind != "null":
                return plain_default(inner, value)
    if shape.kind == "table":
        if isinstance(value, collections.abc.Mapping):
            return {key: plain_default(_member(shape, key), inner) for key, inner in value.items()}
        return {m.key: plain_default(m.shape, getattr(value, name)) for name, m in shape.members.items()}
    if shape.kind == "map":
        return {str(key): plain_default(shape.inner[0], inner) for key, inner in value.items()}
    if shape.kind == "list":
        return [plain_default(shape.inner[0], inner) for inner in value]
    if shape.kind == "tuple":
        return [plain_default(inner, part) for inner, part in zip(shape.inner, value, strict=True)]
    if shape.revert is not None:
        return shape.revert(value)
    if isinstance(value, enum.Enum):
        return value.value
    return value


def _member(shape: Shape, key: str) -> Shape:
    return next((member.shape for member in shape.members.values() if member.key == key), Shape("any"))
