"""Stores without sources, as processes: they take what others publish, and publish nothing by themselves."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import findspot as fs
import pytest
from findspot.config import Defaults, Json, Mapping, Store

# Opens, reloads and watches again and again beside a publisher, each third time with a class that what is published does not fit.
FOLLOWER = """
import sys, time
from dataclasses import dataclass
import findspot as fs
from findspot.config import Defaults, Store

@dataclass
class Other:
    c: int = 5

refused, last, end = 0, 0, time.monotonic() + 60
while last < 40 and time.monotonic() < end:
    for schema, sources in ((None, []), (None, [Defaults()]), (Other, [])):
        try:
            with Store(schema, sources=sources, folder=sys.argv[1]) as store:
                store.watch()
                report = store.reload()
                assert not report.changed, report
                last = max(last, store.version)
        except fs.ConfigError:
            refused += 1
print(last, refused > 0)
"""


def objects(folder: pathlib.Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_processes_that_only_follow_publish_nothing(tmp_path: pathlib.Path) -> None:
    folder, file = tmp_path / "versions", tmp_path / "app.json"
    folder.mkdir()
    followers = [subprocess.Popen([sys.executable, "-c", FOLLOWER, str(folder)], stdout=subprocess.PIPE) for _ in range(2)]
    time.sleep(0.3)  # they are there before the first version
    file.write_text('{"a": 1}')
    with Store(sources=[Json(file)], folder=folder, keep=100) as store:
        assert store.version == 1
        for number in range(2, 41):
            file.write_text(f'{{"a": {number}}}')
            report = store.reload(actor="publisher")
            assert (report.changed, report.version) == (True, number)
            time.sleep(0.01)
        for follower in followers:
            out, _ = follower.communicate(timeout=90)
            assert (follower.returncode, out.split()) == (0, [b"40", b"True"])
        assert [entry.actor for entry in store.history()[1:]] == ["publisher"] * 39
        assert store.current.a == 40 and store.metrics()["followed_total"] == 0


def test_a_follower_reads_defaults_until_there_is_a_version(tmp_path: pathlib.Path) -> None:
    @dataclass
    class App:
        a: int = 7

    @dataclass
    class Needs:
        a: int

    folder = tmp_path / "versions"
    with Store(App, folder=folder) as store:
        assert (store.version, store.current.a, store.history(), store.reload().changed) == (0, 7, [], False)
        assert store.for_unit("anybody").a == 7 and store.check() == []
        assert not folder.exists()
        with store.pin() as config, Store(App, sources=[Mapping({"a": 1})], folder=folder):
            deadline = time.monotonic() + 20
            while store.version < 1 and time.monotonic() < deadline:
                time.sleep(0.005)
            assert (store.current.a, config.a, store.pinned().a) == (1, 7, 7)
    with pytest.raises(fs.ConfigError, match="open a store with sources") as caught:
        Store(Needs, folder=tmp_path / "other")
    assert [problem.code for problem in caught.value.problems] == ["no_version", "missing"]
    assert not (tmp_path / "other").exists()


def test_what_is_asked_for_is_published(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "versions"
    with Store(folder=folder) as store:
        report = store.patch({"a": 1}, expect_version=0)
        assert (report.version, report.diff.paths) == (1, ("a",))
        store.patch({"a": 2})
        assert store.rollback(1).version == 3
        assert (store.reload().changed, store.metrics()["held"]) == (False, 1.0)
        assert (store.resume().version, store.metrics()["held"], store.current.a) == (4, 0.0, 1)
    assert objects(folder) == ["1", "2", "3", "4"]


def test_an_index_that_is_only_opened_gets_no_version(tmp_path: pathlib.Path) -> None:
    schema = fs.Schema(key="id", fields={"title": fs.Text(), "clue": fs.Text()})
    url = tmp_path / "t.findspot"
    with fs.Index.create(url, schema) as index:
        index.upsert([{"id": "k1", "title": "gold"}, {"id": "k2", "clue": "gold gold"}])
        index.commit()
    ranking = tmp_path / "ranking.toml"
    ranking.write_text("[ranking]\nfields = { title = 9.0, clue = 1.0 }\n")
    with fs.open(url) as reader:
        assert (reader.config.version, reader.config.history(), reader.search("gold").keys) == (0, [], ["k2", "k1"])
        assert not reader.config.reload().changed and not (url / "config").exists()
        with fs.open(url, config=ranking) as publisher:
            assert publisher.config.version == 1
            deadline = time.monotonic() + 20
            while reader.search("gold").keys != ["k1", "k2"] and time.monotonic() < deadline:
                time.sleep(0.005)
            assert (reader.search("gold").keys, reader.config.version) == (["k1", "k2"], 1)


def test_places_of_values_stay_those_of_the_files(tmp_path: pathlib.Path) -> None:
    folder, file = tmp_path / "versions", tmp_path / "app.json"

    def store() -> Store[Any]:
        return Store(sources=[Json(file)], folder=folder)

    file.write_text('{"a": 1,\n "b": 2}')
    with store() as first:
        assert first.explain("b").place == f"{file}:2:7"
        for value in range(3, 30):
            file.write_text(f'{{"a": 1,\n "b": {value}}}')
            assert first.reload().changed and first.explain("b").place == f"{file}:2:7"
    with store() as second:
        assert (second.version, second.explain("b").place) == (28, f"{file}:2:7")
        with store() as other:
            other.patch({"a": 5})
            deadline = time.monotonic() + 20
            while second.version < 29 and time.monotonic() < deadline:
                time.sleep(0.005)
        assert (second.explain("b").place, second.explain("a").place) == (f"{file}:2:7", "patch")
        assert [(change.path, change.old_place) for change in second.diff(28)] == [("a", f"{file}:1:7")]
    # Who has no sources knows it from the version.
    with Store(folder=folder) as tool:
        assert (str(tool.explain("b")), str(tool.explain("a"))) == (f"b = 29\n  from {file}:2:7", "a = 5\n  from patch")
        assert [(change.path, change.old_place, change.new_place) for change in tool.diff(28)] == [("a", f"{file}:1:7", "patch")]


def test_a_patch_that_a_new_class_does_not_know_is_named_with_the_command_that_withdraws_it(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from findspot.cli import main

    @dataclass
    class Old:
        a: int = 1
        old: int = 2

    @dataclass
    class New:
        a: int = 1

    folder, file = tmp_path / "versions", tmp_path / "app.json"
    file.write_text('{"a": 1}')
    with Store(Old, sources=[Json(file)], folder=folder) as store:
        store.patch({"old": 9})
        store.patch({"a": 5})
    with pytest.raises(fs.ConfigError) as caught:
        Store(New, sources=[Json(file)], folder=folder)
    (problem,) = caught.value.problems
    assert (problem.path, problem.file) == ("old", "patch") and problem.hint is not None
    command = problem.hint.split("`")[-2].split()
    assert command[:3] == ["findspot", "config", "unpatch"] and main(command[1:]) == 0
    with Store(New, sources=[Json(file)], folder=folder) as new:
        assert new.current.a == 5, "the other patch stands"
    # Going back to before the patch gets out of it too, and `resume` ends the hold.
    with Store(Old, sources=[Json(file)], folder=folder) as store:
        store.patch({"old": 9})
        before = store.version - 1
    assert main(["config", "rollback", str(folder), str(before)]) == 0
    with Store(New, sources=[Json(file)], folder=folder) as new:
        assert (new.current.a, new.metrics()["held"]) == (5, 1.0)
        assert main(["config", "resume", str(folder)]) == 0
        assert "sources count again" in capsys.readouterr().out
        file.write_text('{"a": 6}')
        assert new.unpatch("a").accepted and new.current.a == 6


def test_defaults_with_values_are_a_source(tmp_path: pathlib.Path) -> None:
    with Store(sources=[Defaults({"a": 1})], folder=tmp_path / "versions") as store:
        assert (store.version, store.current.a) == (1, 1)
