"""The pace of a reload: alone it never gives the processor away; beside busy threads it is seen while they go on.

**Law**: a process of its own for each, since what other tests' threads do counts. The unit tests of `pace` hold the rule itself.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

KEYS = 100_000
"""Some fifty looks a reload: a sleep at each would show."""

ALONE = """
import json, resource, sys
from pathlib import Path
from findspot.config import Json, Store

path = Path(sys.argv[1])
texts = [json.dumps({"keys": {f"key-{number:06}": number + turn for number in range(int(sys.argv[2]))}}) for turn in (0, 1)]
path.write_text(texts[0])
store = Store(sources=[Json(path)])
found = []
for turn in range(1, 10):
    path.write_text(texts[turn % 2])
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    assert store.reload().accepted
    found.append(resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before)
print(json.dumps(found))
"""

BESIDE = """
import json, sys, threading, time
from pathlib import Path
from findspot.config import Json, Store

path = Path(sys.argv[1])
texts = [json.dumps({"keys": {f"key-{number:06}": number + turn for number in range(int(sys.argv[2]))}}) for turn in (0, 1)]
path.write_text(texts[0])
store = Store(sources=[Json(path)])
stop, wrong = threading.Event(), []

def read():
    before = store.current["keys"]["key-000000"]
    while not stop.is_set():
        with store.pin() as config:
            first, last = config["keys"]["key-000000"], config["keys"][f"key-{int(sys.argv[2]) - 1:06}"]
        if last - first != int(sys.argv[2]) - 1:
            wrong.append((first, last))

threads = [threading.Thread(target=read) for _ in range(4)]
for thread in threads:
    thread.start()
for turn in range(1, 6):
    path.write_text(texts[turn % 2])
    assert store.reload().accepted
    assert store.current["keys"]["key-000000"] == turn % 2
stop.set()
for thread in threads:
    thread.join()
print(json.dumps([store.version, wrong]))
"""


def run(program: str, folder: Path) -> list[object]:
    """What a process prints that reloads a file of its own."""
    command = [sys.executable, "-c", program, str(folder / "app.json"), str(KEYS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not count the sleeps of one thread")
def test_alone_it_does_not_sleep(tmp_path: Path) -> None:
    sleeps = [count for count in run(ALONE, tmp_path) if isinstance(count, int)]
    assert len(sleeps) == 9 and statistics.median(sleeps) < 10, sleeps


def test_beside_busy_threads_each_reload_is_whole_and_seen(tmp_path: Path) -> None:
    assert run(BESIDE, tmp_path) == [6, []]
