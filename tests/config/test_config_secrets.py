"""No secret in anything that leaves a store: texts, errors, differences, explanations, audit, logs, pickles, versions, core of messages."""

from __future__ import annotations

import dataclasses
import json
import logging
import pathlib
import pickle
import threading
import traceback
from typing import Annotated, Any

import findspot as fs
import pydantic
import pytest
from findspot.config import Env, Json, Mapping, Secret, Store, Toml, as_dict, guard

WORD = "hunter2-s3cr3t"
OTHER = "swordf1sh-s3cr3t"


@dataclasses.dataclass
class Account:
    user: str
    key: Annotated[str, Secret]
    attempts: int = 3

    def __post_init__(self) -> None:
        if self.attempts > 5:
            raise ValueError(f"too many attempts with {self.key}")


class Model(pydantic.BaseModel):
    key: pydantic.SecretStr
    port: int = 1

    @pydantic.field_validator("key")
    @classmethod
    def long(cls, key: pydantic.SecretStr) -> pydantic.SecretStr:
        if len(key.get_secret_value()) < 4:
            raise ValueError(f"{key.get_secret_value()} is too short")
        return key


@dataclasses.dataclass
class App:
    account: Account
    services: dict[str, Account] = dataclasses.field(default_factory=dict)


def everything(store: Store[Any]) -> str:
    """All that a store says."""
    config = store.current
    parts = [
        repr(config),
        str(config),
        repr(as_dict(config)),
        repr(store),
        str(store.metrics()),
        store.prometheus(),
        str(store.history()),
        str(store.drift()),
    ]
    for path in ("account", "account.key", "services"):
        try:
            parts += [str(store.explain(path)), repr(store.explain(path))]
        except KeyError:
            continue
    for entry in store.history():
        for change in store.diff(entry.version):
            parts += [str(change), repr(change)]
    return "\n".join(parts)


def refused(call: Any) -> str:
    """The whole text of a refusal."""
    with pytest.raises(fs.ConfigError) as caught:
        call()
    error = caught.value
    return "\n".join(
        [
            str(error),
            repr(error.problems),
            *map(str, error.problems),
            *traceback.format_exception(error),
            repr(pickle.loads(pickle.dumps(error)).problems),
        ]
    )


