"""The compiled core, for the façade. `Hits` and `Hit` are public as `findspot.Hits` and `findspot.Hit`; `Searching` is
what `findspot.Index` and `findspot.View` inherit."""

from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from contextvars import Context
from datetime import datetime
from typing import Any, Generic, Literal, Self, SupportsIndex, TypeAlias, TypeVar, final, overload

from typing_extensions import disjoint_base

from .errors import DocumentError
from .filters import Filter
from .query import Query
from .reports import Count

__version__: str
__kernels__: str

_Config = TypeVar("_Config")
_Result = TypeVar("_Result", covariant=True)
_Progress: TypeAlias = Callable[[int, int, int], object] | None

def check_schema(json: str, /) -> None: ...
def analyze(text: str, analyzer: str, query: bool, /) -> list[tuple[str, int, int, int]]: ...
def analyzers() -> list[str]: ...
def pool_load() -> tuple[int, int]: ...
def infer(source: str | Iterable[Any], key: str | None, limit: int, /) -> tuple[str, str]: ...

@disjoint_base
class Searching:
    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    def search(
        self,
        query: str | Query = "",
        *,
        limit: int = 10,
        offset: int = 0,
        where: Filter | str | None = None,
        sort: str | Sequence[str] | None = None,
        count: Literal["up_to", "exact", "none"] = "up_to",
        fields: str | Sequence[str] | None = None,
        timeout: float | None = None,
        on_timeout: Literal["partial", "raise"] = "partial",
        strict: bool = False,
        profile: str | None = None,
        unit: str | None = None,
        now: datetime | str | None = None,
        near: tuple[float, float] | None = None,
        explain: bool = False,
    ) -> Hits:
        """The documents that answer a query, best first.

        The query string speaks: words, `"a phrase"`, `"a loose phrase"~2`, `-not`, `+must`, `AND OR NOT ( )`, `field:term`,
        `field:[1700 TO 1800]`, `field:>=5`, `pre*`, `typo~1`, `word^2`. A blank one matches everything, oldest first.

        Args:
            query: a query string, or a typed query of `findspot.query`.
            limit: at most so many hits.
            offset: leave out so many first.
            where: a filter made by `col(…)`, or its text: `"year < 1900 and subjects in ['hoard', 'coin']"`.
            sort: fields to sort by, `-` before a name for descending; `"_score"` is the score, best first with and without `-`.
                Without it by score. A missing value comes last both ways; equal documents come oldest first.
            count: what `hits.total` says: `"up_to"` is exact up to 10,000, then a lower bound; `"exact"`; `"none"`.
            fields: stored fields to return; without it all.
            timeout: seconds; without it what the configuration's `limits` say, and without those there is none.
            on_timeout: when the time is over: `"partial"` returns what was found, with `hits.partial` true; `"raise"`.
            strict: raise `QueryError` where a query string cannot be understood, in the place of taking it as plain words.
            profile: a ranking profile of the configuration; without it the base, or what an experiment says.
            unit: who asks, such as `"user-7"`: the same unit is always in the same experiment; without it in none.
            now: the time that recency counts from, a `datetime` (naive: UTC) or its ISO 8601 text; without it recency does not count.
            near: the place that distance counts from, `(latitude, longitude)`; without it distance does not count.
            explain: make `hit.explanation` say where each score comes from.

        Returns: the hits; each is read from the index when it is looked into.
        Errors: `QueryError` for a typed query, filter, sort or field that does not fit the schema, and for a string when `strict`;
            `SearchTimeout`; `CorruptionError`; `ValueError` for a negative `limit`, `offset` or `timeout`, a profile that there is not, a
            `now` or `near` that is no time or place; `ClosedError`.
        Concurrency: takes no lock; releases the interpreter and obeys Ctrl-C unless the query is a matter of microseconds.
        Cost: every document that holds one of the words is looked at; memory 16 bytes for each of `offset + limit`.

        Example:
            >>> import findspot as fs
            >>> schema = fs.Schema(key="id", fields={"title": fs.Text(), "year": fs.Integer()})
            >>> index = fs.Index.create("memory://", schema)
            >>> _ = index.upsert([{"id": "k1", "title": "gold coin", "year": 1700}, {"id": "k2", "title": "coin", "year": 1900}])
            >>> index.search("gold coin").keys
            ['k1', 'k2']
            >>> index.search("coin", where="year < 1800").keys
            ['k1']
            >>> index.search("coin", sort="-year", limit=1)[0]["year"]
            1900
            >>> index.close()
        """

    def count(
        self,
        query: str | Query = "",
        *,
        where: Filter | str | None = None,
        strict: bool = False,
        profile: str | None = None,
        unit: str | None = None,
    ) -> Count:
        """How many documents match, exactly: as many as `search` with `count="exact"` says that there are.

        Args:
            query: as in `search`.
            where: as in `search`.
            strict: as in `search`.
            profile: as in `search`.
            unit: as in `search`.

        Returns: a number that also has `warnings`: what was cut or guessed, as `hits.warnings` says.
        Errors: as in `search`, but for `SearchTimeout`: it takes the time that it takes.
        Concurrency: as `search`.
        Cost: as a search without ranking.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}, {"id": "k2", "title": "silver"}])
            >>> index.count("gold"), index.count()
            (1, 2)
            >>> index.count("gold (").warnings == index.search("gold (").warnings
            True
            >>> index.close()
        """

    def search_many(
        self,
        queries: Iterable[str | Query],
        *,
        limit: int = 10,
        offset: int = 0,
        where: Filter | str | None = None,
        sort: str | Sequence[str] | None = None,
        count: Literal["up_to", "exact", "none"] = "up_to",
        fields: str | Sequence[str] | None = None,
        timeout: float | None = None,
        on_timeout: Literal["partial", "raise"] = "partial",
        strict: bool = False,
        profile: str | None = None,
        unit: str | None = None,
        now: datetime | str | None = None,
        near: tuple[float, float] | None = None,
        explain: bool = False,
    ) -> list[Hits]:
        """The hits of several queries, all searched in one view: what `search` returns for each, in their order.

        Args:
            queries: query strings and typed queries, as `search` takes them one by one.
            limit: as in `search`, for each query; so are all that follow.
            offset: leave out so many first.
            where: a filter for all queries.
            sort: fields to sort by.
            count: what `hits.total` says.
            fields: stored fields to return.
            timeout: seconds for each query.
            on_timeout: when a query's time is over: `"partial"` or `"raise"`.
            strict: raise `QueryError` where a query string cannot be understood.
            profile: a ranking profile.
            unit: who asks.
            now: the time that recency counts from.
            near: the place that distance counts from.
            explain: make `hit.explanation` say where each score comes from.

        Returns: a list, one `Hits` a query.
        Errors: those of `search`, with a note that says which query it was; then there are no hits of the others either.
        Concurrency: runs in the calling thread, releases the interpreter once for all queries, obeys Ctrl-C.
        Cost: that of the searches; what a call of its own costs (half a microsecond, more beside busy threads) is paid once.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}, {"id": "k2", "title": "silver coin"}])
            >>> [hits.keys for hits in index.search_many(["gold", "silver", fs.query.Match("coin")], limit=10)]
            [['k1'], ['k2'], ['k1', 'k2']]
            >>> index.close()
        """

    def asearch(
        self,
        query: str | Query = "",
        *,
        limit: int = 10,
        offset: int = 0,
        where: Filter | str | None = None,
        sort: str | Sequence[str] | None = None,
        count: Literal["up_to", "exact", "none"] = "up_to",
        fields: str | Sequence[str] | None = None,
        timeout: float | None = None,
        on_timeout: Literal["partial", "raise"] = "partial",
        strict: bool = False,
        profile: str | None = None,
        unit: str | None = None,
        now: datetime | str | None = None,
        near: tuple[float, float] | None = None,
        explain: bool = False,
    ) -> Answer[Hits]:
        """What `search` returns, awaited: the event loop goes on meanwhile.

        Args:
            query: as in `search`.
            limit: as in `search`; so are all that follow.
            offset: leave out so many first.
            where: a filter.
            sort: fields to sort by.
            count: what `hits.total` says.
            fields: stored fields to return.
            timeout: seconds, from the moment that it is awaited: time in the queue counts.
            on_timeout: when the time is over: `"partial"` or `"raise"`.
            strict: raise `QueryError` where a query string cannot be understood.
            profile: a ranking profile.
            unit: who asks.
            now: the time that recency counts from.
            near: the place that distance counts from.
            explain: make `hit.explanation` say where each score comes from.

        Returns: something to `await`, once, in a task of asyncio, uvloop or trio (anyio): the hits.
        Errors: those of `search`; `Overloaded` when too many wait already, before any work was done. Those of arguments come with the call.
        Concurrency: sees what is published when it is called. A search of some tens of microseconds is done at once, any other by the threads of
            findspot; no Python thread or executor takes part. Cancelling the task stops the search.
        Cost: beside that of the search some microseconds.

        Example:
            >>> import asyncio
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}])
            >>> async def main():
            ...     hits = await index.asearch("coin", timeout=0.5)
            ...     return hits.keys
            >>> asyncio.run(main())
            ['k1']
            >>> index.close()
        """

    def asearch_many(
        self,
        queries: Iterable[str | Query],
        *,
        limit: int = 10,
        offset: int = 0,
        where: Filter | str | None = None,
        sort: str | Sequence[str] | None = None,
        count: Literal["up_to", "exact", "none"] = "up_to",
        fields: str | Sequence[str] | None = None,
        timeout: float | None = None,
        on_timeout: Literal["partial", "raise"] = "partial",
        strict: bool = False,
        profile: str | None = None,
        unit: str | None = None,
        now: datetime | str | None = None,
        near: tuple[float, float] | None = None,
        explain: bool = False,
    ) -> Answer[list[Hits]]:
        """What `search_many` returns, awaited: the event loop goes on meanwhile.

        Args:
            queries: as in `search_many`.
            limit: as in `search`; so are all that follow.
            offset: leave out so many first.
            where: a filter.
            sort: fields to sort by.
            count: what `hits.total` says.
            fields: stored fields to return.
            timeout: seconds for each query.
            on_timeout: when the time is over: `"partial"` or `"raise"`.
            strict: raise `QueryError` where a query string cannot be understood.
            profile: a ranking profile.
            unit: who asks.
            now: the time that recency counts from.
            near: the place that distance counts from.
            explain: make `hit.explanation` say where each score comes from.

        Returns: something to `await`, once, in a task of asyncio, uvloop or trio (anyio): a list, one `Hits` a query.
        Errors: those of `search_many`; `Overloaded` when too many wait already, before any work was done. Those of arguments come with the call.
        Concurrency: all queries see what is published when it is called, and are searched by one thread of findspot. Cancelling the task stops it.
        Cost: that of the searches.

        Example:
            >>> import asyncio
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}, {"id": "k2", "title": "silver coin"}])
            >>> async def main():
            ...     return [hits.keys for hits in await index.asearch_many(["gold", "silver"], limit=10)]
            >>> asyncio.run(main())
            [['k1'], ['k2']]
            >>> index.close()
        """

