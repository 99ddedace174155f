"""What others do while a process writes: every copy, check and search sees one commit, whole, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import findspot as fs
import workload

HERE = Path(__file__).resolve().parent


def contents(index: fs.Index) -> tuple[int, bool]:
    """The commit that an index stands at, and whether it is all that this commit wrote."""
    with index.view() as view:
        stands = (view.get(workload.MARKER) or {"commit": 0})["commit"]
        expected = workload.state(stands)
        found = {hit.key: dict(hit) for hit in view.search("", limit=len(expected) + 1)}
    return stands, found == expected


def test_opening_checking_and_following_while_another_process_writes(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "workload.py"), str(tmp_path / "index"), "1", "80"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        rounds, seen = 0, [1]
        with fs.open(str(tmp_path / "index")) as followed:
            while writer.poll() is None or rounds < 5:
                rounds += 1
                with fs.open(str(tmp_path / "index")) as index:
                    report = index.check()
                    assert report.ok, report
                    stands, whole = contents(index)
                    assert whole, f"not what commit {stands} wrote"
                followed.refresh()
                again, whole = contents(followed)
                assert whole, f"not what commit {again} wrote"
                assert seen[-1] <= stands <= again
                seen.append(again)
    assert writer.returncode == 0
    assert len(set(seen)) > 3


def test_copies_while_another_process_writes(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "workload.py"), str(tmp_path / "index"), "1", "60"]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        acknowledged = int(writer.stdout.readline().split()[1])
        seen = []
        for number in range(8):
            copy = tmp_path / f"copy-{number}"
            subprocess.run([sys.executable, "-m", "findspot", "copy", str(tmp_path / "index"), str(copy)], check=True, capture_output=True)
            with fs.open(str(copy)) as index:
                stands, whole = contents(index)
                assert stands >= acknowledged
                assert whole, f"not what commit {stands} wrote"
                assert index.check().ok
                index.upsert([{"id": "own", "text": "the copy is an index of its own", "commit": 0}])
            seen.append(stands)
            acknowledged = stands
        assert seen == sorted(seen)
    finally:
        writer.communicate(timeout=60)
    assert writer.returncode == 0
    with fs.open(str(tmp_path / "index")) as index:
        assert "own" not in index
