"""Values inside queries and filters: from Python's types to JSON's.

**In**: what a user compares a field with. **Out**: str, int, float, bool. **Law**: nothing is rounded or guessed; a type that has no
JSON form is a `TypeError` that names it. Dates become ISO 8601 text, whose meaning the engine knows by the field.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    _Wire: TypeAlias = dict[str, Any]

__all__ = ["MAX_DEPTH", "number_within", "to_json", "whole_within", "wire_value"]

_INFINITY = float("inf")

MAX_DEPTH = 128
"""Levels of a query or filter tree that the engine reads."""


def wire_value(value: object, place: str) -> str | int | float | bool:
    """The JSON form of one value; `place` names it in errors."""
    kind = type(value)
    if kind is float and not -_INFINITY < value < _INFINITY:  # type: ignore[operator]
        raise ValueError(f"{place}: expected a finite number, got {value}")
    if kind is str or kind is int or kind is float or kind is bool:
        return value  # type: ignore[return-value]
    if isinstance(value, (str, int, float)):
        # Subclasses: string and integer enums, numpy's float64.
        return _of_enum(value, place) if hasattr(value, "_value_") else wire_value(_plain(value), place)
    isoformat = getattr(value, "isoformat", None)
    if isoformat is not None:
        return str(isoformat())
    if hasattr(value, "_value_"):
        return _of_enum(value, place)
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "shape", None) == ():
        return wire_value(item(), place)
    raise TypeError(f"{place}: expected str, int, float, bool, datetime or date, got {kind.__name__}")


def _plain(value: str | int | float) -> str | int | float:
    if isinstance(value, str):
        return str.__str__(value)
    return int(value) if isinstance(value, int) else float(value)


def whole_within(value: Any, low: int, high: int, place: str) -> int:
    """A whole number of a query; `place` names it in errors."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{place}: expected a whole number from {low:,} to {high:,}, got {type(value).__name__}")
    number: int = value.__index__()
    if not low <= number <= high:
        raise ValueError(f"{place}: expected a whole number from {low:,} to {high:,}, got {number}")
    return number


def number_within(value: object, high: int, place: str) -> float:
    """A weight of a query, from 0; `place` names it in errors."""
    if isinstance(value, (str, bool)) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise TypeError(f"{place}: expected a number from 0 to {high:,}, got {type(value).__name__}")
    if not 0 <= value <= high:  # type: ignore[operator]
        raise ValueError(f"{place}: expected a number from 0 to {high:,}, got {value}")
    return value if isinstance(value, int) else float(value)  # type: ignore[arg-type]


def _of_enum(value: Any, place: str) -> str | int | float | bool:
    return wire_value(value._value_, place)


def to_json(wire: _Wire) -> str:
    """The text that crosses to the engine."""
    import json

    return json.dumps(wire, allow_nan=True)
