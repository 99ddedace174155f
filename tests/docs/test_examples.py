"""The Python of the README runs as it stands, and the treasure hunt finds what it promises."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from documents import ROOT, blocks


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    python = [block for block in blocks("README.md") if block.language == "python"]
    assert len(python) >= 2
    ten_lines = [line for line in python[0].text.splitlines() if line.strip()]
    assert len(ten_lines) <= 11, "ten lines of Python"
    names: dict[str, object] = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for block in python:
            # As a script of its own: without what this file says about annotations.
            exec(compile(block.text, f"README.md:{block.line}", "exec", dont_inherit=True), names)
    assert printed.getvalue().startswith("k1 "), printed.getvalue()
    assert printed.getvalue().count("\n") == 1


@pytest.fixture(scope="module")
def hunt() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hunt", ROOT / "examples" / "treasure_hunt" / "hunt.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_hunt_finds_its_treasures(
    hunt: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hunt, "INDEX", tmp_path / "plaques.findspot")
    monkeypatch.chdir(tmp_path)
    assert hunt.main() == 0
    shown = capsys.readouterr().out
    assert "2,722 plaques" in shown
    for treasure in ("John Logie Baird", "Special Operations Executive", "Joseph Aloysius Hansom"):
        assert treasure in shown, shown
    assert shown.count("$ findspot search") == len(hunt.CLUES) == 4
    for _, query, options in hunt.CLUES:
        command = [sys.executable, "-m", "findspot", *hunt.command(query, options)[1:], "--json"]
        answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        with hunt.fs.open(str(hunt.INDEX)) as index:
            expected = list(index.search(query, limit=3, **options).keys)
        assert [hit["key"] for hit in answer["hits"]] == expected
