"""Engine = twin on real texts: samples of four corpora, with questions made of their own words."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from comparing import Pair

CONFIGS: list[dict[str, Any]] = [{}, {"k1": 0.9, "b": 0.4, "combine": "sum"}, {"combine": "bm25f"}, {"tie_breaker": 0.3, "operator": "and"}]


def lines(path: Path, every: int) -> Iterator[dict[str, Any]]:
    with zstandard.open(path, "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream):
            if number % every == 0:
                yield json.loads(line)


def pypi(data: Path) -> Iterator[dict[str, Any]]:
    for record in lines(data / "corpora" / "pypi-summaries.jsonl.zst", 400):
        yield {"id": record["id"], "title": record["title"], "text": record["body"], "kind": record["month"], "number": record["rank"]}


def tate(data: Path) -> Iterator[dict[str, Any]]:
    for record in lines(data / "corpora" / "tate-artworks.jsonl.zst", 40):
        number = int(record["year"]) if record["year"] else None  # the source has strings here and there
        yield {"id": str(record["id"]), "title": record["title"], "text": record["medium"], "kind": record["artist"], "number": number}


def plaques(data: Path) -> Iterator[dict[str, Any]]:
    for record in lines(data / "geo" / "open-plaques-london-2016.jsonl.zst", 2):
        number = int(record["erected"]) if record["erected"] else None
        yield {
            "id": str(record["id"]),
            "title": record["lead_subject"],
            "text": record["inscription"],
            "kind": record["colour"],
            "number": number,
        }


def cacm(data: Path) -> Iterator[dict[str, Any]]:
    for record in lines(data / "ir" / "cacm" / "corpus.jsonl.zst", 3):
        yield {"id": record["_id"], "title": record["title"], "text": record["text"], "kind": None, "number": None}


def passages(language: str) -> Callable[[Path], Iterator[dict[str, Any]]]:
    def read(data: Path) -> Iterator[dict[str, Any]]:
        with open(data / "ir" / "xquad" / language / "corpus.jsonl", encoding="utf-8") as stream:
            for record in map(json.loads, stream):
                yield {"id": record["_id"], "title": record["title"], "text": record["text"], "kind": None, "number": None}

    return read


SCHEMA = {"title": ("text", "standard"), "text": ("text", "english"), "kind": ("keyword", ""), "number": ("integer", "")}
CORPORA = {"pypi": pypi, "tate": tate, "plaques": plaques, "cacm": cacm, "chinese": passages("zh"), "thai": passages("th")}


def question(chosen: random.Random, records: list[dict[str, Any]]) -> str:
    """A query string made of the corpus's own words."""
    words = str(chosen.choice(records)["text"] or chosen.choice(records)["title"] or "gold").split() or ["gold"]
    words = ["".join(letter for letter in word if letter.isalnum()) or "of" for word in words]
    if any(len(word) > 30 for word in words):  # scripts without spaces: stretches of a few characters
        words = [word[at : at + 3] for word in words for at in range(0, len(word), 3)]
    at = chosen.randrange(len(words))
    some, word = words[at : at + chosen.randint(1, 4)], chosen.choice(words)
    return chosen.choice(
        [
            " ".join(some),
            f'"{" ".join(some)}"',
            f'"{" ".join(some)}"~{chosen.randint(1, 4)}',
            f"+{word} {' '.join(some)}",
            f"{' '.join(some)} -{word}",
            f"title:{word} OR text:({' AND '.join(some)})",
            f"{word[: max(2, len(word) // 2)]}*",
            f"{word[:1]}{word[2:]}x~{chosen.randint(1, 2)}",
            f"{word}^2.5 {some[0]} number:>0",
        ]
    )


@pytest.mark.parametrize("name", sorted(CORPORA))
def test_engine_and_twin_agree_on_real_texts(name: str, data: Path, tmp_path: Path) -> None:
    chosen = random.Random(name)
    records = list(CORPORA[name](data))
    assert len(records) > 200
    pair = Pair(str(tmp_path / "index"), SCHEMA)
    for part in range(3):
        pair.upsert(records[part::3])
        pair.index.commit()
    pair.delete([record["id"] for record in chosen.sample(records, 50)])
    for round_ in ("three segments", "merged"):
        for config in CONFIGS:
            with pair.handle(config) as handle:
                for _ in range(12):
                    where = (
                        {"range": {"field": "number", "gte": 1900}}
                        if chosen.random() < 0.2 and name in ("pypi", "tate", "plaques")
                        else None
                    )
                    pair.compare(handle, config, question(chosen, records), where)
        if round_ == "three segments":
            pair.merge()
    pair.report(name)
    pair.index.close()
