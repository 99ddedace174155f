"""Awaited calls in real processes: threads, forks, ends, loops that come and go, crowds, and a soak of everything at once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from awaiting import LOOPS, script

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and /proc")

HEAD = """
import asyncio, contextlib, gc, os, pathlib, random, sys, threading, time, weakref
import findspot as fs
import anyio, trio, uvloop
from awaiting import LONG, LOOPS, hoard
from findspot import _native

def names():
    found = []
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError):
            found.append(pathlib.Path(f"/proc/self/task/{task}/comm").read_text().strip())
    return sorted(found)

def descriptors():
    return len(os.listdir("/proc/self/fd"))

def loops_inboxes():
    return sum(type(one) is _native.Inbox for one in gc.get_objects())
"""

THREADS = """
async def main():
    with hoard() as index:
        assert "findspot-worker" not in names()
        await index.asearch("nowhere")
        assert "findspot-worker" not in names(), "what is cheap needs no thread"
        before = threading.active_count(), len(names())
        async with anyio.create_task_group() as tasks:
            for _ in range(300):
                tasks.start_soon(lambda: index.asearch(**LONG))
                tasks.start_soon(lambda: index.asearch("gold", where="year < 7"))
            tasks.start_soon(lambda: index.aupsert({"id": str(n)} for n in range(5000)))
            tasks.start_soon(lambda: index.acommit())
        workers = names().count("findspot-worker")
        assert 1 <= workers <= 4, workers
        assert _native.pool_load() == (0, workers)
        assert threading.active_count() == before[0], threading.enumerate()
        assert not any("asyncio" in thread.name for thread in threading.enumerate())
    print("done")

LOOPS["%s"](main)
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_no_python_thread_takes_part(loop: str) -> None:
    assert script(HEAD + THREADS % loop, FINDSPOT_WORKERS="2").strip() == "done"


FORKED = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forks beside threads; this is the test of them
kept_open = hoard()
index = kept_open.__enter__()
expected = index.search(**LONG).keys

async def search():
    return [hits.keys for hits in await asyncio.gather(*(index.asearch(**LONG) for _ in range(20)))]

async def forking():
    crowd = [asyncio.ensure_future(index.asearch(**LONG)) for _ in range(50)]
    await asyncio.sleep(0.01)
    for _ in range(5):
        child = os.fork()
        if child == 0:
            # Another loop in the child; the pool's threads are its own.
            asyncio._set_running_loop(None)
            code = 1
            try:
                assert names().count("findspot-worker") == 0
                for run in LOOPS.values():
                    if run is LOOPS["trio"]:
                        continue
                    assert run(search) == [expected] * 20
                assert names().count("findspot-worker") >= 1
                code = 0
            finally:
                os._exit(code)
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            await asyncio.sleep(0.005)
        assert os.waitstatus_to_exitcode(status) == 0
    assert [hits.keys for hits in await asyncio.gather(*crowd)] == [expected] * 50

async def trio_search():
    return [(await index.asearch(**LONG)).keys for _ in range(5)]

async def forking_when_woken():
    # A child that is born while results are handed out runs a loop of its own there.
    await index.asearch(**LONG)
    child = os.fork()
    if child == 0:
        asyncio._set_running_loop(None)
        code = 1
        try:
            code = 0 if uvloop_search() == [expected] * 20 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

def uvloop_search():
    loop = uvloop.new_event_loop()
    return loop.run_until_complete(search())

