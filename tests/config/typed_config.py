"""A program that uses the store with types; checked by mypy and pyright, and run."""

from __future__ import annotations

import dataclasses
from typing import Any, assert_type

from findspot.config import Diff, Mapping, Report, Store, guard, not_empty


@dataclasses.dataclass
class Ranking:
    title_boost: float = 1.0


@dataclasses.dataclass
class Search:
    ranking: Ranking = dataclasses.field(default_factory=Ranking)
    words: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class App:
    search: Search = dataclasses.field(default_factory=Search)
    name: str = "app"


def main() -> list[Any]:
    store = Store(App, sources=[Mapping({"name": "typed"})], guards=[not_empty, guard(lambda old, new: True)])
    assert_type(store, Store[App])
    assert_type(store.current, App)
    assert_type(store.current.search.ranking.title_boost, float)
    with store.pin() as config:
        assert_type(config, App)
        assert_type(config.search.words, list[str])
    assert_type(store.pinned().name, str)
    assert_type(store.for_unit("u").name, str)
    assert_type(store.reload(), Report)
    assert_type(store.stage({"name": "next"}).config, App)

    @store.on_change("search.*")
    def changed(old: App, new: App, diff: Diff) -> None:
        assert_type(new.search, Search)

    @store.derive("search.words")
    def words(values: tuple[str, ...]) -> frozenset[str]:
        return frozenset(values)

    assert_type(words(), frozenset[str])
    untyped = Store(sources=[Mapping({"k": 1})])
    assert_type(untyped.current, Any)
    return [store.current.name, untyped.current.k, sorted(words())]
