"""What the documentation of `on_change` promises, each sentence."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from typing import Any

import pytest
from findspot.config import Mapping, Store

PATIENCE = 20


def test_a_change_that_touches_several_patterns_is_one_call_on_a_thread_of_its_own() -> None:
    store, told = Store(sources=[Mapping({"a": 1, "b": 1, "c": 1})]), queue.Queue[Any]()

    @store.on_change("a", "b")
    def changed(old: Any, new: Any, diff: Any) -> None:
        told.put((old.a, new.a, diff.paths, threading.get_ident(), store.current.a >= new.a))

    with store.pin():
        store.patch({"a": 2, "b": 2})
        store.patch({"c": 2})
        store.patch({"b": 3})
        first, second = told.get(timeout=PATIENCE), told.get(timeout=PATIENCE)
    assert (first[:3], second[:3]) == ((1, 2, ("a", "b")), (2, 2, ("b",)))
    assert threading.get_ident() not in (first[3], second[3]) and first[4] and second[4]
    time.sleep(0.1)
    assert told.empty()
    with pytest.raises(ValueError, match="path"):
        store.on_change("a..b")(changed)


def test_calls_come_in_order_and_no_pin_is_inherited() -> None:
    store, told = Store(sources=[Mapping({"k": 0})]), queue.Queue[Any]()
    running = threading.Lock()

    @store.on_change()
    def changed(old: Any, new: Any, diff: Any) -> None:
        assert running.acquire(blocking=False), "one call at a time"
        told.put((old.k, new.k, store.pinned().k >= new.k))
        running.release()

    with store.pin():
        for value in range(1, 200):
            store.patch({"k": value})
    last, seen = 0, []
    while last < 199:
        old, new, is_newest = told.get(timeout=PATIENCE)
        assert old == last < new and is_newest
        last = new
        seen.append(new)
    assert store.metrics()["subscriber_failures_total"] == 0


def test_one_that_hangs_delays_nobody_and_skips_versions_and_not_changes() -> None:
    store, told, others = Store(sources=[Mapping({"k": 0})]), queue.Queue[Any](), queue.Queue[Any]()
    release = threading.Event()

    @store.on_change("k")
    def hanging(old: Any, new: Any, diff: Any) -> None:
        told.put((old.k, new.k))
        assert release.wait(PATIENCE)

    store.on_change("k")(lambda old, new, diff: others.put(new.k))
    begin = time.monotonic()
    store.patch({"k": 1})
    steps = [told.get(timeout=PATIENCE)]
    for value in range(2, 41):
        store.patch({"k": value})
    while others.get(timeout=PATIENCE) < 40:
        pass
    assert time.monotonic() - begin < 10
    release.set()
    steps += [told.get(timeout=PATIENCE) for _ in range(16)]
    assert steps[0] == (0, 1) and steps[-1][1] == 40 and steps[15][1] == 16
    assert all(before[1] == after[0] for before, after in itertools.pairwise(steps))
    assert told.empty()


def test_what_it_raises_is_logged_and_counted_and_the_next_call_comes(caplog: pytest.LogCaptureFixture) -> None:
    store, told = Store(sources=[Mapping({"k": 0, "password": "s3cr3t-w0rd"})]), queue.Queue[Any]()

    def fragile(old: Any, new: Any, diff: Any) -> None:
        told.put(new.k)
        raise ValueError(f"no good: {new.password}")

    store.on_change("k")(fragile)
    with caplog.at_level(logging.ERROR, "findspot.config"):
        store.patch({"k": 1})
        store.patch({"k": 2})
        assert [told.get(timeout=PATIENCE), told.get(timeout=PATIENCE)] == [1, 2]
        deadline = time.monotonic() + PATIENCE
        while store.metrics()["subscriber_failures_total"] < 2 and time.monotonic() < deadline:
            time.sleep(0.005)
    assert store.metrics()["subscriber_failures_total"] == 2
    assert len(caplog.records) == 2 and "fragile: ValueError: no good: (secret)" in caplog.records[0].getMessage()
    assert store.current.k == 2


def test_it_may_change_the_store_and_is_told_of_that_afterwards() -> None:
    store, told = Store(sources=[Mapping({"k": 0})]), queue.Queue[Any]()

    @store.on_change("k")
    def counting(old: Any, new: Any, diff: Any) -> None:
        if new.k < 5:
            assert store.patch({"k": new.k + 1}).changed and store.current.k == new.k + 1
        told.put((old.k, new.k))

    store.patch({"k": 1})
    assert [told.get(timeout=PATIENCE) for _ in range(5)] == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert store.reload().accepted
