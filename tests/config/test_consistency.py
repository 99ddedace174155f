"""Torn, missing or out-of-order reads: none, under threads, tasks, processes and forks, while versions are published."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import checker
from findspot.config import Mapping, Store

SOAK = os.environ.get("FINDSPOT_SOAK") == "1"
READS = 100_000_000 if SOAK else 1_000_000
CHILD = """
import json, sys, threading, time
sys.path.insert(0, sys.argv[1])
import checker
from findspot.config import Mapping, Store
store = Store(sources=[Mapping(checker.content(1))], folder=sys.argv[2])
found, wanted = checker.Found(), int(sys.argv[3])
begin = time.monotonic()
stop = lambda: done.is_set()
done = threading.Event()
threads = [threading.Thread(target=checker.read_in_thread, args=(store, None, stop, found)) for _ in range(2)]
for thread in threads: thread.start()
time.sleep(float(sys.argv[4]))
done.set()
for thread in threads: thread.join()
print(json.dumps({"reads": found.reads, "wrong": found.wrong, "last": store.current.s0.k0}))
"""


def test_threads_and_tasks_see_whole_versions_in_order() -> None:
    store, bounds, found = Store(sources=[Mapping(checker.content(1))]), checker.Bounds(), checker.Found()
    done = threading.Event()

    def counted(seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.05)
        done.set()

    async def tasks() -> None:
        await asyncio.gather(*(checker.read_in_task(store, bounds, done.is_set, found) for _ in range(8)))

    readers = [threading.Thread(target=checker.read_in_thread, args=(store, bounds, done.is_set, found)) for _ in range(4)]
    loop = threading.Thread(target=lambda: asyncio.run(tasks()))
    published: list[int] = []
    writer = threading.Thread(target=lambda: published.append(checker.publish(store, bounds, done.is_set, 0.002)))
    for thread in (*readers, loop, writer):
        thread.start()
    counted(900 if SOAK else 8)
    for thread in (*readers, loop, writer):
        thread.join()
    assert found.wrong == []
    assert found.reads >= READS and published[0] > 50
    print(f"{found.reads:,} reads, {published[0]:,} versions")


def test_processes_follow_whole_versions_in_order(tmp_path: pathlib.Path) -> None:
    folder, seconds = tmp_path / "versions", 300.0 if SOAK else 5.0
    with Store(sources=[Mapping(checker.content(1))], folder=folder) as store:
        command = [sys.executable, "-c", CHILD, str(pathlib.Path(__file__).parent), str(folder), "0", str(seconds)]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        bounds, deadline = checker.Bounds(), time.monotonic() + seconds
        last = checker.publish(store, bounds, lambda: time.monotonic() > deadline - 1, 0.02)
        answers = [json.loads(child.communicate(timeout=seconds + 60)[0]) for child in children]
    assert [answer["wrong"] for answer in answers] == [[], []]
    assert [answer["last"] for answer in answers] == [last, last]
    assert min(answer["reads"] for answer in answers) > 10_000
    print(f"{sum(answer['reads'] for answer in answers):,} reads, {last:,} versions")


def test_forked_children_follow_by_themselves(tmp_path: pathlib.Path) -> None:
    """Forks at any moment, also in the middle of a publication: the child reads whole versions and follows without a call."""
    with Store(sources=[Mapping(checker.content(1))], folder=tmp_path / "versions") as store:
        bounds, done = checker.Bounds(), threading.Event()
        writer = threading.Thread(target=checker.publish, args=(store, bounds, done.is_set, 0.01))
        writer.start()
        children = []
        for _ in range(8):
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    first, wrong, deadline, seen = store.current.s0.k0, [], time.monotonic() + 20, 0
                    # Plain reads, no call of the store: it has to follow by itself.
                    while time.monotonic() < deadline:
                        config = store.current
                        if config.s0.k0 != config.s7.k15:
                            wrong.append("torn")
                        seen = config.s0.k0
                        if seen > first + 5:
                            break
                        time.sleep(0.001)
                    code = 0 if seen > first + 5 and not wrong else 3
                finally:
                    os._exit(code)
            children.append(pid)
            time.sleep(0.03)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        done.set()
        writer.join()
    assert codes == [0] * 8
