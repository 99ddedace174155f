"""Everything that findspot raises, as one tree.

```
FindspotError
├── SchemaError        (ValueError)    path, expected, got
├── DocumentError      (ValueError)    key, field, expected, got, source, record
├── QueryError         (ValueError)    position, hint
├── ConfigError        (ValueError)    problems
├── ConflictError      (RuntimeError)
├── StaleView          (RuntimeError)
├── ClosedError        (RuntimeError)
├── SearchTimeout      (TimeoutError)  seconds
├── Overloaded         (RuntimeError)  retry_after
├── CorruptionError    (OSError)       file, offset
├── StorageError       (OSError)       errno, filename
└── InternalError      (RuntimeError)
```

**In**: what the engine refuses or fails at. **Out**: exceptions that carry data. **Law**: the text says what was expected, what was
found, where, and how to repair it; each leaf is also the builtin that a caller would expect. A wrong argument is Python's own
`TypeError` or `ValueError`, and Ctrl-C is `KeyboardInterrupt`. Every error survives pickling, so it crosses process pools.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .config.reports import Problem

__all__ = [
    "ClosedError",
    "ConfigError",
    "ConflictError",
    "CorruptionError",
    "DocumentError",
    "FindspotError",
    "InternalError",
    "Overloaded",
    "QueryError",
    "SchemaError",
    "SearchTimeout",
    "StaleView",
    "StorageError",
]


def _rebuild(cls: type[FindspotError], message: str, data: dict[str, object]) -> FindspotError:
    error = cls.__new__(cls, message)
    error.args = (message,)
    error.__dict__.update(data)
    return error


class FindspotError(Exception):
    """The root: catches whatever findspot raises by itself.

    Attributes:
        message: the whole text, as `str(error)`.

    Example:
        >>> import findspot as fs
        >>> try:
        ...     fs.open("memory://")
        ... except fs.FindspotError as error:
        ...     print(type(error).__name__)
        StorageError
    """

    message: str

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, dict(self.__dict__))


class SchemaError(FindspotError, ValueError):
    """A schema that cannot be, or two schemas that disagree.

    Attributes:
        path: dotted path inside the schema, as in `fields.year`.
        expected: what would have been accepted.
        got: what stood there.

    Example:
        >>> import findspot as fs
        >>> try:
        ...     fs.Schema(key="id", fields={"two words": fs.Text()})
        ... except fs.SchemaError as error:
        ...     print(error.path)
        fields.two words
    """

    path: str
    expected: str
    got: str

    def __init__(self, message: str, *, path: str = "", expected: str = "", got: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.expected = expected
        self.got = got


class DocumentError(FindspotError, ValueError):
    """A document that the schema refuses. The writer is as it was before; nothing of the call was written.

    Attributes:
        key: the document's key, or None when it could not be read.
        field: the field at fault; empty when it is the document as a whole.
        expected: what would have been accepted.
        got: what stood there, shortened.
        source: the file it came from, or None.
        record: its line in that file or its number in the batch, counted from 1, or None.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"year": fs.Integer()}))
        >>> try:
        ...     index.upsert([{"id": "k1", "year": "last"}])
        ... except fs.DocumentError as error:
        ...     print(error.key, error.field, error.record)
        k1 year 1
        >>> index.close()
    """

    key: str | None
    field: str
    expected: str
    got: str
    source: str | None
    record: int | None

    def __init__(
        self,
        message: str,
        *,
        key: str | None = None,
        field: str = "",
        expected: str = "",
        got: str = "",
        source: str | None = None,
        record: int | None = None,
    ) -> None:
        super().__init__(message)
        self.key = key
        self.field = field
        self.expected = expected
        self.got = got
        self.source = source
        self.record = record


class QueryError(FindspotError, ValueError):
    """A query or filter that cannot be understood. Lenient query strings never raise it.

    Attributes:
        position: where, in characters from the start of the text, or None for a typed query.
        hint: how to repair it, or None.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> try:
        ...     index.search("(gold", strict=True)
        ... except fs.QueryError as error:
        ...     print(error.position is not None)
        True
        >>> index.close()
    """

    position: int | None
    hint: str | None

    def __init__(self, message: str, *, position: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.position = position
        self.hint = hint


class ConfigError(FindspotError, ValueError):
    """A configuration that is refused as a whole, with every problem at once.

    Attributes:
        problems: a `findspot.config.Problem` each, which also unpacks as `path, expected, got`.

    Example:
        >>> import findspot as fs
        >>> schema = fs.Schema(key="id", fields={"title": fs.Text()})
        >>> try:
        ...     fs.Index.create("memory://", schema, config={"k1": -1, "boldness": 2})
        ... except fs.ConfigError as error:
        ...     print(sorted(path for path, _, _ in error.problems))
        ['boldness', 'k1']
    """

    problems: list[Problem]

    def __init__(self, message: str, *, problems: Sequence[Problem | tuple[str, str, str]] = ()) -> None:
        super().__init__(message)
        # Only here: whoever meets no bad configuration pays nothing for it.
        from .config.reports import Problem

        def of(path: str, expected: str, got: str) -> Problem:
            where = f"{path}: " if path else ""
            return Problem("refused", path, expected, got, f"{where}expected {expected}, got {got}")

        self.problems = [one if isinstance(one, Problem) else of(*one) for one in problems]


class ConflictError(FindspotError, RuntimeError):
    """Another writer won, and repeating cannot or must not help: `if_version` failed, or retries are used up.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"year": fs.Integer()}))
        >>> _ = index.upsert([{"id": "k1", "year": 1}])
        >>> _, version = index.get("k1", version=True)
        >>> _ = index.upsert([{"id": "k1", "year": 2}], if_version=version)
        >>> try:
        ...     index.upsert([{"id": "k1", "year": 3}], if_version=version)
        ... except fs.ConflictError:
        ...     print("somebody was faster")
        somebody was faster
        >>> index.close()
    """


class StaleView(FindspotError, RuntimeError):
    """A view, or the index of a pickle, whose files are gone. Open a new view.

    Example:
        >>> import findspot as fs
        >>> issubclass(fs.StaleView, RuntimeError)
        True
    """


class ClosedError(FindspotError, RuntimeError):
    """The index was closed, or a child process tried to write with its parent's index.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> index.close()
        >>> try:
        ...     index.search("gold")
        ... except fs.ClosedError as error:
        ...     print("closed")
        closed
    """


class SearchTimeout(FindspotError, TimeoutError):
    """The time that `timeout=` allowed is over, and `on_timeout="raise"` asked for an error.

    Attributes:
        seconds: the time that was allowed.

    Example:
        >>> import findspot as fs
        >>> issubclass(fs.SearchTimeout, TimeoutError)
        True
    """

    seconds: float

    def __init__(self, message: str, *, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class Overloaded(FindspotError, RuntimeError):
    """Too many awaited searches and writes wait already. Nothing was done; a service answers 429 with `Retry-After`.

    Attributes:
        retry_after: seconds after which there should be room again.

    Example:
        >>> import findspot as fs
        >>> fs.Overloaded("65,536 searches and writes wait already", retry_after=0.5).retry_after
        0.5
    """

    retry_after: float

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CorruptionError(FindspotError, OSError):
    """Bytes that are not what was written. Restore the file from a backup, or rebuild the index.

    Attributes:
        file: the file's name inside the index.
        offset: byte offset of the damaged page or structure.

    Example:
        >>> import findspot as fs
        >>> error = fs.CorruptionError("damaged", file="seg/x.seg", offset=4096)
        >>> error.file, error.offset
        ('seg/x.seg', 4096)
    """

    file: str
    offset: int

    def __init__(self, message: str, *, file: str = "", offset: int = 0) -> None:
        super().__init__(message)
        self.file = file
        self.offset = offset


class StorageError(FindspotError, OSError):
    """The operating system refused, there is no index at this place, there is one already, or it is of another format.

    Attributes:
        errno: the operating system's number, or None.
        filename: the path, URL or object, or None.

    Example:
        >>> import errno
        >>> import findspot as fs
        >>> try:
        ...     fs.open("no-such-folder.findspot")
        ... except OSError as error:
        ...     print(type(error).__name__, error.errno == errno.ENOENT)
        StorageError True
    """

    def __init__(self, message: str, *, errno: int | None = None, filename: str | None = None) -> None:
        super().__init__(message)
        self.errno = errno
        self.filename = filename

    def __reduce__(self) -> tuple[object, ...]:
        # OSError keeps these two outside __dict__.
        return _rebuild_storage, (self.message, self.errno, self.filename)


def _rebuild_storage(message: str, errno: int | None, filename: str | None) -> StorageError:
    return StorageError(message, errno=errno, filename=filename)


class InternalError(FindspotError, RuntimeError):
    """A defect of findspot itself, found by its own checks. Never caused by input or files; please report it.

    Example:
        >>> import findspot as fs
        >>> issubclass(fs.InternalError, RuntimeError)
        True
    """
