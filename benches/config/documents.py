"""Configurations to measure with: some keys that handlers read, and as many others as asked for.

**In**: a number of keys, what changed. **Out**: the same content as JSON, TOML, YAML; classes that describe it for findspot, msgspec and
pydantic. **Law**: the content follows from the two numbers alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

KEYS_A_GROUP = 10
GROUPS_A_SECTION = 50


@dataclass
class Ranking:
    """What handlers read."""

    title_boost: float
    tie_breaker: float
    fields: int


@dataclass
class Search:
    """The level above."""

    ranking: Ranking


@dataclass
class Group:
    """Ten keys as configurations have them."""

    name: str
    host: str
    limit: int
    burst: int
    weight: float
    share: float
    enabled: bool
    verbose: bool
    owner: str
    revision: int


@dataclass
class App:
    """All of it."""

    search: Search
    sections: dict[str, dict[str, Group]]


def content(keys: int, revision: int) -> dict[str, Any]:
    """So many keys; every group carries the revision, so a version shows in all of it."""
    sections = {}
    for section in range(max(1, keys // (KEYS_A_GROUP * GROUPS_A_SECTION))):
        groups = {}
        for group in range(GROUPS_A_SECTION):
            number = section * GROUPS_A_SECTION + group
            groups[f"group_{group}"] = {
                "name": f"backend-{number}",
                "host": f"10.{number % 200}.{number % 250}.{number % 199}",
                "limit": number % 5000,
                "burst": number % 77,
                "weight": (number % 1000) / 8,
                "share": (number % 100) / 128,
                "enabled": number % 3 == 0,
                "verbose": number % 5 == 0,
                "owner": f"team-{number % 40}@example.org",
                "revision": revision,
            }
        sections[f"section_{section:05}"] = groups
    return {"search": {"ranking": {"title_boost": 3.0 + revision, "tie_breaker": 0.25, "fields": 3}}, "sections": sections}


def as_json(values: dict[str, Any]) -> bytes:
    """Compact lines, as `json.dumps(indent=1)` writes them."""
    return json.dumps(values, indent=1).encode()


def as_toml(values: dict[str, Any]) -> bytes:
    """A table header a group."""

    def literal(value: Any) -> str:
        return json.dumps(value)

    lines: list[str] = []

    def table(path: list[str], entries: dict[str, Any]) -> None:
        plain = {key: value for key, value in entries.items() if not isinstance(value, dict)}
        if plain:
            lines.append(f"[{'.'.join(path)}]")
            lines.extend(f"{key} = {literal(value)}" for key, value in plain.items())
        for key, value in entries.items():
            if isinstance(value, dict):
                table([*path, key], value)

    table([], values)
    return ("\n".join(lines) + "\n").encode()


def as_yaml(values: dict[str, Any]) -> bytes:
    """Blocks, two blanks a level."""
    lines: list[str] = []

    def block(entries: dict[str, Any], depth: int) -> None:
        for key, value in entries.items():
            if isinstance(value, dict):
                lines.append(f"{'  ' * depth}{key}:")
                block(value, depth + 1)
            else:
                lines.append(f"{'  ' * depth}{key}: {json.dumps(value)}")

    block(values, 0)
    return ("\n".join(lines) + "\n").encode()
