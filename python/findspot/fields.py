"""What a field can hold.

**In**: a field's options. **Out**: small immutable values that compare, hash and print as written. **Law**: what changes stored bytes
is schema; weights and everything else that changes only how we search are configuration and have no place here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["Boolean", "Date", "Field", "Float", "GeoPoint", "Integer", "Keyword", "Text"]


class Field:
    """What a field can hold; the base of `Text`, `Keyword`, `Integer`, `Float`, `Date`, `Boolean` and `GeoPoint`.

    Example:
        >>> import findspot as fs
        >>> isinstance(fs.Integer(), fs.Field)
        True
        >>> fs.Text(analyzer="english") == fs.Text(analyzer="english")
        True
    """

    __slots__ = ()
    _kind = ""

    def _options(self) -> dict[str, Any]:
        return {}

    def _definition(self, name: str) -> dict[str, Any]:
        """The field as the engine and the manifest write it."""
        return {"name": name, "type": self._kind, **self._options()}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._options().items() if value is not False)
        return f"{type(self).__name__}({shown})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Field) and other._options() == self._options()

    def __hash__(self) -> int:
        return hash((self._kind, *self._options().values()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; make a new one")

    def __reduce__(self) -> tuple[object, ...]:
        return _field, (self._definition(""),)


class Text(Field):
    """Words: analysed, scored, searchable as phrases.

    Args:
        analyzer: name of a built-in analyzer: `"standard"`, a language such as `"english"`, `"whitespace"`, `"keyword"`, `"path"`.
            `findspot.analyzers()` lists them.

    Errors: an unknown analyzer is a `SchemaError` when the schema is made, with the nearest name.

    Example:
        >>> import findspot as fs
        >>> fs.Text(analyzer="english")
        Text(analyzer='english')
    """

    __slots__ = ("analyzer",)
    analyzer: str
    _kind = "text"

    def __init__(self, *, analyzer: str = "standard") -> None:
        object.__setattr__(self, "analyzer", analyzer)

    def _options(self) -> dict[str, Any]:
        return {"analyzer": self.analyzer}


class Keyword(Field):
    """An exact string up to 8 KiB, case kept: filterable and sortable.

    Args:
        many: whether a document may hold several.

    Example:
        >>> import findspot as fs
        >>> fs.Keyword(many=True)
        Keyword(many=True)
    """

    __slots__ = ("many",)
    many: bool
    _kind = "keyword"

    def __init__(self, *, many: bool = False) -> None:
        object.__setattr__(self, "many", bool(many))

    def _options(self) -> dict[str, Any]:
        return {"many": self.many}


class Integer(Field):
    """A signed 64-bit integer.

    Example:
        >>> import findspot as fs
        >>> fs.Integer()
        Integer()
    """

    __slots__ = ()
    _kind = "integer"


class Float(Field):
    """A finite 64-bit float; an integer is taken as one, NaN and infinity are refused.

    Example:
        >>> import findspot as fs
        >>> fs.Float()
        Float()
    """

    __slots__ = ()
    _kind = "float"


class Date(Field):
    """A point in time, kept in UTC microseconds: a `datetime`, a `date` (its midnight) or ISO 8601 text. Naive means UTC.

    Example:
        >>> import findspot as fs
        >>> fs.Date()
        Date()
    """

    __slots__ = ()
    _kind = "date"


class Boolean(Field):
    """True or false.

    Example:
        >>> import findspot as fs
        >>> fs.Boolean()
        Boolean()
    """

    __slots__ = ()
    _kind = "boolean"


class GeoPoint(Field):
    """A place in degrees: `{"lat": 51.5, "lon": -0.12}` or `(51.5, -0.12)`.

    Example:
        >>> import findspot as fs
        >>> fs.GeoPoint()
        GeoPoint()
    """

    __slots__ = ()
    _kind = "geopoint"


KINDS: dict[str, type[Field]] = {kind._kind: kind for kind in (Text, Keyword, Integer, Float, Date, Boolean, GeoPoint)}
"""Every kind of field by the name that the manifest, TOML files and the engine use."""


def _field(definition: Mapping[str, Any]) -> Field:
    """The field that `Field._definition` wrote."""
    options = {name: value for name, value in definition.items() if name not in ("name", "type")}
    return KINDS[definition["type"]](**options)
