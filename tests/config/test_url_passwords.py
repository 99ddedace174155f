"""A URL with a password is a secret, whatever its key is called: nothing that a store says, stores or pickles holds it."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import pickle
from typing import Any

import findspot as fs
import pydantic
import pytest
from findspot.config import Json, Mapping, Store, as_dict

URL = "postgres://app:abracadabra@db/orders"


def everything_said(store: Store[Any]) -> str:
    views = [store.current, as_dict(store.current), store.explain("db"), store.diff(1), store.history(), store.metrics()]
    return (
        " ".join(f"{one!r} {one!s}" for one in views) + repr(pickle.dumps(store.current)) + repr(pickle.loads(pickle.dumps(store.current)))
    )


@dataclasses.dataclass
class Pool:
    url: str = "postgres://app:openup@db/default"
    urls: list[str] = dataclasses.field(default_factory=list)
    by_name: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Pools:
    db: Pool
    k: int = 1


class CheckedPool(pydantic.BaseModel):
    url: pydantic.PostgresDsn
    urls: list[str] = []
    by_name: dict[str, str] = {}


class CheckedPools(pydantic.BaseModel):
    db: CheckedPool
    k: int = 1

    @pydantic.model_validator(mode="after")
    def reachable(self) -> Any:
        if self.k > 1:
            raise ValueError(f"{self.db.url} does not answer to {str(self.db.url)[15:26]}")
        return self


@pytest.mark.parametrize("schema", [None, Pools, CheckedPools])
def test_it_is_hidden_wherever_it_stands(schema: Any, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the key is called: in texts, lists and mappings, of files, defaults and patches; readers get it all the same."""
    file, folder = tmp_path / "app.json", tmp_path / "versions"

    def write(secret: str, **more: Any) -> None:
        url = URL.replace("abracadabra", secret)
        file.write_text(json.dumps({"db": {"url": url, "urls": [url, "x"], "by_name": {"a": url, "b": "x"}}, **more}))

    write("sesame")
    options: Any = {"folder": folder, "audit": tmp_path / "audit", "last_good": tmp_path / "good"}
    with Store(schema, sources=[Json(file)], **options) as store:
        write("abracadabra")
        assert store.reload().changed
        assert (str(store.current.db.url), store.current.db.urls[0], store.current.db.by_name["a"]) == (URL, URL, URL)
        shown = everything_said(store)
        write("abracadabra", k={"no": URL})
        shown += str(store.reload()) if schema is not None else ""
        write("abracadabra", k=2)
        shown += str(store.reload())
        file.write_text('{"db": {"url": "' + URL)
        shown += str(store.reload())
        with pytest.raises(fs.ConfigError, match="a secret that comes from a source") as caught:
            store.patch({"db.url": URL})
        shown += str(caught.value) + (tmp_path / "audit").read_text()
        for path in [tmp_path / "good", *(path for path in folder.rglob("*") if path.is_file())]:
            shown += path.read_bytes().decode(errors="replace")
    with Store(folder=folder) as tool:
        shown += repr(tool.current) + str(tool.diff(1)) + str(tool.explain("db"))
    for secret in ("abracadabra", "sesame", "openup"):
        assert secret not in shown + caplog.text, shown


def test_those_of_a_class_and_of_patches_in_memory_are_hidden() -> None:
    with Store(Pools, sources=[Mapping({"db": {}})]) as store:
        assert "openup" in store.current.db.url
        shown = everything_said(store)
        assert store.patch({"db.url": URL, "db.by_name": {"a": URL}}).changed and store.current.db.url == URL
        shown += everything_said(store)
        store.set_unit("u", {"db.url": URL.replace("abracadabra", "sesame")})
        shown += repr(store.for_unit("u"))
    assert not any(secret in shown for secret in ("abracadabra", "openup", "sesame")), shown
