"""Two processes write one index at once: no commit is lost, every key has one live document; one of them may die."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import findspot as fs
import pytest

WRITER = """
import sys, findspot as fs
folder, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
index = fs.open(folder)
for number in range(count):
    while True:
        try:
            index.upsert([{"id": f"{name}-{number}", "text": "own"}, {"id": f"shared-{number % 5}", "text": f"from {name} {number}"}])
            index.commit()
            break
        except fs.ConflictError:
            continue
    print("ack", number, flush=True)
index.close()
"""
COMMITS = 25


def create(folder: Path) -> None:
    with fs.Index.create(str(folder), fs.Schema(key="id", fields={"text": fs.Text(analyzer="whitespace")})) as index:
        index.commit()


def writers(folder: Path) -> list[subprocess.Popen[str]]:
    command = [sys.executable, "-c", WRITER, str(folder)]
    return [
        subprocess.Popen(
            [*command, name, str(COMMITS)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        for name in ("one", "two")
    ]


def acknowledged(output: str) -> int:
    return len(output.splitlines())


def assert_whole(folder: Path, counts: dict[str, int], exact: bool) -> None:
    with fs.open(str(folder)) as index:
        keys = list(index.search("", limit=10_000).keys)
        assert len(keys) == len(set(keys)) == len(index)
        for name, count in counts.items():
            there = sum(key.startswith(f"{name}-") for key in keys)
            assert there == count if exact else count <= there <= count + 1
            assert all(f"{name}-{number}" in index for number in range(count))
        shared = [key for key in keys if key.startswith("shared-")]
        assert sorted(shared) == [f"shared-{number}" for number in range(5)]
        assert index.count("from") == 5, "a replaced document is still found"
        assert index.check().ok


def test_no_commit_of_two_writers_is_lost(tmp_path: Path) -> None:
    create(tmp_path / "index")
    children = writers(tmp_path / "index")
    outputs = [child.communicate(timeout=120) for child in children]
    assert [child.returncode for child in children] == [0, 0], outputs
    assert [acknowledged(out) for out, _ in outputs] == [COMMITS, COMMITS]
    assert_whole(tmp_path / "index", {"one": COMMITS, "two": COMMITS}, exact=True)


@pytest.mark.parametrize("delay", [0.15, 0.25, 0.4])
def test_a_dead_writer_does_not_stop_the_other(tmp_path: Path, delay: float) -> None:
    create(tmp_path / "index")
    victim, other = writers(tmp_path / "index")
    time.sleep(delay)
    victim.send_signal(signal.SIGKILL)
    (dead, _), (alive, errors) = victim.communicate(timeout=60), other.communicate(timeout=120)
    assert other.returncode == 0, errors
    assert_whole(tmp_path / "index", {"one": acknowledged(dead)}, exact=False)
    assert_whole(tmp_path / "index", {"two": acknowledged(alive)}, exact=True)


def test_two_handles_of_one_process(tmp_path: Path) -> None:
    create(tmp_path / "index")
    with fs.open(str(tmp_path / "index")) as one, fs.open(str(tmp_path / "index")) as two:
        one.upsert([{"id": "a", "text": "first"}])
        two.upsert([{"id": "a", "text": "second"}, {"id": "b", "text": "third"}])
        one.commit()
        two.commit()
        one.refresh()
        assert one.get("a") == two.get("a") == {"id": "a", "text": "second"}
        assert sorted(one.search("").keys) == ["a", "b"]
