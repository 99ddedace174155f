"""kill -9 of real writers, inside every step and at any time: what was acknowledged is there, whole, and `check` is clean.

A killed process never sees the signal coming: at a named step the engine's own hook sends it (FINDSPOT_KILL_AT), just before the step
takes effect; at random times this process sends it. The counts of all kills are printed and kept in target/test-logs/kills.json.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import findspot as fs
import pytest
import workload

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOAK = bool(os.environ.get("FINDSPOT_SOAK"))
KILLS_PER_STEP = 400 if SOAK else 40
RANDOM_KILLS = 200 if SOAK else 20
COMMITS = 6
# How often one run announces each step at most; the n of a kill is drawn below it.
REACH = {"segment": 12, "fsync": 16, "manifest": 8, "merge": 5, "gc": 20}

killed: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def counts() -> Iterator[None]:
    """Prints and keeps the kills of this run."""
    killed.clear()
    yield
    print("\nkills:", ", ".join(f"{step} {count}" for step, count in sorted(killed.items())), "total", killed.total())
    logs = ROOT / "target" / "test-logs"
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "kills.json").write_text(json.dumps(dict(killed)), encoding="utf-8")


def start(folder: Path, first: int, kill_at: str | None) -> subprocess.Popen[str]:
    environment = {**os.environ, "FINDSPOT_KILL_AT": kill_at} if kill_at else dict(os.environ)
    command = [sys.executable, str(HERE / "workload.py"), str(folder), str(first), str(COMMITS)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)


def finish(child: subprocess.Popen[str], last: int) -> tuple[bool, int]:
    """(killed by the signal, last acknowledged commit)."""
    out, err = child.communicate(timeout=60)
    assert child.returncode in (0, -signal.SIGKILL), err
    return child.returncode == -signal.SIGKILL, max([last, *(int(line.split()[1]) for line in out.splitlines())])


def verify(folder: Path, acknowledged: int) -> int:
    """Reopens, compares every document, checks the files; returns the commit at which the index stands."""
    try:
        index = fs.open(str(folder))
    except fs.StorageError:
        assert acknowledged == 0, "an acknowledged index does not open"
        return 0
    with index:
        marker = index.get(workload.MARKER)
        stands = marker["commit"] if marker else 0
        assert acknowledged <= stands <= acknowledged + 1
        expected = workload.state(stands)
        hits = index.search("", limit=len(expected) + 10)
        assert {hit.key: dict(hit) for hit in hits} == expected
        assert len(index) == len(expected)
        gold = {key for key, document in expected.items() if "gold" in document["text"].split()}
        assert set(index.search("gold", limit=1000).keys) == gold
        report = index.check()
        assert report.ok, report
    return stands


@pytest.mark.parametrize("step", sorted(REACH))
def test_killed_at_a_step(step: str, tmp_path: Path) -> None:
    chosen = random.Random(step)
    reach, last, attempts, folder = REACH[step], 0, 0, tmp_path / "0"
    while killed[step] < KILLS_PER_STEP:
        attempts += 1
        assert attempts < 4 * KILLS_PER_STEP, f"step {step} is rarely reached: {killed[step]} kills in {attempts} runs"
        if attempts % 10 == 0:  # from nothing, too: creation is written like everything else
            folder, last = tmp_path / str(attempts), 0
        was_killed, acknowledged = finish(start(folder, last + 1, f"{step}:{chosen.randint(1, reach)}"), last)
        killed[step] += was_killed
        last = verify(folder, acknowledged)


def test_killed_at_any_time(tmp_path: Path) -> None:
    chosen = random.Random(9)
    last, folder = 0, tmp_path / "0"
    first_run = time.monotonic()
    finish(start(folder, 1, None), 0)
    usual, last = time.monotonic() - first_run, COMMITS
    attempts = 0
    while killed["any time"] < RANDOM_KILLS:
        attempts += 1
        assert attempts < 10 * RANDOM_KILLS
        child = start(folder, last + 1, None)
        time.sleep(chosen.uniform(usual * 0.2, usual))
        child.kill()
        was_killed, acknowledged = finish(child, last)
        killed["any time"] += was_killed
        last = verify(folder, acknowledged)


def test_the_next_writer_sweeps_what_the_dead_left(tmp_path: Path) -> None:
    """After kills and one good run of commit, merge and collection, only what the two newest manifests name is left."""
    last = 0
    for number in range(6):
        _, acknowledged = finish(start(tmp_path / "0", last + 1, f"fsync:{number + 2}"), last)
        last = verify(tmp_path / "0", acknowledged)
    folder = tmp_path / "0"
    with fs.open(str(folder)) as index:
        index.upsert([{"id": "last", "text": "gold", "commit": 0}])
        index.commit()
        index.merge()
        index.gc()
        named = set()
        for path in (folder / "manifest").iterdir():
            for segment in json.loads(path.read_bytes().partition(b"\n")[2])["segments"]:
                named.add(f"seg/{segment['id']}.seg")
                if "live" in segment:
                    named.add(f"live/{segment['id']}.{segment['live']['id']}")
        there = {path.relative_to(folder).as_posix() for part in ("seg", "live", "tmp") for path in (folder / part).glob("*")}
        assert there == named
        assert len(list((folder / "manifest").iterdir())) == 2
        assert index.stats().segments == 1
