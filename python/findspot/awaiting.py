"""Writing that is awaited.

**In**: records, as `upsert` takes them. **Out**: what `upsert` and `commit` return. **Law**: the event loop goes on while the threads of findspot
write; no Python thread or executor takes part. What belongs to a transaction stays in it.
"""

from __future__ import annotations

from ._logging import DEBUG, INFO, log
from .reports import Commit, Upserted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from ._native import Index as NativeIndex
    from ._native import Transaction as NativeTransaction
    from .ingest import _Records

__all__ = ["Awaiting", "check_arguments"]


def check_arguments(on_error: str, if_version: int | None) -> None:
    """Refuses what `upsert` and `aupsert` do not understand."""
    if on_error not in ("raise", "collect"):
        raise ValueError(f"on_error: expected 'raise' or 'collect', got {on_error!r}")
    if if_version is not None and not 0 <= if_version < 2**63:
        raise ValueError(f"if_version: expected a version as get(key, version=True) returns it, or 0, got {if_version!r}")


class Awaiting:
    """What an `Index` writes while an event loop goes on. `asearch` and `asearch_many` stand beside `search`.

    Example:
        >>> import findspot as fs
        >>> issubclass(fs.Index, fs.Awaiting)
        True
    """

    __slots__ = ()

    def _open(self) -> NativeIndex:
        raise TypeError(f"expected an Index, got {type(self).__name__}")

    def _writer(self) -> NativeIndex | NativeTransaction:
        return self._open()

    async def aupsert(
        self,
        records: _Records,
        *,
        refresh: bool = True,
        on_error: Literal["raise", "collect"] = "raise",
        if_version: int | None = None,
    ) -> Upserted:
        """What `upsert` does, awaited: the event loop goes on meanwhile.

        Args:
            records: as in `upsert`. An iterable is read by the awaiting task, about a millisecond at a time, and all of it before writing
                begins; the path of a `.jsonl`, `.json` or `.csv` file is read by the threads of findspot alone.
            refresh: make them searchable through this handle before returning.
            on_error: `"raise"` or `"collect"`.
            if_version: write only if the one document of the call has this version; 0: only if it is new.

        Returns: how many were taken and which were refused.
        Errors: those of `upsert`; `Overloaded` when too many wait already, before anything was written. A task that is cancelled has written
            all of the call or nothing.
        Concurrency: calls are written one after the other, in the order in which they are ready. Searches go on.
        Cost: that of `upsert`, and the memory of all records of an iterable as JSON.

        Example:
            >>> import asyncio
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> async def main():
            ...     upserted = await index.aupsert([{"id": "k1", "title": "gold coin"}])
            ...     return upserted.count, (await index.asearch("gold")).keys
            >>> asyncio.run(main())
            (1, ['k1'])
            >>> index.close()
        """
        check_arguments(on_error, if_version)
        from .ingest import source_of

        writer = self._writer()
        source = source_of(records)
        collect = on_error == "collect"
        if isinstance(source, str):
            count, rejected, refused = await writer.aupsert_file(source, bool(refresh), collect, if_version)
        else:
            count, rejected, refused = await writer.aupsert(source, bool(refresh), collect, if_version)
        url = self._open().url
        log("index", DEBUG, "upserted %d documents into %s", count, url)
        if refused:
            log("index", INFO, "refused %d documents of %s, the first: %s", refused, url, rejected[0])
        return Upserted(count=count, rejected=rejected, rejected_count=refused)

    async def acommit(self) -> Commit:
        """What `commit` does, awaited: the event loop goes on while the disk works.

        Returns: the commit. What was upserted before it is durable then, whichever task did it.
        Errors: those of `commit`; `Overloaded` when too many wait already, before anything was written. A task that is cancelled may have
            committed.
        Concurrency: commits that wait together cost little more than one: the first makes durable what all of them had written.
        Cost: as a commit.

        Example:
            >>> import asyncio
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> async def main():
            ...     await index.aupsert([{"id": "k1", "title": "gold coin"}])
            ...     return await index.acommit()
            >>> asyncio.run(main())
            Commit(generation=2)
            >>> index.close()
        """
        from .transaction import joined

        if joined(self) is not None:
            raise RuntimeError("acommit() inside a transaction: leaving the block commits it")
        native = self._open()
        generation = await native.acommit()
        log("index", INFO, "committed generation %d of %s", generation, native.url)
        return Commit(generation=generation)
