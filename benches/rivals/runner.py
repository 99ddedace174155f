"""The child of every engine that Python calls: builds an index, or serves the line protocol of children.py.

    runner.py build <engine> <words.txt> <folder> <segments> <deleted.txt or ->
    runner.py serve <engine> <folder> <queries.tsv>

**Law**: inside the clock is what a user of the engine writes: its call with the query string, and the end of what it returned. The
cyclic garbage collector is off while the clock runs, as in `timeit`.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from python_engines import ENGINES

LEAST = 10


def timed(call: Callable[[str], Any], queries: list[str], budget: int) -> list[int]:
    """Nanoseconds of each query, until the budget is spent."""
    taken, spent, clock = [], 0, time.perf_counter_ns
    gc.collect()
    gc.disable()
    for query in queries:
        start = clock()
        call(query)
        end = clock()
        taken.append(end - start)
        spent += end - start
        if spent > budget and len(taken) >= LEAST:
            break
    gc.enable()
    return taken


def anonymous_kb() -> int:
    """Anonymous resident memory of this process."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))


def serve(name: str, folder: str, queries_file: str) -> None:
    """Answers requests until standard input ends."""
    bare = anonymous_kb()
    queries: dict[str, list[str]] = {}
    with open(queries_file, encoding="ascii") as stream:
        for line in stream:
            kind, query = line.rstrip("\n").split("\t")
            queries.setdefault(kind, []).append(query)
    start = time.perf_counter()
    engine = ENGINES[name](folder)
    print(json.dumps({"open_s": round(time.perf_counter() - start, 4), "versions": engine.versions()}), flush=True)
    for line in sys.stdin:
        verb, *words = line.split()
        answer: Any = None
        if verb == "run":
            kind, command, count, budget = words
            call = engine.call(command, kind)
            # The engine gets its own spelling of the query; whoever must be given a typed one builds it in the call.
            answer = (
                None if call is None else timed(call, [engine.spell(query, kind) for query in queries[kind][: int(count)]], int(budget))
            )
        elif verb == "answers":
            kind, limit, count = words
            if engine.call(f"TOP_{limit}", kind) is not None:
                answer = [engine.answers(engine.spell(query, kind), kind, int(limit)) for query in queries[kind][: int(count)]]
        elif verb == "counts":
            kind, count = words
            call = engine.call("COUNT", kind)
            if call is not None:
                answer = [call(engine.spell(query, kind)) for query in queries[kind][: int(count)]]
        elif verb == "memory":
            answer = {"bare_kb": bare, "now_kb": anonymous_kb()}
        elif verb == "quit":
            break
        print(json.dumps(answer, separators=(",", ":")), flush=True)


def build(name: str, words: str, folder: str, segments: int, deleted: str) -> None:
    """Builds the index of one state and prints how long it took."""
    with open(words, encoding="ascii") as stream:
        texts = stream.read().splitlines()
    dead = [] if deleted == "-" else [int(line) for line in Path(deleted).read_text(encoding="ascii").split()]
    start = time.perf_counter()
    ENGINES[name].build(texts, folder, segments, dead)
    print(json.dumps({"seconds": round(time.perf_counter() - start, 2)}), flush=True)


if __name__ == "__main__":
    task, engine_name, *rest = sys.argv[1:]
    if task == "serve":
        serve(engine_name, *rest)
    else:
        build(engine_name, rest[0], rest[1], int(rest[2]), rest[3])
