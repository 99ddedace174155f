"""Arguments of a store, held against what they should be before anything is opened or asked.

**In**: any objects. **Out**: the same, as the store takes them. **Law**: a wrong argument is a `TypeError` or `ValueError` that names it and says
what was expected; no value of a configuration stands in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from .guards import Guard
from .sources import Source
from .values import text

__all__ = ["by", "flag", "guards_argument", "path_argument", "sources_argument", "words_argument"]


def path_argument(path: str | os.PathLike[str] | None, argument: str) -> str | None:
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise TypeError(f"Store: {argument}: expected str or a path of str, got {type(path).__name__}")
    found = text(os.fspath(path), f"Store: {argument}")
    if not found or "\0" in found:
        raise ValueError(f"Store: {argument}: expected the name of a file or folder, got {found!r}")
    return os.path.abspath(found)


def sources_argument(sources: Iterable[Source]) -> tuple[Source, ...]:
    if isinstance(sources, Source):
        raise TypeError("Store: sources: expected a list of sources, got one source: write [source]")
    if isinstance(sources, (str, bytes, dict)) or not hasattr(sources, "__iter__"):
        raise TypeError(f"Store: sources: expected a list of sources, as [Toml('app.toml')], got {type(sources).__name__}")
    found = tuple(sources)
    for source in found:
        if not isinstance(source, Source):
            # No value: nobody knows yet what in it is a secret.
            what = f"the class {source.__name__}" if isinstance(source, type) else type(source).__name__
            raise TypeError(f"Store: sources: expected Mapping, Toml, Json, Yaml, Dotenv, Env, …, got {what}")
    return found


def guards_argument(guards: Iterable[Guard]) -> tuple[Guard, ...]:
    if isinstance(guards, (Guard, str, bytes)) or not hasattr(guards, "__iter__"):
        raise TypeError(f"Store: guards: expected a list of guards, as [not_empty], got {type(guards).__name__}")
    found = tuple(guards)
    for one in found:
        if not isinstance(one, Guard):
            hint = ": write guard(function)" if callable(one) else ""
            raise TypeError(f"Store: guards: expected not_empty, max_removed(…), guard(…), …, got {type(one).__name__}{hint}")
    return found


def words_argument(names: Iterable[str] | None) -> list[str] | None:
    if names is None:
        return None
    if isinstance(names, (str, bytes)) or not hasattr(names, "__iter__"):
        raise TypeError(f"Store: secret_names: expected a list of words, as ['license'], or None, got {type(names).__name__}")
    words = [text(name, "Store: secret_names") for name in names]
    if empty := [word for word in words if not any(c.isalnum() for c in word)]:
        raise ValueError(f"Store: secret_names: expected words, got {empty[0]!r}")
    return words


def by(call: str, actor: str, reason: str) -> tuple[str, str]:
    return text(actor, f"{call}: actor"), text(reason, f"{call}: reason")


def flag(argument: str, value: bool) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{argument}: expected bool, got {type(value).__name__}")
    return value
