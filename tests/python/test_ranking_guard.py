"""The guard of a ranking: which version's it is, what it judges, and where its file is looked for."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import findspot as fs
import pytest
from findspot.cli import main
from findspot.config import Store, Toml

SCHEMA = fs.Schema(key="id", fields={"title": fs.Text(), "clue": fs.Text()})
RECORDS = [
    {"id": "k1", "title": "gold coin", "clue": "under the bridge"},
    {"id": "k2", "title": "silver ring", "clue": "gold gold coin"},
    {"id": "k3", "title": "treasure map", "clue": "of the crown"},
]
JUDGED = [{"query": "gold", "judgements": {"k1": 3, "k2": 1}}, {"query": "crown", "judgements": {"k3": 1}}]
TITLES = "[ranking]\nfields = { title = 9.0, clue = 1.0 }\n"
CLUES = "[ranking]\nfields = { title = 1.0, clue = 9.0 }\n"
GUARD = '[guard]\njudgements = "judged/queries.jsonl"\nmax_drop = 0.02\n'


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """An index, and beside it a folder with a ranking, whose judged queries are relative to it; the process stands elsewhere."""
    with fs.Index.create(tmp_path / "t.findspot", SCHEMA) as index:
        index.upsert(RECORDS)
    (tmp_path / "conf" / "judged").mkdir(parents=True)
    (tmp_path / "conf" / "judged" / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in JUDGED))
    (tmp_path / "conf" / "ranking.toml").write_text(TITLES + GUARD)
    return tmp_path


def ranking(folder: pathlib.Path) -> pathlib.Path:
    return folder / "conf" / "ranking.toml"


@pytest.mark.parametrize(
    "guard",
    ["", GUARD.replace("0.02", "1.0"), '[guard]\njudgements = "judged/easy.jsonl"\n'],
    ids=["taken away", "loosened", "other queries"],
)
def test_no_version_loosens_the_guard_that_judges_it(folder: pathlib.Path, guard: str) -> None:
    (folder / "conf" / "judged" / "easy.jsonl").write_text('{"query": "crown", "judgements": {"k3": 1}}\n')
    with fs.open(folder / "t.findspot", config=ranking(folder)) as index:
        ranking(folder).write_text(CLUES + guard)
        report = index.config.reload()
        assert not report.accepted and index.search("gold").keys == ["k1", "k2"]
        (problem,) = report.problems
        assert (problem.path, problem.file, problem.line) == ("guard.max_drop", str(ranking(folder)), 5)
        assert problem.hint is not None and "version 1, which is live" in problem.hint
        # What ranks as before has nothing to lose: the guard alone is changed without force, and holds from then on.
        ranking(folder).write_text(TITLES + guard)
        assert index.config.reload().accepted
        ranking(folder).write_text(CLUES + guard)
        assert index.config.reload().accepted and index.search("gold").keys == ["k2", "k1"]


def test_what_the_live_guard_and_the_new_one_have_against_it_is_told_once(folder: pathlib.Path) -> None:
    with fs.open(folder / "t.findspot", config=ranking(folder)) as index:
        ranking(folder).write_text(CLUES + GUARD + "max_cost_ratio = 1000000\n")
        (problem,) = index.config.reload().problems
        assert problem.hint is not None and "version 1, which is live" in problem.hint


def test_a_stricter_guard_judges_the_version_that_brings_it(folder: pathlib.Path) -> None:
    ranking(folder).write_text(TITLES)
    with fs.open(folder / "t.findspot", config=ranking(folder)) as index:
        ranking(folder).write_text(CLUES + GUARD)
        assert [problem.path for problem in index.config.reload().problems] == ["guard.max_drop"]
        with pytest.raises(fs.ConfigError, match="nDCG"):
            index.config.patch({"guard": {"judgements": "judged/queries.jsonl"}, "ranking.fields": {"title": 1, "clue": 9}})


@pytest.mark.parametrize("arm", ["profile", "experiment"])
def test_profiles_and_experiments_are_judged_by_name(folder: pathlib.Path, arm: str) -> None:
    worse = "[profiles.mobile.ranking]\nfields = { title = 1.0, clue = 9.0 }\n"
    trial = '[experiments.trial]\nshare = 0.1\nprofile = "mobile"\n'
    with fs.open(folder / "t.findspot", config=ranking(folder)) as index:
        ranking(folder).write_text(TITLES + GUARD + worse)
        if arm == "profile":
            (problem,) = index.config.reload().problems
            assert problem.got.startswith('profile "mobile": ') and '"gold" 1.0000 to' in problem.got
        else:
            assert index.config.reload(force=True).accepted
            ranking(folder).write_text(TITLES + GUARD + worse + trial)
            (problem,) = index.config.reload().problems
            assert problem.got.startswith('experiment "trial", profile "mobile": ') and '"gold" 1.0000 to' in problem.got
            # A profile that nobody is newly sent to stays as it is.
            ranking(folder).write_text(TITLES + GUARD + worse + "[limits]\nmax_clauses = 100\n")
            assert index.config.reload().accepted
        with pytest.raises(fs.ConfigError, match='profile "other"'):
            index.config.patch({"profiles.other.pins": [{"query": "gold", "hide": ["k1"]}]})


def test_what_takes_no_time_limit_is_not_judged_by_one(folder: pathlib.Path) -> None:
    with fs.open(folder / "t.findspot", config=ranking(folder)) as index:
        assert index.config.patch({"limits.timeout_ms": 1}).accepted


def test_opening_with_a_file_publishes_nothing_that_the_index_or_its_guard_refuses(folder: pathlib.Path) -> None:
    with fs.open(folder / "t.findspot", config=ranking(folder)):
        pass
    for text, match in ((CLUES, "nDCG"), (CLUES + GUARD, "nDCG"), ("[ranking]\nfields = { titel = 1 }\n", "titel")):
        ranking(folder).write_text(text)
        with pytest.raises(fs.ConfigError, match=match):
            fs.open(folder / "t.findspot", config=ranking(folder))
        with fs.open(folder / "t.findspot") as index:
            assert (index.search("gold").keys, index.search("gold").config_version) == (["k1", "k2"], 1)
    # A baseline that is named is known while the index is being opened.
    ranking(folder).write_text(TITLES + GUARD + "baseline = 1\n")
    with fs.open(folder / "t.findspot", config=ranking(folder)) as index:
        assert index.config.version == 2
    ranking(folder).write_text(CLUES + GUARD + "baseline = 1\n")
    with pytest.raises(fs.ConfigError, match="nDCG"):
        fs.open(folder / "t.findspot", config=ranking(folder))


def test_judged_queries_are_found_from_any_folder(
    folder: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    worse = {"ranking.fields": {"title": 1.0, "clue": 9.0}}
    with fs.open(folder / "t.findspot", config="../conf/ranking.toml") as index:
        with pytest.raises(fs.ConfigError, match="nDCG"):
            index.config.patch(worse)
        ranking(folder).write_text(CLUES + GUARD)
        assert "nDCG" in index.config.reload().problems[0].expected
        ranking(folder).write_text(TITLES + "tie_breaker = 0.1\n" + GUARD)
        assert index.config.reload().accepted
    # Whoever only follows knows where the file stands that named it.
    with fs.open(folder / "t.findspot") as index, pytest.raises(fs.ConfigError, match="nDCG"):
        index.config.patch(worse)
    # A store of the program's own.
    with Store(sources=[Toml(ranking(folder))]) as store, fs.open(folder / "t.findspot", config=store):
        with pytest.raises(fs.ConfigError, match="nDCG"):
            store.patch(worse)
    # And what is pushed says where it was pushed from.
    (tmp_path / "elsewhere" / "next.toml").write_text(CLUES)
    assert main(["config", "push", "../t.findspot", "next.toml"]) == 1
    assert "nDCG" in capsys.readouterr().err
    (tmp_path / "elsewhere" / "mine").mkdir()
    (tmp_path / "elsewhere" / "mine" / "judged.jsonl").write_text(json.dumps(JUDGED[0]) + "\n")
    (tmp_path / "elsewhere" / "mine" / "guard.toml").write_text('[guard]\njudgements = "judged.jsonl"\n')
    assert main(["config", "push", "../t.findspot", "mine/guard.toml"]) == 0
    monkeypatch.chdir(tmp_path)
    assert main(["config", "push", "t.findspot", "elsewhere/next.toml"]) == 1
    assert "nDCG" in capsys.readouterr().err


def test_judged_queries_that_are_missing_are_a_problem_with_a_place(folder: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    with fs.open(folder / "t.findspot", config=ranking(folder)) as index:
        ranking(folder).write_text(CLUES + GUARD.replace("queries", "gone"))
        problems = {(problem.path, problem.line): problem for problem in index.config.reload().problems}
        assert set(problems) == {("guard.max_drop", 5), ("guard.judgements", 4)}
        assert str(folder / "conf" / "judged" / "gone.jsonl") in problems["guard.judgements", 4].got
        (folder / "conf" / "judged" / "queries.jsonl").write_text('{"query": "gold"}\n')
        ranking(folder).write_text(CLUES + GUARD)
        (problem,) = index.config.reload().problems
        assert problem.line == 4 and "queries.jsonl: line 1: missing field" in problem.got
    (folder / "conf" / "judged" / "queries.jsonl").unlink()
    ranking(folder).write_text(TITLES + GUARD)
    with caplog.at_level("WARNING", "findspot"), fs.open(folder / "t.findspot", config=ranking(folder)) as index:
        assert index.search("gold").keys == ["k1", "k2"], "a service starts without the file of its guard, and says so"
    assert any("guard.judgements" in record.getMessage() for record in caplog.records)


def test_a_watched_file_is_guarded(folder: pathlib.Path) -> None:
    import time

    with fs.open(folder / "t.findspot", config=ranking(folder)) as index:
        index.config.watch()
        ranking(folder).write_text(CLUES)
        end = time.monotonic() + 5
        while not (reports := [report for report in _refused(index) if report]):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert reports and index.search("gold").keys == ["k1", "k2"]


def _refused(index: Any) -> list[float]:
    return [index.config.metrics()["rejects_total"]]


def test_a_file_is_checked_against_an_index_as_it_would_be_published(
    folder: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index, file = str(folder / "t.findspot"), tmp_path / "next.toml"

    def check(text: str, *words: str) -> tuple[int, str]:
        file.write_text(text)
        code = main(["config", "check", str(file), "--index", index, *words])
        out = capsys.readouterr()
        return code, out.out + out.err

    # Nothing is published by that, also where there is no version yet.
    assert check(TITLES) == (0, "accepted: 2 values\n")
    assert not (folder / "t.findspot" / "config").exists()
    code, said = check('[ranking]\nfields = { titel = 1 }\n[[ranking.boost]]\nwhen = "yaer < 1"\nweight = 2\n')
    assert code == 1
    assert f"{file}:2:12: ranking.fields.titel: " in said and 'did you mean "title"?' in said
    assert f"{file}:4:8: ranking.boost[0].when: " in said and '4 | when = "yaer < 1"' in said
    code, said = check('[[pins]]\nquery = "gold"\nkeys = ["k1", "gone"]\n')
    assert code == 0 and f'{file}:3:15: pins[0].keys[1]: expected the key of a document, got "gone"' in said
    found = json.loads(check('[[pins]]\nquery = "gold"\nkeys = ["gone"]\n', "--json")[1])
    assert (found["accepted"], [one["path"] for one in found["warnings"]]) == (True, ["pins[0].keys[0]"])
    code, said = check('[guard]\njudgements = "nowhere.jsonl"\n')
    assert code == 1 and f"{file}:2:14: guard.judgements: " in said and str(tmp_path / "nowhere.jsonl") in said
    # The guard that is live is asked.
    with fs.open(index, config=ranking(folder)):
        pass
    code, said = check(CLUES)
    assert code == 1 and "nDCG" in said and '"gold" 1.0000 to' in said
    code, said = check(CLUES + GUARD.replace("judged/queries", str(folder / "conf" / "judged" / "queries")).replace("0.02", "0.01"))
    assert code == 1 and f"{file}:5:12: guard.max_drop: " in said
    with fs.open(index) as opened:
        assert opened.config.version == 1


def test_what_is_pushed_and_refused_is_told_with_its_place(
    folder: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fs.open(folder / "t.findspot", config=ranking(folder)):
        pass
    file = tmp_path / "next.toml"
    file.write_text('[ranking]\nk1 = 11\nfields = { titel = 2 }\n[[pins]]\nquery = "gold"\nkeys = [1.5]\n')
    assert main(["config", "push", str(folder / "t.findspot"), str(file)]) == 1
    said = capsys.readouterr().err
    assert f"{file}:2:6: ranking.k1: expected a number from 0 to 10, got 11" in said
    assert f"{file}:6:9: pins[0].keys[0]: " in said
    assert main(["config", "push", str(folder / "t.findspot"), str(file), "--json"]) == 1
    problems = {problem["path"]: problem for problem in json.loads(capsys.readouterr().out)["error"]["problems"]}
    assert (problems["ranking.k1"]["file"], problems["ranking.k1"]["line"], problems["ranking.k1"]["column"]) == (str(file), 2, 6)
