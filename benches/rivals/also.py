"""The second table: what one configuration costs beside another, and what memory, files and cold pages cost.

    also.py [masks levels calls memory bytes fields cold growth]      parts; none = all

**In**: the prepared corpora and the installed rivals (`run.py` made both). **Out**: tables, recorded as `<date>-rivals-also`.
**Law**: what is compared is interleaved in one run, as in the main comparison; a figure to reach stands beside its measurement.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import growth  # noqa: E402
import install  # noqa: E402
from children import ENGINES, Child, Engine  # noqa: E402
from cold import first_queries  # noqa: E402
from indexes import built  # noqa: E402
from measure import RANKED, Budget, Row, least, warm_up, write_minima  # noqa: E402
from prepare import COLLECTIONS, QUERIES, Place, fields_collection, prepare, words_file  # noqa: E402
from recording import ROOT, Run  # noqa: E402
from tables import mean, micro  # noqa: E402

PARTS = ("masks", "levels", "calls", "memory", "bytes", "fields", "cold", "growth")
OURS = ENGINES["findspot"]
MINIMA: dict[str, Any] = {}  # of this run: part → what it timed


def keep(run: Run, name: str, minima: Any) -> None:
    """Adds the minima of a part to the record's."""
    MINIMA[name] = minima
    write_minima(run.folder, MINIMA)


def reached(value: float, bar: float, at_most: bool = True) -> str:
    """The figure to reach and the verdict."""
    good = value <= bar if at_most else value >= bar
    return f"{'≤' if at_most else '≥'} {bar:g}: {'reached' if good else 'NOT REACHED'}"


def compared(places: dict[str, tuple[Engine, Place, str]], count: int, rounds: int) -> dict[str, dict[str, list[int]]]:
    """Class → configuration → least nanoseconds; a configuration is an engine, a place and its command."""
    children = {}
    found: dict[str, dict[str, list[int]]] = {}
    try:
        for name, (engine, place, _) in places.items():
            built(engine, place, False)
            children[name] = Child(engine, place)
        warm_up({name: child for name, child in children.items() if child.engine.kind == "lucene"}, RANKED, count, 10.0)
        for _, kind in RANKED:
            for number in range(rounds):
                names = list(children)
                for name in [*names[number % len(names) :], *names[: number % len(names)]]:
                    taken = children[name].ask("run", kind, places[name][2], count, Budget().first)
                    kept = found.setdefault(kind, {}).get(name)
                    found[kind][name] = taken if kept is None else [*map(min, kept, taken)]
    finally:
        for child in children.values():
            child.close()
    return found


def against_plain(run: Run, title: str, found: dict[str, dict[str, list[int]]], bars: dict[str, tuple[float, float]]) -> None:
    """One row a class and one for the whole mix: each configuration over `plain`. The bars are for the mix and for one word."""
    names = [name for name in next(iter(found.values())) if name != "plain"]
    rows = []
    for kind, minima in found.items():
        cells = [kind, micro(mean(minima["plain"]))]
        for name in names:
            count = min(len(minima[name]), len(minima["plain"]))
            times = mean(minima[name][:count]) / mean(minima["plain"][:count])
            bar = bars.get(name, (0, 0))[1] if kind == "or1" else 0
            cells.append(f"{micro(mean(minima[name]))} ×{times:.2f}" + (f" ({reached(times, bar)})" if bar else ""))
        rows.append(cells)
    whole = {name: sum(mean(minima[name]) for minima in found.values()) for name in ("plain", *names)}
    cells = ["whole mix", micro(whole["plain"] / len(found))]
    for name in names:
        times = whole[name] / whole["plain"]
        bar = bars.get(name, (0, 0))[0]
        cells.append(f"{micro(whole[name] / len(found))} ×{times:.2f}" + (f" ({reached(times, bar)})" if bar else ""))
    run.table(title, ["class", "plain µs", *names], [*rows, cells])


def masks(run: Run, cache: Path, corpus: str, rounds: int) -> None:
    """5 % deleted, a filter of 5 %, eight segments, against one segment unmasked."""
    plain = Place(cache, corpus, "one")
    built(OURS, plain, False)
    first = Child(OURS, plain)
    once = [first.ask("run", "or2", f"TOP_10_IN_B{number}", 1, 1)[0] for number in range(8)]
    again = [first.ask("run", "or2", f"TOP_10_IN_B{number}", 1, 1)[0] for number in range(8)]
    first.close()
    places = {
        "plain": (OURS, plain, "TOP_10"),
        "5 % deleted": (OURS, Place(cache, corpus, "dead"), "TOP_10"),
        "5 % filter": (OURS, plain, "TOP_10_IN_B7"),
        "eight segments": (OURS, Place(cache, corpus, "parts"), "TOP_10"),
        "eight, 5 % deleted": (OURS, Place(cache, corpus, "eight"), "TOP_10"),
    }
    found = compared(places, QUERIES, rounds)
    bars = {"5 % deleted": (1.3, 0.0), "5 % filter": (1.3, 0.0), "eight segments": (2.0, 2.5)}
    against_plain(run, f"{corpus}: masks and segments, top 10, mean µs and × over plain", found, bars)
    run.say(f"\nA filter's first use: {micro(sorted(once)[4])} µs the query, then {micro(sorted(again)[4])} µs (medians of 8 values).")
    keep(run, f"masks {corpus}", found)
    run.keep(f"filters {corpus}", {"first_use_ns": once, "second_use_ns": again})