@final
class Answer(Coroutine[Any, Any, _Result]):
    def __await__(self) -> Generator[Any, Any, _Result]: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...
    def send(self, value: Any, /) -> Any: ...
    def throw(self, *error: Any) -> Any: ...
    def close(self) -> None: ...

@final
class Inbox:
    def __new__(cls) -> Self: ...
    def fileno(self) -> int: ...
    def collect(self) -> None: ...
    def flush(self) -> None: ...
    def __len__(self) -> int: ...

@final
class Pending:
    _asyncio_future_blocking: bool
    def get_loop(self) -> Any: ...
    def add_done_callback(self, callback: Callable[[Pending], object], /, *, context: Context | None = None) -> None: ...
    def remove_done_callback(self, callback: Callable[[Pending], object]) -> int: ...
    def cancel(self, msg: object = None) -> bool: ...
    def cancelled(self) -> bool: ...
    def done(self) -> bool: ...
    def result(self) -> None: ...
    def exception(self) -> None: ...

@final
class Index:
    @staticmethod
    def create(url: str, schema: str, config: str | None, memory: int, exist_ok: bool, /) -> Index: ...
    @staticmethod
    def open(url: str, config: str | None, memory: int, follow: float | None, generation: int | None, /) -> Index: ...
    @property
    def url(self) -> str: ...
    def schema(self) -> str: ...
    def view(self) -> View: ...
    def get(self, key: object, /) -> tuple[dict[str, Any], int] | None: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def parse(self, text: str, strict: bool, /) -> tuple[str, str]: ...
    def upsert(
        self, records: Iterable[Any], refresh: bool, collect: bool, if_version: int | None, progress: _Progress, /
    ) -> tuple[int, list[DocumentError], int]: ...
    def upsert_file(
        self, path: str, refresh: bool, collect: bool, if_version: int | None, progress: _Progress, /
    ) -> tuple[int, list[DocumentError], int]: ...
    def aupsert(
        self, records: Iterable[Any], refresh: bool, collect: bool, if_version: int | None, /
    ) -> Answer[tuple[int, list[DocumentError], int]]: ...
    def aupsert_file(
        self, path: str, refresh: bool, collect: bool, if_version: int | None, /
    ) -> Answer[tuple[int, list[DocumentError], int]]: ...
    def acommit(self) -> Answer[int]: ...
    def delete(self, keys: Iterable[str | int], refresh: bool, /) -> int: ...
    def delete_where(self, condition: object, refresh: bool, /) -> int: ...
    def refresh(self) -> None: ...
    def commit(self) -> int: ...
    def transaction(self) -> Transaction: ...
    def merge(self, max_segments: object, /) -> int: ...
    def gc(self) -> tuple[int, int]: ...
    def copy(self, destination: str, /) -> tuple[int, int, int]: ...
    def check(self) -> tuple[int, int, list[tuple[str, int, str]]]: ...
    def stats(self) -> dict[str, Any]: ...
    def alter(self, fields: str, /) -> None: ...
    def has_changes(self) -> bool: ...
    def close(self, commit: bool, /) -> None: ...

