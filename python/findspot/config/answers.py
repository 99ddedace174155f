"""Answers of the compiled store, as the objects of `reports`.

**In**: JSON text and native differences. **Out**: reports. **Law**: translation only; what arrives here holds no secret.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._logging import WARNING, log
from ..errors import ConfigError
from .reports import Change, Diff, Drift, Entry, Explanation, Layered, Problem, Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._native import ConfigDiff
    from .store import Store

__all__ = ["accepted", "changes", "diff", "drift", "error", "explanation", "history", "logged", "metrics", "placed", "problem", "report"]


def place_text(place: dict[str, Any] | None) -> str | None:
    """A place as people write it."""
    if place is None:
        return None
    if place.get("variable"):
        return f"{place['variable']} ({place['source']})"
    if place.get("line"):
        return f"{place['source']}:{place['line']}:{place['column']}"
    return str(place["source"])


def problem(data: dict[str, Any]) -> Problem:
    """One problem."""
    place = data.get("place") or {}
    return Problem(
        code=data["code"],
        path=data["path"],
        expected=data["expected"],
        got=data["got"],
        message=data["message"],
        layer=data.get("layer"),
        file=place.get("variable") or place.get("source"),
        line=place.get("line"),
        column=place.get("column"),
        hint=data.get("hint"),
        text=data.get("text") or "",
    )


def report(answer: tuple[str, ConfigDiff | None]) -> Report:
    """A report from its JSON and its difference."""
    data = json.loads(answer[0])
    found = [(problem(entry), entry.get("severity")) for entry in data["problems"]]
    return Report(
        accepted=data["accepted"],
        changed=data["changed"],
        version=data["version"],
        diff=diff(answer[1]),
        problems=tuple(one for one, severity in found if severity != "warning"),
        warnings=tuple(one for one, severity in found if severity == "warning"),
        timings=data.get("timings", {}),
    )


def error(problems: Iterable[Problem]) -> ConfigError:
    """The exception with every problem."""
    problems = list(problems)
    count = "" if len(problems) == 1 else f"{len(problems)} problems\n"
    return ConfigError("configuration: " + count + "\n".join(map(str, problems)), problems=problems)


def accepted(answer: tuple[str, ConfigDiff | None] | None) -> tuple[Problem, ...]:
    """Raises what was refused, and gives what is only said."""
    if answer is None:
        return ()
    found = report(answer)
    if not found.accepted:
        raise error(found.problems)
    return found.warnings


def logged(warnings: Iterable[Problem]) -> None:
    """What is only said goes to the log."""
    for warning in warnings:
        log("config", WARNING, "%s", warning)


def placed(refused: Iterable[Problem], by: Store[Any]) -> list[Problem]:
    """Problems of what another store was given, with the places that the sources of `by` have for them."""
    problems = list(refused)
    found = by._placed([(one.path, one.expected, one.got, one.hint) for one in problems])
    return [one if text is None else problem(json.loads(text)["problems"][0]) for one, text in zip(problems, found, strict=True)]


def diff(native: ConfigDiff | None) -> Diff:
    """A difference, whose changes are made when they are looked at."""
    return Diff(native)


def changes(native: ConfigDiff) -> tuple[Change, ...]:
    """The changes of a difference."""
    return tuple(
        Change(
            path=data["path"],
            kind=data["kind"],
            old=data.get("old"),
            new=data.get("new"),
            old_place=place_text(data.get("old_place")),
            new_place=place_text(data.get("new_place")),
        )
        for data in json.loads(native.json())
    )


def explanation(text: str) -> Explanation:
    """Where a value came from."""
    data = json.loads(text)
    said = [Layered(one["layer"], one["value"], place_text(one["place"]) or one["layer"]) for one in data["said"]]
    first = said[0] if said else Layered("defaults", data["value"], "defaults")
    return Explanation(data["path"], data["value"], first.layer, first.place, tuple(said[1:]), data["version"])


def history(text: str) -> list[Entry]:
    """The versions that are kept."""
    return [Entry(**data) for data in json.loads(text)]


def drift(text: str) -> list[Drift]:
    """The processes."""
    return [Drift(**data) for data in json.loads(text)]


def metrics(text: str) -> dict[str, float]:
    """Names and numbers."""
    return {name: float(value) for name, value in json.loads(text).items()}
