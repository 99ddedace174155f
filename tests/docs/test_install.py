"""`pip install .` gives a working abi3 wheel in a clean environment, and importing it is cheap and alone."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from documents import ROOT

IMPORT_BUDGET_MS = 15.0


def run(*command: str | Path) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PATH": path})
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip builds it; maturin is the one of this environment, so that no second one is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ".")
    (found,) = folder.glob("findspot-*.whl")
    return found


@pytest.fixture(scope="module")
def clean_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel."""
    folder = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", wheel)
    return python


def test_the_wheel_is_abi3_typed_and_carries_its_licences(wheel: Path) -> None:
    assert "-cp311-abi3-" in wheel.name
    names = zipfile.ZipFile(wheel).namelist()
    assert "findspot/py.typed" in names
    assert any(name.startswith("findspot/_native") and name.endswith(".so") for name in names)
    assert "findspot/_native.pyi" in names
    for notice in ("LICENSE", "THIRD-PARTY.md"):
        assert any(name.endswith(notice) for name in names), names
    assert not any("/tests/" in name or name.startswith("benches") for name in names)


def test_it_works_in_a_clean_environment(clean_python: Path, tmp_path: Path) -> None:
    code = (
        "import findspot as fs, sys\n"
        "with fs.Index.create(sys.argv[1], fs.Schema(key='id', fields={'t': fs.Text(analyzer='english')})) as index:\n"
        "    index.upsert([{'id': '1', 't': 'gold coins'}])\n"
        "    print(index.search('coin').keys)\n"
    )
    assert run(clean_python, "-c", code, tmp_path / "index").strip() == "['1']"
    assert "search" in run(clean_python.parent / "findspot", "--help")


def test_importing_brings_no_third_party_package(clean_python: Path) -> None:
    code = (
        "import sys, json; before = set(sys.modules); import findspot\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names))))"
    )
    assert json.loads(run(clean_python, "-c", code)) == ["findspot"]


def test_importing_is_cheap(clean_python: Path) -> None:
    """The least of several, the interpreter's own start taken off. Processor time: importing waits for nothing, so on an idle machine it is
    the time that passes, and on a busy one it leaves out the neighbours."""

    def processor_ms(code: str) -> float:
        process = os.posix_spawn(clean_python, [str(clean_python), "-c", code], os.environ)
        _, status, usage = os.wait4(process, 0)
        assert status == 0
        return (usage.ru_utime + usage.ru_stime) * 1e3

    pairs = [(processor_ms("import findspot"), processor_ms("pass")) for _ in range(15)]
    importing, starting = (statistics.mean(sorted(times)[:3]) for times in zip(*pairs, strict=True))
    taken = importing - starting
    assert taken < IMPORT_BUDGET_MS, f"{taken:.1f} ms"
