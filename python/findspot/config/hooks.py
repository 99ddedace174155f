"""What a store calls in Python: own checks of classes, guards, derivations, subscribers, the environment.

**In**: calls of the compiled store, which gives each its time and its thread. **Out**: problems, values. **Law**
1. What a check, guard or derivation raises refuses the version, as text.
2. What a subscriber raises is logged and counted; it never reaches a publication.
3. No text of an exception is passed on before all secrets of the configurations that the code saw are taken out of it: those of the compiled
   store's one rule. That holds for whatever is raised, `SystemExit` too: these calls run on the store's own threads.
"""

from __future__ import annotations

import collections.abc
import json
import logging
import os
import re
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .guards import Guard
from .patterns import steps_of
from .reports import Diff
from .shape import Shape
from .views import NODE, STARS, View, values_of_instance, view_value

if TYPE_CHECKING:
    from .._native import ConfigDiff, ConfigNode
    from .store import Store

__all__ = ["Derived", "Hooks"]

D = TypeVar("D")
LOG = logging.getLogger("findspot.config")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


class Recipe(Generic[D]):
    """A function, its inputs, and how often it ran."""

    __slots__ = ("builds", "function", "name", "paths")

    def __init__(self, function: Callable[..., D], paths: tuple[str, ...]) -> None:
        self.function = function
        self.paths = paths
        self.name = f"{getattr(function, '__qualname__', 'derived')}#{id(self):x}"
        self.builds = 0

    def make(self, config: Any) -> D:
        """The value for a view."""
        self.builds += 1
        return self.function(*(value_at(config, path) for path in self.paths))


class Derived(Generic[D]):
    """A value that is kept with each version. Call it.

    Example:
        >>> from findspot.config import Mapping, Store
        >>> store = Store(sources=[Mapping({"words": ["the"], "k": 1})])
        >>> @store.derive("words")
        ... def count(words):
        ...     return len(words)
        >>> _ = store.patch({"k": 2})
        >>> count(), count.builds
        (1, 1)
    """

    __slots__ = ("_recipe", "_store")

    def __init__(self, store: Store[Any], recipe: Recipe[D]) -> None:
        self._store = store
        self._recipe = recipe

    @property
    def builds(self) -> int:
        """How often the function has run in this process."""
        return self._recipe.builds

    def __call__(self, config: Any = None) -> D:
        """The value.

        Args:
            config: a whole view of the store; None is the pinned version, or the current one.
        """
        view = self._store.pinned() if config is None else config
        found = self._store._derived(self._recipe.name, view)
        # A version that is older than the derivation has none; what its inputs say is in the view.
        return self._recipe.make(view) if found is None else found[0]


class Hooks:
    """All that one store calls."""

    def __init__(self, shape: Shape | None, guards: tuple[Guard, ...], seconds: float) -> None:
        self.shape = shape
        self.own_checks = [] if shape is None else shape.own_checks()
        self.guards = guards
        self.seconds = seconds
        self.recipes: dict[str, Recipe[Any]] = {}

    # ---- asked by the façade ----

    def add(self, function: Callable[..., D], paths: tuple[str, ...]) -> Recipe[D]:
        recipe = Recipe(function, paths)
        self.recipes[recipe.name] = recipe
        return recipe

    def forget(self, recipe: Recipe[Any]) -> None:
        self.recipes.pop(recipe.name, None)

    # ---- asked by the compiled store ----

    def guard_list(self) -> list[tuple[str, str, Any, float]]:
        """Name, kind, argument and seconds of each guard."""
        return [(guard.name, guard.kind, None if guard.kind == "call" else guard.value, guard.seconds) for guard in self.guards]

    def environ(self, prefix: str) -> list[tuple[str, str]]:
        """The environment as it is now."""
        return [(name, value) for name, value in os.environ.copy().items() if name.startswith(prefix)]

    def check(self, node: ConfigNode) -> list[tuple[str, str, str]]:
        """Path, expectation and finding of each problem that the user's classes see. Sections that were checked before cost a look-up."""
        problems = []
        for steps, shape in self.own_checks:
            for path, section in node.find(list(steps)):
                try:
                    values_of_instance(shape, section)
                except BaseException as error:
                    hidden = set(node.secret_texts())
                    problems += [
                        (node.public_path(join(path, inner)), redacted(expected, hidden), redacted(got, hidden))
                        for inner, expected, got in explained(error)
                    ]
        return problems

    def guard(self, number: int, old: Any, new: Any) -> str | None:
        """What a guard of the user's has against a change."""
        try:
            answer = self.guards[number].value(old, new)
        except BaseException as error:
            return redacted(text_of(error), hidden_in(old, new))
        if answer is None or answer is True:
            return None
        return redacted(answer, hidden_in(old, new)) if isinstance(answer, str) else "refused"

    def make(self, name: str, config: Any) -> tuple[Any, str | None]:
        """A derived value, or what went wrong."""
        recipe = self.recipes.get(name)
        if recipe is None:
            return None, None
        try:
            return (recipe.make(config),), None
        except BaseException as error:
            return None, redacted(text_of(error), hidden_in(config))

    def changed(self, function: Callable[..., object], old: Any, new: Any, diff: ConfigDiff) -> bool:
        """After a publication: whether a subscriber took it."""
        try:
            function(old, new, Diff(diff))
            return True
        except BaseException as error:
            LOG.error("subscriber %s: %s", getattr(function, "__qualname__", function), redacted(text_of(error), hidden_in(old, new)))
            return False