def test_nothing_that_a_store_says_holds_a_secret(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    file, audit, folder = tmp_path / "app.toml", tmp_path / "audit.jsonl", tmp_path / "versions"
    file.write_text(f'[account]\nuser = "u"\nkey = "{WORD}"\n[services.a]\nuser = "v"\nkey = "{WORD}"\n')
    monkeypatch.setenv("APP__ACCOUNT__KEY", OTHER)
    store = Store(App, sources=[Toml(file), Env("APP__")], folder=folder, audit=audit, last_good=tmp_path / "good")
    assert store.current.account.key == OTHER and store.current.services["a"].key == WORD
    monkeypatch.setenv("APP__ACCOUNT__KEY", WORD)
    report = store.reload()
    assert report.changed and store.current.account.key == WORD
    said = [everything(store), str(report), repr(report), report.diff[0].path]
    done = threading.Event()

    @store.on_change("*")
    def loud(old: Any, new: Any, diff: Any) -> None:
        try:
            raise RuntimeError(f"{old.account.key} became {new.account.key}: {diff}")
        finally:
            done.set()

    monkeypatch.setenv("APP__ACCOUNT__KEY", OTHER)
    store.reload()
    assert done.wait(10)
    file.write_text(f'[account]\nuser = 1\nkey = "{WORD}"\nattempts = "x"\n')
    said.append(str(store.reload()))
    file.write_text(f'[account]\nuser = "u"\nkey = "{WORD}\n')
    said.append(str(store.reload()))
    file.write_text(f'account = {{ user = "u", key = "{WORD}", attempts = "x" }}')
    said.append(str(store.reload()))
    said.append(audit.read_text())
    said.append(caplog.text)
    store.close()
    whole = "\n".join(said)
    assert "account.key" in whole and "(secret)" in whole
    assert WORD not in whole and OTHER not in whole and "s3cr3t" not in whole
    stored = b"".join(path.read_bytes() for path in [tmp_path / "good", *(p for p in folder.rglob("*") if p.is_file())])
    assert stored and b"s3cr3t" not in stored
    assert b"s3cr3t" not in pickle.dumps(store.current)


def test_errors_of_the_class_do_not_quote_the_secret() -> None:
    text = refused(lambda: Store(App, sources=[Mapping({"account": {"user": "u", "key": WORD, "attempts": 9}})]))
    assert "too many attempts" in text and WORD not in text


def test_errors_of_pydantic_do_not_quote_the_secret() -> None:
    short = "x" + "yz"
    text = refused(lambda: Store(Model, sources=[Mapping({"key": short, "port": 1})]))
    assert "is too short" in text and short not in text
    store = Store(Model, sources=[Mapping({"key": WORD})])
    assert store.current.key.get_secret_value() == WORD
    assert WORD not in repr(store.current) and WORD.encode() not in pickle.dumps(store.current)


def test_guards_and_derivations_do_not_quote_the_secret() -> None:
    def rule(old: Any, new: Any) -> str | None:
        return f"the password {new.password} is weak" if new.k == 2 else None

    store = Store(sources=[Mapping({"password": WORD, "k": 1})], guards=[guard(rule)])
    assert WORD not in refused(lambda: store.patch({"k": 2}))

    @store.derive("k", "password")
    def made(k: int, password: str) -> int:
        if k == 3:
            raise ValueError(f"cannot use {password}")
        return k

    text = refused(lambda: store.patch({"k": 3}))
    assert "cannot use (secret)" in text and WORD not in text


@pytest.mark.parametrize("key", ["password", "db_password", "apiKey", "auth_token", "client_secret", "PRIVATE_KEY"])
def test_keys_that_read_like_secrets_are_secrets_without_a_class(key: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text(json.dumps({"a": {key: WORD, "k": 1}}))
    store = Store(sources=[Json(file)])
    assert store.current.a[key] == WORD
    assert (
        WORD not in repr(store.current) and WORD not in str(store.explain(f"a.{key}")) and WORD.encode() not in pickle.dumps(store.current)
    )
    file.write_text(json.dumps({"a": {key: OTHER, "k": 2}}))
    assert OTHER not in str(store.reload()) and WORD not in str(store.diff(1, 2))
    file.write_text(json.dumps({"a": {key: OTHER, "k": 2}})[:-1])
    assert OTHER not in str(store.reload())


def test_what_stands_below_a_secret_is_one() -> None:
    store = Store(sources=[Mapping({"credentials": {"a": WORD, "deep": {"b": [WORD]}}})])
    for view in (store.current, store.current.credentials, store.current.credentials.deep):
        assert WORD not in repr(view) and WORD.encode() not in pickle.dumps(view)
    assert WORD not in repr(as_dict(store.current.credentials))


@dataclasses.dataclass
class Database:
    password: str = "x"
    attempts: int = 3


@dataclasses.dataclass
class Misspelled:
    database: Database = dataclasses.field(default_factory=Database)
    account: Account = dataclasses.field(default_factory=lambda: Account("me", "x"))
    attempts: int = 3


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.toml", f'[database]\npasswrod = "{WORD}"\n', "passwrod"),
        ("a.toml", f'[database]\npaswd = "{WORD}" # {OTHER}\nattempts = 3\n', "paswd"),
        ("a.toml", f'[account]\nuser = "me"\nkye = "{WORD}"\n', "kye"),
        ("a.toml", f'[x]\nkey = "{WORD}"\n', "x"),
        ("a.toml", f'x = {{ key = "{WORD}" }}\n', "x"),
        ("a.toml", f"zz = 1 # password {WORD}\n", "zz"),
        ("a.toml", f'[[x]]\ny = [["{WORD}"], "{OTHER}"]\n', "x"),
        ("a.json", f'{{"tokn": "{WORD}", "attempts": "{{}}", "y": ["{OTHER}"]}}', "tokn"),
        ("a.yaml", f"attempts: none\ndatabase: {{passwrod: {WORD}, attempts: x}}\ny: |\n  {OTHER}\n", "passwrod"),
        ("a.env", f"DATABASE__PASSWROD={WORD}\nATTEMPTS=x\n", "passwrod"),
        # What cannot be read.
        ("a.toml", f'pass word = "{WORD}"\n', "a.toml:1:6"),
        ("a.toml", f'[database]\npasswrod = "{WORD}" "\n', "a.toml:2"),
        ("a.json", f'{{"kye": "{WORD}" "x"}}', "a.json:1"),
        ("a.yaml", f"passwrod:\n  {WORD}: {OTHER}: x\n", "a.yaml:2"),
    ],
)
def test_a_misspelled_key_does_not_show_what_stands_under_it(name: str, text: str, told: str, tmp_path: pathlib.Path) -> None:
    from findspot.config import Dotenv, Yaml

    (tmp_path / name).write_text(text)
    kind = {"toml": Toml, "json": Json, "yaml": Yaml, "env": Dotenv}[name.rpartition(".")[2]]
    with pytest.raises(fs.ConfigError) as caught:
        Store(Misspelled, sources=[kind(tmp_path / name)])
    error = caught.value
    said = "\n".join([str(error), repr(error), *(f"{p!r} {p.text}" for p in error.problems)])
    assert told in said and WORD not in said and OTHER not in said, said
