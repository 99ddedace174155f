"""query.py: trees, their operators, their JSON form."""

import enum
import json
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime

import findspot as fs
import numpy as np
import pytest
from findspot.query import All, Any, Boost, Fuzzy, Group, Match, Not, Phrase, Prefix, Query, Range, Term, _from_wire

EXAMPLES: list[Query] = [
    Match("gold coin"),
    Match("gold", "title", operator="and", minimum_match=1),
    Match("gold", ["title", "clue"]),
    Match("gold", {"title": 3.0, "clue": None}),
    Term("artist", "Turner"),
    Term("year", 1700),
    Phrase("old bridge", slop=2),
    Prefix("tre", "title"),
    Fuzzy("brigde", distance=2, prefix=1),
    Range("year", gte=1700, lt=1800),
    All(),
    Any(),
    All(Match("a"), Not(Match("b"))),
    Boost(Match("a"), 2.0),
    Group([("should", Match("a")), ("must_not", Match("b"))]),
]


@pytest.mark.parametrize("query", EXAMPLES, ids=repr)
def test_a_query_survives_its_json_its_pickle_and_its_text(query: Query) -> None:
    assert _from_wire(json.loads(query._json())) == query
    assert pickle.loads(pickle.dumps(query)) == query
    assert eval(repr(query), vars(fs.query)) == query
    assert hash(_from_wire(json.loads(query._json()))) == hash(query)


def test_chains_of_one_operator_are_one_node() -> None:
    a, b, c, d = (Match(word) for word in "abcd")
    assert (a & b & c)._parts()["queries"] == (a, b, c)
    assert (a | b) | (c | d) == Any(a, b, c, d)
    assert (a & b) | c == Any(All(a, b), c)
    assert ~a == Not(a)


def test_python_and_or_not_are_refused_with_a_hint() -> None:
    a, b = Match("a"), Match("b")
    with pytest.raises(TypeError, match="& \\| ~"):
        _ = a and b
    with pytest.raises(TypeError, match="& \\| ~"):
        _ = not a


def test_values_are_those_that_fields_hold() -> None:
    class Metal(enum.Enum):
        GOLD = "gold"

    class Plain(str, enum.Enum):  # noqa: UP042 (the older way, which users have)
        GOLD = "gold"

    assert Term("x", datetime(2020, 1, 2, tzinfo=UTC)).value == "2020-01-02T00:00:00+00:00"
    assert Term("x", date(2020, 1, 2)).value == "2020-01-02"
    assert Term("x", np.int64(3)).value == 3  # type: ignore[arg-type]
    assert Term("x", np.float64(3.5)).value == 3.5
    assert Term("x", Metal.GOLD).value == "gold"  # type: ignore[arg-type]
    assert Term("x", Plain.GOLD).value == "gold"
    for bad in (b"bytes", None, [1], object()):
        with pytest.raises(TypeError, match=r"Term\.value: expected"):
            Term("x", bad)  # type: ignore[arg-type]


def test_what_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="expected str, got int"):
        Match(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"write Match\("):
        All("gold")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one of"):
        Range("year")
    with pytest.raises(ValueError, match="'should', 'must' or 'must_not'"):
        Group([("may", Match("a"))])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        Match("a") & "b"  # type: ignore[operator]
    with pytest.raises(AttributeError, match="immutable"):
        Match("a").text = "b"


def test_a_tree_of_100_000_levels_is_a_query_error() -> None:
    query: Query = Match("a")
    for _ in range(100_000):
        query = Not(query)
    with pytest.raises(fs.QueryError, match="at most 128 levels"):
        query._json()


def test_what_users_hold_on_to_cannot_change_a_query() -> None:
    fields = ["title", "artist"]
    query = Match("a", fields)
    fields.append("clue")
    assert query.fields == ("title", "artist")


NAN = float("nan")


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (lambda: Range("year", gt=NAN), ValueError, "Range.gt: expected a finite number, got nan"),
        (lambda: Range("year", gt=np.float64("nan")), ValueError, "Range.gt: expected a finite number, got nan"),
        (lambda: Range("year", gt=1, gte=2), ValueError, "Range: expected gt or gte, got both"),
        (lambda: Range("year", lt=1, lte=2), ValueError, "Range: expected lt or lte, got both"),
        (lambda: Boost(Match("a"), NAN), ValueError, "Boost.by: expected .*, got nan"),
        (lambda: Boost(Match("a"), -1), ValueError, "Boost.by: expected .*, got -1"),
        (lambda: Boost(Match("a"), "2"), TypeError, "Boost.by: expected .*, got str"),  # type: ignore[arg-type]
        (lambda: Match("a", operator="zz"), ValueError, "Match.operator: expected 'or' or 'and', got 'zz'"),  # type: ignore[arg-type]
        (lambda: Match("a", minimum_match=-1), ValueError, "Match.minimum_match: expected .*, got -1"),
        (lambda: Match("a", {"title": float("inf")}), ValueError, "Match.fields.*: expected .*, got inf"),
        (lambda: Phrase("a b", slop=-1), ValueError, "Phrase.slop: expected .*, got -1"),
        (lambda: Phrase("a b", slop=1.5), TypeError, "Phrase.slop: expected .*, got float"),  # type: ignore[arg-type]
        (lambda: Fuzzy("a", distance=9), ValueError, "Fuzzy.distance: expected .*, got 9"),
        (lambda: fs.col("price") == NAN, ValueError, "expected a finite number, got nan"),
        (lambda: fs.col("price").is_in([1.0, NAN]), ValueError, "is_in: expected a finite number, got nan"),
        (lambda: fs.col("at").within_km(NAN, 0, 1), ValueError, "within_km: lat: expected a finite number, got nan"),
    ],
)
def test_bad_values_are_refused_where_they_are_written(make: Callable[[], object], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        make()


def test_errors_of_typed_queries_have_no_position() -> None:
    with fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()})) as index:
        calls: list[Callable[[], object]] = [
            lambda: index.search(Term("zz", "x")),
            lambda: index.search("gold", where=fs.col("zz") == 3),
            lambda: index.count(Term("zz", "x")),
            lambda: index.delete_where(fs.col("zz") == 3),
        ]
        for call in calls:
            with pytest.raises(fs.QueryError, match=r'^query: no field "zz"') as caught:
                call()
            assert caught.value.position is None
        with pytest.raises(fs.QueryError, match="position 0") as caught:
            index.search(where="zz == 3")
        assert caught.value.position == 0


def test_a_config_that_is_no_number_names_its_path() -> None:
    with pytest.raises(fs.ConfigError) as caught:
        fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}), config={"k1": NAN, "b": 2})
    assert sorted(path for path, _, _ in caught.value.problems) == ["b", "k1"]
