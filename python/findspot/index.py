"""The index: create or open, write, search, keep in order.

**In**: records, queries, filters. **Out**: hits and small reports. **Law**
1. One `Index` may be shared by all threads for reading and writing. A search runs on one immutable view and takes no lock.
2. Only `commit` makes durable. What was written is searchable through this handle when `upsert` returns.
3. After `fork` the child may search; writing there raises `ClosedError`. A pickle is the URL and the generation.
"""

from __future__ import annotations

import os

from . import _native
from ._logging import DEBUG, INFO, log
from ._ranking import content_of, folder_of, follow, has_versions, is_followed
from ._sizes import parse_size
from .awaiting import Awaiting, check_arguments
from .errors import ClosedError
from .reports import Commit, Upserted
from .transaction import Transaction, joined
from .upkeep import Upkeep, target_of
from .view import Searching, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType
    from typing import Any, Literal

    from ._native import Index as NativeIndex
    from ._native import Transaction as NativeTransaction
    from ._ranking import Followed
    from .config import Store
    from .filters import Filter
    from .ingest import _Records
    from .schema import Schema

__all__ = ["Index", "open"]


def _kept(config: Any) -> Any:
    """What a pickle can take along: a store is where it is, and its versions are beside the index."""
    return None if hasattr(config, "_attach") else config


def _config_json(config: Any) -> str | None:
    if config is None:
        return None
    import json

    if not hasattr(config, "keys"):
        raise TypeError(f"config: expected a mapping such as {{'k1': 0.9}}, the path of a file or a Store, got {type(config).__name__}")
    return json.dumps(_finite(config), default=_no_json)


def _finite(value: Any) -> Any:
    """The same with the numbers that JSON lacks as text, which the engine refuses with its path."""
    if hasattr(value, "keys"):
        return {name: _finite(value[name]) for name in value.keys()}
    return f"<{value}>" if isinstance(value, float) and not abs(value) < float("inf") else value


def _no_json(value: Any) -> object:
    if hasattr(value, "keys"):
        return dict(value)
    # The engine refuses it with its path, along with every other problem.
    return f"<{type(value).__name__}>"


