"""What the documents say exists: files, folders, links, make targets, commands, the notices of third parties."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
from documents import NAMES, ROOT, commands, links, paths, text

# Written while findspot works, or by the reader; named in the documents, not in the tree.
MADE_LATER = {".venv", "../shared/data", "target/", "treasures.findspot", "ranking.toml"}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    for link in links(name):
        assert "://" not in link, f"{name}: link to {link}: name it, do not link it"
        target, _, anchor = link.partition("#")
        path = (ROOT / name).parent / target if target else ROOT / name
        assert path.exists(), f"{name}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{name}: {link}"


def test_the_documents_link_and_name_paths() -> None:
    assert sum(len(links(name)) for name in NAMES) >= 5
    assert sum(len(paths(name)) for name in NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_paths_exist(name: str) -> None:
    missing = []
    for path in paths(name):
        if path in MADE_LATER or path.startswith(tuple(f"{part}/" for part in OBJECT_FOLDERS)):
            continue
        places = [ROOT / path, (ROOT / name).parent / path, ROOT / "rust" / "engine" / "src" / path]
        if not any(place.exists() or ("*" in path and list(ROOT.glob(path))) for place in places):
            missing.append(path)
    assert missing == []


# Folders inside an index, as FORMAT.md and ARCHITECTURE.md name them.
OBJECT_FOLDERS = ("seg", "live", "manifest", "lock", "tmp", "memory", "config", "units", "board")


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


def subcommands() -> set[str]:
    shown = subprocess.run([sys.executable, "-m", "findspot", "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^\s{2,}([a-z]+)\s", shown, re.MULTILINE)) | set(re.findall(r"[{,]([a-z]+)(?=[,}])", shown))


def test_commands_exist() -> None:
    found = [command for name in NAMES for command in commands(name)]
    assert len(found) >= 12, found
    known, ours = targets(), subcommands()
    assert {"demo", "test", "lint"} <= known
    assert {"index", "search", "check"} <= ours
    for command in found:
        words = shlex.split(command)
        if words[0] == "make":
            assert set(words[1:]) <= known, command
        elif words[0] == "findspot":
            assert words[1] in ours, command
            options = {word.split("=")[0] for word in words[2:] if word.startswith("--")}
            of = words[1:3] if words[1] == "config" else words[1:2]
            shown = subprocess.run([sys.executable, "-m", "findspot", *of, "--help"], capture_output=True, text=True, check=True).stdout
            assert all(option in shown for option in options), (command, options)
        elif words[0] == "python":
            assert (ROOT / words[1]).exists(), command
        elif words[0] == "cargo":
            assert words[1] in {"test", "clippy", "fmt", "doc"}, command
        else:
            assert words[:2] == ["pip", "install"], command


def test_every_make_target_has_a_line_of_help() -> None:
    helped = set(re.findall(r"^([a-z-]+):.*## \S", text("Makefile"), re.MULTILINE))
    assert helped == targets() - {"wheel"}
    shown = subprocess.run(["make", "--no-print-directory", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in shown.splitlines()} == helped


def test_ci_runs_only_what_people_run() -> None:
    lines = [line for line in text(".ci/run").splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make lint", "make test"]


def test_the_notices_name_every_crate() -> None:
    done = subprocess.run([sys.executable, str(ROOT / ".ci" / "notices.py"), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_dependency_has_its_reason() -> None:
    """ARCHITECTURE.md names each crate that a manifest of ours names, and no other."""
    manifests = [ROOT / "rust" / crate / "Cargo.toml" for crate in ("publish", "config", "engine", "python")]
    named = {
        name
        for path in manifests
        for section in re.findall(
            r"^\[(?:target\.[^\]]+\.)?dependencies\]\n(.*?)(?=^\[|\Z)", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
        for name in re.findall(r"^([\w-]+)\s*=", section, re.MULTILINE)
        if not name.startswith("findspot-")
    }
    assert len(named) > 15
    table = text("ARCHITECTURE.md").partition("### Dependencies")[2].partition("\n## ")[0]
    explained = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`([\w-]+)`", row)}
    assert explained - {"abi3-py311", "zlib-rs"} == named


def test_the_licence_is_apache() -> None:
    assert "Apache License" in text("LICENSE")
    assert "Version 2.0, January 2004" in text("LICENSE")
    assert 'license = "Apache-2.0"' in text("Cargo.toml")
