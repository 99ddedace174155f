"""index.py: writing, reading, keeping in order, closing."""

import os
import pathlib
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

import findspot as fs
import pytest
from treasures import RECORDS, SCHEMA, treasures

TITLES = fs.Schema(key="id", fields={"title": fs.Text()})


def test_create_and_open(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "treasures.findspot"
    with fs.Index.create(target, SCHEMA) as index:
        index.upsert(RECORDS)
    with fs.open(target) as again, fs.open(f"file://{target}") as by_url:
        assert len(again) == len(by_url) == 3
        assert again.schema == SCHEMA
        assert again.search("gold").keys == by_url.search("gold").keys
        assert "treasures.findspot" in again.url
        assert repr(again) == f"Index({again.url!r}, 3 documents)"
    with pytest.raises(fs.StorageError, match="exist_ok"):
        fs.Index.create(target, SCHEMA)
    with fs.Index.create(target, SCHEMA, exist_ok=True) as index:
        assert len(index) == 3
    with pytest.raises(fs.SchemaError):
        fs.Index.create(target, TITLES, exist_ok=True)
    with pytest.raises(TypeError, match=r"Index\.create"):
        fs.Index()


def test_open_says_what_is_not_there(tmp_path: pathlib.Path) -> None:
    for target in (tmp_path / "nothing", tmp_path):
        with pytest.raises(fs.StorageError, match="no index") as caught:
            fs.open(target)
        assert caught.value.filename
    assert not (tmp_path / "nothing").exists(), "opening makes no folder"
    with pytest.raises(fs.StorageError, match="expected"):
        fs.open("ftp://somewhere")
    with pytest.raises(TypeError, match="as str"):
        fs.open(b"bytes")  # type: ignore[arg-type]


def test_upsert_replaces_by_key_also_within_one_call() -> None:
    with fs.Index.create("memory://", TITLES) as index:
        index.upsert([{"id": "k1", "title": "one"}, {"id": "k2", "title": "two"}, {"id": "k1", "title": "three"}])
        assert (len(index), index.get("k1")) == (2, {"id": "k1", "title": "three"})
        index.upsert([{"id": "k1", "title": "four"}])
        assert index.search("one three").keys == []
        assert index.search("four").keys == ["k1"]
        index.commit()
        index.upsert([{"id": "k1", "title": "five"}])
        assert index.search("four").keys == []
        assert (len(index), index.count()) == (2, 2)


def test_refresh_false_waits_for_refresh() -> None:
    with fs.Index.create("memory://", TITLES) as index:
        index.upsert([{"id": "k1", "title": "gold"}], refresh=False)
        assert len(index) == 0
        index.refresh()
        assert len(index) == 1
        index.delete("k1", refresh=False)
        assert "k1" in index
        index.refresh()
        assert "k1" not in index


def test_collect_returns_the_refused_and_keeps_the_rest() -> None:
    with fs.Index.create("memory://", SCHEMA) as index:
        records = [{"id": f"k{i}", "year": "bad" if i % 3 == 0 else i} for i in range(10)]
        result = index.upsert(records, on_error="collect")
        assert result.count == 6
        assert [error.key for error in result.rejected] == ["k0", "k3", "k6", "k9"]
        assert [error.record for error in result.rejected] == [1, 4, 7, 10]
        assert all(isinstance(error, fs.DocumentError) and error.field == "year" for error in result.rejected)
        assert len(index) == 6
        with pytest.raises(ValueError, match="'raise' or 'collect'"):
            index.upsert(records, on_error="ignore")  # type: ignore[arg-type]


def test_versions_protect_an_update() -> None:
    with fs.Index.create("memory://", TITLES) as index:
        assert index.get("k1", version=True) == (None, None)
        index.upsert([{"id": "k1", "title": "one"}])
        document, version = index.get("k1", version=True)
        assert document == {"id": "k1", "title": "one"}
        assert version is not None
        assert version > 0
        index.upsert([{"id": "k1", "title": "two"}], if_version=version)
        with pytest.raises(fs.ConflictError):
            index.upsert([{"id": "k1", "title": "three"}], if_version=version)
        assert index.get("k1") == {"id": "k1", "title": "two"}
        with pytest.raises(fs.ConflictError):
            index.upsert([{"id": "k1", "title": "new"}], if_version=0)
        index.upsert([{"id": "k2", "title": "new"}], if_version=0)
        for bad in (-1, 2**70):
            with pytest.raises(ValueError, match="if_version"):
                index.upsert([{"id": "k2"}], if_version=bad)


def test_records_may_use_the_index_that_reads_them() -> None:
    def records() -> Iterator[dict[str, Any]]:
        for i in range(3):
            index.upsert([{"id": f"inner{i}", "title": "gold"}])
            index.commit()
            yield {"id": f"outer{i}", "title": f"{len(index)} before"}

    with fs.Index.create("memory://", TITLES) as index:
        index.upsert(records())
        assert len(index) == 6
        assert index.get("outer2")["title"] == "3 before"
        with fs.Index.create("memory://", TITLES) as other:
            other.upsert(index.search(""))
            assert other.search("gold").total == 3, "hits are records"
            other.upsert(index.search("gold"))
            assert len(other) == 6


def test_a_limit_may_be_absurd() -> None:
    with treasures() as index:
        assert index.search("", limit=2**62).keys == ["k1", "k2", "k3"]
        assert index.search("", offset=2**62).keys == []
        assert index.search("", limit=2**62, offset=2**62).keys == []


def test_deleting() -> None:
    with treasures() as index:
        assert index.delete(["k1", "nothing", "k1"]) == 1
        assert index.delete("k2") == 1
        assert index.delete([]) == 0
        assert len(index) == 1
        with pytest.raises(TypeError, match="expected str or int"):
            index.delete([b"k1"])  # type: ignore[list-item]


def test_deleting_by_filter() -> None:
    with treasures() as index:
        assert index.delete_where(fs.col("year") < 1800) == 1
        assert index.delete_where("subjects in ['coin']") == 1
        assert [hit.key for hit in index.search("")] == ["k3"]
        with pytest.raises(fs.QueryError):
            index.delete_where("nothing = 3")
        with pytest.raises(TypeError, match="made by col"):
            index.delete_where(5)  # type: ignore[arg-type]


def test_commit_is_what_others_see(tmp_path: pathlib.Path) -> None:
    index = fs.Index.create(tmp_path / "i", TITLES)
    index.upsert([{"id": "k1", "title": "gold"}])
    with fs.open(tmp_path / "i") as reader:
        assert len(reader) == 0
        committed = index.commit()
        assert len(reader) == 0
        reader.refresh()
        assert len(reader) == 1
        assert reader.view().generation == committed.generation == reader.search("gold").index_generation
        assert index.commit() == committed, "nothing new, no new commit"
    index.close()


def test_a_handle_can_follow(tmp_path: pathlib.Path) -> None:
    import time

    index = fs.Index.create(tmp_path / "i", TITLES)
    with fs.open(tmp_path / "i", follow=0.05) as reader:
        index.upsert([{"id": "k1", "title": "gold"}])
        index.commit()
        deadline = time.monotonic() + 10
        while len(reader) == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(reader) == 1
    index.close()
    for bad in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="above 0"):
            fs.open(tmp_path / "i", follow=bad)


