"""Indexes with writes that no commit has made durable: said at the latest when the interpreter ends.

**Law**: the warning comes once an index, only in the process that wrote, as a `ResourceWarning` and as a warning of the logger
`findspot.index`, because Python hides the former by default and the loss is real.
"""

from __future__ import annotations

import atexit
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .index import Index

__all__ = ["warn", "watch"]

_watched: weakref.WeakSet[Index] = weakref.WeakSet()


def watch(index: Index) -> None:
    """Remembers an index that is about to be written."""
    _watched.add(index)


def warn(index: Index) -> None:
    """Says that an index goes away with unsaved writes, if it does."""
    if index._native.has_changes():
        import logging
        import warnings

        message = (
            f"{index._native.url} was not closed: what was written since its last commit is lost; use it in a with block or call close()"
        )
        logging.getLogger("findspot.index").warning(message)
        warnings.warn(message, ResourceWarning, stacklevel=3, source=index)
    index._watched = False


@atexit.register
def _at_exit() -> None:
    for index in list(_watched):
        if index._watched:
            warn(index)
