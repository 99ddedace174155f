"""The public API as a typed program: checked by mypy and pyright, and run by test_types.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, assert_type

import findspot as fs
from findspot.query import Match, Phrase, Term


@dataclass
class Treasure:
    """A record whose class is the schema."""

    id: str
    title: Annotated[str, fs.Text(analyzer="english")]
    year: int | None = None


def main() -> list[str]:
    """Writes, searches, and looks after an index, with every type stated."""
    schema = fs.Schema.from_class(Treasure)
    assert_type(schema, fs.Schema)
    assert_type(schema.fields, dict[str, fs.Field])
    with fs.Index.create("memory://", schema, config={"k1": 0.9}) as index:
        assert_type(index, fs.Index)
        assert_type(index.upsert([Treasure("k1", "Gold coin", 1700), Treasure("k2", "Silver coin")]), fs.Upserted)
        assert_type(index.commit(), fs.Commit)
        assert_type(index.commit().generation, int)
        query = (Match("gold") | Phrase("silver coin", slop=1)) & ~Term("year", 1900)
        assert_type(query, fs.query.All)
        where = (fs.col("year") < 1900) & fs.col("title").exists()
        assert_type(where, fs.Filter)
        hits = index.search(query, where=where, sort=["-year", "_score"], limit=5, timeout=1.0)
        assert_type(hits, fs.Hits)
        assert_type(hits[0], fs.Hit)
        assert_type(hits[:1], list[fs.Hit])
        assert_type(hits.total, int | None)
        assert_type(hits.to_json(), bytes)
        assert_type(hits.to_list(), list[dict[str, Any]])
        assert_type(index.search_many(["gold", query], where=where, limit=5), list[fs.Hits])
        found = [str(hit["title"]) for hit in hits]
        assert_type(index.get("k1"), dict[str, Any] | None)
        assert_type(index.get("k1", version=True), tuple[dict[str, Any], int] | tuple[None, None])
        assert_type("k1" in index, bool)
        assert_type(len(index), int)
        assert_type(index.count("gold"), fs.Count)
        with index.view() as view:
            assert_type(view, fs.View)
            assert_type(view.search("gold"), fs.Hits)
        with index.transaction() as same:
            assert_type(same, fs.Index)
            assert_type(index.delete(["k2"]), int)
        assert_type(index.stats().bytes, dict[str, int])
        assert_type(index.check().damages, list[fs.Damage])
        assert_type(index.parse("gold").query, fs.Query)
        assert_type(fs.analyze("gold"), list[fs.Token])
        try:
            index.search("(", strict=True)
        except fs.QueryError as error:
            assert_type(error.position, int | None)
        names: Sequence[str] = hits.keys
        assert len(names) == len(hits)
    return found


if __name__ == "__main__":
    print(main())
