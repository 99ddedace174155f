"""Transactions: which one a thread or task is inside, and its two ends.

**Law**: a transaction belongs to the context (thread, task) that entered its block; other threads write beside it. Nothing of it is
visible before its end, which is one commit; an exception drops it whole.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from . import _native
    from .index import Index

__all__ = ["Transaction", "joined"]

_inside: ContextVar[tuple[Transaction, ...]] = ContextVar("findspot.transaction", default=())


def joined(index: object) -> _native.Transaction | None:
    """The transaction of `index` that this context is inside."""
    for transaction in _inside.get():
        if transaction._index is index:
            return transaction._native
    return None


class Transaction:
    """One all-or-nothing write; made by `Index.transaction`, used in a `with` block.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> try:
        ...     with index.transaction():
        ...         _ = index.upsert([{"id": "k1", "title": "gold"}])
        ...         raise KeyError("changed my mind")
        ... except KeyError:
        ...     len(index)
        0
        >>> index.close()
    """

    __slots__ = ("_index", "_native", "_token")
    _index: Index
    _native: _native.Transaction | None
    _token: Token[tuple[Transaction, ...]] | None

    def __init__(self, index: Index) -> None:
        self._index = index
        self._native = None
        self._token = None

    def __enter__(self) -> Index:
        if self._native is not None:
            raise RuntimeError("a transaction is used once; call transaction() again")
        if joined(self._index) is not None:
            raise RuntimeError("this thread or task is inside a transaction of this index already")
        self._native = self._index._native.transaction()
        self._token = _inside.set((*_inside.get(), self))
        return self._index

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._token is not None:
            _inside.reset(self._token)
            self._token = None
        if self._native is None:
            return
        if kind is None:
            self._native.commit()
        else:
            self._native.rollback()
