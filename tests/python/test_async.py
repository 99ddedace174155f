"""Awaited calls: what they answer, under each loop, and what becomes of those that are cancelled, refused or too late."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import anyio
import findspot as fs
import pytest
import trio
from awaiting import LONG, LOOPS, hoard, script
from findspot.query import Match
from treasures import treasures

loops = pytest.mark.parametrize("run", LOOPS.values(), ids=LOOPS)


def shown(hits: fs.Hits) -> tuple[Any, ...]:
    return (hits.keys, list(hits.scores), hits.total, hits.total_relation, hits.partial, hits.warnings, hits.to_json())


REQUESTS: list[dict[str, Any]] = [
    {"query": "gold coin"},
    {"query": ""},
    {"query": "nowhere", "count": "none"},
    {"query": Match("gold") & ~Match("coin")},
    {"query": "coin", "where": "year < 1800", "sort": "-year"},
    {"query": "coin", "where": fs.col("year") < 1800, "fields": ["title"], "limit": 1, "offset": 1},
    {"query": "go* OR gild~1", "explain": True, "timeout": 100.0},
]


@loops
@pytest.mark.parametrize("inline", [True, False])
def test_they_answer_as_the_blocking_ones_do(run: Any, inline: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # A filter is what sends each to the pool.
    extra: dict[str, Any] = {} if inline else {"where": "year >= 0"}
    with treasures() as index, index.view() as view:
        requests = [{**extra, **request} for request in REQUESTS]

        async def main() -> list[Any]:
            found = [await index.asearch(**request) for request in requests]
            found += [await view.asearch(**request) for request in requests]
            many = await index.asearch_many(["gold", "coin", ""], limit=2)
            return [shown(hits) for hits in (*found, *many)]

        expected = [shown(index.search(**request)) for request in requests] * 2
        expected += [shown(hits) for hits in index.search_many(["gold", "coin", ""], limit=2)]
        assert run(main) == expected


@loops
def test_long_ones_leave_the_loop_alone(run: Any) -> None:
    with hoard() as index:
        index.search(**LONG)

        async def main() -> tuple[int, int]:
            turns, ended = 0, 0

            async def search() -> None:
                nonlocal ended
                for _ in range(10):
                    await index.asearch(**LONG)
                ended += 1

            async def turn() -> None:
                nonlocal turns
                while ended < 4:
                    turns += 1
                    await anyio.sleep(0.0005)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(turn)
                for _ in range(4):
                    tasks.start_soon(search)
            return turns, ended

        turns, ended = run(main)
        assert ended == 4
        assert turns > 10


@loops
def test_errors_are_those_of_the_blocking_ones(run: Any) -> None:
    with treasures() as index:

        async def main() -> None:
            with pytest.raises(fs.QueryError) as strict:
                await index.asearch("coin (", strict=True)
            assert strict.value.position is not None
            with pytest.raises(fs.QueryError, match="nowhere"):
                await index.asearch("coin", sort="nowhere")
            with pytest.raises(fs.QueryError) as typed:
                await index.asearch(Match("a", fields="titel"), where=fs.col("year") < 5)
            assert typed.value.position is None
            with pytest.raises(fs.QueryError) as many:
                await index.asearch_many(["gold", "coin ("], strict=True)
            assert many.value.__notes__ == ["queries[1]"]
            with pytest.raises(TypeError, match="limit"):
                index.asearch("coin", limit="ten")  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="got str"):
                index.asearch_many("coin")
            with pytest.raises(fs.SearchTimeout):
                await index.asearch("coin", where="year > 0", timeout=0, on_timeout="raise")
            assert (await index.asearch("coin", where="year > 0", timeout=0)).partial

        run(main)
    with pytest.raises(fs.ClosedError):
        index.asearch("coin")


def test_an_answer_is_a_coroutine_to_whoever_runs_it() -> None:
    with hoard() as index:

        async def main() -> None:
            task = asyncio.create_task(index.asearch(**LONG))
            gathered = await asyncio.gather(index.asearch("gold"), index.asearch(**LONG), task)
            assert gathered[1].keys == gathered[2].keys == index.search(**LONG).keys
            waited = await asyncio.wait_for(index.asearch(**LONG), 20)
            assert waited.keys == gathered[1].keys
            answer = index.asearch("gold")
            assert repr(answer) == "Answer(not awaited)"
            await answer
            with pytest.raises(RuntimeError, match="already awaited"):
                await answer
            shielded = await asyncio.shield(asyncio.ensure_future(index.asearch(**LONG)))
            assert shielded.keys == waited.keys

        asyncio.run(main())
        closed = index.asearch(**LONG)
        closed.close()
        with pytest.raises(RuntimeError, match="no event loop"):
            index.asearch(**LONG).send(None)


def test_timeouts_count_the_time_in_the_queue() -> None:
    with hoard() as index:

        async def main() -> None:
            crowd = [asyncio.ensure_future(index.asearch(**LONG)) for _ in range(60)]
            await asyncio.sleep(0)
            late = await index.asearch(**LONG, timeout=0.001)
            assert late.partial
            with pytest.raises(fs.SearchTimeout) as timeout:
                await index.asearch(**LONG, timeout=0.001, on_timeout="raise")
            assert timeout.value.seconds == 0.001
            assert not any(hits.partial for hits in await asyncio.gather(*crowd))

        asyncio.run(main())


CANCELLED = """
import asyncio, gc, time
import findspot as fs
from awaiting import LOOPS, hoard
import anyio
from findspot import _native