class Index(Searching, Awaiting, Upkeep):
    """One index: made by `Index.create`, opened by `findspot.open`.

    Use it as a context manager: leaving the block commits and closes; leaving it by an exception closes without a commit.

    Concurrency: share one `Index` among all threads, for reading and writing. Long calls release the interpreter and obey Ctrl-C. After
    `fork` the child may search, its writers raise `ClosedError`. Pickled, it is its URL and generation.
    Cost: opening maps files and reads none of them whole.

    Example:
        >>> import findspot as fs
        >>> schema = fs.Schema(key="id", fields={"title": fs.Text(analyzer="english"), "year": fs.Integer()})
        >>> with fs.Index.create("memory://", schema) as index:
        ...     _ = index.upsert([{"id": "k1", "title": "Gold coins", "year": 1700}])
        ...     index.search("coin", where=fs.col("year") < 1800).keys
        ['k1']
    """

    __slots__ = ("__weakref__", "_followed", "_native", "_options", "_watched")
    _native: NativeIndex
    _options: dict[str, Any]
    _watched: bool
    _followed: Followed | None

    def __init__(self) -> None:
        raise TypeError("write Index.create(path, schema) for a new index, findspot.open(path) for one that exists")

    @classmethod
    def _wrap(cls, native: NativeIndex, options: dict[str, Any]) -> Index:
        index = cls.__new__(cls, native)
        index._native = native
        index._options = options
        index._watched = False
        index._followed = None
        return index

    @classmethod
    def _following(cls, native: NativeIndex, options: dict[str, Any], config: Any) -> Index:
        """A handle whose ranking is what `config` names, if that is something that changes."""
        index = cls._wrap(native, options)
        if is_followed(config) or (config is None and has_versions(folder_of(native.url))):
            try:
                index._followed = follow(native, config)
            except BaseException:
                native.close(False)
                raise
        return index

    @classmethod
    def create(
        cls,
        target: str | os.PathLike[str],
        schema: Schema,
        *,
        config: Mapping[str, Any] | str | os.PathLike[str] | Store[Any] | None = None,
        memory: str | int = "256MB",
        exist_ok: bool = False,
    ) -> Index:
        """Makes a new, empty index.

        Args:
            target: a path, `file:///…`, `memory://name` (one per process) or `memory://` (a new one each time).
            schema: its fields and key.
            config: the ranking; RANKING.md has every key. The path of a `ranking.toml`, or a `findspot.config.Store` of such content,
                is followed: what it publishes is live, under the number of its version, and the versions of a path are kept beside
                the index for all processes. A file that is saved takes effect with `index.config.reload()`, or by itself once
                `index.config.watch()` was called. A mapping is this handle's own and not stored: the tables of the file, or those of `[ranking]` alone: `k1`
                (0 to 10), `b` (0 to 1), `fields` (name → weight, or `{"weight": …, "b": …}`), `combine` (`"best"`, `"sum"`, `"bm25f"`),
                `tie_breaker`, `operator` (`"or"`, `"and"`), `minimum_match`, `phrase_boost`, `boost`. Without it the newest version
                beside the index is followed, if there is one.
            memory: budget for building, in bytes or as `"256MB"`.
            exist_ok: open the index that is already there, if its schema is the same or has grown from it by `alter` (the given schema
                must be the beginning of its schema).

        Returns: the open index.
        Errors: `StorageError` when there is one already or the folder cannot be written; `SchemaError` when `exist_ok` finds another
            schema; `ConfigError` with every problem of the configuration.
        Concurrency: of two processes that create at once, one succeeds.

        Example:
            >>> import findspot as fs
            >>> schema = fs.Schema(key="id", fields={"title": fs.Text()})
            >>> index = fs.Index.create("treasures.findspot", schema, config={"k1": 0.9, "b": 0.4}, exist_ok=True)
            >>> len(index)
            0
            >>> index.close()
        """
        from .schema import Schema

        if not isinstance(schema, Schema):
            raise TypeError(f"schema: expected a Schema, got {type(schema).__name__}")
        options = {"config": _kept(config), "memory": memory}
        own = content_of(config) if is_followed(config) else _config_json(config)
        native = _native.Index.create(target_of(target), schema._json(), own, parse_size(memory, "memory"), bool(exist_ok))
        log("index", DEBUG, "created %s", native.url)
        return cls._following(native, options, config)

    # -- writing ----------------------------------------------------------------------------------------------------------------

    def upsert(
        self,
        records: _Records,
        *,
        refresh: bool = True,
        on_error: Literal["raise", "collect"] = "raise",
        if_version: int | None = None,
    ) -> Upserted:
        """Adds documents; one with a key that exists replaces it, also within the call.

        Args:
            records: an iterable of mappings, dataclasses, pydantic, msgspec or attrs objects; anything with `__arrow_c_stream__`; or the
                path of a `.jsonl`, `.json`, `.csv` (also `.gz`, `.zst`), `.parquet` or `.arrow` file.
            refresh: make them searchable through this handle before returning.
            on_error: `"raise"` stops at the first refused document, and nothing of the call is written; `"collect"` goes on and returns
                the refused ones.
            if_version: write only if the one document of the call has this version (`get(key, version=True)`); 0: only if it is new.

        Returns: how many were taken and which were refused.
        Errors: `DocumentError` (key, field, expected, got, source, record); `ConflictError` when `if_version` does not fit;
            `ClosedError` in a forked child; `ModuleNotFoundError` for Parquet or Arrow without pyarrow or polars; whatever `records`
            raises, with nothing written.
        Concurrency: any number of threads; the calls' order is the order in which they end. A file is read and built on all cores.
        Cost: about the memory budget; JSON lines from a path are the fastest source.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> index.upsert([{"id": "k1", "title": "gold coin"}, {"id": "k1", "title": "silver coin"}])
            Upserted(count=2, rejected=[], rejected_count=0)
            >>> len(index), index.get("k1")["title"]
            (1, 'silver coin')
            >>> index.close()
        """
        return self._upsert(records, refresh, on_error, if_version, None)

    def _upsert(self, records: _Records, refresh: bool, on_error: str, if_version: int | None, progress: Any) -> Upserted:
        check_arguments(on_error, if_version)
        from .ingest import source_of

        writer = self._writer()
        source = source_of(records)
        collect = on_error == "collect"
        if isinstance(source, str):
            count, rejected, refused = writer.upsert_file(source, bool(refresh), collect, if_version, progress)
        else:
            count, rejected, refused = writer.upsert(source, bool(refresh), collect, if_version, progress)
        log("index", DEBUG, "upserted %d documents into %s", count, self._native.url)
        if refused:
            log("index", INFO, "refused %d documents of %s, the first: %s", refused, self._native.url, rejected[0])
        return Upserted(count=count, rejected=rejected, rejected_count=refused)

    def delete(self, keys: Iterable[str | int] | str | int, *, refresh: bool = True) -> int:
        """Deletes the documents with these keys.

        Args:
            keys: keys, or one key.
            refresh: as in `upsert`.

        Returns: how many were there. Inside a transaction it is not known yet and 0.
        Errors: `ClosedError` in a forked child.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold"}, {"id": "k2", "title": "silver"}])
            >>> index.delete(["k1", "k9"])
            1
            >>> index.close()
        """
        listed = [keys] if isinstance(keys, (str, int)) else list(keys)
        return self._writer().delete(listed, bool(refresh))

    def delete_where(self, where: Filter | str, *, refresh: bool = True) -> int:
        """Deletes every document that passes a filter.

        Args:
            where: a filter made by `col(…)`, or its text.
            refresh: as in `upsert`.

        Returns: how many were deleted in this view. The filter is evaluated again when a commit has to follow another writer's.
        Errors: `QueryError` for a filter that does not fit the schema; `ClosedError` in a forked child.
        Cost: one pass over the columns that the filter names.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"year": fs.Integer()}))
            >>> _ = index.upsert([{"id": "k1", "year": 1700}, {"id": "k2", "year": 1900}])
            >>> index.delete_where(fs.col("year") < 1800)
            1
            >>> index.close()
        """
        return self._writer().delete_where(where, bool(refresh))

    def refresh(self) -> None:
        """Makes searchable here what was written so far, through this handle and by other processes' commits.

        Errors: `CorruptionError` when a new segment is damaged.
        Concurrency: calls at the same time share the work.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold"}], refresh=False)
            >>> index.refresh()
            >>> len(index)
            1
            >>> index.close()
        """
        self._native.refresh()

    def commit(self) -> Commit:
        """Makes durable, and visible to other processes, what was written so far.

        Returns: the commit; its generation is the same in every process. Without anything new it is the newest one.
        Errors: `ConflictError` when other writers win again and again; `StorageError` when the disk is full (what was written stays
            searchable here, and a later commit can succeed); `ClosedError` in a forked child; `RuntimeError` inside a transaction.
        Cost: writes what is still in memory and syncs it to disk.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold"}])
            >>> index.commit()
            Commit(generation=2)
            >>> index.close()
        """
        if joined(self) is not None:
            raise RuntimeError("commit() inside a transaction: leaving the block commits it")
        generation = self._native.commit()
        log("index", INFO, "committed generation %d of %s", generation, self._native.url)
        return Commit(generation=generation)

    def transaction(self) -> Transaction:
        """All or nothing: what is written inside the block becomes one commit at its end, and an exception drops it.

        `index.upsert` and its like inside the block, in the same thread or task, take part; searches do not see it before the end.

        Returns: a context manager.
        Errors: at the end of the block those of `commit`; `RuntimeError` when this context is inside one already.
        Cost: as a commit.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> with index.transaction():
            ...     _ = index.upsert([{"id": "k1", "title": "gold"}])
            ...     len(index)
            0
            >>> len(index)
            1
            >>> index.close()
        """
        return Transaction(self)

    def _writer(self) -> NativeIndex | NativeTransaction:
        """Where this context writes: its transaction, or the index itself."""
        transaction = joined(self)
        if transaction is not None:
            return transaction
        if not self._watched:
            from ._unsaved import watch

            watch(self)
            self._watched = True
        return self._native

    def close(self) -> None:
        """Commits what was written, stops background work, lets go of all files. Closing twice is nothing.

        Errors: those of `commit`.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> index.close()
            >>> index.close()
        """
        self._unfollow()
        self._native.close(True)

    def _unfollow(self) -> None:
        followed, self._followed = self._followed, None
        if followed is not None:
            followed.close(self._native)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._unfollow()
            self._native.close(False)

    # -- reading ----------------------------------------------------------------------------------------------------------------

    def view(self) -> View:
        """Pins what can be searched now: several searches of one view see exactly the same documents.

        Returns: a view, to be used as a context manager or closed.
        Errors: `ClosedError`.
        Cost: a pointer; the files of a pinned view are kept until it is closed.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> with index.view() as view:
            ...     _ = index.upsert([{"id": "k1", "title": "gold"}])
            ...     len(view), len(index)
            (0, 1)
            >>> index.close()
        """
        return View(self._native.view())

    @property
    def url(self) -> str:
        """Where the index is; `findspot.open` takes it.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://docs-url", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> index.url
            'memory://docs-url'
            >>> index.close()
        """
        return self._native.url

    @property
    def schema(self) -> Schema:
        """The schema as this handle sees it.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> index.schema.key
            'id'
            >>> index.close()
        """
        from .schema import Schema

        return Schema._from_json(self._native.schema())

    @property
    def config(self) -> Store[Any]:
        """The configuration of its ranking: a store whose versions are live in this index as soon as they are published.

        `reload`, `patch`, `watch`, `rollback`, `history` and all else of `findspot.config.Store` work on it. A ranking file that is saved
        is read by `reload`, or by itself once `watch` was called. A version that does not fit
        the schema, or that a `[guard]` refuses, is not published. An index that was opened without one, or with a mapping, gets a store
        when this is first asked for: without one it follows what is published beside the index, and publishes nothing by that.

        Errors: `ClosedError`; `StorageError` when versions cannot be kept beside the index.
        Concurrency: as the store.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text(), "clue": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold"}, {"id": "k2", "clue": "gold gold"}])
            >>> index.config.patch({"ranking.fields": {"title": 1, "clue": 9}}).version
            2
            >>> hits = index.search("gold")
            >>> hits.keys, hits.config_version
            (['k2', 'k1'], 2)
            >>> index.close()
        """
        if self._followed is None:
            self._native.view()  # a closed index has none
            self._followed = follow(self._native, None, self._options.get("config") or {})
        return self._followed.store

    def _open(self) -> NativeIndex:
        return self._native

    def __repr__(self) -> str:
        try:
            return f"Index({self._native.url!r}, {len(self._native):,} documents)"
        except ClosedError:
            return f"Index({self._native.url!r}, closed)"

    def __reduce__(self) -> tuple[object, ...]:
        return _reopen, (self._native.url, self._native.view().generation, self._options)

    def __del__(self) -> None:
        if getattr(self, "_watched", False):
            from ._unsaved import warn

            warn(self)


