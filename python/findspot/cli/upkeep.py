"""`findspot info | check | merge | gc | copy | analyze`: looking after an index, looking at tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._sizes import show_size
from .._text import analyze as tokens_of
from ..errors import CorruptionError
from ..index import open
from ..reports import Damage
from .output import print_json, table
from .progress import Bar
from .toml import show_schema

if TYPE_CHECKING:
    import argparse

__all__ = ["analyze", "check", "copy", "gc", "info", "merge"]


def info(options: argparse.Namespace) -> int:
    """Numbers and the schema."""
    import json

    with open(options.index) as index:
        stats, schema = index.stats(), index.schema
    if options.json:
        print_json({"url": index.url, **stats.to_dict(), "schema": json.loads(schema._json())})
        return 0
    print(f"{index.url}, generation {stats.generation}")
    print(
        f"{stats.documents:,} documents, {stats.deleted:,} deleted ones not yet dropped, {stats.segments} segments, {show_size(stats.size)}\n"
    )
    table(["part", "bytes"], sorted(stats.bytes.items(), key=lambda part: -part[1]))
    print("\n" + show_schema(schema))
    return 0


def check(options: argparse.Namespace) -> int:
    """Every checksum; exit code 1 when something is damaged."""
    try:
        with open(options.index) as index:
            bar = Bar("check")
            bar.say("reading every file")
            try:
                checked = index.check()
            finally:
                bar.clear()
    except CorruptionError as error:
        # So damaged that it does not open: that is what a check is asked for.
        before, after = f"corruption in {error.file} at byte {error.offset}: ", "; restore the file from a backup, or rebuild the index"
        damage = Damage(file=error.file, offset=error.offset, what=str(error).removeprefix(before).removesuffix(after))
        if options.json:
            print_json({"ok": False, "damages": [damage.to_dict()]})
        else:
            print(f"{damage.file}: byte {damage.offset}: {damage.what}")
            print(f"{options.index}: cannot be opened; restore the file from a backup, or rebuild the index")
        return 1
    if options.json:
        print_json({"ok": checked.ok, **checked.to_dict()})
    elif checked.ok:
        print(f"{options.index}: intact: {checked.files:,} files, {show_size(checked.bytes)}")
    else:
        for damage in checked.damages:
            print(f"{damage.file}: byte {damage.offset}: {damage.what}")
        print(f"{options.index}: {len(checked.damages):,} damaged places; restore the files from a backup, or rebuild the index")
    return 0 if checked.ok else 1


def merge(options: argparse.Namespace) -> int:
    """Merges down."""
    with open(options.index) as index:
        bar = Bar("merge")
        bar.say("…")
        try:
            merged = index.merge(max_segments=options.max_segments)
        finally:
            bar.clear()
    if options.json:
        print_json(merged.to_dict())
    else:
        print(f"{options.index}: {merged.segments} segments")
    return 0


def gc(options: argparse.Namespace) -> int:
    """Deletes what nobody needs."""
    with open(options.index) as index:
        gone = index.gc()
    if options.json:
        print_json(gone.to_dict())
    else:
        print(f"{options.index}: deleted {gone.files:,} files, {show_size(gone.bytes)}")
    return 0


def copy(options: argparse.Namespace) -> int:
    """A consistent copy."""
    with open(options.index) as index:
        copied = index.copy(options.destination)
    if options.json:
        print_json(copied.to_dict())
    else:
        print(f"{options.destination}: generation {copied.generation}, {copied.files:,} files, {show_size(copied.bytes)}")
    return 0


def analyze(options: argparse.Namespace) -> int:
    """The tokens of a text."""
    tokens = tokens_of(options.text, options.analyzer, query=options.query)
    rows = [(token.position, token.start, token.end, token.text) for token in tokens]
    if options.json:
        print_json([dict(zip(("position", "start", "end", "token"), row, strict=True)) for row in rows])
    else:
        table(["position", "start", "end", "token"], rows)
    return 0
