"""Tables, one JSON document, refusals: all that the command prints.

**Law**: with `--json` standard output gets exactly one JSON document, also when the input is refused. What a document holds is shown
without control characters, so that no text can move the cursor or ring the bell.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, FindspotError, InternalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..config import Problem

__all__ = ["print_json", "problem_text", "refused", "table", "width"]


FRAME = re.compile(r"\s*\d*\s*\|")


def print_json(value: Any) -> None:
    """The one JSON document."""
    # Made whole before any of it is written: what cannot be JSON must not leave half of it behind.
    text = json.dumps(value, ensure_ascii=False, indent=None)
    sys.stdout.write(text + "\n")


def width() -> int:
    """Columns of the terminal; wide when there is none."""
    return shutil.get_terminal_size((160, 24)).columns if sys.stdout.isatty() else 160


def clean(text: str) -> str:
    """One line without control characters."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))


def cut(text: str, most: int) -> str:
    """At most `most` characters."""
    return text if len(text) <= most else text[: max(0, most - 1)] + "…"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, wide: bool = False) -> None:
    """Columns under a header: numbers to the right, texts to the left, the last one cut at the terminal's width."""
    cells = [[_cell(value) for value in row] for row in rows]
    numeric = [all(isinstance(value, (int, float)) for value in column) for column in zip(*rows, strict=True)] if cells else []
    numeric = numeric or [False] * len(header)
    most = width()
    widths = [max(len(name), *(len(row[i]) for row in cells), 0) if cells else len(name) for i, name in enumerate(header)]
    for row in [list(header), *cells]:
        shown = [cell.rjust(widths[i]) if numeric[i] else cell.ljust(widths[i]) for i, cell in enumerate(row)]
        line = "  ".join(shown).rstrip()
        print(line if wide else cut(line, most))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, int):
        return f"{value:,}"
    return clean(str(value))


def refused(error: Exception, as_json: bool) -> int:
    """Says why not, and gives the exit code."""
    if isinstance(error, InternalError) or not isinstance(error, (FindspotError, OSError, ValueError, TypeError, ImportError)):
        raise error
    if as_json:
        data = {name: _plain(value) for name, value in vars(error).items() if _is_plain(value) and name != "message"}
        print_json({"error": {"type": type(error).__name__, "message": str(error), **data}})
        return 1
    if isinstance(error, ConfigError) and error.problems:
        for problem in error.problems:
            print(f"findspot: configuration: {problem_text(problem)}", file=sys.stderr)
        return 1
    print(f"findspot: {clean(str(error))}", file=sys.stderr)
    return 1


def problem_text(problem: Problem) -> str:
    """A problem in one line, and the line of the file below it."""
    place = f"{problem.file}:{problem.line}:{problem.column}: " if problem.line else f"{problem.file}: " if problem.file else ""
    where = f"{problem.path}: " if problem.path else ""
    hint = f"; {problem.hint}" if problem.hint else ""
    said = clean(f"{place}{where}expected {problem.expected}, got {problem.got}{hint}")
    # Of the text for people the frame is taken: bars with the number of the line, its text and the mark.
    frame = [line for line in problem.text.splitlines() if FRAME.match(line)]
    return "\n".join([said, *("".join(c if c.isprintable() else " " for c in line) for line in frame)])


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float, list, tuple))


def _plain(value: Any) -> Any:
    """As JSON has it: a problem of a configuration is an object of its attributes."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
