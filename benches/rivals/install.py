"""Installs the rivals into the cache folder by their ordinary clients: pip, cargo, Maven.

**In**: the pins of `requirements/rivals.txt`, `tantivy/Cargo.lock` and `lucene/pom.xml`. **Out**: what could not be installed, and why.
**Law**: a rival that is absent is one line of the report, never the end of the run; what is there already is not installed again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from children import ENGINES, java
from prepare import HERE

REQUIREMENTS = HERE.parents[1] / "requirements" / "rivals.txt"


def install(cache: Path, names: Iterable[str]) -> dict[str, str]:
    """Installs what is not there yet; kind of engine → why it is absent."""
    cache.mkdir(parents=True, exist_ok=True)
    kinds = {ENGINES[name].kind for name in names if name != "findspot"}
    absent = {}
    for kind, steps, sources in (
        ("python", _python, [REQUIREMENTS]),
        ("tantivy", _tantivy, [*sorted((HERE / "tantivy" / "src").glob("*.rs")), HERE / "tantivy" / "Cargo.lock"]),
        ("lucene", _lucene, [*sorted((HERE / "lucene").glob("*.java")), HERE / "lucene" / "pom.xml"]),
    ):
        if kind in kinds and (why := _once(cache / f"installed-{kind}", sources, steps, cache)):
            absent[kind] = why
    return absent


def _once(note: Path, sources: list[Path], steps: Callable[[Path], None], cache: Path) -> str | None:
    """Takes the steps unless they were taken for these sources; the last line of what failed."""
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    if note.exists() and note.read_text() == digest:
        return None
    print(f"installing: {note.name.removeprefix('installed-')}", file=sys.stderr)
    try:
        steps(cache)
    except FileNotFoundError as error:
        return str(error)
    except subprocess.CalledProcessError as error:
        lines = ((error.stderr or "") + (error.stdout or "")).strip().splitlines()
        return lines[-1] if lines else str(error)
    note.write_text(digest)
    return None


def _run(*words: object, **environment: str) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, env={**os.environ, **environment})


def _python(cache: Path) -> None:
    if not (cache / "python" / "bin" / "python").exists():
        _run(sys.executable, "-m", "venv", cache / "python")
    _run(cache / "python" / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS)


def _tantivy(cache: Path) -> None:
    manifest = HERE / "tantivy" / "Cargo.toml"
    _run("cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest, CARGO_TARGET_DIR=str(cache / "cargo"))


def _lucene(cache: Path) -> None:
    """Maven brings the jars, the compiler of the same Java makes the runner."""
    folder, home = cache / "maven", java().parents[1]
    libraries = f"-DoutputDirectory={folder / 'lib'}"
    _run("mvn", "-q", "-B", "-f", HERE / "lucene" / "pom.xml", "dependency:copy-dependencies", libraries, JAVA_HOME=str(home))
    sources = sorted((HERE / "lucene").glob("*.java"))
    _run(home / "bin" / "javac", "-d", folder / "classes", "-cp", f"{folder / 'lib'}/*", *sources)
