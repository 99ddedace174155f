"""How fast a large index opens, and how little memory a searching process holds.

Both are measured in fresh processes on the index that the indexing bench left. Opening: `findspot.open` of a path, median and
largest of 50, in a process that has opened it once before (so the files are known to the kernel, as they are to any second worker);
the bytes of the index that became resident by opening show that no file is read whole. Memory: RssAnon after 1,000 searches of real
web queries with ten documents each, less RssAnon of the bare interpreter.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from corpora import CORPORA, data
from recording import Run, anonymous_kb

OPEN_BAR_MS, MEMORY_BAR_MB = 5.0, 25.0


def child_open(folder: str) -> dict[str, Any]:
    """Opens the index 51 times; the first one loads the code and is reported beside."""
    import findspot as fs

    taken = []
    touched = mapped = 0
    for number in range(51):
        start = time.perf_counter()
        index = fs.open(folder)
        taken.append((time.perf_counter() - start) * 1e3)
        if number == 0:
            mapped, touched = mapped_kb(folder)
        index.close()
    return {
        "first_ms": taken[0],
        "median_ms": statistics.median(taken[1:]),
        "worst_ms": max(taken[1:]),
        "mapped_kb": mapped,
        "touched_kb": touched,
    }


def mapped_kb(folder: str) -> tuple[int, int]:
    """(KiB mapped, KiB touched by this process) of the files below a folder."""
    mapped = touched = 0
    inside = False
    with open("/proc/self/smaps", encoding="utf-8") as smaps:
        for line in smaps:
            word = line.split()
            if "-" in word[0] and not word[0].endswith(":"):
                inside = str(Path(folder).resolve()) in line
            elif inside and word[0] == "Size:":
                mapped += int(word[1])
            elif inside and word[0] == "Rss:":
                touched += int(word[1])
    return mapped, touched


def child_search(folder: str, queries: list[str]) -> dict[str, Any]:
    """RssAnon before the import, after it, after opening, and after the searches."""
    bare = anonymous_kb()
    import findspot as fs

    imported = anonymous_kb()
    index = fs.open(folder)
    opened = anonymous_kb()
    found, taken = 0, []
    for query in queries:
        hits = index.search(query, limit=10)
        taken.append(hits.took)
        found += len(hits.to_json())
    return {
        "bare_kb": bare,
        "imported_kb": imported,
        "opened_kb": opened,
        "searched_kb": anonymous_kb(),
        "searches": len(queries),
        "bytes_of_hits": found,
        "mean_ms": statistics.fmean(taken) * 1e3,
    }


def web_queries(count: int) -> list[str]:
    """The first real web queries of the development data."""
    with open(data() / "queries" / "topics.mq.1-10000.txt", encoding="utf-8", errors="replace") as stream:
        return [line.rstrip("\n").split(":")[-1] for line, _ in zip(stream, range(count), strict=False)]


def measure(run: Run) -> None:
    """Runs both children and prints the tables."""
    from indexing import index_folder

    opening, memory, raw = [], [], {}
    for corpus in CORPORA.values():
        folder = str(index_folder("findspot", corpus.name, "default"))
        results = {}
        for task in ("open", "search"):
            command = [sys.executable, __file__, task, folder]
            results[task] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
        raw[corpus.name] = results
        o, s = results["open"], results["search"]
        verdict = f"{'≤' if o['median_ms'] <= OPEN_BAR_MS else 'MISSED:'} {OPEN_BAR_MS:.0f}"
        share = f"{o['touched_kb']:,} of {o['mapped_kb']:,}"
        opening.append([corpus.name, f"{o['median_ms']:.2f}", f"{o['worst_ms']:.2f}", f"{o['first_ms']:.2f}", share, verdict])
        own = (s["searched_kb"] - s["bare_kb"]) / 1024
        verdict = f"{'≤' if own <= MEMORY_BAR_MB else 'MISSED:'} {MEMORY_BAR_MB:.0f}"
        memory.append([corpus.name, f"{s['bare_kb'] / 1024:.1f}", f"{own:.1f}", f"{s['mean_ms']:.2f}", verdict])
    head = ["index", "median ms", "worst ms", "first ms", "KiB touched", "figure to reach (median)"]
    run.table("Opening an index, 50 times", head, opening)
    head = ["index", "interpreter MB", "beyond it MB", "mean ms a search", "figure to reach"]
    run.table("Anonymous memory after 1,000 searches", head, memory)
    run.keep("serving", raw)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["open", "search"])
    parser.add_argument("folder")
    arguments = parser.parse_args()
    json.dump(child_open(arguments.folder) if arguments.task == "open" else child_search(arguments.folder, web_queries(1000)), sys.stdout)
