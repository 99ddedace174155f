"""filters.py: comparisons of columns and what they become."""

import json
import pickle
from datetime import date

import findspot as fs
import pytest
from findspot import col

YEAR = col("year")


@pytest.mark.parametrize(
    ("made", "wire"),
    [
        (YEAR == 1900, {"compare": {"field": "year", "op": "==", "value": 1900}}),
        (YEAR != 1900, {"compare": {"field": "year", "op": "!=", "value": 1900}}),
        (YEAR < 1900, {"compare": {"field": "year", "op": "<", "value": 1900}}),
        (YEAR <= 1900, {"compare": {"field": "year", "op": "<=", "value": 1900}}),
        (YEAR > 1900, {"compare": {"field": "year", "op": ">", "value": 1900}}),
        (YEAR < 1900, {"compare": {"field": "year", "op": "<", "value": 1900}}),
        (date(1999, 5, 1) <= YEAR, {"compare": {"field": "year", "op": ">=", "value": "1999-05-01"}}),
        (YEAR == None, {"missing": {"field": "year"}}),  # noqa: E711
        (YEAR != None, {"exists": {"field": "year"}}),  # noqa: E711
        (YEAR.is_missing(), {"missing": {"field": "year"}}),
        (YEAR.exists(), {"exists": {"field": "year"}}),
        (YEAR.between(1, 2), {"range": {"field": "year", "gte": 1, "lte": 2}}),
        (YEAR.is_in([1, 2]), {"in": {"field": "year", "values": [1, 2]}}),
        (col("at").within_km(51.5, -0.12, 25), {"within_km": {"field": "at", "lat": 51.5, "lon": -0.12, "km": 25.0}}),
        (~(YEAR < 1), {"not": {"compare": {"field": "year", "op": "<", "value": 1}}}),
    ],
    ids=repr,
)
def test_every_comparison_has_its_json_and_reads_back(made: fs.Filter, wire: dict[str, object]) -> None:
    assert json.loads(made._json()) == wire
    assert eval(repr(made), {"col": col})._json() == made._json()
    assert pickle.loads(pickle.dumps(made)) == made


def test_chains_of_one_operator_are_one_node() -> None:
    a, b, c = (n == YEAR for n in range(3))
    assert len(((a & b) & c)._wire["and"]) == 3
    assert len((a | (b | c))._wire["or"]) == 3
    both = (a & b) | c
    assert [next(iter(part)) for part in both._wire["or"]] == ["and", "compare"]
    assert repr(both) == "((col('year') == 0) & (col('year') == 1)) | (col('year') == 2)"


def test_python_and_or_not_and_chained_comparisons_are_refused_with_a_hint() -> None:
    a, b = YEAR < 1, YEAR > 0
    with pytest.raises(TypeError, match="& \\| ~"):
        _ = a and b
    with pytest.raises(TypeError, match="between"):
        _ = 0 < YEAR < 5
    with pytest.raises(TypeError, match="compare it"):
        _ = bool(YEAR)


def test_what_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="field's name"):
        col(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="values in a list"):
        YEAR.is_in("hoard")
    with pytest.raises(TypeError, match=r"col\('year'\) ==: expected"):
        _ = YEAR == [1]  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        {YEAR}  # noqa: B018
    with pytest.raises(TypeError):
        (YEAR < 1) & True  # type: ignore[operator]


def test_a_deep_filter_is_a_query_error() -> None:
    made = YEAR < 1
    for _ in range(100_000):
        made = ~made
    with pytest.raises(fs.QueryError, match="levels"):
        made._json()
    assert "…" in repr(made)
