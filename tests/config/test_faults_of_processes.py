"""The faults that processes and machines have, each by its name: stops, ends, other releases, clocks, memory, disks. The old version stays."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time
from typing import Any

import findspot as fs
import pytest
from findspot.config import Json, Mapping, Store, max_removed, not_empty

FOLLOW = """
import sys, time
from findspot.config import Store
store = Store(folder=sys.argv[1])
with store.pin() as config:
    print(config.k, flush=True)
    deadline = time.monotonic() + 60
    while store.current.k == config.k and time.monotonic() < deadline:
        time.sleep(0.01)
    print(config.k, store.current.k, flush=True)
"""


def wait_for(condition: Any, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def started(code: str, *arguments: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def line_of(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_a_stopped_reader_that_holds_a_pin_holds_nobody_up(tmp_path: pathlib.Path) -> None:
    with Store(sources=[Mapping({"k": 1})], folder=tmp_path / "v") as store:
        child = started(FOLLOW, tmp_path / "v")
        assert line_of(child) == "1"
        os.kill(child.pid, signal.SIGSTOP)
        begin = time.monotonic()
        for value in range(2, 30):
            store.patch({"k": value})
        assert time.monotonic() - begin < 5 and child.poll() is None
        os.kill(child.pid, signal.SIGCONT)
        assert line_of(child) == "1 29"
        child.communicate(timeout=20)
        assert child.returncode == 0


def test_a_process_that_execs_leaves_the_others_alone(tmp_path: pathlib.Path) -> None:
    code = (
        "import os, sys\nfrom findspot.config import Mapping, Store\nstore = Store(sources=[Mapping({'k': 1})], folder=sys.argv[1])\n"
        "store.watch()\nprint('open', flush=True)\nsys.stdin.readline()\n"
        "os.execv(sys.executable, [sys.executable, '-c', 'import sys; print(\"other\", flush=True); sys.stdin.read()'])"
    )
    with Store(sources=[Mapping({"k": 1})], folder=tmp_path / "v") as store:
        child = started(code, tmp_path / "v")
        assert line_of(child) == "open"
        wait_for(lambda: len(store.drift()) == 2)
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        assert line_of(child) == "other"
        assert store.patch({"k": 2}).accepted
        child.communicate("", timeout=20)
        wait_for(lambda: [process.pid for process in store.drift()] == [os.getpid()])


def test_sub_interpreters_are_refused_cleanly() -> None:
    code = (
        "import importlib\nfor name in ('_xxsubinterpreters', '_interpreters'):\n"
        "    try:\n        sub = importlib.import_module(name)\n        break\n    except ImportError: pass\n"
        "import findspot.config\nnumber = sub.create()\n"
        "code = 'try:\\n    import findspot.config\\nexcept ImportError as error:\\n    print(error, flush=True)'\n"
        "getattr(sub, 'run_string')(number, code)\nsub.destroy(number)\nprint(findspot.config.Store().version)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "expected the main interpreter" in done.stdout and done.stdout.endswith("\n1\n"), done.stderr


def test_another_release_with_another_class_keeps_its_own_version(tmp_path: pathlib.Path) -> None:
    import dataclasses

    @dataclasses.dataclass
    class Old:
        k: int

    @dataclasses.dataclass
    class New:
        k: int | str
        more: str = ""

    with Store(Old, sources=[Mapping({"k": 1})], folder=tmp_path / "v") as old:
        with Store(New, sources=[Mapping({"k": "one"})], folder=tmp_path / "v") as new:
            assert new.version == 2 and new.current.k == "one"
            wait_for(lambda: old.metrics()["rejects_total"] >= 1)
            assert (old.version, old.current.k) == (1, 1)
        with pytest.raises(fs.ConfigError, match="expected integer"):
            old.patch({"k": 5})
        assert old.current.k == 1


def test_without_events_the_watch_looks_by_itself(tmp_path: pathlib.Path) -> None:
    code = (
        "import os, resource, sys, time\nfrom findspot.config import Json, Store\nstore = Store(sources=[Json(sys.argv[1])])\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\nheld = []\n"
        "try:\n    while True: held.append(os.open('/dev/null', os.O_RDONLY))\nexcept OSError: pass\n"
        "store.watch()\ntime.sleep(0.5)\n[os.close(one) for one in held]\n"
        "print('watches', flush=True)\ndeadline = time.monotonic() + 30\n"
        "while store.current.k == 1 and time.monotonic() < deadline: time.sleep(0.01)\nprint(store.current.k)"
    )
    file = tmp_path / "app.json"
    file.write_text('{"k": 1}')
    child = started(code, file)
    assert line_of(child) == "watches"
    file.write_text('{"k": 2}')
    assert line_of(child) == "2"
    child.communicate(timeout=20)


def test_a_disk_without_room_refuses_and_the_old_version_stays(tmp_path: pathlib.Path) -> None:
    code = (
        "import resource, sys\nimport findspot as fs\nfrom findspot.config import Mapping, Store\n"
        "store = Store(sources=[Mapping({'k': 1})], folder=sys.argv[1], last_good=sys.argv[2])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\n"
        "try:\n    store.patch({'k': 'x' * 100_000})\nexcept fs.FindspotError as error:\n    print(type(error).__name__, store.version, store.current.k)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\nprint(store.patch({'k': 2}).version)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "v"), str(tmp_path / "good")], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "ConfigError 1 1\n2\n"), done.stderr
    with Store(folder=tmp_path / "v") as again:
        assert again.current.k == 2


def test_memory_that_runs_out_while_a_version_is_built_leaves_the_old_one(tmp_path: pathlib.Path) -> None:
    file, folder = tmp_path / "app.json", tmp_path / "v"
    file.write_text('{"k": 1}')
    code = (
        "import resource, sys\nfrom findspot.config import Json, Store\nstore = Store(sources=[Json(sys.argv[1])], folder=sys.argv[2])\n"
        "open(sys.argv[1], 'w').write('{' + ', '.join(f'\"k{n}\": {n}' for n in range(1_000_000)) + '}')\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 30_000_000, resource.RLIM_INFINITY))\n"
        "print(store.reload().accepted)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file), str(folder)], capture_output=True, text=True, timeout=120)
    assert done.stdout in ("", "False\n")
    with Store(folder=folder) as again:
        assert again.current.k == 1


def test_a_million_keys(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text(json.dumps({f"s{i}": {f"k{j}": i * j for j in range(1000)} for i in range(1000)}))
    store = Store(sources=[Json(file)])
    assert store.metrics()["leaves"] == 1_000_000 and store.current["s999"]["k999"] == 999 * 999


def test_a_valid_but_empty_configuration_is_refused_by_its_guard(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text('{"k": 1}')
    store = Store(sources=[Json(file)], guards=[not_empty])
    file.write_text("{}")
    assert store.reload().problems[0].code == "guard" and store.current.k == 1
    assert store.reload(force=True).accepted


def test_nine_tenths_of_the_keys_removed_are_refused_by_their_guard(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text(json.dumps({f"k{n}": n for n in range(100)}))
    store = Store(sources=[Json(file)], guards=[max_removed(0.5)])
    file.write_text(json.dumps({f"k{n}": n for n in range(10)}))
    problem = store.reload().problems[0]
    assert problem.code == "guard" and "90" in problem.got and store.current["k99"] == 99


def test_a_long_pin_is_bounded_and_shown() -> None:
    store = Store(sources=[Mapping({"k": 0})], keep=2)
    with store.pin() as config:
        for value in range(1, 50):
            store.patch({"k": value})
        time.sleep(0.05)
        metrics = store.metrics()
        assert config.k == 0 and metrics["pinned_versions"] == 1 and metrics["retained_versions"] <= 4
        assert metrics["oldest_pin_age_seconds"] >= 0.05


def test_the_limits_of_this_process_are_as_before() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
