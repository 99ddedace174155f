"""Looking after an index: numbers, checks, merges, garbage, copies, new fields.

**Law**: each of these may run while others search and write; each is interrupted by Ctrl-C and then leaves the index as it was.
"""

from __future__ import annotations

import os

from ._logging import INFO, log
from .reports import Checked, Collected, Copied, Damage, Merged, Stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._native import Index as NativeIndex
    from .fields import Field

__all__ = ["Upkeep", "target_of"]


class Upkeep:
    """What keeps an `Index` in order.

    Example:
        >>> import findspot as fs
        >>> issubclass(fs.Index, fs.Upkeep)
        True
    """

    __slots__ = ()

    def _open(self) -> NativeIndex:
        raise TypeError(f"expected an Index, got {type(self).__name__}")

    def stats(self) -> Stats:
        """Numbers about the index as this handle sees it.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> index.stats().segments
            0
            >>> index.close()
        """
        return Stats(**self._open().stats())

    def check(self) -> Checked:
        """Reads every file of the newest commit and verifies every checksum.

        Returns: what was read and every damaged place with its file and offset. Damage is no exception here.
        Errors: `StorageError` when a file cannot be read at all.
        Concurrency: others may search and write meanwhile. Obeys Ctrl-C.
        Cost: reads the whole index once.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> index.check().damages
            []
            >>> index.close()
        """
        files, bytes_, damages = self._open().check()
        found = [Damage(file=file, offset=offset, what=what) for file, offset, what in damages]
        return Checked(files=files, bytes=bytes_, damages=found)

    def merge(self, *, max_segments: int = 1) -> Merged:
        """Merges the committed segments now, down to at most `max_segments`, and drops their deleted documents.

        What was written and not committed is left alone, so commit first. A merge is a commit of its own.

        Args:
            max_segments: 1 or more.

        Returns: how many committed segments there are now.
        Errors: `ConflictError`; `ClosedError` in a forked child; `ValueError` for `max_segments` below 1.
        Concurrency: searches and writes go on. Obeys Ctrl-C, which leaves the index as it was.
        Cost: rewrites what it merges; that much more disk until the old files go.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold"}])
            >>> _ = index.commit()
            >>> index.merge()
            Merged(segments=1)
            >>> index.close()
        """
        segments = self._open().merge(max_segments)
        log("index", INFO, "merged %s to %d segments", self._open().url, segments)
        return Merged(segments=segments)

    def gc(self) -> Collected:
        """Deletes files that no commit needs and no open reader, here or in another process, still holds.

        Returns: how many files and bytes went.
        Errors: `StorageError`; `ClosedError` in a forked child.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> index.gc().files
            0
            >>> index.close()
        """
        files, bytes_ = self._open().gc()
        log("index", INFO, "deleted %d files, %d bytes, of %s", files, bytes_, self._open().url)
        return Collected(files=files, bytes=bytes_)

    def copy(self, destination: str | os.PathLike[str]) -> Copied:
        """Copies what this handle sees of the newest commit, whole and verified, while others may write.

        Args:
            destination: a path or URL where no index is.

        Returns: which commit, how many files and bytes.
        Errors: `StorageError` when there is an index already or the disk is full; `CorruptionError` when a file is damaged.
        Concurrency: needs no lock; the files stay for as long as the copy takes. Obeys Ctrl-C, which leaves no index behind.
        Cost: reads and writes the whole index once.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold"}])
            >>> _ = index.commit()
            >>> copied = index.copy("backup.findspot")
            >>> len(fs.open("backup.findspot"))
            1
            >>> index.close()
        """
        generation, files, bytes_ = self._open().copy(target_of(destination))
        log("index", INFO, "copied generation %d of %s to %s", generation, self._open().url, destination)
        return Copied(generation=generation, files=files, bytes=bytes_)

    def alter(self, *, add: Mapping[str, Field]) -> None:
        """Adds fields; documents that are already there have them missing. Every other change is a new index.

        Args:
            add: fields by name.

        Errors: `SchemaError` when a name exists or cannot be; `ConflictError`.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> index.alter(add={"year": fs.Integer()})
            >>> list(index.schema.fields)
            ['title', 'year']
            >>> index.close()
        """
        import json

        from .schema import Schema

        current = Schema._from_json(self._open().schema())
        # Checked as a whole before it goes out, so that a wrong type is Python's error and a wrong name the schema's.
        for name in add:
            if name in current._fields:
                from .errors import SchemaError

                raise SchemaError(
                    f"schema: fields.{name}: expected a new name, got a field that exists",
                    path=f"fields.{name}",
                    expected="a new name",
                    got="a field that exists",
                )
        Schema(key=current.key, fields=dict(add), key_type=current.key_type, extra=current.extra)
        self._open().alter(json.dumps([field._definition(name) for name, field in add.items()]))


def target_of(target: str | os.PathLike[str]) -> str:
    """A path or URL as the engine takes it."""
    path = os.fspath(target)
    if not isinstance(path, str):
        raise TypeError(f"target: expected a path or URL as str, got {type(path).__name__}")
    return path
