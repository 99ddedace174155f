"""What a ranking configuration does to searches, through the binding: profiles, units, time and place, pins, typos, explanations."""

from __future__ import annotations

import datetime
import json
from typing import Any

import findspot as fs
import pytest

SCHEMA = fs.Schema(
    key="id",
    fields={"title": fs.Text(), "clue": fs.Text(analyzer="english"), "year": fs.Integer(), "found": fs.Date(), "location": fs.GeoPoint()},
)
RECORDS: list[dict[str, Any]] = [
    {"id": "k1", "title": "gold coin", "clue": "under the old bridge", "year": 1700, "found": "2026-01-01", "location": [51.5, -0.12]},
    {"id": "k2", "title": "silver hoard", "clue": "a coin of gold and a ring", "year": 1900, "found": "2020-01-01"},
    {"id": "k3", "title": "the crown jewels", "clue": "in the tower", "year": 1850},
    {"id": "k4", "title": "treasure map", "clue": "of the crown", "location": {"lat": 48.9, "lon": 2.3}},
]
CONFIG: dict[str, Any] = {
    "ranking": {
        "fields": {"title": 3, "clue": {"weight": 1, "b": 0.4}},
        "tie_breaker": 0.1,
        "boost": [
            {"when": "year < 1800", "weight": 1.4},
            {"field": "found", "half_life": "30d", "weight": 2},
            {"field": "location", "half_distance": 10},
        ],
    },
    "synonyms": {"groups": [["hoard", "treasure", "cache"]], "oneway": {"jewels": ["crown jewels", "ring"]}},
    "stopwords": {"words": ["the", "of"]},
    "typos": {"when": "missing"},
    "pins": [{"query": "crown jewels", "keys": ["k2", "gone"], "hide": ["k4"]}],
    "profiles": {
        "clues": {"ranking": {"fields": {"title": 0.1, "clue": 9}}},
        "exact": {"typos": {"when": "never"}, "synonyms": {"groups": []}},
    },
    "experiments": {"half": {"share": 0.5, "profile": "clues"}},
}


@pytest.fixture
def index() -> Any:
    with fs.Index.create("memory://", SCHEMA, config=CONFIG) as index:
        index.upsert(RECORDS)
        yield index


def adds_up(part: dict[str, Any]) -> None:
    children = part.get("children", [])
    if part["how"] == "sum":
        assert part["points"] == sum(child["points"] for child in children), part
    for child in children:
        adds_up(child)


def test_words_stand_for_others_and_stop_words_for_nothing(index: fs.Index) -> None:
    assert set(index.search("treasure").keys) == set(index.search("cache").keys) == {"k2", "k4"}
    assert index.search("the hoard").keys == index.search("hoard").keys
    assert set(index.search("the").keys) == {"k1", "k3", "k4"}, "a query of stop words only keeps them"
    assert index.search('"crown jewels"').keys == ["k3"]


def test_a_word_that_nobody_has_stands_for_those_near_it(index: fs.Index) -> None:
    assert set(index.search("silvr").keys) == {"k2"}
    assert index.search("silvr", profile="exact").keys == []
    assert index.search("-silvr gold", profile="exact").keys == index.search("gold").keys


def test_pins_come_first_count_once_and_pass_the_filter(index: fs.Index) -> None:
    hits = index.search("The CROWN jewels")
    assert hits.keys == ["k2", "k3"] and hits.total == 2
    assert index.search("crown jewels", where="year < 1900").keys == ["k3"]
    assert index.search("crown jewels", sort="year").keys == ["k3", "k2"], "the synonym finds k2; k4 stays hidden"
    assert index.search("crown jewels", limit=1, offset=1).keys == ["k3"]
    assert index.count("crown jewels") == 2
    assert "k4" in index.search("crown").keys


