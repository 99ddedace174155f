"""The engines that are called from Python, each as its users call it.

**Law**
1. `call(command, kind)` is what the clock sees: a callable of the query string, or None when the engine cannot do it. Nothing that
   depends on the query is made outside of it; `spell` only writes the query in the engine's own syntax, as a user would type it.
2. `answers` gives [document, score] for the agreement; it is not timed.
3. An engine is imported when it is asked for: each runs where it is installed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Any

RANKED = {"TOP_1": 1, "TOP_10": 10, "TOP_100": 100, "TOP_1000": 1000}
BUCKETS = 20  # a filter on one of them keeps 5 % of the documents


def parts(texts: list[str], segments: int) -> Iterator[range]:
    """Ranges of documents, one for each segment."""
    for part in range(segments):
        yield range(len(texts) * part // segments, len(texts) * (part + 1) // segments)


class Findspot:
    """findspot: a Text field split at white space, a Keyword for filters."""

    def __init__(self, folder: str) -> None:
        import findspot

        self.index = findspot.open(folder)

    @staticmethod
    def build(texts: list[str], folder: str, segments: int, dead: list[int]) -> None:
        import findspot as fs

        shutil.rmtree(folder, ignore_errors=True)
        schema = fs.Schema(key="id", fields={"text": fs.Text(analyzer="whitespace"), "bucket": fs.Keyword()})
        with fs.Index.create(folder, schema, memory="1GB") as index:
            for part in parts(texts, segments):
                index.upsert(({"id": str(n), "text": texts[n], "bucket": f"b{n * 7919 % BUCKETS}"} for n in part), refresh=False)
                index.commit()
            index.merge(max_segments=segments)
            if dead:
                index.delete(map(str, dead))
                index.commit()
            if index.stats().segments != segments:
                raise SystemExit(f"{index.stats().segments} segments, expected {segments}")

    def versions(self) -> dict[str, str]:
        stats = self.index.stats()
        return {"findspot": version("findspot"), "segments": str(stats.segments), "documents": str(stats.documents)}

    @staticmethod
    def spell(query: str, kind: str) -> str:
        return query

    def call(self, command: str, kind: str) -> Callable[[str], Any] | None:
        if command in RANKED:
            return partial(self.index.search, limit=RANKED[command], count="none")
        return {"TOP_10_COUNT": partial(self.index.search, limit=10, count="exact"), "COUNT": self.index.count}.get(command)

    def answers(self, query: str, kind: str, limit: int) -> list[tuple[int, float]]:
        hits = self.index.search(query, limit=limit, count="none")
        return [(int(hit.key), hit.score) for hit in hits]


ENGINES: dict[str, Any] = {"findspot": Findspot}
