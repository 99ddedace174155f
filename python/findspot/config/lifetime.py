"""The end of the process, and forks: what stores need to hear of both.

**In**: stores. **Out**: calls. **Law**: no thread of a store waits for an interpreter that is ending; a child of a fork follows by itself. A
store that nobody uses any more is not kept alive by this.
"""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .store import Store

__all__ = ["remember"]

_stores: weakref.WeakSet[Store[Any]] = weakref.WeakSet()


def remember(store: Store[Any]) -> None:
    """From now on the store is told."""
    _stores.add(store)


def _at_exit() -> None:
    for store in list(_stores):
        store.close()


def _in_child() -> None:
    for store in list(_stores):
        store._after_fork()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
