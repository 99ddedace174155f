"""How fast both engines index, how much memory findspot takes meanwhile, and how large the indexes are.

Runs alternate between the engines, each in a process of its own, on the same file; the tables give medians. Memory is the peak of
RssAnon of the child, read every 5 ms.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from corpora import CORPORA, PREPARED, prepare
from recording import Run, anonymous_kb
from segment_file import bytes_by_structure

HERE = Path(__file__).resolve().parent
BUDGET_MB = 256
PATH_BAR, DICTS_BAR, MEMORY_BAR, SIZE_BAR = 2.0, 1.3, BUDGET_MB + 150, 1.4


def index_folder(engine: str, corpus: str, tokenizer: str) -> Path:
    """Where the index of a run stays, for the benches that open it."""
    return PREPARED / f"{corpus}-{tokenizer}.{engine}"


def run_once(engine: str, corpus: str, file: Path, feed: str, tokenizer: str) -> dict[str, Any]:
    """One child process: its seconds, the bytes of the index, the peak of its anonymous memory."""
    folder = index_folder(engine, corpus, tokenizer)
    command = [
        sys.executable,
        str(HERE / "index_once.py"),
        engine,
        corpus,
        str(file),
        str(folder),
        "--feed",
        feed,
        "--tokenizer",
        tokenizer,
    ]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0
    while child.poll() is None:
        peak = max(peak, anonymous_kb(child.pid))
        time.sleep(0.005)
    output = child.stdout.read() if child.stdout else ""
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return {"engine": engine, "corpus": corpus, "feed": feed, "tokenizer": tokenizer, "peak_anon_mb": peak / 1024, **json.loads(output)}


def measure(run: Run, rounds: int, limit: int | None) -> None:
    """All combinations, alternating; prints the tables and keeps the raw runs."""
    raw: list[dict[str, Any]] = []
    rows, memory = [], []
    for corpus in CORPORA.values():
        for tokenizer, feed, bar in [("whitespace", "path", PATH_BAR), ("whitespace", "dicts", DICTS_BAR), ("default", "path", None)]:
            file = prepare(corpus, "words" if tokenizer == "whitespace" else "raw", limit)
            documents = limit or corpus.documents
            taken: dict[str, list[float]] = {"findspot": [], "tantivy": []}
            for number in range(rounds):
                for engine in sorted(taken, reverse=bool(number % 2)):
                    result = run_once(engine, corpus.name, file, feed, tokenizer)
                    raw.append(result)
                    taken[engine].append(documents / result["seconds"])
            ours, theirs = (statistics.median(taken[engine]) for engine in ("findspot", "tantivy"))
            label = "same words, split at spaces" if tokenizer == "whitespace" else "raw text, each engine's default analysis"
            verdict = "" if bar is None else ("≥ " if ours / theirs >= bar else "MISSED: ") + str(bar)
            rows.append([corpus.name, label, feed, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.2f}", verdict])
            if feed == "path":
                peaks = [result["peak_anon_mb"] for result in raw[-2 * rounds :]]
                engines = [result["engine"] for result in raw[-2 * rounds :]]
                own = max(peak for peak, engine in zip(peaks, engines, strict=True) if engine == "findspot")
                other = max(peak for peak, engine in zip(peaks, engines, strict=True) if engine == "tantivy")
                memory.append([corpus.name, label, f"{own:.0f}", f"{other:.0f}", f"{'≤' if own <= MEMORY_BAR else 'MISSED:'} {MEMORY_BAR}"])
    head = ["corpus", "text", "fed", "findspot docs/s", "tantivy-py docs/s", "ratio", "figure to reach"]
    run.table(f"Indexing, median of {rounds} alternating runs, first read to durable commit with no merge pending", head, rows)
    run.table("Peak of anonymous memory while indexing, MB", ["corpus", "text", "findspot", "tantivy-py", "figure to reach"], memory)
    run.keep("indexing", raw)


FINDSPOT_PARTS = {
    "stored": "stored documents",
    "stored_directory": "stored documents",
    "keys": "terms and keys",
    "key_offsets": "terms and keys",
    "key_hashes": "terms and keys",
    "dictionary": "terms and keys",
    "term_index": "terms and keys",
    "column": "columns",
    "value_ends": "columns",
    "codebook": "postings",
    "gaps": "postings",
    "aligned": "postings",
    "bitmaps": "postings",
    "codes": "postings",
    "exceptions": "postings",
    "positions": "positions",
    "bigram_postings": "bigrams",
    "bigram_term_index": "bigrams",
    "bigram_codebook": "bigrams",
    "norms": "norms",
}
TANTIVY_PARTS = {
    ".term": "terms and keys",
    ".idx": "postings",
    ".pos": "positions",
    ".fieldnorm": "norms",
    ".fast": "columns",
    ".store": "stored documents",
}


def sizes(run: Run) -> None:
    """Bytes by structure of the indexes that the last runs left, from the same words and with the same stored fields."""
    raw: dict[str, Any] = {}
    rows, parts = [], []
    for corpus in CORPORA.values():
        folders = {engine: index_folder(engine, corpus.name, "whitespace") for engine in ("findspot", "tantivy")}
        totals = {e: sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) for e, folder in folders.items()}
        ratio = totals["findspot"] / totals["tantivy"]
        verdict = f"{'≤' if ratio <= SIZE_BAR else 'MISSED:'} {SIZE_BAR}"
        rows.append([corpus.name, f"{totals['findspot'] / 1e6:.1f}", f"{totals['tantivy'] / 1e6:.1f}", f"{ratio:.2f}", verdict])
        theirs: dict[str, int] = {}
        for path in folders["tantivy"].iterdir():
            part = TANTIVY_PARTS.get(path.suffix, "other")
            theirs[part] = theirs.get(part, 0) + path.stat().st_size
        ours: dict[str, int] = {}
        for structure, count in bytes_by_structure(folders["findspot"]).items():
            part = FINDSPOT_PARTS.get(structure, "other")
            ours[part] = ours.get(part, 0) + count
        raw[corpus.name] = {"findspot": bytes_by_structure(folders["findspot"]), "tantivy": theirs, "totals": totals}
        for part in sorted(set(ours) | set(theirs), key=lambda part: -ours.get(part, 0)):
            parts.append([corpus.name, part, f"{ours.get(part, 0) / 1e6:.1f}", f"{theirs.get(part, 0) / 1e6:.1f}"])
    run.table(
        "Index size, MB, same stored fields, each with its default compression",
        ["corpus", "findspot", "tantivy", "ratio", "figure to reach"],
        rows,
    )
    run.table("Where the bytes are, MB", ["corpus", "structure", "findspot", "tantivy"], parts)
    run.keep("sizes", raw)
