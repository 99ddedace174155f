"""Servers that fork, and every start method of multiprocessing: each process follows by itself."""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import pickle
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import Any

import pytest
from findspot.config import Mapping, Store

APP = """
import os
from findspot.config import Mapping, Store

store = Store(sources=[Mapping({"k": 1})], folder=os.environ["STORE"])

def inside(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %d" % (os.getpid(), store.pinned().k)]

app = store.middleware(inside)
"""


def wait_for(condition: Any, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_gunicorn_with_preload_follows_in_every_worker(tmp_path: pathlib.Path) -> None:
    (tmp_path / "service.py").write_text(APP)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "STORE": str(tmp_path / "versions")}
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"127.0.0.1:{port}", "service:app"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    seen: dict[int, int] = {}

    def ask() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                pid, value = answer.read().split()
            seen[int(pid)] = int(value)
            return True
        except OSError:
            assert server.poll() is None, (tmp_path / "log").read_text()
            return False

    try:
        wait_for(ask)
        wait_for(lambda: ask() and len(seen) == 2)
        assert set(seen.values()) == {1}
        with Store(sources=[Mapping({"k": 1})], folder=tmp_path / "versions") as store:
            store.patch({"k": 2})
            wait_for(lambda: {process.pid: process.version for process in store.drift()}.items() >= dict.fromkeys(seen, 2).items())
        pids = set(seen)
        seen.clear()
        wait_for(lambda: ask() and set(seen) == pids)
        assert set(seen.values()) == {2}
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0


STORE: Any = None


def follow(folder: str, pipe: Any) -> None:
    """In a child: says what it sees first, and what it sees later without having called anything."""
    store = STORE if STORE is not None else Store(sources=[Mapping({"k": 1})], folder=folder)
    config = store.current
    pipe.send(config.k)
    deadline = time.monotonic() + 20
    while config.k < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
        config = store.current
    pipe.send((config.k, os.getpid()))
    pipe.close()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str, tmp_path: pathlib.Path) -> None:
    global STORE
    context: Any = multiprocessing.get_context(method)
    with Store(sources=[Mapping({"k": 1})], folder=tmp_path / "versions") as store:
        STORE = store if method == "fork" else None
        ours, theirs = context.Pipe()
        child = context.Process(target=follow, args=(str(tmp_path / "versions"), theirs))
        child.start()
        try:
            assert ours.poll(60) and ours.recv() == 1
            store.patch({"k": 2})
            begin = time.monotonic()
            assert ours.poll(20)
            value, pid = ours.recv()
            assert value == 2 and pid == child.pid
            assert time.monotonic() - begin < 5
        finally:
            STORE = None
            child.join(20)
        assert child.exitcode == 0


def test_a_child_keeps_the_version_that_it_had_pinned(tmp_path: pathlib.Path) -> None:
    with Store(sources=[Mapping({"k": 1})], folder=tmp_path / "versions") as store, store.pin():
        store.patch({"k": 2})
        pid = os.fork()
        if pid == 0:
            os._exit(0 if store.pinned().k == 1 and store.current.k == 2 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_views_cross_processes_without_their_secrets() -> None:
    store = Store(sources=[Mapping({"k": 1, "db": {"password": "s3cr3t"}})])
    code = "import pickle, sys; view = pickle.load(sys.stdin.buffer); print(view.k, hasattr(view.db, 'password'))"
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(store.current), capture_output=True, check=True)
    assert done.stdout.split() == [b"1", b"False"]


def test_a_process_ends_cleanly_with_a_store_that_watches(tmp_path: pathlib.Path) -> None:
    (tmp_path / "app.json").write_text('{"k": 1}')
    code = (
        "import sys, threading\nfrom findspot.config import Json, Store\n"
        "store = Store(sources=[Json(sys.argv[1])], folder=sys.argv[2])\nstore.watch()\n"
        "@store.on_change()\ndef changed(old, new, diff): pass\n"
        "for value in range(5): store.patch({'k': value})\n"
        "threading.Thread(target=lambda: [store.current.k for _ in range(10**5)], daemon=True).start()\nprint('end')"
    )
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "app.json"), str(tmp_path / "versions")], capture_output=True, timeout=60
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"end\n", b"")


def test_a_publisher_killed_leaves_whole_versions(tmp_path: pathlib.Path) -> None:
    """Killed at any moment: the next process reads a whole version, and can publish the next one."""
    code = (
        "import sys\nfrom findspot.config import Mapping, Store\n"
        "store = Store(sources=[Mapping({'a': 0, 'b': 0})], folder=sys.argv[1])\nvalue = store.current.a\nprint('ready', flush=True)\n"
        "while True:\n    value += 1\n    store.patch({'a': value, 'b': value})\n"
    )
    folder, last = tmp_path / "versions", 0
    for number in range(8):
        child = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE)
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        time.sleep(0.02 + 0.013 * number)
        child.kill()
        child.communicate()
        with Store(sources=[Mapping({"a": 0, "b": 0})], folder=folder) as store:
            config = store.current
            assert config.a == config.b >= last
            last = config.a
            assert store.patch({"c": number}).accepted
    assert last > 0


def test_a_forged_version_is_refused_and_the_old_one_stays(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "versions"
    with Store(sources=[Mapping({"k": 1})], folder=folder) as store:
        store.patch({"k": 2})
        newest = max((path for path in folder.iterdir() if path.is_file()), key=lambda path: path.name)
        (folder / newest.name.replace("2", "3")).write_bytes(newest.read_bytes()[:-7])
        wait_for(lambda: store.metrics()["rejects_total"] >= 1)
        assert store.current.k == 2
        assert store.patch({"k": 4}).version == 4 and store.current.k == 4


def test_the_board_shows_each_process(tmp_path: pathlib.Path) -> None:
    with Store(sources=[Mapping({"k": 1})], folder=tmp_path / "versions") as store:
        code = "import sys, json\nfrom findspot.config import Mapping, Store\nstore = Store(sources=[Mapping({'k': 1})], folder=sys.argv[1])\nprint('ready', flush=True)\nsys.stdin.read()"
        command = [sys.executable, "-c", code, str(tmp_path / "versions")]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        wait_for(lambda: {process.pid for process in store.drift()} == {os.getpid(), child.pid})
        store.patch({"k": 2})
        wait_for(lambda: [process.behind for process in store.drift()] == [0, 0])
        assert f'pid="{child.pid}"' in store.prometheus("app")
        child.communicate(b"")
        wait_for(lambda: [process.pid for process in store.drift()] == [os.getpid()])
        assert json.dumps(store.metrics())
