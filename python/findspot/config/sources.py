"""Where a configuration comes from: layers, the later one above the earlier.

**In**: paths, mappings, the environment. **Out**: descriptions that the compiled store reads by. **Law**: a source only says where to
look; reading, parsing and merging happen in compiled code without the interpreter. Tables merge key by key, every other value replaces
what a lower layer says; the value `"!reset"`, a table with the key `"!reset"` (and the value true) and a list that begins with `"!reset"` drop
the lower layer's and do not become data. In any other place the mark is a problem; the text itself is written `"!!reset"`.
"""

from __future__ import annotations

import collections.abc
import os
from typing import Any

from .values import nested, root_as_json, text

__all__ = ["Defaults", "Dotenv", "Env", "Json", "Mapping", "Overrides", "Source", "Toml", "Yaml"]


class Source:
    """One layer. The base of `Defaults`, `Mapping`, `Toml`, `Json`, `Yaml`, `Dotenv`, `Env` and `Overrides`."""

    __slots__ = ("_described",)

    # Kind, name, details, whether it may be missing.
    _described: tuple[str, str, Any, bool]

    @property
    def _says_nothing(self) -> bool:
        """Whether it is defaults that are those of the class."""
        return self._described[0] == "defaults" and self._described[2] == b"{}"

    def __repr__(self) -> str:
        kind, name, _, _ = self._described
        return f"{type(self).__name__}({name!r})" if kind in ("toml", "json", "yaml", "dotenv") else f"{type(self).__name__}(…)"


class Mapping(Source):
    """A layer from a mapping: what a program or a test says.

    Args:
        values: nested mappings of plain values, or an instance of the store's class. It is copied now.
        name: what `explain` and problems call it.

    Errors: `ConfigError` with every problem for values that no configuration file could hold, and for what is no mapping; it is a `TypeError`, too.

    Example:
        >>> from findspot.config import Mapping, Store
        >>> Store(sources=[Mapping({"limits": {"most": 5}})]).current.limits.most
        5
    """

    __slots__ = ()
    _kind = "mapping"

    def __init__(self, values: Any, *, name: str | None = None) -> None:
        name = self._kind if name is None else text(name, f"{type(self).__name__}: name")
        self._described = (self._kind, name, root_as_json(values, name), False)


class Defaults(Mapping):
    """The lowest layer: values that hold unless something else says so.

    The defaults of a class hold without it; give it for a store without a class, or to change a class's default.

    Args:
        values: nested mappings of plain values.

    Example:
        >>> from findspot.config import Defaults, Mapping, Store
        >>> Store(sources=[Defaults({"port": 80}), Mapping({"host": "a"})]).current.port
        80
    """

    __slots__ = ()
    _kind = "defaults"

    def __init__(self, values: Any = (), *, name: str | None = None) -> None:
        super().__init__({} if values == () else values, name=name)


class NumberedOnly(Source):
    """No layer: what is numbered in the store's folder is followed, and nothing is said beside it.

    Args:
        read: the folder is looked at once and never written to, not even to show this process to others.
    """

    __slots__ = ("place",)

    def __init__(self, *, read: bool = False) -> None:
        self._described = ("numbered", "", None, True)
        self.place = {"place": "read" if read else "later"}


class Followed(Source):
    """No layer: the index that the store is made for. It takes part from the first version on, so nothing is published that it refuses.

    `folder` is where relative paths of its guard begin that no file names.
    """

    __slots__ = ()

    def __init__(self, index: Any, folder: str) -> None:
        self._described = ("index", folder, index, True)


class Overrides(Mapping):
    """The highest layer: arguments of a command line, or what a test sets.

    Args:
        values: nested mappings of plain values; a key with dots means the path: `{"limits.most": 5}`. What contradicts itself is refused.

    Example:
        >>> from findspot.config import Mapping, Overrides, Store
        >>> Store(sources=[Mapping({"limits": {"most": 5}}), Overrides({"limits.most": 9})]).current.limits.most
        9
    """

    __slots__ = ()
    _kind = "overrides"

    def __init__(self, values: Any = (), *, name: str | None = None) -> None:
        if isinstance(values, collections.abc.Mapping):
            values = nested(values, self._kind if name is None else name)
        super().__init__({} if values == () else values, name=name)


