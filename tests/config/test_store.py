"""The store: loading, changing, going back; what is refused changes nothing."""

from __future__ import annotations

import asyncio
import collections
import contextvars
import json
import pathlib
import threading
import time
from typing import Any

import findspot as fs
import models
import pytest
from findspot.config import (
    Defaults,
    Dotenv,
    Env,
    Json,
    Mapping,
    Overrides,
    Store,
    Toml,
    Yaml,
    guard,
    immutable_paths,
    max_changed,
    max_removed,
    not_empty,
)


def test_layers_merge_in_order_and_every_value_knows_its_place(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "10.toml").write_text('name = "file"\n[search]\nlimit = 5\ntags = ["a", "b"]\n')
    (tmp_path / "20.toml").write_text('[search]\ntags = ["c"]\n')
    (tmp_path / "app.yaml").write_text("search:\n  color: blue\n")
    (tmp_path / "app.json").write_text('{"database": {"url": "json"}}')
    (tmp_path / ".env").write_text("APP__SEARCH__RANKING__BODY_BOOST=2\n")
    monkeypatch.setenv("APP__SEARCH__RANKING__TITLE_BOOST", "4")
    store = Store(
        models.App,
        sources=[
            Defaults({"name": "default"}),
            Toml(tmp_path / "*.toml"),
            Yaml(tmp_path / "app.yaml"),
            Json(tmp_path / "app.json"),
            Dotenv(tmp_path / ".env", prefix="APP__"),
            Env("APP__"),
            Overrides({"search.limit": 9}),
        ],
    )
    app = store.current
    assert (app.name, app.search.limit, app.search.tags, app.search.color) == ("file", 9, ("c",), models.Color.BLUE)
    assert (app.search.ranking.title_boost, app.search.ranking.body_boost, app.database.url) == (4.0, 2.0, "json")
    found = store.explain("search.limit")
    assert found.value == 9 and found.place == "overrides"
    assert [below.place for below in found.overridden] == [f"{tmp_path}/10.toml:3:9"]
    assert store.explain("search.ranking.title_boost").place == "APP__SEARCH__RANKING__TITLE_BOOST (environment)"
    assert store.explain("search.tags").place == f"{tmp_path}/20.toml:2:8"
    with pytest.raises(KeyError):
        store.explain("search.nothing")
    with pytest.raises(ValueError, match="path"):
        store.explain("a..b")


def test_the_constructor_raises_every_problem_at_once(tmp_path: pathlib.Path) -> None:
    (tmp_path / "app.toml").write_text('nam = "x"\n[search]\nlimit = 1000\ncolor = "green"\n')
    with pytest.raises(fs.ConfigError) as caught:
        Store(models.App, sources=[Toml(tmp_path / "app.toml")])
    found = {problem.path: problem for problem in caught.value.problems}
    assert set(found) == {"nam", "search.limit", "search.color"}
    assert found["nam"].hint is not None and "name" in found["nam"].hint
    assert (found["search.limit"].file, found["search.limit"].line, found["search.limit"].column) == (str(tmp_path / "app.toml"), 3, 9)
    assert "limit = 1000" in str(caught.value), "the line is shown"


