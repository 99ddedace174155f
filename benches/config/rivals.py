"""What others do: stores behind locks, and configuration libraries.

**In**: files and contents of `documents`. **Out**: functions to time, by name. **Law**: each is called as its documentation says; a
library that is not installed is left out and named.
"""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import documents

LIBRARIES = ("dynaconf", "msgspec", "omegaconf", "orjson", "pydantic", "pydantic_settings", "yaml")


def missing() -> list[str]:
    """Libraries that are not installed."""
    return [name for name in LIBRARIES if importlib.util.find_spec(name) is None]


class ReadWriteLock:
    """Readers together, a writer alone: a condition over a counter, as libraries of flags have it."""

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.Lock())
        self._readers = 0

    def acquire_read(self) -> None:
        """Waits for the writer."""
        with self._condition:
            self._readers += 1

    def release_read(self) -> None:
        """Lets a writer in when it was the last reader."""
        with self._condition:
            self._readers -= 1
            if self._readers == 0:
                self._condition.notify_all()

    def acquire_write(self) -> None:
        """Waits for all readers."""
        self._condition.acquire()
        while self._readers > 0:
            self._condition.wait()

    def release_write(self) -> None:
        """Lets everybody in."""
        self._condition.release()


class RLockStore:
    """A dict behind one lock, taken for the swap and for each read."""

    name = "dict behind an RLock"

    def __init__(self, path: Path) -> None:
        self._lock, self._path, self._values = threading.RLock(), path, parsed(path)

    def get(self, *path: str) -> Any:
        """What stands at a path."""
        with self._lock:
            value = self._values
            for key in path:
                value = value[key]
            return value

    def read(self) -> float:
        """Three levels, written out: the least that a read under the lock can cost."""
        with self._lock:
            return self._values["search"]["ranking"]["title_boost"]

    def handle(self, reads: int) -> float:
        """What one request reads."""
        get, total = self.get, 0.0
        for _ in range(reads):
            total += get("search", "ranking", "title_boost")
        return total

    def reload(self) -> None:
        """Parses outside of the lock."""
        values = parsed(self._path)
        with self._lock:
            self._values = values


class ReadWriteStore(RLockStore):
    """The same behind a lock that readers share."""

    name = "dict behind a read-write lock"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._shared = ReadWriteLock()

    def get(self, *path: str) -> Any:
        """What stands at a path."""
        self._shared.acquire_read()
        try:
            value = self._values
            for key in path:
                value = value[key]
            return value
        finally:
            self._shared.release_read()

    def read(self) -> float:
        """Three levels, written out."""
        self._shared.acquire_read()
        try:
            return self._values["search"]["ranking"]["title_boost"]
        finally:
            self._shared.release_read()

    def reload(self) -> None:
        """Parses outside of the lock."""
        values = parsed(self._path)
        self._shared.acquire_write()
        try:
            self._values = values
        finally:
            self._shared.release_write()


class WrittenOutStore(RLockStore):
    """The store behind one lock, with the one path that the handler reads written into it: no store has that, it is the floor of the others."""

    name = "the RLock, with the path written out"

    def handle(self, reads: int) -> float:
        """What one request reads."""
        read, total = self.read, 0.0
        for _ in range(reads):
            total += read()
        return total


class CopyStore(RLockStore):
    """One section is copied under the lock for each request."""

    name = "one section copied under a lock"

    def handle(self, reads: int) -> float:
        """What one request reads, from its copy."""
        with self._lock:
            section = {key: dict(value) for key, value in self._values["search"].items()}
        total = 0.0
        for _ in range(reads):
            total += section["ranking"]["title_boost"]
        return total


def parsed(path: Path) -> Any:
    """A file, by the fastest parser that gives dicts."""
    import orjson

    return orjson.loads(path.read_bytes())


