"""Logging to `findspot.*`, without importing `logging`: who has not imported it cannot be listening."""

from __future__ import annotations

import sys

__all__ = ["DEBUG", "INFO", "WARNING", "log"]

DEBUG, INFO, WARNING = 10, 20, 30


def log(room: str, level: int, message: str, *arguments: object) -> None:
    """Logs to `findspot.<room>`, if anybody has imported logging."""
    if (logging := sys.modules.get("logging")) is not None:
        logging.getLogger(f"findspot.{room}").log(level, message, *arguments)
