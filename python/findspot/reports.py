"""What writing and housekeeping answer with: small immutable values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .errors import DocumentError

__all__ = ["Checked", "Collected", "Commit", "Copied", "Count", "Damage", "Merged", "Report", "Stats", "Upserted"]


class Report:
    """The base of these values: attributes to read, `to_dict()` for JSON.

    Example:
        >>> import findspot as fs
        >>> fs.Commit(generation=3).to_dict()
        {'generation': 3}
    """

    __slots__: tuple[str, ...] = ()

    def __init__(self, **values: Any) -> None:
        if values.keys() != set(self.__slots__):
            raise TypeError(f"{type(self).__name__}: expected {', '.join(self.__slots__)}, got {', '.join(values)}")
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def to_dict(self) -> dict[str, Any]:
        """The attributes by name, ready for JSON."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Report) and other.to_dict() == self.to_dict()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __reduce__(self) -> tuple[object, ...]:
        return _report, (type(self), {name: getattr(self, name) for name in self.__slots__})


class Count(int):
    """How many documents match: a number, and in `warnings` what was cut or guessed on the way to it.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}), config={"limits": {"max_expansions": 1}})
        >>> _ = index.upsert([{"id": "k1", "title": "gold"}, {"id": "k2", "title": "golf"}])
        >>> count = index.count("gold~1")
        >>> count + 0, len(count.warnings)
        (1, 1)
        >>> index.close()
    """

    def __new__(cls, total: int, warnings: Sequence[str] = ()) -> Count:
        count = super().__new__(cls, total)
        count.__dict__["_warnings"] = list(warnings)
        return count

    @property
    def warnings(self) -> list[str]:
        """As `hits.warnings` of a search; empty when the number is of all that was asked.

        Example:
            >>> import findspot as fs
            >>> fs.Count(2, ["gold~: cut after 50 words"]).warnings
            ['gold~: cut after 50 words']
        """
        # The core makes a number without warnings without calling `__new__`.
        warnings: list[str] = self.__dict__.setdefault("_warnings", [])
        return warnings


def _report(cls: type[Report], values: dict[str, Any]) -> Report:
    return cls(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, Report):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Exception) else value


class Commit(Report):
    """A durable commit.

    Attributes:
        generation: the manifest's number, the same in every process.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}])
        >>> index.commit().generation > 1
        True
        >>> index.close()
    """

    __slots__ = ("generation",)
    generation: int


class Upserted(Report):
    """What an upsert wrote.

    Attributes:
        count: how many documents were taken.
        rejected: one `DocumentError` per refused document, the first 10,000 (only with `on_error="collect"`).
        rejected_count: how many were refused in all.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"year": fs.Integer()}))
        >>> result = index.upsert([{"id": "k1", "year": 1700}, {"id": "k2", "year": "?"}], on_error="collect")
        >>> result.count, [error.key for error in result.rejected]
        (1, ['k2'])
        >>> index.close()
    """

    __slots__ = ("count", "rejected", "rejected_count")
    count: int
    rejected: list[DocumentError]
    rejected_count: int


class Merged(Report):
    """What a merge did.

    Attributes:
        segments: how many committed segments the index has now.

    Example:
        >>> import findspot as fs
        >>> fs.Merged(segments=1)
        Merged(segments=1)
    """

    __slots__ = ("segments",)
    segments: int


class Collected(Report):
    """What garbage collection deleted.

    Attributes:
        files: how many files.
        bytes: their size in bytes.

    Example:
        >>> import findspot as fs
        >>> fs.Collected(files=0, bytes=0)
        Collected(files=0, bytes=0)
    """

    __slots__ = ("files", "bytes")  # noqa: RUF023
    files: int
    bytes: int


class Damage(Report):
    """One damaged place that a check found.

    Attributes:
        file: the file's name inside the index.
        offset: byte offset of the damaged page or structure.
        what: expected and got.

    Example:
        >>> import findspot as fs
        >>> fs.Damage(file="seg/x.seg", offset=4096, what="checksum")
        Damage(file='seg/x.seg', offset=4096, what='checksum')
    """

    __slots__ = ("file", "offset", "what")
    file: str
    offset: int
    what: str


class Checked(Report):
    """What a check of every file found.

    Attributes:
        files: how many files were read.
        bytes: their size in bytes.
        damages: every damaged place; empty when the index is intact.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> index.check().ok
        True
        >>> index.close()
    """

    __slots__ = ("files", "bytes", "damages")  # noqa: RUF023
    files: int
    bytes: int
    damages: list[Damage]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged.

        Example:
            >>> import findspot as fs
            >>> fs.Checked(files=3, bytes=900, damages=[]).ok
            True
        """
        return not self.damages


class Copied(Report):
    """What a copy holds.

    Attributes:
        generation: the commit that was copied.
        files: how many files.
        bytes: their size in bytes.

    Example:
        >>> import findspot as fs
        >>> fs.Copied(generation=4, files=3, bytes=900)
        Copied(generation=4, files=3, bytes=900)
    """

    __slots__ = ("generation", "files", "bytes")  # noqa: RUF023
    generation: int
    files: int
    bytes: int


class Stats(Report):
    """Numbers about an index.

    Attributes:
        documents: live documents.
        deleted: deleted documents that no merge has dropped yet.
        segments: how many segments.
        generation: the commit that this handle sees.
        refresh: refreshes of this handle since.
        size: size of the segments in bytes.
        bytes: the same by structure: terms, postings, positions, stored documents and so on.

    Example:
        >>> import findspot as fs
        >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
        >>> index.stats().documents
        0
        >>> index.close()
    """

    __slots__ = ("documents", "deleted", "segments", "generation", "refresh", "size", "bytes")  # noqa: RUF023
    documents: int
    deleted: int
    segments: int
    generation: int
    refresh: int
    size: int
    bytes: dict[str, int]
