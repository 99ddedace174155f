"""Places that go wrong: a full disk, a read-only folder, a folder that vanishes, a process that forks."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import findspot as fs
import pytest

SCHEMA = fs.Schema(key="id", fields={"text": fs.Text(analyzer="whitespace")})


def create(folder: Path, documents: int = 3) -> None:
    with fs.Index.create(str(folder), SCHEMA) as index:
        index.upsert({"id": str(number), "text": f"gold {number}"} for number in range(documents))
        index.commit()


def assert_intact(folder: Path, documents: int = 3) -> None:
    with fs.open(str(folder)) as index:
        assert len(index) == documents
        assert index.count("gold") == documents
        assert index.check().ok


def run(code: str, *arguments: object, before: Callable[[], None] | None = None) -> None:
    """Runs code in a child; `before` runs in it first. It must end well."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=before, timeout=60, check=False)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)


FILLING = """
import sys, random, findspot as fs
index = fs.open(sys.argv[1])
letters = random.Random(1)
try:
    for number in range(200):
        index.upsert({"id": f"new-{number}-{i}", "text": "%032x" % letters.getrandbits(128)} for i in range(1000 * (number + 1)))
        index.commit()
    sys.exit("the disk never filled")
except fs.StorageError as error:
    assert isinstance(error, OSError), type(error).__mro__
    assert str(error), "an error without words"
assert index.count("gold") == 3, "searching goes on"
try:
    index.close()
except fs.StorageError:
    pass
"""


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    create(tmp_path / "index")
    run(FILLING, tmp_path / "index", before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)))
    with fs.open(str(tmp_path / "index")) as index:
        assert index.count("gold") == 3
        assert index.check().ok
        index.upsert([{"id": "later", "text": "silver"}])
        index.commit()


def test_a_full_disk(tmp_path: Path) -> None:
    """A small file system that really fills; where mounting is not allowed, the limit on file sizes stands in for it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        create(disk / "index")
        run(FILLING, disk / "index", before=None if mounted else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)))
        with fs.open(str(disk / "index")) as index:
            assert index.count("gold") == 3
            assert index.check().ok
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(disk)], check=True)


READING = """
import os, sys, weakref, findspot as fs
with fs.open(sys.argv[1]) as index:  # loads what is loaded late
    index.upsert([])
if os.geteuid() == 0:  # root may write anywhere: become nobody
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
with fs.open(sys.argv[1]) as index:
    assert index.search("gold").total == 3
    assert index.check().ok
    try:
        index.upsert([{"id": "x", "text": "y"}])
        index.commit()
    except fs.StorageError as error:
        assert isinstance(error, OSError)
        assert sys.argv[1] in str(error), error
    else:
        sys.exit("wrote into a read-only folder")
    assert index.search("gold").total == 3
"""


def test_a_read_only_folder_can_be_searched() -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to others
        Path(place).chmod(0o755)
        folder = Path(place) / "index"
        create(folder)
        paths = [folder, *folder.rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            run(READING, folder)
        finally:
            for path in paths:
                path.chmod(0o755 if path.is_dir() else 0o644)
        assert_intact(folder)


def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    create(tmp_path / "index")
    index = fs.open(str(tmp_path / "index"))
    index.upsert([{"id": "more", "text": "gold"}])
    shutil.rmtree(tmp_path / "index")
    assert index.search("gold").total == 4, "open files stay readable"
    with pytest.raises(fs.StorageError):
        index.commit()
    with pytest.raises(fs.StorageError):
        fs.open(str(tmp_path / "index"))
    with contextlib.suppress(fs.StorageError):
        index.close()


def test_an_empty_folder_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(fs.StorageError, match="index"):
        fs.open(str(tmp_path))
    create(tmp_path, 2)
    assert_intact(tmp_path, 2)


FORKING = """
import os, sys, findspot as fs
index = fs.open(sys.argv[1])
index.upsert([{"id": "parent", "text": "gold"}])
index.search("gold")
child = os.fork()
if child == 0:
    status = 1
    try:
        assert index.search("gold").total == 4, "the child cannot search"
        assert index.get("parent") == {"id": "parent", "text": "gold"}
        refused = 0
        for write in (lambda: index.upsert([{"id": "child", "text": "x"}]), lambda: index.delete(["0"]), index.commit):
            try:
                write()
            except fs.FindspotError:
                refused += 1
        assert refused == 3, f"only {refused} writes were refused in the child"
        with fs.open(sys.argv[1]) as own:
            assert own.search("gold").total == 3, "a handle of its own sees what is committed"
        status = 0
    except BaseException as error:
        print(repr(error), file=sys.stderr)
    finally:
        os._exit(status)
_, status = os.waitpid(child, 0)
assert status == 0, status
index.commit()
index.close()
"""


def test_after_fork_the_child_searches_and_its_writers_raise(tmp_path: Path) -> None:
    create(tmp_path / "index")
    run(FORKING, tmp_path / "index")
    assert_intact(tmp_path / "index", 4)


FORKING_UNDER_LOAD = """
import os, sys, threading, findspot as fs
index = fs.open(sys.argv[1])
stop = threading.Event()

def write():
    number = 0
    while not stop.is_set():
        index.upsert([{"id": "w%d" % (number % 50), "text": "silver"}])
        number += 1

def read():
    while not stop.is_set():
        index.search("gold")

threads = [threading.Thread(target=task) for task in (write, read, read)]
for thread in threads:
    thread.start()
try:
    for _ in range(30):
        child = os.fork()
        if child == 0:
            ok = index.search("gold").total == 3
            os._exit(0 if ok else 1)
        assert os.waitpid(child, 0)[1] == 0
finally:
    stop.set()
    for thread in threads:
        thread.join()
index.close()
"""


def test_a_fork_at_any_moment_is_safe_for_readers(tmp_path: Path) -> None:
    create(tmp_path / "index")
    run(FORKING_UNDER_LOAD, tmp_path / "index")
