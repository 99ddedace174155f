"""What a call from Python costs beside the search itself: an empty answer, reading hits, threads, a neighbour that spins.

    calls.py <index folder> <queries.tsv>

Runs in a process of its own and prints one JSON line. **Law**: every figure is a minimum or a median over repetitions that alternate
with what it is compared with.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import findspot

MIX = ("or1", "or2", "or3", "or4", "long", "and2", "and3", "phrase", "neg")


def least(call: Callable[[], Any], times: int) -> tuple[float, float]:
    """(minimum, median) nanoseconds of a call."""
    taken, clock = [], time.perf_counter_ns
    for _ in range(times):
        start = clock()
        call()
        taken.append(clock() - start)
    taken.sort()
    return float(taken[0]), float(taken[times // 2])


def empty_answer(index: findspot.Index) -> dict[str, float]:
    """A query whose word is in no document, `search()` to `Hits`; and the clock's own cost, which is inside."""
    clock = least(lambda: None, 20_000)
    nothing = least(partial(index.search, "qqzzqqzz", limit=10, count="none"), 20_000)
    several = least(partial(index.search, "qqzzqqzz xxqqzzqq", limit=10, count="none"), 20_000)
    return {"clock_ns": clock[0], "empty_ns": nothing[0], "empty_median_ns": nothing[1], "empty_two_words_ns": several[0]}


def reading(index: findspot.Index, queries: Sequence[str]) -> dict[str, float]:
    """Keys and scores of ten hits: as two lists, and hit by hit; above the search alone, medians over the queries of minima."""
    search = partial(index.search, limit=10, count="none")

    def columns(query: str) -> tuple[Any, Any]:
        hits = search(query)
        return hits.keys, list(hits.scores)

    def rows(query: str) -> list[tuple[Any, float]]:
        return [(hit.key, hit.score) for hit in search(query)]

    above: dict[str, list[float]] = {"columns": [], "rows": []}
    for query in queries:
        if len(search(query)) == 10:
            alone = least(partial(search, query), 200)[0]
            above["columns"].append(least(partial(columns, query), 200)[0] - alone)
            above["rows"].append(least(partial(rows, query), 200)[0] - alone)
    return {name: sorted(values)[len(values) // 2] for name, values in above.items()}


def throughput(search: Callable[[str], Any], queries: Sequence[str], threads: int, seconds: float) -> float:
    """Queries a second of so many threads, each going round all queries from another place."""
    stop, done = threading.Event(), [0] * threads

    def work(number: int) -> None:
        place, count = number * len(queries) // threads, 0
        while not stop.is_set():
            for query in queries[place : place + 20]:
                search(query)
                count += 1
            place = (place + 20) % len(queries)
        done[number] = count

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    stop.set()
    for worker in workers:
        worker.join()
    return sum(done) / (time.perf_counter() - start)


def two_threads(index: findspot.Index, queries: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Class → the best throughput of one thread and of two, of alternating rounds."""
    search = partial(index.search, limit=10, count="none")
    mixed = [query for row in zip(*(queries[kind] for kind in MIX), strict=True) for query in row]
    found = {}
    for name, chosen in {"or4": queries["or4"], "long": queries["long"], "whole mix": mixed}.items():
        pairs = [[throughput(search, chosen, threads, 0.7) for threads in (1, 2)] for _ in range(rounds)]
        found[name] = [max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)]
    return found


def beside_a_spinner(index: findspot.Index, queries: Sequence[str]) -> dict[str, float]:
    """p99 of one searching thread, idle and beside a Python thread that never waits."""
    search, clock = partial(index.search, limit=10, count="none"), time.perf_counter_ns

    def p99() -> float:
        taken = []
        for query in queries:
            start = clock()
            search(query)
            taken.append(clock() - start)
        return float(sorted(taken)[int(0.99 * len(taken))])

    idle = min(p99() for _ in range(3))
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(100))

    spinner = threading.Thread(target=spin)
    spinner.start()
    beside = min(p99() for _ in range(3))
    stop.set()
    spinner.join()
    return {"idle_p99_ns": idle, "beside_p99_ns": beside, "switch_interval_ns": sys.getswitchinterval() * 1e9}


def main() -> None:
    """All of it."""
    index = findspot.open(sys.argv[1])
    queries: dict[str, list[str]] = {}
    with open(sys.argv[2], encoding="ascii") as stream:
        for line in stream:
            kind, query = line.rstrip("\n").split("\t")
            queries.setdefault(kind, []).append(query)
    found = {
        "empty": empty_answer(index),
        "reading": reading(index, queries["or2"][:60]),
        "threads": two_threads(index, queries, 4),
        "spinner": beside_a_spinner(index, [query for kind in MIX for query in queries[kind][:100]]),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
