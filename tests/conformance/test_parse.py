"""The parsing cases of `parse/`, through Python: the same files that the engine's own tests read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import findspot as fs
import pytest
from findspot.query import _from_wire

PARSE = Path(__file__).resolve().parent / "parse"


def cases(name: str) -> list[Any]:
    found = json.loads((PARSE / name).read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=f"{number}: {case['text'][:40]!r}") for number, case in enumerate(found)]


@pytest.fixture(scope="module")
def index() -> Iterator[fs.Index]:
    """An index with the schema of the cases."""
    schemas = [json.loads(path.read_text(encoding="utf-8"))["schema"] for path in sorted(PARSE.glob("*.json"))]
    assert len(schemas) == 2
    assert schemas[0] == schemas[1]
    kinds = {"text": fs.Text, "keyword": fs.Keyword, "integer": fs.Integer, "float": fs.Float, "date": fs.Date}
    kinds |= {"boolean": fs.Boolean, "geopoint": fs.GeoPoint}
    fields = {spec.pop("name"): kinds[spec.pop("type")](**spec) for spec in schemas[0]["fields"]}
    with fs.Index.create("memory://parse-cases", fs.Schema(key=schemas[0]["key"], fields=fields)) as made:
        yield made


@pytest.mark.parametrize("case", cases("query_string.json"))
def test_query_string(case: dict[str, Any], index: fs.Index) -> None:
    parsed = index.parse(case["text"])
    assert parsed.query == _from_wire(case["query"])
    assert parsed.warnings == [f"position {at}: {message}" + (f" ({hint})" if hint else "") for at, message, hint in case["warnings"]]
    index.search(case["text"])
    index.search(parsed.query)
    if case["refused"] is None:
        assert index.parse(case["text"], strict=True).query == parsed.query
    else:
        with pytest.raises(fs.QueryError) as refused:
            index.parse(case["text"], strict=True)
        assert refused.value.position == case["refused"]


@pytest.mark.parametrize("case", cases("filter_text.json"))
def test_filter_text(case: dict[str, Any], index: fs.Index) -> None:
    if "refused" not in case:
        assert index.count("", where=case["text"]) == 0
        return
    with pytest.raises(fs.QueryError) as refused:
        index.count("", where=case["text"])
    position, message, hint = case["refused"]
    assert (refused.value.position, refused.value.hint) == (position, hint)
    assert message in str(refused.value)
