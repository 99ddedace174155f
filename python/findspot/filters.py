"""Filters: which documents may answer, whatever their words.

**In**: comparisons of fields, written as Python. **Out**: a `Filter` for `where=` and `Index.delete_where`. **Law**: a comparison with
a missing value is false, `!=` too, and `~` is the complement. The same can be written as text:
`where="year < 1900 and subjects in ['hoard', 'coin']"`. A filter never changes a score.
"""

from __future__ import annotations

from ._values import MAX_DEPTH, to_json, wire_value
from .errors import QueryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    _Value: TypeAlias = str | int | float | bool | datetime.date

__all__ = ["Column", "Filter", "col"]


class Filter:
    """A condition on fields; made by `col(…)`, combined with `&`, `|` and `~`.

    Concurrency: immutable; share it freely.

    Example:
        >>> from findspot import col
        >>> (col("year") < 1900) & ~col("price").is_missing()
        (col('year') < 1900) & ~col('price').is_missing()
    """

    __slots__ = ("_wire",)
    _wire: dict[str, Any]

    def __init__(self, wire: dict[str, Any]) -> None:
        # Not called by users: `col` makes filters, `&` and friends combine them.
        object.__setattr__(self, "_wire", wire)

    def __and__(self, other: Filter) -> Filter:
        return _combined("and", self, other) if isinstance(other, Filter) else NotImplemented

    def __or__(self, other: Filter) -> Filter:
        return _combined("or", self, other) if isinstance(other, Filter) else NotImplemented

    def __invert__(self) -> Filter:
        return Filter({"not": self._wire})

    def __bool__(self) -> bool:
        raise TypeError(
            "a filter has no truth value; combine with & | ~ in the place of and, or, not, each comparison in parentheses, "
            "and write col('year').between(1700, 1800) for 1700 <= col('year') <= 1800"
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Filter is immutable; make a new one")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and other._wire == self._wire

    def __hash__(self) -> int:
        return hash(_shown(self._wire))

    def __repr__(self) -> str:
        return _shown(self._wire)

    def __reduce__(self) -> tuple[object, ...]:
        return Filter, (self._wire,)

    def _json(self) -> str:
        """The filter as the engine reads it."""
        try:
            return to_json(self._wire)
        except RecursionError:
            hint = "put many alternatives into one is_in([…])"
            raise QueryError(f"filter: expected at most {MAX_DEPTH} levels, got a deeper one ({hint})", hint=hint) from None


def _combined(kind: str, left: Filter, right: Filter) -> Filter:
    wires: list[Any] = []
    for side in (left, right):
        # A chain of one operator is one node.
        wires.extend(side._wire[kind] if kind in side._wire else [side._wire])
    return Filter({kind: wires})


def _shown(wire: dict[str, Any], depth: int = 0) -> str:
    """The filter as a user would type it."""
    if depth > MAX_DEPTH:
        return "…"
    ((kind, parts),) = wire.items()
    if kind == "not":
        return f"~{_in_parentheses(parts, depth)}"
    if kind in ("and", "or"):
        return {"and": " & ", "or": " | "}[kind].join(_in_parentheses(part, depth) for part in parts)
    column = f"col({parts['field']!r})"
    if kind == "compare":
        return f"{column} {parts['op']} {parts['value']!r}"
    if kind == "in":
        return f"{column}.is_in({parts['values']!r})"
    if kind == "range":
        return f"{column}.between({parts['gte']!r}, {parts['lte']!r})"
    if kind == "within_km":
        return f"{column}.within_km({parts['lat']!r}, {parts['lon']!r}, {parts['km']!r})"
    return f"{column}.{'is_missing' if kind == 'missing' else kind}()"


def _in_parentheses(wire: dict[str, Any], depth: int) -> str:
    shown = _shown(wire, depth + 1)
    return f"({shown})" if next(iter(wire)) in ("and", "or", "compare") else shown


def col(name: str) -> Column:
    """The field called `name`, to compare with.

    Args:
        name: a field or the key member.

    Returns: a column whose comparisons make filters.
    Errors: none here; an unknown field or a value of another type is a `QueryError` from the search.

    Example:
        >>> from findspot import col
        >>> (col("year") < 1900) & col("subjects").is_in(["hoard", "coin"])
        (col('year') < 1900) & col('subjects').is_in(['hoard', 'coin'])
    """
    return Column(name)


class Column:
    """A field to compare with: `==`, `!=`, `<`, `<=`, `>`, `>=` and the methods below make filters.

    A comparison with None asks whether the value is missing. Of a field with many values, any may fit; `!=` means that there are
    values and none is equal.

    Example:
        >>> from findspot import col
        >>> col("artist") == "J. M. W. Turner"
        col('artist') == 'J. M. W. Turner'
        >>> col("price") == None
        col('price').is_missing()
    """

    __slots__ = ("_name",)
    _name: str

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"col: expected a field's name, got {type(name).__name__}")
        self._name = name

    def __repr__(self) -> str:
        return f"col({self._name!r})"

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no truth value; compare it, as in {self!r} == True")

    __hash__ = None  # type: ignore[assignment]  # equality makes a filter, so a column cannot be found in a set

    def _compared(self, op: str, value: _Value) -> Filter:
        value = wire_value(value, f"{self!r} {op}")
        return Filter({"compare": {"field": self._name, "op": op, "value": value}})

    def __eq__(self, value: _Value | None) -> Filter:  # type: ignore[override]
        return self.is_missing() if value is None else self._compared("==", value)

    def __ne__(self, value: _Value | None) -> Filter:  # type: ignore[override]
        return self.exists() if value is None else self._compared("!=", value)

    def __lt__(self, value: _Value) -> Filter:
        return self._compared("<", value)

    def __le__(self, value: _Value) -> Filter:
        return self._compared("<=", value)

    def __gt__(self, value: _Value) -> Filter:
        return self._compared(">", value)

    def __ge__(self, value: _Value) -> Filter:
        return self._compared(">=", value)

    def is_in(self, values: Iterable[_Value]) -> Filter:
        """Equal to one of `values` (at most 100,000; none of them: no document).

        Example:
            >>> from findspot import col
            >>> col("artist").is_in(["Turner", "Constable"])
            col('artist').is_in(['Turner', 'Constable'])
        """
        if isinstance(values, (str, bytes)):
            raise TypeError(f"{self!r}.is_in: expected values in a list, got {type(values).__name__}; write is_in([{values!r}])")
        listed = [wire_value(value, f"{self!r}.is_in") for value in values]
        return Filter({"in": {"field": self._name, "values": listed}})

    def between(self, low: _Value, high: _Value) -> Filter:
        """At least `low` and at most `high`.

        Example:
            >>> from findspot import col
            >>> col("year").between(1700, 1799)
            col('year').between(1700, 1799)
        """
        low, high = wire_value(low, f"{self!r}.between"), wire_value(high, f"{self!r}.between")
        return Filter({"range": {"field": self._name, "gte": low, "lte": high}})

    def is_missing(self) -> Filter:
        """The document has no value here.

        Example:
            >>> from findspot import col
            >>> col("price").is_missing()
            col('price').is_missing()
        """
        return Filter({"missing": {"field": self._name}})

    def exists(self) -> Filter:
        """The document has a value here.

        Example:
            >>> from findspot import col
            >>> col("price").exists()
            col('price').exists()
        """
        return Filter({"exists": {"field": self._name}})

    def within_km(self, lat: float, lon: float, km: float) -> Filter:
        """At most `km` kilometres from a place, along the sphere.

        Args:
            lat: latitude of the centre in degrees, −90 to 90.
            lon: longitude in degrees, −180 to 180.
            km: the distance in kilometres.

        Example:
            >>> from findspot import col
            >>> col("location").within_km(51.5, -0.12, 25)
            col('location').within_km(51.5, -0.12, 25.0)
        """
        lat, lon, km = float(lat), float(lon), float(km)
        for name, value in (("lat", lat), ("lon", lon), ("km", km)):
            wire_value(value, f"{self!r}.within_km: {name}")
        return Filter({"within_km": {"field": self._name, "lat": lat, "lon": lon, "km": km}})
