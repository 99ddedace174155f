"""How the cost of a query grows with the index: 90 thousand, 886 thousand and 9 million documents of one kind.

**In**: the words of `pypi`. **Out**: the cost of each class on three sizes and the fitted exponent of cost over size. **Law**: every
document joins the first half of one random summary and the second half of another, from one fixed seed; a smaller corpus is the
beginning of a larger one.
"""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

from children import ENGINES, Child
from indexes import built
from measure import RANKED, Budget, least
from prepare import QUERIES, SEED, Place, queries_file, words_file
from recording import Run
from tables import mean, micro

SIZES = (90_000, 886_323, 9_000_000)
BOUND = 0.8
BOUND_CLASSES = ("or1", "or2", "or3", "or4", "long", "and2", "and3")


def grown(cache: Path, size: int) -> Place:
    """The corpus of a size, written on first use."""
    place = Place(cache, f"growth-{size}", "one")
    if not place.words.exists():
        with open(words_file(cache, "pypi"), encoding="ascii") as stream:
            texts = [line.split() for line in stream]
        rng = random.Random(SEED)
        place.words.parent.mkdir(parents=True, exist_ok=True)
        partial = place.words.with_suffix(".partial")
        with open(partial, "w", encoding="ascii") as out:
            for _ in range(size):
                first, second = texts[int(rng.random() * len(texts))], texts[int(rng.random() * len(texts))]
                out.write(" ".join([*first[: (len(first) + 1) // 2], *second[len(second) // 2 :]]) + "\n")
        partial.rename(place.words)
    shutil.copy(queries_file(cache, "pypi"), place.queries)
    return place


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """The slope of log cost over log size, least squares."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / sum((a - middle_x) ** 2 for a in x)


def measure(run: Run, cache: Path, rounds: int) -> dict[str, dict[str, list[int]]]:
    """All three sizes in one run, interleaved: class → size → least nanoseconds of each query."""
    children = {}
    for size in SIZES:
        place = grown(cache, size)
        built(ENGINES["findspot"], place, False)
        children[str(size)] = Child(ENGINES["findspot"], place)
    found = least(children, RANKED, QUERIES, rounds, Budget())
    for child in children.values():
        child.close()
    rows = []
    for (_, kind), minima in found.items():
        count = min(map(len, minima.values()))
        costs = [mean(minima[str(size)][:count]) for size in SIZES]
        slope = exponent(SIZES, costs)
        verdict = f"≤ {BOUND}: {'reached' if slope <= BOUND else 'NOT REACHED'}" if kind in BOUND_CLASSES else ""
        rows.append([kind, *map(micro, costs), f"{slope:.2f}", verdict])
    run.table("Growth, top 10, mean µs", ["class", *(f"{size:,}" for size in SIZES), "exponent", "to reach"], rows)
    return {kind: minima for (_, kind), minima in found.items()}
