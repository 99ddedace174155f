"""Writes THIRD-PARTY.md: every crate that is compiled into the wheel, its licence, and the texts that must travel with it.

Run it after a change of Cargo.lock: `python .ci/notices.py`. With `--check` it writes nothing and fails when the file is not what it
would write (a test does that). Crates that offer Apache-2.0 are taken under it: its text is LICENSE. For the others the text is
copied. A licence that is not in `PERMISSIVE` ends the run.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "THIRD-PARTY.md"
PERMISSIVE = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "Zlib", "BSL-1.0", "Unicode-3.0", "Unlicense", "ISC", "0BSD"}

HEAD = """# Third-party notices

findspot is licensed under Apache-2.0 (see LICENSE). Its wheel contains compiled code of the crates below. Where a crate offers a
choice that includes Apache-2.0, it is used under Apache-2.0; the other licence texts follow the table. Written by `.ci/notices.py`.

Beside crates:

- `examples/treasure_hunt/geo/open-plaques-london-2016.jsonl.zst`: data of Open Plaques, dedicated to the public domain; see
  `examples/treasure_hunt/SOURCE.md`.
- `tests/twin/logarithm.py`: a port of `e_log.c` of FreeBSD's msun, Copyright (C) 1993 by Sun Microsystems, Inc.; its notice stands in
  the file.

"""


def compiled_crates() -> list[dict[str, Any]]:
    """The packages in the binding's tree of normal dependencies, on every platform, without our own."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [identifier for identifier, package in packages.items() if package["name"] == "findspot-python"]
    seen: set[str] = set()
    while waiting:
        identifier = waiting.pop()
        if identifier not in seen:
            seen.add(identifier)
            waiting += [d["pkg"] for d in nodes[identifier]["deps"] if any(kind["kind"] is None for kind in d["dep_kinds"])]
    found = [packages[identifier] for identifier in seen if packages[identifier]["source"]]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def chosen(package: dict[str, Any]) -> list[str]:
    """The licences under which the crate is used: per AND-part, Apache-2.0 if offered, else the first permissive one."""
    parts = []
    for part in re.split(r"\s+AND\s+", package["license"]):
        offers = [offer.strip("() ") for offer in re.split(r"\s+OR\s+|/", part)]
        allowed = [offer for offer in offers if offer in PERMISSIVE]
        if not allowed:
            raise SystemExit(f"{package['name']} {package['version']}: licence {package['license']!r} is not permissive")
        parts.append("Apache-2.0" if "Apache-2.0" in allowed else "MIT" if "MIT" in allowed else allowed[0])
    return parts


def licence_texts(package: dict[str, Any], names: list[str]) -> str:
    """The licence files of the crate other than Apache's."""
    folder = Path(package["manifest_path"]).parent
    files = sorted(p for p in folder.iterdir() if p.is_file() and re.match(r"(?i)(licen[cs]e|copying|unlicense)", p.name))
    wanted = [p for p in files if not re.search(r"(?i)apache|unlicense", p.name)] or files
    if not wanted:
        author = ", ".join(re.sub(r"\s*<[^>]*>", "", author) for author in package["authors"]) or "its authors"
        return f"The crate ships no licence file; it declares {' and '.join(names)}, copyright {author}."
    return "\n\n".join(p.read_text(encoding="utf-8", errors="replace").strip() for p in wanted)


def notices() -> str:
    """The whole file."""
    crates = compiled_crates()
    if len(crates) < 20:
        raise SystemExit("fewer than 20 crates found: the dependency tree was not read")
    rows = [f"| {crate['name']} | {crate['version']} | {crate['license']} |" for crate in crates]
    texts = []
    for crate in crates:
        names = [name for name in chosen(crate) if name != "Apache-2.0"]
        if names:
            body = "\n".join(f"    {line}".rstrip() for line in licence_texts(crate, names).splitlines())
            texts.append(f"### {crate['name']} ({' and '.join(names)})\n\n{body}\n")
    return HEAD + "| crate | version | licence |\n|---|---|---|\n" + "\n".join(rows) + "\n\n## Licence texts\n\n" + "\n".join(texts)


if __name__ == "__main__":
    text = notices()
    if "--check" in sys.argv:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
            raise SystemExit("THIRD-PARTY.md is not what .ci/notices.py writes: run it")
    else:
        TARGET.write_text(text, encoding="utf-8")
