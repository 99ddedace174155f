"""Engine and twin asked the same, and compared to the last bit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import findspot as fs
import questions
from collection import Collection, Tokens
from findspot import Filter
from twin import Twin

LOG = Path(__file__).resolve().parents[2] / "target" / "test-logs" / "twin.json"
FIELDS: dict[str, Any] = {
    "keyword": fs.Keyword(),
    "integer": fs.Integer(),
    "float": fs.Float(),
    "date": fs.Date(),
    "boolean": fs.Boolean(),
    "geopoint": fs.GeoPoint(),
}


def analyze(text: str, analyzer: str, query: bool) -> Tokens:
    """What the twin knows of analysis."""
    return [(token.text, token.position, token.start) for token in fs.analyze(text, analyzer, query=query)]


def schema_of(fields: Mapping[str, tuple[str, str]]) -> fs.Schema:
    """The twin's schema as findspot's."""
    made = {
        name: fs.Text(analyzer=option) if kind == "text" else fs.Keyword(many=True) if option == "many" else FIELDS[kind]
        for name, (kind, option) in fields.items()
    }
    return fs.Schema(key="id", fields=made)


class Pair:
    """An index and a twin that hold the same."""

    def __init__(self, url: str, fields: Mapping[str, tuple[str, str]]) -> None:
        self.index = fs.Index.create(url, schema_of(fields))
        self.collection = Collection(fields, analyze)
        self.compared = 0
        self.hits = 0
        self.rounding = 0.0
        self.lengths = 0.0

    def upsert(self, records: Iterable[Mapping[str, Any]]) -> None:
        listed = [dict(record) for record in records]
        self.index.upsert(listed)
        self.collection.upsert(listed)

    def delete(self, keys: list[str]) -> None:
        self.index.delete(keys)
        self.collection.delete(keys)

    def merge(self) -> None:
        self.index.commit()
        self.index.merge()
        self.collection.merge()
        assert self.index.stats().deleted == 0

    def handle(self, config: dict[str, Any]) -> fs.Index:
        """Another handle of the same index under a configuration; it sees what is committed."""
        self.index.commit()
        return fs.open(self.index.url, config=config)

    def compare(
        self,
        handle: fs.Index,
        config: dict[str, Any],
        query: dict[str, Any] | str,
        where: dict[str, Any] | None = None,
        sort: list[str] | None = None,
    ) -> None:
        """Asks both; ids, order, scores and totals are equal."""
        twin = Twin(self.collection, config)
        tree = handle.parse(query).query._wire() if isinstance(query, str) else query
        expected = twin.search(tree, where, sort)
        asked = query if isinstance(query, str) else questions.public(query)
        limit = len(expected.rows) + 5
        found = handle.search(asked, limit=limit, where=None if where is None else Filter(where), sort=sort, count="exact")
        rows = [(key, score) for key, score in zip(found.keys, found.scores, strict=True)]
        wanted = [(key, value / expected.scale) for key, value in expected.rows]
        assert rows == wanted, f"config {config}\nquery {query}\nwhere {where}\nsort {sort}\n{first_difference(rows, wanted)}"
        assert found.total == expected.total
        self.compared += 1
        self.hits += len(rows)
        keys, values = [key for key, _ in wanted[:20]], [score for _, score in wanted[:20]]
        for exact, name in ((False, "rounding"), (True, "lengths")):
            real = Twin(self.collection, config, true_lengths=exact).unrounded(tree, keys)
            largest = max((abs(a - b) / max(b, 1e-300) for a, b in zip(values, real, strict=True) if b > 0.0), default=0.0)
            setattr(self, name, max(getattr(self, name), largest))

    def report(self, name: str) -> None:
        """Says what was compared, and keeps it for `make test` and `make bench`."""
        print(
            f"\n{name}: {self.compared} questions, {self.hits} hits equal; largest relative difference to unrounded BM25 "
            f"{self.rounding:.1e} (with true lengths in the place of length codes {self.lengths:.1e})"
        )
        LOG.parent.mkdir(parents=True, exist_ok=True)
        known = json.loads(LOG.read_text(encoding="utf-8")) if LOG.exists() else {}
        known[name] = {"questions": self.compared, "hits": self.hits, "rounding": self.rounding, "lengths": self.lengths}
        LOG.write_text(json.dumps(known, indent=1), encoding="utf-8")


def first_difference(rows: list[tuple[str, float]], wanted: list[tuple[str, float]]) -> str:
    """Where two rankings part."""
    for number, (row, want) in enumerate(zip(rows, wanted, strict=False)):
        if row != want:
            return f"at {number}: engine {row}, twin {want} (of {len(rows)} and {len(wanted)})"
    return f"engine has {len(rows)} rows, twin {len(wanted)}: {(rows + wanted)[min(len(rows), len(wanted))]}"
