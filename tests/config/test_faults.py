"""The faults that a configuration must survive, each by its name: files, environments, code, memory. The old version stays, and says why."""

from __future__ import annotations

import gc
import json
import os
import pathlib
import sys
import threading
import time
from typing import Any

import findspot as fs
import pytest
from findspot.config import Env, Json, Mapping, Store, Toml, Yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def wait_for(condition: Any, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "conf" / "app.json"
    path.parent.mkdir()
    path.write_text('{"k": 1}')
    return path


@pytest.fixture
def store(file: pathlib.Path) -> Any:
    with Store(sources=[Json(file)]) as store:
        yield store


REFUSED = {
    "0 bytes": b"",
    "truncated": b'{"k": [1, 2',
    "NUL": b'{"k": "a\x00b"}',
    "invalid UTF-8": b'{"k": "\xff\xfe"}',
    "UTF-16": '{"k": 2}'.encode("utf-16"),
    "depth 10,000": b'{"k": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "duplicate keys": b'{"k": 1, "k": 2}',
    "an integer above 2^63": b'{"k": 9223372036854775808}',
    "NaN": b'{"k": NaN}',
    "infinity": b'{"k": 1e999}',
    "no table": b'[{"k": 2}]',
    "garbage after the end": b'{"k": 2} {"k": 3}',
    "100 MB": b'{"k": "' + b"x" * 100_000_000 + b'"}',
}


@pytest.mark.parametrize("name", REFUSED)
def test_bytes_that_are_refused(name: str, file: pathlib.Path, store: Any) -> None:
    file.write_bytes(REFUSED[name])
    report = store.reload()
    assert not report.accepted and report.problems[0].file == str(file) and store.current.k == 1
    file.write_bytes(b'{"k": 2}')
    assert store.reload().accepted and store.current.k == 2


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [("BOM", b'\xef\xbb\xbf{"k": 2}', 2), ("CRLF", b'{\r\n"k": 2\r\n}\r\n', 2), ("minus zero", b'{"k": -0.0}', 0.0)],
)
def test_bytes_that_are_read(name: str, data: bytes, expected: Any, file: pathlib.Path, store: Any) -> None:
    file.write_bytes(data)
    assert store.reload().accepted and store.current.k == expected


def test_yaml_bombs_and_yaml_words(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text("country: no\nswitch: on\nnumber: 1e3\ntext: '1'\n")
    store = Store(sources=[Yaml(file)])
    assert (store.current.country, store.current.switch, store.current.number, store.current.text) == ("no", "on", 1000.0, "1")
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, 10)]
    file.write_text("\n".join(lines))
    begin = time.monotonic()
    assert not store.reload().accepted and time.monotonic() - begin < 5


