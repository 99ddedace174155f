"""ingest: files and Arrow objects in, the same documents out."""

import gzip
import json
import pathlib
import sys
from datetime import UTC, datetime
from typing import Any

import findspot as fs
import polars
import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from treasures import SCHEMA

ROWS: list[dict[str, Any]] = [
    {"id": f"k{i}", "title": f"gold coin {i}", "year": 1700 + i, "price": i / 2, "active": i % 2 == 0, "found": "2020-01-02T03:04:05Z"}
    for i in range(5000)
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def table() -> pyarrow.Table:
    when = pyarrow.array([datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)] * len(ROWS), pyarrow.timestamp("us", "UTC"))
    columns = pyarrow.Table.from_pylist([{name: value for name, value in row.items() if name != "found"} for row in ROWS])
    columns = columns.append_column("found", when)
    subjects = [["a", "b"] if i % 2 else None for i in range(len(ROWS))]
    return columns.append_column("subjects", pyarrow.array(subjects, pyarrow.list_(pyarrow.string())))


def check(index: fs.Index) -> None:
    assert len(index) == len(ROWS)
    found = index.get("k4711")
    assert {name: found[name] for name in ("title", "year", "price", "active")} == {
        "title": "gold coin 4711",
        "year": 6411,
        "price": 2355.5,
        "active": False,
    }
    assert index.count(where="found = '2020-01-02'") == len(ROWS)
    assert index.count(where=fs.col("year").between(1700, 1709)) == 10


@pytest.mark.parametrize("ending", [".jsonl", ".ndjson", ".jsonl.gz", ".jsonl.zst", ".json", ".json.gz", ".csv", ".csv.zst"])
def test_files(tmp_path: pathlib.Path, ending: str) -> None:
    content = LINES
    if ".json" in ending and ".jsonl" not in ending:
        content = json.dumps(ROWS).encode()
    if ".csv" in ending:
        content = ("\n".join([",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in ROWS)]) + "\n").encode()
        content = content.replace(b"True", b"true").replace(b"False", b"false")
    if ending.endswith(".gz"):
        content = gzip.compress(content)
    if ending.endswith(".zst"):
        content = zstandard.compress(content)
    file = tmp_path / f"records{ending}"
    file.write_bytes(content)
    with fs.Index.create("memory://", SCHEMA) as index:
        assert index.upsert(file).count == len(ROWS)
        check(index)


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".feather"])
def test_arrow_files(tmp_path: pathlib.Path, ending: str) -> None:
    file = tmp_path / f"records{ending}"
    if ending == ".parquet":
        pyarrow.parquet.write_table(table(), file)
    else:
        with pyarrow.ipc.new_file(str(file), table().schema) as writer:
            writer.write_table(table())
    with fs.Index.create("memory://", SCHEMA) as index:
        assert index.upsert(file).count == len(ROWS)
        check(index)
        assert index.get("k1")["subjects"] == ["a", "b"]


@pytest.mark.parametrize(
    "make",
    [table, lambda: table().to_reader(), lambda: polars.DataFrame(table())],
    ids=["pyarrow", "reader", "polars"],
)
def test_arrow_objects(make: Any) -> None:
    with fs.Index.create("memory://", SCHEMA) as index:
        assert index.upsert(make()).count == len(ROWS)
        check(index)


@pytest.mark.parametrize("only", ["polars", None])
def test_another_library_or_none(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, only: str | None) -> None:
    import importlib.util

    real = importlib.util.find_spec
    hidden = {"pyarrow", "polars"} - {only}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in hidden else real(name, *rest))
    file = tmp_path / "records.parquet"
    pyarrow.parquet.write_table(table(), file)
    with fs.Index.create("memory://", SCHEMA) as index:
        if only:
            index.upsert(file)
            check(index)
            index.upsert(table())
            check(index)
        else:
            for source in (file, table()):
                with pytest.raises(ImportError, match=r"findspot\[arrow\]"):
                    index.upsert(source)


def test_infer_reads_a_whole_file_and_10_000_of_a_stream(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text("".join(f'{{"id": {i}, "late": {i if i < 15_000 else repr("x")}}}\n'.replace("'", '"') for i in range(20_000)))
    assert fs.Schema.infer(file).fields == {"late": fs.Keyword()}
    assert "late" in capsys.readouterr().out
    endless = ({"id": i, "late": i if i < 15_000 else "x"} for i in iter(int, 1))
    assert fs.Schema.infer(endless, quiet=True).fields == {"late": fs.Integer()}
    assert capsys.readouterr().out == ""


def test_infer_chooses_for_every_kind() -> None:
    records = [
        {
            "_id": 1,
            "title": "Gold coin",
            "artist": "Turner",
            "subjects": ["a"],
            "year": 1,
            "price": 1,
            "found": "2020-01-01",
            "at": {"lat": 1.0, "lon": 2.0},
        },
        {
            "_id": 2,
            "title": "x",
            "artist": "C",
            "subjects": [],
            "year": 2,
            "price": 1.5,
            "found": "2020-01-02T00:00:00Z",
            "more": {"x": 1},
            "yes": True,
        },
    ]
    schema = fs.Schema.infer(records, quiet=True)
    assert schema.key == "_id"
    assert schema.extra == "store"
    assert schema.fields == {
        "title": fs.Text(),
        "artist": fs.Keyword(),
        "subjects": fs.Keyword(many=True),
        "year": fs.Integer(),
        "price": fs.Float(),
        "found": fs.Date(),
        "at": fs.GeoPoint(),
        "yes": fs.Boolean(),
    }
    with fs.Index.create("memory://", schema) as index:
        assert index.upsert(records).count == 2
        assert "1" in index
    assert fs.Schema.infer(table(), quiet=True).fields["found"] == fs.Date()
    with pytest.raises(fs.SchemaError, match="key"):
        fs.Schema.infer([{"name": "x"}], quiet=True)
    with pytest.raises(fs.SchemaError, match="at least one"):
        fs.Schema.infer([], quiet=True)
    with pytest.raises(fs.SchemaError, match="isbn"):
        fs.Schema.infer(records, key="isbn", quiet=True)


def test_nothing_of_this_is_imported_before_it_is_needed() -> None:
    import subprocess

    code = "import sys, findspot; print([m for m in ('pyarrow', 'polars', 'numpy', 'pydantic', 'msgspec', 'logging', 'dataclasses') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