@final
class View:
    @property
    def generation(self) -> int: ...
    def close(self) -> None: ...
    def get(self, key: object, /) -> tuple[dict[str, Any], int] | None: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def parse(self, text: str, strict: bool, /) -> tuple[str, str]: ...

@final
class Transaction:
    def upsert(
        self, records: Iterable[Any], _refresh: bool, collect: bool, if_version: int | None, progress: _Progress, /
    ) -> tuple[int, list[DocumentError], int]: ...
    def upsert_file(
        self, path: str, _refresh: bool, collect: bool, if_version: int | None, progress: _Progress, /
    ) -> tuple[int, list[DocumentError], int]: ...
    def aupsert(
        self, records: Iterable[Any], _refresh: bool, collect: bool, if_version: int | None, /
    ) -> Answer[tuple[int, list[DocumentError], int]]: ...
    def aupsert_file(
        self, path: str, _refresh: bool, collect: bool, if_version: int | None, /
    ) -> Answer[tuple[int, list[DocumentError], int]]: ...
    def delete(self, keys: Iterable[str | int], _refresh: bool, /) -> int: ...
    def delete_where(self, condition: object, _refresh: bool, /) -> int: ...
    def commit(self) -> int: ...
    def rollback(self) -> None: ...

@final
class Hits:
    """What a search found, best first: a sequence of `Hit`.

    `len(hits)`, `hits[0]`, `hits[:3]` and iteration work as with a list; everything is read from the index when it is asked for.

    Concurrency: immutable; threads may share it. It holds the view on which the search ran, so later writes do not change it.
    Cost: 8 bytes of score and 8 of place a hit; a document is decompressed and decoded when its `Hit` is first looked into.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}, {"id": "k2", "title": "silver coin"}])
        >>> hits = index.search("gold coin")
        >>> [hit["title"] for hit in hits]
        ['gold coin', 'silver coin']
        >>> len(hits), hits.total, hits.total_relation
        (2, 2, 'eq')
        >>> index.close()
    """
    @property
    def total(self) -> int | None:
        """How many documents match: exact when `total_relation` is `"eq"`, a lower bound when it is `"gte"`, None with `count="none"`."""

    @property
    def total_relation(self) -> Literal["eq", "gte"]:
        """`"eq"` or `"gte"`: how `total` is to be read."""

    @property
    def partial(self) -> bool:
        """Whether the time ran out before every document was looked at."""

    @property
    def executor(self) -> Literal["pruned", "counted", "sorted", "exhaustive"]:
        """How the hits were found: `"pruned"` looked only at what could still win, `"sorted"` passed over parts of a column that could not be
        among the first, `"counted"` looked for no hits at all, `"exhaustive"` looked at every document that matches. The hits are the same."""

    @property
    def warnings(self) -> list[str]:
        """What was cut or taken as plain text, one sentence each."""

    @property
    def took(self) -> float:
        """Time the search took, in seconds."""

    @property
    def index_generation(self) -> int:
        """The commit on which the search ran: the manifest's number, the same in every process."""

    @property
    def index_refresh(self) -> int:
        """How many refreshes of this handle came after that commit."""

    @property
    def config_version(self) -> int:
        """The version of the ranking configuration on which the search ran."""

    @property
    def keys(self) -> list[Any]:
        """The keys of all hits, best first: a new list."""

    @property
    def scores(self) -> Scores:
        """The scores of all hits, best first: a read-only buffer of float64 (`np.asarray(hits.scores)` copies nothing)."""

    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Hit: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[Hit]: ...
    def __iter__(self) -> HitIterator: ...
    def to_list(self) -> list[dict[str, Any]]:
        """All hits as plain values: `[{"key": …, "score": …, "document": {…}}, …]`.

        Returns: a new list; documents hold the fields that `fields=` asked for, as they were written.
        Errors: `CorruptionError` when a stored block is damaged.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}])
            >>> index.search("").to_list()
            [{'key': 'k1', 'score': 0.0, 'document': {'id': 'k1', 'title': 'gold coin'}}]
            >>> index.close()
        """

    def to_json(self) -> bytes:
        """The same as `to_list`, as UTF-8 JSON ready for a response.

        Errors: `CorruptionError` when a stored block is damaged.
        Cost: a copy of the stored bytes; nothing is parsed.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}])
            >>> import json
            >>> json.loads(index.search("gold").to_json())[0]["key"]
            'k1'
            >>> index.close()
        """

    def to_arrow(self) -> ArrowTable:
        """All hits as an Arrow table: the key, `_score`, then the fields (those of `fields=`, else all of the schema).

        Returns: an object with `__arrow_c_stream__`: `polars.DataFrame(hits.to_arrow())`, `pyarrow.table(hits.to_arrow())`.
        Errors: `CorruptionError` when a stored block is damaged, raised when the table is read.
        Cost: parses each document once, when the table is read.

        Example:
            >>> import findspot as fs
            >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
            >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}])
            >>> index.search("gold").to_arrow()
            ArrowTable(1 rows)
            >>> index.close()
        """

