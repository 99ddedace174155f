"""Typed queries: what a search asks, as a tree of small immutable values.

**In**: words, phrases, exact values, ranges. **Out**: a `Query` for `Index.search`, `Index.count` and friends. **Law**: a tree says the
same as a query string but never needs escaping; `&`, `|` and `~` combine, and a chain of one operator is one node. Trees are at most 128
levels deep. Scores: a word scores by BM25 in each of its fields; exact values, prefixes and ranges count 1.0; `All` and `Any` add.

```python
from findspot.query import Match, Phrase, Term

index.search(Match("gold coin") & ~Term("artist", "unknown") | Phrase("old bridge", slop=2))
```
"""

from __future__ import annotations

from ._values import MAX_DEPTH, number_within, to_json, whole_within, wire_value
from .errors import QueryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any as Anything
    from typing import Literal, TypeAlias

    _Fields: TypeAlias = str | Sequence[str] | Mapping[str, float | None] | None
    _Value: TypeAlias = str | int | float | bool | datetime.date

__all__ = ["All", "Any", "Boost", "Fuzzy", "Group", "Match", "Not", "Phrase", "Prefix", "Query", "Range", "Term"]


class Query:
    """A typed query; the base of all in this module. Combine with `&` (all), `|` (any) and `~` (not).

    Concurrency: immutable; share it freely.

    Example:
        >>> from findspot.query import Match, Term
        >>> Match("gold") & ~Term("artist", "unknown")
        All(Match('gold'), Not(Term('artist', 'unknown')))
    """

    __slots__: tuple[str, ...] = ()

    def __and__(self, other: Query) -> All:
        return All(*_joined(All, self, other)) if isinstance(other, Query) else NotImplemented

    def __or__(self, other: Query) -> Any:
        return Any(*_joined(Any, self, other)) if isinstance(other, Query) else NotImplemented

    def __invert__(self) -> Not:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("a query has no truth value; combine with & | ~ in the place of and, or, not")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; make a new one")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Query) and type(other) is type(self) and other._parts() == self._parts()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return _repr(self)

    def __reduce__(self) -> tuple[object, ...]:
        return _from_wire, (self._wire(),)

    def _set(self, **parts: object) -> None:
        for name, value in parts.items():
            object.__setattr__(self, name, value)

    def _parts(self) -> dict[str, Anything]:
        return {name: getattr(self, name) for name in self.__slots__}

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        raise TypeError(f"expected Match, Term, Phrase, Prefix, Fuzzy, Range, All, Any, Not or Boost, got {type(self).__name__}")

    def _json(self) -> str:
        """The tree as the engine reads it."""
        return to_json(self._wire())


def _joined(kind: type[All] | type[Any], left: Query, right: Query) -> list[Query]:
    """Operands of one operator, flat."""
    queries: list[Query] = []
    for side in (left, right):
        if isinstance(side, kind):
            queries.extend(side.queries)
        else:
            queries.append(side)
    return queries


def _repr(query: Query) -> str:
    shown: list[str] = []
    for i, (name, value) in enumerate(query._parts().items()):
        if isinstance(query, (All, Any)):
            shown.extend(map(repr, value))
        elif i == 0 or (i == 1 and isinstance(query, (Term, Boost))):
            shown.append(repr(value))
        elif value is not None and (name, value) not in (("slop", 0), ("distance", 1), ("prefix", 0)):
            shown.append(f"{name}={value!r}")
    return f"{type(query).__name__}({', '.join(shown)})"


