"""What awaiting costs: processor time of one awaited search that finds nothing.

**In**: nothing. **Out**: a table, and a recorded run with `--record NAME`. **Law**: each figure is the processor time of a whole process, all
its threads together, divided by the searches awaited; each way runs in a process of its own, in turn with the others, several times, and the
least and the median are told. A search is of a word that no document has, `limit=0, count="none"`: what is left is the way there and back.
Ways: `pool` (inline off, so each goes to a worker and back), `inline` (done at once, as such a search is by default), `executor`
(`run_in_executor` around the blocking call), `blocking` (the call alone, no loop involved).
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import findspot as fs
from recording import Run

LOOPS = ("asyncio", "uvloop", "trio")
WAYS = ("pool", "inline", "executor", "blocking")
TASKS = (1, 64, 512)
REACH = {"asyncio": 5.0, "uvloop": 3.0}


def index_of_one() -> fs.Index:
    """The smallest index that can be searched."""
    index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
    index.upsert([{"id": "k1", "title": "gold"}])
    return index


def in_loop(loop: str, main: Callable[[], Awaitable[None]]) -> None:
    """Runs it under a loop."""

    async def run() -> None:
        await main()

    if loop == "trio":
        import trio

        trio.run(run)
    elif loop == "uvloop":
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())
    else:
        asyncio.run(run())


def measure(loop: str, way: str, tasks: int, searches: int) -> float:
    """Microseconds of processor time an awaited search."""
    took: list[float] = []
    with index_of_one() as index:
        search = functools.partial(index.search, "nowhere", limit=0, count="none")
        if way == "blocking":
            started = time.process_time()
            for _ in range(searches):
                search()
            return (time.process_time() - started) / searches * 1e6

        async def awaited(times: int) -> None:
            for _ in range(times):
                await index.asearch("nowhere", limit=0, count="none")

        async def executed(times: int) -> None:
            event_loop = asyncio.get_running_loop()
            for _ in range(times):
                await event_loop.run_in_executor(None, search)

        one = executed if way == "executor" else awaited

        async def many(times: int) -> None:
            if loop == "trio":
                import trio

                async with trio.open_nursery() as nursery:
                    for _ in range(tasks):
                        nursery.start_soon(one, times)
            else:
                await asyncio.gather(*(one(times) for _ in range(tasks)))

        async def main() -> None:
            await many(max(1, searches // tasks // 10))  # warm
            started = time.process_time()
            await many(searches // tasks)
            took.append((time.process_time() - started) / (searches // tasks * tasks) * 1e6)

        in_loop(loop, main)
    return took[0]


def in_process(loop: str, way: str, tasks: int, searches: int) -> float:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--one", loop, way, str(tasks), str(searches)]
    environment = {**os.environ, "FINDSPOT_INLINE": "off" if way == "pool" else "on"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(json.loads(done.stdout))


def main() -> None:
    """Measures all ways in turn and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=4, metavar=("LOOP", "WAY", "TASKS", "SEARCHES"), help="measure one way here and print its figure")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--searches", type=int, default=50_000, help="searches of one figure")
    parser.add_argument("--record", metavar="NAME", help="keep the run under benches/runs")
    arguments = parser.parse_args()
    if arguments.one:
        loop, way, tasks, searches = arguments.one
        print(json.dumps(measure(loop, way, int(tasks), int(searches))))
        return
    run = Run(arguments.record or "awaiting")
    cases = [
        (loop, way, tasks)
        for tasks in TASKS
        for loop in LOOPS
        for way in WAYS
        if not (way == "executor" and loop == "trio") and not (way == "blocking" and (loop, tasks) != (LOOPS[0], 1))
    ]
    figures: dict[str, list[float]] = {}
    for _ in range(arguments.rounds):
        for loop, way, tasks in cases:
            searches = arguments.searches if way != "executor" else arguments.searches // 5
            figures.setdefault(f"{loop} {way} {tasks}", []).append(in_process(loop, way, tasks, searches))
    for tasks in TASKS:
        rows: list[list[Any]] = []
        for way in WAYS:
            cells = [figures.get(f"{loop} {way} {tasks}") for loop in LOOPS]
            if any(cells):
                rows.append([way, *(f"{min(cell):.2f} ({statistics.median(cell):.2f})" if cell else "" for cell in cells)])
        title = (
            f"Processor time of an awaited search that finds nothing, µs, least (median) of {arguments.rounds}; tasks that await: {tasks}"
        )
        run.table(title, ["way", *LOOPS], rows)
    run.say()
    for loop, reach in REACH.items():
        usual = statistics.median(figures[f"{loop} pool 64"])
        run.say(f"{loop}, pool, 64 tasks: {usual:.2f} µs, to be reached {reach:.0f} µs: {'reached' if usual <= reach else 'missed'}")
    if arguments.record:
        run.keep("microseconds", figures)


if __name__ == "__main__":
    main()
