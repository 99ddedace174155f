"""Marks for annotations: what a plain dataclass or TypedDict says about its fields without any other library.

**In**: `Annotated[int, Constraint(ge=1)]`, `Annotated[str, Secret]`. **Out**: rules of a shape. **Law**: a mark changes what is accepted
and shown, never what a reader gets.
"""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["Constraint", "Secret"]


@dataclasses.dataclass(frozen=True, slots=True)
class Constraint:
    """Bounds of one value, for `Annotated`.

    Marks of `annotated_types`, `msgspec.Meta` and pydantic's `Field` are understood as well; this one needs no library.

    Args:
        ge: at least; gt: more than; le: at most; lt: less than. For numbers and times.
        multiple_of: a number that divides the value.
        min_length: fewest characters or items; max_length: most of them.
        pattern: a regular expression that must be found in the text; anchor it with `^` and `$`.
        description: words for people.

    Example:
        >>> from dataclasses import dataclass
        >>> from typing import Annotated
        >>> from findspot.config import Constraint, Mapping, Store
        >>> @dataclass
        ... class Limits:
        ...     most: Annotated[int, Constraint(ge=1, le=100)] = 10
        >>> Store(Limits, sources=[Mapping({"most": 7})]).current.most
        7
    """

    ge: Any = None
    gt: Any = None
    le: Any = None
    lt: Any = None
    multiple_of: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    description: str | None = None

    def rules(self) -> dict[str, Any]:
        """The rules that were given, by name."""
        pairs = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return {name: value for name, value in pairs if value is not None}


class Secret:
    """Marks a value that no output may show: `Annotated[str, Secret]`, or `field(metadata={"secret": True})` of a dataclass.

    The attribute holds the value itself. Representations, errors, differences, the audit and pickles show `(secret)` in its place. Keys that
    read like a secret's (`password`, `apiKey`) and URLs with a password need no mark.

    Example:
        >>> from dataclasses import dataclass
        >>> from typing import Annotated
        >>> from findspot.config import Mapping, Secret, Store
        >>> @dataclass
        ... class Database:
        ...     url: str
        ...     key: Annotated[str, Secret]
        >>> store = Store(Database, sources=[Mapping({"url": "db", "key": "abracadabra"})])
        >>> store.current
        Database(url='db', key=(secret))
    """

    __slots__ = ()
