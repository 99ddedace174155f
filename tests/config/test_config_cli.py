"""`findspot config`: what a service would refuse is refused from the shell, with exit code 1 and the line shown."""

from __future__ import annotations

import json
import pathlib
import time
from typing import Any

import findspot as fs
import pytest
from findspot.cli import main
from findspot.config import Json, Mapping, Store, immutable_paths


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    with Store(sources=[Mapping({"limits": {"most": 5}, "name": "a"})], folder=tmp_path / "versions") as store:
        store.patch({"limits.most": 6}, actor="ann", reason="more")
    return tmp_path / "versions"


def said(capsys: pytest.CaptureFixture[str], *words: Any) -> Any:
    code = main([str(word) for word in words])
    out = capsys.readouterr()
    assert code == 0, out.err
    return json.loads(out.out) if "--json" in words else out.out


def test_check_accepts_and_refuses(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text("[limits]\nmost = 5\n")
    bad.write_text("[limits]\nmost = 5\nmost = 6\n")
    assert said(capsys, "config", "check", good) == "accepted: 1 values\n"
    assert main(["config", "check", str(bad)]) == 1
    assert f"{bad}:3:" in capsys.readouterr().err
    assert main(["config", "check", str(tmp_path / "app.ini")]) == 1
    assert "expected a name that ends with" in capsys.readouterr().err


def test_problems_are_one_json_document(tmp_path: pathlib.Path, folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[limits]\nmost = 5\nmost = 6\n")
    for words in (["check", bad], ["push", folder, bad]):
        assert main(["config", *map(str, words), "--json"]) == 1
        error = json.loads(capsys.readouterr().out)["error"]
        assert error["type"] == "ConfigError"
        (problem,) = error["problems"]
        assert (problem["file"], problem["line"], problem["path"]) == (str(bad), 3, "limits.most")
    assert main(["config", "check", str(tmp_path / "nope.toml"), "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert str(tmp_path / "nope.toml") in error["message"]
    assert len(error["problems"]) == 1


def test_check_against_a_class(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shape_of_app.py").write_text("from dataclasses import dataclass\n@dataclass\nclass App:\n    port: int\n")
    (tmp_path / "app.json").write_text('{"port": "x"}')
    monkeypatch.chdir(tmp_path)
    assert main(["config", "check", "app.json", "--schema", "shape_of_app:App"]) == 1
    assert "expected integer" in capsys.readouterr().err
    (tmp_path / "app.json").write_text('{"port": 5}')
    assert main(["config", "check", "app.json", "--schema", "shape_of_app:App"]) == 0


def test_history_push_diff_rollback_explain(folder: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = said(capsys, "config", "history", folder, "--json")
    assert [(entry["version"], entry["actor"], entry["reason"]) for entry in entries] == [(1, "", ""), (2, "ann", "more")]
    file = tmp_path / "next.toml"
    file.write_text("[limits]\nmost = 9\n")
    pushed = said(capsys, "config", "push", folder, file, "--actor", "bob", "--expect", "2", "--json")
    assert pushed["version"] == 3 and [change["path"] for change in pushed["changes"]] == ["limits.most"]
    assert said(capsys, "config", "diff", "--store", folder, "2", "3").startswith("~ limits.most: 6 → 9")
    assert main(["config", "push", str(folder), str(file), "--expect", "2"]) == 1
    assert "expected version 2" in capsys.readouterr().err
    assert "version 4 says what version 1 said" in said(capsys, "config", "rollback", folder, "1")
    assert said(capsys, "config", "explain", "limits.most", "--store", folder).startswith("limits.most = 5")
    assert "bob" in said(capsys, "config", "history", folder)
    with Store(folder=folder) as store:
        assert store.current.limits.most == 5 and store.current.name == "a"
    assert said(capsys, "config", "push", folder, file, "--force", "--json")["version"] == 5
    assert [entry["forced"] for entry in said(capsys, "config", "history", folder, "--json")] == [False] * 4 + [True]
    assert said(capsys, "config", "history", folder).splitlines()[0].split() == [
        "version",
        "time",
        "kind",
        "actor",
        "current",
        "forced",
        "reason",
    ]


def test_the_history_shows_who_overruled_a_guard(tmp_path: pathlib.Path) -> None:
    with Store(sources=[Mapping({"k": 1, "n": 1})], guards=[immutable_paths("k")], folder=tmp_path / "versions") as store:
        with pytest.raises(fs.ConfigError, match="`force` overrules it, and the history shows that"):
            store.patch({"k": 2})
        store.patch({"n": 2})
        store.patch({"k": 2}, force=True, actor="ops", reason="as agreed")
        assert [(entry.version, entry.forced) for entry in store.history()] == [(1, False), (2, False), (3, True)]


def test_two_files_are_compared_and_secrets_stay_inside(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.yaml"
    old.write_text('{"a": 1, "password": "s3cr3t-1"}')
    new.write_text("a: 2\npassword: s3cr3t-2\n")
    text = said(capsys, "config", "diff", old, new)
    assert "~ a: 1 → 2" in text and "password" in text and "s3cr3t" not in text
    assert "s3cr3t" not in said(capsys, "config", "explain", "password", old)


def test_words_of_the_user_s_own_make_values_of_files_secrets(
    folder: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, bad = tmp_path / "old.json", tmp_path / "new.json", tmp_path / "bad.json"
    old.write_text('{"license": "abracadabra", "salt": "sesame", "url": "pg://app:swordfish@h"}')
    new.write_text('{"license": "abracadabra-2", "salt": "sesame-2", "url": "pg://app:swordfish-2@h"}')
    bad.write_text('{"license": "abracadabra", "salt": ')
    words = ["--secret-name", "license", "--secret-name", "salt"]
    shown = said(capsys, "config", "diff", old, new, *words)
    assert "license" in shown and "salt" in shown
    shown += said(capsys, "config", "explain", "license", old, *words) + said(capsys, "config", "explain", "url", old)
    assert main(["config", "check", str(bad), *words]) == 1
    out = capsys.readouterr()
    shown += out.out + out.err
    assert not any(secret in shown for secret in ("abracadabra", "sesame", "swordfish")), shown
    assert "abracadabra" in said(capsys, "config", "explain", "license", old)
    assert main(["config", "explain", "name", "--store", str(folder), *words]) == 1
    assert "--secret-name" in capsys.readouterr().err


def test_wrong_usage(folder: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["config", "history", str(tmp_path / "nothing")], ["config", "rollback", str(folder), "99"], ["config", "explain", "a"]):
        assert main(words) == 1
        assert capsys.readouterr().err.startswith("findspot: ")
    with pytest.raises(SystemExit) as caught:
        main(["config"])
    assert caught.value.code == 2


def everything(folder: pathlib.Path) -> dict[str, tuple[int, int]]:
    """All that stands below a folder, with sizes and times."""
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in [folder, *folder.rglob("*")]}


LOOKING = (["history", "{}"], ["diff", "--store", "{}", "1"], ["explain", "name", "--store", "{}"])


def test_looking_writes_nothing(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "app.json"
    file.write_text('{"name": "a", "password": "hunter2hunter2"}')
    # With secrets whose sources the command has none of.
    with Store(sources=[Json(file)], folder=tmp_path / "versions") as store:
        store.patch({"name": "b"})
    for _ in range(2):
        before = everything(tmp_path)
        for words in LOOKING:
            text = said(capsys, "config", *(word.format(tmp_path / "versions") for word in words))
            assert text and "hunter2" not in text
        assert said(capsys, "config", "check", file)
        assert everything(tmp_path) == before
    assert "(secret)" in said(capsys, "config", "explain", "password", "--store", tmp_path / "versions")


def test_what_is_no_store_is_named_and_left_alone(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, empty = tmp_path / "home", tmp_path / "empty"
    empty.mkdir()
    (home / "1.d").mkdir(parents=True)
    (home / "notes.txt").write_text("x")
    file = tmp_path / "next.toml"
    file.write_text("most = 9\n")
    before = everything(tmp_path)
    repairing = (["rollback", "{}", "1"], ["unpatch", "{}", "a"], ["resume", "{}"])
    for folder in (home, empty):
        for words in (*LOOKING, *repairing):
            assert main(["config", *(word.format(folder) for word in words)]) == 1
            error = capsys.readouterr().err
            assert str(folder) in error and "found no version" in error and "findspot config push" in error, error
    assert main(["config", "push", str(home), str(file)]) == 1
    assert "in an empty folder" in capsys.readouterr().err
    assert main(["config", "history", str(empty), "--json"]) == 1
    assert "found no version" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert everything(tmp_path) == before
    # What the message says works.
    assert main(["config", "push", str(empty), str(file)]) == 0
    assert said(capsys, "config", "history", empty).count("\n") >= 2


def test_an_index_without_a_configuration(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = tmp_path / "t.findspot"
    with fs.Index.create(url, fs.Schema(key="id", fields={"title": fs.Text()})) as index:
        index.upsert([{"id": "k1", "title": "gold"}])
        index.commit()
    before = everything(url)
    for words in LOOKING:
        assert main(["config", *(word.format(url) for word in words)]) == 1
        assert f"`findspot config push {url} FILE` publishes one" in capsys.readouterr().err
    assert everything(url) == before
    ranking = tmp_path / "ranking.toml"
    ranking.write_text("[ranking]\nk1 = 1.5\n")
    assert main(["config", "push", str(url), str(ranking)]) == 0
    capsys.readouterr()
    before = everything(url)
    assert said(capsys, "config", "explain", "ranking.k1", "--store", url).startswith("ranking.k1 = 1.5")
    assert "accepted" in said(capsys, "config", "check", ranking, "--index", url)
    assert everything(url) == before
    # The index checks what is pushed to it; what it cannot take can be taken back all the same.
    ranking.write_text("[ranking]\nk1 = -1\n")
    assert main(["config", "push", str(url), str(ranking)]) == 1
    with Store(folder=url / "config") as store:
        store.patch({"ranking.k1": -1})
    with pytest.raises(fs.ConfigError):
        fs.open(url)
    assert main(["config", "rollback", str(url), "1"]) == 0
    with fs.open(url) as index:
        assert index.config.current.ranking.k1 == 1.5


def test_unpatch_and_resume(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "~ limits.most: 6 → 5" in said(capsys, "config", "unpatch", folder, "limits", "--actor", "bob")
    assert "no patch stands there" in said(capsys, "config", "unpatch", folder, "limits")
    assert said(capsys, "config", "rollback", folder, "2", "--json")["version"] == 4
    assert said(capsys, "config", "resume", folder, "--json") == {"version": 5, "changed": True}
    assert "nothing was held" in said(capsys, "config", "resume", folder)
    with Store(sources=[Mapping({"limits": {"most": 7}, "name": "a"})], folder=folder) as store:
        assert (store.current.limits.most, store.unpatch("limits").version, store.current.limits.most) == (6, 6, 7)


def test_a_service_keeps_its_secrets_while_the_shell_changes_other_values(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "app.json"
    file.write_text('{"name": "a", "password": "hunter2hunter2"}')
    with Store(sources=[Json(file)], folder=tmp_path / "versions") as store:
        next_file = tmp_path / "next.toml"
        next_file.write_text('name = "b"\n')
        assert said(capsys, "config", "push", tmp_path / "versions", next_file, "--json")["version"] == 2
        store.reload()
        assert (store.current.name, store.current.password) == ("b", "hunter2hunter2")
        said(capsys, "config", "rollback", tmp_path / "versions", "1")
        deadline = time.monotonic() + 20
        while store.version < 3 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert (store.current.name, store.current.password) == ("a", "hunter2hunter2")
    for version in (tmp_path / "versions").iterdir():
        assert not version.is_file() or b"hunter2" not in version.read_bytes()
