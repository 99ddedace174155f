"""The configuration store against locks and libraries, in one run: `make bench-config`, or with arguments, parts of it.

    python benches/config/run.py [reads] [reloads] [stalls] [processes] [scale] [ranking] [story]

Prints tables with the figures to reach and records all single figures, versions, the CPU and the command under
`benches/runs/<date>-config/`. Rivals and findspot take turns in each round; figures are medians, or least ones where it is said.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import documents
import processes
import ranking
import rivals
import scale as scaled
import stalls
import story
from recording import ROOT, Run, anonymous_kb

KEPT = 16
"""Versions that a store keeps."""
SHORT = 20
"""Runs in one go of what takes less than a millisecond: what ran before it leaves it cold caches, which are not its own cost."""
PARTS = ("reads", "reloads", "stalls", "processes", "scale", "ranking", "story")
KEYS = 100_000


def main() -> None:
    """Runs the parts asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all of them without one")
    arguments.add_argument("--rounds", type=int, default=11)
    arguments.add_argument("--index", help="the index of package summaries (default: that of bench-rivals)")
    given = arguments.parse_args()
    for part in given.parts:
        if part not in PARTS:
            arguments.error(f"{part!r}: expected one of {', '.join(PARTS)}")
    run = Run("config")
    for package in ("dynaconf", "msgspec", "omegaconf", "orjson", "pydantic", "pydantic-settings", "PyYAML"):
        try:
            run.record["versions"][package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            run.say(f"not installed, left out: {package}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        small = documents.content(100, 0)
        (folder / "small.json").write_bytes(documents.as_json(small))
        for part in given.parts or PARTS:
            MEASURES[part](run, folder, given)
    run.say(f"\nrecorded: {run.folder.relative_to(ROOT)}")


def store_of(path: Path, **options: Any) -> Any:
    """findspot's store over a JSON file, with the class of the content."""
    from findspot.config import Json, Store

    return Store(documents.App, sources=[Json(path)], **options)


def verdict(reached: bool) -> str:
    """How a figure is marked."""
    return "reached" if reached else "not reached"


def reads(run: Run, folder: Path, given: argparse.Namespace) -> None:
    """Nanoseconds a read of three levels, the loop taken off; pin and unpin."""
    store = store_of(folder / "small.json")

    def current(count: int) -> float:
        total = 0.0
        for _ in range(count):
            total = store.current.search.ranking.title_boost
        return total

    def nothing(count: int) -> float:
        total = 0.0
        for _ in range(count):
            total = 0.0
        return total

    def pins(count: int) -> float:
        for _ in range(count):
            with store.pin():
                pass
        return 0.0

    ways = {"(the loop)": nothing, "findspot, store.current.a.b.c": current, "findspot, pin and unpin": pins, **rivals.reads(folder)}
    least = dict.fromkeys(ways, float("inf"))
    raw: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, way in ways.items():
            count = 2_000 if name in ("dynaconf", "omegaconf") else 200_000
            start = time.perf_counter_ns()
            way(count)
            raw[name].append((time.perf_counter_ns() - start) / count)
            least[name] = min(least[name], raw[name][-1])
    loop = least.pop("(the loop)")
    ns = {name: value - loop for name, value in least.items()}
    ours, chain, pin = ns["findspot, store.current.a.b.c"], ns["dict chain"], ns["findspot, pin and unpin"]
    rows = [[name, f"{value:,.1f}", f"{value / ours:,.1f}"] for name, value in sorted(ns.items(), key=lambda item: item[1])]
    run.table("Reading three levels (ns, least of the rounds, loop taken off)", ["what", "ns", "× ours"], rows)
    run.say(
        f"three levels ≤ 12 ns: {ours:.1f}, {verdict(ours <= 12)}; ≤ 0.5 of a dict chain: {ours / chain:.2f}, {verdict(ours <= chain / 2)}"
    )
    if "dynaconf" in ns:
        run.say(f"≥ 100 times dynaconf: {ns['dynaconf'] / ours:.0f}, {verdict(ns['dynaconf'] >= 100 * ours)}")
    run.say(f"pin and unpin ≤ 250 ns: {pin:.0f}, {verdict(pin <= 250)}")
    run.keep("reads", raw)
    store.close()


def alternate(
    ways: dict[str, Callable[[], Any]],
    rounds: int,
    before: Callable[[str], None] = lambda _: None,
    times: dict[str, int] | None = None,
) -> dict[str, list[float]]:
    """Milliseconds of each way, round after round, each in an order of its own, since what runs before leaves its caches; of `times` runs in one
    go the mean."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in random.Random(number).sample(list(ways.items()), len(ways)):
            if taken[name] and taken[name][0] > 3000 and number >= 3:
                continue
            before(name)
            runs = (times or {}).get(name, 1)
            start = time.perf_counter()
            for _ in range(runs):
                way()
            taken[name].append((time.perf_counter() - start) / runs * 1e3)
    return taken


def write_large(folder: Path, revision: int, keys: int = KEYS) -> None:
    """The large content in all its forms."""
    values = documents.content(keys, revision)
    (folder / "large.json").write_bytes(documents.as_json(values))
    (folder / "large.toml").write_bytes(documents.as_toml(values))
    (folder / "large.yaml").write_bytes(documents.as_yaml(values))


def reloads(run: Run, folder: Path, given: argparse.Namespace) -> None:
    """Full reloads of 100,000 changed keys, unchanged ones, patches."""
    from findspot.config import Json, Store, Toml, Yaml

    write_large(folder, 0)
    texts = {
        ending: [getattr(documents, f"as_{ending}")(documents.content(KEYS, revision)) for revision in (1, 2)]
        for ending in ("json", "toml", "yaml")
    }
    stores = {
        "json": Store(documents.App, sources=[Json(folder / "large.json")]),
        "toml": Store(documents.App, sources=[Toml(folder / "large.toml")]),
        "yaml": Store(documents.App, sources=[Yaml(folder / "large.yaml")]),
    }
    durable = Store(documents.App, sources=[Json(folder / "large.json")], folder=folder / "numbered")
    turns: Counter[str] = Counter()

    def changed(name: str) -> None:
        """Each way has a turn of its own, so its file always says something else than its store."""
        ending = name.rpartition(" ")[2].lower()
        if ending in texts:
            turns[name] += 1
            (folder / f"large.{ending}").write_bytes(texts[ending][turns[name] % 2])

    def reload(store: Any, published: bool = True) -> Callable[[], Any]:
        def once() -> None:
            before = store.version
            report = store.reload()
            if not report.accepted or (store.version > before) is not published:
                raise RuntimeError(str(report))

        return once

    def patch() -> None:
        turns["patch"] += 1
        stores["yaml"].patch({"sections.section_00007.group_3.limit": turns["patch"]})

    ways: dict[str, Callable[[], Any]] = {
        "findspot, changed JSON": reload(stores["json"]),
        "findspot, changed TOML": reload(stores["toml"]),
        "findspot, changed YAML": reload(stores["yaml"]),
        "findspot, with a folder and fsync, JSON": reload(durable),
        "findspot, unchanged": reload(stores["toml"], published=False),
        "findspot, one-key patch": patch,
        **rivals.reloads(folder),
    }
    # A service that has run for a while keeps as many versions as it ever will; the first ones take memory from the system.
    for name in list(ways)[:4]:
        for _ in range(KEPT):
            changed(name)
            ways[name]()
    taken = alternate(ways, given.rounds, changed, dict.fromkeys(("findspot, unchanged", "findspot, one-key patch"), SHORT))
    median = {name: statistics.median(values) for name, values in taken.items()}
    ours = median["findspot, changed JSON"]
    rows = [
        [name, f"{median[name]:,.2f}", f"{min(taken[name]):,.2f}", f"{median[name] / ours:,.2f}"]
        for name in sorted(median, key=median.__getitem__)
    ]
    run.table(f"Reloading {KEYS:,} keys (ms)", ["what", "median", "least", "× changed JSON"], rows)
    run.say(f"changed JSON ≤ 10 ms: {ours:.2f}, {verdict(ours <= 10)}")
    if "orjson.loads" in median:
        run.say(f"faster than orjson alone: {median['orjson.loads'] / ours:.2f} times, {verdict(ours < median['orjson.loads'])}")
    run.say(f"changed TOML ≤ 60 ms: {median['findspot, changed TOML']:.1f}, {verdict(median['findspot, changed TOML'] <= 60)}")
    run.say(f"unchanged ≤ 0.6 ms: {median['findspot, unchanged']:.3f}, {verdict(median['findspot, unchanged'] <= 0.6)}")
    run.say(f"one-key patch ≤ 0.1 ms: {median['findspot, one-key patch']:.3f}, {verdict(median['findspot, one-key patch'] <= 0.1)}")
    run.keep("reloads", taken)
    for store in (*stores.values(), durable):
        store.close()


def stalls_part(run: Run, folder: Path, given: argparse.Namespace) -> None:
    """The longest stall that a reload puts on another thread."""
    write_large(folder, 0)
    contents = [documents.as_json(documents.content(KEYS, revision)) for revision in (1, 2)]
    store = store_of(folder / "large.json")
    turn = {"number": 0}

    def reload() -> None:
        turn["number"] += 1
        temporary = folder / "large.new"
        temporary.write_bytes(contents[turn["number"] % 2])
        temporary.replace(folder / "large.json")
        store.reload()

    slow = ("tomllib", "dynaconf reload")
    works: dict[str, Callable[[], Any]] = {
        "findspot": reload,
        **{name: way for name, way in rivals.reloads(folder).items() if name not in slow},
    }
    found = stalls.stalls(works, given.rounds)
    rows = [[name, f"{row['median']:.2f}", f"{row['least']:.2f}", f"{row['took']:.1f}"] for name, row in found.items()]
    run.table("Longest gap of another Python thread during one reload (ms)", ["what", "median", "least", "reload took"], rows)
    over = found["findspot"]["median"] - found["idle"]["median"]
    run.say(f"stall ≤ 0.5 ms over idle: {over:.2f}, {verdict(over <= 0.5)}")
    run.keep("stalls", found)
    store.close()


def processes_part(run: Run, folder: Path, given: argparse.Namespace) -> None:
    """Another process follows."""
    found = processes.follow(folder, given.rounds)
    worst, stall = max(row["ms"] for row in found), statistics.median(row["stall_ms"] for row in found)
    run.say(
        f"\ncurrent in another process: median {statistics.median(row['ms'] for row in found):.1f} ms, worst {worst:.1f}; ≤ 200: {verdict(worst <= 200)}"
    )
    run.say(f"stall of a thread there while it adopts: median {stall:.2f} ms (idle floor as above); ≤ 0.5 over it")
    run.keep("processes", found)


def scale(run: Run, folder: Path, given: argparse.Namespace) -> None:
    """A million keys, a million units, ten thousand reloads."""
    for name, revision in (("million", 0), ("million1", 1), ("million2", 2)):
        (folder / f"{name}.json").write_bytes(documents.as_json(documents.content(scaled.KEYS, revision)))
    keys, units = scaled.measured("keys", folder), scaled.measured("units", folder)
    median, times = statistics.median(keys["ms"]), keys["held_kb"] / keys["file_kb"]
    run.say(
        f"\n1,000,000 keys: reload median {median:.0f} ms, ≤ 120: {verdict(median <= 120)}; memory {times:.2f} × the file, ≤ 3: {verdict(times <= 3)}"
    )
    each = (units["held_kb"] - units["own_kb"]) * 1024 / scaled.UNITS
    run.say(f"{scaled.UNITS:,} units: {each:.0f} bytes each beyond name and values, ≤ 100: {verdict(each <= 100)}")

    small = store_of(folder / "small.json")
    texts = [documents.as_json(documents.content(100, revision)) for revision in (1, 2)]
    memory = []
    for number in range(10_000):
        (folder / "small.json").write_bytes(texts[number % 2])
        small.reload()
        if number % 1000 == 999:
            memory.append(anonymous_kb())
    grown = memory[-1] - memory[1]
    run.say(f"10,000 reloads: {grown} KiB grown from the 2,000th to the last, flat: {verdict(grown <= 1024)}")
    run.keep("scale", {"keys": keys, "units": units, "memory_kib": memory})
    small.close()


def ranking_part(run: Run, folder: Path, given: argparse.Namespace) -> None:
    """The ranking changes live on 886,323 documents."""
    cache = Path(os.environ.get("FINDSPOT_RIVALS") or ROOT / "target" / "bench-rivals") / "pypi"
    index = Path(given.index) if given.index else cache / "findspot-one"
    if not index.exists():
        run.say(f"\nno index at {index}: `make bench-rivals` makes it, or name one by --index")
        return
    lines = (cache / "queries.tsv").read_text(encoding="utf-8").splitlines() if (cache / "queries.tsv").exists() else []
    queries = [query for kind, query in (line.split("\t", 1) for line in lines) if kind in ("or2", "or3", "and2")] or ["async http client"]
    found = ranking.measure(index, queries, given.rounds)
    for name, values in found["changes"].items():
        run.say(
            f"\n{name} changed until the next search used it: median {statistics.median(values):.2f} ms, ≤ 5: {verdict(statistics.median(values) <= 5)}"
        )
    synonyms = statistics.median(found["synonyms"])
    run.say(f"synonyms of {ranking.SYNONYM_GROUPS:,} groups: {synonyms:.0f} ms, ≤ 100: {verdict(synonyms <= 100)}")
    ratio = statistics.median(busy / idle for idle, busy in found["beside"])
    run.say(f"p99 of a searching thread while the ranking changes: {ratio:.2f} × idle, ≤ 1.2: {verdict(ratio <= 1.2)}")
    run.keep("ranking", found)


def story_part(run: Run, folder: Path, given: argparse.Namespace) -> None:
    """Behind locks, and without."""
    found = story.tell(folder, 6.5, max(3, given.rounds // 3))
    head = [
        "store",
        "requests/s",
        "ours ×",
        "mean µs",
        "ours",
        "stall ms",
        "floor ms",
        "× ours",
        "longest ms",
        "reloads",
        "seen after ms",
        "reload ms",
    ]
    medians: dict[str, dict[str, dict[str, float]]] = {}
    for way, stores in found.items():
        median = {name: {key: statistics.median(turn[key] for turn in turns) for key in turns[0]} for name, turns in stores.items()}
        medians[way], ours = median, median["findspot"]
        rows = [
            [
                name,
                f"{row['throughput']:,.0f}",
                f"{ours['throughput'] / row['throughput']:.2f}",
                f"{row['mean_us']:,.0f}",
                f"{100 * (ours['mean_us'] / row['mean_us'] - 1):+.0f} %",
                f"{row['stall_ms']:.2f}",
                f"{row['floor_ms']:.2f}",
                f"{times_longer(row, ours):.1f}",
                f"{row['longest_ms']:.2f}",
                f"{row['reloads']:.0f}",
                f"{row['seen_ms']:.1f}",
                f"{row['reload_ms']:.1f}",
            ]
            for name, row in median.items()
        ]
        run.table(f"The story, {way}: 100 reads and 50 µs of work a request, {KEYS:,} keys reloaded each second", head, rows)
    for way, of_stalls in (("threads", "threads"), ("asyncio", "asyncio with air")):
        for name in ("dict behind an RLock", "dict behind a read-write lock"):
            theirs, ours, shorter = (
                medians[way][name],
                medians[way]["findspot"],
                times_longer(medians[of_stalls][name], medians[of_stalls]["findspot"]),
            )
            faster, later = ours["throughput"] / theirs["throughput"], 100 * (ours["mean_us"] / theirs["mean_us"] - 1)
            run.say(
                f"{way}, {name}: requests × 1.5: {faster:.2f}, {verdict(faster >= 1.5)}; mean −30 %: {later:+.0f} %, {verdict(later <= -30)}; "
                f"stall over the floor 30 times shorter ({of_stalls}): {shorter:.0f}, {verdict(shorter >= 30)}"
            )
        seen = medians[way]["findspot"]["seen_ms"]
        run.say(f"{way}: our reload is seen after ≤ 12 ms: {seen:.1f}, {verdict(seen <= 12)}")
    run.keep("story", found)


def times_longer(theirs: dict[str, float], ours: dict[str, float]) -> float:
    """How much longer a reload of theirs makes a handler stand still, each over the floor of the same run; what cannot be told from the floor
    counts as a hundredth of a millisecond."""
    over = [row["stall_ms"] - row["floor_ms"] for row in (theirs, ours)]
    return over[0] / max(over[1], 0.01)


MEASURES: dict[str, Callable[[Run, Path, argparse.Namespace], None]] = {
    "reads": reads,
    "reloads": reloads,
    "stalls": stalls_part,
    "processes": processes_part,
    "scale": scale,
    "ranking": ranking_part,
    "story": story_part,
}

if __name__ == "__main__":
    main()
