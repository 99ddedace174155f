"""The corpora of the indexing benches, prepared once into target/bench-data.

**In**: `pypi-summaries.jsonl.zst` and `wiki-en-60k.jsonl.zst` of the development data. **Out**: JSON lines, each corpus twice: `raw`
as it is, and `words` with every text made of its lower-cased [a-z0-9] words joined by one space, so that two engines which split at
white space index the same tokens. The wiki corpus is its lines of more than 40 characters that hold an [a-z0-9] word: 391,857
paragraphs. **Law**: a count that differs from the known one is an error, not a smaller bench.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

ROOT = Path(__file__).resolve().parents[1]
PREPARED = ROOT / "target" / "bench-data"
WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Corpus:
    """One corpus: its source, the fields that hold text, and how many documents it must have."""

    name: str
    source: str
    texts: tuple[str, ...]
    documents: int


PYPI = Corpus("pypi", "corpora/pypi-summaries.jsonl.zst", ("title", "body"), 886_323)
WIKI = Corpus("wiki", "corpora/wiki-en-60k.jsonl.zst", ("text",), 391_857)
CORPORA = {corpus.name: corpus for corpus in (PYPI, WIKI)}


def data() -> Path:
    """The development data, or a clear end."""
    folder = Path(os.environ.get("FINDSPOT_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "README.md").exists():
        raise SystemExit("the benches need the development data: set FINDSPOT_DATA")
    return folder.resolve()


def lines(path: Path) -> Iterator[str]:
    """The lines of a file, decompressed when it ends in .zst."""
    if path.suffix == ".zst":
        with zstandard.open(path, "rt", encoding="utf-8") as stream:
            yield from stream
    else:
        with open(path, encoding="utf-8") as stream:
            yield from stream


def records(corpus: Corpus) -> Iterator[dict[str, object]]:
    """The documents as they are."""
    source = lines(data() / corpus.source)
    if corpus is PYPI:
        yield from map(json.loads, source)
        return
    number = 0
    for line in source:
        for paragraph in json.loads(line)["text"].split("\n"):
            if len(paragraph) > 40 and WORDS.search(paragraph.lower()):
                yield {"id": str(number), "text": paragraph}
                number += 1


def prepare(corpus: Corpus, kind: str, limit: int | None = None) -> Path:
    """The file of a corpus, `kind` being raw or words; written on first use."""
    PREPARED.mkdir(parents=True, exist_ok=True)
    path = PREPARED / f"{corpus.name}-{kind}{f'-{limit}' if limit else ''}.jsonl"
    if path.exists():
        return path
    written = 0
    partial = path.with_suffix(".partial")
    with open(partial, "w", encoding="utf-8") as out:
        for record in records(corpus):
            if limit and written == limit:
                break
            if kind == "words":
                for text in corpus.texts:
                    record[text] = " ".join(WORDS.findall(str(record[text]).lower()))
            out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            written += 1
    if not limit and written != corpus.documents:
        raise SystemExit(f"{corpus.name}: {written} documents, expected {corpus.documents}")
    partial.rename(path)
    return path
