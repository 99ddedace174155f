"""A copy made while others write is one commit, whole: what was there at one moment and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import findspot as fs
import workload

HERE = Path(__file__).resolve().parent


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
                stands = (index.get(workload.MARKER) or {"commit": 0})["commit"]
                assert stands >= acknowledged
                expected = workload.state(stands)
                assert {hit.key: dict(hit) for hit in index.search("", limit=len(expected) + 1)} == expected
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
