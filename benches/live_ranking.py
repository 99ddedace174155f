"""How long a change of the ranking takes on a large index, until the next search uses it.

**In**: an index with a Text field, and a query that finds something. **Out**: milliseconds (median, least, most) for changes of weights, k1 and
b, and for new synonyms, their document parsed already; latencies of one searching thread with and without changes, alternated. Versions are
numbered in memory, so no disk is measured.

    python benches/live_ranking.py INDEX QUERY [--groups 50000] [--rounds 25]
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import findspot as fs
from findspot.config import Mapping, Store


def changed(index: fs.Index, query: str, values: dict[str, Any]) -> float:
    """Milliseconds from the patch to the end of the first search under it."""
    begin = time.perf_counter()
    version = index.config.patch(values).version
    hits = index.search(query)
    end = time.perf_counter()
    assert hits.config_version == version
    return (end - begin) * 1e3


def told(times: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(times), 3), "least": round(min(times), 3), "most": round(max(times), 3)}


def latencies(index: fs.Index, query: str, seconds: float, meanwhile: Callable[[], object] | None) -> list[float]:
    """Microseconds of each search for so long, while another thread changes the ranking 20 times a second."""
    over = threading.Event()

    def change() -> None:
        while meanwhile is not None and not over.wait(0.05):
            meanwhile()

    thread = threading.Thread(target=change)
    thread.start()
    taken, end = [], time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        index.search(query)
        taken.append((time.perf_counter() - begin) * 1e6)
    over.set()
    thread.join()
    return taken


def p99(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.99)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("index")
    parser.add_argument("query")
    parser.add_argument("--groups", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    texts = [name for name, field in fs.open(options.index).schema.fields.items() if isinstance(field, fs.Text)]
    groups = [[f"word{i}", f"other word{i}", f"third{i} of them"] for i in range(options.groups)]
    store = Store(sources=[Mapping({"ranking": {"fields": dict.fromkeys(texts, 1.0)}, "synonyms": {"groups": groups[:2]}})])
    with fs.open(options.index, config=store) as index:
        found: dict[str, Any] = {"documents": len(index), "fields": texts, "python": platform.python_version(), "groups": options.groups}
        kinds: dict[str, Callable[[int], dict[str, Any]]] = {
            "weights": lambda i: {"ranking.fields": {texts[0]: 2.0 + i, **dict.fromkeys(texts[1:], 1.0)}},
            "k1": lambda i: {"ranking.k1": 0.5 + i / 100},
            "b": lambda i: {"ranking.b": 0.2 + i / 100},
            "synonyms": lambda i: {"synonyms.groups": groups[i % 2 :]},
            "weights beside the synonyms": lambda i: {"ranking.fields": {texts[0]: 3.0 + i, **dict.fromkeys(texts[1:], 1.0)}},
        }
        for kind, values in kinds.items():
            rounds = min(options.rounds, 7) if kind == "synonyms" else options.rounds
            made = [values(i) for i in range(rounds)]
            found[kind] = told([changed(index, options.query, value) for value in made])
        count = iter(range(10**9))
        change = lambda: store.patch({"ranking.k1": 0.5 + next(count) % 900 / 100})  # noqa: E731
        pairs = [(p99(latencies(index, options.query, 1.0, None)), p99(latencies(index, options.query, 1.0, change))) for _ in range(5)]
        found["p99 idle, µs"] = round(statistics.median(idle for idle, _ in pairs), 1)
        found["p99 beside changes, µs"] = round(statistics.median(busy for _, busy in pairs), 1)
        found["ratio"] = round(statistics.median(busy / idle for idle, busy in pairs), 3)
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
