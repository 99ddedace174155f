"""The types are checked where they are used, and the program that uses them runs."""

import pathlib
import shutil
import subprocess
import sys

import typed_usage

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def test_the_typed_program_runs() -> None:
    assert typed_usage.main() == ["Gold coin"]


def test_mypy_accepts_the_typed_program() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", ROOT / "pyproject.toml", HERE / "typed_usage.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_refuses_wrong_programs(tmp_path: pathlib.Path) -> None:
    wrong = {
        "index.search('a', after=None)": "call-arg",
        "index.search('a', count='all')": "arg-type",
        "index.search('a')[0].key = 'b'": "misc",
        "index.get(1.5)": "call-overload",
        "fs.Schema('id', {})": "call-arg",
        "fs.col('a') and True or 1 + fs.col('b')": "operator",
    }
    lines = ["import findspot as fs", "def use(index: fs.Index) -> None:", *(f"    {code}" for code in wrong)]
    (tmp_path / "wrong.py").write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", ROOT / "pyproject.toml", tmp_path / "wrong.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    for number, kind in enumerate(wrong.values(), 3):
        assert any(f"wrong.py:{number}: error:" in line and f"[{kind}]" in line for line in done.stdout.splitlines()), done.stdout


def test_the_command_is_installed() -> None:
    assert shutil.which("findspot", path=str(pathlib.Path(sys.executable).parent))
