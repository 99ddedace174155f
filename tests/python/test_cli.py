"""cli: every command in a real process: tables, one JSON document, exit codes."""

import json
import os
import pathlib
import pty
import select
import subprocess
import sys
from typing import Any

import findspot as fs
import pytest
from treasures import RECORDS, SCHEMA

LINES = "".join(json.dumps(record, default=lambda value: value.isoformat()) + "\n" for record in RECORDS)
SCHEMA_TOML = """
key = "id"
[fields]
title = { type = "text", analyzer = "english" }
clue = { type = "text", analyzer = "english" }
artist = "keyword"
subjects = { type = "keyword", many = true }
year = "integer"
price = "float"
found = "date"
active = "boolean"
location = "geopoint"
"""


def findspot(*arguments: str | pathlib.Path, stdin: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "findspot", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, (arguments, done)
    assert "Traceback" not in done.stderr
    return done


def findspot_json(*arguments: str | pathlib.Path, stdin: str = "", code: int = 0) -> Any:
    done = findspot(*arguments, "--json", stdin=stdin, code=code)
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "records.jsonl").write_text(LINES)
    (tmp_path / "schema.toml").write_text(SCHEMA_TOML)
    return tmp_path


@pytest.fixture
def index(folder: pathlib.Path) -> pathlib.Path:
    findspot("index", folder / "i", folder / "records.jsonl", "--schema", folder / "schema.toml")
    return folder / "i"


def test_index_with_a_schema_file(folder: pathlib.Path) -> None:
    done = findspot("index", folder / "i", folder / "records.jsonl", "--schema", folder / "schema.toml")
    assert done.stderr == "", "no bar in a pipe"
    assert "3 documents in" in done.stdout
    with fs.open(folder / "i") as index:
        assert index.schema == SCHEMA
        assert len(index) == 3
    again = findspot_json("index", folder / "i", folder / "records.jsonl", folder / "records.jsonl")
    assert (again["documents"], again["live"], again["rejected"]) == (6, 3, [])
    assert "another" in findspot("index", folder / "i", folder / "records.jsonl", "--schema", _other(folder), code=1).stderr


def _other(folder: pathlib.Path) -> pathlib.Path:
    (folder / "other.toml").write_text('key = "id"\n[fields]\ntitle = "text"\n')
    return folder / "other.toml"


def test_index_with_an_inferred_schema(folder: pathlib.Path) -> None:
    done = findspot("index", folder / "i", folder / "records.jsonl", "--key", "id")
    assert "schema inferred from 3 records" in done.stderr
    assert findspot_json("search", folder / "i", "gold")["total"] == 2
    assert findspot_json("index", folder / "j", folder / "records.jsonl")["live"] == 3


def test_index_from_standard_input(folder: pathlib.Path) -> None:
    assert findspot_json("index", folder / "i", "-", "--schema", folder / "schema.toml", stdin=LINES)["live"] == 3
    assert findspot_json("index", folder / "j", "-", stdin=LINES)["live"] == 3
    error = findspot_json("index", folder / "k", "-", stdin=LINES + "{oops\n", code=1)["error"]
    assert (error["type"], error["source"], error["record"]) == ("DocumentError", "stdin", 4)


def test_a_refused_document_is_exit_code_1_with_file_line_and_field(folder: pathlib.Path) -> None:
    bad = folder / "bad.jsonl"
    bad.write_text(LINES + '{"id": "k4", "year": "old"}\n{"id": "k5"}\n')
    done = findspot("index", folder / "i", bad, "--schema", folder / "schema.toml", code=1)
    assert f"{bad}:4: " in done.stderr
    assert '"year"' in done.stderr
    assert done.stdout == ""
    error = findspot_json("index", folder / "i", bad, code=1)["error"]
    assert (error["source"], error["record"], error["field"], error["key"]) == (str(bad), 4, "year", "k4")
    collected = findspot_json("index", folder / "i", bad, "--on-error", "collect", code=1)
    assert collected["documents"] == 4
    assert [reject["record"] for reject in collected["rejected"]] == [4]


@pytest.mark.parametrize(
    ("toml", "place"),
    [
        ("key = 5", "key"),
        ('key = "id"', "fields"),
        ('key = "id"\nmore = 1\n[fields]', "more"),
        ('key = "id"\n[fields]\nx = "word"', "fields.x"),
        ('key = "id"\n[fields]\nx = { type = "text", size = 3 }', "fields.x"),
        ('key = "id"\n[fields]\nx = { type = "text", analyzer = "klingon" }', "fields.x.analyzer"),
        ("key = ", "TOML"),
    ],
)
def test_a_bad_schema_file_is_refused_with_its_place(folder: pathlib.Path, toml: str, place: str) -> None:
    (folder / "bad.toml").write_text(toml)
    done = findspot("index", folder / "i", folder / "records.jsonl", "--schema", folder / "bad.toml", code=1)
    assert "bad.toml" in done.stderr
    assert place in done.stderr


