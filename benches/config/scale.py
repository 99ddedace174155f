"""A million keys and a million units, each in a process of its own, so that memory is that of the store alone.

**In**: a folder with the files. **Out**: one JSON line: milliseconds of reloads, and anonymous memory in KiB.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import documents
from recording import anonymous_kb

KEYS, UNITS, AT_ONCE = 1_000_000, 1_000_000, 10_000


def settled() -> int:
    """Memory when what is dropped has been freed, and given back."""
    time.sleep(1.0)
    ctypes.CDLL(None).malloc_trim(0)
    return anonymous_kb()


def keys(folder: Path) -> dict[str, Any]:
    """Loads the file, then reloads it as it changes; only its bytes are held beside the store."""
    from findspot.config import Json, Store

    path = folder / "million.json"
    before = settled()
    store = Store(documents.App, sources=[Json(path)], keep=1)
    held = settled() - before
    taken = []
    for number in range(5):
        path.write_bytes((folder / f"million{1 + number % 2}.json").read_bytes())
        start = time.perf_counter()
        if not store.reload().accepted:
            raise RuntimeError("a million keys were refused")
        taken.append((time.perf_counter() - start) * 1e3)
    return {"ms": taken, "held_kb": held, "file_kb": path.stat().st_size / 1024}


def units(folder: Path) -> dict[str, Any]:
    """One value for each of a million units."""
    from findspot.config import Json, Store

    store = Store(sources=[Json(folder / "small.json")])
    before, own = settled(), 0
    for start in range(0, UNITS, AT_ONCE):
        values = {f"user-{unit}": {"search.ranking.title_boost": unit / 4} for unit in range(start, start + AT_ONCE)}
        own += sum(len(unit) + len(json.dumps(value)) for unit, value in values.items())
        store.set_units(values)
    if store.for_unit("user-40").search.ranking.title_boost != 10.0:
        raise RuntimeError("a unit does not have its value")
    return {"held_kb": settled() - before, "own_kb": own / 1024}


def measured(what: str, folder: Path) -> dict[str, Any]:
    """One of the two, in another process."""
    done = subprocess.run([sys.executable, __file__, what, str(folder)], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    print(json.dumps({"keys": keys, "units": units}[sys.argv[1]](Path(sys.argv[2]))))