def _deeper(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise QueryError(
            f"query: expected at most {MAX_DEPTH} levels, got a deeper tree (combine many queries with one All(…) or Any(…))",
            hint="combine many queries with one All(…) or Any(…)",
        )
    return depth + 1


def _check(query: object, place: str) -> Query:
    if not isinstance(query, Query):
        raise TypeError(f"{place}: expected a query, got {type(query).__name__}" + ("; write Match(…)" if isinstance(query, str) else ""))
    return query


def _text(text: object, place: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{place}: expected str, got {type(text).__name__}")
    return text


def _fields(fields: _Fields, place: str) -> str | tuple[str, ...] | dict[str, float | None] | None:
    """A copy that nobody else can change."""
    if fields is None or isinstance(fields, str):
        return fields
    if hasattr(fields, "keys"):
        weights: Anything = fields
        return {_text(name, place): _weight(weights[name], f"{place}[{name!r}]") for name in weights.keys()}
    names = tuple(_text(name, place) for name in fields)
    return names[0] if len(names) == 1 else names


def _weight(weight: object, place: str) -> float | None:
    return None if weight is None else number_within(weight, 10**6, place)


def _with_fields(wire: dict[str, Anything], fields: Anything) -> dict[str, Anything]:
    if fields is not None:
        wire["fields"] = list(fields) if isinstance(fields, tuple) else fields
    return wire


class Match(Query):
    """Documents that hold words of a text.

    Args:
        text: words; analysed as the fields are. Query syntax has no meaning here.
        fields: where to look: a name, names, or names with weights; without it the configured fields.
        operator: `"or"` (any word) or `"and"` (every word); without it the configured one.
        minimum_match: how many of the words must be there.

    Errors: `QueryError` from the search when a field is unknown or a weight is out of range.

    Example:
        >>> from findspot.query import Match
        >>> Match("gold coin", fields={"title": 3.0, "clue": 1.0}, operator="and")
        Match('gold coin', fields={'title': 3.0, 'clue': 1.0}, operator='and')
    """

    __slots__ = ("text", "fields", "operator", "minimum_match")  # noqa: RUF023 (order of the arguments)
    text: str
    fields: str | tuple[str, ...] | dict[str, float | None] | None
    operator: Literal["or", "and"] | None
    minimum_match: int | None

    def __init__(
        self,
        text: str,
        fields: _Fields = None,
        *,
        operator: Literal["or", "and"] | None = None,
        minimum_match: int | None = None,
    ) -> None:
        if operator not in (None, "or", "and"):
            raise ValueError(f"Match.operator: expected 'or' or 'and', got {operator!r}")
        if minimum_match is not None:
            minimum_match = whole_within(minimum_match, 0, 2**32 - 1, "Match.minimum_match")
        self._set(text=_text(text, "Match"), fields=_fields(fields, "Match.fields"), operator=operator, minimum_match=minimum_match)

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        wire: dict[str, Anything] = {"text": self.text}
        if self.operator is not None:
            wire["operator"] = self.operator
        if self.minimum_match is not None:
            wire["minimum_match"] = self.minimum_match
        return {"match": _with_fields(wire, self.fields)}


class Term(Query):
    """Documents whose field has exactly this value.

    Args:
        field: a field, or the key member.
        value: a Keyword's text, a number, a date, true or false; for a Text field one token as the analyzer makes it.

    Errors: `TypeError` for a value that no field can hold; `QueryError` from the search when the field is unknown or of another type.

    Example:
        >>> from findspot.query import Term
        >>> Term("artist", "J. M. W. Turner")
        Term('artist', 'J. M. W. Turner')
    """

    __slots__ = ("field", "value")
    field: str
    value: str | int | float | bool

    def __init__(self, field: str, value: _Value) -> None:
        self._set(field=_text(field, "Term.field"), value=wire_value(value, "Term.value"))

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        return {"term": {"field": self.field, "value": self.value}}


class Phrase(Query):
    """Documents in which the words stand together, in this order.

    Args:
        text: the words.
        fields: as in `Match`.
        slop: how many places the words may be apart from that in all, 0 to 1,000.

    Cost: reads positions of the documents that hold every word.

    Example:
        >>> from findspot.query import Phrase
        >>> Phrase("old bridge", "clue", slop=2)
        Phrase('old bridge', fields='clue', slop=2)
    """

    __slots__ = ("text", "fields", "slop")  # noqa: RUF023
    text: str
    fields: str | tuple[str, ...] | dict[str, float | None] | None
    slop: int

    def __init__(self, text: str, fields: _Fields = None, *, slop: int = 0) -> None:
        slop = whole_within(slop, 0, 1000, "Phrase.slop")
        self._set(text=_text(text, "Phrase"), fields=_fields(fields, "Phrase.fields"), slop=slop)

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        return {"phrase": _with_fields({"text": self.text, "slop": self.slop}, self.fields)}


class Prefix(Query):
    """Documents with a word (Text) or value (Keyword) that begins so; each scores 1.0.

    Args:
        prefix: the beginning.
        fields: as in `Match`.

    Cost: a scan of the dictionary's part that begins so; never cut.

    Example:
        >>> from findspot.query import Prefix
        >>> Prefix("treas", ["title", "clue"])
        Prefix('treas', fields=('title', 'clue'))
    """

    __slots__ = ("prefix", "fields")  # noqa: RUF023
    prefix: str
    fields: str | tuple[str, ...] | dict[str, float | None] | None

    def __init__(self, prefix: str, fields: _Fields = None) -> None:
        self._set(prefix=_text(prefix, "Prefix"), fields=_fields(fields, "Prefix.fields"))

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        return {"prefix": _with_fields({"prefix": self.prefix}, self.fields)}


class Fuzzy(Query):
    """Documents with a word that is nearly this one; the farther, the less it scores.

    Args:
        text: the word.
        fields: as in `Match`.
        distance: how many letters may be inserted, left out, changed or swapped with their neighbour: 0, 1 or 2.
        prefix: how many first letters must agree.

    Cost: a scan of the dictionary; the 64 nearest words score, and `hits.warnings` says when there were more.

    Example:
        >>> from findspot.query import Fuzzy
        >>> Fuzzy("brigde", distance=2)
        Fuzzy('brigde', distance=2)
    """

    __slots__ = ("text", "fields", "distance", "prefix")  # noqa: RUF023
    text: str
    fields: str | tuple[str, ...] | dict[str, float | None] | None
    distance: int
    prefix: int

    def __init__(self, text: str, fields: _Fields = None, *, distance: int = 1, prefix: int = 0) -> None:
        distance = whole_within(distance, 0, 2, "Fuzzy.distance")
        prefix = whole_within(prefix, 0, 2**32 - 1, "Fuzzy.prefix")
        self._set(text=_text(text, "Fuzzy"), fields=_fields(fields, "Fuzzy.fields"), distance=distance, prefix=prefix)

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        return {"fuzzy": _with_fields({"text": self.text, "distance": self.distance, "prefix": self.prefix}, self.fields)}


class Range(Query):
    """Documents whose field lies between two bounds; each scores 1.0.

    Args:
        field: an Integer, Float, Date or Keyword field (Keywords compare by the bytes of their UTF-8).
        gt: greater than; `gte`: at least; `lt`: less than; `lte`: at most. At least one, and one a side.

    Errors: `QueryError` from the search for a bound of another type.

    Example:
        >>> from findspot.query import Range
        >>> Range("year", gte=1700, lt=1800)
        Range('year', gte=1700, lt=1800)
    """

    __slots__ = ("field", "gt", "gte", "lt", "lte")
    field: str
    gt: str | int | float | bool | None
    gte: str | int | float | bool | None
    lt: str | int | float | bool | None
    lte: str | int | float | bool | None

    def __init__(
        self,
        field: str,
        *,
        gt: _Value | None = None,
        gte: _Value | None = None,
        lt: _Value | None = None,
        lte: _Value | None = None,
    ) -> None:
        bounds = {"gt": gt, "gte": gte, "lt": lt, "lte": lte}
        checked = {name: None if value is None else wire_value(value, f"Range.{name}") for name, value in bounds.items()}
        if all(value is None for value in checked.values()):
            raise ValueError("Range: expected at least one of gt, gte, lt, lte")
        for one, other in (("gt", "gte"), ("lt", "lte")):
            if checked[one] is not None and checked[other] is not None:
                raise ValueError(f"Range: expected {one} or {other}, got both")
        self._set(field=_text(field, "Range.field"), **checked)

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        return {"range": {name: value for name, value in self._parts().items() if value is not None}}


class All(Query):
    """Documents that every query matches; their scores add. `All()` is every document.

    Example:
        >>> from findspot.query import All, Match, Range
        >>> All(Match("coin"), Range("year", lt=1800))
        All(Match('coin'), Range('year', lt=1800))
    """

    __slots__ = ("queries",)
    queries: tuple[Query, ...]

    def __init__(self, *queries: Query) -> None:
        self._set(queries=tuple(_check(query, "All") for query in queries))

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        depth = _deeper(depth)
        return {"all": [query._wire(depth) for query in self.queries]}


class Any(Query):
    """Documents that at least one query matches; the scores of those that do add. `Any()` is no document.

    Example:
        >>> from findspot.query import Any, Match, Prefix
        >>> Match("coin") | Prefix("treas")
        Any(Match('coin'), Prefix('treas'))
    """

    __slots__ = ("queries",)
    queries: tuple[Query, ...]

    def __init__(self, *queries: Query) -> None:
        self._set(queries=tuple(_check(query, "Any") for query in queries))

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        depth = _deeper(depth)
        return {"any": [query._wire(depth) for query in self.queries]}


class Not(Query):
    """Documents that the query does not match; they score 0.

    Example:
        >>> from findspot.query import Match, Not
        >>> ~Match("coin") == Not(Match("coin"))
        True
    """

    __slots__ = ("query",)
    query: Query

    def __init__(self, query: Query) -> None:
        self._set(query=_check(query, "Not"))

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        return {"not": self.query._wire(_deeper(depth))}


class Boost(Query):
    """The same documents with their score times `by`.

    Args:
        query: what to weigh.
        by: 0 to 1,000,000; 0 makes the query a filter.

    Example:
        >>> from findspot.query import Boost, Match
        >>> Boost(Match("hoard", "title"), 2.0)
        Boost(Match('hoard', fields='title'), 2.0)
    """

    __slots__ = ("query", "by")  # noqa: RUF023
    query: Query
    by: float

    def __init__(self, query: Query, by: float) -> None:
        self._set(query=_check(query, "Boost"), by=number_within(by, 10**6, "Boost.by"))

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        return {"boost": {"query": self.query._wire(_deeper(depth)), "by": self.by}}


class Group(Query):
    """Clauses side by side, as a query string has them: some should, some must, some must not match.

    Args:
        clauses: pairs of `"should"`, `"must"` or `"must_not"` and a query. Every `must` matches and no `must_not` does. Under the
            operator `or` at least one `should` matches if there is no `must`; under `and` a `should` is a `must`.

    Example:
        >>> from findspot.query import Group, Match
        >>> Group([("should", Match("gold")), ("must_not", Match("silver"))])
        Group([('should', Match('gold')), ('must_not', Match('silver'))])
    """

    __slots__ = ("clauses",)
    clauses: list[tuple[Literal["should", "must", "must_not"], Query]]

    def __init__(self, clauses: Iterable[tuple[Literal["should", "must", "must_not"], Query]]) -> None:
        self._set(clauses=[(_occur(occur), _check(query, "Group")) for occur, query in clauses])

    def _wire(self, depth: int = 1) -> dict[str, Anything]:
        depth = _deeper(depth)
        return {"group": [{occur: query._wire(depth)} for occur, query in self.clauses]}


def _occur(occur: str) -> str:
    if occur not in ("should", "must", "must_not"):
        raise ValueError(f"Group: expected 'should', 'must' or 'must_not', got {occur!r}")
    return occur


def _from_wire(wire: Mapping[str, Anything]) -> Query:
    """The query that `Query._wire` or the engine wrote."""
    ((kind, parts),) = wire.items()
    if kind == "all":
        return All(*map(_from_wire, parts))
    if kind == "any":
        return Any(*map(_from_wire, parts))
    if kind == "not":
        return Not(_from_wire(parts))
    if kind == "boost":
        return Boost(_from_wire(parts["query"]), parts["by"])
    if kind == "group":
        return Group([(occur, _from_wire(query)) for clause in parts for occur, query in clause.items()])
    leaves: dict[str, type[Query]] = {
        "match": Match,
        "term": Term,
        "phrase": Phrase,
        "prefix": Prefix,
        "fuzzy": Fuzzy,
        "range": Range,
    }
    return leaves[kind](**parts)
