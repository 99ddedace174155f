"""Schema.from_class: one schema from every kind of class."""

import enum
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, NamedTuple, NotRequired, Optional, TypedDict

import attrs
import findspot as fs
import msgspec
import pydantic
import pytest
from findspot import Boolean, Date, Float, GeoPoint, Integer, Keyword, Schema, Text

EXPECTED = Schema(
    key="id",
    fields={
        "title": Text(analyzer="english"),
        "clue": Text(),
        "artist": Keyword(),
        "subjects": Keyword(many=True),
        "year": Integer(),
        "price": Float(),
        "found": Date(),
        "active": Boolean(),
        "location": GeoPoint(),
    },
)

Place = tuple[float, float]


@dataclass
class AsDataclass:
    kinds: ClassVar[int] = 3
    id: str
    title: Annotated[str, Text(analyzer="english")]
    clue: str
    artist: Annotated[str | None, Keyword()]
    subjects: list[str]
    year: int | None
    price: Optional[float]  # noqa: UP045
    found: datetime
    active: bool
    location: Annotated[Place, GeoPoint()] | None = None


class AsPydantic(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)
    id: str
    title: Annotated[str, Text(analyzer="english")]
    clue: str
    artist: Annotated[str | None, Keyword()]
    subjects: tuple[str, ...]
    year: int | None
    price: float | None
    found: date
    active: bool
    location: Annotated[Place, GeoPoint()] | None = None


class AsStruct(msgspec.Struct):
    id: str
    title: Annotated[str, Text(analyzer="english")]
    clue: str
    artist: Annotated[str, Keyword]
    subjects: set[str]
    year: int | None
    price: float | None
    found: datetime
    active: bool
    location: Annotated[Place, GeoPoint()] | None = None


@attrs.define
class AsAttrs:
    id: str
    title: Annotated[str, Text(analyzer="english")]
    clue: str
    artist: Literal["Turner", "Constable"]
    subjects: frozenset[str]
    year: int | None
    price: float | None
    found: datetime
    active: bool
    location: Annotated[Place, GeoPoint()] | None = None


class Artist(enum.Enum):
    TURNER = "turner"


class AsNamedTuple(NamedTuple):
    id: str
    title: Annotated[str, Text(analyzer="english")]
    clue: str
    artist: Artist
    subjects: list[Artist]
    year: int
    price: float
    found: datetime
    active: bool
    location: Annotated[Place, GeoPoint()]


class AsTypedDict(TypedDict):
    id: str
    title: Annotated[str, Text(analyzer="english")]
    clue: str
    artist: NotRequired[Annotated[str, Keyword()]]
    subjects: NotRequired[list[str]]
    year: int
    price: float
    found: datetime
    active: bool
    location: NotRequired[Annotated[Place, GeoPoint()]]


@pytest.mark.parametrize("record", [AsDataclass, AsPydantic, AsStruct, AsAttrs, AsNamedTuple, AsTypedDict])
def test_every_kind_of_class_gives_the_same_schema(record: type) -> None:
    assert Schema.from_class(record) == EXPECTED


def test_the_key_is_named_found_or_asked_for() -> None:
    @dataclass
    class Coin:
        number: int
        key: str
        name: str

    assert Schema.from_class(Coin).key == "key"
    schema = Schema.from_class(Coin, key="number", extra="ignore")
    assert (schema.key, schema.key_type, schema.extra) == ("number", int, "ignore")
    assert list(schema.fields) == ["key", "name"]
    with pytest.raises(fs.SchemaError, match="a member called 'id'"):
        Schema.from_class(Coin, key="id")


def test_a_type_without_a_field_is_refused_with_its_place() -> None:
    @dataclass
    class Coin:
        id: str
        parts: dict[str, int]

    with pytest.raises(fs.SchemaError) as caught:
        Schema.from_class(Coin)
    assert caught.value.path == "Coin.parts"
    assert "dict" in caught.value.got
    with pytest.raises(TypeError, match="expected a class"):
        Schema.from_class(Coin("a", {}))  # type: ignore[arg-type]


def test_a_key_that_is_annotated_as_field_is_both() -> None:
    @dataclass
    class Coin:
        id: Annotated[str, Keyword()]

    assert Schema.from_class(Coin).fields == {"id": Keyword()}
