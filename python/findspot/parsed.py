"""A query string as it was understood."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .query import Query

__all__ = ["Parsed"]


class Parsed:
    """What `Index.parse` understood. Printed, it is the tree.

    Attributes:
        query: the same as a typed query.
        warnings: what was taken as plain text although it looks like syntax, with its position.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> parsed = index.parse("gold (coin")
        >>> isinstance(parsed.query, fs.Query), len(parsed.warnings)
        (True, 1)
        >>> index.close()
    """

    __slots__ = ("_tree", "query", "warnings")
    query: Query
    warnings: list[str]
    _tree: str

    def __init__(self, query: Query, warnings: list[str], tree: str) -> None:
        self.query = query
        self.warnings = warnings
        self._tree = tree

    def __str__(self) -> str:
        return self._tree

    def __repr__(self) -> str:
        return f"Parsed(query={self.query!r}, warnings={self.warnings!r})"