def reads(folder: Path) -> dict[str, Callable[[int], float]]:
    """Functions that read three levels so many times.

    Each has code of its own: the interpreter specialises attribute reads by the types that a piece of code has met, and one loop for all would
    make the ones after the first slow.
    """
    path = folder / "small.json"
    values = json.loads(path.read_bytes())
    found: dict[str, Callable[[int], float]] = {}

    def chain(count: int) -> float:
        total = 0.0
        for _ in range(count):
            total = values["search"]["ranking"]["title_boost"]
        return total

    found["dict chain"] = chain
    for store in (RLockStore(path), ReadWriteStore(path)):

        def locked(count: int, read: Callable[[], float] = store.read) -> float:
            total = 0.0
            for _ in range(count):
                total = read()
            return total

        found[store.name] = locked
    if importlib.util.find_spec("pydantic"):
        settings = pydantic_model().model_validate_json(path.read_bytes())

        def model(count: int) -> float:
            total = 0.0
            for _ in range(count):
                total = settings.search.ranking.title_boost
            return total

        found["pydantic model"] = model
    if importlib.util.find_spec("dynaconf"):
        from dynaconf import Dynaconf

        dynamic = Dynaconf(settings_files=[str(path)])

        def dynaconf(count: int) -> float:
            total = 0.0
            for _ in range(count):
                total = dynamic.search.ranking.title_boost
            return total

        found["dynaconf"] = dynaconf
    if importlib.util.find_spec("omegaconf"):
        from omegaconf import OmegaConf

        config = OmegaConf.create(values)

        def omegaconf(count: int) -> float:
            total = 0.0
            for _ in range(count):
                total = config.search.ranking.title_boost
            return total

        found["omegaconf"] = omegaconf
    return found


def pydantic_model() -> Any:
    """The content as pydantic models."""
    from pydantic import TypeAdapter

    class Adapter:
        _adapter = TypeAdapter(documents.App)

        @classmethod
        def model_validate_json(cls, text: bytes) -> Any:
            return cls._adapter.validate_json(text)

    return Adapter


def reloads(folder: Path) -> dict[str, Callable[[], Any]]:
    """Functions that read the large file once more."""
    path, toml, yaml = (folder / f"large.{ending}" for ending in ("json", "toml", "yaml"))
    found: dict[str, Callable[[], Any]] = {"json.loads": lambda: json.loads(path.read_bytes())}
    if importlib.util.find_spec("orjson"):
        import orjson

        found["orjson.loads"] = lambda: orjson.loads(path.read_bytes())
    if importlib.util.find_spec("msgspec"):
        import msgspec

        found["msgspec, typed"] = lambda: msgspec.json.decode(path.read_bytes(), type=documents.App)
    if importlib.util.find_spec("pydantic"):
        model = pydantic_model()
        found["pydantic, typed"] = lambda: model.model_validate_json(path.read_bytes())
    if importlib.util.find_spec("pydantic_settings"):
        from pydantic_settings import BaseSettings, JsonConfigSettingsSource, SettingsConfigDict

        class Settings(BaseSettings):
            model_config = SettingsConfigDict(json_file=path)
            search: documents.Search
            sections: dict[str, dict[str, documents.Group]]

            @classmethod
            def settings_customise_sources(cls, settings_cls: Any, **_: Any) -> tuple[Any, ...]:
                return (JsonConfigSettingsSource(settings_cls),)

        Settings.model_rebuild(_types_namespace={"documents": documents})
        found["pydantic-settings"] = Settings
    if importlib.util.find_spec("dynaconf"):
        from dynaconf import Dynaconf

        dynamic = Dynaconf(settings_files=[str(path)])
        found["dynaconf reload"] = dynamic.reload
    import tomllib

    found["tomllib"] = lambda: tomllib.loads(toml.read_text(encoding="utf-8"))
    if importlib.util.find_spec("yaml"):
        import yaml as pyyaml

        found["PyYAML, C loader"] = lambda: pyyaml.load(yaml.read_bytes(), Loader=pyyaml.CSafeLoader)
    return found
