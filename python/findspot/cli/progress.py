"""A progress bar: how far, how fast, how long still.

**In**: records and bytes so far. **Out**: one line on standard error, redrawn in place. **Law**: only on a terminal, at most ten times
a second; where the end is unknown it shows count and rate.
"""

from __future__ import annotations

import os
import shutil
import sys
import time

__all__ = ["Bar"]

_BLOCKS = " ▏▎▍▌▋▊▉█"
_PERIOD = 0.1


class Bar:
    """One bar for one job; `show` is a progress callback of `upsert`."""

    def __init__(self, label: str, *, records_before: int = 0) -> None:
        self._label = label
        self._before = records_before
        self._start = time.monotonic()
        self._drawn = 0.0
        self._on = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._is_drawn = False

    def show(self, records: int, done: int, total: int) -> None:
        """Draws, unless it was drawn a moment ago."""
        now = time.monotonic()
        if not self._on or now - self._drawn < _PERIOD:
            return
        self._drawn = now
        seconds = max(now - self._start, 1e-3)
        rate = records / seconds
        parts = [f"{self._before + records:,} documents", f"{rate:,.0f}/s"]
        columns = shutil.get_terminal_size().columns
        if total:
            share = min(done / total, 1.0)
            left = seconds * (1 - share) / share if share > 0 else 0.0
            parts.append(f"{_clock(left)} left" if share > 0 else "")
            text = f"{self._label} {share:4.0%} "
            rest = "  ".join(parts)
            room = min(40, columns - len(text) - len(rest) - 4)
            if room >= 8:
                text += f"▕{_bar(share, room)}▏ "
            text += rest
        else:
            text = f"{self._label} " + "  ".join(parts)
        sys.stderr.write(f"\r{text[: columns - 1]}\x1b[K")
        sys.stderr.flush()
        self._is_drawn = True

    def say(self, text: str) -> None:
        """A phase without a measure, such as the commit."""
        if self._on:
            sys.stderr.write(f"\r{self._label} {text}\x1b[K")
            sys.stderr.flush()
            self._is_drawn = True

    def clear(self) -> None:
        """Takes the line away."""
        if self._is_drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._is_drawn = False

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.monotonic() - self._start


def _bar(share: float, columns: int) -> str:
    eighths = round(share * columns * 8)
    whole, part = divmod(eighths, 8)
    return ("█" * whole + (_BLOCKS[part] if part else "")).ljust(columns)[:columns]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
