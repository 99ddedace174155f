"""The first query after opening, with the pages of the index dropped before: what a process pays that nobody warmed up.

**Law**: no process maps the index while its pages are dropped (`POSIX_FADV_DONTNEED` leaves mapped pages), and each measurement is a
fresh process; engines alternate.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from children import Child, Engine
from prepare import CLASSES, Place

ROUNDS = 5


def drop(folder: Path) -> None:
    """Asks the kernel to forget the files' pages."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def first_queries(engines: Sequence[Engine], place: Place) -> dict[str, dict[str, list[int]]]:
    """Engine → `opening` or class → nanoseconds of each round; the class's first query alone."""
    found: dict[str, dict[str, list[int]]] = {engine.name: {} for engine in engines}
    for _ in range(ROUNDS):
        for kind in CLASSES:
            for engine in engines:
                drop(place.index(engine.folder or engine.name))
                child = Child(engine, place)
                taken = child.ask("run", kind, "TOP_10", 1, 1)[0]
                child.close()
                found[engine.name].setdefault("opening", []).append(int(child.ready["open_s"] * 1e9))
                found[engine.name].setdefault(kind, []).append(taken)
    return found
