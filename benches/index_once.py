"""Indexes one corpus once with one engine, in a process of its own; prints one JSON line with what it took.

Both engines store all fields of a document, index words with positions, and keep `id` findable. The clock runs from the first read
to a durable commit with no merge pending. `--feed path`: findspot is given the file, tantivy-py is fed as its users feed it: a loop
over parsed lines. `--feed dicts`: both get the same list of dicts, parsed before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from corpora import CORPORA, Corpus

HEAP = 256 << 20
THREADS = 2


def index_with_tantivy(corpus: Corpus, tokenizer: str, file: Path, records: list[dict[str, Any]] | None, folder: Path) -> float:
    """tantivy-py: writer with the same budget and cores, one `add_document` per record."""
    import tantivy

    tokenizer = {"whitespace": "whitespace", "default": "default"}[tokenizer]
    builder = tantivy.SchemaBuilder().add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for name in corpus.texts:
        builder = builder.add_text_field(name, stored=True, tokenizer_name=tokenizer, index_option="position")
    if corpus.name == "pypi":
        builder = builder.add_text_field("month", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
        builder = builder.add_integer_field("rank", stored=True, fast=True)
    folder.mkdir(parents=True)
    start = time.perf_counter()
    index = tantivy.Index(builder.build(), path=str(folder))
    writer = index.writer(heap_size=HEAP, num_threads=THREADS)
    if records is None:
        with open(file, encoding="utf-8") as stream:
            for line in stream:
                writer.add_document(tantivy.Document(**json.loads(line)))
    else:
        for record in records:
            writer.add_document(tantivy.Document(**record))
    writer.commit()
    writer.wait_merging_threads()
    return time.perf_counter() - start


def index_with_findspot(corpus: Corpus, tokenizer: str, file: Path, records: list[dict[str, Any]] | None, folder: Path) -> float:
    """findspot: one `upsert`, one `commit`, then `close`, which waits for the merges."""
    import findspot as fs

    analyzer = {"whitespace": "whitespace", "default": "standard"}[tokenizer]
    fields: dict[str, Any] = {name: fs.Text(analyzer=analyzer) for name in corpus.texts}
    if corpus.name == "pypi":
        fields |= {"month": fs.Keyword(), "rank": fs.Integer()}
    schema = fs.Schema(key="id", fields=fields)
    source: str | Iterable[dict[str, Any]] = str(file) if records is None else records
    start = time.perf_counter()
    index = fs.Index.create(str(folder), schema, memory=HEAP)
    index.upsert(source, refresh=False)
    index.commit()
    index.close()
    return time.perf_counter() - start


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=["findspot", "tantivy"])
    parser.add_argument("corpus", choices=sorted(CORPORA))
    parser.add_argument("file", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--feed", choices=["path", "dicts"], default="path")
    parser.add_argument("--tokenizer", choices=["whitespace", "default"], default="whitespace")
    arguments = parser.parse_args()

    shutil.rmtree(arguments.folder, ignore_errors=True)
    records = None
    if arguments.feed == "dicts":
        with open(arguments.file, encoding="utf-8") as stream:
            records = [json.loads(line) for line in stream]
    run = {"findspot": index_with_findspot, "tantivy": index_with_tantivy}[arguments.engine]
    seconds = run(CORPORA[arguments.corpus], arguments.tokenizer, arguments.file, records, arguments.folder)
    json.dump({"seconds": seconds, "bytes": sum(path.stat().st_size for path in arguments.folder.rglob("*") if path.is_file())}, sys.stdout)


if __name__ == "__main__":
    main()
