"""The configuration story: a service that reads its configuration behind locks, and the same service on findspot.

Eight threads, then one asyncio loop, run the same handler without a pause: a hundred reads of three levels, and 50 µs of Python work. Once
a second a thread reloads a configuration of 100,000 keys whose file has changed. Then the loop again with air in it: each task waits two
milliseconds between requests, since on a loop that never waits a thread may not get the interpreter for seconds, and a reload that does not
come to parsing stalls nobody.

**Out**: for each store requests a second, mean latency, how long a reload makes a handler stand still, the time until a request was answered
from what was reloaded, and until the call returned. **Law**: the stores take turns, round after round; the handler is the same function but
for the line that reads; each store has reloaded before as often as it keeps versions. A stall is the median over the reloads of the longest
time in which no request was answered (with air: that a request came too late) while one ran; its floor is the same half a second later.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import statistics
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import documents
import rivals

READS, WORK_US, THREADS = 100, 50.0, 8
KEPT = 17
"""Reloads after which a store has let go of as many versions as it makes."""
AIR = 0.002
"""Seconds that a task waits between requests when the loop has air."""


class FindspotStore:
    """The store that this is about."""

    name = "findspot"

    def __init__(self, path: Path) -> None:
        from findspot.config import Json, Store

        self._store: Any = Store(documents.App, sources=[Json(path)])

    def handle(self, reads: int) -> float:
        """What one request reads: one version, pinned."""
        total = 0.0
        with self._store.pin() as config:
            for _ in range(reads):
                total += config.search.ranking.title_boost
        return total

    def reload(self) -> None:
        """Must be accepted."""
        report = self._store.reload()
        if not report.accepted:
            raise RuntimeError(str(report))


def spins(microseconds: float) -> int:
    """Rounds of a loop that take so long."""
    count, least = 20_000, float("inf")
    for _ in range(50):
        start = time.perf_counter()
        work(count)
        least = min(least, (time.perf_counter() - start) * 1e6)
    return max(1, int(count * microseconds / least))


def work(rounds: int) -> int:
    """Python that computes."""
    total = 0
    for number in range(rounds):
        total += number & 7
    return total


class Measured:
    """What came out of one turn of one store."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.ends: list[float] = []
        self.waits: list[tuple[float, float]] = []
        """When a request ended that should have begun at a time, and how long after that time."""
        self.changes: list[float] = []
        """When a thread or task first read something else than before."""
        self.reloads: list[tuple[float, float]] = []
        self.seconds = 0.0

    def longest(self, begin: float, end: float) -> float:
        """The longest stall of handlers between two times."""
        if self.waits:
            return max((wait for at, wait in self.waits if begin <= at and at - wait <= end), default=0.0)
        inside = [begin, *(at for at in self.ends if begin <= at <= end), end]
        return max(after - before for before, after in pairwise(inside))

    def figures(self) -> dict[str, float]:
        """Requests a second, mean latency in µs; median stall of a reload, its floor, the longest, times until a reload is seen and returns, in ms."""
        self.ends.sort()
        # What comes when the handlers have ended says nothing of them; one that they did not live to see has no time.
        reloads = [(begin, end) for begin, end in self.reloads if end <= self.ends[-1]]
        stalls = [self.longest(begin, end) for begin, end in reloads]
        # Half a second later no reload runs, and the same handlers do.
        later = [(begin + 0.5, min(end, begin + 0.4) + 0.5) for begin, end in reloads]
        floors = [self.longest(begin, end) for begin, end in later if end <= self.ends[-1]]
        # The first request of all that was answered from a reload's content: the contents take turns, so it differs from what was read before.
        changes = sorted(self.changes)
        firsts = [(begin, next((at for at in changes if at >= begin), None)) for begin, _ in reloads]
        seen = [first - begin for begin, first in firsts if first is not None]
        return {
            "throughput": len(self.latencies) / self.seconds,
            "mean_us": statistics.mean(self.latencies) * 1e6,
            "stall_ms": statistics.median(stalls or [math.inf]) * 1e3,
            "floor_ms": statistics.median(floors or [math.inf]) * 1e3,
            "longest_ms": max(stalls, default=math.inf) * 1e3,
            "seen_ms": statistics.median(seen or [math.inf]) * 1e3,
            "reload_ms": statistics.median([end - begin for begin, end in reloads] or [math.inf]) * 1e3,
            "reloads": float(len(reloads)),
        }


