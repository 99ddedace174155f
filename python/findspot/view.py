"""Searching: what an index and a pinned view have in common.

**In**: queries. **Out**: hits, counts, documents. **Law**: each call runs on one immutable view, from its first byte to its last; an
index takes its newest, a `View` always its own.
"""

from __future__ import annotations

from . import _native
from .errors import ClosedError
from .parsed import Parsed
from .query import _from_wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Literal, overload

else:

    def overload(function):
        return function


__all__ = ["Searching", "View"]


class Searching(_native.Searching):
    """What `Index` and `View` can both be asked.

    Example:
        >>> import findspot as fs
        >>> issubclass(fs.Index, fs.Searching) and issubclass(fs.View, fs.Searching)
        True
    """

    __slots__ = ()

    def _open(self) -> _native.Index | _native.View:
        raise TypeError(f"expected an Index or a View, got {type(self).__name__}")

    @overload
    def get(self, key: str | int, *, version: Literal[False] = False) -> dict[str, Any] | None: ...
    @overload
    def get(self, key: str | int, *, version: Literal[True]) -> tuple[dict[str, Any], int] | tuple[None, None]: ...  # noqa: F811
    def get(self, key: str | int, *, version: bool = False) -> Any:  # noqa: F811
        """The document with this key, as it was written, or None.

        Args:
            key: the key.
            version: return `(document, version)`; the version is for `upsert(if_version=…)` and is None when there is no document.

        Errors: `CorruptionError`; `TypeError` for a key that is neither str nor int.
        Cost: a look into the key filter of each segment, one stored block.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold"}])
            >>> index.get("k1"), index.get("k2")
            ({'id': 'k1', 'title': 'gold'}, None)
            >>> index.close()
        """
        found = self._open().get(key)
        if version:
            return (None, None) if found is None else found
        return None if found is None else found[0]

    def parse(self, text: str, *, strict: bool = False) -> Parsed:
        """How a query string is understood.

        Args:
            text: the query string.
            strict: raise `QueryError` with a position where it cannot be understood.

        Returns: the tree, as a typed query and printed, and what was taken as plain text although it looks like syntax.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> index.parse("title:gold").query
            Match('gold', fields='title')
            >>> index.close()
        """
        import json

        if not isinstance(text, str):
            raise TypeError(f"text: expected str, got {type(text).__name__}")
        parsed, tree = self._open().parse(text, bool(strict))
        wire = json.loads(parsed)
        return Parsed(_from_wire(wire["query"]), [_warning(warning) for warning in wire["warnings"]], tree)

    def __contains__(self, key: object) -> bool:
        return key in self._open()

    def __len__(self) -> int:
        return len(self._open())

    def __bool__(self) -> bool:
        # An index is something even when it is empty: `if index:` asks whether there is one.
        return True


def _warning(warning: dict[str, Any]) -> str:
    hint = f" ({warning['hint']})" if warning.get("hint") else ""
    return f"position {warning['position']}: {warning['message']}{hint}"


class View(Searching):
    """What could be searched at one moment, pinned; made by `Index.view`.

    It answers `search`, `search_many`, `count`, `get`, `parse`, `in` and `len` as an index does, always on the same documents.

    Concurrency: immutable; share it freely. It keeps its files until it is closed.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> _ = index.upsert([{"id": "k1", "title": "gold"}])
        >>> view = index.view()
        >>> _ = index.delete("k1")
        >>> view.search("gold").keys, index.search("gold").keys
        (['k1'], [])
        >>> view.close()
        >>> index.close()
    """

    __slots__ = ("_pinned",)
    _pinned: _native.View

    def __init__(self, pinned: _native.View) -> None:
        self._pinned = pinned

    def _open(self) -> _native.View:
        return self._pinned

    @property
    def generation(self) -> int:
        """The commit that it shows: the manifest's number, the same in every process.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> with index.view() as view:
            ...     view.generation
            1
            >>> index.close()
        """
        return self._open().generation

    def close(self) -> None:
        """Lets go of its files. Closing twice is nothing.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> view = index.view()
            >>> view.close()
            >>> index.close()
        """
        self._pinned.close()

    def __enter__(self) -> View:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        try:
            return f"View(generation {self._pinned.generation}, {len(self):,} documents)"
        except ClosedError:
            return "View(closed)"
