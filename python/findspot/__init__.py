"""findspot: an embedded search engine for Python services.

```python
import findspot as fs

schema = fs.Schema(key="id", fields={"title": fs.Text(analyzer="english"), "year": fs.Integer()})
with fs.Index.create("treasures.findspot", schema) as index:
    index.upsert([{"id": "k1", "title": "Gold coins near the old bridge", "year": 1700}])
    for hit in index.search("coin bridge", where=fs.col("year") < 1800):
        print(hit.score, hit["title"])
```

`Index` writes and searches, `Schema` says what a document is, `col` filters, `findspot.query` has the typed queries, `findspot.errors`
everything that is raised. Nothing outside Python's own library is imported.
"""

from __future__ import annotations

from . import errors, query
from ._native import __version__
from ._text import Token, analyze, analyzers
from .awaiting import Awaiting
from .errors import (
    ClosedError,
    ConfigError,
    ConflictError,
    CorruptionError,
    DocumentError,
    FindspotError,
    InternalError,
    Overloaded,
    QueryError,
    SchemaError,
    SearchTimeout,
    StaleView,
    StorageError,
)
from .fields import Boolean, Date, Field, Float, GeoPoint, Integer, Keyword, Text
from .filters import Column, Filter, col
from .hits import Hit, Hits
from .index import Index, open
from .parsed import Parsed
from .query import Query
from .reports import Checked, Collected, Commit, Copied, Count, Damage, Merged, Report, Stats, Upserted
from .schema import Schema
from .transaction import Transaction
from .upkeep import Upkeep
from .view import Searching, View

__all__ = [
    "Awaiting",
    "Boolean",
    "Checked",
    "ClosedError",
    "Collected",
    "Column",
    "Commit",
    "ConfigError",
    "ConflictError",
    "Copied",
    "CorruptionError",
    "Count",
    "Damage",
    "Date",
    "DocumentError",
    "Field",
    "Filter",
    "FindspotError",
    "Float",
    "GeoPoint",
    "Hit",
    "Hits",
    "Index",
    "Integer",
    "InternalError",
    "Keyword",
    "Merged",
    "Overloaded",
    "Parsed",
    "Query",
    "QueryError",
    "Report",
    "Schema",
    "SchemaError",
    "SearchTimeout",
    "Searching",
    "StaleView",
    "Stats",
    "StorageError",
    "Text",
    "Token",
    "Transaction",
    "Upkeep",
    "Upserted",
    "View",
    "__version__",
    "analyze",
    "analyzers",
    "col",
    "errors",
    "open",
    "query",
]