def test_a_profile_beats_an_experiment_and_units_stay_where_they_are(index: fs.Index) -> None:
    base, clues = index.search("gold").keys, index.search("gold", profile="clues").keys
    assert (base, clues) == (["k1", "k2"], ["k2", "k1"])
    found = [index.search("gold", unit=f"user-{i}").keys for i in range(100)]
    assert 25 < sum(keys == clues for keys in found) < 75
    assert found == [index.search("gold", unit=f"user-{i}").keys for i in range(100)]
    assert all(index.search("gold", unit=f"user-{i}", profile="exact").keys == base for i in range(20))
    with pytest.raises(ValueError, match=r'profile: expected one of clues, exact; did you mean "clues"\?'):
        index.search("gold", profile="clue")
    assert [hits.keys for hits in index.search_many(["gold"], profile="clues")] == [clues]


def test_time_and_place_count_when_they_are_given(index: fs.Index) -> None:
    plain = index.search("gold").scores[0]
    now = datetime.datetime(2026, 1, 31)
    later = index.search("gold", now=now).scores[0]
    assert later == pytest.approx(plain * 2, rel=1e-6), "half of 2 is left after 30 days"
    assert index.search("gold", now="2026-01-31").scores[0] == later
    assert index.search("gold", now=now.replace(tzinfo=datetime.UTC)).scores[0] == later
    assert index.search("gold", near=(51.5, -0.12)).scores[0] == pytest.approx(plain * 2, rel=1e-6)
    for wrong, error in [({"now": "soon"}, ValueError), ({"now": 3}, TypeError), ({"near": (99, 0)}, ValueError), ({"near": 1}, TypeError)]:
        with pytest.raises(error, match=next(iter(wrong))):
            index.search("gold", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("query", ["gold coin", "crown jewels", "treasur bridge", '"old bridge" gold^2', "the of", "", "year:>1800 gold"])
@pytest.mark.parametrize("profile", [None, "clues"])
def test_explanations_add_up_to_the_score(index: fs.Index, query: str, profile: str | None) -> None:
    plain = index.search(query, profile=profile)
    hits = index.search(query, profile=profile, explain=True, now="2026-02-01", near=(51, 0))
    assert all(hit.explanation is None for hit in plain)
    for hit in hits:
        told = hit.explanation
        assert told is not None and told["score"] == hit.score == told["points"] / told["scale"]
        assert told["tree"]["points"] == told["points"] and told.get("profile") == profile
        assert told["config_version"] == hits.config_version
        adds_up(told["tree"])
        assert json.loads(json.dumps(told)) == told and str(told["points"]) in told["text"]


def test_explanations_name_what_did_it(index: fs.Index) -> None:
    def text(query: str, key: str, **more: Any) -> str:
        told = next(hit for hit in index.search(query, explain=True, **more) if hit.key == key).explanation
        assert told is not None
        return told["text"]

    assert 'synonym of "hoard"' in text("hoard", "k4")
    assert '1 typo from "silvr"' in text("silvr", "k2")
    assert "shown first by pins[0]" in text("crown jewels", "k2")
    assert "boost[0]: when year < 1800, weight 1.4 × 1.4" in text("gold", "k1")
    units = (f"user-{i}" for i in range(100))
    assert any("profile clues; experiment half" in text("gold", "k1", unit=unit) for unit in units)


@pytest.mark.parametrize("function", ["identity", "log1p", "sqrt", "square", "reciprocal"])
def test_explanations_write_functions_as_the_configuration_does(function: str) -> None:
    boost = {"field": "year", "function": function, "weight": 2}
    with fs.Index.create("memory://", SCHEMA, config={"ranking": {"boost": [boost]}}) as index:
        index.upsert(RECORDS)
        told = index.search("gold", explain=True)[0].explanation
        assert told is not None and f"boost[0]: {function} of year, weight 2" in told["text"]


def test_limits_hold_where_the_call_does_not_say() -> None:
    config = {"limits": {"max_clauses": 2, "max_expansions": 1}, "typos": {"when": "always", "min_length": {"one": 3, "two": 8}}}
    with fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}), config=config) as index:
        index.upsert([{"id": str(i), "title": word} for i, word in enumerate(["coin", "coil", "corn", "join"])])
        assert index.search("a b coin").warnings == ["more than 2 words (the words beyond are not searched)"]
        hits = index.search("coin")
        assert hits.keys == ["0"] and "the 1 nearest of each field" in hits.warnings[0]


