"""The comparison with rivals of `make bench-rivals`: agreement, the table of figures, and everything recorded.

    run.py                                            all of it: both corpora, one segment, then eight with 5 % deletes
    run.py --only findspot --classes or2,long         the quick mode: our own figures alone, in seconds
    run.py --only findspot --against RUN              our own figures beside a recorded run's rivals (not interleaved: it says so)

Arguments: `--corpora`, `--classes`, `--commands`, `--only` engines (all), `--states` (one, eight), `--queries` of a class (300),
`--rounds` (7), `--cache` folder (FINDSPOT_RIVALS or target/bench-rivals), `--rebuild` the named engines' indexes, `--name` of the run.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import install  # noqa: E402
import measure  # noqa: E402
import tables  # noqa: E402
from children import ENGINES, STATES, Child, ChildDied  # noqa: E402
from indexes import built  # noqa: E402
from prepare import CLASSES, COLLECTIONS, QUERIES, Place, prepare, read_queries  # noqa: E402
from recording import ROOT, RUNS, Run  # noqa: E402


def listed(text: str) -> list[str]:
    """The words between commas."""
    return [word for word in text.split(",") if word]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=listed, default=list(COLLECTIONS))
    parser.add_argument("--classes", type=listed, default=list(CLASSES))
    parser.add_argument("--commands", type=listed, default=[])
    parser.add_argument("--only", type=listed, default=list(ENGINES))
    parser.add_argument("--states", type=listed, default=None)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cache", type=Path, default=Path(os.environ.get("FINDSPOT_RIVALS") or ROOT / "target" / "bench-rivals"))
    parser.add_argument("--against", default=None, help="a folder of benches/runs, or a part of its name")
    parser.add_argument("--rebuild", type=listed, default=[])
    parser.add_argument("--name", default=None)
    chosen = parser.parse_args()
    chosen.cache = chosen.cache.resolve()
    chosen.states = chosen.states or (list(STATES) if len(chosen.only) > 1 else ["one"])
    return chosen


def opened(names: list[str], place: Place, rebuild: list[str], run: Run) -> dict[str, Child]:
    """The children of one state; an engine that is absent is one line."""
    children: dict[str, Child] = {}
    for name in names:
        engine = ENGINES[name]
        if place.state not in engine.states:
            continue
        try:
            kept = built(engine, place, name in rebuild)
            children[name] = Child(engine, place)
            facts = {"build_s": kept["seconds"], "bytes": kept["bytes"], **children[name].ready}
            run.record["raw"].setdefault("engines", {})[f"{place.corpus} {place.state} {name}"] = facts
        except (FileNotFoundError, ChildDied) as error:
            run.say(f"absent: {name} ({place.corpus}, {place.state}): {error}")
    return children


def recorded(part: str) -> dict[str, Any]:
    """The minima of a recorded run."""
    folders = [folder for folder in sorted(RUNS.iterdir()) if part.rstrip("/").endswith(folder.name) or part in folder.name]
    for folder in reversed(folders):
        if (folder / "minima.json.gz").exists():
            with gzip.open(folder / "minima.json.gz", "rt") as stream:
                found = json.load(stream)
            if "nanoseconds" in found:  # the second table's records have other keys
                return {"name": folder.name, **found}
    raise SystemExit(f"no recorded run of rivals is called {part}")


def save(run: Run, results: dict[str, dict[str, dict[measure.Row, tables.Minima]]], chosen: argparse.Namespace) -> None:
    """Every query's minimum, compressed, beside the record."""
    plain = {
        state: {corpus: {" ".join(row): minima for row, minima in rows.items()} for corpus, rows in by_corpus.items()}
        for state, by_corpus in results.items()
    }
    queries = {corpus: read_queries(Place(chosen.cache, corpus, "one").queries) for corpus in chosen.corpora}
    measure.write_minima(run.folder, {"nanoseconds": plain, "queries": queries})


def main() -> None:
    """Prepares, checks, measures, prints and records."""
    chosen = arguments()
    quick = "findspot" in chosen.only and len(chosen.only) == 1
    prepare(chosen.cache)
    run = Run(chosen.name or "rivals")
    if quick and not chosen.name:
        run.folder = chosen.cache / "trial"  # fast turns are not for the repository
    missing = {} if quick else install.install(chosen.cache, chosen.only)
    machine = run.record["machine"]
    run.say(f"`{run.record['command']}`")
    run.say(f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_mb']:,} MB, {machine['system']}, load {machine['load'][0]}")
    run.say(", ".join(f"{name} {version}" for name, version in run.record["versions"].items()))
    for name, why in missing.items():
        run.say(f"absent: {name}: {why}")
    past = recorded(chosen.against) if chosen.against else None
    if past:
        run.say(f"\n**The rivals' figures are those of {past['name']}: not interleaved with ours.**")
    rows = [row for row in measure.ROWS if row[1] in chosen.classes and (not chosen.commands or row[0] in chosen.commands)]
    results: dict[str, dict[str, dict[measure.Row, tables.Minima]]] = {}
    agreements: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for state in chosen.states:
        results[state], agreements[state] = {}, {}
        for corpus in chosen.corpora:
            place = Place(chosen.cache, corpus, state)
            children = opened(chosen.only, place, chosen.rebuild, run)
            try:
                if "findspot" in children and len(children) > 1:
                    rivals = {name: child for name, child in children.items() if name != "findspot"}
                    agreements[state][corpus] = measure.agreement(rivals, children["findspot"], min(100, chosen.queries))
                measure.warm_up(
                    {name: child for name, child in children.items() if ENGINES[name].kind == "lucene"}, rows, chosen.queries, 10.0
                )
                minima = measure.least(children, rows, chosen.queries, chosen.rounds, measure.Budget())
                for name, child in children.items():
                    run.record["raw"]["engines"][f"{corpus} {state} {name}"]["memory"] = child.ask("memory")
            finally:
                for child in children.values():
                    child.close()
            if past:
                for row, taken in past["nanoseconds"].get(state, {}).get(corpus, {}).items():
                    found = minima.get(tuple(row.split(" ")))  # type: ignore[call-overload]
                    for name, nanoseconds in taken.items() if found is not None else ():
                        if name not in found and name != "findspot":
                            found[name] = nanoseconds
            results[state][corpus] = {row: found for row, found in minima.items() if found}
            names = [name for name in ENGINES if any(name in found for found in minima.values())]
            title = "one segment" if state == "one" else "eight segments, 5 % deleted"
            run.table(
                f"{corpus}, {title}: mean µs (p50 / p99, or p99) of each query's minimum, × over ours",
                *tables.all_rows(results[state][corpus], names),
            )
            save(run, results, chosen)
        if any(agreements[state].values()):
            run.table(f"Agreement with our answers, {state}", *tables.agreement(agreements[state]))
        head, figures = tables.figures(results[state])
        if figures and any(len(found) > 1 for rows in results[state].values() for found in rows.values()):
            run.table(f"Figures to reach, {state}" + ("" if state == "one" else " (reported)"), head, figures)
        run.keep("agreement", agreements)
    run.say(f"\nrecorded in {os.path.relpath(run.folder, ROOT)}")
    run.keep("rounds", chosen.rounds)


if __name__ == "__main__":
    main()