asyncio.run(forking())
asyncio.run(forking_when_woken())
child = os.fork()
if child == 0:
    ok = trio.run(trio_search) == [expected] * 5 and asyncio.run(search()) == [expected] * 20
    os._exit(0 if ok else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert asyncio.run(search()) == [expected] * 20
index.close()
print("done")
"""


def test_a_child_of_a_fork_has_its_own_pool() -> None:
    assert script(HEAD + FORKED).strip() == "done"


PENDING_AT_EXIT = """
kept_open = hoard()
index = kept_open.__enter__()
loop = %s()
asyncio.set_event_loop(loop)

async def main():
    tasks = [loop.create_task(index.asearch_many(["gold OR coin OR silver"] * 1000, count="exact", sort="year")) for _ in range(20)]
    await asyncio.sleep(0.01)
    print("leaving")
    %s

loop.run_until_complete(main())
"""


@pytest.mark.parametrize("made", ["asyncio.new_event_loop", "uvloop.new_event_loop"])
@pytest.mark.parametrize("ending", ["os._exit(0)", "globals().update(kept=tasks)"])
def test_a_process_ends_with_searches_in_the_air(made: str, ending: str) -> None:
    source = HEAD + PENDING_AT_EXIT % (made, ending)
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, env=environment)
    assert run.stdout.strip() == "leaving"
    assert run.returncode == 0, run.stderr
    assert "Fatal" not in run.stderr and "panic" not in run.stderr


EXIT_TRIO = """
async def main():
    with hoard() as index:
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(lambda: index.asearch_many(["gold OR coin OR silver"] * 1000, count="exact", sort="year"))
            await trio.sleep(0.01)
            sys.exit(7)

try:
    trio.run(main)
except BaseExceptionGroup as group:
    assert isinstance(group.exceptions[0], SystemExit)
    print("done")
"""


def test_trio_ends_with_searches_in_the_air() -> None:
    assert script(HEAD + EXIT_TRIO).strip() == "done"


NO_LOOP = """
with hoard() as index:
    outcomes = []
    def blocking():
        outcomes.append(index.search(**LONG).keys)
        try:
            index.asearch(**LONG).send(None)
        except RuntimeError as error:
            outcomes.append(str(error))
        # What is cheap needs none.
        try:
            index.asearch("nowhere").send(None)
        except StopIteration as stop:
            outcomes.append(stop.value.total)
    thread = threading.Thread(target=blocking)
    thread.start()
    thread.join()
    assert outcomes[0] == index.search(**LONG).keys
    assert "no event loop runs in this thread" in outcomes[1]
    assert outcomes[2] == 0
print("done")
"""


def test_a_thread_without_a_loop() -> None:
    assert script(HEAD + NO_LOOP).strip() == "done"


SEVERAL_LOOPS = """
with hoard() as index:
    expected = index.search(**LONG).keys
    async def search():
        async def one():
            assert (await index.asearch(**LONG)).keys == expected
        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(one)
    failed = []
    def serve(run):
        try:
            for _ in range(5):
                run(search)
        except BaseException as error:
            failed.append(error)
    threads = [threading.Thread(target=serve, args=(run,)) for run in [*LOOPS.values()] * 3]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failed, failed
    # Two loops in turn in one thread: each keeps its inbox.
    first, second = asyncio.new_event_loop(), uvloop.new_event_loop()
    async def one():
        return (await index.asearch(**LONG)).keys
    assert first.run_until_complete(one()) == second.run_until_complete(one()) == expected
    gc.collect()
    before = descriptors()
    for _ in range(50):
        assert first.run_until_complete(one()) == second.run_until_complete(one()) == expected
    assert descriptors() <= before
    first.close(); second.close()
    del first, second, threads
    gc.collect()
    assert loops_inboxes() == 0, loops_inboxes()
print("done")
"""


def test_several_loops_at_once_and_in_turn() -> None:
    assert script(HEAD + SEVERAL_LOOPS).strip() == "done"


CROWD = """
async def main():
    with hoard(3000) as index:
        expected = {year: index.search("gold", where=f"year < {year}").keys for year in range(100, 200)}
        answered = 0
        async def one(n):
            nonlocal answered
            year = 100 + n %% 100
            assert (await index.asearch("gold", where=f"year < {year}")).keys == expected[year]
            answered += 1
        async with anyio.create_task_group() as tasks:
            for n in range(10_000):
                tasks.start_soon(one, n)
        assert answered == 10_000
        assert _native.pool_load()[0] == 0
    print("done")

LOOPS["%s"](main)
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_ten_thousand_tasks_wait(loop: str) -> None:
    assert script(HEAD + CROWD % loop, timeout=120).strip() == "done"


CLOSED_UNDER = """
import warnings
warnings.simplefilter("ignore")
class Canary: pass

def once(make):
    canary = Canary()
    loop = make()
    async def one(canary):
        await index.asearch_many(["gold OR coin OR silver"] * 1000, count="exact", sort="year")
    async def main():
        for _ in range(10):
            tasks.append(loop.create_task(one(canary)))
        await asyncio.sleep(0.002)
    tasks = []
    loop.set_exception_handler(lambda *_: None)   # pending tasks that are destroyed are told; this is the test of them
    loop.run_until_complete(main())
    loop.close()
    return weakref.ref(canary), weakref.ref(loop)

with hoard() as index:
    for make in (asyncio.new_event_loop, uvloop.new_event_loop):
        once(make); gc.collect()
        before = descriptors()
        gone = [reference for _ in range(5) for reference in once(make)]
        gc.collect()
        assert [reference() for reference in gone] == [None] * 10, (make, gone)
        assert loops_inboxes() == 0
        # The searches were told to stop; their pipes go with the last of them.
        waited = time.monotonic()
        while descriptors() > before and time.monotonic() - waited < 20:
            time.sleep(0.01)
        assert descriptors() <= before, (make, before, descriptors())
    assert asyncio.run(index.asearch(**LONG)).keys == index.search(**LONG).keys
print("done")
"""


def test_a_loop_that_is_closed_under_its_tasks_leaks_nothing() -> None:
    assert script(HEAD + CLOSED_UNDER).strip() == "done"


SOAK = """
seconds = float(os.environ["SECONDS"])
dice = random.Random(7)

async def main():
    with hoard(20_000) as index:
        expected = index.search(**LONG).keys
        counts = dict(found=0, cancelled=0, partial=0, written=0, many=0)
        end = time.monotonic() + seconds
        async def one():
            while time.monotonic() < end:
                kind = dice.randrange(6)
                with anyio.move_on_after(dice.choice([0.0005, 0.002, 0.02, 10])) as scope:
                    if kind == 0:
                        hits = await index.asearch(**LONG, timeout=dice.choice([None, 0.002]))
                        counts["partial" if hits.partial else "found"] += 1
                        assert hits.partial or hits.keys == expected
                    elif kind == 1:
                        await index.asearch("gold", where=f"year < {dice.randrange(1000)}")
                    elif kind == 2:
                        many = await index.asearch_many(["gold", "coin", "silver"] * 5)
                        assert len(many) == 15
                        counts["many"] += 1
                    elif kind == 3 and dice.random() < 0.2:
                        await index.aupsert([{"id": f"new{dice.randrange(100)}", "title": "ruby", "year": 5000}])
                        counts["written"] += 1
                    elif kind == 4 and dice.random() < 0.05:
                        await index.acommit()
                    else:
                        await index.asearch("gold coin")
                if scope.cancelled_caught:
                    counts["cancelled"] += 1
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(one)
        await index.aupsert([])  # what was cancelled is over when this one is: writes come one after the other
        assert min(counts.values()) > 0, counts
        deadline = time.monotonic() + 20
        while _native.pool_load()[0] and time.monotonic() < deadline:
            await anyio.sleep(0.01)
        assert _native.pool_load()[0] == 0
        await anyio.sleep(0.05)
        gc.collect()
        assert [len(one) for one in gc.get_objects() if type(one) is _native.Inbox] == [0]
        assert sum(type(one) is _native.Pending for one in gc.get_objects()) == 0
    print("done")

LOOPS["%s"](main)
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_everything_at_once(loop: str) -> None:
    seconds = "60" if os.environ.get("FINDSPOT_SOAK") else "2"
    assert script(HEAD + SOAK % loop, timeout=180, SECONDS=seconds).strip() == "done"
