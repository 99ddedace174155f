"""All tests of findspot, and one total at the end: what `make test` runs.

**In**: the built wheel in the running interpreter's environment, cargo, and the variable FINDSPOT_DATA (may be empty). **Out**: the
closing lines of cargo and pytest, the tests that skipped with their reasons, and `total: N passed, N failed, N skipped`; exit code 1
when anything failed, or when anything skipped although the data is there.

**Law**: a skipped test is counted and named, in Rust too: there a test that needs the data prints `SKIPPED <name>: <reason>` and
returns. Arguments: the stages to run (`rust`, `python`); none = both.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "target" / "test-logs"
RUST_RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;")
RUST_SKIP = re.compile(r"^SKIPPED (\S+?): (.+)$")
QUIET_RUST = re.compile(r"^(test .* \.\.\. ok|running \d+ tests?|successes:|\s*|---- .* ----)$")


@dataclass
class Tally:
    """What one stage counted."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    def line(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {len(self.skipped)} skipped"


def run_rust() -> Tally:
    """`cargo test` over the workspace, then over the rooms that use kernels at every other level, then the model of the publication cell;
    the whole output is kept in a log, the screen gets what is not routine."""
    tally = Tally("rust")
    with open(LOGS / "rust.log", "w", encoding="utf-8") as log:
        count_cargo(tally, ["--workspace", "--no-fail-fast", "--", "--show-output"], {}, log)
        for level in other_levels():
            # The kernels' own tests take every level each time. The whole workspace, as above: for one crate alone cargo would choose other
            # features of the dependencies, and compile them and the engine again.
            rooms = ["exec::", "collect::", "plan::", "search::", "--skip", "exec::kernels::"]
            count_cargo(tally, ["--workspace", "--lib", "--", *rooms, "--show-output"], {"FINDSPOT_KERNELS": level}, log)
        # The model of the publication cell: another configuration of the same code, so another folder.
        model = {"RUSTFLAGS": "--cfg loom", "CARGO_TARGET_DIR": "target/loom"}
        count_cargo(tally, ["-p", "findspot-publish", "--lib", "--", "model", "--show-output"], model, log)
    # A test that only said why it could not run was counted as passed by libtest.
    tally.passed -= sum(1 for name, _ in tally.skipped if name != "a Rust test")
    return tally


def other_levels() -> list[str]:
    """The levels of kernels that this processor has, without the fastest: that one is what every other test runs on."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        return ["portable"]
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(cpuinfo.read_text(encoding="utf-8").split()) if cpuinfo.exists() else set()
    if not {"avx2", "bmi1", "bmi2"} <= flags:
        return []
    return ["portable", "avx2"] if {"avx512_vbmi2", "avx512_vpopcntdq"} <= flags else ["portable"]


def count_cargo(tally: Tally, arguments: list[str], variables: dict[str, str], log: TextIO) -> None:
    """Runs `cargo test` and adds what it counted."""
    command = ["cargo", "test", "--locked", *arguments]
    print("$", *(f"{name}={value}" for name, value in variables.items()), *command, flush=True)
    environment = {**os.environ, **variables}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        in_successes = False
        for line in process.stdout:
            log.write(line)
            stripped = line.rstrip("\n")
            if found := RUST_RESULT.match(stripped):
                tally.passed += int(found[1])
                tally.failed += int(found[2])
                tally.skipped += [("a Rust test", "marked ignored")] * int(found[3])
                in_successes = False
            elif found := RUST_SKIP.match(stripped):
                tally.skipped.append((found[1], found[2]))
            if stripped == "successes:":
                in_successes = True
            elif stripped == "failures:":
                in_successes = False
            if not in_successes and not QUIET_RUST.match(stripped):
                print(stripped, flush=True)
    tally.broken |= process.returncode != 0


def run_python() -> Tally:
    """pytest over everything below tests/; the counts come from its JUnit report."""
    tally = Tally("python")
    report = LOGS / "python.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "--durations=8", "--durations-min=3", f"--junitxml={report}", "tests"]
    print("$ python", *command[1:], flush=True)
    tally.broken = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode != 0
    if not report.exists():
        tally.broken = True
        return tally
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        skip = case.find("skipped")
        if skip is not None:
            tally.skipped.append((name, skip.get("message") or "no reason given"))
        elif case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
        else:
            tally.passed += 1
    return tally


def reports() -> list[str]:
    """What the crash and twin tests counted."""
    lines = []
    if (kills := LOGS / "kills.json").exists():
        counted = json.loads(kills.read_text(encoding="utf-8"))
        steps = ", ".join(f"{step} {count}" for step, count in sorted(counted.items()))
        lines.append(f"kills: {sum(counted.values())} ({steps}); the index was whole after each")
    if (twin := LOGS / "twin.json").exists():
        parts = json.loads(twin.read_text(encoding="utf-8")).values()
        questions, hits = sum(part["questions"] for part in parts), sum(part["hits"] for part in parts)
        largest = max(part["rounding"] for part in parts)
        lines.append(f"twin: {questions:,} questions, {hits:,} hits equal; at most {largest:.1e} (relative) from unrounded BM25")
    return lines


def main(stages: list[str]) -> int:
    """Runs the stages and prints the total."""
    known = {"rust": run_rust, "python": run_python}
    if unknown := [stage for stage in stages if stage not in known]:
        print(f"unknown stage {unknown[0]!r}: choose from {', '.join(known)}", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    for name in ("kills.json", "twin.json"):
        (LOGS / name).unlink(missing_ok=True)
    started = time.monotonic()
    tallies = [known[stage]() for stage in stages or list(known)]

    data = os.environ.get("FINDSPOT_DATA", "")
    has_data = bool(data) and Path(data, "README.md").exists()
    skipped = [entry for tally in tallies for entry in tally.skipped]
    print()
    if skipped:
        print(f"{len(skipped)} tests skipped:")
        for reason, count in Counter(reason for _, reason in skipped).most_common():
            names = [name for name, why in skipped if why == reason]
            print(f"  {count} × {reason} ({', '.join(names[:3])}{', …' if count > 3 else ''})")
    for line in reports():
        print(line)
    for tally in tallies:
        print(f"{tally.name}: {tally.line()}{' (the runner failed)' if tally.broken and not tally.failed else ''}")
    wrong = any(tally.broken or tally.failed or not tally.passed for tally in tallies)
    if has_data and skipped:
        print(f"FINDSPOT_DATA is set ({data}), so no test may skip")
        wrong = True
    elif not has_data:
        print("FINDSPOT_DATA names no folder with the development data, so the tests that need it skipped")
    print(f"{time.monotonic() - started:.0f} seconds")
    passed, failed = sum(t.passed for t in tallies), sum(t.failed for t in tallies)
    print(f"total: {passed} passed, {failed} failed, {len(skipped)} skipped")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
