"""Classes that tests of the configuration share: one configuration, said in four ways."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import pathlib
from typing import Annotated, NotRequired, TypedDict

import msgspec
import pydantic
from findspot.config import Constraint, Secret


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Ranking:
    title_boost: float = 1.0
    body_boost: float = 0.5

    def total(self) -> float:
        return self.title_boost + self.body_boost

    @property
    def half(self) -> float:
        return self.title_boost / 2


@dataclasses.dataclass
class Search:
    ranking: Ranking = dataclasses.field(default_factory=Ranking)
    color: Color = Color.RED
    limit: Annotated[int, Constraint(ge=1, le=100)] = 10
    folder: pathlib.Path = pathlib.Path("data")
    since: datetime.datetime | None = None
    tags: list[str] = dataclasses.field(default_factory=list)
    weights: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Database:
    url: str = "db"
    password: Annotated[str, Secret] = "hush"


@dataclasses.dataclass
class App:
    search: Search = dataclasses.field(default_factory=Search)
    database: Database = dataclasses.field(default_factory=Database)
    name: str = "app"


class RankingStruct(msgspec.Struct):
    title_boost: float = 1.0


class SearchStruct(msgspec.Struct):
    ranking: RankingStruct
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    tags: tuple[str, ...] = ()


class AppStruct(msgspec.Struct):
    search: SearchStruct
    name: str = "app"


class SearchModel(pydantic.BaseModel):
    limit: int = pydantic.Field(10, ge=1, le=100)
    words: list[str] = []

    @pydantic.field_validator("words")
    @classmethod
    def lower(cls, words: list[str]) -> list[str]:
        if "bad" in words:
            raise ValueError("bad is no word")
        return [word.lower() for word in words]


class AppModel(pydantic.BaseModel):
    search: SearchModel = SearchModel()
    password: pydantic.SecretStr = pydantic.SecretStr("hush")
    name: str = "app"


class AppDict(TypedDict):
    name: str
    limit: NotRequired[int]
