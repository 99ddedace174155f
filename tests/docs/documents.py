"""The project's documents as their tests see them: links, code blocks, and what looks like a path or a command."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["README.md", "RANKING.md", "ARCHITECTURE.md", "FORMAT.md", "CHANGELOG.md", "CONTRIBUTING.md", "examples/treasure_hunt/SOURCE.md"]


@dataclass(frozen=True)
class Block:
    """A fenced code block."""

    document: str
    line: int
    language: str
    text: str


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[Block]:
    """All fenced code blocks of a document."""
    source = text(name)
    return [
        Block(name, source.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in re.finditer(r"^```(\w*)\n(.*?)^```$", source, re.MULTILINE | re.DOTALL)
    ]


def prose(name: str) -> str:
    """The document without its code blocks."""
    return re.sub(r"^```\w*\n.*?^```$", "", text(name), flags=re.MULTILINE | re.DOTALL)


def links(name: str) -> list[str]:
    """Targets of Markdown links."""
    return re.findall(r"\]\(([^)\s]+)\)", text(name))


PATH = re.compile(r"^(?:\.{0,2}/)?(?:[\w.*-]+/)+[\w.*-]*$|^[\w-]+\.(?:md|toml|txt|rs|py|lock)$|^Makefile$|^LICENSE$")


def paths(name: str) -> list[str]:
    """Code spans that are paths of the project: with a slash, or a file's name."""
    spans = re.findall(r"`([^`\n]+)`", prose(name))
    return [span for span in spans if PATH.match(span) and "://" not in span]


def commands(name: str) -> list[str]:
    """Lines of shell blocks, and code spans that begin with a program of ours."""
    found = [
        re.sub(r"\s+#.*$", "", line).strip().removeprefix("$ ")
        for block in blocks(name)
        if block.language in ("sh", "shell", "console")
        for line in block.text.splitlines()
    ]
    spans = re.findall(r"`([^`\n]+)`", prose(name))
    found += [span for span in spans if re.match(r"^(make \w|findspot \w|cargo \w|pip install|python \S+\.py)", span)]
    return [command for command in found if command and not command.startswith("#")]
