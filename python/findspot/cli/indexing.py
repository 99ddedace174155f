"""`findspot index`: files into an index, with a schema given, found or inferred.

**Law**: a file is taken whole or not at all, unless `--on-error collect` says otherwise; the index is closed (committed, merged) before
the command says that it is done.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from .._sizes import show_size
from ..errors import DocumentError, SchemaError, StorageError
from ..index import Index, open
from ..ingest import STREAM, infer
from .output import print_json
from .progress import Bar
from .toml import read_schema, show_schema

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ..reports import Upserted
    from ..schema import Schema

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Indexes the files."""
    start = time.monotonic()
    stdin: list[Any] | None = None
    index = _existing(options)
    if index is None:
        schema, stdin = _schema(options)
        index = Index.create(options.index, schema, memory=options.memory)
    elif options.schema is not None and read_schema(options.schema) != index.schema:
        raise SchemaError(f"{options.schema}: expected the schema that the index has, got another; make a new index, or use Index.alter")
    count, refused, rejected = 0, 0, []
    with index:
        for file in options.files:
            upserted = _upsert(index, file, options, stdin, count)
            count += upserted.count
            rejected += upserted.rejected
            refused += upserted.rejected_count
        bar = Bar("commit")
        bar.say("…")
        index.commit()
        bar.clear()
    with open(options.index) as closed:
        stats = closed.stats()
    seconds = time.monotonic() - start
    if options.json:
        print_json(
            {
                "documents": count,
                "rejected": [_reject(error) for error in rejected],
                "rejected_count": refused,
                "seconds": round(seconds, 3),
                "generation": stats.generation,
                "live": stats.documents,
                "bytes": stats.size,
            }
        )
    else:
        for error in rejected:
            print(f"findspot: {error}", file=sys.stderr)
        and_refused = f", {refused:,} refused" if refused else ""
        print(
            f"{count:,} documents in {seconds:.1f} s ({count / max(seconds, 1e-9):,.0f}/s){and_refused}; "
            f"{options.index} holds {stats.documents:,} in {show_size(stats.size)}, generation {stats.generation}"
        )
    return 1 if refused else 0


def _existing(options: argparse.Namespace) -> Index | None:
    try:
        return open(options.index, memory=options.memory)
    except StorageError as error:
        if _is_missing(error):
            return None
        raise


def _is_missing(error: StorageError) -> bool:
    import errno

    return error.errno == errno.ENOENT


def _schema(options: argparse.Namespace) -> tuple[Schema, list[Any] | None]:
    """The schema of a new index, and what had to be read of standard input to infer it."""
    if options.schema is not None:
        if options.key is not None:
            raise ValueError("--key: the schema file names the key; leave one of the two out")
        return read_schema(options.schema), None
    first = options.files[0]
    if first == "-":
        head = list(itertools.islice(_lines(), STREAM))
        schema, report = infer(head, options.key)
    else:
        head = None
        schema, report = infer(first, options.key)
    print(report, file=sys.stderr) if not options.json else None
    if not options.json and sys.stderr.isatty():
        print("as a schema file for --schema:\n" + show_schema(schema), file=sys.stderr)
    return schema, head


def _lines() -> Iterator[Any]:
    """Standard input as records: JSON lines."""
    for number, line in enumerate(sys.stdin.buffer, 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                got = str(error)
                raise DocumentError(
                    f"stdin:{number}: document: expected one JSON object, got {got}", got=got, source="stdin", record=number
                ) from error


def _upsert(index: Index, file: str, options: argparse.Namespace, head: list[Any] | None, before: int) -> Upserted:
    name = os.path.basename(file)
    bar = Bar(name if len(name) <= 30 else "…" + name[-29:], records_before=before)
    # What was read to infer the schema comes first; without it the engine reads standard input by itself.
    records = itertools.chain(head, _lines()) if file == "-" and head is not None else file
    try:
        return index._upsert(records, False, options.on_error, None, bar.show)
    finally:
        bar.clear()


def _reject(error: DocumentError) -> dict[str, Any]:
    return {name: getattr(error, name) for name in ("key", "field", "expected", "got", "source", "record")}
