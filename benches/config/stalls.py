"""How long a thread stands still while something else runs.

**In**: what to run. **Out**: the longest gap of a thread that does nothing but look at the clock. **Law**: the same without anything beside it
is the floor of the machine and is said with the figure.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any


class Watcher:
    """A thread that runs Python without a pause and notes when it could not."""

    def __init__(self) -> None:
        self._stop = False
        self._longest = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        clock = time.perf_counter
        last = clock()
        while not self._stop:
            now = clock()
            if now - last > self._longest:
                self._longest = now - last
            last = now

    def reset(self) -> None:
        """Forgets what was seen."""
        self._longest = 0.0

    def longest(self) -> float:
        """The longest gap, in seconds."""
        return self._longest

    def stop(self) -> None:
        """Ends the thread."""
        self._stop = True
        self._thread.join()


def stall(watcher: Watcher, work: Callable[[], Any]) -> tuple[float, float]:
    """(longest gap, time taken) of one run of the work beside the thread, in ms."""
    time.sleep(0.02)
    watcher.reset()
    start = time.perf_counter()
    work()
    taken = time.perf_counter() - start
    time.sleep(0.002)
    return watcher.longest() * 1e3, taken * 1e3


def stalls(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, float]]:
    """The works in turn, round after round: least and median gap, median time; `idle` is nothing but sleep."""
    watcher = Watcher()
    seen: dict[str, list[tuple[float, float]]] = {}
    try:
        for _ in range(rounds):
            for name, work in {"idle": lambda: time.sleep(0.02), **works}.items():
                seen.setdefault(name, []).append(stall(watcher, work))
    finally:
        watcher.stop()
    return {
        name: {
            "least": min(gap for gap, _ in pairs),
            "median": statistics.median(gap for gap, _ in pairs),
            "took": statistics.median(taken for _, taken in pairs),
        }
        for name, pairs in seen.items()
    }
