"""Ranking quality on judged collections, against the figures that other BM25 engines publish.

k1 0.9, b 0.4, title and text joined into one field, each language's own analyzer (`standard` for Chinese, Thai, Japanese), no stop
words dropped. The judge is the evaluation library `ir_measures`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpora import data, lines
from recording import Run


@dataclass(frozen=True)
class Collection:
    """A judged collection, its analyzer, and what must be reached."""

    folder: str
    analyzer: str
    measure: str
    bar: float


COLLECTIONS = [
    Collection("cacm", "english", "AP", 0.31),
    Collection("cranfield", "english", "nDCG@10", 0.345),
    Collection("vaswani", "english", "AP", 0.28),
    Collection("xquad/en", "english", "nDCG@10", 0.96),
    Collection("xquad/de", "german", "nDCG@10", 0.94),
    Collection("xquad/es", "spanish", "nDCG@10", 0.95),
    Collection("xquad/ar", "arabic", "nDCG@10", 0.93),
    Collection("xquad/zh", "standard", "nDCG@10", 0.95),
    Collection("xquad/th", "standard", "nDCG@10", 0.905),
    Collection("jaquad-train", "standard", "nDCG@10", 0.86),
    Collection("drcd-dev", "standard", "nDCG@10", 0.95),
]
MEASURES = ("nDCG@10", "AP", "R@100")
DEPTH = 1000


def joined(document: dict[str, Any]) -> str:
    """Title and text as one text; a text that repeats its title is not doubled beyond what the source does."""
    return f"{document.get('title') or ''} {document.get('text') or ''}".strip()


def file_of(folder: Path, name: str) -> Path:
    """The file, compressed or not."""
    return next(path for path in (folder / name, folder / f"{name}.zst") if path.exists())


def judgements(folder: Path) -> Iterator[tuple[str, str, int]]:
    """(query, document, grade) of the test split."""
    for number, line in enumerate(lines(folder / "qrels" / "test.tsv")):
        query, document, grade = line.rstrip("\n").split("\t")
        if number or grade != "score":
            yield query, document, int(grade)


def evaluate(collection: Collection) -> dict[str, Any]:
    """Indexes the collection in memory, runs every judged query, and lets the library judge."""
    import findspot as fs
    import ir_measures
    from findspot.query import Match

    folder = data() / "ir" / collection.folder
    qrels = [ir_measures.Qrel(*row) for row in judgements(folder)]
    judged = {qrel.query_id for qrel in qrels}
    schema = fs.Schema(key="id", fields={"text": fs.Text(analyzer=collection.analyzer)})
    index = fs.Index.create(f"memory://{collection.folder.replace('/', '-')}", schema, config={"k1": 0.9, "b": 0.4})
    documents = map(json.loads, lines(file_of(folder, "corpus.jsonl")))
    count = index.upsert({"id": document["_id"], "text": joined(document)} for document in documents).count
    start = time.perf_counter()
    run, queries = [], 0
    for line in lines(file_of(folder, "queries.jsonl")):
        query = json.loads(line)
        if query["_id"] not in judged:
            continue
        queries += 1
        hits = index.search(Match(query["text"]), limit=DEPTH, count="none")
        run += [ir_measures.ScoredDoc(query["_id"], key, score) for key, score in zip(hits.keys, hits.scores, strict=True)]
    seconds = time.perf_counter() - start
    index.close()
    values = ir_measures.calc_aggregate([ir_measures.parse_measure(measure) for measure in MEASURES], qrels, run)
    figures = {str(measure): float(value) for measure, value in values.items()}
    return {"documents": count, "queries": queries, "seconds": seconds, "figures": figures}


def measure(run: Run, only: str | None = None) -> None:
    """All collections; prints the table."""
    rows, raw = [], {}
    for collection in COLLECTIONS:
        if only and only not in collection.folder:
            continue
        result = evaluate(collection)
        raw[collection.folder] = result
        figures = result["figures"]
        reached = figures[collection.measure]
        verdict = f"{collection.measure.replace('AP', 'MAP')} {'≥' if reached >= collection.bar else 'MISSED:'} {collection.bar}"
        cells = [f"{figures[measure]:.4f}" for measure in MEASURES]
        rows.append([collection.folder, collection.analyzer, f"{result['documents']:,}", f"{result['queries']:,}", *cells, verdict])
    head = ["collection", "analyzer", "documents", "queries", "nDCG@10", "MAP", "recall@100", "figure to reach"]
    run.table("Ranking quality, k1 0.9, b 0.4, title and text in one field", head, rows)
    run.keep("quality", raw)


if __name__ == "__main__":
    import sys

    measure(Run("quality"), sys.argv[1] if len(sys.argv) > 1 else None)
