"""hits.py: one object, lazy, immutable, in every form that users take it."""

import gc
import json

import findspot as fs
import numpy as np
import polars
import pyarrow
import pytest
from treasures import RECORDS, SCHEMA, treasures


@pytest.fixture(scope="module")
def index():
    with treasures() as index:
        yield index


@pytest.fixture
def hits(index: fs.Index) -> fs.Hits:
    return index.search("gold bridge")


def test_hits_are_a_sequence(hits: fs.Hits) -> None:
    assert len(hits) == 3
    assert [hit.key for hit in hits] == hits.keys == ["k1", "k2", "k3"] or hits.keys[0] == "k1"
    assert hits[0].key == hits[-3].key == hits.keys[0]
    assert [hit.key for hit in hits[1:]] == hits.keys[1:]
    assert [hit.key for hit in hits[::-1]] == hits.keys[::-1]
    assert hits[5:] == []
    for bad in (3, -4, 10**12):
        with pytest.raises(IndexError):
            hits[bad]
    with pytest.raises(TypeError):
        hits["k1"]  # type: ignore[call-overload]
    assert repr(hits).startswith("Hits(3 of 3, ")
    assert list(iter(hits))[2].key == hits.keys[2]


def test_they_say_on_what_they_ran(hits: fs.Hits) -> None:
    assert (hits.total, hits.total_relation, hits.partial, hits.warnings) == (3, "eq", False, [])
    assert 0 < hits.took < 5
    assert hits.index_generation == 1
    assert hits.index_refresh >= 1
    assert hits.config_version == 1


def test_they_say_how_they_were_found(index: fs.Index) -> None:
    assert index.search("gold bridge").executor == "pruned"
    assert index.search("gold", limit=0).executor == "counted"
    assert index.search("gold", sort=["-year"]).executor == "sorted"
    assert index.search("").executor == "exhaustive"


def test_a_hit_is_a_read_only_mapping_of_what_was_written(hits: fs.Hits) -> None:
    hit = hits[0]
    assert (hit["title"], hit["year"], hit["price"], hit["active"]) == ("Gold coins", 1702, 12.5, True)
    assert hit["found"] == "1999-05-01T12:30:00+00:00"
    assert hit["location"] == [51.5, -0.12]
    assert dict(hit) == dict(hit.items()) == {name: hit[name] for name in hit}
    assert list(hit) == hit.keys() == list(RECORDS[0])
    assert len(hit) == len(hit.values()) == len(RECORDS[0])
    assert "year" in hit
    assert "nothing" not in hit
    assert hit.get("nothing") is None
    assert hit.get("nothing", 5) == 5
    assert hit.get("year", 5) == 1702
    with pytest.raises(KeyError, match="nothing"):
        hit["nothing"]
    with pytest.raises(AttributeError):
        hit.key = "other"  # type: ignore[misc]
    assert repr(hit).startswith("Hit(key='k1', score=")
    assert hit.score == hits.scores[0] > 0


def test_scores_are_a_buffer_without_a_copy(hits: fs.Hits) -> None:
    array = np.asarray(hits.scores)
    assert array.dtype == np.float64
    assert array.tolist() == list(hits.scores) == [hit.score for hit in hits]
    assert not array.flags.writeable
    assert not array.flags.owndata
    assert array.__array_interface__["data"] == np.asarray(hits.scores).__array_interface__["data"]
    view = memoryview(hits.scores)
    assert (view.format, view.itemsize, view.shape, view.readonly) == ("d", 8, (3,), True)
    with pytest.raises(IndexError):
        hits.scores[3]
    assert hits.scores[-1] == array[-1]


def test_a_buffer_outlives_its_hits(index: fs.Index) -> None:
    array = np.asarray(index.search("gold bridge").scores)
    gc.collect()
    assert (array > 0).all()