def test_every_problem_of_a_configuration_has_its_path() -> None:
    wrong = {
        "ranking": {"fields": {"titel": 1}, "boost": [{"when": "yaer < 1", "weight": 1}]},
        "experiments": {"half": {"share": 2, "profile": "none"}},
        "k1": 3,
    }
    with pytest.raises(fs.ConfigError) as caught:
        fs.Index.create("memory://", SCHEMA, config=wrong)
    assert {path for path, _, _ in caught.value.problems} == {"experiments.half.share", "experiments.half.profile", "k1"}
    with pytest.raises(fs.ConfigError) as caught:
        fs.Index.create("memory://", SCHEMA, config={"ranking": wrong["ranking"]})
    problems = {path: (expected, got) for path, expected, got in caught.value.problems}
    assert set(problems) == {"ranking.fields.titel", "ranking.boost[0].when"}
    assert 'did you mean "title"?' in problems["ranking.fields.titel"][0]


def test_what_is_counted_is_what_is_found_and_what_was_cut_is_said() -> None:
    schema = fs.Schema(key="id", fields={"title": fs.Text()})
    config = {"limits": {"max_expansions": 2}, "profiles": {"all": {"limits": {"max_expansions": 9}}}, "ranking": {}}
    with fs.Index.create("memory://", schema, config=config) as index:
        index.upsert([{"id": word, "title": word} for word in ("gold", "bold", "cold", "fold", "golden", "goal")])
        for query, found in (("gold~1", 2), ("gold~1 -bold~1", 0), ("go*", 3), ("gold", 1), ("silver", 0)):
            hits = index.search(query, count="exact")
            for other in (index.search(query, count="exact", limit=0), index.search(query, count="exact", sort="_score", limit=1)):
                assert (other.total, other.warnings) == (hits.total, hits.warnings)
            count = index.count(query)
            assert (count, count.warnings) == (hits.total, hits.warnings) == (found, hits.warnings)
            assert bool(count.warnings) == (query.startswith("gold~1"))
            with index.view() as view:
                assert (view.count(query), view.count(query).warnings) == (count, count.warnings)
        # What is excluded is not ranked, so nothing of it is cut.
        assert index.count("golden -gold~1").warnings == index.search("golden -gold~1").warnings == []
        assert index.count("-gold~1") == index.search("-gold~1", count="exact").total == 2
        assert (index.count("gold~1", profile="all"), index.count("gold~1", profile="all").warnings) == (4, [])
        with pytest.raises(ValueError, match="profile"):
            index.count("gold", profile="none")
        with pytest.raises(TypeError, match="unit"):
            index.count("gold", unit=7)  # type: ignore[arg-type]


def test_pins_count_against_the_limit() -> None:
    schema = fs.Schema(key="id", fields={"title": fs.Text()})
    pins = [{"query": "gold", "keys": ["c", "b", "a"]}, {"query": "silver", "keys": ["a", "b"]}]
    with fs.Index.create("memory://", schema, config={"pins": pins}) as index:
        index.upsert([{"id": key, "title": "gold"} for key in "abcde"])
        for query, keys in (("gold", list("cbade")), ("silver", list("ab"))):
            for offset in range(6):
                for limit in range(6):
                    hits = index.search(query, limit=limit, offset=offset, count="exact")
                    assert (hits.keys, hits.total) == (keys[offset : offset + limit], len(keys))


