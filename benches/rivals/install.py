"""Installs the rivals into the cache folder by their ordinary clients.

**Out**: what could not be installed, and why. **Law**: a rival that is absent is one line of the report, never the end of the run.
"""

from __future__ import annotations

from pathlib import Path


def install(cache: Path, names: list[str]) -> dict[str, str]:
    """Installs what is not there yet; name → why it is absent."""
    return {}
