"""Arrow data and Parquet files as records, through an installed pyarrow or polars.

**In**: an object with `__arrow_c_stream__`, or the path of a Parquet, Arrow IPC or Feather file. **Out**: an iterator of dicts, batch by
batch. **Law**: nothing is loaded whole when pyarrow is there; without either library the error names the extra to install.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["records_of_file", "records_of_stream"]

BATCH = 4096
"""Rows that are Python objects at one time."""


def _library() -> str:
    from importlib.util import find_spec

    for name in ("pyarrow", "polars"):
        if find_spec(name) is not None:
            return name
    raise ModuleNotFoundError("Arrow and Parquet data need pyarrow or polars: pip install 'findspot[arrow]'", name="pyarrow")


def records_of_stream(table: Any) -> Iterator[dict[str, Any]]:
    """The rows of anything that speaks the Arrow stream protocol."""
    if _library() == "pyarrow":
        import pyarrow

        return _rows(pyarrow.RecordBatchReader.from_stream(table))
    import polars

    return polars.DataFrame(table).iter_rows(named=True, buffer_size=BATCH)


def records_of_file(path: str) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet, Arrow IPC or Feather file."""
    library = _library()
    is_parquet = path.lower().endswith((".parquet", ".pq"))
    kind = "Parquet" if is_parquet else "Arrow IPC"
    try:
        if library == "pyarrow":
            import pyarrow
            import pyarrow.parquet

            if is_parquet:
                return _rows(pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=BATCH))
            return _rows(_ipc(pyarrow, path))
        import polars

        frame = polars.read_parquet(path) if is_parquet else polars.read_ipc(path)
        return frame.iter_rows(named=True, buffer_size=BATCH)
    except OSError as error:
        if error.errno is not None:  # no such file, no permission: said as the operating system says it
            raise
        raise _refused(path, kind, error) from error
    except Exception as error:
        raise _refused(path, kind, error) from error


def _refused(path: str, kind: str, error: Exception) -> DocumentError:
    got = " ".join(str(error).split())[:200]
    return DocumentError(f"{path}: expected a {kind} file, got {got}", expected=f"a {kind} file", got=got, source=path)


def _ipc(pyarrow: Any, path: str) -> Iterator[Any]:
    reader = pyarrow.ipc.open_file(pyarrow.memory_map(path))
    return (reader.get_batch(i) for i in range(reader.num_record_batches))


def _rows(batches: Any) -> Iterator[dict[str, Any]]:
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH):
            yield from batch.slice(start, BATCH).to_pylist()