def test_words_stand_together_as_their_synonyms_too() -> None:
    schema = fs.Schema(key="id", fields={"title": fs.Text()})
    config: dict[str, Any] = {
        "ranking": {"phrase_boost": 2.0},
        "synonyms": {"groups": [["uk", "united kingdom"], ["coin", "piece of eight"]]},
    }
    with fs.Index.create("memory://", schema, config=config) as index:
        index.upsert(
            [
                {"id": "apart", "title": "coin from the uk and more"},
                {"id": "short", "title": "uk coin found and sold"},
                {"id": "long", "title": "united kingdom piece of eight"},
                {"id": "turned", "title": "coin uk found and sold"},
            ]
        )
        for query in ("uk coin", "united kingdom coin", "united kingdom piece of eight"):
            hits = index.search(query, explain=True)
            scores = dict(zip(hits.keys, hits.scores, strict=True))
            # Whichever of its ways the text is written in, the words are as rare: equal lengths score alike.
            assert scores["short"] > 2 * scores["turned"] > 0 and scores["short"] == scores["long"]
            assert "synonym of" in str(hits[hits.keys.index("long")].explanation) or query.endswith("eight")
        # A text that is one run has no words that could stand together.
        hits = index.search("united kingdom")
        index.config.patch({"ranking.phrase_boost": 0})
        assert list(index.search("united kingdom").scores) == list(hits.scores)
        index.config.patch({"synonyms.groups": [[f"a{i}", *[f"{c}{i}" for c in "bcdefgh"]] for i in range(4)], "ranking.phrase_boost": 1})
        (warning,) = index.search("a0 a1 a2").warnings
        assert "448 more than 64" in warning


EXTREMES: dict[str, dict[str, Any]] = {
    "least and most": {"ranking": {"k1": 10, "b": 1, "fields": {"title": 1e6, "clue": {"weight": 1e-320, "b": 0}}, "phrase_boost": 1e6}},
    "nothing": {"ranking": {"k1": 0, "b": -0.0, "fields": {"title": 0, "clue": -0.0}, "tie_breaker": 1, "phrase_boost": 1e6}},
    "boosts": {
        "ranking": {
            "boost": [
                {"when": "year < 1800", "weight": 1e6},
                {"when": "year >= 1800", "weight": 0},
                {"field": "year", "function": "square", "weight": 1e6},
                {"field": "found", "half_life": 1e-6, "weight": 1e6},
                {"field": "location", "half_distance": 1e15, "weight": 1e6},
            ]
        }
    },
    "synonyms of nothing": {
        "synonyms": {"groups": [["!!!", "???"], ["gold", "..."], ["--", "coin"]], "oneway": {"***": ["gold"], "silver": ["!!"]}},
        "ranking": {"phrase_boost": 1},
    },
    "stop words for all": {"stopwords": {"words": ["gold", "coin", "the", "of", "silver", "!!!"]}, "ranking": {"phrase_boost": 1}},
    "typos everywhere": {"typos": {"when": "always", "min_length": {"one": 1, "two": 1}}, "limits": {"max_expansions": 1}},
    "one word": {"limits": {"max_clauses": 1}, "ranking": {"phrase_boost": 1, "minimum_match": "100%"}},
    "pins of others": {"pins": [{"query": "gold coin", "keys": ["k4", "k1", "zz"]}, {"query": "coins gold", "hide": ["k1"]}]},
    "hidden by another rule": {
        "pins": [{"query": "gold", "keys": ["k2", "k1"]}, {"query": "Gold!", "hide": ["k2"], "keys": ["k2", "k3"][1:]}]
    },
}


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("combine", ["best", "sum", "bm25f"])
def test_extremes_find_count_and_explain_alike(name: str, combine: str) -> None:
    import math

    given = EXTREMES[name]
    config = {**given, "ranking": {**given.get("ranking", {}), "combine": combine}}
    found = 0
    with fs.Index.create("memory://", SCHEMA, config=config) as index:
        index.upsert(RECORDS)
        for query in (
            "gold",
            "gold coin",
            "the gold coin of",
            "golt",
            '"gold coin" -silver',
            "co*",
            "gold^1000 crwn~2",
            "!!!",
            "",
            "-gold",
        ):
            # What does not add up to its score is refused as a defect.
            hits = index.search(query, explain=True, now="2026-02-01", near=(51.5, -0.12), count="exact")
            for hit in hits:
                found += 1
                told = hit.explanation
                assert told is not None and math.isfinite(hit.score) and told["points"] / told["scale"] == hit.score
                adds_up(told["tree"])
            assert index.count(query) == hits.total == len(hits.keys)
    assert found > 5
