"""The store: one immutable version of a configuration, read without locks, replaced as a whole.

**In**: sources, a class, guards. **Out**: `store.current` and pins. **Law**
1. A version is read, parsed, merged, checked and guarded off to the side, with the interpreter released; then one pointer and one slot
   change. What fails changes nothing.
2. Readers take no lock. `current` is an ordinary slot that the publisher writes while it holds the interpreter for some microseconds.
3. A request pins one version; all that it reads is of that one.
4. No lock of the compiled store is held by a thread that waits for the interpreter while another waits for that lock with the
   interpreter in its hands: each call lets go of the interpreter first.
"""

from __future__ import annotations

import os
from typing import Any, Generic, TypeVar, cast

from .._native import ConfigNames, ConfigStore
from ..errors import ConfigError
from . import answers, lifetime
from .annotations import shape_of
from .arguments import by, flag, guards_argument, path_argument, sources_argument, words_argument
from .hooks import Derived, Hooks
from .sources import Defaults, Followed, NumberedOnly
from .values import pairs, text
from .views import plan_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Mapping as AnyMapping
    from typing import Self, overload

    from .guards import Guard
    from .reports import Diff, Drift, Entry, Explanation, Problem, Report
    from .sources import Source
    from .staged import Staged

    _Base = ConfigStore
else:

    class _Base(ConfigStore):
        """The compiled class, with the brackets that a type checker sees."""

        __slots__ = ()

        def __class_getitem__(cls, _: object) -> type[ConfigStore]:
            return cls


__all__ = ["Store"]

T = TypeVar("T")
D = TypeVar("D")