def test_searching_in_every_way() -> None:
    with treasures() as index:
        assert index.search("").keys == ["k1", "k2", "k3"]
        assert index.search("gold", limit=1).keys == ["k1"]
        assert index.search("gold", offset=1).keys == ["k3"]
        assert index.search("gold", limit=0).keys == []
        assert index.search("gold", limit=0).total == 2
        assert index.search("", sort="-year").keys == ["k3", "k2", "k1"]
        assert index.search("", sort=["artist", "_score"]).keys == ["k2", "k1", "k3"]
        assert index.search("", where=(fs.col("year") < 1900) & fs.col("subjects").is_in(["hoard"])).keys == ["k1"]
        assert index.search("", where=fs.col("location").within_km(51.5, -0.12, 25)).keys == ["k1", "k2"]
        assert index.search("", where="location within 25 km of 51.5, -0.12 and active = true").keys == ["k1"]
        assert index.search("", where=fs.col("artist").is_missing()).keys == ["k3"]
        assert index.search('"old bridge"').keys == ["k1"]
        assert index.search("title:gold").keys == ["k1"]
        assert index.search("year:[1700 TO 1800]").keys == ["k1"]
        assert index.search("bri*").total == 2
        assert index.search("brigde~1").total == 2
        assert index.search("bridge -old").keys == ["k2"]
        assert index.search(fs.query.Match("gold") & fs.query.Term("artist", "Turner")).keys == ["k1"]
        assert index.search("gold", count="exact").total == 2
        assert index.search("gold", count="none").total is None
        assert index.count("gold", where="year < 1800") == 1


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"limit": -1}, ValueError, "limit: expected 0 or more"),
        ({"offset": -1}, ValueError, "offset: expected 0 or more"),
        ({"limit": "ten"}, TypeError, "limit: expected int"),
        ({"limit": 2**70}, ValueError, "limit"),
        ({"count": "all"}, ValueError, 'count: expected "up_to" or "exact" or "none"'),
        ({"on_timeout": "explode"}, ValueError, "on_timeout"),
        ({"timeout": -1.0}, ValueError, "timeout"),
        ({"timeout": float("nan")}, ValueError, "timeout"),
        ({"timeout": "soon"}, TypeError, "timeout"),
        ({"where": 5}, TypeError, "where: expected str or a filter"),
        ({"sort": 5}, TypeError, "sort: expected a name"),
        ({"sort": [5]}, TypeError, "sort: expected names"),
        ({"sort": "nothing"}, fs.QueryError, "nothing"),
        ({"sort": "title"}, fs.QueryError, "title"),
        ({"fields": ["nothing"]}, fs.QueryError, "nothing"),
        ({"where": "nothing = 1"}, fs.QueryError, "nothing"),
        ({"where": "year < "}, fs.QueryError, "position"),
        ({"where": fs.col("year") == "x"}, fs.QueryError, "year"),
        ({"query": fs.query.Term("nothing", 1)}, fs.QueryError, "nothing"),
        ({"query": 5}, TypeError, "query: expected str or a query"),
        ({"query": b"gold"}, TypeError, "query: expected str"),
        ({"query": "(gold", "strict": True}, fs.QueryError, "position"),
    ],
    ids=repr,
)
def test_wrong_arguments_are_errors_that_name_them(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with treasures() as index, pytest.raises(error, match=text):
        index.search(**arguments)


@pytest.mark.parametrize(
    "name",
    ["after", "facets", "highlight", "group_by"],
)
def test_arguments_of_later_releases_do_not_exist(name: str) -> None:
    with treasures() as index, pytest.raises(TypeError, match=name):
        index.search("gold", **{name: None})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["suggest", "similar"])