class _File(Source):
    __slots__ = ()
    _kind = ""

    def __init__(self, path: str | os.PathLike[str], *, missing_ok: bool = False) -> None:
        # A process may change its folder; what is watched may not move with it.
        kind = type(self).__name__
        if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
            raise TypeError(f"{kind}: path: expected str or a path of str, got {type(path).__name__}")
        if not isinstance(missing_ok, bool):
            raise TypeError(f"{kind}: missing_ok: expected bool, got {type(missing_ok).__name__}")
        pattern = os.path.abspath(text(os.fspath(path), f"{kind}: path"))
        if not os.fspath(path) or "\0" in pattern:
            raise ValueError(f"{kind}: path: expected the name of a file, or a pattern, got {os.fspath(path)!r}")
        self._described = (self._kind, pattern, None, missing_ok)


class Toml(_File):
    """TOML files.

    Args:
        path: one file, or a pattern with `*`, `?` and `[…]`; matching files are layers in the order of their names.
        missing_ok: whether there may be none.

    Example:
        >>> import pathlib
        >>> from findspot.config import Store, Toml
        >>> _ = pathlib.Path("app.toml").write_text("[search]\\ntitle_weight = 3.0\\n")
        >>> Store(sources=[Toml("app.toml")]).current.search.title_weight
        3.0
    """

    __slots__ = ()
    _kind = "toml"


class Json(_File):
    """JSON files; each holds one object.

    Args:
        path: one file, or a pattern; see `Toml`.
        missing_ok: whether there may be none.

    Example:
        >>> import pathlib
        >>> from findspot.config import Json, Store
        >>> _ = pathlib.Path("app.json").write_text('{"port": 8080}')
        >>> Store(sources=[Json("app.json")]).current.port
        8080
    """

    __slots__ = ()
    _kind = "json"


class Yaml(_File):
    """YAML files, in the core schema of YAML 1.2: `no` and `on` are text. Anchors are bounded.

    Args:
        path: one file, or a pattern; see `Toml`.
        missing_ok: whether there may be none.

    Example:
        >>> import pathlib
        >>> from findspot.config import Store, Yaml
        >>> _ = pathlib.Path("app.yaml").write_text("country: no\\n")
        >>> Store(sources=[Yaml("app.yaml")]).current.country
        'no'
    """

    __slots__ = ()
    _kind = "yaml"


class Dotenv(_File):
    """Files of `NAME=value` lines, read as the environment is.

    Args:
        path: one file, or a pattern; see `Toml`.
        prefix: only names that begin with it count; it is cut off. It ends with `__`.
        missing_ok: whether there may be none, as is usual.

    Example:
        >>> import pathlib
        >>> from findspot.config import Dotenv, Store
        >>> _ = pathlib.Path(".env").write_text("APP__LIMITS__MOST=5\\n")
        >>> Store(sources=[Dotenv(".env", prefix="APP__")]).current.limits.most
        '5'
    """

    __slots__ = ()
    _kind = "dotenv"

    def __init__(self, path: str | os.PathLike[str] = ".env", *, prefix: str = "", missing_ok: bool = True) -> None:
        super().__init__(path, missing_ok=missing_ok)
        if text(prefix, "Dotenv: prefix") and not prefix.endswith("__"):
            raise ValueError(f"Dotenv: expected a prefix that ends with __, as 'APP__', got {prefix!r}")
        self._described = (self._kind, self._described[1], prefix, missing_ok)


class Env(Source):
    """The environment of the process, as it is at each load.

    `APP__LIMITS__MOST=5` is `limits.most`, typed by the class (text without one); lists and tables are written as JSON.

    Args:
        prefix: only names that begin with it count; it is cut off.
        separator: what stands between the steps of a path in a name.

    Example:
        >>> import os
        >>> from findspot.config import Env, Store
        >>> os.environ["APP__LIMITS__MOST"] = "5"
        >>> Store(sources=[Env("APP__")]).current.limits.most
        '5'
        >>> del os.environ["APP__LIMITS__MOST"]
    """

    __slots__ = ()

    def __init__(self, prefix: str, *, separator: str = "__") -> None:
        text(separator, "Env: separator")
        if not text(prefix, "Env: prefix"):
            raise ValueError("Env: expected a prefix, as 'APP__': the environment holds much that is no configuration")
        self._described = ("env", prefix, (prefix, separator), True)
