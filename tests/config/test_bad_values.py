"""What a program may say wrong to a store: refused where it is said, with path, place, expectation and finding, before anything changes."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import decimal
import enum
import pathlib
import pickle
from typing import Any

import findspot as fs
import pytest
from findspot.config import (
    Defaults,
    Diff,
    Dotenv,
    Env,
    Json,
    Mapping,
    Overrides,
    Store,
    Toml,
    guard,
    immutable_paths,
    max_removed,
)


class Colour(enum.Enum):
    RED = "red"
    ODD = b"x"


@dataclasses.dataclass
class Point:
    x: Any = 1


def ring() -> Any:
    values: dict[str, Any] = {}
    values["again"] = [values]
    return values


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


UNFIT = {
    "2^63": (2**63, "out_of_range"),
    "-2^63-1": (-(2**63) - 1, "out_of_range"),
    "5,000 digits": (10**5000, "out_of_range"),
    "NaN": (float("nan"), "out_of_range"),
    "infinity": (float("-inf"), "out_of_range"),
    "half a surrogate pair": ("a\ud800", "text"),
    "a path that is no text": (pathlib.Path("/\udcff"), "text"),
    "bytes": (b"x", "type"),
    "an enumeration of bytes": (Colour.ODD, "type"),
    "an object": (object(), "type"),
    "a class": (Point, "type"),
    "a class of dates": (datetime.datetime, "type"),
    "a complex number": (1j, "type"),
    "a generator": ((one for one in ()), "type"),
    "a dataclass that holds bytes": (Point(b"x"), "type"),
    "a mapping in itself": (ring(), "cycle"),
    "3,000 levels": (deep(3000), "too_deep"),
    "a key that is a number": ({1: 2}, "key"),
    "a key that is None": ({None: 2}, "key"),
    "a key that is half a pair": ({"\ud800": 2}, "text"),
}

CALLS: dict[str, Any] = {
    "Mapping": lambda store, value: Mapping({"a": {"b c": value}}),
    "Defaults": lambda store, value: Defaults({"a": {"b c": value}}),
    "Overrides": lambda store, value: Overrides({"a": {"b c": value}}),
    "patch": lambda store, value: store.patch({'a."b c"': value}),
    "stage": lambda store, value: store.stage({'a."b c"': value}),
    "set_unit": lambda store, value: store.set_unit("u", {'a."b c"': value}),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", UNFIT)
def test_values_that_no_configuration_could_hold(name: str, call: str) -> None:
    value, code = UNFIT[name]
    store = Store(sources=[Mapping({"a": {"k": 1}})])
    with pytest.raises(fs.ConfigError) as caught:
        CALLS[call](store, value)
    error = caught.value
    (problem,) = error.problems
    assert isinstance(error, TypeError) and isinstance(error, ValueError)
    assert problem.code == code and problem.path.startswith('a."b c"') and problem.expected and problem.got
    assert problem.layer == ("patch" if call in ("patch", "stage", "set_unit") else call.lower())
    assert problem.path in str(error) and problem.expected in str(error) and "\n  --> " in str(error)
    assert len(str(error)) < 2000
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and again.problems == error.problems
    assert store.version == 1 and store.current.a.k == 1


def test_values_of_a_program_become_what_files_would_say() -> None:
    at = datetime.datetime(2024, 2, 3, 4, 5, 6)
    values = {
        "decimal": decimal.Decimal("1.50"),
        "path": pathlib.PurePosixPath("/x"),
        "enum": Colour.RED,
        "data": Point(2),
        "at": at,
        "span": datetime.timedelta(minutes=1),
        "many": {3},
        "least": -(2**63),
        "most": 2**63 - 1,
    }
    config = Store(sources=[Mapping(values)]).current
    assert (config.decimal, config.path, config.enum, config.data.x, config.at) == ("1.50", "/x", "red", 2, at.isoformat())
    assert (config.span, config.many, config.least, config.most) == (60.0, (3,), -(2**63), 2**63 - 1)
    shared = {"x": 1}
    assert Store(sources=[Mapping({"a": shared, "b": [shared, shared]})]).current.b == ({"x": 1}, {"x": 1})


def test_all_unfit_values_are_told_at_once() -> None:
    with pytest.raises(fs.ConfigError) as caught:
        Mapping({"a": float("nan"), "b": [1, b"x"], "c": 2**64, "d": 1})
    assert [(problem.path, problem.code) for problem in caught.value.problems] == [
        ("a", "out_of_range"),
        ("b[1]", "type"),
        ("c", "out_of_range"),
    ]
    with pytest.raises(fs.ConfigError) as caught:
        Store().patch({"x": 2**63, "y": object(), "z": 1})
    assert [problem.path for problem in caught.value.problems] == ["x", "y"]


@pytest.mark.parametrize("layer", [Mapping, Defaults, Overrides])
@pytest.mark.parametrize("root", [None, [1], "a", b"a", 5, 1.5, {1}, Point, "!reset", pathlib.Path("a"), datetime.date(2024, 1, 1)])
def test_a_layer_is_a_mapping(layer: Any, root: Any) -> None:
    with pytest.raises(fs.ConfigError) as caught:
        layer(root)
    assert caught.value.problems[0].code == "root" and "give a dict" in str(caught.value)


def test_an_instance_is_a_layer() -> None:
    assert Store(sources=[Mapping(Point(3)), Defaults(), Overrides()]).current.x == 3


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({"a": 1, "a.b": 2}, "contradiction", "a.b"),
        ({"a.b": 2, "a": 1}, "contradiction", "a"),
        ({"a.b": 1, 'a."b"': 2}, "contradiction", 'a."b"'),
        ({"a": {"b": {"c": 1}}, "a.b": 2}, "contradiction", "a.b"),
        ({"a": {"b": 1}, "a.b.c": 2}, "contradiction", "a.b.c"),
        ({"a..b": 1}, "path", ""),
        ({".a": 1}, "path", ""),
        ({'a."b': 1}, "path", ""),
        ({"l[0]": 1}, "path", "l[0]"),
        ({1: 2}, "key", ""),
    ],
)
def test_overrides_that_contradict_themselves(values: Any, code: str, path: str) -> None:
    with pytest.raises(fs.ConfigError) as caught:
        Overrides(values)
    assert [(problem.code, problem.path) for problem in caught.value.problems] == [(code, path)]


def test_overrides_join_and_leave_the_caller_s_mapping_alone() -> None:
    mine = {"c": 1}
    one, other = Overrides({"a": mine, "a.b": 2}), Overrides({"a.b": 2, "a": mine})
    assert mine == {"c": 1}
    for source in (one, other):
        assert Store(sources=[source]).current.a == {"b": 2, "c": 1}
    config = Store(sources=[Overrides({'a."x.y"': 1, "two words": 2, "": 3})]).current
    assert config["a"]["x.y"] == 1 and config["two words"] == 2 and config[""] == 3


NO_VERSIONS = [-1, 0, 99, 2**63, 2**64, 10**30, 10**5000]


@pytest.mark.parametrize("number", NO_VERSIONS, ids=[str(i) for i in range(len(NO_VERSIONS))])
def test_versions_that_are_not_there(number: int) -> None:
    store = Store(sources=[Mapping({"k": 1})])
    for call in (store.rollback, store.diff, lambda number: store.diff(1, number), lambda number: store.pin(version=number)):
        with pytest.raises(fs.ConfigError, match="there is no version") as caught:
            call(number)
        assert caught.value.problems[0].expected == "a version that is kept"
    with pytest.raises(fs.ConflictError, match="version 1 is current"):
        store.patch({"k": 2}, expect_version=number)
    assert store.version == 1


@pytest.mark.parametrize("number", ["x", "1", 1.0, True, b"1", [1], object()])
def test_what_is_no_number_of_a_version(number: Any) -> None:
    store = Store(sources=[Mapping({"k": 1})])
    calls = [store.rollback, store.diff, lambda number: store.diff(1, number), lambda number: store.pin(version=number)]
    calls.append(lambda number: store.patch({"k": 2}, expect_version=number))
    for call in calls:
        with pytest.raises(TypeError, match="expected the number of a version as int, got "):
            call(number)
    assert store.version == 1


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"k.x": 1}, "k.x: expected a table on the way, got an integer"),
        ({"": 1}, "expected a table"),
        ({"a..b": 1}, 'got "a..b", where byte 2'),
        ({"l[9]": 1}, "9 in a list of 2"),
        ({"l[-1]": 1}, "is not a number"),
        ({"l[99999999999]": 1}, "is not a number"),
        ({"n": 1, "n.m": 2}, "n.m: expected a table on the way"),
    ],
)
def test_patches_whose_paths_lead_nowhere(values: Any, problem: str) -> None:
    store = Store(sources=[Mapping({"k": 1, "l": [1, 2]})])
    for call in (store.patch, store.stage, lambda values: store.set_unit("u", values)):
        with pytest.raises(fs.ConfigError) as caught:
            call(values)
        assert problem in str(caught.value) and caught.value.problems
    assert store.version == 1


def test_a_patch_of_nothing_changes_nothing() -> None:
    store = Store(sources=[Mapping({"k": 1})])
    assert store.patch({}).changed is False and store.version == 1
    assert not store.stage({}).diff and not store.unpatch().changed


WRONG: dict[str, Any] = {
    "patch: None": lambda store: store.patch(None),
    "patch: a list": lambda store: store.patch([1]),
    "patch: a path of int": lambda store: store.patch({1: 2}),
    "patch: half a pair": lambda store: store.patch({"\ud800": 2}),
    "patch: actor": lambda store: store.patch({"k": 2}, actor=1),
    "patch: actor of half a pair": lambda store: store.patch({"k": 2}, actor="\ud800"),
    "patch: reason": lambda store: store.patch({"k": 2}, reason=None),
    "patch: force": lambda store: store.patch({"k": 2}, force="yes"),
    "reload: actor": lambda store: store.reload(actor=1),
    "stage": lambda store: store.stage(1),
    "publish: actor": lambda store: store.stage({"k": 2}).publish(actor=1),
    "unpatch": lambda store: store.unpatch(1),
    "rollback: reason": lambda store: store.rollback(1, reason=1),
    "resume: reason": lambda store: store.resume(reason=1),
    "set_units: text": lambda store: store.set_units("x"),
    "set_units: a unit of int": lambda store: store.set_unit(1, {"k": 2}),
    "set_units: a list": lambda store: store.set_unit("u", [1]),
    "for_unit": lambda store: store.for_unit(1),
    "explain": lambda store: store.explain(1),
    "explain: half a pair": lambda store: store.explain("\ud800"),
    "on_change: a function": lambda store: store.on_change(print),
    "on_change: no function": lambda store: store.on_change("k")(1),
    "on_change: int": lambda store: store.on_change(1),
    "derive: no function": lambda store: store.derive("k")(1),
    "derive: int": lambda store: store.derive(1),
    "middleware": lambda store: store.middleware(1),
    "prometheus": lambda store: store.prometheus(1),
    "sources: None": lambda store: Store(sources=None),
    "sources: text": lambda store: Store(sources="app.toml"),
    "sources: a dict": lambda store: Store(sources={"a": 1}),
    "sources: of dicts": lambda store: Store(sources=[{"password": "s3cr3t"}]),
    "sources: a class": lambda store: Store(sources=[Mapping]),
    "guards: None": lambda store: Store(guards=None),
    "guards: functions": lambda store: Store(guards=[print]),
    "keep: text": lambda store: Store(keep="x"),
    "keep: True": lambda store: Store(keep=True),
    "keep: beyond": lambda store: Store(keep=2**70),
    "check_seconds: text": lambda store: Store(check_seconds="x"),
    "check_seconds: NaN": lambda store: Store(check_seconds=float("nan")),
    "check_seconds: 0": lambda store: Store(check_seconds=0),
    "folder": lambda store: Store(folder=5),
    "folder: NUL": lambda store: Store(folder="a\0b"),
    "audit": lambda store: Store(audit=5),
    "last_good": lambda store: Store(last_good=b"x"),
    "Toml: None": lambda store: Toml(None),
    "Toml: bytes": lambda store: Toml(b"x"),
    "Json: empty": lambda store: Json(""),
    "Json: NUL": lambda store: Json("a\0b"),
    "Toml: half a pair": lambda store: Toml("\udcff.toml"),
    "Toml: missing_ok": lambda store: Toml("x", missing_ok="no"),
    "Env: None": lambda store: Env(None),
    "Env: empty": lambda store: Env(""),
    "Env: separator": lambda store: Env("A__", separator=None),
    "Dotenv: prefix": lambda store: Dotenv(prefix=5),
    "Dotenv: prefix without __": lambda store: Dotenv(prefix="A"),
    "Mapping: name": lambda store: Mapping({}, name=5),
    "max_removed": lambda store: max_removed("x"),
    "immutable_paths": lambda store: immutable_paths(5),
    "immutable_paths: none": lambda store: immutable_paths(),
    "guard": lambda store: guard(5),
    "guard: seconds": lambda store: guard(print, seconds="x"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_named(name: str) -> None:
    store = Store(sources=[Mapping({"k": 1})])
    with pytest.raises((TypeError, ValueError), match=r"expected .*got |expected (a prefix|at least one path)") as caught:
        WRONG[name](store)
    assert type(caught.value) in (TypeError, ValueError) and name.split(":")[0] in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert store.version == 1


def test_what_a_store_answers_can_be_pickled_copied_and_compared(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.toml"
    file.write_text('password = "s3cr3t"\nk = 1\n')
    store = Store(sources=[Toml(file)], folder=tmp_path / "v")
    file.write_text('password = "s3cr3t2"\nk = 2\nl = 3\n')
    report = store.reload()
    file.write_text("k = ")
    refused = store.reload()
    answers: list[Any] = [report, report.diff, *report.diff, refused, refused.problems[0], store.explain("password"), store.diff(1)]
    answers += [*store.history(), *store.drift(), store.stage({"k": 5}).diff]
    for answer in answers:
        data = pickle.dumps(answer)
        again = pickle.loads(data)
        assert again == answer and repr(again) == repr(answer) and str(again) == str(answer)
        assert copy.deepcopy(answer) == answer and b"s3cr3t" not in data and "s3cr3t" not in repr(answer) + str(answer)
        if not isinstance(answer, Diff):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(answer, dataclasses.fields(answer)[0].name, 5)
    diff = pickle.loads(pickle.dumps(report.diff))
    assert (diff.added, diff.removed, diff.changed, len(diff), diff.paths) == (1, 0, 2, 3, report.diff.paths)
    assert diff.touches("password") and not diff.touches("x") and bool(diff) and diff[0] == report.diff[0]
    with pytest.raises(TypeError):
        report.timings["read"] = 1.0  # type: ignore[index]
    with pytest.raises(TypeError, match="belongs to its store"):
        pickle.dumps(store.stage({"k": 6}))
    assert hash(report.diff) == hash(diff) and hash(report) == hash(pickle.loads(pickle.dumps(report)))


def test_marks_of_layers_are_read_or_refused(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = Defaults({"words": ["a"], "t": {"x": 1}, "k": 1})
    config = Store(sources=[base, Mapping({"words": ["!reset", "b"], "t": {"!reset": True, "y": 2}, "k": "!reset"})]).current
    assert config == {"words": ("b",), "t": {"y": 2}}
    monkeypatch.setenv("APP__WORDS", '["!reset", "c"]')
    monkeypatch.setenv("APP__K", "!!reset")
    config = Store(sources=[base, Env("APP__")]).current
    assert config.words == ("c",) and config.k == "!reset"
    file = tmp_path / "app.toml"
    for text, path in [
        ('words = ["b", "!reset"]', "words[1]"),
        ('words = [["!reset"]]', "words[0][0]"),
        ('t = [{ "!reset" = true }]', "t[0].!reset"),
        ('t = { "!reset" = 5 }', "t.!reset"),
    ]:
        file.write_text(text)
        with pytest.raises(fs.ConfigError) as caught:
            Store(sources=[base, Toml(file)])
        (problem,) = caught.value.problems
        assert (problem.code, problem.path, problem.file, problem.line) == ("reset", path, str(file), 1) and "!!reset" in str(problem.hint)
    # A patch sets exactly what it says, also below overrides.
    for sources in ([base], [base, Overrides({"o": 1})]):
        store = Store(sources=sources)
        store.patch({"k": "!reset", "words": ["!reset", "x"]})
        assert store.current.k == "!reset" and store.current.words == ("!reset", "x")
