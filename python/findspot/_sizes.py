"""Sizes of memory and files: `"256MB"` ↔ bytes.

**Law**: KB, MB and GB are powers of 1,000; KiB, MiB and GiB of 1,024. A bare number is bytes.
"""

from __future__ import annotations

__all__ = ["parse_size", "show_size"]

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def parse_size(size: str | int, argument: str) -> int:
    """Bytes of a size; `argument` names it in errors."""
    if isinstance(size, str):
        text = size.strip().upper()
        number = text.rstrip("BKMGI").rstrip()
        unit = text[len(number) :].strip()
        try:
            bytes_ = int(float(number.replace("_", "")) * _UNITS[unit])
        except (ValueError, KeyError, OverflowError):
            bytes_ = 0
    elif isinstance(size, int) and not isinstance(size, bool):
        bytes_ = size
    else:
        raise TypeError(f"{argument}: expected bytes as int or a size such as '256MB', got {type(size).__name__}")
    if not 0 < bytes_ < 2**62:
        raise ValueError(f"{argument}: expected a size such as '256MB', got {size!r}")
    return bytes_


def show_size(size: int) -> str:
    """A size to read: three digits and a unit."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("KB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            return f"{value:.3g} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
    raise AssertionError("unreachable")