def levels(run: Run, cache: Path, corpus: str, rounds: int) -> None:
    """The AVX2 level and the portable one against the best of this machine."""
    place = Place(cache, corpus, "one")
    places = {"plain": (OURS, place, "TOP_10")}
    for level in ("avx2", "portable"):
        engine = Engine(level, "python", folder="findspot", served="findspot", environment={"FINDSPOT_KERNELS": level})
        places[level] = (engine, place, "TOP_10")
    places["tantivy"] = (ENGINES["tantivy"], place, "TOP_10")
    places["lucene"] = (ENGINES["lucene"], place, "TOP_10")
    places["infino"] = (ENGINES["infino"], place, "TOP_10")
    found = compared(places, QUERIES, rounds)
    against_plain(run, f"{corpus}: levels of the kernels, top 10, mean µs and × over the best level", found, {"avx2": (1.4, 0.0)})
    rows = []
    for kind in ("or1", "or2", "or3", "or4", "long"):
        name, rival = min(((n, mean(found[kind][n])) for n in ("tantivy", "lucene", "infino")), key=lambda pair: pair[1])
        times = rival / mean(found[kind]["portable"])
        rows.append([kind, micro(mean(found[kind]["portable"])), f"{micro(rival)} ({name})", f"{times:.2f}", reached(times, 1.0, False)])
    run.table(f"{corpus}: the portable level against the best rival", ["class", "portable µs", "rival µs", "×", "to reach"], rows)
    keep(run, f"levels {corpus}", found)


def calls(run: Run, cache: Path, corpus: str) -> None:
    """What the Python side costs; threads; a spinning neighbour."""
    place = Place(cache, corpus, "one")
    built(OURS, place, False)
    words = [sys.executable, str(HERE / "calls.py"), str(place.index(OURS.name)), str(place.queries)]
    found = json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True).stdout)
    empty, reading, spinner = found["empty"], found["reading"], found["spinner"]
    allowed = 2 * spinner["idle_p99_ns"] + spinner["switch_interval_ns"]
    rows = [
        ["a query that matches nothing", f"{micro(empty['empty_ns'])} µs", reached(empty["empty_ns"] / 1e3, 3)],
        ["ten hits read as keys and scores, columns", f"+ {micro(reading['columns'])} µs", reached(reading["columns"] / 1e3, 2)],
        ["the same hit by hit", f"+ {micro(reading['rows'])} µs", ""],
        [
            "p99 beside a spinning thread",
            f"{micro(spinner['beside_p99_ns'])} µs",
            f"{reached(spinner['beside_p99_ns'] / 1e3, allowed / 1e3)}",
        ],
    ]
    for name, (one, two) in found["threads"].items():
        rows.append(
            [
                f"2 threads, {name}",
                f"{one:,.0f} → {two:,.0f} a second ×{two / one:.2f}",
                reached(two / one, 1.5 if name == "whole mix" else 1.9, False),
            ]
        )
    run.table(f"{corpus}: the Python side", ["what", "measured", "to reach"], rows)
    run.keep(f"calls {corpus}", found)


def memory(run: Run, cache: Path, corpus: str) -> None:
    """Anonymous memory after the whole mix, over the bare interpreter."""
    place = Place(cache, corpus, "one")
    built(OURS, place, False)
    child = Child(OURS, place)
    for command, kind in RANKED:
        child.ask("run", kind, command, QUERIES, Budget().first)
    found = child.ask("memory")
    child.close()
    own = (found["now_kb"] - found["bare_kb"]) / 1024
    run.table(f"{corpus}: anonymous memory", ["after the mix, over the interpreter", "to reach"], [[f"{own:.1f} MB", reached(own, 25)]])
    run.keep(f"memory {corpus}", found)


POSTINGS = ("gap_lists", "aligned_lists", "bitmaps", "codes", "exceptions", "codebook")


