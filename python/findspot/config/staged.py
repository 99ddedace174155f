"""A candidate: the next version, made and checked, not published.

**In**: `store.stage(…)`. **Out**: `Staged`. **Law**: it is published as it was checked, or not at all.
"""

from __future__ import annotations

from typing import Any, Generic, NoReturn, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .reports import Diff, Report
    from .store import Store

__all__ = ["Staged"]

T = TypeVar("T")


class Staged(Generic[T]):
    """A version that nobody reads yet.

    Attributes:
        config: its view.
        diff: what it would change.

    Example:
        >>> from findspot.config import Mapping, Store
        >>> staged = Store(sources=[Mapping({"k": 1})]).stage({"k": 2})
        >>> staged.config.k, len(staged.diff)
        (2, 1)
    """

    __slots__ = ("_candidate", "_store", "config", "diff")

    config: T

    def __init__(self, store: Store[T], candidate: Any, diff: Diff) -> None:
        self._store = store
        self._candidate = candidate
        self.config = candidate.view()
        self.diff = diff

    def __repr__(self) -> str:
        return f"Staged({self.diff!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a staged version belongs to its store in this process: pickle `staged.diff`, or its values with as_dict")

    def publish(self, *, actor: str = "", reason: str = "") -> Report:
        """Publishes it.

        Args:
            actor: who asks.
            reason: why.

        Returns: the report.
        Errors: `ConflictError` when another version was published since; `ConfigError`, `ClosedError`.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> Store(sources=[Mapping({"k": 1})]).stage({"k": 2}).publish().version
            2
        """
        from . import answers
        from .arguments import by
        from .store import _or_raise

        asked = by("publish", actor, reason)
        return _or_raise(answers.report(self._store._publish_staged(self._candidate, *asked)))
