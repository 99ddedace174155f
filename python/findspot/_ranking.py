"""The ranking of an index as a live configuration: which store a handle follows.

**In**: what `config=` was given, an open index. **Out**: the store, attached. **Law**
1. A path or a store is followed: each version is checked against the schema and compiled before it is published anywhere.
2. A mapping is this handle's own ranking: `index.config` numbers it in memory, and no other process follows it.
3. Without `config`, a handle follows the newest version beside the index, if there is one, and publishes none by that.
4. No key of a ranking is the name of a secret: keys of synonyms are words that people search for.
5. Versions made from a path stand in `<index>/config/`, numbered for all processes; those of an index in memory stay in memory.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ._native import Index as NativeIndex
    from .config import Source, Store

__all__ = ["Followed", "content_of", "folder_of", "follow", "has_versions", "is_followed"]

FOLDER = "config"
TABLES = frozenset({"ranking", "synonyms", "stopwords", "typos", "pins", "limits", "profiles", "experiments", "guard"})


def is_followed(config: object) -> bool:
    """Whether `config=` names something that changes."""
    return isinstance(config, (str, os.PathLike)) or hasattr(config, "_attach")


class Followed:
    """A store that an index follows, and whether it goes with the index."""

    __slots__ = ("own", "store")

    def __init__(self, store: Store[Any], own: bool) -> None:
        self.store = store
        self.own = own

    def close(self, native: NativeIndex) -> None:
        """The index is closed."""
        self.store._detach(native)
        if self.own:
            self.store.close()


def folder_of(url: str) -> str | None:
    """Where the versions of an index stand; None in memory."""
    if url.startswith("memory://"):
        return None
    if url.startswith("file://"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        url = url2pathname(urlsplit(url).path)
    return os.path.join(url, FOLDER)


def has_versions(folder: str | None) -> bool:
    """Whether somebody has published a version there."""
    if folder is None:
        return False
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.isdecimal() for entry in entries)
    except OSError:
        return False


def content_of(config: Any) -> str:
    """What a path or store says now, as JSON: it is held against a schema before an index is made of it."""
    from .config import Store, Toml
    from .config.views import node_of

    def written(store: Store[Any]) -> str:
        node = node_of(store.current)
        return "{}" if node is None else bytes(node.json()).decode()

    if hasattr(config, "_attach"):
        return written(config)
    with Store(sources=[Toml(os.fspath(config))], secret_names=None) as store:
        return written(store)


def follow(native: NativeIndex, config: Any, given: Mapping[str, Any] | None = None) -> Followed:
    """Makes an index follow what `config` names; None: `given`, or the newest version when nothing was given."""
    from .config import Mapping as Layer
    from .config import Store, Toml, answers
    from .config.sources import Followed as Index
    from .config.sources import NumberedOnly

    if hasattr(config, "_attach"):
        answers.logged(answers.accepted(config._attach(native, os.getcwd())))
        return Followed(config, False)
    folder = folder_of(native.url)
    base = os.getcwd()
    if config is not None:
        base = os.path.dirname(os.path.abspath(os.fspath(config)))
        source: Source = Toml(os.fspath(config))
    elif not given and folder is not None:
        # Also before there is a version: what others publish later is taken, and nothing is said beside it.
        source = NumberedOnly()
    else:
        values = given or {}
        flat = bool(values) and not TABLES.intersection(values)
        # What only this handle was given is numbered in memory: nobody else follows it.
        folder = None
        source = Layer({"ranking": values} if flat else values)
    return Followed(Store(sources=[source, Index(native, base)], folder=folder, secret_names=None), True)