def test_toml_dates(tmp_path: pathlib.Path) -> None:
    import datetime

    (tmp_path / "app.toml").write_text("at = 2024-02-03T04:05:06Z\nday = 2024-02-03\nhour = 04:05:06\n")
    config = Store(sources=[Toml(tmp_path / "app.toml")]).current
    assert config.at == datetime.datetime(2024, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    assert (config.day, config.hour) == (datetime.date(2024, 2, 3), datetime.time(4, 5, 6))


def test_a_folder_in_the_place_of_the_file_and_permissions_lost(file: pathlib.Path, store: Any) -> None:
    file.unlink()
    file.mkdir()
    assert store.reload().problems[0].code == "unreadable"
    file.rmdir()
    file.write_text('{"k": 2}')
    if os.geteuid() != 0:
        file.chmod(0)
        assert store.reload().problems[0].code == "unreadable"
        file.chmod(0o600)
    assert store.reload().accepted and store.current.k == 2


def test_a_symlink_loop(file: pathlib.Path, store: Any) -> None:
    file.unlink()
    file.symlink_to(file.name)
    assert not store.reload().accepted and store.current.k == 1


SAVES = [
    "vim: rename the old one away, write a new one",
    "emacs: rename over",
    "nano: truncate, then write",
    "delete, then create again",
    "backup files beside it",
]


@pytest.mark.parametrize("how", SAVES)
def test_saves_of_editors_are_seen(how: str, file: pathlib.Path, store: Any) -> None:
    store.watch()
    for value in (2, 3, 4):
        text = json.dumps({"k": value})
        if how.startswith("vim"):
            file.rename(file.with_suffix(".json~"))
            file.write_text(text)
            file.with_suffix(".json~").unlink()
        elif how.startswith("emacs"):
            file.with_name(".#app.json").write_text(text)
            file.with_name(".#app.json").replace(file)
        elif how.startswith("nano"):
            with open(file, "w") as handle:
                handle.flush()
                time.sleep(0.01)
                handle.write(text)
        elif how.startswith("delete"):
            file.unlink()
            time.sleep(0.03)
            file.write_text(text)
        else:
            file.with_suffix(".bak").write_text("{")
            file.write_text(text)
        wait_for(lambda value=value: store.current.k == value)


def test_kubernetes_swaps_a_link_and_all_files_are_of_one_version(tmp_path: pathlib.Path) -> None:
    def fill(name: str, value: int) -> pathlib.Path:
        folder = tmp_path / name
        folder.mkdir()
        for file in ("a.json", "b.json"):
            (folder / file).write_text(json.dumps({file[0]: value}))
        return folder

    fill("..1", 1)
    (tmp_path / "..data").symlink_to("..1")
    for file in ("a.json", "b.json"):
        (tmp_path / file).symlink_to(f"..data/{file}")
    with Store(sources=[Json(tmp_path / "a.json"), Json(tmp_path / "b.json")]) as store:
        seen: list[tuple[int, int]] = []
        store.on_change()(lambda old, new, diff: seen.append((new.a, new.b)))
        store.watch()
        for value in range(2, 8):
            fill(f"..{value}", value)
            (tmp_path / "..new").symlink_to(f"..{value}")
            (tmp_path / "..new").replace(tmp_path / "..data")
            wait_for(lambda value=value: store.current.a == value)
            assert store.current.a == store.current.b
        wait_for(lambda: bool(seen) and seen[-1] == (7, 7))
        assert all(a == b for a, b in seen)


def test_a_restored_older_file_is_seen(file: pathlib.Path, store: Any) -> None:
    store.watch()
    file.write_text('{"k": 2}')
    wait_for(lambda: store.current.k == 2)
    old = file.with_suffix(".old")
    old.write_text('{"k": 1}')
    os.utime(old, (1_000_000_000, 1_000_000_000))
    old.replace(file)
    wait_for(lambda: store.current.k == 1)


def test_the_same_size_and_time_with_other_bytes_is_seen(file: pathlib.Path, store: Any) -> None:
    os.utime(file, (1_700_000_000, 1_700_000_000))
    store.watch()
    time.sleep(0.2)
    with open(file, "r+") as handle:
        handle.write('{"k": 5}')
    os.utime(file, (1_700_000_000, 1_700_000_000))
    wait_for(lambda: store.current.k == 5)


def test_a_source_that_flaps_is_coalesced(file: pathlib.Path, store: Any) -> None:
    store.watch()
    for value in range(200):
        file.with_suffix(".new").write_text(json.dumps({"k": value + 2}))
        file.with_suffix(".new").replace(file)
        time.sleep(0.005)
    wait_for(lambda: store.current.k == 201)
    assert store.version < 100


def test_a_variable_of_the_wrong_type_keeps_the_old_version(monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    @dataclasses.dataclass
    class App:
        port: int

    monkeypatch.setenv("APP__PORT", "80")
    store = Store(App, sources=[Env("APP__")])
    monkeypatch.setenv("APP__PORT", "eighty")
    report = store.reload()
    assert not report.accepted and report.problems[0].file == "APP__PORT" and store.current.port == 80


def test_a_validator_that_hangs_is_given_up() -> None:
    import dataclasses

    release = threading.Event()

    @dataclasses.dataclass
    class App:
        k: int

        def __post_init__(self) -> None:
            if self.k == 2:
                release.wait(30)

    store = Store(App, sources=[Mapping({"k": 1})], check_seconds=0.2)
    begin = time.monotonic()
    with pytest.raises(fs.ConfigError):
        store.patch({"k": 2})
    assert time.monotonic() - begin < 5 and store.current.k == 1
    release.set()
    wait_for(lambda: accepted(store, {"k": 3}))


def accepted(store: Any, values: Any) -> bool:
    try:
        return bool(store.patch(values).accepted)
    except fs.ConfigError:
        return False


def test_a_subscriber_that_hangs_holds_nobody_up() -> None:
    release = threading.Event()
    store = Store(sources=[Mapping({"k": 1})])
    store.on_change("k")(lambda old, new, diff: release.wait(30))
    begin = time.monotonic()
    for value in range(2, 12):
        store.patch({"k": value})
    assert time.monotonic() - begin < 5 and store.current.k == 11
    release.set()


def test_old_versions_are_freed() -> None:
    """Values of a version are gone when the ring has moved on and nobody holds a view."""
    store = Store(sources=[Mapping({f"k{i}": "x" * 1000 for i in range(100)})], keep=2)
    held = store.current
    for value in range(200):
        store.patch({"k0": f"{value}"})
    assert store.metrics()["pinned_versions"] == 1
    assert held.k1 == "x" * 1000
    del held
    gc.collect()
    wait_for(lambda: store.metrics()["pinned_versions"] == 0)
    assert store.metrics()["retained_versions"] <= 3


def test_switching_threads_all_the_time_finds_no_deadlock() -> None:
    """Every call at once, with the interpreter changing hands as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    store = Store(sources=[Mapping({"k": 0, "l": {"m": 1}})])
    store.on_change()(lambda old, new, diff: str(diff))
    made = store.derive("k")(lambda k: k)
    done, errors = threading.Event(), []

    def work(call: Any) -> None:
        try:
            while not done.is_set():
                call()
        except Exception as error:
            errors.append(error)

    calls = [
        lambda: store.patch({"k": store.current.k + 1}),
        store.reload,
        lambda: store.explain("l.m"),
        lambda: (store.history(), store.metrics(), store.drift()),
        lambda: made(),
        lambda: store.pin().__enter__().l.m,
        lambda: store.set_unit("u", {"k": 5}) or store.for_unit("u").k,
    ]
    threads = [threading.Thread(target=work, args=(call,), daemon=True) for call in calls]
    try:
        for thread in threads:
            thread.start()
        time.sleep(2)
        done.set()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive(), "a thread waits for ever"
    finally:
        sys.setswitchinterval(interval)
    assert errors == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), kind=st.sampled_from([Json, Toml, Yaml]))
def test_no_bytes_can_hurt(data: bytes, kind: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        repr(Store(sources=[kind(path)]).current)
    except fs.ConfigError as error:
        assert error.problems and str(error)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 5) | st.none(), min_size=1), min_size=1, max_size=6))
def test_every_version_stays_what_it_was(patches: list[dict[str, int | None]]) -> None:
    store = Store(sources=[Mapping({"a": 1, "b": 2, "c": 3})], keep=100)
    expected, versions = {"a": 1, "b": 2, "c": 3}, {1: {"a": 1, "b": 2, "c": 3}}
    for patch in patches:
        report = store.patch(patch)
        expected = {key: value for key, value in {**expected, **patch}.items() if value is not None}
        versions[report.version] = expected
    for number, values in versions.items():
        with store.pin(version=number) as config:
            assert dict(config.items()) == values
    before = dict(store.current.items())
    report = store.rollback(1)
    assert dict(store.current.items()) == versions[1]
    store.rollback(report.version - 1)
    assert dict(store.current.items()) == before


def resident() -> int:
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_memory_is_flat_over_many_reloads_under_load(file: pathlib.Path) -> None:
    rounds = 10_000 if os.environ.get("FINDSPOT_SOAK") == "1" else 2_000
    texts = [json.dumps({f"s{i}": {f"k{j}": f"{i} {j} {variant}" for j in range(40)} for i in range(20)}) for variant in range(3)]
    file.write_text(texts[0])
    store, done = Store(sources=[Json(file)], keep=4), threading.Event()

    def read() -> None:
        while not done.is_set():
            with store.pin() as config:
                assert config.s3.k1[-1] == config.s7.k9[-1]
            time.sleep(0.001)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    sizes = []
    for number in range(rounds):
        file.write_text(texts[number % 3])
        assert store.reload().accepted
        if number % (rounds // 4) == rounds // 4 - 1:
            sizes.append(resident())
    done.set()
    for reader in readers:
        reader.join()
    assert sizes[-1] < sizes[0] * 1.1 + 4_000_000, sizes
    wait_for(lambda: store.metrics()["retained_versions"] <= 5)


def test_an_audit_that_cannot_be_written(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error at the start; later a warning of the report, in the log and in the metrics, and no publication is lost."""
    for place in (tmp_path, tmp_path / "none" / "audit.jsonl"):
        with pytest.raises(fs.ConfigError, match=str(place)) as caught:
            Store(sources=[Mapping({"k": 1})], audit=place)
        (problem,) = caught.value.problems
        assert problem.code == "audit" and problem.hint is not None
    audit = tmp_path / "audit.jsonl"
    with Store(sources=[Mapping({"k": 1})], audit=audit) as store, caplog.at_level("WARNING", "findspot.config"):
        assert store.patch({"k": 2}).warnings == () and store.metrics()["audit_failures_total"] == 0
        audit.unlink()
        audit.mkdir()
        report = store.patch({"k": 3})
        assert (report.changed, [problem.code for problem in report.warnings], store.current.k) == (True, ["audit"], 3)
        assert str(audit) in str(report)
        assert store.metrics()["audit_failures_total"] == 1 and "findspot_config_audit_failures_total" in store.prometheus()
        with pytest.raises(fs.ConfigError):
            store.patch({"k.l": 3})
        audit.rmdir()
        assert store.patch({"k": 4}).warnings == ()
    assert [json.loads(line)["verdict"] for line in audit.read_text().splitlines()] == ["published"]
    assert any(record.name == "findspot.config" and str(audit) in record.getMessage() for record in caplog.records)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_a_full_disk_costs_a_line_of_the_audit(tmp_path: pathlib.Path) -> None:
    with Store(sources=[Mapping({"k": 1})], audit="/dev/full", last_good=tmp_path / "none" / "good") as store:
        report = store.patch({"k": 2})
        assert (report.changed, {problem.code for problem in report.warnings}) == (True, {"audit", "last_good"})
        assert store.metrics()["audit_failures_total"] == store.metrics()["last_good_failures_total"] == 2


def test_attempts_of_killed_processes_are_no_versions_and_are_deleted_later(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "versions"
    with Store(sources=[Mapping({"k": 1})], folder=folder) as store:
        store.set_unit("u", {"k": 2})
    old = [folder / "attempt-1-2-3", folder / "units" / "attempt-1-2-3"]
    for path in [*old, folder / "attempt-4-5-6"]:
        path.write_bytes((folder / "1").read_bytes()[:50])
    for path in old:
        os.utime(path, (time.time() - 7200,) * 2)
    with Store(sources=[Mapping({"k": 1})], folder=folder) as store:
        assert (store.version, store.current.k, store.for_unit("u").k) == (1, 1, 2)
    assert not any(path.exists() for path in old) and (folder / "attempt-4-5-6").exists(), "a young one may be somebody's"
