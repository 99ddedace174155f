"""query.py: trees, their operators, their JSON form."""

import enum
import json
import pickle
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
