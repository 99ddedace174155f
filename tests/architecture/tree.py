"""The tree as the architecture rules see it: which files there are, and Rust source without its comments, strings and tests.

**In**: the files that git tracks or would track (an unpacked archive: all files). **Out**: paths, texts, and the rooms that a Rust
file imports. **Law**: nothing here decides what is allowed; the rules stand in the test files beside it.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "rust" / "engine" / "src"
BUILT = {".venv", "target", "dist", ".git", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}


@cache
def files() -> tuple[Path, ...]:
    """All files of the project, built ones excluded, by name."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
        found = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not BUILT.intersection(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in found if path.is_file()))


def files_with(suffix: str, below: str = "") -> list[Path]:
    """The files with this suffix below a folder of the project."""
    start = ROOT / below
    return [path for path in files() if path.suffix == suffix and path.is_relative_to(start)]


def name(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


@cache
def text(path: Path) -> str:
    """The file's text."""
    return path.read_text(encoding="utf-8")


LITERAL = re.compile(
    r"""
      //[^\n]*                                   # line comment
    | /\*.*?\*/                                  # block comment
    | b?r(?P<hashes>\#*)".*?"(?P=hashes)         # raw string
    | b?"(?:[^"\\]|\\.)*"                        # string
    | b?'(?:[^'\\\n]|\\[^u\n]|\\u\{[0-9a-fA-F_]+\}|\\x..)'  # character
    """,
    re.VERBOSE | re.DOTALL,
)


def blank(match: re.Match[str]) -> str:
    """As many lines as before, so that line numbers stay true."""
    return "\n" * match[0].count("\n") + " "


def block_end(code: str, opening: int) -> int:
    """The index after the brace that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(code)):
        if code[index] == "{":
            depth += 1
        elif code[index] == "}":
            depth -= 1
            if depth == 0:
                return index + 1
    return len(code)


TEST_ITEM = re.compile(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#!?\[[^\]]*\]\s*)*")


@cache
def rust_code(path: Path) -> str:
    """Rust source without comments, literals and `#[cfg(test)]` items; line numbers stay true."""
    code = LITERAL.sub(blank, text(path))
    while found := TEST_ITEM.search(code):
        rest = code[found.end() :]
        brace, semicolon = rest.find("{"), rest.find(";")
        ends_early = semicolon >= 0 and (brace < 0 or semicolon < brace)
        end = found.end() + semicolon + 1 if ends_early else block_end(code, found.end() + brace)
        code = code[: found.start()] + "\n" * code[found.start() : end].count("\n") + code[end:]
    return code


TEST_MODULE = re.compile(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))? )?mod (\w+);")


@cache
def rust_test_modules() -> frozenset[Path]:
    """Files and folders of modules that stand under `#[cfg(test)]`."""
    found: set[Path] = set()
    for path in files_with(".rs", "rust"):
        folder = path.parent if path.name in ("mod.rs", "lib.rs") else path.with_suffix("")
        for module in TEST_MODULE.findall(text(path)):
            found |= {folder / f"{module}.rs", folder / module}
    return frozenset(found)


def is_rust_test(path: Path) -> bool:
    """Whether the file is no part of the product: tests, and the engine's own small experiments."""
    if {"tests", "examples"} & set(path.parts):
        return True
    return path in rust_test_modules() or any(parent in rust_test_modules() for parent in path.parents)


CRATE_PATH = re.compile(r"\bcrate::(\{|[a-z_][a-z0-9_]*)")


def rooms_used(path: Path) -> list[tuple[int, str]]:
    """(line, room) of every `crate::room` path, also inside `use crate::{a::…, b::…}`."""
    code = rust_code(path)
    used: list[tuple[int, str]] = []
    for found in CRATE_PATH.finditer(code):
        line = code.count("\n", 0, found.start()) + 1
        if found[1] != "{":
            used.append((line, found[1]))
            continue
        body = code[found.start(1) : block_end(code, found.start(1))]
        depth, word_may_start = 0, False
        for token in re.finditer(r"[{},]|[a-z_][a-z0-9_]*", body):
            if token[0] == "{":
                depth += 1
                word_may_start = depth == 1
            elif token[0] == "}":
                depth -= 1
                word_may_start = False
            elif token[0] == ",":
                word_may_start = depth == 1
            elif word_may_start:
                used.append((line + body.count("\n", 0, token.start()), token[0]))
                word_may_start = False
    return used
