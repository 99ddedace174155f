"""RANKING.md against the checker: the keys that it accepts, the ranges that it enforces, the defaults that hold."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import findspot as fs
import pytest
from documents import blocks, text

SCHEMA = fs.Schema(
    key="id",
    fields={
        "title": fs.Text(),
        "clue": fs.Text(),
        "popularity": fs.Float(),
        "year": fs.Integer(),
        "found": fs.Date(),
        "place": fs.GeoPoint(),
    },
)


class Row(NamedTuple):
    """A line of a table of the reference."""

    key: str
    type: str
    default: str


CELLS = [[cell.strip() for cell in line.strip("|").split("|")] for line in text("RANKING.md").splitlines() if line.startswith("| `")]
ROWS = [Row(key.strip("`"), kind, default) for key, kind, default, _, _ in CELLS]
BY_KEY = {row.key: row for row in ROWS}


def problems(config: Any) -> list[tuple[str, str, str]]:
    """What is wrong with a configuration."""
    try:
        fs.Index.create("memory://", SCHEMA, config=config).close()
    except fs.ConfigError as error:
        return [tuple(problem) for problem in error.problems]  # type: ignore[misc]
    return []


def at(key: str, value: Any) -> dict[str, Any]:
    """The least configuration with a value at a key of the reference."""
    if key.startswith("ranking.fields.*."):
        return {"ranking": {"fields": {"title": {key.rpartition(".")[2]: value}}}}
    if key.startswith("ranking.boost[]."):
        name = key.rpartition(".")[2]
        least = {
            "when": {"weight": 2},
            "field": {},
            "function": {"field": "popularity"},
            "half_life": {"field": "found"},
            "half_distance": {"field": "place"},
            "weight": {"field": "popularity"},
        }
        return {"ranking": {"boost": [{**least.get(name, {"field": "popularity"}), name: value}]}}
    if key.startswith("pins[]."):
        return {"pins": [{"query": "gold", "keys": [], key.rpartition(".")[2]: value}]}
    if key.startswith("experiments.*."):
        return {"profiles": {"p": {}}, "experiments": {"e": {"share": 0, "profile": "p", key.rpartition(".")[2]: value}}}
    if key.startswith("guard."):
        return {"guard": {"judgements": "nowhere.jsonl", key.rpartition(".")[2]: value}}
    if key == "typos.min_length.one":
        return {"typos": {"min_length": {"one": value, "two": 255}}}
    if key == "typos.min_length.two":
        return {"typos": {"min_length": {"one": 1, "two": value}}}
    if key.startswith("profiles.*."):
        return {"profiles": {"p": {key.rpartition(".")[2]: value}}}
    table, _, name = key.partition(".")
    return {table: {name: value}}


def known(config: Any) -> set[str]:
    """The names that the checker would have accepted in the place of `zzz`."""
    (expected,) = {expected for _, expected, got in problems(config) if "zzz" in got}
    return set(expected.partition("; did you mean")[0].removeprefix("one of ").split(", "))


def accepted() -> set[str]:
    """Every key that the checker accepts, as the reference writes it."""
    boosts = ({"when": "year < 1"}, {"field": "popularity"}, {"field": "found", "half_life": 1}, {"field": "place", "half_distance": 1})
    below = {
        "ranking": known({"ranking": {"zzz": 1}}) - {"boost"},
        "ranking.fields.*": known({"ranking": {"fields": {"title": {"zzz": 1}}}}),
        "ranking.boost[]": set().union(*(known({"ranking": {"boost": [{**boost, "zzz": 1}]}}) for boost in boosts)),
        "synonyms": known({"synonyms": {"zzz": 1}}),
        "stopwords": known({"stopwords": {"zzz": 1}}),
        "typos": known({"typos": {"zzz": 1}}) - {"min_length"},
        "typos.min_length": known({"typos": {"min_length": {"zzz": 1}}}),
        "pins[]": known({"pins": [{"query": "gold", "keys": [], "zzz": 1}]}),
        "limits": known({"limits": {"zzz": 1}}),
        "profiles.*": known({"profiles": {"p": {"zzz": 1}}}),
        "experiments.*": known({"profiles": {"p": {}}, "experiments": {"e": {"share": 0, "profile": "p", "zzz": 1}}}),
        "guard": known({"guard": {"judgements": "x", "zzz": 1}}),
    }
    tables = {re.split(r"[.\[]", table)[0] for table in below}
    assert known({"ranking": {}, "zzz": {}}) == tables, "every table has been looked into"
    return {f"{table}.{name}" for table, names in below.items() for name in names}


def test_every_key_is_documented_and_every_documented_key_is_accepted() -> None:
    assert len(ROWS) == len(BY_KEY) >= 35
    assert set(BY_KEY) == accepted()


NUMBERS = [row for row in ROWS if re.match(r"(whole )?number, \d", row.type)]
CHOICES = [row for row in ROWS if re.match(r'`"', row.type)]


@pytest.mark.parametrize("row", NUMBERS, ids=[row.key for row in NUMBERS])
def test_the_range_is_the_one_that_is_enforced(row: Row) -> None:
    found = re.fullmatch(r"(whole )?number, (\d+) to (\d+)", row.type)
    assert found is not None, row
    low, high = int(found[2]), int(found[3])
    for value in (low, high):
        assert problems(at(row.key, value)) == []
    wrong: list[Any] = [low - 1, high + 1, "many", None, [], {}, True]
    wrong += [low + 0.5] if found[1] else [high * (1 + 1e-9), -1e-300, 1e308]
    for value in wrong:
        assert [path for path, _, _ in problems(at(row.key, value))], f"{row.key} = {value!r}"
    if not found[1]:
        assert problems(at(row.key, -0.0 if low == 0 else low)) == []


@pytest.mark.parametrize("row", CHOICES, ids=[row.key for row in CHOICES])
def test_the_words_are_those_that_are_accepted(row: Row) -> None:
    words = re.findall(r'`"([^"`]+)"`', row.type)
    assert len(words) >= 2
    for word in words:
        assert problems(at(row.key, word)) == []
    (problem,) = problems(at(row.key, "zzz"))
    assert set(problem[1].partition("; did")[0].removeprefix("one of ").split(", ")) == set(words)
    assert problems(at(row.key, 1)) != []


def test_what_is_said_of_other_types_is_so() -> None:
    for key, good, bad in [
        ("ranking.minimum_match", [1, "75%", "-1", "2<75% 9<-3"], ["most", 1.5, [], "101%"]),
        ("ranking.boost[].when", ["year < 1900"], ["yaer < 1", 1, []]),
        ("ranking.boost[].field", ["popularity"], ["title", "nowhere", 7, ""]),
        ("ranking.boost[].half_life", ["30d", "1s", 1e-6, 5], [0, -1, "30y", "d", True, None, 1e300]),
        ("ranking.boost[].half_distance", [5, 0.5], [0, -1, "5km", 1e300]),
        ("synonyms.groups", [[["a", "b"]], [["uk", "united kingdom"]], []], [[["a"]], [["a", ""]], ["a"], "a", [[1, 2]], [["w"] * 257]]),
        ("synonyms.oneway", [{"a": ["b"]}, {}], [{"a": "b"}, {"a": ["a"]}, {"a": ["b"], "b": ["a"]}, [], {"": ["b"]}]),
        ("stopwords.words", [["the"], []], ["the", [1], [""]]),
        ("pins[].query", ["gold"], ["", "!!!", 7]),
        ("pins[].keys", [["k1"], [7], []], ["k1", [1.5], [""], ["k"] * 2, [f"k{i}" for i in range(101)]]),
        ("pins[].hide", [["k1"]], [7, [None]]),
        ("experiments.*.profile", ["p"], ["q", 1]),
        ("guard.judgements", ["judged.jsonl"], ["", 7]),
    ]:
        for value in good:
            assert problems(at(key, value)) == [], (key, value)
        for value in bad:
            assert problems(at(key, value)), (key, value)


def test_a_file_with_all_defaults_ranks_as_one_without_them() -> None:
    given = {row.key: json.loads(row.default.strip("`")) for row in ROWS if re.match(r'`[\d"\[{]', row.default)}
    assert len(given) >= 18
    boosts: Any = [{"field": "popularity"}, {"field": "found", "half_life": "1d"}, {"field": "place", "half_distance": 1}]
    short: dict[str, Any] = {"ranking": {"boost": boosts, "fields": {"title": {}, "clue": {}}}, "typos": {}, "pins": []}
    whole: dict[str, Any] = {
        "ranking": {
            "boost": [{**boost, "weight": given["ranking.boost[].weight"]} for boost in boosts],
            "fields": {name: {"weight": given["ranking.fields.*.weight"]} for name in ("title", "clue")},
        },
        "typos": {"min_length": {"one": given["typos.min_length.one"], "two": given["typos.min_length.two"]}},
    }
    whole["ranking"]["boost"][0]["function"] = given["ranking.boost[].function"]
    for key, value in given.items():
        if "[]" not in key and "*" not in key and "min_length" not in key and not key.startswith("guard."):
            table, _, name = key.partition(".")
            whole.setdefault(table, {})[name] = value
    records = [
        {"id": f"k{i}", "title": title, "clue": clue, "popularity": i, "found": f"2026-01-{i + 1:02}", "place": [51, i]}
        for i, (title, clue) in enumerate(
            [("gold coin", "the old coin"), ("golden bold coin", "gold"), ("bridgework", "coin gold gold"), ("silver", "goldsmith at work")]
        )
    ]
    answers = []
    for config in (short, whole):
        with fs.Index.create("memory://", SCHEMA, config=config) as index:
            index.upsert(records)
            found = [
                index.search(query, now="2026-02-01", near=(51, 0), count="exact")
                for query in ("gold", "gold coin", "golt", "bridgewurx", "the coin", "old gold coin", '"gold coin"', "")
            ]
            answers.append([(hits.keys, list(hits.scores), hits.total) for hits in found])
    assert answers[0] == answers[1]
    assert sum(total or 0 for _, _, total in answers[0]) > 15


def test_the_python_of_the_reference_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [block for block in blocks("RANKING.md") if block.language == "python"]
    assert found
    with contextlib.redirect_stdout(io.StringIO()):
        for block in found:
            exec(compile(block.text, f"RANKING.md:{block.line}", "exec"), {})
