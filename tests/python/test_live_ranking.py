"""A ranking that is a configuration store: published while searches run, numbered beside the index, refused where it does harm."""

from __future__ import annotations

import json
import pathlib
import threading
import time
from typing import Any

import findspot as fs
import pytest
from findspot.config import Mapping, Store, Toml

SCHEMA = fs.Schema(key="id", fields={"title": fs.Text(), "clue": fs.Text(), "year": fs.Integer()})
RECORDS: list[dict[str, Any]] = [
    {"id": "k1", "title": "gold coin", "clue": "under the bridge", "year": 1700},
    {"id": "k2", "title": "silver ring", "clue": "gold gold coin", "year": 1900},
    {"id": "k3", "title": "treasure map", "clue": "of the crown"},
]
TITLES = "[ranking]\nfields = { title = 9.0, clue = 1.0 }\n"
CLUES = "[ranking]\nfields = { title = 1.0, clue = 9.0 }\n"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    with fs.Index.create(tmp_path / "t.findspot", SCHEMA) as index:
        index.upsert(RECORDS)
    (tmp_path / "ranking.toml").write_text(TITLES)
    return tmp_path


def until(true: Any, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def test_a_file_is_followed_and_its_versions_stand_beside_the_index(folder: pathlib.Path) -> None:
    with fs.open(folder / "t.findspot", config=folder / "ranking.toml") as index:
        assert (index.search("gold").keys, index.search("gold").config_version) == (["k1", "k2"], 1)
        (folder / "ranking.toml").write_text(CLUES)
        report = index.config.reload()
        assert report.accepted and index.search("gold").keys == ["k2", "k1"]
        assert index.search("gold").config_version == report.version == 2
    assert {"1", "2"} <= {path.name for path in (folder / "t.findspot" / "config").iterdir()}
    # Equal content is no new version; without config the newest is followed.
    with fs.open(folder / "t.findspot", config=folder / "ranking.toml") as index:
        assert index.search("gold").config_version == 2
    with fs.open(folder / "t.findspot") as index:
        assert (index.search("gold").keys, index.search("gold").config_version) == (["k2", "k1"], 2)
        index.config.rollback(1)
        assert (index.search("gold").keys, index.search("gold").config_version) == (["k1", "k2"], 3)
        index.commit()
        index.gc()
    assert (folder / "t.findspot" / "config" / "3").exists()


def test_every_handle_follows_within_moments(folder: pathlib.Path) -> None:
    with fs.open(folder / "t.findspot", config=folder / "ranking.toml") as first, fs.open(folder / "t.findspot") as second:
        assert second.search("gold").keys == ["k1", "k2"]
        first.config.patch({"ranking.fields": {"title": 1.0, "clue": 9.0}})
        until(lambda: second.search("gold").config_version == 2)
        assert second.search("gold").keys == ["k2", "k1"]


def test_what_does_not_fit_changes_nothing_and_says_where(folder: pathlib.Path) -> None:
    with fs.open(folder / "t.findspot", config=folder / "ranking.toml") as index:
        (folder / "ranking.toml").write_text("[ranking]\nk1 = 0.9\nfields = { titel = 9.0 }\nk2 = 1\n")
        report = index.config.reload()
        assert not report.accepted and index.search("gold").config_version == 1
        problems = {problem.path: problem for problem in report.problems}
        assert set(problems) == {"ranking.k2", "ranking.fields.titel"}, "what cannot be read and what does not fit"
        place = (problems["ranking.k2"].file, problems["ranking.k2"].line, problems["ranking.k2"].column)
        assert place == (str(folder / "ranking.toml"), 4, 1), "a key that is not known stands where it begins"
        assert "4 | k2 = 1\n  | ^^\n" in str(report)
        (folder / "ranking.toml").write_text("[ranking]\nfields = { titel = 9.0 }\n[[ranking.boost]]\nwhen = 'yaer < 1'\nweight = 2\n")
        report = index.config.reload()
        places = {(problem.path, problem.line, problem.column) for problem in report.problems}
        assert places == {("ranking.fields.titel", 2, 12), ("ranking.boost[0].when", 4, 8)}
        with pytest.raises(fs.ConfigError):
            index.config.patch({"ranking.k1": -1})
        assert index.search("gold").keys == ["k1", "k2"]
    with pytest.raises(fs.ConfigError, match="titel"):
        fs.open(folder / "t.findspot", config=folder / "ranking.toml")


def test_a_pin_to_nothing_is_a_warning(folder: pathlib.Path) -> None:
    (folder / "ranking.toml").write_text('[[pins]]\nquery = "gold"\nkeys = ["k3", "gone"]\n')
    with fs.open(folder / "t.findspot", config=folder / "ranking.toml") as index:
        assert index.search("gold").keys == ["k3", "k2", "k1"]
        report = index.config.patch({"limits.timeout_ms": 1000})
        assert [(warning.path, warning.line) for warning in report.warnings] == [("pins[0].keys[1]", 3)]


def test_a_store_of_several_indexes_is_taken_by_all_or_by_none() -> None:
    store = Store(sources=[Mapping({"ranking": {"fields": {"title": 9}}})])
    with fs.Index.create("memory://", SCHEMA, config=store) as first, fs.Index.create("memory://", SCHEMA, config=store) as second:
        for index in (first, second):
            index.upsert(RECORDS)
            assert index.config is store and index.search("gold").keys == ["k1"]
        store.patch({"ranking.fields": {"clue": 9}}, actor="me")
        assert [index.search("gold").keys for index in (first, second)] == [["k2"], ["k2"]]
        assert {index.search("gold").config_version for index in (first, second)} == {store.version} == {2}
        other = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        with pytest.raises(fs.ConfigError, match="clue"):
            fs.Index.create("memory://", other.schema, config=store)
        other.close()
    store.patch({"ranking.fields": {"nowhere": 1}})
    assert store.version == 3, "indexes that are closed refuse nothing"
    store.close()


def test_a_request_that_has_pinned_a_version_searches_under_it() -> None:
    store = Store(sources=[Mapping({"ranking": {"fields": {"title": 9, "clue": 1}}})])
    with fs.Index.create("memory://", SCHEMA, config=store) as index:
        index.upsert(RECORDS)
        with store.pin():
            store.patch({"ranking.fields": {"title": 1, "clue": 9}})
            assert (index.search("gold").keys, index.search("gold").config_version) == (["k1", "k2"], 1)
            index.upsert([{"id": "k4", "title": "gold gold gold"}])
            assert "k4" in index.search("gold").keys, "the configuration is pinned, not the index"
        assert (index.search("gold").keys[0], index.search("gold").config_version) == ("k2", 2)
        with store.pin(version=1):
            assert index.search("gold").config_version == 1
    store.close()


def test_judged_queries_guard_what_is_published(folder: pathlib.Path) -> None:
    judged = [
        {"query": "gold", "judgements": {"k1": 3, "k2": 1}},
        {"query": "crown", "judgements": {"k3": 1}},
    ]
    (folder / "judged.jsonl").write_text("".join(json.dumps(line) + "\n" for line in judged))
    guard = '[guard]\njudgements = "judged.jsonl"\nmax_drop = 0.02\n'
    (folder / "ranking.toml").write_text(TITLES + guard)
    with fs.open(folder / "t.findspot", config=folder / "ranking.toml") as index:
        (folder / "ranking.toml").write_text(CLUES + guard)
        report = index.config.reload()
        assert not report.accepted and index.search("gold").keys == ["k1", "k2"]
        assert report.problems[0].path == "guard.max_drop" and '"gold" 1.0000 to' in report.problems[0].got
        with pytest.raises(fs.ConfigError, match="nDCG"):
            index.config.patch({"ranking.fields": {"title": 1.0, "clue": 9.0}})
        assert index.config.patch({"ranking.k1": 1.0}).accepted
        assert index.config.reload(force=True).accepted and index.search("gold").keys == ["k2", "k1"]
        index.config.patch({"guard.baseline": 1}, force=True)
        report = index.config.patch({"ranking.b": 0.7}, force=True)
        with pytest.raises(fs.ConfigError, match="nDCG"):
            index.config.patch({"ranking.b": 0.6})


def test_searches_go_on_while_rankings_and_documents_change(folder: pathlib.Path) -> None:
    with fs.open(folder / "t.findspot", config=folder / "ranking.toml") as index:
        over, wrong = threading.Event(), list[object]()

        def search() -> None:
            last = 0
            while not over.is_set():
                hits = index.search("gold coin")
                if hits.config_version < last or len(hits) < 2:
                    wrong.append((hits.config_version, last, hits.keys))
                # Odd versions prefer titles, even ones clues.
                first = hits.keys[0]
                if first != ("k1" if hits.config_version % 2 else "k2"):
                    wrong.append((first, hits.config_version))
                last = hits.config_version

        threads = [threading.Thread(target=search) for _ in range(3)]
        [thread.start() for thread in threads]
        for round in range(30):
            weights = {"title": 1.0, "clue": 9.0 + round} if index.config.version % 2 else {"title": 9.0 + round, "clue": 1.0}
            index.config.patch({"ranking.fields": weights})
            index.upsert([{"id": f"x{round}", "title": "silver"}])
        over.set()
        [thread.join() for thread in threads]
        assert not wrong and index.config.version == 31


def test_a_mapping_stays_the_handles_own_when_its_store_is_asked_for(folder: pathlib.Path) -> None:
    with fs.open(folder / "t.findspot", config={"fields": {"clue": 1.0}}) as index:
        assert index.search("gold").keys == ["k2"]
        assert not (folder / "t.findspot" / "config").exists()
        index.config.patch({"ranking.operator": "and"})
        assert index.search("gold ring").keys == [] and index.search("gold").keys == ["k2"]
        assert index.config.current.ranking.fields["clue"] == 1.0
    with fs.open(folder / "t.findspot") as index:
        assert sorted(index.search("gold").keys) == ["k1", "k2"], "nobody else follows what one handle was given"


def test_the_store_of_a_toml_file_watches(folder: pathlib.Path) -> None:
    store = Store(sources=[Toml(str(folder / "ranking.toml"))])
    with fs.open(folder / "t.findspot", config=store) as index:
        store.watch()
        (folder / "ranking.toml").write_text(CLUES)
        until(lambda: index.search("gold").keys == ["k2", "k1"])
    store.close()


def test_an_index_is_not_made_with_a_ranking_that_does_not_fit(tmp_path: pathlib.Path) -> None:
    (tmp_path / "ranking.toml").write_text("[ranking]\nfields = { titel = 1 }\n")
    with pytest.raises(fs.ConfigError, match="titel"):
        fs.Index.create(tmp_path / "new.findspot", SCHEMA, config=tmp_path / "ranking.toml")
    assert not (tmp_path / "new.findspot" / "manifest").exists()


def test_a_mapping_is_the_handles_own(tmp_path: pathlib.Path) -> None:
    folder, ranking = tmp_path / "own.findspot", tmp_path / "ranking.toml"
    fs.Index.create(folder, fs.Schema(key="id", fields={"clue": fs.Text()})).close()
    ranking.write_text("[ranking]\nk1 = 2.5\n", encoding="utf-8")
    with fs.open(folder, config=ranking) as shared, fs.open(folder, config={"k1": 9.0}) as own:
        assert (shared.config.version, own.config.current.ranking.k1) == (1, 9.0)
        own.config.patch({"ranking.k1": 8.0})
        assert (own.search("gold").config_version, own.config.current.ranking.k1) == (2, 8.0)
        assert (shared.config.version, shared.config.current.ranking.k1) == (1, 2.5)
        assert [entry.version for entry in shared.config.history()] == [1]


def test_pins_to_nothing_by_the_thousand_are_told_by_some_and_counted(folder: pathlib.Path) -> None:
    rules = "".join(f'[[pins]]\nquery = "q{number} gold"\nkeys = ["k1", "gone{number}"]\n' for number in range(3000))
    (folder / "ranking.toml").write_text(rules)
    with fs.open(folder / "t.findspot", config=folder / "ranking.toml") as index:
        report = index.config.patch({"ranking.k1": 1.0})
        assert [warning.path for warning in report.warnings] == [*(f"pins[{number}].keys[1]" for number in range(20)), "pins"]
        assert report.warnings[3].line == 12 and report.warnings[-1].got == "2980 more that no document has"
        # Looked up again when the documents change, and only then.
        index.upsert([{"id": f"gone{number}", "title": "there"} for number in range(2999)])
        assert [warning.path for warning in index.config.patch({"ranking.k1": 1.1}).warnings] == ["pins[2999].keys[1]"]
        assert [warning.path for warning in index.config.patch({"ranking.k1": 1.2}).warnings] == ["pins[2999].keys[1]"]
        index.delete(["gone7"])
        assert [warning.path for warning in index.config.patch({"ranking.k1": 1.3}).warnings] == ["pins[7].keys[1]", "pins[2999].keys[1]"]


def test_all_that_is_wrong_is_told_at_once(folder: pathlib.Path) -> None:
    with fs.open(folder / "t.findspot", config=folder / "ranking.toml") as index:
        (folder / "ranking.toml").write_text(
            '[ranking]\nk1 = -1\nfields = { titel = 1 }\n[[ranking.boost]]\nfield = "title"\nweight = 1.0\n[synonyms.oneway]\na = ["b"]\nb = ["a"]\n'
            '[experiments.e]\nshare = 2\nprofile = "q"\n[profiles.m.ranking]\nfields = { zz = 1 }\n[rankng]\nk1 = 1\n'
        )
        report = index.config.reload()
        lines = {problem.path: problem.line for problem in report.problems}
        assert lines == {
            "ranking.k1": 2,
            "ranking.fields.titel": 3,
            "ranking.boost[0].field": 5,
            "synonyms.oneway.b[0]": 9,
            "experiments.e.share": 11,
            "experiments.e.profile": 12,
            "profiles.m.ranking.fields.zz": 14,
            "rankng": 15,
        }
        hints = {problem.path: problem.hint for problem in report.problems if problem.hint}
        assert hints == {"ranking.fields.titel": 'did you mean "title"?', "rankng": 'did you mean "ranking"?'}
        (folder / "ranking.toml").write_text("k1 = 0.9\n")
        (problem,) = index.config.reload().problems
        assert (problem.path, problem.line) == ("k1", 1) and problem.expected == "k1 in the table ranking"
