"""How soon a search runs on a changed ranking, and what a change costs the searches beside it.

**In**: an index of 886,323 package summaries. **Out**: milliseconds from the call that changes the ranking to the end of the next search, which
must be on it; the 99th percentile of searches in a thread, with changes beside it and without, in turn.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SYNONYM_GROUPS = 50_000


def synonyms(index: Any) -> list[list[str]]:
    """So many groups of words."""
    return [[f"word{number}", f"term{number}", f"other word{number}"] for number in range(SYNONYM_GROUPS)]


def change(index: Any, query: str, patch: dict[str, Any]) -> float:
    """Changes the ranking and searches; milliseconds of both."""
    before = index.config.version
    start = time.perf_counter()
    index.config.patch(patch)
    hits = index.search(query, limit=10, count="none")
    taken = (time.perf_counter() - start) * 1e3
    if hits.config_version <= before:
        raise RuntimeError(f"the search ran on version {hits.config_version}, the change made one after {before}")
    return taken


def changes(index: Any, query: str, rounds: int) -> dict[str, list[float]]:
    """Weights, k1, b, all in turn; then synonyms."""
    found: dict[str, list[float]] = {"weights": [], "k1": [], "b": []}
    for number in range(rounds):
        for name, patch in (
            ("weights", {"ranking.fields.text": 1.0 + number / 8}),
            ("k1", {"ranking.k1": 0.9 + number / 64}),
            ("b", {"ranking.b": 0.3 + number / 64}),
        ):
            found[name].append(change(index, query, patch))
    return found


def synonym_change(index: Any, query: str, rounds: int) -> list[float]:
    """Replaces all groups."""
    groups = synonyms(index)
    return [change(index, query, {"synonyms.groups": [*groups, ["only", f"here{number}"]]}) for number in range(rounds)]


def latencies(index: Any, queries: list[str], seconds: float) -> list[float]:
    """A thread that searches without a pause: how long each took, in µs."""
    taken: list[float] = []

    def searching() -> None:
        clock, until, number = time.perf_counter, time.perf_counter() + seconds, 0
        while True:
            begin = clock()
            if begin > until:
                break
            index.search(queries[number % len(queries)], limit=10, count="none")
            taken.append((clock() - begin) * 1e6)
            number += 1

    thread = threading.Thread(target=searching)
    thread.start()
    thread.join()
    return taken


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(values, n=100)[98]


def beside(index: Any, queries: list[str], rounds: int, seconds: float) -> list[tuple[float, float]]:
    """(p99 idle, p99 while the ranking changes ten times a second), in turn."""
    found = []
    for _ in range(rounds):
        idle = p99(latencies(index, queries, seconds))
        stop = threading.Event()

        def changing(stopped: Callable[[float], bool] = stop.wait) -> None:
            number = 0
            while not stopped(0.1):
                index.config.patch({"ranking.k1": 0.5 + (number % 64) / 64})
                number += 1

        thread = threading.Thread(target=changing)
        thread.start()
        busy = p99(latencies(index, queries, seconds))
        stop.set()
        thread.join()
        found.append((idle, busy))
    return found


def measure(folder: Path, queries: list[str], rounds: int) -> dict[str, Any]:
    """All of it, on an index that exists."""
    import findspot as fs

    index: Any = fs.open(folder, config={"ranking": {"k1": 1.2}})
    try:
        return {
            "changes": changes(index, queries[0], rounds),
            "beside": beside(index, queries, 5, 2.0),
            "synonyms": synonym_change(index, queries[0], max(3, rounds // 4)),
        }
    finally:
        index.close()