class Store(_Base[T], Generic[T]):
    """A live configuration.

    The constructor loads and raises `ConfigError` with every problem. `reload` reports and never raises for bad content; `patch` and
    `rollback` raise. Reads are ordinary attribute reads of immutable objects.

    Args:
        schema: what the configuration looks like: a dataclass, a `msgspec.Struct`, a pydantic model or a TypedDict, or None for any
            content. Unknown keys are refused unless the class says otherwise. What the class checks in Python (validators,
            `__post_init__`) is checked before publication, for sections that changed.
        sources: layers, the later above the earlier; none is the class's defaults. With a `folder`, a store without sources only follows:
            it takes what others publish there, publishes nothing by opening, reloading or watching, and until there is a version it reads
            the class's defaults as version 0. What it is asked to `patch` or to roll back is published.
        guards: rules about a change; see `findspot.config.not_empty` and its neighbours.
        keep: how many versions stay readable for `pin(version=…)`, `diff` and `rollback`.
        folder: where versions are kept for all processes that name the same folder, and over restarts; None keeps them in memory.
        audit: a file that gets one line of JSON for each publication and refusal, or None. One that cannot be written is an error here; later
            it is a warning of the report and of the log `findspot.config`, counted by the metric `audit_failures_total`.
        last_good: a file that holds the last accepted content, used when the sources are bad at the start, or None. Secrets are never
            stored, so a start from it takes them from the sources that can still be read: keep them in the environment or in a file of
            their own, else there is no start from it.
        check_seconds: how long the class's own checks may take.
        secret_names: words that make a key's value a secret, beside those that do anyway (`password`, `token`, `apiKey`, …), where they are
            whole parts of the key; None: no key does, for content whose keys are data. What the class marks as a secret is one in any case,
            and so is a URL with a password in it (`postgres://app:…@db/orders`).
            Versions in a folder carry the rule, so a process that names no words keeps to it, and shows as secret what another process marked.

    Attributes:
        current: the newest version, as an instance of the class would be read.

    Errors: `ConfigError` with every problem, each with its place; `SchemaError` for an annotation that cannot be promised.
    Concurrency: all threads and tasks may share a store. After a fork the child has its parent's version and follows again by itself.
    Cost: loading reads the sources once, in compiled code. Reading three levels is some 10 ns.

    Example:
        >>> from dataclasses import dataclass, field
        >>> from findspot.config import Mapping, Store
        >>> @dataclass
        ... class Search:
        ...     title_weight: float = 1.0
        >>> @dataclass
        ... class App:
        ...     search: Search
        >>> store = Store(App, sources=[Mapping({"search": {"title_weight": 3}})])
        >>> store.current.search.title_weight
        3.0
        >>> store.close()
    """

    __slots__ = ("_hooks", "_sources", "current")

    current: T
    _hooks: Hooks
    _sources: tuple[Source, ...]

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Store[Any],
            schema: None = None,
            *,
            sources: Iterable[Source] = (),
            guards: Iterable[Guard] = (),
            keep: int = 16,
            folder: str | os.PathLike[str] | None = None,
            audit: str | os.PathLike[str] | None = None,
            last_good: str | os.PathLike[str] | None = None,
            check_seconds: float = 5.0,
            secret_names: Iterable[str] | None = (),
        ) -> None: ...
        @overload
        def __init__(
            self,
            schema: type[T],
            *,
            sources: Iterable[Source] = (),
            guards: Iterable[Guard] = (),
            keep: int = 16,
            folder: str | os.PathLike[str] | None = None,
            audit: str | os.PathLike[str] | None = None,
            last_good: str | os.PathLike[str] | None = None,
            check_seconds: float = 5.0,
            secret_names: Iterable[str] | None = (),
        ) -> None: ...

    def __init__(
        self,
        schema: Any = None,
        *,
        sources: Iterable[Source] = (),
        guards: Iterable[Guard] = (),
        keep: int = 16,
        folder: str | os.PathLike[str] | None = None,
        audit: str | os.PathLike[str] | None = None,
        last_good: str | os.PathLike[str] | None = None,
        check_seconds: float = 5.0,
        secret_names: Iterable[str] | None = (),
    ) -> None:
        import json

        self._sources = sources_argument(sources) or (Defaults(),)
        # With a folder and nothing to say, the store follows what others publish there, and says nothing beside it.
        if folder is not None and all(source._says_nothing for source in self._sources):
            self._sources = (NumberedOnly(),)
        rules = guards_argument(guards)
        if isinstance(keep, bool) or not isinstance(keep, int) or not 1 <= keep < 2**32:
            raise ValueError(f"Store: keep: expected a number of versions ≥ 1, got {keep!r}")
        if isinstance(check_seconds, bool) or not isinstance(check_seconds, (int, float)) or not check_seconds > 0:
            raise ValueError(f"Store: check_seconds: expected a number of seconds > 0, got {check_seconds!r}")
        versions = path_argument(folder, "folder")
        names = ConfigNames(words_argument(secret_names), versions)
        shape = None if schema is None else shape_of(schema)
        self._hooks = Hooks(shape, rules, check_seconds)
        refused = self._open(
            plan_of(shape, names),
            None if shape is None else json.dumps(shape.form()),
            names,
            [source._described for source in self._sources],
            {
                "keep": keep,
                "folder": versions,
                "audit": path_argument(audit, "audit"),
                "last_good": path_argument(last_good, "last_good"),
                "check_seconds": float(check_seconds),
                **next((source.place for source in self._sources if isinstance(source, NumberedOnly)), {"place": "write"}),
            },
            self._hooks,
        )
        # An index that the store was made for keeps the store alive, not the other way round.
        self._sources = tuple(source for source in self._sources if not isinstance(source, Followed))
        answers.logged(answers.accepted(refused))
        lifetime.remember(cast("Store[Any]", self))

    def __enter__(self) -> Self:
        """Gives the store itself; leaving closes it.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> with Store(sources=[Mapping({"a": 1})]) as store:
            ...     store.current.a
            1
        """
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store(version={self.version}, sources={list(self._sources)!r})"

    # ---- changing ----

    def reload(self, *, actor: str = "", reason: str = "", force: bool = False) -> Report:
        """Reads the sources again and publishes what they say, if it is new and all checks pass.

        Args:
            actor: who asks, for history and audit.
            reason: why, for history and audit.
            force: overrule the guards; history and audit show it.

        Returns: the report; a bad source changes nothing and stands in `report.problems`.
        Errors: `ClosedError`. Content never raises.
        Concurrency: one publication at a time; readers are not held up. The interpreter is released, except for checks, guards and
            derivations written in Python.
        Cost: reading and hashing the sources when nothing changed; else parsing what changed.

        Example:
            >>> import pathlib
            >>> from findspot.config import Json, Store
            >>> _ = pathlib.Path("live.json").write_text('{"k": 1}')
            >>> store = Store(sources=[Json("live.json")])
            >>> _ = pathlib.Path("live.json").write_text('{"k": ')
            >>> report = store.reload()
            >>> report.accepted, report.problems[0].line, store.current.k
            (False, 1, 1)
            >>> _ = pathlib.Path("live.json").write_text('{"k": 2}')
            >>> store.reload().accepted, store.current.k
            (True, 2)
        """
        return answers.report(self._reload(*by("reload", actor, reason), flag("reload: force", force)))

    def check(self) -> list[Problem]:
        """What a reload would say now, without publishing anything.

        Returns: all problems, guards included; none means that it would be accepted.
        Errors: `ClosedError`.
        Concurrency: as `reload`.

        Example:
            >>> import pathlib
            >>> from findspot.config import Json, Store
            >>> _ = pathlib.Path("next.json").write_text('{"k": 1}')
            >>> store = Store(sources=[Json("next.json")])
            >>> _ = pathlib.Path("next.json").write_text('{"k": 1, "k": 2}')
            >>> [problem.code for problem in store.check()]
            ['duplicate_key']
        """
        answer, _ = self._stage(None)
        return list(answers.report(answer).problems)

    def patch(
        self,
        values: AnyMapping[str, Any],
        *,
        expect_version: int | None = None,
        actor: str = "",
        reason: str = "",
        force: bool = False,
    ) -> Report:
        """Changes single values of the running configuration.

        Patches are a layer above the sources: a file that is saved later does not undo them; `unpatch` does.

        Args:
            values: dotted path → value; a table or list replaces what is there, None takes a value away.
            expect_version: raise `ConflictError` unless this version is current.
            actor: who asks, for history and audit.
            reason: why, for history and audit.
            force: overrule the guards; history and audit show it.

        Returns: the report.
        Errors: `ConfigError` with every problem; `ConflictError`; `TypeError` for a value that no file could hold; `ClosedError`.
        Concurrency: one publication at a time; readers are not held up.
        Cost: the tables on the paths are made anew, the rest is shared.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"search": {"title_weight": 1.0}})])
            >>> store.patch({"search.title_weight": 3.0}, expect_version=1, actor="ops@example.org").version
            2
            >>> store.current.search.title_weight
            3.0
        """
        asked = by("patch", actor, reason)
        return _or_raise(answers.report(self._patch(pairs(values, "patch"), expect_version, *asked, flag("patch: force", force))))

    def unpatch(self, *paths: str, actor: str = "", reason: str = "") -> Report:
        """Withdraws patches: what the sources say counts again.

        Args:
            *paths: dotted paths; patches at and below them are withdrawn.
            actor: who asks.
            reason: why.

        Returns: the report.
        Errors: `ConfigError`, `ClosedError`.
        Concurrency: as `reload`.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"k": 1})])
            >>> _ = store.patch({"k": 2})
            >>> store.unpatch("k").version, store.current.k
            (3, 1)
        """
        asked = by("unpatch", actor, reason)
        return _or_raise(answers.report(self._unpatch([text(path, "unpatch: paths") for path in paths], *asked)))

    def stage(self, values: AnyMapping[str, Any] | None = None) -> Staged[T]:
        """Makes the next version and checks it, without publishing it.

        Args:
            values: as for `patch`; None reads the sources again.

        Returns: the candidate; `staged.publish()` publishes it if the version that it was made from is still current.
        Errors: `ConfigError`, `ClosedError`.
        Concurrency: as `reload`.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"k": 1})])
            >>> staged = store.stage({"k": 2})
            >>> store.current.k, staged.config.k
            (1, 2)
            >>> staged.publish().version, store.current.k
            (2, 2)
        """
        from .staged import Staged

        answer, candidate = self._stage(None if values is None else pairs(values, "stage"))
        return Staged(self, candidate, _or_raise(answers.report(answer)).diff)

    def rollback(self, version: int, *, actor: str = "", reason: str = "") -> Report:
        """Publishes the content of an older version as a new one, and holds the watch until `resume`.

        Args:
            version: the number of a version that is still kept.
            actor: who asks.
            reason: why.

        Returns: the report.
        Errors: `ConfigError` when the version is not kept any more or does not fit the class; `ClosedError`.
        Concurrency: one publication at a time. Guards are not asked.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"k": 1})])
            >>> _ = store.patch({"k": 2})
            >>> store.rollback(1).version, store.current.k
            (3, 1)
        """
        return _or_raise(answers.report(self._rollback(version, *by("rollback", actor, reason))))

    def resume(self, *, actor: str = "", reason: str = "") -> Report:
        """Ends the hold after a rollback: the sources count again, and are read now.

        Args:
            actor: who asks.
            reason: why.

        Returns: the report of that reload.
        Errors: `ClosedError`.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"k": 1})])
            >>> _ = store.patch({"k": 2})
            >>> _ = store.rollback(1)
            >>> store.resume().accepted
            True
        """
        return answers.report(self._resume(*by("resume", actor, reason)))

    def set_unit(self, unit: str, values: AnyMapping[str, Any] | None) -> None:
        """Says what is different for one user, tenant or experiment.

        Args:
            unit: its name.
            values: dotted path → value; None takes all of them away.

        Errors: `ConfigError` when the values do not fit the class; `ClosedError`.
        Concurrency: any thread. Cost: the unit's own values and less than 100 bytes.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"search": {"limit": 10, "k": 1}})])
            >>> store.set_unit("user-7", {"search.limit": 50})
            >>> store.for_unit("user-7").search.limit, store.for_unit("user-8").search.limit
            (50, 10)
        """
        self.set_units({unit: values})

    def set_units(self, units: AnyMapping[str, AnyMapping[str, Any] | None]) -> None:
        """Says what is different for many units; all of it or nothing.

        Args:
            units: name → values as for `set_unit`.

        Errors: `ConfigError` with every problem; `ClosedError`.
        Concurrency: any thread. Cost: one change of the shared table, whatever the number of units.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"k": 1})])
            >>> store.set_units({f"user-{n}": {"k": n} for n in range(100)})
            >>> store.for_unit("user-42").k
            42
        """
        if not hasattr(units, "items"):
            raise TypeError(f"set_units: expected a mapping from units to values, got {type(units).__name__}")
        described = [
            (text(unit, "set_units: units"), None if values is None else pairs(values, f"set_units: {unit}"))
            for unit, values in units.items()
        ]
        _or_raise(answers.report(self._set_units(described)))

    def for_unit(self, unit: str) -> T:
        """The configuration of one unit: the shared sections and its own values.

        Args:
            unit: its name; an unknown one gets what is shared.

        Returns: a view of the current version with the unit's newest values; inside a pin both are those of the moment of the pin.
        Concurrency: any thread. Cost: the tables on the unit's paths are made anew.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"k": 1})])
            >>> store.for_unit("anybody").k
            1
        """
        return cast("T", self._for_unit(text(unit, "for_unit: unit"), self.pinned()))

    # ---- looking ----

    def history(self) -> list[Entry]:
        """The versions that are kept, the oldest first.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> [entry.version for entry in Store(sources=[Mapping({"k": 1})]).history()]
            [1]
        """
        return answers.history(self._history())

    def diff(self, old: int, new: int | None = None) -> Diff:
        """What changed between two versions.

        Args:
            old: a version that is kept.
            new: another; None is the current one.

        Errors: `ConfigError` for a version that is not kept.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"k": 1})])
            >>> _ = store.patch({"k": 2})
            >>> print(store.diff(1, 2))
            ~ k: 1 → 2  (patch)
        """
        return answers.diff(self._diff(old, new))

    def _diff_to(self, other: Store[Any]) -> Diff:
        """What differs from this store's content to another's."""
        return answers.diff(self._difference(other))

    def explain(self, path: str) -> Explanation:
        """Where a value came from, and what it overrode.

        Args:
            path: dotted, `a.b[3].c`; keys that hold dots stand in double quotes.

        Returns: value, place and what lower layers said, of the current version.
        Errors: `KeyError` when nothing is there; `ValueError` for a text that is no path.

        Example:
            >>> from findspot.config import Defaults, Mapping, Store
            >>> store = Store(sources=[Defaults({"k": 1}), Mapping({"k": 2}, name="test")])
            >>> print(store.explain("k"))
            k = 2
              from test
              over 1 from defaults
        """
        found = self._explain(text(path, "explain: path"))
        if found is None:
            raise KeyError(path)
        return answers.explanation(found)

    def drift(self) -> list[Drift]:
        """Which process is on which version.

        Returns: one entry for each process that has this store open, this one first.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> Store(sources=[Mapping({"k": 1})]).drift()[0].behind
            0
        """
        return answers.drift(self._drift())

    def metrics(self) -> dict[str, float]:
        """Numbers for a monitor: version, reloads, refusals, the watch's heartbeat, pins, versions that are held.

        Returns: name → value.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> Store(sources=[Mapping({"k": 1})]).metrics()["version"]
            1.0
        """
        return answers.metrics(self._metrics())

    def prometheus(self, name: str = "config") -> str:
        """`metrics` as Prometheus text.

        Args:
            name: the value of the label `store`.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> "findspot_config_version" in Store(sources=[Mapping({"k": 1})]).prometheus("app")
            True
        """
        from .metrics import text as metrics_text

        return metrics_text(self.metrics(), self.drift(), text(name, "prometheus: name"))

    # ---- following ----

    def watch(self) -> None:
        """Reloads by itself when a source changes: saves of editors, renames, `..data` swaps, deletion and return.

        Errors: `ClosedError`.
        Concurrency: one thread in compiled code, whatever the number of files; it starts again by itself in a child after a fork.
            A file that is mounted by itself (Kubernetes' `subPath`) never changes here, whatever happens outside: the log warns of it, and
            the metric `mounted_files` counts them.

        Example:
            >>> import pathlib, time
            >>> from findspot.config import Json, Store
            >>> _ = pathlib.Path("seen.json").write_text('{"k": 1}')
            >>> with Store(sources=[Json("seen.json")]) as store:
            ...     store.watch()
            ...     _ = pathlib.Path("seen.json").write_text('{"k": 2}')
            ...     deadline = time.monotonic() + 10
            ...     while store.current.k == 1 and time.monotonic() < deadline:
            ...         time.sleep(0.01)
            ...     store.current.k
            2
        """
        self._watch()

    def unwatch(self) -> None:
        """Ends `watch`.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> Store(sources=[Mapping({"k": 1})]).unwatch()
        """
        self._unwatch()

    def on_change(self, *patterns: str) -> Callable[[Callable[[T, T, Diff], object]], Callable[[T, T, Diff], object]]:
        """Calls a function after each publication that changed something it cares for.

        Args:
            *patterns: `search.weights` (that value and what is below it), `search.*`, `search.*.weight`, or none for every change. A change
                that touches several of them is one call.

        Returns: a decorator, which gives the function back. The function is called as `function(old, new, diff)`: the views of two whole
            versions and the `Diff` between them, of all paths. `old` is what the call before had as `new`, if no version between them
            was passed over because it touches no pattern.
        Errors: `ValueError` for a pattern that is none, `ClosedError`.
        Concurrency: never on the thread that publishes, and never before readers get the new version, which may by then be older than
            `store.current`. Each registered function is called on a thread of its own, which compiled code starts when there is
            something to tell and ends after it: one call at a time, in the order of versions, also of those that other processes
            published; functions know no order among each other. No pin is inherited: `store.pinned()` is the current version there.
            A function that is slow or hangs delays nobody but itself: no publication, no reader, no other function and not the end of the
            process. While it is busy 16 changes wait; further ones are joined to the last of them, so it skips versions, not changes.
            What it raises is logged with its name by the logger `findspot.config` (level ERROR, secrets blotted out), counted by the metric
            `subscriber_failures_total`, and it is called for the next change all the same. It may `reload`, `patch` or roll back the
            store: that publishes before the call returns, and it is told of it afterwards, so it has to stop by itself.
            After a fork the child's functions are told of what is published from then on.

        Example:
            >>> import queue, threading
            >>> from findspot.config import Mapping, Store
            >>> store, told = Store(sources=[Mapping({"search": {"k1": 1.2, "b": 0.75}})]), queue.Queue()
            >>> @store.on_change("search.k1", "search.b")
            ... def changed(old, new, diff):
            ...     told.put((old.search.k1, new.search.k1, diff.paths, threading.current_thread() is threading.main_thread()))
            >>> _ = store.patch({"search.k1": 1.5, "search.b": 0.5})
            >>> told.get(timeout=10)
            (1.2, 1.5, ('search.k1', 'search.b'), False)
        """

        def register(function: Callable[[T, T, Diff], object]) -> Callable[[T, T, Diff], object]:
            if not callable(function):
                raise TypeError(f"on_change: expected a function of (old, new, diff), got {type(function).__name__}")
            self._subscribe(wanted or ["*"], function)
            return function

        if patterns and not isinstance(patterns[0], str):
            raise TypeError("on_change: expected patterns, got a function: write @store.on_change() for every change")
        wanted = [text(pattern, "on_change: patterns") for pattern in patterns]
        return register

    def derive(self, *paths: str) -> Callable[[Callable[..., D]], Derived[D]]:
        """Keeps a value that is made of parts of the configuration with each version, and makes it anew only when those parts changed.

        Args:
            *paths: dotted paths; the function gets what stands there, one argument each.

        Returns: a decorator; the result gives the value of the pinned version, or of the current one, when it is called.
        Errors: `ConfigError` when the function raises for the current version.
        Concurrency: the function runs before a version is published; what it raises refuses the version.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"words": ["the", "of"], "k": 1})])
            >>> @store.derive("words")
            ... def stopwords_argument(words):
            ...     return frozenset(words)
            >>> "the" in stopwords_argument()
            True
        """
        if not paths:
            raise ValueError("derive: expected the paths of the inputs")
        for path in paths:
            text(path, "derive: paths")

        def register(function: Callable[..., D]) -> Derived[D]:
            if not callable(function):
                raise TypeError(f"derive: expected a function of {len(paths)} values, got {type(function).__name__}")
            recipe = self._hooks.add(function, paths)
            try:
                _or_raise(answers.report(self._derive(recipe.name, list(paths))))
            except ConfigError:
                self._hooks.forget(recipe)
                raise
            return Derived(cast("Store[Any]", self), recipe)

        return register

    def middleware(self, app: Any) -> Any:
        """An ASGI or WSGI application that pins one version for each request.

        Args:
            app: the application inside.

        Returns: an application of the same kind. The request's view is in `scope["findspot.config"]`, or in the WSGI environment.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"greeting": "hello"})])
            >>> def app(environ, start_response):
            ...     start_response("200 OK", [])
            ...     yield store.pinned().greeting.encode()
            >>> list(store.middleware(app)({}, lambda status, headers: None))
            [b'hello']
        """
        from .middleware import middleware

        if not callable(app):
            raise TypeError(f"middleware: expected an ASGI or WSGI application, got {type(app).__name__}")
        return middleware(cast("Store[Any]", self), app)

    def close(self) -> None:
        """Ends the watch, the following and all threads of the store. `current` stays readable.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"k": 1})])
            >>> store.close()
            >>> store.current.k
            1
        """
        self._close()


def _or_raise(report: Report) -> Report:
    if report.accepted:
        return report
    raise answers.error(report.problems)
