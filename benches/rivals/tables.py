"""The tables: every row with all engines, the figures to reach, the agreement.

**In**: the least nanoseconds of each query (`measure.py`). **Out**: Markdown lines. **Law**: × is the rival's mean over ours, over the queries
that both ran; a percentile of fewer than 100 queries is not compared; losses are rows like wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from children import ENGINES

Minima = dict[str, list[int]]

# Row → × to reach against the best of all, and against the best that Python calls.
BARS: dict[tuple[str, str], tuple[float, float]] = {
    ("TOP_10", "or1"): (2.0, 8.0),
    ("TOP_10", "or2"): (2.5, 5.0),
    ("TOP_10", "or3"): (2.5, 5.0),
    ("TOP_10", "or4"): (3.0, 3.5),
    ("TOP_10", "long"): (3.0, 3.5),
    ("TOP_10", "and2"): (2.0, 4.0),
    ("TOP_10", "and3"): (3.0, 4.0),
    ("TOP_10", "phrase"): (2.5, 3.0),
    ("TOP_10", "neg"): (5.0, 5.0),
    ("TOP_100", "or2"): (2.5, 3.0),
    ("TOP_100", "long"): (2.5, 3.0),
    ("TOP_10_COUNT", "or2"): (4.0, 4.0),
    ("TOP_10_COUNT", "or4"): (4.0, 4.0),
    ("TOP_10_COUNT", "long"): (4.0, 4.0),
    ("COUNT", "or2"): (2.0, 2.0),
    ("COUNT", "or4"): (4.0, 4.0),
    ("COUNT", "long"): (4.0, 4.0),
    ("COUNT", "and2"): (4.0, 4.0),
    ("COUNT", "phrase"): (1.5, 1.5),
}
P99_BARS = (1.5, 2.0)
P99_COMMANDS = ("TOP_10", "TOP_100")
SHORT = {
    "TOP_10": "top 10",
    "TOP_100": "top 100",
    "TOP_10_COUNT": "top 10 + exact count",
    "COUNT": "count",
    "TOP_10_TYPED": "top 10, typed",
}


def percentile(values: Sequence[int], share: float) -> float:
    """The value below which `share` of them are, by rank."""
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))])


def mean(values: Sequence[int]) -> float:
    """Their mean."""
    return sum(values) / len(values)


def micro(nanoseconds: float) -> str:
    """Microseconds, three digits."""
    value = nanoseconds / 1e3
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def ratio(minima: Minima, rival: str, share: float | None = None) -> float | None:
    """The rival's mean (or percentile) over ours, over the queries that both ran."""
    if rival not in minima or "findspot" not in minima:
        return None
    count = min(len(minima[rival]), len(minima["findspot"]))
    if share is None:
        return mean(minima[rival][:count]) / mean(minima["findspot"][:count])
    return percentile(minima[rival][:count], share) / percentile(minima["findspot"][:count], share) if count >= 100 else None


def best(minima: Minima, python_only: bool, share: float | None = None) -> tuple[float, str] | None:
    """The rival that is the nearest to us, or the furthest ahead."""
    found = []
    for name in minima:
        if name == "findspot" or (python_only and not ENGINES[name].python):
            continue
        if (times := ratio(minima, name, share)) is not None:
            found.append((times, name))
    return min(found, default=None)


def all_rows(results: dict[tuple[str, str], Minima], engines: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Every row: mean (p50 / p99) of ours, mean (p99) and × of the others."""
    rows = []
    for (command, kind), minima in results.items():
        cells = [SHORT.get(command, command), kind]
        for name in engines:
            taken = minima.get(name)
            if not taken:
                cells.append("–")
                continue
            if name == "findspot":
                cells.append(f"**{micro(mean(taken))}** ({micro(percentile(taken, 0.5))} / {micro(percentile(taken, 0.99))})")
                continue
            times = ratio(minima, name)
            full = max(map(len, minima.values()))
            few = f" n={len(taken)}" if len(taken) < full else ""
            cells.append(f"{micro(mean(taken))} ({micro(percentile(taken, 0.99))})" + (f" ×{times:.2f}" if times else "") + few)
        rows.append(cells)
    return ["command", "class", *(f"{name} µs" for name in engines)], rows


def _verdict(found: tuple[float, str] | None, bar: float) -> list[str]:
    if found is None:
        return ["–", f"≥ {bar:g}", "not measured"]
    times, name = found
    return [f"{times:.2f} ({name})", f"≥ {bar:g}", "reached" if times >= bar else "NOT REACHED"]


def figures(results: dict[str, dict[tuple[str, str], Minima]]) -> tuple[list[str], list[list[str]]]:
    """The figures to reach, corpus by corpus: means, then p99 of every ranked class."""
    rows = []
    for row, (bar_all, bar_python) in BARS.items():
        for corpus, found in results.items():
            if row in found and "findspot" in found[row]:
                ours = micro(mean(found[row]["findspot"]))
                cells = [f"{SHORT[row[0]]}, {row[1]}", corpus, ours]
                rows.append([*cells, *_verdict(best(found[row], False), bar_all), *_verdict(best(found[row], True), bar_python)])
    for corpus, found in results.items():
        for row, minima in found.items():
            if row[0] in P99_COMMANDS and "findspot" in minima:
                ours = micro(percentile(minima["findspot"], 0.99))
                cells = [f"p99 of {SHORT[row[0]]}, {row[1]}", corpus, ours]
                verdicts = (
                    _verdict(best(minima, python_only, 0.99), bar) for python_only, bar in zip((False, True), P99_BARS, strict=True)
                )
                rows.append(cells + [cell for verdict in verdicts for cell in verdict])
    head = ["what", "corpus", "ours µs", "× best of all", "to reach", "", "× best from Python", "to reach", ""]
    return head, rows


def agreement(found: dict[str, dict[str, dict[str, Any]]]) -> tuple[list[str], list[list[str]]]:
    """Overlap, quality, score error and wrong counts of each engine, over groups of classes."""
    groups = {"or1–or4": ("or1", "or2", "or3", "or4"), "long": ("long",), "and, phrase, neg": ("and2", "and3", "phrase", "neg")}
    engines = sorted({name for engines in found.values() for name in engines})
    rows = []
    for corpus, by_engine in found.items():
        for title, kinds in groups.items():
            cells = [f"{corpus} {title}"]
            for name in engines:
                figures = [by_engine[name][kind] for kind in kinds if kind in by_engine.get(name, {})]
                if not figures:
                    cells.append("–")
                    continue
                overlap, quality = (sum(f[key] for f in figures) / len(figures) for key in ("overlap", "quality"))
                wrong = [f["counts"] for f in figures if f["counts"] is not None]
                counts = f"{sum(wrong)} wrong" if wrong else "no counts"
                cells.append(f"{overlap:.3f} / {quality:.4f} / {100 * max(f['error'] for f in figures):.1f} %; {counts}")
            rows.append(cells)
    return ["overlap@10 / quality / largest score error; counts", *engines], rows
