"""search_many: several queries in one call, in one view."""

from __future__ import annotations

import random
from typing import Any

import findspot as fs
import pytest
from findspot.query import Match, Phrase, Range, Term
from treasures import treasures

WORDS = ["gold", "coin", "silver", "bridge", "old", "nowhere", "(", '"gold', "-coin", "OR", "year:1702", "go*", "gild~1", ""]


def shown(hits: fs.Hits) -> tuple[Any, ...]:
    return (hits.keys, list(hits.scores), hits.total, hits.total_relation, hits.partial, hits.warnings, hits.to_json())


@pytest.mark.parametrize("seed", range(20))
def test_it_answers_as_search_does_one_by_one(seed: int) -> None:
    dice = random.Random(seed)
    queries: list[Any] = [" ".join(dice.choices(WORDS, k=dice.randrange(4))) for _ in range(30)]
    queries += [Match("gold coin"), Phrase("gold coin"), Term("year", 1702), Range("year", lt=1800), Match("gold") & ~Match("coin")]
    dice.shuffle(queries)
    options: dict[str, Any] = dice.choice(
        [
            {},
            {"limit": 1, "count": "none"},
            {"limit": 2, "offset": 1, "count": "exact"},
            {"where": "year < 1800", "sort": "-year"},
            {"where": fs.col("year") < 1800, "fields": ["title"]},
            {"limit": 0},
            {"timeout": 100.0, "on_timeout": "raise", "sort": ["-year", "_score"], "fields": "title"},
        ]
    )
    with treasures() as index, index.view() as view:
        expected = [shown(index.search(query, **options)) for query in queries]
        assert [shown(hits) for hits in index.search_many(queries, **options)] == expected
        assert [shown(hits) for hits in view.search_many(iter(queries), **options)] == expected


def test_all_queries_see_one_view() -> None:
    with treasures() as index:

        def queries() -> Any:
            yield "gold"
            index.delete("k1")
            yield "gold"

        first, second = index.search_many(queries())
        assert first.keys == second.keys == index.search("gold").keys
        assert (first.index_generation, first.index_refresh) == (second.index_generation, second.index_refresh)


def test_no_query_no_hits() -> None:
    with treasures() as index:
        assert index.search_many([]) == []
        assert index.search_many((), limit=3) == []
        with pytest.raises(fs.QueryError, match="nowhere"):
            index.search_many([], sort="nowhere")


def test_a_refused_query_says_which() -> None:
    with treasures() as index:
        with pytest.raises(fs.QueryError, match=r"position 5") as strict:
            index.search_many(["gold", "coin ("], strict=True)
        assert (strict.value.position, strict.value.__notes__) == (5, ["queries[1]"])
        with pytest.raises(fs.QueryError, match="titel") as typed:
            index.search_many(["gold", "coin", Match("a", fields="titel")])
        assert (typed.value.position, typed.value.__notes__) == (None, ["queries[2]"])
        with pytest.raises(TypeError, match=r"query: expected str or a query of findspot\.query, got int") as wrong:
            index.search_many(["gold", 5])  # type: ignore[list-item]
        assert wrong.value.__notes__ == ["queries[1]"]
        with pytest.raises(fs.QueryError) as filtered:
            index.search_many(["gold"], where="year <")
        assert filtered.value.position is not None
        with pytest.raises(fs.SearchTimeout) as late:
            index.search_many(["gold", "coin"], timeout=0, on_timeout="raise")
        assert late.value.__notes__ == ["queries[0]"]


@pytest.mark.parametrize("queries", ["gold coin", 5, None])
def test_queries_are_a_list(queries: Any) -> None:
    with treasures() as index, pytest.raises(TypeError, match=r"queries: expected a list of queries, got (str; search|int|NoneType)"):
        index.search_many(queries)


def test_what_the_iterable_raises_comes_through() -> None:
    def queries() -> Any:
        yield "gold"
        raise LookupError("no more")

    with treasures() as index, pytest.raises(LookupError, match="no more"):
        index.search_many(queries())


def test_a_closed_index_or_view_says_so() -> None:
    with treasures() as index:
        view = index.view()
        view.close()
        with pytest.raises(fs.ClosedError, match="view is closed"):
            view.search_many(["gold"])
    with pytest.raises(fs.ClosedError):
        index.search_many(["gold"])


def test_a_bare_base_has_nobody_to_ask() -> None:
    with pytest.raises(TypeError, match="expected an Index or a View, got Searching"):
        fs.Searching().search_many(["gold"])
    with pytest.raises(TypeError, match="expected an Index or a View, got Searching"):
        fs.Searching().search("gold")
