"""The consistency checker: every leaf of version v carries v.

**In**: a store of `sections` × `leaves` numbers that are all the same, and readers. **Out**: how many reads were made, and what was wrong
with them. **Law**: a request reads many leaves of one pin, and all are equal; what it sees is no older than the last version whose
publication had ended when it began, and no newer than the last whose publication had begun when it ended; no thread ever goes back.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from findspot.config import Store

SECTIONS, LEAVES = 8, 16


def content(version: int) -> dict[str, Any]:
    return {f"s{i}": {f"k{j}": version for j in range(LEAVES)} for i in range(SECTIONS)}


@dataclass
class Found:
    """What readers counted."""

    reads: int = 0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, reads: int, wrong: list[str]) -> None:
        with self.lock:
            self.reads += reads
            self.wrong += wrong[:10]


class Bounds:
    """Which versions may be seen now: the slots are ordinary attributes, written by the publisher only."""

    def __init__(self, first: int = 1) -> None:
        self.begun = first
        self.done = first


def request(store: Store[Any], bounds: Bounds | None, last: int, wrong: list[str]) -> tuple[int, int]:
    """One request: the value that it saw, and how many leaves it read."""
    oldest = bounds.done if bounds is not None else 0
    with store.pin() as config:
        first = config.s0.k0
        for i in range(SECTIONS):
            section = getattr(config, f"s{i}")
            values = {section.k0, section.k3, section.k7, section.k15, getattr(store.pinned(), f"s{i}").k1}
            if values != {first}:
                wrong.append(f"torn: {first} and {values}")
    if bounds is not None and not oldest <= first <= bounds.begun:
        wrong.append(f"out of bounds: {first} not in {oldest}..{bounds.begun}")
    if first < last:
        wrong.append(f"went back: {first} after {last}")
    return first, SECTIONS * 5


def read_in_thread(store: Store[Any], bounds: Bounds | None, until: Any, found: Found) -> None:
    last, reads, wrong = 0, 0, []
    while not until():
        last, count = request(store, bounds, last, wrong)
        # Outside of a pin each read may be of another version, but never of an older one.
        now = store.current.s1.k1
        if now < last:
            wrong.append(f"current went back: {now} after {last}")
        last, reads = now, reads + count + 1
    found.add(reads, wrong)


async def read_in_task(store: Store[Any], bounds: Bounds | None, until: Any, found: Found) -> None:
    last, reads, wrong = 0, 0, []
    while not until():
        with store.pin() as config:
            first = config.s0.k0
            for i in range(SECTIONS):
                await asyncio.sleep(0)
                seen = getattr(store.pinned(), f"s{i}").k5
                if seen != first:
                    wrong.append(f"torn across awaits: {first} and {seen}")
                reads += 1
        if first < last:
            wrong.append(f"a task went back: {first} after {last}")
        last = first
    found.add(reads, wrong)


def publish(store: Store[Any], bounds: Bounds, until: Any, pause: float = 0.0) -> int:
    """Publishes until it is told to stop; the number of versions."""
    value = bounds.done
    while not until():
        value += 1
        bounds.begun = value
        store.patch({f"s{i}": section for i, (_, section) in enumerate(content(value).items())})
        bounds.done = value
        if pause:
            time.sleep(random.uniform(0, pause))
    return value
