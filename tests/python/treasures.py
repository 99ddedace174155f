"""The small index that these tests share: a schema with every kind of field, and records that fill it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import findspot as fs

SCHEMA = fs.Schema(
    key="id",
    fields={
        "title": fs.Text(analyzer="english"),
        "clue": fs.Text(analyzer="english"),
        "artist": fs.Keyword(),
        "subjects": fs.Keyword(many=True),
        "year": fs.Integer(),
        "price": fs.Float(),
        "found": fs.Date(),
        "active": fs.Boolean(),
        "location": fs.GeoPoint(),
    },
)

RECORDS: list[dict[str, Any]] = [
    {
        "id": "k1",
        "title": "Gold coins",
        "clue": "near the old bridge over the Thames",
        "artist": "Turner",
        "subjects": ["hoard", "coin"],
        "year": 1702,
        "price": 12.5,
        "found": datetime(1999, 5, 1, 12, 30, tzinfo=UTC),
        "active": True,
        "location": (51.5, -0.12),
    },
    {
        "id": "k2",
        "title": "Silver crown",
        "clue": "fell off a bridge",
        "artist": "Constable",
        "subjects": ["coin"],
        "year": 1849,
        "price": 3.0,
        "found": "2001-01-01",
        "active": False,
        "location": {"lat": 51.45, "lon": 0.02},
    },
    {"id": "k3", "title": "A hoard of bronze", "clue": "under the gold tree", "year": 1900, "location": (48.85, 2.35)},
]


def treasures(url: str = "memory://", **options: Any) -> fs.Index:
    """An index with the three treasures, searchable and not yet committed."""
    index = fs.Index.create(url, SCHEMA, **options)
    index.upsert(RECORDS)
    return index
