"""All benches of `make bench`: indexing, memory, sizes, opening, quality, exact answers. Prints the tables and records the run.

Arguments: the parts to run (`indexing`, `sizes`, `serving`, `quality`, `answers`; none = all), `--rounds` alternating runs (5), `--limit`
documents of each corpus (all; a limited run is a trial of the scripts and is recorded under the name `trial`), `--name` of the run.
`sizes` and `serving` use the indexes that `indexing` left.
"""

from __future__ import annotations

import argparse

import answers
import indexing
import quality
import serving
from recording import Run

PARTS = ("indexing", "sizes", "serving", "quality", "answers")


def main() -> None:
    """Runs the chosen parts in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; none = all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--name", default=None)
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS

    run = Run(arguments.name or ("trial" if arguments.limit else "-".join(parts) if len(parts) < len(PARTS) else "all"))
    machine, versions = run.record["machine"], run.record["versions"]
    run.say(f"`{run.record['command']}`")
    run.say(f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_mb']:,} MB, {machine['system']}, load {machine['load'][0]}")
    run.say(", ".join(f"{name} {version}" for name, version in versions.items()))
    if "indexing" in parts:
        indexing.measure(run, arguments.rounds, arguments.limit)
    if "sizes" in parts:
        indexing.sizes(run)
    if "serving" in parts:
        serving.measure(run)
    if "quality" in parts:
        quality.measure(run)
    if "answers" in parts:
        answers.measure(run)
    run.say(f"\nrecorded in {run.folder.relative_to(run.folder.parents[2])}")


if __name__ == "__main__":
    main()
