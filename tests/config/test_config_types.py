"""The types of the store are checked where they are used, and the program that uses them runs."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
import typed_config

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WRONG = {
    "store.current.nothing": "attr-defined",
    "store.current.search.ranking.title_boost + 'a'": "operator",
    "store.patch(3)": "arg-type",
    "store.pin(version='1')": "arg-type",
    "Store(App, sources=['app.toml'])": "list-item",
}


def test_the_typed_program_runs() -> None:
    assert typed_config.main() == ["typed", 1, []]


@pytest.mark.parametrize(
    "checker", [["mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")], ["pyright", "--pythonpath", sys.executable]]
)
def test_checkers_accept_the_typed_program(checker: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *checker, str(HERE / "typed_config.py")], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_refuses_wrong_programs(tmp_path: pathlib.Path) -> None:
    lines = [
        "from typed_config import App",
        "from findspot.config import Store",
        "def use(store: Store[App]) -> None:",
        *(f"    {code}" for code in WRONG),
    ]
    (tmp_path / "wrong.py").write_text("\n".join(lines) + "\n")
    (tmp_path / "typed_config.py").write_text((HERE / "typed_config.py").read_text())
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"), "wrong.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    for number, kind in enumerate(WRONG.values(), 4):
        assert any(f"wrong.py:{number}: error:" in line and f"[{kind}]" in line for line in done.stdout.splitlines()), done.stdout