@final
class HitIterator:
    def __iter__(self) -> HitIterator: ...
    def __next__(self) -> Hit: ...
    def __length_hint__(self) -> int: ...

@final
class Hit:
    """One hit: `hit.key`, `hit.score`, and its stored document as a read-only mapping: `hit["title"]`.

    Values are as they were written, so a date is its text. A member that was not written raises `KeyError`; `hit.get(name)` gives None.

    Concurrency: immutable; it holds the view on which the search ran.
    Cost: the document is decompressed and decoded once, when first looked into; `key` and `score` do not need it.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text(), "year": fs.Integer()}))
        >>> _ = index.upsert([{"id": "k1", "title": "gold coin", "year": 1700}])
        >>> hit = index.search("gold")[0]
        >>> hit.key, hit["year"], hit.get("place"), "title" in hit
        ('k1', 1700, None, True)
        >>> dict(hit)
        {'id': 'k1', 'title': 'gold coin', 'year': 1700}
        >>> index.close()
    """
    @property
    def key(self) -> Any:
        """The document's key."""

    @property
    def score(self) -> float:
        """The document's score for the query; 0.0 when nothing was scored."""

    @property
    def explanation(self) -> dict[str, Any] | None:
        """Where the score comes from, with `explain=True`; else None.

        `score` is `points / scale`; `tree` has `points`, `value`, `how`, `description`, and where they apply `field`, `term`, `factor` and
        `children`. The points of a part whose `how` is `"sum"` are the sum of those of its children, up to the integer that hits are
        ordered by. `profile`, `experiment` and `pin` say what chose the ranking and the place; `text` is all of it as lines.
        """

    def __getitem__(self, name: str, /) -> Any: ...
    def __contains__(self, name: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def keys(self) -> list[str]:
        """The names of the document's members: a new list."""

    def values(self) -> list[Any]:
        """The values of the document's members: a new list."""

    def items(self) -> list[tuple[str, Any]]:
        """Names and values of the document's members: a new list of pairs."""

    def get(self, name: str, default: Any = None) -> Any:
        """A member's value, or `default` when it was not written."""

@final
class Scores:
    def __len__(self) -> int: ...
    def __getitem__(self, index: SupportsIndex, /) -> float: ...
    def __iter__(self) -> Iterator[float]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class ArrowTable:
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

@final
class ConfigNames:
    def __new__(cls, words: list[str] | None, folder: str | None, /) -> Self: ...
    def says(self, key: str, /) -> bool: ...

def config_path(text: str, /) -> list[str | int]: ...
def plain_json(value: object, /) -> bytes | None: ...
def url_has_password(text: str, /) -> bool: ...

@final
class ConfigPlan:
    def view(self, json: str, /) -> Any: ...
    def __new__(
        cls,
        plan: tuple[Any, ...],
        classes: Callable[[tuple[str, ...], tuple[str, ...], bool], Any],
        time: Callable[[str], Any],
        names: ConfigNames,
        /,
    ) -> Self: ...

@final
class ConfigNode:
    @property
    def version(self) -> int: ...
    def fill(self, view: Any, /) -> bool: ...
    def hash(self) -> int: ...
    def same(self, other: ConfigNode, /) -> bool: ...
    def marked(self) -> frozenset[str]: ...
    def secret_texts(self) -> list[str]: ...
    def public_path(self, path: str, /) -> str: ...
    def json(self) -> bytes: ...
    def find(self, steps: list[str], /) -> list[tuple[str, ConfigNode]]: ...
    def view(self, plan: ConfigPlan, /) -> Any: ...

@final
class ConfigTable:
    def _findspot_hides_(self, key: str, /) -> bool: ...
    @property
    def _findspot_hidden_(self) -> bool: ...
    @property
    def _findspot_node_(self) -> ConfigNode: ...
    def __getitem__(self, name: Any, /) -> Any: ...
    def __contains__(self, name: Any, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def get(self, name: Any, default: Any = None, /) -> Any: ...
    def keys(self) -> Any: ...
    def items(self) -> Any: ...
    def values(self) -> Any: ...

@final
class ConfigDiff:
    def counts(self) -> tuple[int, int, int]: ...
    def paths(self) -> list[str]: ...
    def json(self) -> bytes: ...

@final
class ConfigPin(Generic[_Config]):
    def __enter__(self) -> _Config: ...
    def __exit__(self, kind: Any, error: Any, trace: Any, /) -> None: ...

_Answer: TypeAlias = tuple[str, ConfigDiff | None]
_Pairs: TypeAlias = list[tuple[str, bytes | None]]

@final
class ConfigCandidate:
    def view(self) -> Any: ...

@disjoint_base
class ConfigStore(Generic[_Config]):
    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    @property
    def version(self) -> int:
        """The number of the version that is current.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> Store(sources=[Mapping({"a": 1})]).version
            1
        """

    def pin(self, version: int | None = None, *, fresh: bool = False) -> ConfigPin[_Config]:
        """One version for a request: `with store.pin() as config`.

        The pin is in a context variable: tasks and `asyncio.to_thread` inherit it, and `pinned()`, `for_unit` and derived values are of
        that version, also when it is long retired. A pin inside a pin is the same version unless another is asked for. At the end
        of the `with` the version is let go of: a task that was started inside and lives longer is not pinned any more. Use the result at
        once, in one `with`.

        Args:
            version: an older version that is kept; None is the current one.
            fresh: inside a pin, the current version in the place of the pinned one.

        Returns: a context manager that gives the view.
        Errors: `ConfigError` for a version that is not kept.
        Concurrency: takes no lock. Cost: some 200 ns.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> store = Store(sources=[Mapping({"a": 1})])
            >>> with store.pin() as config:
            ...     _ = store.patch({"a": 2})
            ...     print(config.a, store.pinned().a, store.current.a)
            1 1 2
            >>> with store.pin(version=1) as old:
            ...     old.a
            1
        """

    def pinned(self) -> _Config:
        """The version that is pinned here; the current one when none is.

        Concurrency: takes no lock. Cost: some tens of nanoseconds.

        Example:
            >>> from findspot.config import Mapping, Store
            >>> Store(sources=[Mapping({"a": 1})]).pinned().a
            1
        """

    def _open(
        self, plan: ConfigPlan, form: str | None, names: ConfigNames, sources: list[Any], settings: dict[str, Any], hooks: Any, /
    ) -> _Answer | None: ...
    def _reload(self, actor: str, reason: str, force: bool, /) -> _Answer: ...
    def _attach(self, index: Index, folder: str, /) -> _Answer | None: ...
    def _placed(self, refused: list[tuple[str, str, str, str | None]], /) -> list[str | None]: ...
    def _detach(self, index: Index, /) -> None: ...
    def _patch(self, pairs: _Pairs, expected: int | None, actor: str, reason: str, force: bool, /) -> _Answer: ...
    def _unpatch(self, paths: list[str], actor: str, reason: str, /) -> _Answer: ...
    def _stage(self, pairs: _Pairs | None, /) -> tuple[_Answer, ConfigCandidate | None]: ...
    def _publish_staged(self, candidate: ConfigCandidate, actor: str, reason: str, /) -> _Answer: ...
    def _rollback(self, version: int, actor: str, reason: str, /) -> _Answer: ...
    def _resume(self, actor: str, reason: str, /) -> _Answer: ...
    def _set_units(self, units: list[tuple[str, _Pairs | None]], /) -> _Answer: ...
    def _for_unit(self, unit: str, view: Any, /) -> Any: ...
    def _history(self) -> str: ...
    def _diff(self, old: int, new: int | None, /) -> ConfigDiff: ...
    def _difference(self, other: ConfigStore[Any], /) -> ConfigDiff: ...
    def _explain(self, path: str, /) -> str | None: ...
    def _drift(self) -> str: ...
    def _metrics(self) -> str: ...
    def _watch(self) -> None: ...
    def _unwatch(self) -> None: ...
    def _subscribe(self, patterns: list[str], function: Callable[..., object], /) -> None: ...
    def _derive(self, name: str, paths: list[str], /) -> _Answer: ...
    def _derived(self, name: str, view: Any, /) -> Any: ...
    def _after_fork(self) -> None: ...
    def _close(self) -> None: ...
