"""The engines as long-lived child processes that answer a line protocol, so that one run can interleave them.

**Protocol**: a child prints one JSON line when it is ready: `{"open_s": …, "versions": {…}}`. Then, each request one line, each answer one
JSON line: `run <class> <command> <queries> <budget ns>` → nanoseconds of each query, in order, as many as the budget allowed (at
least 10), or null when the engine has no such command; `answers <class> <k> <queries>` → for each query a list of [document, score];
`counts <class> <queries>` → for each query how many match; `memory` → KiB of anonymous memory; `quit`.
**Law**: one child has one engine, one index and one state of it; a child that dies is a line in the report, not the end of the run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prepare import HERE, Place

STATES = ("one", "eight")
# State → segments, and whether one document in twenty is deleted. The main comparison has the first two, also.py the others too.
SHAPES = {"one": (1, False), "eight": (8, True), "dead": (1, True), "parts": (8, False)}
JAVA = ["-Xms1g", "-Xmx4g", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"]


@dataclass(frozen=True)
class Engine:
    """A name of the table, who runs it, whether Python calls it, and whether it can be asked in which state."""

    name: str
    kind: str
    python: bool = True
    states: tuple[str, ...] = STATES
    folder: str | None = None  # the engine whose index it reads, when not its own
    served: str | None = None  # the name that its runner knows, when not its own
    environment: dict[str, str] = field(default_factory=dict)


ENGINES = {
    engine.name: engine
    for engine in (
        Engine("findspot", "python"),
        Engine("tantivy", "tantivy", python=False),
        Engine("lucene", "lucene", python=False),
        Engine("lucene-bp", "lucene", python=False, states=("one",)),
        Engine("tantivy-py", "python", folder="tantivy"),
        Engine("infino", "python"),
        Engine("bm25s", "python", states=("one",)),
        Engine("fts5", "python", states=("one",)),
    )
}


def command(engine: Engine, cache: Path, task: str) -> list[str]:
    """The words that start a runner; raises FileNotFoundError when it was not installed."""
    if engine.kind == "tantivy":
        words = [cache / "cargo" / "release" / "tantivy-runner"]
    elif engine.kind == "lucene":
        folder = cache / "maven"
        if not (folder / "classes" / "Runner.class").exists():
            raise FileNotFoundError("the runner of Lucene is not installed")
        words = [java(), *JAVA, "-cp", f"{folder}/classes:{folder}/lib/*", "Runner"]
    else:
        words = [
            sys.executable if engine.folder == "findspot" or engine.name == "findspot" else cache / "python" / "bin" / "python",
            HERE / "runner.py",
        ]
    for word in words:
        if isinstance(word, Path) and not word.exists():
            raise FileNotFoundError(f"{word.name} is not installed")
    return [str(word) for word in (*words, task, engine.served or engine.name)]


def java() -> Path:
    """A Java of release 21 or newer: JAVA_HOME, or the newest one beside the system's."""
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    homes += sorted(Path("/usr/lib/jvm").glob("*"), reverse=True) if Path("/usr/lib/jvm").exists() else []
    for home in homes:
        release = home / "release"
        if release.exists() and (home / "bin" / "java").exists():
            version = release.read_text().partition('JAVA_VERSION="')[2].partition('"')[0]
            if int(version.partition(".")[0] or 0) >= 21:
                return home / "bin" / "java"
    raise FileNotFoundError("no Java of release 21 or newer: set JAVA_HOME")


def environment(engine: Engine) -> dict[str, str]:
    """The caller's, without what would pick old kernels for numpy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    return {**kept, **engine.environment}


class Child:
    """One running engine."""

    def __init__(self, engine: Engine, place: Place) -> None:
        self.engine = engine
        words = [*command(engine, place.cache, "serve"), str(place.index(engine.folder or engine.name)), str(place.queries)]
        self.log = open(place.cache / f"{engine.name}.log", "wb")
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment(engine)
        )
        self.ready = self._answer("opening")

    def ask(self, *words: Any) -> Any:
        """One request and its answer."""
        line = " ".join(map(str, words))
        assert self.process.stdin
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise ChildDied(f"{self.engine.name} died before `{line}`") from None
        return self._answer(line)

    def _answer(self, asked: str) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            last = Path(self.log.name).read_text(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise ChildDied(f"{self.engine.name} died at `{asked}`: {last[0]}")
        return json.loads(line)

    def close(self) -> None:
        """Ends the child."""
        if self.process.poll() is None:
            try:
                self.process.stdin.close()  # type: ignore[union-attr]
                self.process.wait(timeout=20)
            except (subprocess.TimeoutExpired, BrokenPipeError):
                self.process.kill()
                self.process.wait()
        self.log.close()


class ChildDied(RuntimeError):
    """A child ended before it answered; says which, at what, and its last words."""