def value_at(config: Any, path: str) -> Any:
    """What stands at a path of a view; None when nothing does."""
    value = config
    for step in steps_of(path):
        if isinstance(value, View):
            names = {member.key: name for name, member in shape.members.items()} if (shape := view_value(value)) is not None else {}
            value = getattr(value, names.get(step, step), None)
        elif isinstance(value, collections.abc.Mapping):
            value = value.get(step)
        elif isinstance(value, tuple) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def join(path: str, inner: str) -> str:
    """Two paths, one below the other."""
    return f"{path}.{inner}" if path and inner and not inner.startswith("[") else path + inner


def explained(error: BaseException) -> list[tuple[str, str, str]]:
    """Path below the section, expectation and finding of what a class raised; never the input that it saw."""
    kind = type(error)
    if kind.__module__.startswith("pydantic_core"):
        found = []
        for detail in error.errors(include_input=False, include_url=False, include_context=False):  # type: ignore[attr-defined]
            steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in detail["loc"]]
            found.append(("".join(steps).removeprefix("."), f"what {detail['type']} asks for", detail["msg"]))
        return found
    if kind.__module__ == "msgspec" and " - at `$" in str(error):
        text, _, place = str(error).partition(" - at `$")
        return [(place.rstrip("`").removeprefix("."), "what the class asks for", text)]
    return [("", "what the class asks for", text_of(error))]


def hidden_in(*views: Any) -> set[str]:
    """The texts of the secrets of whole views: what no message may hold."""
    found: set[str] = set()
    for view in views:
        node = getattr(view, NODE, None)
        if node is not None:
            found.update(node.secret_texts())
    return found


def forms_of(secret: str) -> set[str]:
    """A secret as messages write it: as it is, and as Python, JSON and URLs quote it."""
    quoted = (repr(secret)[1:-1], json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], ascii(secret)[1:-1])
    in_urls = (urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret))
    return {secret, secret.strip() or secret, *quoted, *in_urls, repr(secret.encode())[2:-1]}


def redacted(text: str, hidden: set[str]) -> str:
    """The text with `(secret)` in the place of each secret. A number counts where it stands alone."""
    if not hidden:
        return text
    numbers = {secret for secret in hidden if _NUMBER.fullmatch(secret)}
    forms = {form for secret in hidden - numbers for form in forms_of(secret)}
    patterns = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
    patterns += [rf"(?<![\w.]){re.escape(number)}(?![\w.]*\w)" for number in sorted(numbers, key=len, reverse=True)]
    return re.sub("|".join(patterns), STARS, text)


def text_of(error: BaseException) -> str:
    """What an exception says. One that cannot say it has only its name."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__