def sizes(run: Run, cache: Path, corpus: str) -> None:
    """Bytes per posting, and the whole index against tantivy's."""
    import findspot

    place = Place(cache, corpus, "one")
    built(OURS, place, False)
    with findspot.open(place.index(OURS.name)) as index:
        stats = index.stats()
    with open(words_file(cache, corpus), encoding="ascii") as stream:
        postings = sum(len(set(line.split())) for line in stream)
    each = sum(stats.bytes.get(part, 0) for part in POSTINGS) / postings
    theirs = built(ENGINES["tantivy"], place, False)["bytes"]
    rows = [
        ["bytes per posting without positions", f"{each:.2f}", reached(each, 3.6)],
        ["whole index over tantivy's, same stored fields", f"{stats.size / theirs:.2f}", reached(stats.size / theirs, 1.25)],
    ]
    rows += [
        [f"of it {part}", f"{size / postings:.2f} a posting", ""] for part, size in sorted(stats.bytes.items(), key=lambda item: -item[1])
    ]
    run.table(f"{corpus}: sizes ({postings:,} postings)", ["what", "measured", "to reach"], rows)
    run.keep(f"sizes {corpus}", {"postings": postings, "bytes": stats.bytes, "size": stats.size, "tantivy": theirs})


def fields(run: Run, cache: Path, rounds: int) -> None:
    """Two fields, `best` and `bm25f`, against the tantivy crate's dis-max over both."""
    place = fields_collection(cache)
    rows: list[Row] = [(command, kind) for command in ("TOP_10_BEST", "TOP_10_BM25F", "TOP_10_DISMAX") for kind in ("or2", "or3", "or4")]
    children = {}
    for name in ("findspot", "tantivy"):
        built(ENGINES[name], place, False)
        children[name] = Child(ENGINES[name], place)
    found = least(children, rows, QUERIES, rounds, Budget())
    for child in children.values():
        child.close()
    table = []
    for kind in ("or2", "or3", "or4"):
        rival = {
            name: found[(command, kind)]["tantivy"] for name, command in (("of each word", "TOP_10_BEST"), ("best field", "TOP_10_DISMAX"))
        }
        for mode in ("best", "bm25f"):
            ours = found[(f"TOP_10_{mode.upper()}", kind)]["findspot"]
            cells = [f"{mode}, {kind}", micro(mean(ours))]
            cells += [f"{micro(mean(taken))} ×{mean(taken) / mean(ours):.2f}" for taken in rival.values()]
            table.append([*cells, reached(min(mean(taken) for taken in rival.values()) / mean(ours), 4, False)])
    run.table(
        "pypi in two fields (title, summary), top 10",
        ["ours", "µs", "tantivy dis-max of each word", "tantivy dis-max of the fields", "to reach"],
        table,
    )
    keep(run, "fields", {" ".join(row): minima for row, minima in found.items()})


def cold(run: Run, cache: Path, corpus: str) -> None:
    """The first query after opening, the index's pages dropped."""
    place = Place(cache, corpus, "one")
    engines = [OURS, ENGINES["tantivy"]]
    for engine in engines:
        built(engine, place, False)
    found = first_queries(engines, place)
    rows = [
        [kind, *(f"{micro(sorted(taken[kind])[len(taken[kind]) // 2])} ({micro(max(taken[kind]))})" for taken in found.values())]
        for kind in next(iter(found.values()))
    ]
    run.table(f"{corpus}: first query after opening with dropped pages, median (worst) µs", ["", *found], rows)
    run.keep(f"cold {corpus}", found)


def main() -> None:
    """The chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--corpora", type=lambda text: text.split(","), default=list(COLLECTIONS))
    parser.add_argument("--cache", type=Path, default=Path(os.environ.get("FINDSPOT_RIVALS") or ROOT / "target" / "bench-rivals"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--name", default="rivals-also")
    chosen = parser.parse_args()
    cache, parts = chosen.cache.resolve(), chosen.parts or PARTS
    prepare(cache)
    run = Run(chosen.name)
    machine: dict[str, Any] = run.record["machine"]
    run.say(f"`{run.record['command']}`")
    run.say(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, load {machine['load'][0]}")
    run.say(", ".join(f"{name} {version}" for name, version in run.record["versions"].items()))
    for name, why in install.install(cache, ENGINES).items():
        run.say(f"absent: {name}: {why}")
    for corpus in chosen.corpora:
        for part, work in (("masks", masks), ("levels", levels)):
            if part in parts:
                work(run, cache, corpus, chosen.rounds)
        for part, alone in (("calls", calls), ("memory", memory), ("bytes", sizes), ("cold", cold)):
            if part in parts:
                alone(run, cache, corpus)
    if "fields" in parts:
        fields(run, cache, chosen.rounds)
    if "growth" in parts:
        keep(run, "growth", growth.measure(run, cache, chosen.rounds))
    run.say(f"\nrecorded in {os.path.relpath(run.folder, ROOT)}")
    run.keep("rounds", chosen.rounds)


if __name__ == "__main__":
    main()
