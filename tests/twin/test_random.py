"""Engine = twin on random documents: every kind of query, with deletes, several segments, after merges, under many configurations."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import questions
from comparing import Pair

SEEDS = range(400) if os.environ.get("FINDSPOT_SOAK") else range(8)
QUESTIONS = 25


def ask(pair: Pair, chosen: random.Random) -> None:
    """Several configurations, many questions each."""
    for _ in range(3):
        config = questions.config(chosen)
        with pair.handle(config) as handle:
            for _ in range(QUESTIONS):
                where = questions.where(chosen) if chosen.random() < 0.4 else None
                pair.compare(handle, config, questions.query(chosen), where, questions.sort(chosen))


@pytest.mark.parametrize("seed", SEEDS)
def test_engine_and_twin_agree(seed: int, tmp_path: Path) -> None:
    chosen = random.Random(seed)
    url = str(tmp_path / "index") if seed % 4 == 0 else f"memory://twin-{seed}"
    pair = Pair(url, questions.SCHEMA)
    for _ in range(chosen.randint(1, 4)):  # each commit leaves a segment; keys repeat, within a batch too
        pair.upsert(questions.document(chosen, chosen.randint(0, 70)) for _ in range(chosen.randint(1, 60)))
        pair.index.commit()
        if chosen.random() < 0.7:
            pair.delete([f"k{chosen.randint(0, 70)}" for _ in range(chosen.randint(1, 8))])
    ask(pair, chosen)
    pair.merge()
    ask(pair, chosen)
    pair.upsert(questions.document(chosen, chosen.randint(0, 90)) for _ in range(20))
    ask(pair, chosen)
    pair.report(f"seed {seed}")
    pair.index.close()
