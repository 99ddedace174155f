"""Bad documents, queries and files: refused with their place, and the writer goes on."""

import gzip
import pathlib
from typing import Any

import findspot as fs
import pytest
from treasures import SCHEMA, treasures


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"id": "k", "title": 5}, "title"),
        ({"id": "k", "title": ["a", 5]}, "title"),
        ({"id": "k", "artist": 5}, "artist"),
        ({"id": "k", "artist": "x" * 9000}, "artist"),
        ({"id": "k", "artist": ["a", "b"]}, "artist"),
        ({"id": "k", "subjects": [1]}, "subjects"),
        ({"id": "k", "year": "1700"}, "year"),
        ({"id": "k", "year": 1.5}, "year"),
        ({"id": "k", "year": True}, "year"),
        ({"id": "k", "year": 2**63}, "year"),
        ({"id": "k", "price": "1.0"}, "price"),
        ({"id": "k", "price": float("nan")}, "price"),
        ({"id": "k", "price": float("-inf")}, "price"),
        ({"id": "k", "found": "yesterday"}, "found"),
        ({"id": "k", "found": "2020-13-01"}, "found"),
        ({"id": "k", "found": "999999-01-01T00:00:00Z"}, "found"),
        ({"id": "k", "found": 1577836800}, "found"),
        ({"id": "k", "active": 1}, "active"),
        ({"id": "k", "active": "true"}, "active"),
        ({"id": "k", "location": (91.0, 0.0)}, "location"),
        ({"id": "k", "location": (0.0, 181.0)}, "location"),
        ({"id": "k", "location": (0.0,)}, "location"),
        ({"id": "k", "location": {"lat": 1.0}}, "location"),
        ({"id": "k", "location": {"lat": float("nan"), "lon": 0.0}}, "location"),
        ({"id": "k", "location": "51.5,-0.12"}, "location"),
        ({"id": "k", "title": {"nested": "document"}}, "title"),
        ({"id": "k", "unknown": 1}, "unknown"),
        ({"id": "k", **{f"{i:x}": 1 for i in range(1_000_000)}}, "0"),
        ({"id": ""}, "id"),
        ({"id": "x" * 513}, "id"),
        ({"id": None}, "id"),
        ({"id": 1.5}, "id"),
        ({"title": "no key"}, "id"),
        ({}, "id"),
        ({"id": "k", "clue": "x" * (17 << 20)}, ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_document_is_refused_with_its_field_and_the_writer_goes_on(record: dict[str, Any], field: str) -> None:
    with fs.Index.create("memory://", SCHEMA) as index:
        with pytest.raises(fs.DocumentError) as caught:
            index.upsert([{"id": "before"}, record])
        error = caught.value
        assert (error.field, error.record) == (field, 2)
        assert error.expected
        assert len(error.got) < 300
        assert len(str(error)) < 1000
        if isinstance(record.get("id"), str) and record["id"] and field:
            assert error.key is None or record["id"].startswith(error.key.rstrip("…"))
        collected = index.upsert([{"id": "a"}, record, {"id": "b"}], on_error="collect")
        assert collected.count == 2
        assert [reject.field for reject in collected.rejected] == [field]
        assert len(index) == 2


@pytest.mark.parametrize(
    ("content", "record", "got"),
    [
        (b'{"id": "a"}\n{"id": "b", "title": "\xff\xfe"}\n', 2, None),
        (b'{"id": "a"}\n' + b"\0" * 100 + b"\n", 2, None),
        (b'{"id": "a"}\n{"id": "b", "title": NaN}\n', 2, "NaN"),
        (b'{"id": "a"}\n{"id": "b", "title": "\\ud800"}\n', 2, None),
        (b'{"id": "a"}\n{"id": "b"\n', 2, None),
        (b'{"id": "a"}\n[1, 2]\n', 2, None),
        (b'{"id": "a"}\n{"id": "b", "title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", 2, None),
        (b'{"id": "a"}\n{"id": "b", "id": "c"}\n', 2, None),
    ],
    ids=["utf8", "nuls", "nan", "surrogate", "cut", "array", "deep", "twice"],
)
def test_a_bad_line_is_refused_with_file_and_line(tmp_path: pathlib.Path, content: bytes, record: int, got: str | None) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(content)
    with fs.Index.create("memory://", SCHEMA) as index:
        with pytest.raises(fs.DocumentError) as caught:
            index.upsert(file)
        assert caught.value.source == str(file)
        assert caught.value.record == record
        assert f"{file}:{record}" in str(caught.value)
        if got is not None:
            assert caught.value.got == got
        assert len(index) == 0
        assert index.upsert(str(file), on_error="collect").count == 1


def test_files_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    whole = gzip.compress(b'{"id": "a", "title": "gold"}\n' * 1000)
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "none.parquet").write_bytes(b"this is no parquet file")
    (tmp_path / "none.arrow").write_bytes(b"this is no arrow file")
    (tmp_path / "none.jsonl.zst").write_bytes(b"this is no zstd file")
    (tmp_path / "none.jsonl.gz").write_bytes(b"this is no gzip file")
    with fs.Index.create("memory://", SCHEMA) as index:
        for name in ("cut.jsonl.gz", "none.parquet", "none.arrow", "none.jsonl.zst", "none.jsonl.gz"):
            with pytest.raises(fs.DocumentError) as caught:
                index.upsert(tmp_path / name)
            assert caught.value.source == str(tmp_path / name)
            assert len(index) == 0, name
        for name in ("missing.jsonl", "missing.parquet"):
            with pytest.raises(OSError, match="missing"):
                index.upsert(tmp_path / name)
        with pytest.raises(ValueError, match=r"\.jsonl"):
            index.upsert(tmp_path / "unknown.xyz")
        with pytest.raises(OSError, match="folder"):
            (tmp_path / "folder.jsonl").mkdir()
            index.upsert(tmp_path / "folder.jsonl")
        assert index.upsert([{"id": "still", "title": "working"}]).count == 1


NASTY = [
    "(" * 100_000,
    ")" * 100_000,
    "(" * 100_000 + "gold" + ")" * 100_000,
    "-" * 1000,
    '"' * 999,
    "gold " * 200_000,
    " ".join(f"word{i}" for i in range(100_000)),
    "a" * 1_000_000,
    "year:[1 TO",
    "year:>=",
    ":::",
    "~~~ ^^^ ***",
    "AND OR NOT",
    "NOT",
    "title:",
    "nothing:gold",
    "\0\0\0",
    "\ud800 gold",
    "é" * 10_000,
    "gold^1e400",
    "gold~99",
    "* ? *",
    "year:abc",
    "found:[x TO y]",
    "location:gold",
    "{!func}",
    "/regex/",
    "\\",
    "\\\\\\",
    "-gold -silver",
    "+",
]


@pytest.mark.parametrize("text", NASTY, ids=lambda text: repr(text[:20]))
def test_lenient_parsing_takes_any_text(text: str) -> None:
    with treasures() as index:
        assert len(index.search(text, timeout=5.0)) <= 3
        index.count(text)
        index.parse(text)


@pytest.mark.parametrize(
    "text", ["(" * 100_000, '"open', "year:[1 TO", "gold AND", "nothing:gold", "gold^-1", "year:abc"], ids=lambda text: repr(text[:20])
)
def test_strict_parsing_says_where(text: str) -> None:
    with treasures() as index, pytest.raises(fs.QueryError) as caught:
        index.search(text, strict=True)
    assert caught.value.position is not None
    assert 0 <= caught.value.position <= len(text)


def test_typed_queries_are_bounded_too() -> None:
    from findspot.query import Any as AnyOf
    from findspot.query import Match

    bad = [
        AnyOf(*(Match(f"w{i}") for i in range(100_000))),
        Match("gold", []),
        Match("x" * 2_000_000),
    ]
    with treasures() as index:
        for query in bad:
            with pytest.raises(fs.QueryError):
                index.search(query)
        assert index.search("gold").total == 2


def test_a_filter_of_many_values_is_bounded() -> None:
    with treasures() as index:
        assert index.count(where=fs.col("year").is_in(range(1_000, 2_000))) == 3
        with pytest.raises(fs.QueryError):
            index.count(where=fs.col("year").is_in(range(200_000)))
        with pytest.raises(fs.QueryError):
            index.count(where="(" * 100_000)


def test_a_timeout_is_partial_or_raises() -> None:
    with treasures() as index:
        hits = index.search("gold", timeout=0.0)
        assert hits.partial
        assert hits.total_relation == "gte"
        with pytest.raises(fs.SearchTimeout) as caught:
            index.search("gold", timeout=0.0, on_timeout="raise")
        assert isinstance(caught.value, TimeoutError)
        assert caught.value.seconds == 0.0
        assert not index.search("gold", timeout=60).partial
