"""The timing: engines interleaved, round by round, and the minimum of each query kept.

**In**: running children, the rows to measure. **Out**: for each row and engine the least nanoseconds of each query. **Law**
1. In a round every engine in turn runs all queries of the row once, and the order turns from round to round: a slow minute of the
   machine meets all of them.
2. An engine that needs more than its budget for a row runs fewer queries, the same ones in every round, and fewer rounds; what is
   compared with it is compared over those queries.
3. A child that dies loses its place in the run; the others go on.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from children import Child, ChildDied
from prepare import CLASSES

RANKED = tuple(("TOP_10", kind) for kind in CLASSES)
HUNDRED = tuple(("TOP_100", kind) for kind in ("or2", "long", "and2"))
EXACT = tuple(("TOP_10_COUNT", kind) for kind in ("or2", "or4", "long", "and2", "phrase"))
COUNTS = tuple(("COUNT", kind) for kind in ("or2", "or4", "long", "and2", "phrase", "neg"))
TYPED = tuple(("TOP_10_TYPED", kind) for kind in CLASSES)
ROWS = (*RANKED, *HUNDRED, *EXACT, *COUNTS, *TYPED)

SLOW = ("fts5",)

Row = tuple[str, str]


@dataclass
class Budget:
    """How long one engine may work on one row, in nanoseconds: its first round, and all of them; and less for whom scores every match."""

    first: int = 4_000_000_000
    all: int = 12_000_000_000
    slow: int = 1_000_000_000

    def of(self, name: str, number: int) -> int:
        """The budget of an engine's round."""
        return self.slow if name in SLOW else self.all if number else self.first


def least(children: dict[str, Child], rows: Sequence[Row], count: int, rounds: int, budget: Budget) -> dict[Row, dict[str, list[int]]]:
    """The least nanoseconds of each query: row → engine → queries."""
    found: dict[Row, dict[str, list[int]]] = {}
    for row in rows:
        command, kind = row
        best: dict[str, list[int]] = {}
        spent = dict.fromkeys(children, 0)
        names = list(children)
        for number in range(rounds):
            turn = number % max(1, len(names))
            for name in [*names[turn:], *names[:turn]]:
                if name not in children or (number > 0 and name not in best) or spent[name] > (budget.slow if name in SLOW else budget.all):
                    continue
                queries = len(best[name]) if number else count
                try:
                    taken = children[name].ask("run", kind, command, queries, budget.of(name, number))
                except ChildDied as error:
                    print(error, file=sys.stderr)
                    children.pop(name).close()
                    best.pop(name, None)
                    continue
                if taken is None:
                    continue
                spent[name] += sum(taken)
                if name in best:
                    best[name][: len(taken)] = map(min, best[name], taken)
                else:
                    best[name] = taken
        found[row] = best
        told = ", ".join(f"{name} {sum(taken) / len(taken) / 1e3:,.1f}" for name, taken in best.items())
        print(f"  {command} {kind}: mean µs {told}", file=sys.stderr, flush=True)
    return found


def write_minima(folder: Path, minima: Any) -> None:
    """Keeps every query's minimum beside the record, compressed: `minima.json.gz`, the same bytes for the same figures."""
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.GzipFile(folder / "minima.json.gz", "wb", mtime=0) as stream:
        stream.write(json.dumps(minima, separators=(",", ":")).encode())


def warm_up(children: dict[str, Child], rows: Sequence[Row], count: int, seconds: float) -> None:
    """Runs the mix until each engine has worked so long: a just-in-time compiler has seen every shape."""
    for child in children.values():
        worked, passes = 0, 0
        while worked < seconds * 1e9 and passes < 40:
            passes += 1
            for command, kind in rows:
                taken = child.ask("run", kind, command, count, 300_000_000)
                worked += sum(taken or ())
        if not worked:
            raise RuntimeError(f"{child.engine.name} answered nothing")


def agreement(children: dict[str, Child], ours: Child, count: int) -> dict[str, dict[str, Any]]:
    """How the answers of each engine agree with ours: engine → class → figures.

    `overlap` is the share of our ten documents that it has too; `quality` is the sum of our scores of its documents over the sum of ours;
    `error` is the largest deviation of a score from the common factor of the class (engines write BM25 with and without k1 + 1);
    `counts` is how many queries it counts otherwise.
    """
    found: dict[str, dict[str, Any]] = {name: {} for name in children}
    for kind in CLASSES:
        deep = ours.ask("answers", kind, 1000, count)
        our_counts = ours.ask("counts", kind, count)
        for name, child in children.items():
            few = min(count, 10) if name in SLOW else count
            answers = child.ask("answers", kind, 10, few)
            counts = child.ask("counts", kind, few)
            if answers is None:
                continue
            found[name][kind] = {
                **_agreement(deep, answers),
                "counts": None if counts is None else sum(a != b for a, b in zip(our_counts, counts, strict=False)),
            }
    return found


def _agreement(deep: list[list[list[float]]], answers: list[list[list[float]]]) -> dict[str, float]:
    overlaps, qualities, ratios = [], [], []
    for ours, theirs in zip(deep, answers, strict=False):
        scores = {int(document): score for document, score in ours}
        top = [document for document, _ in ours[:10]]
        if not top:
            continue
        overlaps.append(len({int(document) for document, _ in theirs}.intersection(top)) / len(top))
        qualities.append(sum(scores.get(int(document), 0.0) for document, _ in theirs) / sum(score for _, score in ours[:10]))
        ratios += [score / scores[int(document)] for document, score in theirs if scores.get(int(document))]
    ratios.sort()
    middle = ratios[len(ratios) // 2] if ratios else 1.0
    return {
        "overlap": sum(overlaps) / max(1, len(overlaps)),
        "quality": sum(qualities) / max(1, len(qualities)),
        "error": max((abs(ratio / middle - 1) for ratio in ratios), default=0.0) if middle else 0.0,
    }