def test_names_of_later_releases_do_not_exist(name: str) -> None:
    assert not hasattr(fs.Index, name)
    assert not hasattr(fs, name)


def test_configurations_are_refused_with_every_problem() -> None:
    with pytest.raises(fs.ConfigError) as caught:
        fs.Index.create("memory://", SCHEMA, config={"k1": 11, "b": -0.1, "fields": {"nothing": 1.0}, "synonym": {}, "operator": "xor"})
    assert {path.split(".")[0] for path, _, _ in caught.value.problems} >= {"k1", "b", "synonym", "operator"}
    with pytest.raises(TypeError, match="expected a Schema"):
        fs.Index.create("memory://", {"title": "text"})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a mapping"):
        fs.Index.create("memory://", SCHEMA, config=7)  # type: ignore[arg-type]
    with pytest.raises(fs.ConfigError, match="missing_file"):
        fs.Index.create("memory://", SCHEMA, config="nowhere/ranking.toml")
    with fs.Index.create(
        "memory://", SCHEMA, config={"operator": "and", "fields": {"title": 2.0, "clue": {"weight": 1.0, "b": 0.4}}}
    ) as index:
        index.upsert(RECORDS)
        assert index.search("gold bridge").keys == ["k1"]


@pytest.mark.parametrize(
    ("memory", "error"), [("lots", ValueError), (-5, ValueError), (0, ValueError), (None, TypeError), (2.5, TypeError), (True, TypeError)]
)
def test_memory_is_a_size(memory: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="memory"):
        fs.Index.create("memory://", TITLES, memory=memory)


def test_parsing() -> None:
    with treasures() as index:
        parsed = index.parse('gold "old bridge" -silver')
        assert isinstance(parsed.query, fs.query.Group)
        assert parsed.warnings == []
        assert "old bridge" in str(parsed)
        assert index.search(parsed.query).keys == index.search('gold "old bridge" -silver').keys
        lenient = index.parse("gold (coin")
        assert lenient.warnings[0].startswith("position ")
        with pytest.raises(fs.QueryError) as caught:
            index.parse("gold (coin", strict=True)
        assert caught.value.position is not None


def test_altering_adds_fields() -> None:
    with fs.Index.create("memory://", TITLES) as index:
        index.upsert([{"id": "k1", "title": "gold"}])
        index.alter(add={"year": fs.Integer()})
        index.upsert([{"id": "k2", "title": "gold", "year": 1700}])
        assert list(index.schema.fields) == ["title", "year"]
        assert index.search("", where=fs.col("year") == 1700).keys == ["k2"]
        assert index.search("", where=fs.col("year").is_missing()).keys == ["k1"]
        with pytest.raises(fs.SchemaError, match="new name"):
            index.alter(add={"title": fs.Text()})
        with pytest.raises(TypeError, match="expected a name and a field"):
            index.alter(add={"more": "text"})  # type: ignore[dict-item]


