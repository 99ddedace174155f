"""Threads share one index; a forked child reads; a pickle travels."""

import multiprocessing
import os
import pathlib
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import findspot as fs
import pytest
from treasures import treasures

TITLES = fs.Schema(key="id", fields={"title": fs.Text(analyzer="whitespace"), "n": fs.Integer()})


def test_many_threads_write_and_read_one_index(tmp_path: pathlib.Path) -> None:
    index = fs.Index.create(tmp_path / "i", TITLES)
    failures: list[BaseException] = []
    stop = threading.Event()

    def write(thread: int) -> None:
        for i in range(20):
            index.upsert([{"id": f"{thread}-{i}-{j}", "title": f"gold t{thread}", "n": i} for j in range(10)])
            if i % 7 == 0:
                index.commit()
            if i % 5 == 0:
                index.delete([f"{thread}-{i}-0"])

    def read() -> None:
        while not stop.is_set():
            hits = index.search("gold", limit=20, count="exact")
            assert len({hit.key for hit in hits}) == len(hits)
            assert all(hit["title"].startswith("gold t") for hit in hits)
            with index.view() as view:
                assert view.count("gold") == len(view) == view.search("", limit=0, count="exact").total

    def guarded(function: Any, *arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=guarded, args=(read,)) for _ in range(3)]
    for reader in readers:
        reader.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda t: guarded(write, t), range(4)))
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert len(index) == 4 * (200 - 4)
    index.close()
    with fs.open(tmp_path / "i") as again:
        assert len(again) == 4 * 196
        assert again.check().ok


def in_child(function: Any, *arguments: Any) -> str:
    """What a forked child says of a call; it leaves without the parent's cleanup."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = repr(function(*arguments))
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(write, answer.encode()[:4000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return answer


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_fork_the_child_reads_and_may_not_write(tmp_path: pathlib.Path) -> None:
    index = treasures(str(tmp_path / "i"))
    index.commit()
    index.upsert([{"id": "k4", "title": "gold"}])
    assert in_child(lambda: index.search("gold").keys) == repr(index.search("gold").keys)
    assert in_child(lambda: (len(index), index.get("k1")["year"], index.count("gold"))) == "(4, 1702, 3)"
    for write in (
        lambda: index.upsert([{"id": "k5"}]),
        lambda: index.delete("k1"),
        lambda: index.delete_where("year = 1702"),
        lambda: index.commit(),
        lambda: index.merge(),
        lambda: index.gc(),
        lambda: index.alter(add={"more": fs.Text()}),
        lambda: index.transaction().__enter__(),
    ):
        assert in_child(write).startswith("ClosedError: "), in_child(write)
    index.upsert([{"id": "k6", "title": "gold"}])
    assert len(index) == 5, "the parent goes on"
    index.close()
    with fs.open(tmp_path / "i") as again:
        assert len(again) == 5
        assert again.check().ok


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_while_threads_work_is_safe_and_the_child_may_let_go(tmp_path: pathlib.Path) -> None:
    index = fs.Index.create(tmp_path / "i", TITLES)
    index.upsert({"id": f"k{i}", "title": "gold", "n": i} for i in range(2000))
    stop = threading.Event()

    def write() -> None:
        i = 0
        while not stop.is_set():
            index.upsert([{"id": f"w{i % 50}", "title": "gold", "n": i}])
            index.commit()
            i += 1

    def search() -> None:
        while not stop.is_set():
            index.search("gold", limit=3)

    threads = [threading.Thread(target=write), threading.Thread(target=search)]
    for thread in threads:
        thread.start()

    def child() -> bool:
        nonlocal index
        found = index.search("gold", limit=3).total
        del index
        import gc

        gc.collect()
        return found is not None and found >= 2000

    try:
        answers = [in_child(child) for _ in range(20)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert answers == ["True"] * 20
    index.close()


def search_there(index: fs.Index, query: str) -> tuple[list[str], int]:
    hits = index.search(query)
    return hits.keys, hits.index_generation


def test_a_pickle_is_the_url_and_the_generation(tmp_path: pathlib.Path) -> None:
    index = treasures(str(tmp_path / "i"), config={"operator": "and"})
    index.commit()
    data = pickle.dumps(index)
    assert len(data) < 1000
    here = pickle.loads(data)
    assert search_there(here, "gold bridge") == search_there(index, "gold bridge"), "the configuration travels too"
    here.close()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(search_there, index, "gold bridge").result() == (["k1"], 2)
    index.close()


def test_a_pickle_whose_generation_is_gone_is_stale(tmp_path: pathlib.Path) -> None:
    index = treasures(str(tmp_path / "i"))
    index.commit()
    data = pickle.dumps(index)
    for i in range(3):
        index.upsert([{"id": f"n{i}", "title": "gold"}])
        index.commit()
    index.merge()
    index.gc()
    try:
        back = pickle.loads(data)
    except fs.StaleView:
        pass
    else:
        assert back.view().generation == 2
        back.close()
    index.close()
