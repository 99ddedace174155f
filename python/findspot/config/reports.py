"""What the store answers with: reports, problems, differences, history, explanations.

**In**: data from the compiled store. **Out**: immutable objects that read well at a prompt. **Law**: no secret stands in any of them; what
can be long (a difference) is made when it is looked at.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._native import ConfigDiff

__all__ = ["Change", "Diff", "Drift", "Entry", "Explanation", "Layered", "Problem", "Report"]


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a configuration is refused, or one warning.

    Attributes:
        code: a short name that stays the same: `missing`, `unknown_key`, `type`, `range`, …
        path: where in the configuration; empty for the whole.
        expected: what would have been accepted.
        got: what stood there; `(secret)` for a secret.
        message: one sentence with all of it.
        layer: the layer at fault, or None.
        file: the file or the variable, or None; line and column from 1, or None.
        line: see file.
        column: see file.
        hint: a name that was perhaps meant, or None.
        text: the problem with the line shown, for people.

    Example:
        >>> from findspot.config import Mapping, Store
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class App:
        ...     port: int
        >>> store = Store(App, sources=[Mapping({"port": 80})])
        >>> try:
        ...     store.patch({"port": "many"})
        ... except ValueError as error:
        ...     problem = error.problems[0]
        >>> problem.code, problem.path, problem.expected
        ('type', 'port', 'integer')
    """

    code: str
    path: str
    expected: str
    got: str
    message: str = ""
    layer: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None
    text: str = ""

    def __str__(self) -> str:
        return self.text or self.message

    def __iter__(self) -> Iterator[str]:
        """Path, expectation and finding."""
        return iter((self.path, self.expected, self.got))


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One value that differs between two versions.

    Attributes:
        path: where.
        kind: `added`, `removed` or `changed`.
        old: the value before, None when there was none; `(secret)` for a secret.
        new: the value after, None when there is none; `(secret)` for a secret.
        old_place: file:line:column, variable or layer of the value before, or None.
        new_place: the same of the value after.

    Example:
        >>> from findspot.config import Mapping, Store
        >>> store = Store(sources=[Mapping({"a": 1})])
        >>> store.patch({"a": 2}).diff[0].new
        2
    """

    path: str
    kind: str
    old: Any = None
    new: Any = None
    old_place: str | None = None
    new_place: str | None = None

    def __str__(self) -> str:
        if self.kind == "added":
            return f"+ {self.path} = {self.new!r}" + (f"  ({self.new_place})" if self.new_place else "")
        if self.kind == "removed":
            return f"- {self.path} = {self.old!r}" + (f"  ({self.old_place})" if self.old_place else "")
        return f"~ {self.path}: {self.old!r} → {self.new!r}" + (f"  ({self.new_place})" if self.new_place else "")


class Diff:
    """What changed from one version to another: a sequence of `Change`, in order of their paths.

    What differs below a secret is one change of that secret, whose keys are not shown.

    Concurrency: immutable; pickles and copies hold the changes as they are shown. Cost: the changes are made when first looked at; equal parts
    of the two versions are skipped by their hashes.

    Example:
        >>> from findspot.config import Mapping, Store
        >>> store = Store(sources=[Mapping({"a": 1, "b": 2})])
        >>> diff = store.patch({"a": 5, "c": 7}).diff
        >>> print(diff)
        ~ a: 1 → 5  (patch)
        + c = 7  (patch)
        >>> diff.added, diff.changed, len(diff)
        (1, 1, 2)
    """

    __slots__ = ("_loaded", "_native")

    def __init__(self, native: ConfigDiff | None = None, changes: tuple[Change, ...] = ()) -> None:
        self._native = native
        self._loaded: tuple[Change, ...] | None = changes if native is None else None

    def __reduce__(self) -> tuple[Any, ...]:
        # What may be shown goes along, never the two versions: secrets are in them.
        return type(self), (None, self._changes)

    def _count(self, at: int) -> int:
        if self._native is not None:
            return self._native.counts()[at]
        return sum(change.kind == ("added", "removed", "changed")[at] for change in self._changes)

    @property
    def _changes(self) -> tuple[Change, ...]:
        if self._loaded is None:
            from .answers import changes

            assert self._native is not None
            self._loaded = changes(self._native)
        return self._loaded

    @property
    def added(self) -> int:
        """How many values are new."""
        return self._count(0)

    @property
    def removed(self) -> int:
        """How many values are gone."""
        return self._count(1)

    @property
    def changed(self) -> int:
        """How many values differ."""
        return self._count(2)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all changes."""
        return tuple(change.path for change in self._changes) if self._native is None else tuple(self._native.paths())

    def touches(self, pattern: str) -> bool:
        """Whether anything under a path changed.

        Args:
            pattern: `search.weights`, `search.*` (anything below `search`) or `*` (anything).

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"search": {"k1": 1.2}})])
            >>> store.patch({"search.k1": 1.4}).diff.touches("search.*")
            True
        """
        from .patterns import matches

        return any(matches(pattern, path) for path in self.paths)

    def __len__(self) -> int:
        return len(self._changes) if self._native is None else sum(self._native.counts())

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes)

    def __getitem__(self, at: int) -> Change:
        return self._changes[at]

    def __bool__(self) -> bool:
        return len(self) > 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Diff) and self._changes == other._changes

    def __hash__(self) -> int:
        return hash(self.paths)

    def __str__(self) -> str:
        return "\n".join(map(str, self._changes))

    def __repr__(self) -> str:
        return f"Diff(added={self.added}, removed={self.removed}, changed={self.changed})"


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What came of a reload, a patch or a rollback.

    Attributes:
        accepted: whether the store holds this content now.
        changed: whether a new version was published; false when the content is what was there already.
        version: the version that is current now.
        diff: what changed against the version before.
        problems: why it was refused; all of them.
        warnings: what was accepted and is perhaps not meant.
        timings: seconds of each step.

    Example:
        >>> from findspot.config import Mapping, Store
        >>> report = Store(sources=[Mapping({"a": 1})]).reload()
        >>> report.accepted, report.changed, report.version
        (True, False, 1)
    """

    accepted: bool
    changed: bool
    version: int
    diff: Diff
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    timings: Mapping[str, float] = dataclasses.field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "timings", types.MappingProxyType(dict(self.timings)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Report, (self.accepted, self.changed, self.version, self.diff, self.problems, self.warnings, dict(self.timings))

    def __bool__(self) -> bool:
        return self.accepted

    def __str__(self) -> str:
        if not self.accepted:
            return "\n".join([f"refused; version {self.version} stays", *map(str, self.problems)])
        words = f"version {self.version}" if self.changed else f"version {self.version}, unchanged"
        return "\n".join([words, *map(str, self.diff), *map(str, self.warnings)])


@dataclasses.dataclass(frozen=True, slots=True)
class Layered:
    """What one layer says about a path.

    Attributes:
        layer: the layer's name.
        value: what it says; `(secret)` for a secret.
        place: file:line:column, variable or layer.

    Example:
        >>> from findspot.config import Defaults, Mapping, Store
        >>> store = Store(sources=[Defaults({"a": 1}), Mapping({"a": 2})])
        >>> [below.value for below in store.explain("a").overridden]
        [1]
    """

    layer: str
    value: Any
    place: str


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """Where a value came from.

    Attributes:
        path: what was asked.
        value: the value that holds; `(secret)` for a secret, a table or list as plain data.
        layer: the layer that won.
        place: file:line:column, variable or layer.
        overridden: what lower layers said, the highest first.
        version: of which version.

    Example:
        >>> import pathlib
        >>> from findspot.config import Store, Toml
        >>> _ = pathlib.Path("where.toml").write_text("[limits]\\nmost = 5\\n")
        >>> store = Store(sources=[Toml("where.toml")])
        >>> store.explain("limits.most").place.endswith("where.toml:2:8")
        True
    """

    path: str
    value: Any
    layer: str
    place: str
    overridden: tuple[Layered, ...] = ()
    version: int = 0

    def __str__(self) -> str:
        lines = [f"{self.path} = {self.value!r}", f"  from {self.place}"]
        lines += [f"  over {below.value!r} from {below.place}" for below in self.overridden]
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One version of the history.

    Attributes:
        version: its number.
        time: seconds since 1970 by the publisher's clock; never used for order.
        actor: who published it.
        reason: why, in the actor's words.
        kind: `load`, `reload`, `patch`, `rollback`, `stage`, …
        rolled_back_from: for a rollback the version that was left, else None.
        hash: of the content.
        is_current: whether it is the one that readers get.
        forced: whether who published it overruled the guards.

    Example:
        >>> from findspot.config import Mapping, Store
        >>> store = Store(sources=[Mapping({"a": 1})])
        >>> _ = store.patch({"a": 2}, actor="ops@example.org", reason="more")
        >>> [(entry.version, entry.actor) for entry in store.history()][-1]
        (2, 'ops@example.org')
    """

    version: int
    time: float
    actor: str
    reason: str
    kind: str
    rolled_back_from: int | None
    hash: str
    is_current: bool
    forced: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Drift:
    """Which version one process is on.

    Attributes:
        pid: the process.
        version: what its readers get.
        behind: how many versions it lags behind the newest.
        applied_at: when it adopted that version, in seconds since 1970.
        rejects: how many versions or reloads it refused.
        differs: whether its own sources say something else than its version.
        is_me: whether it is this process.

    Example:
        >>> from findspot.config import Mapping, Store
        >>> [process.version for process in Store(sources=[Mapping({"a": 1})]).drift()]
        [1]
    """

    pid: int
    version: int
    behind: int
    applied_at: float
    rejects: int
    differs: bool
    is_me: bool
