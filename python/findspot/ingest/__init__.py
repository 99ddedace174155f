"""What users hand to `upsert` → what the engine reads.

**In**: an iterable of records, an Arrow object, a path. **Out**: a path that the engine reads itself, or an iterator of records that
the binding turns into JSON. **Law**: no third-party package is imported unless the data asks for it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeAlias

    from ..schema import Schema

    _Records: TypeAlias = Iterable[Any] | str | os.PathLike[str]

__all__ = ["infer", "source_of"]

ARROW_SUFFIXES = (".parquet", ".pq", ".arrow", ".feather", ".ipc")
"""Files that go through pyarrow or polars; all others are read by the engine."""


STREAM = 10_000
"""Records of a stream from which a schema is inferred; a file is read whole."""


def source_of(records: _Records) -> str | Iterator[Any]:
    """A path for the engine, or records for the binding."""
    if isinstance(records, (str, os.PathLike)):
        path = os.fspath(records)
        if not isinstance(path, str):
            raise TypeError(f"records: expected a path as str, got {type(path).__name__}")
        if path.lower().endswith(ARROW_SUFFIXES):
            from .arrow import records_of_file

            return records_of_file(path)
        return path
    if hasattr(records, "__arrow_c_stream__"):
        from .arrow import records_of_stream

        return records_of_stream(records)
    if isinstance(records, (bytes, bytearray)):
        raise TypeError("records: expected records or a path as str, got bytes")
    if isinstance(records, dict) or hasattr(type(records), "__dataclass_fields__") or hasattr(type(records), "model_dump"):
        raise TypeError(f"records: expected an iterable of records, got one {type(records).__name__}; write upsert([record])")
    try:
        return iter(records)
    except TypeError:
        raise TypeError(f"records: expected an iterable of records, an Arrow object or a path, got {type(records).__name__}") from None


def infer(source: _Records, key: str | None) -> tuple[Schema, str]:
    """The schema that fits a source, and the table that says why."""
    from .. import _native
    from ..schema import Schema

    found, report = _native.infer(source_of(source), key, STREAM)
    return Schema._from_json(found), report.rstrip("\n")
