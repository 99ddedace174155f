"""The documents of the twin and what is counted over them.

**In**: documents as mappings, a schema as `{field: (kind, analyzer)}`. **Out**: tokens with positions, values, and N, Σdl, df over all
documents that no merge has dropped, deleted ones included (SEMANTICS 3). **Law**: nothing but documents and `findspot.analyze()`.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lengths import seen

# (text, position, where it begins in the source)
Tokens = list[tuple[str, int, int]]
# (text, analyzer, whether a query asks) -> tokens
Analyze = Callable[[str, str, bool], Tokens]


@dataclass
class Document:
    """One version of a document."""

    key: str
    seq: int
    live: bool = True
    tokens: dict[str, Tokens] = field(default_factory=dict)
    places: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    values: dict[str, list[Any]] = field(default_factory=dict)

    def length(self, name: str) -> int:
        """The length of a text field as scores see it."""
        return seen(len(self.tokens.get(name, ())))


def micros(value: str | datetime.datetime) -> int:
    """A date in UTC microseconds; naive means UTC."""
    moment = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1)


class Collection:
    """All documents, and their statistics."""

    def __init__(self, schema: Mapping[str, tuple[str, str]], analyze: Analyze, key: str = "id") -> None:
        self.schema = dict(schema)
        self.key = key
        self.analyze = analyze
        self.documents: list[Document] = []
        self.current: dict[str, Document] = {}
        self.texts = [name for name, (kind, _) in self.schema.items() if kind == "text"]
        self._next = 1
        self._counted: tuple[int, dict[str, tuple[int, int]], dict[str, dict[str, int]]] | None = None

    def upsert(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Adds documents in order; the last one of a key stays."""
        for record in records:
            key = str(record[self.key])
            document = Document(key, self._next)
            self._next += 1
            for name, (kind, analyzer) in self.schema.items():
                if record.get(name) is not None:
                    self._take(document, name, kind, analyzer, record[name])
            self.delete([key])
            self.documents.append(document)
            self.current[key] = document
        self._counted = None

    def _take(self, document: Document, name: str, kind: str, analyzer: str, value: Any) -> None:
        if kind == "text":
            tokens = self.analyze(value, analyzer, False)
            if tokens:
                document.tokens[name] = tokens
                places: dict[str, list[int]] = defaultdict(list)
                for text, position, _ in tokens:
                    places[text].append(position)
                document.places[name] = dict(places)
        elif kind == "keyword":
            document.values[name] = list(value) if isinstance(value, list) else [value]
        elif kind == "date":
            document.values[name] = [micros(value)]
        elif kind == "geopoint":
            document.values[name] = [(float(value["lat"]), float(value["lon"]))]
        else:
            document.values[name] = [value]
        if document.values.get(name) == []:
            del document.values[name]

    def delete(self, keys: Iterable[str]) -> None:
        """Deletes by key; the dead stay in the statistics."""
        for key in keys:
            if (old := self.current.pop(key, None)) is not None:
                old.live = False

    def merge(self) -> None:
        """What a merge of all segments does: the dead go."""
        self.documents = [document for document in self.documents if document.live]
        self._counted = None

    def _count(self) -> tuple[int, dict[str, tuple[int, int]], dict[str, dict[str, int]]]:
        if self._counted is None:
            totals = dict.fromkeys(self.texts, (0, 0))
            frequencies: dict[str, dict[str, int]] = {name: defaultdict(int) for name in self.texts}
            for document in self.documents:
                for name, tokens in document.tokens.items():
                    count, lengths = totals[name]
                    totals[name] = (count + 1, lengths + len(tokens))
                    for term in document.places[name]:
                        frequencies[name][term] += 1
            self._counted = (len(self.documents), totals, frequencies)
        return self._counted

    def totals(self, name: str) -> tuple[int, int]:
        """(documents with a token in the field, tokens in the field)."""
        return self._count()[1][name]

    def df(self, name: str, term: str) -> int:
        """Documents that hold the term in the field."""
        return self._count()[2][name].get(term, 0)

    def terms(self, name: str) -> Iterable[str]:
        """All terms of the field."""
        return self._count()[2][name]