def test_wrong_environment_names_what_it_overrides(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.toml").write_text("[search]\nlimit = 5\n")
    monkeypatch.setenv("APP__SEARCH__LIMIT", "abc")
    with pytest.raises(fs.ConfigError) as caught:
        Store(models.App, sources=[Toml(tmp_path / "app.toml"), Env("APP__")])
    text = str(caught.value)
    assert "APP__SEARCH__LIMIT" in text and f"{tmp_path}/app.toml:2:9" in text and "integer" in text


def test_a_reload_that_fails_changes_nothing(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text('{"k": 1}')
    store = Store(sources=[Json(file)])
    before = store.current
    for text, code in (('{"k": ', "truncated"), ("", "empty_file"), ('{"k": 1, "k": 2}', "duplicate_key"), ("[1]", "root")):
        file.write_text(text)
        report = store.reload()
        assert not report.accepted and not report and report.version == 1
        assert code in [problem.code for problem in report.problems]
        assert store.current is before
    file.unlink()
    assert store.reload().problems[0].code == "missing_file"
    file.write_text('{"k": 2}')
    report = store.reload(actor="me", reason="it was time")
    assert report.accepted and report.changed and store.current.k == 2 and store.version == 2
    assert [str(change) for change in report.diff] == [f"~ k: 1 → 2  ({file}:1:7)"]
    assert {"read", "check", "publish", "total"} <= set(report.timings)


def test_unchanged_bytes_are_no_new_version(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text('{"k": 1}')
    store = Store(sources=[Json(file)])
    before = store.current
    report = store.reload()
    assert report.accepted and not report.changed and not report.diff and store.current is before


def test_patches_stand_above_files_and_can_be_withdrawn(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text('{"a": {"k": 1, "l": 1}}')
    store = Store(sources=[Json(file)])
    store.patch({"a.k": 5})
    file.write_text('{"a": {"k": 2, "l": 2}}')
    assert store.reload().accepted
    assert (store.current.a.k, store.current.a.l) == (5, 2)
    assert store.explain("a.k").layer == "patch"
    store.unpatch("a.k")
    assert store.current.a.k == 2


def test_two_pushes_at_once_one_wins() -> None:
    store = Store(sources=[Mapping({"k": 0})])
    outcomes: list[Any] = []

    def push(value: int) -> None:
        try:
            outcomes.append(store.patch({"k": value}, expect_version=1).version)
        except fs.ConflictError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=push, args=(value,)) for value in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome for outcome in outcomes if isinstance(outcome, int)) == [2]
    assert sum(isinstance(outcome, fs.ConflictError) for outcome in outcomes) == 7


def test_a_patch_that_does_not_fit_is_refused() -> None:
    store = Store(models.App)
    with pytest.raises(fs.ConfigError) as caught:
        store.patch({"search.limit": 0, "search.color": "green"})
    assert {problem.path for problem in caught.value.problems} == {"search.limit", "search.color"}
    assert store.version == 1
    with pytest.raises(TypeError, match="search"):
        store.patch({"search.limit": object()})


def test_stage_shows_and_publishes_what_was_checked() -> None:
    store = Store(sources=[Mapping({"k": 1})])
    staged = store.stage({"k": 2})
    assert staged.config.k == 2 and store.current.k == 1 and str(staged.diff).startswith("~ k: 1 → 2")
    store.patch({"k": 3})
    with pytest.raises(fs.ConflictError):
        staged.publish()
    assert store.stage({"k": 4}).publish(actor="a").version == 3 and store.current.k == 4


def test_rollback_is_a_new_version_and_holds_until_resume(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text('{"k": 1}')
    store = Store(sources=[Json(file)])
    file.write_text('{"k": 2}')
    store.reload()
    report = store.rollback(1, actor="ops", reason="worse")
    assert report.version == 3 and store.current.k == 1
    last = store.history()[-1]
    assert (last.kind, last.actor, last.reason, last.is_current) == ("rollback", "ops", "worse", True)
    assert last.rolled_back_from == 2
    assert store.resume().accepted and store.current.k == 2
    with pytest.raises(fs.ConfigError, match="no version 99"):
        store.rollback(99)


def test_old_versions_are_kept_and_no_more_than_asked_for() -> None:
    store = Store(sources=[Mapping({"k": 0})], keep=4)
    for value in range(1, 10):
        store.patch({"k": value})
    assert [entry.version for entry in store.history()] == [7, 8, 9, 10]
    with store.pin(version=7) as old:
        assert old.k == 6
    with pytest.raises(fs.ConfigError):
        store.pin(version=1)
    assert str(store.diff(7, 9)).startswith("~ k: 6 → 8")


def test_pins_hold_one_version_across_awaits_threads_and_nesting() -> None:
    store = Store(sources=[Mapping({"k": 1})])

    async def request() -> list[int]:
        with store.pin() as outer:
            store.patch({"k": outer.k + 1})
            seen = [outer.k, store.pinned().k]
            await asyncio.sleep(0)
            seen.append(await asyncio.to_thread(lambda: store.pinned().k))
            seen.append(await asyncio.create_task(inner()))
            with store.pin() as same:
                seen.append(same.k)
            with store.pin(fresh=True) as fresh:
                seen += [fresh.k, store.pinned().k]
            seen.append(store.pinned().k)
        seen.append(store.pinned().k)
        return seen

    async def inner() -> int:
        await asyncio.sleep(0)
        return int(store.pinned().k)

    assert asyncio.run(request()) == [1, 1, 1, 1, 1, 2, 2, 1, 2]


def test_a_pin_ends_with_an_exception_and_contexts_do_not_mix() -> None:
    store = Store(sources=[Mapping({"k": 1})])
    with pytest.raises(ZeroDivisionError), store.pin():
        _ = 1 / 0
    store.patch({"k": 2})
    assert store.pinned().k == 2
    context = contextvars.copy_context()
    manager = context.run(store.pin)
    context.run(manager.__enter__)
    store.patch({"k": 3})
    assert store.pinned().k == 3 and context.run(store.pinned).k == 2
    context.run(manager.__exit__, None, None, None)
    assert context.run(store.pinned).k == 3


def test_middleware_of_both_kinds() -> None:
    store = Store(sources=[Mapping({"k": 1})])

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        first = store.pinned().k
        store.patch({"k": first + 1})
        await asyncio.sleep(0)
        await send((first, store.pinned().k, scope["findspot.config"].k))

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(store.middleware(asgi)({"type": "http"}, None, send))
    assert sent == [(1, 1, 1)]

    def wsgi(environ: dict[str, Any], start_response: Any) -> Any:
        for _ in range(3):
            yield b"%d" % store.pinned().k
            store.patch({"k": store.current.k + 1})

    parts = store.middleware(wsgi)({}, None)
    assert [next(parts) for _ in range(3)] == [b"2", b"2", b"2"] and store.pinned().k > 2
    parts.close()


def test_derivations_are_rebuilt_only_when_their_inputs_changed() -> None:
    store = Store(sources=[Mapping({"search": {"words": ["a"], "k": 1}, "other": 1})])
    built: list[tuple[str, ...]] = []

    @store.derive("search.words")
    def words(values: tuple[str, ...]) -> frozenset[str]:
        built.append(values)
        if "bad" in values:
            raise ValueError("bad is no word")
        return frozenset(values)

    assert words() == {"a"} and built == [("a",)]
    store.patch({"search.k": 2, "other": 3})
    assert words() == {"a"} and len(built) == 1 and words.builds == 1
    with store.pin() as pinned:
        store.patch({"search.words": ["a", "b"]})
        assert words() == {"a"} and words(pinned) == {"a"} and words(store.current) == {"a", "b"}
    assert words() == {"a", "b"} and len(built) == 2
    with pytest.raises(fs.ConfigError, match="bad is no word"):
        store.patch({"search.words": ["bad"]})
    assert words() == {"a", "b"} and store.version == 3
    with pytest.raises(fs.ConfigError):

        @store.derive("search.words")
        def fails(values: Any) -> None:
            raise RuntimeError("never")

    assert store.patch({"search.words": ["c"]}).accepted


def test_subscribers_hear_of_what_they_care_for_and_break_nothing() -> None:
    store = Store(sources=[Mapping({"search": {"k": 1}, "other": 1})])
    heard: list[Any] = []
    done = threading.Event()

    @store.on_change("search.*")
    def changed(old: Any, new: Any, diff: Any) -> None:
        heard.append((old.search.k, new.search.k, diff.paths))
        if new.search.k == 2:
            raise RuntimeError("a subscriber that fails")
        done.set()

    store.patch({"other": 2})
    store.patch({"search.k": 2})
    store.patch({"search.k": 3})
    assert done.wait(10)
    assert heard == [(1, 2, ("search.k",)), (2, 3, ("search.k",))]
    assert store.metrics()["subscriber_failures_total"] == 1


def test_a_subscriber_may_change_the_store() -> None:
    store = Store(sources=[Mapping({"k": 1, "twice": 2})])
    done = threading.Event()

    @store.on_change("k")
    def changed(old: Any, new: Any, diff: Any) -> None:
        store.patch({"twice": new.k * 2})
        store.reload()
        done.set()

    store.patch({"k": 5})
    assert done.wait(10)
    assert store.current.twice == 10


def test_guards() -> None:
    store = Store(
        sources=[Mapping({f"k{i}": i for i in range(10)})],
        guards=[
            not_empty,
            max_removed(0.1),
            max_changed(0.3),
            immutable_paths("k0"),
            guard(lambda old, new: getattr(new, "k1", 0) < 100, name="small"),
        ],
    )
    store.patch({"k1": 5})
    for values in ({"k1": None, "k2": None}, {f"k{i}": 99 for i in range(1, 6)}, {"k0": 7}, {"k1": 100}):
        with pytest.raises(fs.ConfigError) as caught:
            store.patch(values)
        assert [problem.code for problem in caught.value.problems] == ["guard"]
    assert store.patch({"k0": 7}, force=True).accepted


def test_a_guard_that_raises_hangs_or_calls_back_refuses() -> None:
    release = threading.Event()

    def rule(old: Any, new: Any) -> Any:
        if new.k == 2:
            raise RuntimeError("no")
        if new.k == 3:
            release.wait(30)
        if new.k == 4:
            return store.reload()
        return None

    store: Store[Any] = Store(sources=[Mapping({"k": 1})], guards=[guard(rule, seconds=0.2)])
    with pytest.raises(fs.ConfigError, match="RuntimeError: no"):
        store.patch({"k": 2})
    begin = time.monotonic()
    with pytest.raises(fs.ConfigError, match="200 ms"):
        store.patch({"k": 3})
    assert time.monotonic() - begin < 5
    release.set()
    time.sleep(0.1)
    with pytest.raises(fs.ConfigError):
        store.patch({"k": 4})
    assert store.current.k == 1 and store.patch({"k": 5}).accepted


def test_validators_of_the_class_run_before_publication_and_only_for_changed_sections() -> None:
    store = Store(models.AppModel, sources=[Mapping({"search": {"limit": 3, "words": ["A"]}})])
    assert store.current.search.words == ("a",)
    with pytest.raises(fs.ConfigError) as caught:
        store.patch({"search.words": ["bad"]})
    assert caught.value.problems[0].path == "search.words" and "bad is no word" in caught.value.problems[0].got
    store.patch({"search.words": ["NEW"]})
    assert store.current.search.words == ("new",)


def test_units_are_overlays_that_obey_the_class() -> None:
    store = Store(models.App)
    store.set_unit("user-7", {"search.limit": 50})
    assert store.for_unit("user-7").search.limit == 50 and store.for_unit("user-8").search.limit == 10
    assert isinstance(store.for_unit("user-7"), models.App)
    with pytest.raises(fs.ConfigError):
        store.set_unit("user-7", {"search.limit": 1000})
    assert store.for_unit("user-7").search.limit == 50
    store.patch({"name": "other"})
    assert store.for_unit("user-7").name == "other" and store.for_unit("user-7").search.limit == 50
    store.set_unit("user-7", None)
    assert store.for_unit("user-7").search.limit == 10


def test_watch_follows_a_file(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text('{"k": 1}')
    with Store(sources=[Json(file)]) as store:
        store.watch()
        for value in (2, 3):
            file.with_suffix(".new").write_text(json.dumps({"k": value}))
            file.with_suffix(".new").rename(file)
            wait_for(lambda value=value: store.current.k == value)
        file.write_text('{"k": ')
        wait_for(lambda: store.metrics()["rejects_total"] >= 1)
        assert store.current.k == 3
        store.unwatch()


def wait_for(condition: Any, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_a_closed_store_says_so_and_stays_readable() -> None:
    store = Store(sources=[Mapping({"k": 1})])
    store.close()
    store.close()
    assert store.current.k == 1 and store.pinned().k == 1
    for call in (store.reload, store.history, store.metrics, store.watch, lambda: store.patch({"k": 2})):
        with pytest.raises(fs.ClosedError):
            call()


def test_a_store_is_freed() -> None:
    import gc
    import weakref

    store = Store(sources=[Mapping({"k": 1})])
    store.patch({"k": 2})
    reference = weakref.ref(store)
    del store
    gc.collect()
    assert reference() is None


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="list of sources"):
        Store(sources=Mapping({}))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected Mapping"):
        Store(sources=["app.toml"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="keep"):
        Store(keep=0)
    with pytest.raises(ValueError, match="prefix"):
        Env("")
    with pytest.raises(ValueError, match="share"):
        max_removed(2)
    with pytest.raises(TypeError, match="function"):
        guard(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="finite"):
        Mapping({"k": float("nan")})


def test_versions_outlive_the_process_in_a_folder(tmp_path: pathlib.Path) -> None:
    with Store(sources=[Mapping({"k": 1})], folder=tmp_path / "versions", audit=tmp_path / "audit.jsonl") as store:
        store.patch({"k": 2}, actor="a")
    with Store(sources=[Mapping({"k": 1})], folder=tmp_path / "versions") as again:
        assert again.version == 2 and again.current.k == 2
        assert [entry.actor for entry in again.history()] == ["", "a"]
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [line["cause"] for line in lines] == ["load", "patch"]


def test_the_last_good_version_starts_a_store_whose_sources_are_down(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text('{"k": 7}')
    Store(sources=[Json(file)], last_good=tmp_path / "good").close()
    file.unlink()
    assert Store(sources=[Json(file)], last_good=tmp_path / "good").current.k == 7
    with pytest.raises(fs.ConfigError):
        Store(sources=[Json(file)])


def test_plain_values_go_by_a_short_way_that_says_the_same() -> None:
    import enum
    import json

    from findspot._native import plain_json
    from findspot.config.values import UnfitValue, _Reader, as_json

    class Word(enum.StrEnum):
        ONE = "one"

    def deep(levels: int) -> Any:
        return [deep(levels - 1)] if levels else 1

    def by_the_long_way(value: Any) -> Any:
        reader = _Reader("v", "")
        read = reader.read(value)
        assert not reader.problems
        return json.loads(json.dumps(read))

    plain_values = [
        {"a": [1, -(2**63), 2.5, -0.0, 1e300, True, None, 'ü " \\ \n \x01 \U0001f600', ()], "": {"b.c": []}},
        [["gold", "coin"]] * 3,
        "text",
        deep(128),
    ]
    for value in plain_values:
        short = plain_json(value)
        assert short is not None and json.loads(short) == by_the_long_way(value)
    for value in (Word.ONE, {"a": Word.ONE}, {1, 2}, pathlib.Path("x"), collections.OrderedDict(a=1)):
        assert plain_json(value) is None, "what is no plain type takes the long way"
        assert json.loads(as_json(value, "v")) == by_the_long_way(value)
    cycle: list[Any] = []
    cycle.append(cycle)
    for wrong in ({1: 2}, {"a": float("nan")}, {"a": "\ud800"}, {"\ud800": 1}, 2**63, -(2**63) - 1, deep(129), cycle, object()):
        assert plain_json(wrong) is None
        with pytest.raises(UnfitValue):
            as_json(wrong, "v")


def test_a_patch_of_what_no_configuration_can_hold_says_where_and_why() -> None:
    store = Store(sources=[Mapping({"a": {"b": 1}})])
    for path, value, where, expected in (
        ("a.b", 2**63, "a.b", "an integer of 64 bits"),
        ("a", {"b": [1, 2**64]}, "a", "an integer of 64 bits"),
        ("a", {"c": {"x" * 70_000: 1}}, "a", "key"),
    ):
        with pytest.raises(fs.ConfigError) as refused:
            store.patch({path: value})
        (problem,) = refused.value.problems
        assert problem.path.startswith(where) and expected in problem.expected, problem
    assert store.version == 1
    with pytest.raises(fs.ConfigError) as unknown:
        store.rollback(7)
    assert "7" in str(unknown.value.problems[0]), "a problem can always be shown"
