"""transaction.py: all or nothing, and whose."""

import asyncio
import pathlib
import threading
from collections.abc import Iterator

import findspot as fs
import pytest

TITLES = fs.Schema(key="id", fields={"title": fs.Text()})


def record(key: str) -> dict[str, str]:
    return {"id": key, "title": "gold"}


@pytest.fixture
def index(tmp_path: pathlib.Path):
    with fs.Index.create(tmp_path / "i", TITLES) as index:
        yield index


def test_it_becomes_one_commit_at_its_end(index: fs.Index) -> None:
    index.upsert([record("old")])
    before = index.commit().generation
    with index.transaction() as inside:
        assert inside is index
        index.upsert([record("k1")])
        index.upsert([record("k2")])
        index.delete("old")
        assert len(index) == 1
        assert "old" in index
    assert index.search("gold").keys == ["k1", "k2"]
    with fs.open(index.url) as other:
        assert other.search("gold").keys == ["k1", "k2"], "durable"
        assert other.view().generation == before + 1, "one manifest"


def test_an_exception_drops_it(index: fs.Index) -> None:
    index.upsert([record("old")])
    with pytest.raises(KeyError), index.transaction():
        index.upsert([record("k1")])
        index.delete("old")
        raise KeyError
    assert index.search("gold").keys == ["old"]
    index.upsert([record("k2")])
    assert len(index) == 2


def test_a_refused_document_inside_leaves_the_rest(index: fs.Index) -> None:
    with index.transaction():
        index.upsert([record("k1")])
        with pytest.raises(fs.DocumentError):
            index.upsert([record("k2"), {"id": "k3", "title": 5}])
    assert index.search("gold").keys == ["k1"]


def test_other_threads_and_tasks_write_beside_it(index: fs.Index) -> None:
    def write() -> None:
        index.upsert([record("other")])

    with index.transaction():
        index.upsert([record("mine")])
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        assert index.search("gold").keys == ["other"]
    assert sorted(index.search("gold").keys) == ["mine", "other"]

    async def one(key: str, inside: asyncio.Event, outside: asyncio.Event) -> None:
        with index.transaction():
            index.upsert([record(key)])
            inside.set()
            await outside.wait()

    async def both() -> None:
        a, b = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(one("a", a, b))
        await a.wait()
        index.upsert([record("b")])
        assert "b" in index
        assert "a" not in index
        b.set()
        await task

    asyncio.run(both())
    assert "a" in index


def test_two_indexes_two_transactions(tmp_path: pathlib.Path, index: fs.Index) -> None:
    with fs.Index.create(tmp_path / "other", TITLES) as other:
        with index.transaction():
            index.upsert([record("k1")])
            other.upsert([record("k2")])
            assert (len(index), len(other)) == (0, 1)
            with other.transaction():
                other.upsert([record("k3")])
        assert (len(index), len(other)) == (1, 2)


def test_wrong_use_is_said(index: fs.Index) -> None:
    transaction = index.transaction()
    with transaction:
        with pytest.raises(RuntimeError, match="inside a transaction"):
            index.commit()
        with pytest.raises(RuntimeError, match="inside a transaction"), index.transaction():
            pass
    with pytest.raises(RuntimeError, match="used once"), transaction:
        pass


def test_records_that_write_to_their_own_transaction_are_a_conflict(index: fs.Index) -> None:
    def records() -> Iterator[dict[str, str]]:
        yield record("k1")
        index.upsert([record("k2")])

    with index.transaction(), pytest.raises(fs.ConflictError, match="reading them"):
        index.upsert(records())
    assert len(index) == 0


def test_threads_that_share_a_context_take_turns(index: fs.Index) -> None:
    async def write() -> None:
        with index.transaction():
            await asyncio.gather(*(asyncio.to_thread(index.upsert, [record(f"k{i}")]) for i in range(20)))
            assert len(index) == 0

    asyncio.run(write())
    assert len(index) == 20


def test_deleting_by_filter_inside(index: fs.Index) -> None:
    index.upsert([record("k1"), {"id": "k2", "title": None}])
    with index.transaction():
        index.delete_where(fs.col("title").exists())
        assert len(index) == 2
    assert index.search("").keys == ["k2"]