def test_search_prints_a_table(index: pathlib.Path) -> None:
    out = findspot("search", index, "gold").stdout.splitlines()
    assert out[0].split()[:3] == ["#", "score", "key"]
    assert out[1].split()[2] == "k1"
    assert "Gold coins" in out[1]
    assert out[-1].startswith("2 of 2 in ")
    assert findspot("search", index, "nothing-like-it").stdout.startswith("0 of 0 in ")
    assert "note: " in findspot("search", index, "(gold").stdout


def test_search_takes_every_argument(index: pathlib.Path) -> None:
    found = findspot_json(
        "search",
        index,
        "",
        "--where",
        "year < 1900",
        "--sort",
        "-year",
        "--limit",
        "1",
        "--offset",
        "1",
        "--fields",
        "title,year",
        "--count",
        "exact",
    )
    assert [hit["key"] for hit in found["hits"]] == ["k1"]
    assert found["hits"][0]["document"] == {"title": "Gold coins", "year": 1702}
    assert (found["total"], found["total_relation"], found["partial"], found["config_version"]) == (2, "eq", False, 1)
    assert findspot_json("search", index, "gold", "--timeout", "60")["total"] == 2
    error = findspot_json("search", index, "(gold", "--strict", code=1)["error"]
    assert error["type"] == "QueryError"
    assert error["position"] is not None
    (index.parent / "ranking.toml").write_text('[ranking]\nk1 = 0.9\noperator = "and"\n')
    assert findspot_json("search", index, "gold bridge", "--config", index.parent / "ranking.toml")["total"] == 1


def test_a_bad_ranking_is_refused_with_every_problem(index: pathlib.Path) -> None:
    (index.parent / "bad.toml").write_text("[ranking]\nk1 = 99\nboldness = 3\n")
    done = findspot("search", index, "gold", "--config", index.parent / "bad.toml", code=1)
    assert "k1" in done.stderr
    assert "boldness" in done.stderr
    (index.parent / "bad.toml").write_text("[synonym]\ngroups = []\n")
    assert "synonym" in findspot("search", index, "gold", "--config", index.parent / "bad.toml", code=1).stderr


def test_info_check_merge_gc_copy(index: pathlib.Path) -> None:
    info = findspot_json("info", index)
    assert (info["documents"], info["deleted"], info["schema"]["key"]) == (3, 0, "id")
    shown = findspot("info", index).stdout
    assert "3 documents" in shown
    assert "[fields]" in shown
    assert findspot_json("check", index)["ok"] is True
    assert "intact" in findspot("check", index).stdout
    assert findspot_json("merge", index) == {"segments": 1}
    assert set(findspot_json("gc", index)) == {"files", "bytes"}
    assert findspot_json("copy", index, index.parent / "copy")["files"] >= 2
    assert findspot_json("search", index.parent / "copy", "gold")["total"] == 2
    assert "already" in findspot("copy", index, index.parent / "copy", code=1).stderr


