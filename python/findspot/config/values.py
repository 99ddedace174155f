"""What a program may say in a configuration: the way from its objects to plain values.

**In**: mappings and values of a program. **Out**: JSON for the compiled store. **Law**
1. What no file could hold is refused where it is said, with its path, before anything is read or changed; all of it at once.
2. No value stands in a refusal, only its type: nobody knows yet what is a secret. A key below one that reads like a secret's does not either.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import enum
import json
import operator
import os
from typing import Any

from .._native import ConfigNames, config_path, plain_json
from ..errors import ConfigError
from .reports import Problem

__all__ = ["UnfitValue", "as_json", "nested", "pairs", "path_of", "text"]

_DEEPEST = 128
_MOST_PROBLEMS = 100
_USUAL = ConfigNames([], None)


class UnfitValue(ConfigError, TypeError):
    """A value that no configuration could hold."""


def path_of(steps: list[str | int]) -> str:
    """A path as people write it."""
    found = ""
    for step in steps:
        if isinstance(step, int):
            found += f"[{step}]"
            continue
        bare = step != "" and all(c.isalnum() or c in "_-" for c in step)
        quoted = step if bare else '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
        found += f".{quoted}" if found else quoted
    return found


def problem_of(code: str, path: str, expected: str, got: str, layer: str, hint: str | None = None) -> Problem:
    """A problem of what a program said."""
    message = f"{path}: expected {expected}, got {got}" if path else f"expected {expected}, got {got}"
    lines = [f"error[{code}]: {message}", f"  --> {layer}"] + ([f"  = {hint}"] if hint else [])
    return Problem(code, path, expected, got, message, layer, layer, hint=hint, text="\n".join(lines))


def refusal(problems: list[Problem]) -> UnfitValue:
    """The exception with all problems."""
    count = "" if len(problems) == 1 else f"{len(problems)} problems\n"
    return UnfitValue("configuration: " + count + "\n".join(map(str, problems)), problems=problems)


class _Reader:
    """One value on its way to plain data."""

    def __init__(self, layer: str, above: str) -> None:
        self.layer = layer
        self.above = above
        self.steps: list[str | int] = []
        self.open: set[int] = set()
        self.problems: list[Problem] = []

    def refuse(self, code: str, expected: str, got: str, hint: str | None = None) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            shown: list[str | int] = []
            for step in self.steps:
                shown.append(step)
                if isinstance(step, str) and _USUAL.says(step.encode(errors="replace").decode()):
                    break
            below = path_of(shown)
            path = f"{self.above}.{below}" if self.above and below and not below.startswith("[") else self.above + below
            self.problems.append(problem_of(code, path.encode(errors="backslashreplace").decode(), expected, got, self.layer, hint))

    def read(self, value: Any) -> Any:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, enum.Enum):
            return self.read(value.value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int):
            if not -(2**63) <= value < 2**63:
                self.refuse("out_of_range", "an integer of 64 bits", "a larger one", "write it as a string if it must keep its digits")
            return int(value)
        if isinstance(value, float):
            if value != value or value in (float("inf"), float("-inf")):
                self.refuse(
                    "out_of_range", "a finite number", "NaN" if value != value else "an infinite one", "leave it away, or give a bound"
                )
            return float(value)
        return self.container(value) if not isinstance(value, type) else self.unknown(value)

    def text(self, value: str) -> str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                self.refuse("text", "text of Unicode characters", f"half a surrogate pair at character {error.start}")
        return str(value)

    def container(self, value: Any) -> Any:
        if id(value) in self.open:
            return self.refuse("cycle", "values that end", f"a {type(value).__name__} that holds itself")
        if len(self.steps) >= _DEEPEST:
            return self.refuse("too_deep", f"at most {_DEEPEST} levels", "more")
        self.open.add(id(value))
        try:
            if isinstance(value, collections.abc.Mapping):
                return dict(self.member(key, inner) for key, inner in value.items())
            if isinstance(value, (list, tuple, set, frozenset)):
                return [self.item(number, inner) for number, inner in enumerate(value)]
            return self.object(value)
        finally:
            self.open.discard(id(value))

    def member(self, key: Any, value: Any) -> tuple[str, Any]:
        if isinstance(key, enum.Enum) and isinstance(key, str):
            key = key.value
        if not isinstance(key, str):
            self.refuse("key", "keys of type str", f"a key of type {type(key).__name__}")
            return "", None
        self.steps.append(key)
        try:
            return self.text(key), self.read(value)
        finally:
            self.steps.pop()

    def item(self, number: int, value: Any) -> Any:
        self.steps.append(number)
        try:
            return self.read(value)
        finally:
            self.steps.pop()

    def object(self, value: Any) -> Any:
        if isinstance(value, os.PathLike):
            return self.read(os.fspath(value))
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, datetime.timedelta):
            return value.total_seconds()
        if hasattr(value, "get_secret_value"):
            return self.read(value.get_secret_value())
        if hasattr(value, "model_dump"):
            return self.read(value.model_dump())
        if hasattr(value, "__struct_fields__"):
            return self.read({name: getattr(value, name) for name in value.__struct_fields__})
        if type(value).__module__ in ("decimal", "uuid"):
            return str(value)
        if dataclasses.is_dataclass(value):
            return self.read({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
        if hasattr(value, "__index__"):
            return self.read(operator.index(value))
        return self.unknown(value)

    def unknown(self, value: Any) -> None:
        self.refuse("type", "text, number, boolean, None, list or mapping", f"a value of type {type(value).__name__}")


def as_json(value: Any, layer: str, above: str = "") -> bytes:
    """JSON of a value that a program gives for the path `above`; raises `UnfitValue` with every reason why there is none."""
    # Lists by the hundred thousand are of plain values nearly always, with nothing to be refused.
    made = plain_json(value)
    if made is not None:
        return made
    reader = _Reader(layer, above)
    plain = reader.read(value)
    if reader.problems:
        raise refusal(reader.problems)
    return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode()


def root_as_json(values: Any, layer: str) -> bytes:
    """JSON of a whole layer: a mapping, or an instance of a class that stands for one."""
    kind = type(values).__name__
    is_plain = values is None or isinstance(values, (str, bytes, int, float, list, tuple, set, frozenset, type, os.PathLike))
    if is_plain or isinstance(values, (datetime.date, datetime.time, datetime.timedelta)):
        raise refusal([problem_of("root", "", "a mapping, or an instance of the class", f"a value of type {kind}", layer, "give a dict")])
    found = as_json(values, layer)
    if not found.startswith(b"{"):
        raise refusal([problem_of("root", "", "a mapping, or an instance of the class", f"a value of type {kind}", layer, "give a dict")])
    return found


def pairs(values: Any, what: str) -> list[tuple[str, bytes | None]]:
    """Paths with JSON, None where a value is taken away."""
    if not isinstance(values, collections.abc.Mapping):
        raise TypeError(f"{what}: expected a mapping from paths to values, got {type(values).__name__}")
    found: list[tuple[str, bytes | None]] = []
    problems: list[Problem] = []
    for path, value in values.items():
        path = text(path, f"{what}: paths")
        try:
            found.append((path, None if value is None else as_json(value, "patch", path)))
        except UnfitValue as error:
            problems += error.problems
    if problems:
        raise refusal(problems)
    return found


def nested(values: collections.abc.Mapping[Any, Any], layer: str) -> dict[str, Any]:
    """Tables of what a mapping says by paths; two that cannot both hold are a problem, the same path twice too."""
    joined = _Joined(layer)
    for path, value in values.items():
        try:
            steps = _steps(path, layer)
        except ValueError as error:
            at = str(error).removeprefix("not a path: ")
            found = (
                error.problems if isinstance(error, UnfitValue) else [problem_of("path", "", "a path as a.b", f"{path[:60]!r}", layer, at)]
            )
            joined.problems += found
            continue
        keys = [step for step in steps if isinstance(step, str)]
        if len(keys) < len(steps):
            got, hint = "a place in a list", "lists are replaced as a whole: give all of it"
            joined.problems.append(problem_of("path", path, "keys of tables", got, layer, hint))
        else:
            joined.add(keys, value, path)
    if joined.problems:
        raise refusal(joined.problems)
    return joined.root


def _steps(path: Any, layer: str) -> list[str | int]:
    if not isinstance(path, str):
        raise refusal([problem_of("key", "", "keys of type str", f"a key of type {type(path).__name__}", layer)])
    # What has nothing of a path in it is a key, whatever its letters.
    return config_path(text(path, layer)) if any(c in '."[' for c in path) else [path]


class _Joined:
    """Tables that several paths say. The caller's mappings are copied before something is put into them."""

    def __init__(self, layer: str) -> None:
        self.layer = layer
        self.root: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.own = {id(self.root)}

    def add(self, steps: list[str], value: Any, path: str) -> None:
        """Puts a value at a path."""
        table = self.root
        for number, step in enumerate(steps[:-1]):
            below = self.below(table, step)
            if below is None:
                self.problems.append(_contradiction(path, path_of([*steps[: number + 1]]), self.layer))
                return
            table = below
        self.put(table, steps[-1], value, path, len(steps))

    def below(self, table: dict[str, Any], key: str) -> dict[str, Any] | None:
        """The table under a key, as one of our own; None when something else is there."""
        found = table.get(key, {})
        if not isinstance(found, collections.abc.Mapping):
            return None
        if isinstance(found, dict) and id(found) in self.own:
            return found
        table[key] = own = dict(found)
        self.own.add(id(own))
        return own

    def put(self, table: dict[str, Any], key: str, value: Any, path: str, depth: int) -> None:
        """Puts a value under a key that may have one already: two tables join, all else is a contradiction."""
        if key not in table:
            table[key] = value
            return
        if table[key] is value:
            return
        below = self.below(table, key) if isinstance(value, collections.abc.Mapping) and depth < _DEEPEST else None
        if below is None:
            self.problems.append(_contradiction(path, path, self.layer))
            return
        for inner, one in value.items():
            self.put(below, inner, one, f"{path}.{path_of([str(inner)])}", depth + 1)


def _contradiction(path: str, at: str, layer: str) -> Problem:
    return problem_of("contradiction", path, "one value for each path", f"another value for {at} as well", layer, "give one of them")


def text(value: Any, what: str) -> str:
    """An argument that is text; raises `TypeError`, or `ValueError` for text that no file could hold."""
    if not isinstance(value, str):
        raise TypeError(f"{what}: expected str, got {type(value).__name__}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            # The original error holds all of the text.
            raise ValueError(f"{what}: expected text of Unicode characters, got half a surrogate pair at character {error.start}") from None
    return value
