"""Whether answers are right, as a table: the engine against the naive twin of `tests/twin`, on random and real corpora.

The tests themselves are run, in their own process; this only prints what they counted.
"""

from __future__ import annotations

import json
import subprocess
import sys

from recording import ROOT, Run

LOG = ROOT / "target" / "test-logs" / "twin.json"


def measure(run: Run) -> None:
    """Runs the twin tests and prints their table; a difference ends the bench."""
    LOG.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/twin"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stdout)
    raw = json.loads(LOG.read_text(encoding="utf-8"))
    rows = [[name, f"{r['questions']:,}", f"{r['hits']:,}", f"{r['rounding']:.1e}", f"{r['lengths']:.1e}"] for name, r in raw.items()]
    head = ["documents", "questions", "hits, all equal", "largest difference to unrounded BM25", "the same with true lengths"]
    run.table("Exhaustive answers: keys, order and integer scores equal to the twin; relative differences", head, rows)
    run.keep("answers", raw)
