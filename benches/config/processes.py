"""How soon another process is on a new version, and what adopting it costs its threads.

**In**: a folder with versions. **Out**: milliseconds from the return of the publishing call to the first read of the new value in the other
process, and the longest gap of a running thread there. **Law**: the other process calls nothing but `store.current`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import documents
from stalls import Watcher


def open_store(folder: Path) -> Any:
    """The store of both processes."""
    from findspot.config import Json, Store

    return Store(documents.App, sources=[Json(folder / "shared.json")], folder=folder / "versions")


def child(folder: Path) -> None:
    """Says when each new value was seen."""
    store = open_store(folder)
    print("ready", flush=True)
    for line in sys.stdin:
        wanted = float(line)
        watcher = Watcher()
        time.sleep(0.01)
        watcher.reset()
        print("waiting", flush=True)
        while store.current.search.ranking.title_boost != wanted:
            time.sleep(0.0005)
        seen = time.time()
        time.sleep(0.005)
        watcher.stop()
        print(json.dumps({"seen": seen, "stall_ms": watcher.longest() * 1e3}), flush=True)


def follow(folder: Path, rounds: int) -> list[dict[str, float]]:
    """Publishes so often, and hears from the other process."""
    (folder / "shared.json").write_bytes(documents.as_json(documents.content(100_000, 0)))
    store = open_store(folder)
    command = [sys.executable, str(Path(__file__)), str(folder)]
    found = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin and other.stdout
        other.stdout.readline()
        for number in range(rounds):
            wanted = 10.0 + number
            print(wanted, file=other.stdin, flush=True)
            other.stdout.readline()
            store.patch({"search.ranking.title_boost": wanted})
            published = time.time()
            answer = json.loads(other.stdout.readline())
            found.append({"ms": (answer["seen"] - published) * 1e3, "stall_ms": answer["stall_ms"]})
        other.stdin.close()
        other.wait()
    store.close()
    return found


if __name__ == "__main__":
    child(Path(sys.argv[1]))