def test_check_names_the_damaged_file_and_offset(index: pathlib.Path) -> None:
    (segment,) = (index / "seg").glob("*.seg")
    content = bytearray(segment.read_bytes())
    content[len(content) // 3] ^= 0xFF
    segment.chmod(0o644)
    segment.write_bytes(content)
    found = findspot_json("check", index, code=1)
    assert found["ok"] is False
    assert found["damages"][0]["file"] == f"seg/{segment.name}"
    assert f"seg/{segment.name}: byte " in findspot("check", index, code=1).stdout


def test_check_names_the_damage_that_keeps_an_index_shut(index: pathlib.Path) -> None:
    manifest = max((index / "manifest").iterdir(), key=lambda file: int(file.name))
    content = bytearray(manifest.read_bytes())
    content[-6] ^= 0xFF
    manifest.chmod(0o644)
    manifest.write_bytes(content)
    found = findspot_json("check", index, code=1)
    assert found["ok"] is False
    assert [(damage["file"], damage["offset"]) for damage in found["damages"]] == [(f"manifest/{manifest.name}", 0)]
    assert found["damages"][0]["what"].startswith("expected checksum")
    assert f"manifest/{manifest.name}: byte 0: expected checksum" in findspot("check", index, code=1).stdout


def test_a_query_may_begin_with_a_minus(index: pathlib.Path) -> None:
    everything = findspot_json("search", index, "")["total"]
    assert findspot_json("search", index, "-gold")["total"] == everything - 2
    assert findspot_json("search", index, "--limit", "1", "-gold", "--sort", "-year")["total"] == everything - 2
    findspot("search", index, "gold", "--bogus", code=2)
    assert "usage" in findspot("search", "-h").stdout


def test_analyze() -> None:
    assert findspot_json("analyze", "Found coins", "--analyzer", "english") == [
        {"position": 0, "start": 0, "end": 5, "token": "found"},
        {"position": 1, "start": 6, "end": 11, "token": "coin"},
    ]
    assert "did you mean" in findspot("analyze", "x", "--analyzer", "englsh", code=1).stderr


def test_eval_measures_and_compares(index: pathlib.Path) -> None:
    folder = index.parent
    (folder / "q.jsonl").write_text(
        '{"_id": "1", "text": "gold: (coins"}\n{"_id": "2", "text": "silver bridge"}\n{"_id": "3", "text": "unjudged"}\n'
    )
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\tk1\t1\n2\tk1\t1\n2\tk2\t2\n")
    (folder / "trec.txt").write_text("1 0 k1 1\n2 0 k1 1\n2 0 k2 2\n")
    (folder / "a.toml").write_text("[ranking]\nfields = { title = 1.0 }\n")
    (folder / "b.toml").write_text("[ranking]\nk1 = 0.9\n")
    common = ["eval", str(index), "--queries", str(folder / "q.jsonl"), "--qrels"]
    plain = findspot_json(*common, folder / "qrels.tsv")
    assert plain == findspot_json(*common, folder / "trec.txt")
    assert plain["rankings"][0]["queries"] == 2
    assert plain["rankings"][0]["MAP"] == pytest.approx(1.0)
    both = findspot_json(*common, folder / "qrels.tsv", "--config", folder / "a.toml", "--against", folder / "b.toml")
    assert [ranking["ranking"] for ranking in both["rankings"]] == [str(folder / "a.toml"), str(folder / "b.toml")]
    assert both["differences"][0]["query_id"] == "2"
    assert both["differences"][0]["difference"] < 0
    shown = findspot(*common, folder / "qrels.tsv", "--config", folder / "a.toml", "--against", folder / "b.toml").stdout
    assert "nDCG@10" in shown
    assert "1 lost" in shown
    (folder / "bad.tsv").write_text("1\tk1\t1\n2\tk1\tgood\n")
    assert "bad.tsv:2" in findspot(*common, folder / "bad.tsv", code=1).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["search"],
        ["search", "i"],
        ["search", "i", "q", "--limit", "x"],
        ["search", "i", "q", "--limit", "-1"],
        ["serve", "i"],
        ["config", "check"],
        ["search", "i", "q", "--explan"],
        ["search", "i", "q", "--facet", "x"],
        ["index", "i"],
        ["eval", "i"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert "usage: findspot" in findspot(*arguments, code=2).stderr


def test_what_is_not_there_is_exit_code_1(tmp_path: pathlib.Path) -> None:
    for command in ("info", "check", "merge", "gc"):
        assert "no index" in findspot(command, tmp_path / "nothing", code=1).stderr
        assert findspot_json(command, tmp_path / "nothing", code=1)["error"]["type"] == "StorageError"
    assert not (tmp_path / "nothing").exists()
    assert "missing.jsonl" in findspot("index", tmp_path / "i", tmp_path / "missing.jsonl", code=1).stderr
    assert "missing.toml" in findspot("index", tmp_path / "i", "x.jsonl", "--schema", tmp_path / "missing.toml", code=1).stderr


def test_help_and_version() -> None:
    assert findspot("--version").stdout == f"findspot {fs.__version__}\n"
    for command in ("index", "search", "info", "check", "merge", "gc", "copy", "analyze", "eval"):
        assert "usage: findspot " + command in findspot(command, "--help").stdout
        assert f"    {command} " in findspot("--help").stdout


def test_a_reader_that_leaves_is_no_error(index: pathlib.Path) -> None:
    command = f"{sys.executable} -m findspot search {index} '' --json | true"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert done.stderr == ""


def on_a_terminal(*arguments: str) -> str:
    """What a command shows on a terminal of 100 columns."""
    parent, child = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    with subprocess.Popen([sys.executable, "-m", "findspot", *arguments], stdin=child, stdout=child, stderr=child, env=env) as process:
        os.close(child)
        shown = b""
        while select.select([parent], [], [], 60)[0]:
            try:
                chunk = os.read(parent, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        assert process.wait(60) == 0, shown
    os.close(parent)
    return shown.decode()


def test_a_terminal_gets_a_progress_bar_with_rate_and_time_left(folder: pathlib.Path) -> None:
    big = folder / "big.jsonl"
    big.write_text(
        "".join(f'{{"id": "{i}", "title": "gold coin number {i} of the old bridge", "year": {i % 2000}}}\n' for i in range(600_000))
    )
    shown = on_a_terminal("index", str(folder / "i"), str(big))
    frames = [frame for frame in shown.split("\r") if "/s" in frame and "left" in frame]
    assert len(frames) >= 2, shown[-500:]
    assert all("%" in frame and "documents" in frame for frame in frames)
    assert any("█" in frame for frame in frames)
    assert all(len(frame.split("\x1b")[0]) < 100 for frame in frames), "never wider than the terminal"
    assert "600,000 documents in" in shown
    table = on_a_terminal("search", str(folder / "i"), "bridge", "--limit", "3")
    assert all(len(line) <= 100 for line in table.splitlines())
