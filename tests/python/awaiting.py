"""What the tests of awaited calls share: loops to run them under, a large index, scripts in processes of their own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import findspot as fs
import trio
import uvloop

T = TypeVar("T")
Main = Callable[[], Awaitable[T]]


def run_asyncio(main: Main[T]) -> T:
    async def run() -> T:
        return await main()

    return asyncio.run(run())


def run_uvloop(main: Main[T]) -> T:
    async def run() -> T:
        return await main()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def run_trio(main: Main[T]) -> T:
    async def run() -> T:
        return await main()

    return trio.run(run)


LOOPS: dict[str, Callable[[Main[Any]], Any]] = {"asyncio": run_asyncio, "uvloop": run_uvloop, "trio": run_trio}

WORDS = ["gold", "coin", "silver", "bridge", "old", "crown", "hoard", "river", "field", "church"]


@contextmanager
def hoard(documents: int = 40_000) -> Iterator[fs.Index]:
    """So many documents that a sorted or counted search of frequent words is none to be done in the loop's thread."""
    schema = fs.Schema(key="id", fields={"title": fs.Text(), "year": fs.Integer()})
    with fs.Index.create("memory://", schema) as index:
        words = [[WORDS[(n * step + step) % 10] for step in (1, 3, 7)] for n in range(100)]
        index.upsert({"id": f"k{n}", "title": " ".join(words[n * 7 % 100]), "year": n % 1000} for n in range(documents))
        yield index


LONG: dict[str, Any] = {"query": "gold OR coin OR silver OR bridge", "count": "exact", "sort": ["year", "_score"], "limit": 50}
"""A search of some milliseconds over the hoard."""


def script(source: str, timeout: float = 60, **variables: str) -> str:
    """What a program prints that runs in a process of its own; it must end by itself and well."""
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(__file__), **variables}
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=timeout, env=environment)
    assert run.returncode == 0, run.stderr + run.stdout
    assert "never retrieved" not in run.stderr and "Exception ignored" not in run.stderr, run.stderr
    return run.stdout