def turn(store: Any, path: Path, contents: list[bytes], rounds: int, seconds: float, run: Callable[..., None]) -> dict[str, float]:
    """One turn: handlers run, the file changes and is reloaded each second."""
    measured, turns = Measured(), itertools.cycle(contents)
    for _ in range(KEPT):
        path.write_bytes(next(turns))
        store.reload()

    def reload() -> None:
        path.write_bytes(next(turns))
        begin = time.perf_counter()
        store.reload()
        measured.reloads.append((begin, time.perf_counter()))

    start = time.perf_counter()
    run(store, measured, rounds, start + seconds, reload)
    measured.seconds = time.perf_counter() - start
    return measured.figures()


def threads(store: Any, measured: Measured, rounds: int, until: float, reload: Callable[[], None]) -> None:
    """Eight threads, and one that reloads each second."""
    stop = threading.Event()

    def reloading() -> None:
        while not stop.wait(1.0):
            reload()

    def handler() -> None:
        latencies, ends, clock, handle = [], [], time.perf_counter, store.handle
        seen = handle(READS)
        begin = clock()
        while begin < until:
            total = handle(READS)
            work(rounds)
            end = clock()
            latencies.append(end - begin)
            ends.append(end)
            if total != seen:
                seen = total
                measured.changes.append(end)
            begin = end
        measured.latencies += latencies
        measured.ends += ends

    reloader = threading.Thread(target=reloading)
    reloader.start()
    workers = [threading.Thread(target=handler) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stop.set()
    reloader.join()


def tasks(store: Any, measured: Measured, rounds: int, until: float, reload: Callable[[], None], air: float = 0.0) -> None:
    """One loop, eight tasks that give way after each request (or wait so long), and one that has a thread reload each second."""

    async def reloading() -> None:
        while time.perf_counter() < until - 1.0:
            await asyncio.sleep(1.0)
            await asyncio.to_thread(reload)

    async def handler() -> None:
        clock, handle = time.perf_counter, store.handle
        seen = handle(READS)
        begin = due = clock()
        while begin < until:
            total = handle(READS)
            work(rounds)
            end = clock()
            measured.latencies.append(end - begin)
            measured.ends.append(end)
            if air:
                measured.waits.append((end, end - due))
            if total != seen:
                seen = total
                measured.changes.append(end)
            due = end + air
            await asyncio.sleep(air)
            begin = clock()

    async def all_of_them() -> None:
        await asyncio.gather(reloading(), *(handler() for _ in range(THREADS)))

    asyncio.run(all_of_them())


def airy_tasks(store: Any, measured: Measured, rounds: int, until: float, reload: Callable[[], None]) -> None:
    """The same, on a loop that has air."""
    tasks(store, measured, rounds, until, reload, AIR)


def tell(folder: Path, seconds: float, turns: int) -> dict[str, dict[str, list[dict[str, float]]]]:
    """All stores, in turn, with threads, with tasks, and with tasks that wait."""
    contents = [documents.as_json(documents.content(100_000, revision)) for revision in (1, 2)]
    rounds = spins(WORK_US)
    ways = {"threads": threads, "asyncio": tasks, "asyncio with air": airy_tasks}
    found: dict[str, dict[str, list[dict[str, float]]]] = {way: {} for way in ways}
    for _ in range(turns):
        for way, run in ways.items():
            for make in (rivals.RLockStore, rivals.ReadWriteStore, rivals.WrittenOutStore, rivals.CopyStore, FindspotStore):
                path = folder / "story.json"
                path.write_bytes(documents.as_json(documents.content(100_000, 0)))
                store = make(path)
                found[way].setdefault(store.name, []).append(turn(store, path, contents, rounds, seconds, run))
    return found
