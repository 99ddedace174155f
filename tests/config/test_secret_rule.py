"""One rule says what is a secret: outputs, stored versions, the last good one, other processes and the shell keep to the same."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import pickle
import subprocess
import sys
from typing import Annotated, Any, Literal

import findspot as fs
import pytest
from findspot.cli import main
from findspot.config import Env, Json, Mapping, Overrides, Secret, Store, Toml, as_dict, guard

WORD = "hunter2-s3cr3t"


@dataclasses.dataclass
class Inner:
    key: Annotated[str, Secret]


@dataclasses.dataclass
class App:
    pin: Annotated[str, Secret]
    password: str = ""
    many: list[Inner] = dataclasses.field(default_factory=list)
    perhaps: Inner | None = None
    by_name: dict[str, Inner] = dataclasses.field(default_factory=dict)
    plain: dict[str, str] = dataclasses.field(default_factory=dict)
    k: int = 1

    def __post_init__(self) -> None:
        if self.k > 5:
            perhaps = None if self.perhaps is None else self.perhaps.key
            raise ValueError(f"{self.many} {[one.key for one in self.many]} {perhaps} {self.pin!r} {json.dumps(self.pin)} {self.plain}")


@dataclasses.dataclass
class Words:
    password: str
    pin: Annotated[str, Secret]


@dataclasses.dataclass
class Needing:
    password: str
    k: int = 0


@dataclasses.dataclass
class Defaulted:
    password: str = WORD
    pin: Annotated[str, Secret] = ""
    k: int = 1


@dataclasses.dataclass
class Named:
    password: str
    license: str = ""


def shown(store: Store[Any]) -> str:
    """All that a store shows of its content, and what its pickle and its last difference hold."""
    config = store.current
    parts = [repr(config), str(as_dict(config)), str(store.explain("")), str(store.history()), pickle.dumps(config).decode("latin1")]
    parts += [repr(change) for entry in store.history() for change in store.diff(entry.version)]
    return "\n".join([*parts, repr(pickle.loads(pickle.dumps(config)))])


def refused(call: Any) -> str:
    with pytest.raises(fs.ConfigError) as caught:
        call()
    return f"{caught.value}\n{caught.value.problems!r}"


def stored(folder: pathlib.Path) -> str:
    return "".join(path.read_bytes().decode("latin1") for path in folder.rglob("*") if path.is_file())


def test_names_count_in_a_class_as_well() -> None:
    store = Store(Named, sources=[Mapping({"password": WORD})])
    assert store.current.password == WORD
    assert WORD not in shown(store) and "password=(secret)" in repr(store.current)


@pytest.mark.parametrize("schema", [None, Named])
def test_words_of_the_user_s_own_are_secrets_everywhere(schema: Any, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "app.json"
    file.write_text(json.dumps({"password": "p", "license": WORD}))
    with Store(schema, sources=[Json(file)], folder=tmp_path / "v", last_good=tmp_path / "good", secret_names=["license"]) as store:
        assert store.current.license == WORD and WORD not in shown(store) + stored(tmp_path / "v") + (tmp_path / "good").read_text("latin1")
        file.write_text(json.dumps({"password": "p", "license": f"{WORD}2", "licensed": 1}))
        assert WORD not in str(store.reload())
        file.write_text(json.dumps({"password": "p", "license": WORD})[:-1])
        assert WORD not in str(store.reload())
        assert "secret_patch" in refused(lambda: store.patch({"license": WORD}))
    file.write_text(json.dumps({"password": "p", "license": WORD}))
    # A process that says nothing about names keeps to the rule of the versions.
    with Store(schema, sources=[Json(file)], folder=tmp_path / "v") as other:
        assert other.current.license == WORD and WORD not in shown(other) + stored(tmp_path / "v")
        assert "secret_patch" in refused(lambda: other.patch({"license": WORD}))


def test_no_name_at_all_is_a_secret_where_keys_are_data(tmp_path: pathlib.Path) -> None:
    words = {"oneway": {"password": ["passphrase"], "token": ["coin"]}}
    with Store(sources=[Mapping(words)], folder=tmp_path / "v", secret_names=None) as store:
        store.patch({"oneway.secret": ["hidden"]})
        assert "passphrase" in repr(store.current) and "coin" in str(store.explain("oneway")) and "hidden" in str(store.diff(1))
    with Store(folder=tmp_path / "v") as follower:
        assert "passphrase" in repr(follower.current) and "coin" in str(follower.explain("oneway.token"))

    marked = Store(Words, sources=[Mapping({"password": "open", "pin": WORD})], secret_names=None)
    assert "open" in repr(marked.current) and WORD not in shown(marked)


def test_a_ranking_s_words_are_no_secrets(tmp_path: pathlib.Path) -> None:
    index = fs.Index.create(tmp_path / "index", fs.Schema(key="id", fields={"title": fs.Text()}))
    index.upsert([{"id": "1", "title": "reset your passphrase"}])
    index.close()
    (tmp_path / "ranking.toml").write_text('[synonyms]\noneway = { password = ["passphrase"] }\n')
    with fs.open(tmp_path / "index", config=tmp_path / "ranking.toml") as index:
        index.config.patch({"synonyms.oneway.token": ["coin"]})
    with fs.open(tmp_path / "index") as index:
        assert index.search("password").keys == ["1"]
        assert "passphrase" in str(index.config.explain("synonyms"))


def test_a_process_without_the_class_shows_and_stores_no_secret_of_a_version(tmp_path: pathlib.Path) -> None:
    file, folder = tmp_path / "app.json", tmp_path / "v"
    content = {"pin": WORD, "by_name": {"a": {"key": WORD}}, "many": [{"key": WORD}]}
    file.write_text(json.dumps(content))
    with Store(App, sources=[Json(file)], folder=folder) as publisher:
        assert WORD not in shown(publisher) + stored(folder)
    with Store(sources=[Json(file)], folder=folder) as follower:
        assert follower.current.pin == WORD and follower.current.many[0].key == WORD
        assert WORD not in shown(follower)
        follower.patch({"k": 2})
        assert "secret_patch" in refused(lambda: follower.patch({"pin": WORD}))
        assert "secret_patch" in refused(lambda: follower.patch({"by_name": {"a": {"key": WORD}}}))
        # What its own sources say next is marked, too.
        file.write_text(json.dumps({**content, "pin": f"{WORD}2", "many": [{"key": "x"}, {"key": WORD}]}))
        assert follower.reload().changed and follower.current.pin == f"{WORD}2"
        assert WORD not in shown(follower) + stored(folder)
        file.write_text('{"k": 3, "pin": "' + WORD + '", "many": [{"key": "' + WORD + '", "!reset": 1}]}')
        assert WORD not in str(follower.reload())


def test_secrets_that_are_defaults_of_the_class_are_stored_by_nobody(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "v"
    with Store(Defaulted, sources=[Mapping({})], folder=folder) as one, Store(Defaulted, sources=[Mapping({})], folder=folder) as other:
        one.patch({"k": 2})
        other.reload()
        assert (other.current.k, other.current.password, other.current.pin) == (2, WORD, "")
        assert WORD not in stored(folder) + shown(other)


def test_what_a_version_marks_counts_also_where_it_cannot_be_read(tmp_path: pathlib.Path) -> None:
    file, folder = tmp_path / "app.json", tmp_path / "v"
    file.write_text(json.dumps({"pin": WORD, "password": WORD}))
    Store(App, sources=[Json(file)], folder=folder).close()
    file.write_text(json.dumps({"pin": f"{WORD}2"}))
    with Store(sources=[Json(file)], folder=folder) as other:
        assert other.current.pin == f"{WORD}2"
        assert WORD not in repr(other.current) + str(other.explain("pin")) + stored(folder)


def test_the_shell_shows_and_changes_versions_without_their_secrets(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, folder, more = tmp_path / "app.json", tmp_path / "v", tmp_path / "more.json"
    file.write_text(json.dumps({"pin": WORD, "password": WORD}))
    more.write_text('{"k": 4}')
    Store(App, sources=[Json(file)], folder=folder).close()
    for words in (
        ["history", folder],
        ["explain", "pin", "--store", folder],
        ["explain", "password", "--store", folder, "--json"],
        ["push", folder, more, "--json"],
        ["diff", "--store", folder, "1"],
        ["rollback", folder, "1"],
    ):
        assert main(["config", *map(str, words)]) == 0, words
        out = capsys.readouterr()
        assert "s3cr3t" not in out.out + out.err
    assert "s3cr3t" not in stored(folder)
    # The service goes on, with its own secret.
    with Store(App, sources=[Json(file)], folder=folder) as again:
        assert (again.version, again.current.pin, again.current.k) == (3, WORD, 1)


def test_validators_of_a_class_quote_no_secret_of_its_parts() -> None:
    odd = "a\n'\"s3cr3t\\é"
    for more in (
        {},
        {"many": [{"key": WORD}]},
        {"perhaps": {"key": WORD}},
        {"pin": odd, "many": [{"key": odd}]},
        {"plain": {"token": WORD}},
    ):
        text = refused(lambda more=more: Store(App, sources=[Mapping({"pin": WORD, "k": 9, **more})]))
        assert "ValueError" in text and "s3cr3t" not in text


def test_what_a_class_made_itself_shows_no_secret() -> None:
    content = {"pin": WORD, "plain": {"password": WORD, "host": "h"}, "by_name": {"a": {"key": WORD}}}
    store = Store(App, sources=[Mapping(content)])
    config = store.current
    assert config.plain["password"] == WORD and config.plain == {"password": WORD, "host": "h"}
    assert WORD not in shown(store) + repr(config.plain) + str(as_dict(config.plain)) + pickle.dumps(config.plain).decode("latin1")
    assert pickle.loads(pickle.dumps(config)).plain == {"host": "h"}
    with pytest.raises(AttributeError):
        config.plain._values = {}


class Leaks(BaseException):
    """What no `except Exception` catches."""


def test_hooks_quote_neither_the_old_nor_the_new_secret(caplog: pytest.LogCaptureFixture) -> None:
    def rule(old: Any, new: Any) -> str | None:
        return f"{old.password} became {new.password}, {new.port_token}" if new.k == 2 else None

    store = Store(sources=[Mapping({"password": WORD, "port_token": 4711, "k": 1})], guards=[guard(rule)])
    text = refused(lambda: store.patch({"k": 2, "password": f"{WORD}2"}))
    assert "(secret) became (secret), (secret)" in text and WORD not in text and "4711" not in text

    @store.derive("k", "password")
    def made(k: int, password: str) -> int:
        if k == 3:
            sys.exit(f"cannot use {password}")
        if k == 4:
            raise Leaks(password)
        return k

    for k in (3, 4):
        assert WORD not in refused(lambda k=k: store.patch({"k": k}))


def test_keys_below_a_secret_are_part_of_it(tmp_path: pathlib.Path) -> None:
    file, audit = tmp_path / "app.json", tmp_path / "audit.jsonl"
    file.write_text(json.dumps({"credentials": {WORD: WORD, "a": 1}, "password": {"value": WORD}}))
    store = Store(sources=[Json(file)], audit=audit)
    file.write_text(json.dumps({"credentials": {f"{WORD}2": WORD, "a": 2}, "password": {"value": f"{WORD}2"}}))
    report = store.reload()
    assert report.diff.paths == ("credentials", "password") and report.diff.changed == len(report.diff) == 2
    config = store.current
    texts = [str(report), repr(report.diff[0]), audit.read_text(), shown(store), repr(config.credentials), repr(config.password)]
    texts += [str(as_dict(config.credentials)), pickle.dumps([config.credentials, config.password]).decode("latin1")]
    assert WORD not in "\n".join(texts)
    assert "s3cr3t" not in refused(lambda: Mapping({"credentials": {WORD: object()}}))


def test_the_hash_of_a_version_in_memory_is_no_way_to_try_secrets() -> None:
    def hashes(content: Any) -> set[str]:
        return {Store(sources=[Mapping(content)]).history()[0].hash for _ in range(2)}

    assert len(hashes({"k": 1})) == 1
    # Whoever guesses the secret gets another hash for it.
    assert len(hashes({"k": 1, "password": "1234"})) == 2
    store = Store(sources=[Mapping({"k": 1, "password": "1234"})])
    store.patch({"k": 2})
    store.patch({"k": 1})
    first, second, third = (entry.hash for entry in store.history())
    assert first == third != second


def test_a_choice_between_secrets_is_not_told() -> None:
    @dataclasses.dataclass
    class Choice:
        password: Literal["hunter2-s3cr3t", "b"]

    assert "s3cr3t" not in refused(lambda: Store(Choice, sources=[Mapping({"password": "x"})]))


def test_the_last_good_version_holds_no_secret_and_starts_cold(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, good = tmp_path / "app.json", tmp_path / "good"
    monkeypatch.setenv("APP__PASSWORD", WORD)
    file.write_text('{"k": 1}')
    with Store(sources=[Json(file), Env("APP__")], last_good=good) as store:
        store.patch({"k": 2})
        # A secret in a patch would stand in the file.
        assert "secret_patch" in refused(lambda: store.patch({"password": WORD}))
    assert "s3cr3t" not in good.read_text("latin1") and good.stat().st_mode & 0o777 == 0o600
    for broken in ("{", None):
        file.unlink(missing_ok=True)
        if broken is not None:
            file.write_text(broken)
        # The source of the secret is there: what is down is another one.
        with Store(sources=[Json(file), Env("APP__")], last_good=good) as cold:
            assert (cold.current.k, cold.current.password) == (2, WORD)
            assert WORD not in shown(cold)
    file.write_text(json.dumps({"k": 1, "password": WORD}))
    monkeypatch.delenv("APP__PASSWORD")
    Store(sources=[Json(file), Env("APP__")], last_good=good).close()
    file.write_text("{")
    text = refused(lambda: Store(sources=[Json(file), Env("APP__")], last_good=good))
    assert "password: expected the secret that" in text and "give this process the same source" in text and WORD not in text


def test_a_broken_source_does_not_stop_following(tmp_path: pathlib.Path) -> None:
    file, folder = tmp_path / "app.json", tmp_path / "v"
    file.write_text(json.dumps({"password": WORD, "k": 1}))
    with Store(sources=[Json(file)], folder=folder) as one, Store(sources=[Json(file)], folder=folder) as other:
        file.write_text("{")
        one.patch({"k": 2})
        other.reload()
        assert (other.current.k, other.current.password) == (2, WORD)


PARSED = [
    (Json, "app.json", '{"password": "%s", "k": }'),
    (Json, "app.json", '{"password": "%s" "k": 1}'),
    (Toml, "app.toml", 'password = "%s\nk = 1\n'),
    (Toml, "app.toml", 'password = "%s"\npassword = 1\n'),
]


@pytest.mark.parametrize(("kind", "name", "text"), PARSED)
def test_no_parser_quotes_a_secret_of_any_rule(kind: Any, name: str, text: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / name
    for word in ("password", "license"):
        file.write_text((text % WORD).replace("password", word))
        assert "s3cr3t" not in refused(lambda: Store(sources=[kind(file)], secret_names=["license"]))


def test_another_interpreter_shows_none_either(tmp_path: pathlib.Path) -> None:
    file, folder = tmp_path / "app.json", tmp_path / "v"
    file.write_text(json.dumps({"pin": WORD, "k": 1}))
    Store(App, sources=[Json(file)], folder=folder).close()
    code = "import sys; from findspot.config import Json, Store; s = Store(sources=[Json(sys.argv[1])], folder=sys.argv[2]); print(s.current, s.explain('pin'))"
    found = subprocess.run([sys.executable, "-c", code, str(file), str(folder)], capture_output=True, text=True, check=True)
    assert "pin=(secret)" in found.stdout and WORD not in found.stdout + found.stderr


def test_wrong_words_are_refused() -> None:
    for wrong in ("license", b"x", 5, [5], [""], ["!"], ["\ud800"]):
        with pytest.raises((TypeError, ValueError), match="secret_names"):
            Store(secret_names=wrong)  # type: ignore[arg-type]
    assert Store(sources=[Overrides({"a": 1})], secret_names=iter(["x"])).current.a == 1


def test_a_damaged_version_leaves_the_rule_to_the_one_before_it(tmp_path: pathlib.Path) -> None:
    words = {"oneway": {"password": ["passphrase"]}, "k": 1}
    with Store(sources=[Mapping(words)], folder=tmp_path / "v", secret_names=None) as store:
        store.patch({"k": 2})
    (tmp_path / "v" / "2").write_bytes((tmp_path / "v" / "2").read_bytes()[:-9])
    with Store(folder=tmp_path / "v") as follower:
        assert (follower.version, follower.current.k, follower.drift()[0].behind) == (1, 1, 1)
        assert "passphrase" in repr(follower.current), "names say nothing here, as the publisher has it"
        assert follower.patch({"k": 3}).version == 3


def test_a_version_that_lacks_a_secret_here_is_no_damaged_one(tmp_path: pathlib.Path) -> None:
    file, folder = tmp_path / "app.json", tmp_path / "v"
    file.write_text('{"k": 1}')
    with Store(sources=[Json(file)], folder=folder) as store:
        file.write_text(json.dumps({"k": 2, "password": WORD}))
        assert store.reload().version == 2
    # It is whole, so what is older does not come back in its place, whether somebody can do without the secret or not.
    with Store(folder=folder) as follower:
        assert (follower.version, follower.current.k) == (2, 2)
    assert "expected the secret that" in refused(lambda: Store(Needing, folder=folder).close())
