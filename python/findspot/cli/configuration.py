"""`findspot config check | diff | push | rollback | history | explain`: looking after a configuration from the shell.

**In**: files, a store's folder, or an index, whose ranking is such a store. **Out**: tables, problems with the line shown, exit code 1 for
what is refused. **Law**: what a running service refuses is refused here by the same checks; `push` puts a file's content above what is
published, value by value, and never takes away what somebody else patched meanwhile.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .output import print_json, problem_text, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

    from ..config import Diff, Problem, Source, Store

__all__ = ["check", "diff", "explain", "history", "push", "rollback"]

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


@contextlib.contextmanager
def opened(options: argparse.Namespace) -> Generator[Store[Any]]:
    """The store that a target names: of an index, or of a folder of versions."""
    from ..config import Store

    if os.path.isdir(os.path.join(options.store, "manifest")):
        from ..index import open

        with open(options.store) as index:
            yield getattr(index, "config")  # noqa: B009
        return
    if not os.path.isdir(options.store):
        raise FileNotFoundError(2, "expected an index, or the folder of a store's versions", options.store)
    with Store(schema_of(options.schema), folder=options.store) as store:
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
    from ..config import Store

    with Store(schema_of(options.schema), sources=layers_of(options)) as store:
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
    from .._ranking import folder_of, has_versions
    from ..config import answers
    from ..config.values import pairs
    from ..index import open

    with open(url) as index:
        said = answers.accepted(store._attach(index._native, os.getcwd()))
        absent = [one for one in said if one.code == "judgements"]
        if absent:
            raise answers.error(absent)
        if has_versions(folder_of(index.url)):
            # As `push` would publish it, which is refused or not by what is live.
            answer, _ = index.config._stage(pairs(published(store), "check"))
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
    from ..config import Store

    if options.store is not None:
        with opened(options) as store:
            found = store.diff(int(options.old), int(options.new) if options.new is not None else None)
            show(found, options.json, {})
        return 0
    if options.new is None:
        raise ValueError("diff: expected two files, or --store and one or two versions")
    with (
        Store(schema_of(options.schema), sources=[source_of(options.new)]) as new,
        Store(schema_of(options.schema), sources=[source_of(options.old)]) as old,
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
    with opened(options) as store:
        report = store.rollback(options.version, actor=actor(options), reason=options.reason or "")
        if not options.json:
            print(f"version {report.version} says what version {options.version} said")
        show(report.diff, options.json, {"version": report.version})
    return 0


def history(options: argparse.Namespace) -> int:
    """The versions that are kept."""
    with opened(options) as store:
        entries = store.history()
    if options.json:
        names = ("version", "time", "actor", "reason", "kind", "rolled_back_from", "hash", "is_current")
        print_json([{name: getattr(entry, name) for name in names} for entry in entries])
        return 0
    rows = [
        (
            entry.version,
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.time)),
            entry.kind,
            entry.actor,
            "*" if entry.is_current else "",
            entry.reason,
        )
        for entry in entries
    ]
    table(("version", "time", "kind", "actor", "current", "reason"), rows)
    return 0


def explain(options: argparse.Namespace) -> int:
    """Where a value came from, and what it overrode."""
    from ..config import Store

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
        with opened(options) as store:
            return answer(store)
    if not options.files:
        raise ValueError("explain: expected files, or --store")
    with Store(schema_of(options.schema), sources=layers_of(options)) as store:
        return answer(store)