def open(
    target: str | os.PathLike[str],
    *,
    config: Mapping[str, Any] | str | os.PathLike[str] | Store[Any] | None = None,
    follow: float | None = None,
    memory: str | int = "256MB",
) -> Index:
    """Opens an index that exists. Any number of processes may; it is read-only unless it writes.

    Args:
        target: a path or URL, as in `Index.create`.
        config: the ranking, as in `Index.create`; a path publishes what it says if that is another content than the newest version's.
            Later changes of the file take effect with `index.config.reload()`, or by themselves after `index.config.watch()`.
        follow: look for other processes' commits every so many seconds; without it only `refresh()` does.
        memory: budget for building, should this handle write.

    Returns: the open index.
    Errors: `StorageError` when there is none or it is of a newer format; `CorruptionError` when its manifest or a segment's footer is
        damaged; `ConfigError`.
    Cost: maps the files; none is read whole, about a millisecond.

    Example:
        >>> import findspot as fs
        >>> first = fs.Index.create("memory://docs-open", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> fs.open("memory://docs-open", config={"operator": "and"})
        Index('memory://docs-open', 0 documents)
        >>> first.close()
    """
    options = {"config": _kept(config), "memory": memory, "follow": follow}
    own = _config_json(None if is_followed(config) else config)
    native = _native.Index.open(target_of(target), own, parse_size(memory, "memory"), follow, None)
    log("index", DEBUG, "opened %s", native.url)
    return Index._following(native, options, config)


def _reopen(url: str, generation: int, options: dict[str, Any]) -> Index:
    """What a pickled index becomes where it arrives."""
    config, memory = options.get("config"), options.get("memory", "256MB")
    own = _config_json(None if is_followed(config) else config)
    native = _native.Index.open(url, own, parse_size(memory, "memory"), options.get("follow"), generation)
    return Index._following(native, options, config)
