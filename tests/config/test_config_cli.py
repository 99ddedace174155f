"""`findspot config`: what a service would refuse is refused from the shell, with exit code 1 and the line shown."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from findspot.cli import main
from findspot.config import Mapping, Store


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


def test_two_files_are_compared_and_secrets_stay_inside(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.yaml"
    old.write_text('{"a": 1, "password": "s3cr3t-1"}')
    new.write_text("a: 2\npassword: s3cr3t-2\n")
    text = said(capsys, "config", "diff", old, new)
    assert "~ a: 1 → 2" in text and "password" in text and "s3cr3t" not in text
    assert "s3cr3t" not in said(capsys, "config", "explain", "password", old)


def test_wrong_usage(folder: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["config", "history", str(tmp_path / "nothing")], ["config", "rollback", str(folder), "99"], ["config", "explain", "a"]):
        assert main(words) == 1
        assert capsys.readouterr().err.startswith("findspot: ")
    with pytest.raises(SystemExit) as caught:
        main(["config"])
    assert caught.value.code == 2