def test_merging_checking_counting(tmp_path: pathlib.Path) -> None:
    with fs.Index.create(tmp_path / "i", TITLES) as index:
        for i in range(5):
            index.upsert([{"id": f"k{i}", "title": "gold"}])
            index.commit()
        index.delete("k0")
        index.commit()
        assert index.merge().segments == 1
        stats = index.stats()
        assert (stats.documents, stats.deleted, stats.segments) == (4, 0, 1)
        assert stats.size > 0
        assert sum(stats.bytes.values()) > 0
        assert stats.to_dict()["generation"] == index.view().generation
        checked = index.check()
        assert checked.ok
        assert checked.files >= 2
        index.gc()
        assert index.search("gold").total == 4
        index.upsert([{"id": "later", "title": "gold"}])
        assert index.merge().segments == 1, "what is not committed is left alone"
        assert index.stats().segments == 2
        with pytest.raises(ValueError, match="1 or more"):
            index.merge(max_segments=0)


def test_copying_is_consistent(tmp_path: pathlib.Path) -> None:
    with fs.Index.create(tmp_path / "i", TITLES) as index:
        index.upsert({"id": f"k{i}", "title": "gold"} for i in range(100))
        generation = index.commit().generation
        index.upsert([{"id": "later", "title": "gold"}])
        copied = index.copy(tmp_path / "copy")
        assert (copied.generation, copied.bytes > 0) == (generation, True)
        with fs.open(tmp_path / "copy") as copy:
            assert len(copy) == 100
            assert copy.check().ok
            copy.upsert([{"id": "own", "title": "silver"}])
            copy.commit()
        with pytest.raises(fs.StorageError):
            index.copy(tmp_path / "copy")


def test_closing(tmp_path: pathlib.Path) -> None:
    index = fs.Index.create(tmp_path / "i", TITLES)
    view = index.view()
    index.upsert([{"id": "k1", "title": "gold"}])
    index.close()
    index.close()
    for call in (
        lambda: index.search("gold"),
        lambda: index.count(),
        lambda: index.get("k1"),
        lambda: "k1" in index,
        lambda: len(index),
        lambda: index.upsert([]),
        lambda: index.commit(),
        lambda: index.view(),
        lambda: index.stats(),
        lambda: index.check(),
    ):
        with pytest.raises(fs.ClosedError):
            call()
    assert repr(index) == f"Index({index.url!r}, closed)"
    assert view.search("").keys == [], "a view stays"
    with fs.open(tmp_path / "i") as again:
        assert len(again) == 1, "close commits"


def test_leaving_a_block_by_an_exception_drops_what_was_not_committed(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KeyError), fs.Index.create(tmp_path / "i", TITLES) as index:
        index.upsert([{"id": "k1", "title": "gold"}])
        index.commit()
        index.upsert([{"id": "k2", "title": "gold"}])
        raise KeyError
    with pytest.raises(fs.ClosedError):
        len(index)
    with fs.open(tmp_path / "i") as again:
        assert again.search("gold").keys == ["k1"]


def test_an_index_is_true_even_when_it_is_empty() -> None:
    with fs.Index.create("memory://", TITLES) as index:
        assert bool(index) is True
        assert len(index) == 0


def test_letting_go_of_unsaved_writes_warns(tmp_path: pathlib.Path) -> None:
    index = fs.Index.create(tmp_path / "i", TITLES)
    index.upsert([{"id": "k1", "title": "gold"}])
    with pytest.warns(ResourceWarning, match="was not closed"):
        del index
    index = fs.Index.create(tmp_path / "i", TITLES, exist_ok=True)
    index.upsert([{"id": "k1", "title": "gold"}])
    index.commit()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del index


def test_an_exit_without_close_warns(tmp_path: pathlib.Path) -> None:
    script = """
        import sys, findspot as fs
        index = fs.Index.create(sys.argv[1], fs.Schema(key="id", fields={"title": fs.Text()}))
        index.upsert([{"id": "k1", "title": "gold"}])
        if sys.argv[2] == "close":
            index.close()
    """
    for how, warned in (("leave", True), ("close", False)):
        command = [sys.executable, "-W", "always", "-c", textwrap.dedent(script), str(tmp_path / how), how]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONDEVMODE": ""})
        assert ("ResourceWarning" in done.stderr and "was not closed" in done.stderr) == warned, done.stderr
