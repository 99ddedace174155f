"""`findspot search`: hits as a table or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..fields import Text
from ..index import open
from .output import clean, cut, print_json, table
from .toml import read_ranking

if TYPE_CHECKING:
    import argparse

    from ..hits import Hits
    from ..schema import Schema

__all__ = ["run"]

CELL = 60
"""Characters of a value in a table."""


def run(options: argparse.Namespace) -> int:
    """Searches once."""
    config = read_ranking(options.config) if options.config else None
    with open(options.index, config=config) as index:
        hits = index.search(
            options.query,
            limit=options.limit,
            offset=options.offset,
            where=options.where,
            sort=_names(options.sort),
            count=options.count,
            fields=_names(options.fields),
            timeout=options.timeout,
            strict=options.strict,
            profile=options.profile,
            unit=options.unit,
            now=options.now,
            near=_place(options.near),
            explain=options.explain,
        )
        if options.json:
            listed = hits.to_list()
            if options.explain:
                for told, hit in zip(listed, hits, strict=True):
                    told["explanation"] = hit.explanation
            print_json({"hits": listed, **_about(hits)})
        else:
            _show(hits, index.schema, _names(options.fields), options.offset)
            for hit in hits if options.explain else ():
                print(f"\n{hit.key}: {(hit.explanation or {})['text']}", end="")
    return 0


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _place(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        raise ValueError(f"--near: expected LATITUDE,LONGITUDE such as 51.5,-0.12, got {text!r}") from None
    return latitude, longitude


def _about(hits: Hits) -> dict[str, Any]:
    return {
        "total": hits.total,
        "total_relation": hits.total_relation,
        "partial": hits.partial,
        "warnings": hits.warnings,
        "took": hits.took,
        "index_generation": hits.index_generation,
        "index_refresh": hits.index_refresh,
        "config_version": hits.config_version,
    }


def _show(hits: Hits, schema: Schema, fields: list[str] | None, offset: int) -> None:
    columns = _columns(schema, hits) if fields is None else fields
    rows = [[offset + i, hit.score, hit.key, *(_value(hit.get(name)) for name in columns)] for i, hit in enumerate(hits, 1)]
    if rows:
        table(["#", "score", "key", *columns], rows)
    for warning in hits.warnings:
        print(f"note: {warning}")
    total = {"eq": "", "gte": "at least "}[hits.total_relation] + f"{hits.total:,}" if hits.total is not None else "an unknown number"
    partial = ", stopped by the timeout" if hits.partial else ""
    print(f"{len(hits):,} of {total} in {hits.took * 1e3:.1f} ms{partial}")


def _columns(schema: Schema, hits: Hits) -> list[str]:
    """Two text fields and three others that these hits have."""
    fields = {name: field for name, field in schema.fields.items() if name != schema.key and any(hit.get(name) is not None for hit in hits)}
    texts = [name for name, field in fields.items() if isinstance(field, Text)]
    others = [name for name in fields if name not in texts]
    # The widest column last: a table is cut at its right edge.
    return others[:3] + texts[:2]


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return cut(clean(", ".join(map(str, value))), CELL)
    if isinstance(value, dict):
        return cut(clean(", ".join(f"{name} {inner}" for name, inner in value.items())), CELL)
    return cut(clean(str(value)), CELL)
