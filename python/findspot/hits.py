"""What a search found. The classes are compiled; their documentation is theirs."""

from __future__ import annotations

from ._native import Hit, Hits

__all__ = ["Hit", "Hits"]
