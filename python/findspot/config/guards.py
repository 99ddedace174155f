"""Guards: rules about a change, asked before it is published.

**In**: the version that is current and the one that wants to be. **Out**: nothing, or a problem that refuses it. **Law**: only the
publisher asks them; who follows trusts it. They run in the order given, after the schema's checks, each within its time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from .._native import config_path
from .values import text

__all__ = ["Guard", "guard", "immutable_paths", "max_changed", "max_removed", "not_empty"]


@dataclasses.dataclass(frozen=True)
class Guard:
    """One rule; made by the functions of this module.

    Attributes:
        name: what problems call it.
        kind: which rule of the compiled store, or `call`.
        value: its argument.
        seconds: for a function of yours, the time that it may take.
    """

    name: str
    kind: str
    value: Any = None
    seconds: float = 1.0


not_empty = Guard("not_empty", "not_empty")
"""Refuses a configuration without any value: what a file that was just truncated says."""


def max_removed(share: float) -> Guard:
    """Refuses a change that removes more than a share of all values.

    Args:
        share: of the values of the current version, from 0 to 1.

    Example:
        >>> from findspot.config import Mapping, Store, max_removed
        >>> store = Store(sources=[Mapping({"a": 1, "b": 2})], guards=[max_removed(0.1)])
        >>> try:
        ...     store.patch({"b": None})
        ... except ValueError as error:
        ...     print(error.problems[0].code)
        guard
    """
    return Guard("max_removed", "max_removed", _share("max_removed", share))


def max_changed(share: float) -> Guard:
    """Refuses a change that changes, adds or removes more than a share of all values.

    Args:
        share: of the values of the current version, from 0 to 1.

    Example:
        >>> from findspot.config import max_changed
        >>> max_changed(0.2).value
        0.2
    """
    return Guard("max_changed", "max_changed", _share("max_changed", share))


def immutable_paths(*paths: str) -> Guard:
    """Refuses a change at or below these paths: what only a restart may change.

    Args:
        *paths: dotted paths.

    Example:
        >>> import findspot as fs
        >>> from findspot.config import Mapping, Store, immutable_paths
        >>> store = Store(sources=[Mapping({"name": "a", "k": 1})], guards=[immutable_paths("name")])
        >>> try:
        ...     store.patch({"name": "b"})
        ... except fs.ConfigError as error:
        ...     print(error.problems[0].path)
        name
    """
    if not paths:
        raise ValueError("immutable_paths: expected at least one path")
    for path in paths:
        config_path(text(path, "immutable_paths: paths"))
    return Guard("immutable_paths", "immutable_paths", list(paths))


def guard(function: Callable[[Any, Any], object], *, seconds: float = 1.0, name: str | None = None) -> Guard:
    """A rule of your own.

    Args:
        function: called as `function(old, new)` with two views; `old` is None for the first version. It refuses by raising, or by
            returning text or False; it accepts by returning None or True.
        seconds: how long it may take; a longer one refuses the change.
        name: what problems call it; by default the function's name.

    Concurrency: called on a thread of its own; it must not reload or patch the same store.

    Example:
        >>> from findspot.config import Mapping, Store, guard
        >>> def even(old, new):
        ...     return None if new.k % 2 == 0 else "k must be even"
        >>> store = Store(sources=[Mapping({"k": 2})], guards=[guard(even)])
        >>> try:
        ...     store.patch({"k": 3})
        ... except ValueError as error:
        ...     print(error.problems[0].got)
        k must be even
    """
    if not callable(function):
        raise TypeError(f"guard: expected a function, got {type(function).__name__}")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        raise ValueError(f"guard: expected seconds > 0, got {seconds!r}")
    return Guard(name or str(getattr(function, "__name__", "guard")), "call", function, float(seconds))


def _share(name: str, share: float) -> float:
    if isinstance(share, bool) or not isinstance(share, (int, float)):
        raise TypeError(f"{name}: expected a share from 0 to 1, got {type(share).__name__}")
    if not 0 <= share <= 1:
        raise ValueError(f"{name}: expected a share from 0 to 1, got {share!r}")
    return float(share)
