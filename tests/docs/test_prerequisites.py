"""A missing tool gives one clear line that says how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT

SCRIPT = ROOT / ".ci" / "prerequisites"


def look(folder: Path, *, without: str = "", **replaced: str) -> subprocess.CompletedProcess[str]:
    """Runs the script where only git, cc, cargo and python exist, less one, some replaced by a script."""
    tools = {"git": "exit 0", "cc": "exit 0", "cargo": "echo cargo 1.95.0", "python3": f'exec "{sys.executable}" "$@"'} | replaced
    for name, body in tools.items():
        if name != without:
            (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            (folder / name).chmod(0o755)
    shell = shutil.which("sh") or "/bin/sh"
    return subprocess.run([shell, str(SCRIPT)], env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


def test_nothing_is_missing(tmp_path: Path) -> None:
    done = look(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.path.samefile(done.stdout.strip(), sys.executable)


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("git", "git is missing"),
        ("cc", "C compiler is missing"),
        ("python3", "Python 3.11 or newer is missing"),
        ("cargo", "Rust is missing"),
    ],
)
def test_a_missing_tool_is_one_line_with_a_remedy(tool: str, words: str, tmp_path: Path) -> None:
    done = look(tmp_path, without=tool)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert words in line
    assert "install" in line


def test_what_is_too_old_is_said(tmp_path: Path) -> None:
    done = look(tmp_path, cargo="echo 'cargo 1.70.0 (ec8a8a0ca 2023-04-25)'", python3="echo 3.9; exit 1")
    assert done.returncode == 1
    rust, python = sorted(done.stderr.splitlines(), key=lambda line: "Python" in line)
    assert "1.70" in rust
    assert "rustup update" in rust
    assert "Python 3.11 or newer is missing" in python
