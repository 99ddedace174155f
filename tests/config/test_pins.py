"""Pins: everything that is asked inside one is of its version, and after it nothing is kept."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import pathlib
import pickle
import threading
import time
from typing import Any

import findspot as fs
import pytest
from findspot.config import Mapping, Store


def retire(store: Store[Any], times: int = 5) -> None:
    """Publishes until what was current is in no ring and in no numbering."""
    for value in range(times):
        store.patch({"k": 1000 + value})


def until_freed(store: Store[Any]) -> None:
    deadline = time.monotonic() + 10
    while store.metrics()["pinned_versions"] > 0:
        gc.collect()
        assert time.monotonic() < deadline, store.metrics()
        time.sleep(0.005)


@pytest.mark.parametrize("where", ["folder", "memory"])
def test_all_that_is_asked_inside_is_of_the_pinned_version(where: str, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "versions" if where == "folder" else None
    with Store(sources=[Mapping({"k": 1, "words": ["a", "b"]})], folder=folder, keep=1) as store:

        @store.derive("k")
        def tenfold(k: int) -> int:
            return k * 10

        store.set_unit("u", {"words": ["u"]})
        with store.pin() as config:
            builds = tenfold.builds
            retire(store)
            with pytest.raises(fs.ConfigError, match="there is no version 1"):
                store.pin(version=1)
            assert (config.k, store.pinned().k, tenfold(), tenfold(config)) == (1, 1, 10, 10)
            assert store.for_unit("u").words == ("u",) and store.for_unit("u").k == 1
            assert tenfold.builds == builds + 5, "one for each version, none for the questions"

            @store.derive("k")
            def later(k: int) -> int:
                return k * 100

            assert (later(), later(store.current)) == (100, 100_400)
        assert (tenfold(), store.pinned().k) == (10_040, 1004)


def test_overlays_inside_a_pin_are_those_of_its_moment() -> None:
    store = Store(sources=[Mapping({"k": 1, "l": 1})])
    store.set_unit("u", {"k": 5})
    view = store.current
    with store.pin():
        store.set_unit("u", {"k": 6})
        store.set_unit("v", {"k": 7})
        assert (store.for_unit("u").k, store.for_unit("v").k) == (5, 1)
        with store.pin(fresh=True):
            assert (store.for_unit("u").k, store.for_unit("v").k) == (6, 7)
        assert store.for_unit("u").k == 5
        store.set_unit("u", None)
        assert store.for_unit("u").k == 5
    assert (store.for_unit("u").k, store.for_unit("v").k) == (1, 7)
    assert store.version == 1 and store.current == view and store.current.l == view.l == 1


def test_overlays_of_another_process_reach_the_next_pin_and_not_this_one(tmp_path: pathlib.Path) -> None:
    with Store(sources=[Mapping({"k": 1})], folder=tmp_path) as store, Store(folder=tmp_path) as other:
        with store.pin():
            other.set_unit("u", {"k": 2})
            deadline = time.monotonic() + 20
            while store.metrics()["units"] < 1 and time.monotonic() < deadline:
                time.sleep(0.005)
            assert store.for_unit("u").k == 1
        assert store.for_unit("u").k == 2


def test_a_rollback_does_not_reach_a_pin() -> None:
    store = Store(sources=[Mapping({"k": 1})], keep=2)
    store.patch({"k": 2})
    with store.pin() as config:
        store.rollback(1)
        retire(store)
        assert (config.k, store.pinned().k, store.current.k) == (2, 2, 1004)


def test_pins_of_two_stores_do_not_touch_each_other() -> None:
    one, two = Store(sources=[Mapping({"k": 1})], keep=1), Store(sources=[Mapping({"k": 10})], keep=1)
    with one.pin():
        retire(one)
        retire(two)
        with two.pin():
            retire(two, 7)
            assert (one.pinned().k, two.pinned().k) == (1, 1004)
        assert (one.pinned().k, two.pinned().k) == (1, 1006)
    assert (one.pinned().k, two.pinned().k) == (1004, 1006)


def test_a_task_that_outlives_the_pin_is_not_pinned_and_keeps_no_version() -> None:
    store = Store(sources=[Mapping({"k": 1, "text": "x" * 100_000})], keep=1)

    async def main() -> None:
        go, inside = asyncio.Event(), asyncio.Event()

        async def background() -> tuple[int, int]:
            first = store.pinned().k
            inside.set()
            await go.wait()
            return first, store.pinned().k

        with store.pin():
            store.patch({"k": 2})
            task = asyncio.create_task(background())
            await inside.wait()
        for value in range(3, 20):
            store.patch({"k": value})
        await asyncio.to_thread(until_freed, store)
        go.set()
        assert await task == (1, 19)

    asyncio.run(main())


def test_a_pin_inside_a_pin_that_ends_first_lasts() -> None:
    """The outer one ends while a task is still inside an inner one: the inner one has a version of its own."""
    store = Store(sources=[Mapping({"k": 1})], keep=1)

    async def main() -> None:
        go, inside = asyncio.Event(), asyncio.Event()

        async def inner() -> tuple[int, int]:
            with store.pin():
                inside.set()
                await go.wait()
                pinned = store.pinned().k
            return pinned, store.pinned().k

        with store.pin():
            task = asyncio.create_task(inner())
            await inside.wait()
        retire(store)
        go.set()
        assert await task == (1, 1004)

    asyncio.run(main())


def test_a_copied_context_has_the_pin_as_long_as_it_lasts() -> None:
    store = Store(sources=[Mapping({"k": 1})], keep=1)
    with store.pin():
        context = contextvars.copy_context()
        retire(store)
        assert context.run(lambda: store.pinned().k) == 1
        with store.pin(fresh=True):
            deeper = contextvars.copy_context()
            assert deeper.run(lambda: store.pinned().k) == 1004
        assert deeper.run(lambda: store.pinned().k) == 1, "the pin around it"
    assert context.run(lambda: store.pinned().k) == deeper.run(lambda: store.pinned().k) == 1004
    until_freed(store)


def test_a_pin_that_ends_in_another_context_ends() -> None:
    """Frameworks run the two ends of a generator in copies of a context."""
    store = Store(sources=[Mapping({"k": 1})], keep=1)
    with store.pin():
        store.patch({"k": 2})
        inner = store.pin(fresh=True)
        context = contextvars.copy_context()
        assert context.run(inner.__enter__).k == 2
        contextvars.copy_context().run(inner.__exit__, None, None, None)
        assert store.pinned().k == 1, "the outer one is not touched"
        assert context.run(lambda: store.pinned().k) == 1
    assert store.pinned().k == 2


def test_pins_that_end_in_the_wrong_order() -> None:
    """As generators in one context do: each pin ends with itself."""
    store = Store(sources=[Mapping({"k": 1})], keep=1)
    first = store.pin()
    first.__enter__()
    second = store.pin()
    assert second.__enter__().k == 1
    retire(store)
    first.__exit__(None, None, None)
    assert store.pinned().k == 1
    second.__exit__(None, None, None)
    assert store.pinned().k == 1004
    until_freed(store)


def test_a_manager_of_the_outermost_pin_serves_again_and_an_inner_one_once() -> None:
    store = Store(sources=[Mapping({"k": 1})], keep=1)
    outermost = store.pin()
    with outermost as first:
        store.patch({"k": 2})
        with pytest.raises(RuntimeError, match=r"call store\.pin\(\) again"):
            outermost.__enter__()
        inner = store.pin()
        with inner as same:
            assert same is first
            with pytest.raises(RuntimeError, match=r"call store\.pin\(\) again"):
                inner.__enter__()
        with pytest.raises(RuntimeError, match="used in one `with`"):
            inner.__enter__()
        assert store.pinned().k == 1
    assert store.pinned().k == 2
    outermost.__exit__(None, None, None)
    with outermost as third:
        assert third.k == 2


def test_pins_that_nobody_ends_pile_up_nowhere() -> None:
    store = Store(sources=[Mapping({"k": 1, "text": "x" * 10_000})], keep=1)

    def work() -> None:
        for value in range(20_000):
            store.pin(fresh=True).__enter__()
            if value % 100 == 0:
                store.patch({"k": value})
        assert store.metrics()["pinned_versions"] <= 2

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    until_freed(store)


def test_many_pins_leave_nothing_behind() -> None:
    store = Store(sources=[Mapping({"k": 1, "text": "x" * 100_000})], keep=1)

    async def request() -> None:
        with store.pin() as config:
            await asyncio.sleep(0)
            assert store.pinned() is config
            with store.pin() as inner:
                assert inner is config

    async def main() -> None:
        for value in range(100):
            store.patch({"k": value})
            await asyncio.gather(*(request() for _ in range(100)))

    asyncio.run(main())
    until_freed(store)


def test_a_wsgi_answer_lets_go_at_its_end() -> None:
    store = Store(sources=[Mapping({"k": 1})], keep=1)
    kept: list[contextvars.Context] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        kept.append(contextvars.copy_context())
        return [b"%d" % store.pinned().k]

    def broken(environ: Any, start_response: Any) -> list[bytes]:
        kept.append(contextvars.copy_context())
        raise ValueError("broken")

    answer: Any = store.middleware(app)({}, None)
    retire(store)
    assert (next(answer), kept[0].run(lambda: store.pinned().k)) == (b"1", 1)
    answer.close()
    with pytest.raises(ValueError, match="broken"):
        store.middleware(broken)({}, None)
    retire(store)
    assert [context.run(lambda: store.pinned().k) for context in kept] == [1004, 1004]
    until_freed(store)


def test_a_view_out_of_a_pickle_is_of_no_version() -> None:
    store = Store(sources=[Mapping({"k": 1})], keep=1)

    @store.derive("k")
    def tenfold(k: int) -> int:
        return k * 10

    with store.pin() as config:
        copy = pickle.loads(pickle.dumps(config))
        retire(store)
        assert (copy.k, copy == config) == (1, True)
        with pytest.raises(TypeError, match="out of a pickle"):
            tenfold(copy)


def test_a_search_under_a_retired_pin_ranks_by_it() -> None:
    schema = fs.Schema(key="id", fields={"title": fs.Text(), "clue": fs.Text()})
    store = Store(sources=[Mapping({"ranking": {"fields": {"title": 1.0, "clue": 9.0}}})], keep=1)
    with fs.Index.create("memory://", schema, config=store) as index:
        index.upsert([{"id": "k1", "title": "gold"}, {"id": "k2", "clue": "gold gold"}])
        with store.pin():
            for weight in range(40):
                store.patch({"ranking.fields": {"title": 9.0 + weight, "clue": 1.0}})
            assert (index.search("gold").keys, index.search("gold").config_version) == (["k2", "k1"], 1)
        assert index.search("gold").keys == ["k1", "k2"]
