"""Shapes from classes: what annotations say, whoever's class it is."""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import pathlib
import uuid
from typing import Annotated, Any, Literal, NewType, Optional, Union

import findspot as fs
import models
import pytest
from findspot.config import Constraint, Secret
from findspot.config.annotations import shape_of

UserId = NewType("UserId", int)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def form(hint: Any) -> Any:
    @dataclasses.dataclass
    class Holder:
        it: Any

    Holder.__annotations__["it"] = hint
    return shape_of(Holder).form()["fields"]["it"]


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (int, {"type": "integer"}),
        (bool, {"type": "boolean"}),
        (float, {"type": "number"}),
        (str, {"type": "string"}),
        (Any, {"type": "any"}),
        (UserId, {"type": "integer"}),
        (list, {"type": "list", "items": {"type": "any"}}),
        (list[int], {"type": "list", "items": {"type": "integer"}}),
        (set[str], {"type": "list", "items": {"type": "string"}}),
        (collections.abc.Sequence[str], {"type": "list", "items": {"type": "string"}}),
        (tuple[int, ...], {"type": "list", "items": {"type": "integer"}}),
        (tuple[int, str], {"type": "tuple", "prefix": [{"type": "integer"}, {"type": "string"}]}),
        (dict[str, int], {"type": "map", "items": {"type": "integer"}}),
        (Optional[int], {"type": "union", "variants": [{"type": "integer"}, {"type": "null"}]}),  # noqa: UP045
        (Union[int, str], {"type": "union", "variants": [{"type": "integer"}, {"type": "string"}]}),  # noqa: UP007
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 1], {"type": "union", "variants": [{"type": "string", "enum": ["a"]}, {"type": "integer", "enum": [1]}]}),
        (models.Color, {"type": "string", "enum": ["red", "blue"]}),
        (Level, {"type": "integer", "enum": [1, 2]}),
        (datetime.datetime, {"type": "time", "format": "date-time"}),
        (datetime.date, {"type": "time", "format": "date"}),
        (datetime.time, {"type": "time", "format": "time"}),
        (datetime.timedelta, {"type": "number"}),
        (pathlib.Path, {"type": "string"}),
        (Annotated[int, Constraint(ge=1, lt=9)], {"type": "integer", "ge": 1, "lt": 9}),
        (Annotated[str, Secret], {"type": "string", "secret": True}),
    ],
)
def test_annotations(hint: Any, expected: Any) -> None:
    assert form(hint) == expected


def test_texts_of_values_with_a_pattern() -> None:
    assert form(uuid.UUID)["type"] == "string"
    assert [variant["type"] for variant in form(decimal.Decimal)["variants"]] == ["string", "number"]


def test_a_rule_of_an_optional_value_is_about_the_value() -> None:
    assert form(Annotated[int | None, Constraint(ge=1)])["variants"] == [{"type": "integer", "ge": 1}, {"type": "null"}]


def test_defaults_are_plain_data() -> None:
    fields = shape_of(models.Search).form()["fields"]
    assert {name: field.get("default", "none") for name, field in fields.items()} == {
        "ranking": {"title_boost": 1.0, "body_boost": 0.5},
        "color": "red",
        "limit": 10,
        "folder": "data",
        "since": None,
        "tags": [],
        "weights": {},
    }


def test_metadata_of_a_dataclass_field() -> None:
    @dataclasses.dataclass
    class Key:
        key: str = dataclasses.field(metadata={"secret": True, "min_length": 8})

    assert shape_of(Key).form()["fields"]["key"] == {"type": "string", "secret": True, "min_length": 8}


def test_msgspec() -> None:
    found = shape_of(models.AppStruct).form()
    assert found["fields"]["search"]["fields"]["limit"] == {"type": "integer", "ge": 1, "le": 100, "default": 10}
    assert "default" not in found["fields"]["search"]
    assert found["additional"] is False


def test_pydantic_constraints_are_ours_and_validators_are_its_own() -> None:
    shape = shape_of(models.AppModel)
    fields = shape.form()["fields"]
    assert fields["search"]["fields"]["limit"] == {"type": "integer", "ge": 1, "le": 100, "default": 10}
    assert fields["password"] == {"type": "string", "secret": True, "default": "hush"}
    assert [path for path, _ in shape.own_checks()] == [("search",)]


def test_typed_dict() -> None:
    found = shape_of(models.AppDict).form()
    assert found["fields"] == {"name": {"type": "string"}, "limit": {"type": "integer", "optional": True}}


@pytest.mark.parametrize("hint", [bytes, dict[int, str], complex, collections.abc.Callable[[], int], "NoSuchName"])
def test_what_cannot_be_promised_is_refused_with_its_path(hint: Any) -> None:
    with pytest.raises(fs.SchemaError) as caught:
        form(hint)
    assert caught.value.path.startswith("Holder")


def test_a_class_inside_itself_is_refused() -> None:
    @dataclasses.dataclass
    class Node:
        below: Any = None

    Node.__annotations__["below"] = list[Node]
    with pytest.raises(fs.SchemaError, match="does not hold itself"):
        shape_of(Node)