def test_lists_and_json_say_the_same(hits: fs.Hits) -> None:
    listed = hits.to_list()
    assert listed == json.loads(hits.to_json())
    assert [entry["key"] for entry in listed] == hits.keys
    assert [entry["score"] for entry in listed] == list(hits.scores)
    assert listed[0]["document"] == dict(hits[0])


def test_arrow_has_a_column_for_every_field(hits: fs.Hits) -> None:
    table = pyarrow.table(hits.to_arrow())
    table.validate(full=True)
    assert table.column_names == ["id", "_score", *SCHEMA.fields]
    assert table.column("id").to_pylist() == hits.keys
    assert table.column("_score").to_pylist() == list(hits.scores)
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "id": "large_string",
        "_score": "double",
        "title": "large_string",
        "clue": "large_string",
        "artist": "large_string",
        "subjects": "large_list<item: large_string not null>",
        "year": "int64",
        "price": "double",
        "found": "timestamp[us, tz=UTC]",
        "active": "bool",
        "location": "struct<lat: double, lon: double>",
    }
    rows = {row["id"]: row for row in table.to_pylist()}
    assert rows["k1"]["found"].isoformat() == "1999-05-01T12:30:00+00:00"
    assert rows["k2"]["found"].isoformat() == "2001-01-01T00:00:00+00:00"
    assert rows["k1"]["location"] == {"lat": 51.5, "lon": -0.12}
    assert rows["k2"]["location"] == {"lat": 51.45, "lon": 0.02}
    assert rows["k1"]["subjects"] == ["hoard", "coin"]
    assert [rows["k3"][name] for name in ("artist", "subjects", "price", "found", "active")] == [None] * 5


def test_arrow_goes_into_polars_and_comes_back(index: fs.Index, hits: fs.Hits) -> None:
    frame = polars.DataFrame(hits.to_arrow())
    assert frame["id"].to_list() == hits.keys
    assert frame["_score"].to_list() == list(hits.scores)
    assert frame["active"].to_list() == [hit.get("active") for hit in hits]
    with fs.Index.create("memory://", SCHEMA) as copy:
        copy.upsert(frame.drop("_score"))
        assert copy.search("gold bridge").keys == hits.keys


def test_arrow_of_nothing_and_of_many(index: fs.Index) -> None:
    empty = pyarrow.table(index.search("nothing-like-it").to_arrow())
    empty.validate(full=True)
    assert empty.num_rows == 0
    assert empty.column_names == ["id", "_score", *SCHEMA.fields]
    stream = index.search("").to_arrow()
    assert pyarrow.table(stream) == pyarrow.table(stream), "a table can be read again"
    stream.__arrow_c_stream__()  # a capsule that nobody takes is released


def test_fields_project_everywhere(index: fs.Index) -> None:
    hits = index.search("gold", fields=["title", "year"])
    assert all(set(hit) <= {"title", "year"} for hit in hits)
    assert pyarrow.table(hits.to_arrow()).column_names == ["id", "_score", "title", "year"]
    assert set(hits.to_list()[0]["document"]) == {"title", "year"}
    assert hits.keys[0] in ("k1", "k3")


def test_hits_stay_as_they_were_found() -> None:
    with treasures() as index:
        hits = index.search("gold")
        index.delete(hits.keys)
        index.commit()
        index.merge()
        assert hits[0]["year"] in (1702, 1900)
    assert hits[0]["title"], "also when the index is closed"


def test_integer_keys_are_integers() -> None:
    with fs.Index.create("memory://", fs.Schema(key="id", key_type=int, fields={"title": fs.Text()})) as index:
        index.upsert([{"id": 7, "title": "gold"}, {"id": -3, "title": "gold"}])
        hits = index.search("gold")
        assert hits.keys == [7, -3] == [hit.key for hit in hits]
        assert [entry["key"] for entry in hits.to_list()] == [7, -3]
        assert pyarrow.table(hits.to_arrow()).column("id").to_pylist() == [7, -3]
        assert index.get(7) == {"id": 7, "title": "gold"}
        assert -3 in index
        assert "x" not in index
        assert index.delete([7]) == 1
