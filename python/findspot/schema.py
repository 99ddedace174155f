"""The schema: which fields a document has, how each is analysed and stored, and which member is the key.

**In**: fields by name, a class, or records to look at. **Out**: an immutable, checked `Schema`. **Law**: the engine checks a schema
when it is made, so a `Schema` that exists is one that an index accepts; an index's schema only ever gains fields (`Index.alter`).
"""

from __future__ import annotations

from . import _native
from .fields import Field, _field

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from typing import Any, Literal

__all__ = ["Schema"]


class Schema:
    """Which fields a document has, and which member is its key.

    Args:
        key: the member that identifies a document: 1 to 512 bytes of text, or an integer with `key_type=int`. It need not be a field.
        fields: the fields by name, in the order in which a bare word searches them.
        key_type: `str` (an integer is taken as its decimal text) or `int`.
        extra: what happens to members that are no fields: `"error"` refuses the document, `"store"` keeps and returns them,
            `"ignore"` drops them.

    Errors: `SchemaError` with the path of what cannot be: a name with white space or punctuation, an unknown analyzer, over 1,000 fields.
    Concurrency: immutable; share it freely. It pickles.

    Example:
        >>> import findspot as fs
        >>> schema = fs.Schema(key="id", fields={"title": fs.Text(analyzer="english"), "year": fs.Integer()})
        >>> schema
        Schema(key='id', fields={'title': Text(analyzer='english'), 'year': Integer()})
        >>> schema.fields["year"]
        Integer()
    """

    __slots__ = ("_fields", "extra", "key", "key_type")
    key: str
    key_type: type[str] | type[int]
    extra: Literal["error", "store", "ignore"]
    _fields: dict[str, Field]

    def __init__(
        self,
        *,
        key: str,
        fields: Mapping[str, Field],
        key_type: type[str] | type[int] = str,
        extra: Literal["error", "store", "ignore"] = "error",
    ) -> None:
        if key_type is not str and key_type is not int:
            raise ValueError(f"key_type: expected str or int, got {key_type!r}")
        checked: dict[str, Field] = {}
        for name, field in fields.items():
            if isinstance(field, type) and issubclass(field, Field):
                raise TypeError(f"fields[{name!r}]: expected an instance, write {field.__name__}() instead of {field.__name__}")
            if not isinstance(name, str) or not isinstance(field, Field):
                raise TypeError(f"fields[{name!r}]: expected a name and a field such as Text() or Integer(), got {field!r}")
            checked[name] = field
        for attribute, value in (("key", key), ("key_type", key_type), ("extra", extra), ("_fields", checked)):
            object.__setattr__(self, attribute, value)
        _native.check_schema(self._json())

    @classmethod
    def from_class(
        cls,
        record: type,
        *,
        key: str | None = None,
        extra: Literal["error", "store", "ignore"] = "error",
    ) -> Schema:
        """The schema of a dataclass, pydantic model, msgspec Struct, attrs class, NamedTuple or TypedDict.

        `str` becomes `Text()`, `list[str]` and string enums become `Keyword`, `int` `Integer()`, `float` `Float()`, `bool`
        `Boolean()`, `datetime` and `date` `Date()`; `T | None` means that it may be missing. `Annotated[T, Keyword()]` says it exactly.

        Args:
            record: the class.
            key: the member that identifies a document; without it `id`, else `key`. It becomes no field unless annotated as one.
            extra: as in `Schema`.

        Returns: the schema.
        Errors: `SchemaError` when a member's type has no field of its own, or no key is found.
        Cost: resolves annotations once; nothing is kept.

        Example:
            >>> from dataclasses import dataclass
            >>> from typing import Annotated
            >>> import findspot as fs
            >>> @dataclass
            ... class Treasure:
            ...     id: str
            ...     title: Annotated[str, fs.Text(analyzer="english")]
            ...     artist: Annotated[str, fs.Keyword()]
            ...     year: int | None = None
            >>> fs.Schema.from_class(Treasure)
            Schema(key='id', fields={'title': Text(analyzer='english'), 'artist': Keyword(), 'year': Integer()})
        """
        from ._from_class import fields_of

        return cls(**fields_of(record, key), extra=extra)

    @classmethod
    def infer(
        cls,
        source: Iterable[Any] | str | os.PathLike[str],
        *,
        key: str | None = None,
        quiet: bool = False,
    ) -> Schema:
        """A schema that fits what `source` holds; prints what it chose, and why.

        Strings become `Text(analyzer="standard")` where some are of several words, `Date()` where all are ISO 8601 dates, else
        `Keyword()`; lists of strings `Keyword(many=True)`; numbers `Integer()` or `Float()`; `{lat, lon}` `GeoPoint()`. Where numbers stand
        beside strings the field is a `Keyword()`. Members that fit no field are kept with `extra="store"`.

        Args:
            source: a path (read whole), an Arrow object, or an iterable of records (its first 10,000).
            key: the member that identifies a document; without it the first of `id`, `_id`, `key` that every record has. Inferred
                keys are strings.
            quiet: do not print.

        Returns: the schema.
        Errors: `SchemaError` when there is no record or no key; `DocumentError` with line when the file cannot be read to its end.
        Concurrency: a file is read with the interpreter released; Ctrl-C is obeyed.
        Cost: one pass over the source in constant memory.

        Example:
            >>> import findspot as fs
            >>> schema = fs.Schema.infer([{"id": "k1", "title": "Gold coin", "year": 1700}])
            schema inferred from 1 records
              id     key      identifies a document, in all 1 records
              title  Text     strings of several words in 1 of 1
              year   Integer  integers
            >>> schema.fields["title"]
            Text(analyzer='standard')
        """
        from .ingest import infer

        schema, report = infer(source, key)
        if not quiet:
            print(report)
        return schema

    @property
    def fields(self) -> dict[str, Field]:
        """The fields by name, in order (a copy).

        Example:
            >>> import findspot as fs
            >>> list(fs.Schema(key="id", fields={"b": fs.Text(), "a": fs.Date()}).fields)
            ['b', 'a']
        """
        return dict(self._fields)

    def _json(self) -> str:
        """The schema as the engine reads it and the manifest keeps it."""
        import json

        kind = "integer" if self.key_type is int else "string"
        definitions = [field._definition(name) for name, field in self._fields.items()]
        return json.dumps({"key": self.key, "key_kind": kind, "extra": self.extra, "fields": definitions})

    @classmethod
    def _from_json(cls, text: str) -> Schema:
        import json

        data = json.loads(text)
        return cls(
            key=data["key"],
            key_type=int if data.get("key_kind") == "integer" else str,
            extra=data.get("extra", "error"),
            fields={definition["name"]: _field(definition) for definition in data["fields"]},
        )

    def __repr__(self) -> str:
        more = ", key_type=int" if self.key_type is int else ""
        if self.extra != "error":
            more += f", extra={self.extra!r}"
        return f"Schema(key={self.key!r}, fields={self._fields!r}{more})"

    def __eq__(self, other: object) -> bool:
        # Order matters: it is the order in which a bare word searches.
        return isinstance(other, Schema) and self._json() == other._json()

    def __hash__(self) -> int:
        return hash(self._json())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Schema is immutable; Index.alter(add=…) adds fields to an index")

    def __reduce__(self) -> tuple[object, ...]:
        return Schema._from_json, (self._json(),)