async def main():
    with hoard(200_000) as index:
        queries = ["gold OR coin OR silver OR bridge OR old OR crown"] * 100_000
        started = time.monotonic()
        with anyio.move_on_after(0.05) as scope:
            await index.asearch_many(queries, count="exact", sort=["year", "_score"])
        assert scope.cancelled_caught
        while True:   # the only worker for long ones is free again soon
            with anyio.move_on_after(0.5):
                await index.asearch("gold", where="year < 500")
                break
        took = time.monotonic() - started
        assert took < 5, took
        # Those that wait are never begun.
        async with anyio.create_task_group() as tasks:
            for _ in range(300):
                tasks.start_soon(lambda: index.asearch_many(queries[:1000], count="exact", sort=["year", "_score"]))
            await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        started = time.monotonic()
        await index.asearch("gold", where="year < 500")
        assert time.monotonic() - started < 5
        assert _native.pool_load()[0] == 0
    print("done")

LOOPS["%s"](main)
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_cancelled_tasks_stop_their_searches(loop: str) -> None:
    assert script(CANCELLED % loop, FINDSPOT_WORKERS="1").strip() == "done"


OVERLOADED = """
import asyncio
import findspot as fs
from awaiting import LONG, LOOPS, hoard
import anyio

async def main():
    with hoard() as index:
        outcomes = []
        async def search():
            try:
                outcomes.append((await index.asearch(**LONG)).keys)
            except fs.Overloaded as error:
                assert 0.01 <= error.retry_after <= 60, error.retry_after
                assert "nothing was done" in str(error)
                outcomes.append(None)
        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(search)
        assert len(outcomes) == 100
        assert 5 <= sum(keys is not None for keys in outcomes) < 100
        expected = index.search(**LONG).keys
        assert all(keys in (None, expected) for keys in outcomes)
        assert (await index.asearch(**LONG)).keys == expected   # there is room again
    print("done")

LOOPS["%s"](main)
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_overload_is_told_before_any_work(loop: str) -> None:
    assert script(OVERLOADED % loop, FINDSPOT_WORKERS="1", FINDSPOT_QUEUE="5").strip() == "done"


@loops
def test_writing_is_awaited(run: Any, tmp_path: Path) -> None:
    lines = tmp_path / "finds.jsonl"
    lines.write_text("".join(f'{{"id": "f{n}", "title": "coin {n}"}}\n' for n in range(1000)))
    schema = fs.Schema(key="id", fields={"title": fs.Text(), "year": fs.Integer()})
    with fs.Index.create(tmp_path / "index", schema) as index:

        async def main() -> None:
            upserted = await index.aupsert({"id": f"k{n}", "title": f"gold {n}"} for n in range(10_000))
            assert (upserted.count, upserted.rejected) == (10_000, [])
            assert (await index.aupsert(lines)).count == 1000
            assert len(index) == 11_000
            bad = [{"id": "k1", "title": "new"}, {"id": "b1", "year": "no"}, {"title": "no key"}]
            collected = await index.aupsert(bad, on_error="collect")
            assert (collected.count, collected.rejected_count) == (1, 2)
            with pytest.raises(fs.DocumentError):
                await index.aupsert([{"id": "b1", "year": "no"}])
            with pytest.raises(fs.ConflictError):
                await index.aupsert([{"id": "k1"}], if_version=0)
            with pytest.raises(ValueError, match="on_error"):
                await index.aupsert([], on_error="ignore")  # type: ignore[arg-type]

            def broken() -> Any:
                yield {"id": "x1"}
                raise LookupError("the source broke")

            with pytest.raises(LookupError, match="the source broke"):
                await index.aupsert(broken())
            assert "x1" not in index
            commit = await index.acommit()
            assert commit == index.commit()
            with index.transaction():
                await index.aupsert([{"id": "t1", "title": "inside"}])
                assert "t1" not in index
                with pytest.raises(RuntimeError, match="inside a transaction"):
                    await index.acommit()
            assert "t1" in index

        run(main)
    with fs.open(tmp_path / "index") as index:
        assert len(index) == 11_001


def test_a_source_gives_the_loop_its_turn() -> None:
    schema = fs.Schema(key="id", fields={"title": fs.Text()})
    with fs.Index.create("memory://", schema) as index:

        async def main() -> int:
            writing = asyncio.create_task(index.aupsert({"id": str(n), "title": "gold coin " * 5} for n in range(100_000)))
            turns = 0
            while not writing.done():
                turns += 1
                await asyncio.sleep(0)
            assert (await writing).count == 100_000
            return turns

        assert asyncio.run(main()) > 20


def test_trio_in_a_thread_beside_asyncio() -> None:
    with hoard(5000) as index:
        expected = index.search(**LONG).keys

        async def inner() -> list[Any]:
            return (await index.asearch(**LONG)).keys

        async def main() -> None:
            other = asyncio.to_thread(trio.run, inner)
            assert await asyncio.gather(other, inner()) == [expected, expected]

        asyncio.run(main())


def test_a_cheap_one_is_done_at_once_and_lets_the_loop_turn_now_and_then() -> None:
    with treasures() as index:

        async def main() -> None:
            turns = 0

            async def turn() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            other = asyncio.create_task(turn())
            for _ in range(1000):
                await index.asearch("gold")
            assert 10 < turns < 200
            other.cancel()

        started = time.monotonic()
        asyncio.run(main())
        assert time.monotonic() - started < 10
