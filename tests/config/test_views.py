"""Views: what a reader gets for each annotation; immutable; no secret in their text or pickle."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import json
import pathlib
import pickle
import threading
from collections.abc import Mapping
from typing import Any

import models
import pytest
from findspot.config import as_dict, instance
from findspot.config.annotations import shape_of
from findspot.config.views import View, plan_of
from hypothesis import given
from hypothesis import strategies as st

WHOLE = {
    "search": {
        "ranking": {"title_boost": 3, "body_boost": 0.25},
        "color": "blue",
        "limit": 5,
        "folder": "/tmp/x",
        "since": "2024-02-03T04:05:06Z",
        "tags": ["a", "b"],
        "weights": {"x": 1, "two words": 2.5},
    },
    "database": {"url": "u", "password": "s3cr3t-w0rd"},
    "name": "n",
}


def view(cls: Any, values: Any) -> Any:
    return plan_of(None if cls is None else shape_of(cls)).view(json.dumps(values))


def test_every_annotation_is_kept() -> None:
    app = view(models.App, WHOLE)
    search = app.search
    assert search.ranking.title_boost == 3.0 and type(search.ranking.title_boost) is float
    assert search.color is models.Color.BLUE
    assert search.folder == pathlib.Path("/tmp/x")
    assert search.since == datetime.datetime(2024, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    assert search.tags == ("a", "b")
    assert search.weights == {"x": 1.0, "two words": 2.5} and isinstance(search.weights, Mapping)
    assert app.database.password == "s3cr3t-w0rd"


def test_a_view_behaves_like_its_class() -> None:
    ranking = view(models.App, WHOLE).search.ranking
    assert isinstance(ranking, models.Ranking) and isinstance(ranking, View)
    assert ranking.total() == 3.25 and ranking.half == 1.5
    assert ranking == models.Ranking(3.0, 0.25) and models.Ranking(3.0, 0.25) == ranking
    assert dataclasses.asdict(ranking) == {"title_boost": 3.0, "body_boost": 0.25}
    assert type(dataclasses.replace(ranking, title_boost=1.0)) is models.Ranking
    match ranking:
        case models.Ranking(title_boost=boost):
            assert boost == 3.0


def test_the_slots_are_real() -> None:
    ranking = view(models.App, WHOLE).search.ranking
    assert ranking.title_boost == 3.0
    assert "__getattr__" not in vars(type(ranking)), "a filled view has no slow path"
    assert type(vars(type(ranking))["title_boost"]).__name__ == "member_descriptor"


def test_nothing_can_be_changed() -> None:
    app = view(models.App, WHOLE)
    for target, name in ((app, "name"), (app, "other"), (app.search, "limit")):
        with pytest.raises(AttributeError, match="cannot be changed"):
            setattr(target, name, 1)
    with pytest.raises(AttributeError, match="cannot be changed"):
        del app.name
    with pytest.raises(TypeError):
        app.search.weights["x"] = 2


def test_unknown_names_are_plain_attribute_errors() -> None:
    app = view(models.App, WHOLE)
    for _ in range(2):  # before and after it is filled
        with pytest.raises(AttributeError):
            _ = app.nothing
        assert app.name == "n"


def test_equality_and_hash_are_of_the_content() -> None:
    one, other = view(models.App, WHOLE), view(models.App, WHOLE)
    different = view(models.App, {**WHOLE, "name": "m"})
    assert one.search == one.search and one.search.ranking == one.search.ranking
    assert one == other and one != different and one.search == other.search
    assert hash(one.search.ranking) == hash(other.search.ranking)
    assert one != WHOLE


def test_copies_are_the_view_itself() -> None:
    app = view(models.App, WHOLE)
    assert copy.copy(app) is app and copy.deepcopy(app) is app


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("touched", [False, True])
def test_pickles_hold_the_values_and_no_secret(protocol: int, touched: bool) -> None:
    app = view(models.App, WHOLE)
    if touched:
        assert app.search.ranking.title_boost == 3.0
    data = pickle.dumps(app, protocol)
    assert b"s3cr3t-w0rd" not in data
    again = pickle.loads(data)
    assert again.search.ranking.title_boost == 3.0 and again.search.color is models.Color.BLUE
    assert isinstance(again, models.App) and again.search.weights["two words"] == 2.5
    with pytest.raises(AttributeError, match="secret and was not pickled"):
        _ = again.database.password


def test_no_secret_in_texts() -> None:
    app = view(models.App, WHOLE)
    assert "s3cr3t" not in repr(app) and "s3cr3t" not in str(app) and "s3cr3t" not in f"{app}"
    assert "s3cr3t" not in repr(as_dict(app)) and as_dict(app, secrets=True)["database"]["password"] == "s3cr3t-w0rd"
    assert repr(app.database) == "Database(url='u', password=(secret))"
    for cls in (None, models.AppDict):
        untyped = view(
            cls, {"name": "n", "api_key": "s3cr3t", "secrets": {f"k {i}": "s3cr3t" for i in range(3)}} if cls is None else {"name": "n"}
        )
        assert "s3cr3t" not in repr(untyped) and b"s3cr3t" not in pickle.dumps(untyped)


def test_an_instance_is_the_class_s_own() -> None:
    app = instance(view(models.App, WHOLE))
    assert type(app) is models.App and type(app.search.ranking) is models.Ranking
    assert app.search.tags == ["a", "b"] and app.database.password == "s3cr3t-w0rd"
    struct = instance(view(models.AppStruct, {"search": {"ranking": {"title_boost": 2}, "limit": 3, "tags": ["x"]}, "name": "n"}))
    assert struct == models.AppStruct(models.SearchStruct(models.RankingStruct(2.0), 3, ("x",)), "n")
    with pytest.raises(TypeError, match="expected a view"):
        instance({"a": 1})


def test_what_a_validator_made_is_what_readers_get() -> None:
    app = view(models.AppModel, {"search": {"limit": 3, "words": ["A", "B"]}, "password": "x y z", "name": "n"})
    assert app.search.words == ("a", "b")
    assert app.password.get_secret_value() == "x y z" and "x y z" not in repr(app)
    assert instance(app).search.words == ["a", "b"]


def test_typed_dicts_are_mappings() -> None:
    app = view(models.AppDict, {"name": "n"})
    assert app["name"] == "n" and dict(app) == {"name": "n"} == app and "limit" not in app and app.get("limit", 4) == 4
    with pytest.raises(KeyError):
        _ = app["limit"]


def test_without_a_class_small_tables_have_attributes() -> None:
    app = view(None, {"search": {"k1": 1.5, "odd key": 2}, "names": {"k1": 1}, "list": [{"a": 1}, [2]]})
    assert app.names.k1 == 1 and app["names"]["k1"] == 1
    assert app.search["odd key"] == 2 and app.search.k1 == 1.5
    assert app.list[0].a == 1 and app.list[1] == (2,)
    assert {**app.names} == {"k1": 1} and list(app) == ["search", "names", "list"]


def test_large_tables_are_mappings() -> None:
    big = view(None, {"all": {f"key {i}": {"n": i} for i in range(1000)}}).all
    assert len(big) == 1000 and big["key 7"].n == 7 and big["key 7"] is big["key 7"]
    assert "key 7" in big and "nothing" not in big and 7 not in big
    assert list(big)[:2] == ["key 0", "key 1"] and dict(big.items())["key 3"]["n"] == 3
    assert pickle.loads(pickle.dumps(big))["key 9"].n == 9
    with pytest.raises(KeyError):
        _ = big["nothing"]


def test_data_as_keys_makes_no_class_for_each_table() -> None:
    from findspot.config import views

    plan = plan_of(None)
    for i in range(views._MOST_CLASSES + 500):
        plan.view(json.dumps({f"k{i}": {"x": 1}}))
    last = plan.view(json.dumps({"neverseen": {"x": 1}}))
    assert last["neverseen"]["x"] == 1
    assert views._by_keys.cache_info().currsize <= views._MOST_CLASSES


def test_threads_that_touch_at_once_see_a_whole_section() -> None:
    plan, text = plan_of(shape_of(models.App)), json.dumps(WHOLE)
    for _ in range(200):
        app, seen, start = plan.view(text), [], threading.Barrier(4)

        def read(app: Any = app, seen: list[Any] = seen, start: threading.Barrier = start) -> None:
            start.wait()
            seen.append((app.search.ranking.title_boost, app.search.color, app.name))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [(3.0, models.Color.BLUE, "n")] * 4


LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=5), max_leaves=20
)


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in value}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=6))
def test_any_content_comes_back(values: dict[str, Any]) -> None:
    assert plain(view(None, values)) == values
