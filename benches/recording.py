"""Recorded runs: what ran, where, on what, and every single figure.

**Out**: `benches/runs/<date>-<name>/` with `run.json` (command, versions, machine, raw data) and `tables.md` (what was printed).
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "benches" / "runs"


def machine() -> dict[str, Any]:
    """The CPU, the memory, the kernel, and how busy they were."""
    cpu = next((line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_mb": int(memory) // 1024,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def versions() -> dict[str, str]:
    """The interpreter, the packages, the compiler, the commit."""
    found = {"python": platform.python_version()}
    for package in ("findspot", "tantivy", "ir-measures", "numpy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    found["rustc"] = _output(["rustc", "--version"])
    found["commit"] = _output(["git", "-C", str(ROOT), "describe", "--always", "--dirty"])
    return found


class Run:
    """One recorded run: tables are printed as they come and kept."""

    def __init__(self, name: str) -> None:
        self.folder = RUNS / f"{time.strftime('%Y-%m-%d')}-{name}"
        self.printed: list[str] = []
        command = " ".join(["python", *(os.path.relpath(word, ROOT) if os.path.isabs(word) else word for word in sys.argv)])
        self.record: dict[str, Any] = {"command": command, "machine": machine(), "versions": versions(), "raw": {}}

    def say(self, line: str = "") -> None:
        """Prints a line and keeps it."""
        print(line, flush=True)
        self.printed.append(line)

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Prints a table in Markdown, columns aligned."""
        widths = [max(len(str(row[column])) for row in [head, *rows]) for column in range(len(head))]
        self.say(f"\n**{title}**\n")
        for number, row in enumerate([head, *rows]):
            self.say("| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
            if number == 0:
                self.say("|" + "|".join("-" * (width + 2) for width in widths) + "|")

    def keep(self, name: str, data: Any) -> None:
        """Adds raw data, and saves the run as it stands."""
        self.record["raw"][name] = data
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "run.json").write_text(json.dumps(self.record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (self.folder / "tables.md").write_text("\n".join(self.printed).strip() + "\n", encoding="utf-8")


def anonymous_kb(pid: int | str = "self") -> int:
    """Anonymous resident memory of a process in KiB; 0 when it is gone."""
    try:
        return next((int(line.split()[1]) for line in _lines(f"/proc/{pid}/status") if line.startswith("RssAnon")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as stream:
        return stream.readlines()


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return "unknown"
