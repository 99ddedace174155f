"""`findspot config check | diff | push | unpatch | rollback | resume | history | explain`: looking after a configuration from the shell.

**In**: files, a store's folder, or an index, whose ranking is such a store. **Out**: tables, problems with the line shown, exit code 1 for
what is refused. **Law**
1. What a running service refuses is refused here by the same checks; `push` puts a file's content above what is published, value by value,
   and never takes away what somebody else patched meanwhile.
2. What only looks (`check`, `diff`, `history`, `explain`) makes no file and no folder, and says so where there is nothing to look at.
3. What repairs (`unpatch`, `rollback`, `resume`) works on the versions alone, also while no service can be opened on them.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from .._ranking import has_versions
from ..errors import ConfigError
from .output import print_json, problem_text, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

    from ..config import Diff, Problem, Source, Store

__all__ = ["check", "diff", "explain", "history", "push", "resume", "rollback", "unpatch"]

JUDGEMENTS = "guard.judgements"


def source_of(path: str) -> Source:
    """A file as a layer, by the end of its name."""
    from ..config import Dotenv, Json, Toml, Yaml

    kinds: dict[str, Any] = {".toml": Toml, ".json": Json, ".yaml": Yaml, ".yml": Yaml, ".env": Dotenv}
    end = os.path.splitext(path)[1] or (".env" if os.path.basename(path).startswith(".env") else "")
    if end not in kinds:
        raise ValueError(f"{path}: expected a name that ends with {', '.join(kinds)}")
    found: Source = kinds[end](path)
    return found


def schema_of(name: str | None) -> Any:
    """A class by `module:Class`."""
    if name is None:
        return None
    from importlib import import_module

    module, _, attribute = name.partition(":")
    if not attribute:
        raise ValueError(f"--schema: expected module:Class, got {name!r}")
    sys.path.insert(0, os.getcwd())
    return getattr(import_module(module), attribute)


def layers_of(options: argparse.Namespace) -> list[Source]:
    from ..config import Env

    layers = [source_of(path) for path in options.files]
    return [*layers, Env(options.env)] if options.env else layers


def is_index(path: str) -> bool:
    return os.path.isdir(os.path.join(path, "manifest"))


def versions_of(path: str, *, empty_ok: bool = False) -> str:
    """The folder of versions that a target names; refuses one that holds none."""
    if not os.path.isdir(path):
        raise FileNotFoundError(2, "expected an index, or the folder of a store's versions", path)
    folder = os.path.join(path, "config") if is_index(path) else path
    if has_versions(folder):
        return folder
    other_files = not is_index(path) and bool(os.listdir(path))
    if empty_ok and not other_files:
        return folder
    if is_index(path):
        raise ValueError(f"{path}: no configuration was published beside this index yet: `findspot config push {path} FILE` publishes one")
    first = "in an empty folder, `findspot config push FOLDER FILE` publishes the first version"
    if not other_files:
        first = f"`findspot config push {path} FILE` publishes the first version"
    raise ValueError(f"{path}: expected the folder of a store's versions, found no version: name the folder of Store(folder=…); {first}")


def of_files(options: argparse.Namespace, layers: list[Source]) -> Store[Any]:
    """Files as a store, which shows as secret what the options say."""
    from ..config import Store

    return Store(schema_of(options.schema), sources=layers, secret_names=options.secret_name)


@contextlib.contextmanager
def looked_at(options: argparse.Namespace, schema: str | None = None) -> Generator[Store[Any]]:
    """The versions of a target, to be read: nothing is written, secrets stay references."""
    from ..config import Store
    from ..config.sources import NumberedOnly

    if getattr(options, "secret_name", None):
        raise ValueError("--secret-name: expected files; the versions of a store say themselves which names are secrets")
    with Store(schema_of(schema), sources=[NumberedOnly(read=True)], folder=versions_of(options.store)) as store:
        yield store


@contextlib.contextmanager
def opened(options: argparse.Namespace, *, repairs: bool = False) -> Generator[Store[Any]]:
    """The store that a target names: of an index, which then checks what is published, or of a folder of versions."""
    from ..config import Store
    from ..config.sources import NumberedOnly

    folder = versions_of(options.store, empty_ok=not repairs)
    if is_index(options.store):
        from ..index import open

        try:
            index = open(options.store)
        except ConfigError:
            # The index takes no version that is there: that is what is to be repaired.
            if not repairs:
                raise
        else:
            with index:
                yield getattr(index, "config")  # noqa: B009
            return
    with Store(schema_of(options.schema), sources=[NumberedOnly()], folder=folder) as store:
        yield store


def actor(options: argparse.Namespace) -> str:
    if options.actor is not None:
        return str(options.actor)
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def check(options: argparse.Namespace) -> int:
    """Reads files and says everything that is wrong with them; with an index, as its ranking."""
    with of_files(options, layers_of(options)) as store:
        values = int(store.metrics()["leaves"])
        warnings = () if options.index is None else against(store, options.index)
    if options.json:
        shown = [{name: getattr(one, name) for name in ("code", "path", "expected", "got", "file", "line", "column")} for one in warnings]
        print_json({"accepted": True, "values": values, "warnings": shown})
    else:
        for warning in warnings:
            print(problem_text(warning), file=sys.stderr)
        print(f"accepted: {values:,} values")
    return 0


def against(store: Store[Any], url: str) -> tuple[Problem, ...]:
    """Holds what a store says against the schema of an index, and against the guard of its live version; gives warnings."""
    from .._ranking import folder_of
    from ..config import Store, answers
    from ..config.sources import Followed, NumberedOnly
    from ..config.values import pairs
    from ..index import open

    # With a ranking of its own the handle follows nothing, and so writes nothing.
    with open(url, config={}) as index:
        said = answers.accepted(store._attach(index._native, os.getcwd()))
        absent = [one for one in said if one.code == "judgements"]
        if absent:
            raise answers.error(absent)
        folder = folder_of(index.url)
        if has_versions(folder):
            # As `push` would publish it, which is refused or not by what is live.
            with Store(sources=[NumberedOnly(read=True), Followed(index._native, os.getcwd())], folder=folder, secret_names=None) as live:
                answer, _ = live._stage(pairs(published(store), "check"))
            refused = answers.report(answer).problems
            if refused:
                raise answers.error(answers.placed(refused, store))
    return said


def published(store: Store[Any]) -> dict[str, Any]:
    """What a store says as changes of another one. A file of judged queries stands beside the file that names it, wherever it goes."""
    from ..config.views import as_dict

    values = leaves(as_dict(store.current, secrets=True))
    judged = values.get(JUDGEMENTS)
    if isinstance(judged, str):
        values[JUDGEMENTS] = os.path.join(os.path.dirname(store.explain(JUDGEMENTS).layer), judged)
    return values


def show(diff: Diff, as_json: bool, more: dict[str, Any]) -> None:
    if as_json:
        names = ("path", "kind", "old", "new", "old_place", "new_place")
        print_json({**more, "changes": [{name: getattr(change, name) for name in names} for change in diff]})
    elif diff:
        print(diff)


def diff(options: argparse.Namespace) -> int:
    """What differs: two versions of a store, or two files."""
    if options.store is not None:
        with looked_at(options, options.schema) as store:
            found = store.diff(int(options.old), int(options.new) if options.new is not None else None)
            show(found, options.json, {})
        return 0
    if options.new is None:
        raise ValueError("diff: expected two files, or --store and one or two versions")
    with (
        of_files(options, [source_of(options.new)]) as new,
        of_files(options, [source_of(options.old)]) as old,
    ):
        show(old._diff_to(new), options.json, {})
    return 0


def push(options: argparse.Namespace) -> int:
    """Publishes what files say, above what is published."""
    from ..config import Store, answers

    with Store(schema_of(options.schema), sources=layers_of(options)) as wanted, opened(options) as store:
        try:
            report = store.patch(
                published(wanted), expect_version=options.expect, actor=actor(options), reason=options.reason or "", force=options.force
            )
        except ConfigError as error:
            raise answers.error(answers.placed(error.problems, wanted)) from None
        if not options.json:
            print(f"version {report.version}" if report.changed else f"version {report.version}: nothing has changed")
        show(report.diff, options.json, {"version": report.version, "changed": report.changed})
    return 0


def leaves(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Dotted path → value that is no table."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{above}.{quoted(key)}" if above else quoted(key)
        if isinstance(value, dict) and value:
            found |= leaves(value, path)
        else:
            found[path] = value
    return found


def quoted(key: str) -> str:
    """A key as a path has it."""
    if key and all(c.isalnum() or c in "_-" for c in key):
        return key
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def rollback(options: argparse.Namespace) -> int:
    """Publishes the content of an older version again."""
    with opened(options, repairs=True) as store:
        report = store.rollback(options.version, actor=actor(options), reason=options.reason or "")
        if not options.json:
            print(f"version {report.version} says what version {options.version} said")
            print(f"files that change wait until `findspot config resume {options.store}`", file=sys.stderr)
        show(report.diff, options.json, {"version": report.version})
    return 0


def unpatch(options: argparse.Namespace) -> int:
    """Withdraws values that were patched or pushed."""
    with opened(options, repairs=True) as store:
        report = store.unpatch(*options.paths, actor=actor(options), reason=options.reason or "")
        if not options.json:
            print(f"version {report.version}" if report.changed else f"version {report.version}: no patch stands there")
        show(report.diff, options.json, {"version": report.version, "changed": report.changed})
    return 0


def resume(options: argparse.Namespace) -> int:
    """Ends the hold of a rollback: the sources of the running processes count again."""
    with opened(options, repairs=True) as store:
        report = store.resume(actor=actor(options), reason=options.reason or "")
        if report.problems:
            raise ConfigError(str(report), problems=list(report.problems))
        if options.json:
            print_json({"version": report.version, "changed": report.changed})
        else:
            print(f"version {report.version}: sources count again" if report.changed else f"version {report.version}: nothing was held")
    return 0


def history(options: argparse.Namespace) -> int:
    """The versions that are kept."""
    with looked_at(options) as store:
        entries = store.history()
    if options.json:
        names = ("version", "time", "actor", "reason", "kind", "rolled_back_from", "hash", "is_current", "forced")
        print_json([{name: getattr(entry, name) for name in names} for entry in entries])
        return 0
    rows = [
        (
            entry.version,
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.time)),
            entry.kind,
            entry.actor,
            "*" if entry.is_current else "",
            "*" if entry.forced else "",
            entry.reason,
        )
        for entry in entries
    ]
    table(("version", "time", "kind", "actor", "current", "forced", "reason"), rows)
    return 0


def explain(options: argparse.Namespace) -> int:
    """Where a value came from, and what it overrode."""

    def answer(store: Store[Any]) -> int:
        try:
            found = store.explain(options.path)
        except KeyError:
            raise ValueError(f"{options.path}: nothing stands there") from None
        if options.json:
            said = [{"layer": one.layer, "value": one.value, "place": one.place} for one in found.overridden]
            print_json({"path": found.path, "value": found.value, "layer": found.layer, "place": found.place, "overridden": said})
        else:
            print(found)
        return 0

    if options.store is not None:
        with looked_at(options, options.schema) as store:
            return answer(store)
    if not options.files:
        raise ValueError("explain: expected files, or --store")
    with of_files(options, layers_of(options)) as store:
        return answer(store)
