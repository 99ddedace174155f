"""The indexes of the engines: built once for each corpus and state, built again when what writes them has changed.

**Law**: an index is stale when the rooms that write ours, or the sources of a rival's builder, are not those that wrote it.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import subprocess
import sys
from typing import Any

from children import ENGINES, SHAPES, ChildDied, Engine, command, environment
from prepare import HERE, Place
from python_engines import ENGINES as CALLED

SOURCES = HERE.parents[1] / "rust" / "engine" / "src"
STORED_BY = ("base", "schema", "analysis", "storage", "codec", "ingest", "segment", "index")


def stamp(engine: Engine) -> str:
    """What an index depends on: the rooms that write ours, the version of a rival."""
    digest = hashlib.sha256()
    files = [] if engine.kind == "python" else sorted((HERE / engine.kind).rglob("[Bb]uild*.*"))
    if engine.name == "findspot":
        files = [file for room in STORED_BY for file in sorted((SOURCES / room).rglob("*.rs"))]
    if engine.kind == "python":
        digest.update(inspect.getsource(CALLED[engine.name].build).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def built(engine: Engine, place: Place, rebuild: bool) -> dict[str, Any]:
    """Builds the index of an engine unless it is there; how long it took and how large it is."""
    if engine.folder:  # it reads another engine's index
        return built(ENGINES[engine.folder], place, False)
    folder = place.index(engine.folder or engine.name)
    note = folder.parent / f"{folder.name}.json"
    if note.exists() and folder.exists() and not rebuild:
        kept = json.loads(note.read_text())
        if kept["stamp"] == stamp(engine):
            return kept
    print(f"building {place.corpus} for {engine.name}, {place.state}", file=sys.stderr)
    words = [*command(engine, place.cache, "build"), str(place.words), str(folder)]
    segments, deletes = SHAPES[place.state]
    words += [str(segments), str(place.deleted) if deletes else "-"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment(engine))
    if done.returncode:
        raise ChildDied(f"{engine.name} could not be built: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    kept = {"stamp": stamp(engine), "bytes": size, **json.loads(done.stdout.strip().splitlines()[-1])}
    note.write_text(json.dumps(kept))
    return kept
