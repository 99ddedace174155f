"""Conformance cases: documents, a question, the keys that must come back. The cases are data, so that any engine could run them.

A file of `cases/` is one schema, its documents, and cases. A case has `query` (a query string) or `tree` (the wire form of a typed
query), and may have `where`, `sort`, `config`, `limit`, `offset`; `keys` is the answer in order, `any_order` the answer as a set,
`refused` a word of the error, `tokens` the tokens of a text under an analyzer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import findspot as fs
import pytest

CASES = Path(__file__).resolve().parent / "cases"


def load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def all_cases() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*.toml")):
        for case in load(path).get("cases", []):
            found.append(pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}"))
    return found


@pytest.fixture(scope="module")
def indexes() -> Iterator[dict[str, str]]:
    """One index in memory per file, by name."""
    urls, held = {}, []
    for path in CASES.glob("*.toml"):
        file = load(path)
        kinds = {"text": fs.Text, "keyword": fs.Keyword, "integer": fs.Integer, "float": fs.Float, "date": fs.Date}
        kinds |= {"boolean": fs.Boolean, "geopoint": fs.GeoPoint}
        fields = {name: kinds[spec.pop("type")](**spec) for name, spec in file["fields"].items()}
        index = fs.Index.create(f"memory://conformance-{path.stem}", fs.Schema(key="id", fields=fields))
        for batch in (file["documents"][::2], file["documents"][1::2]) if file.get("split") else (file["documents"],):
            index.upsert(batch)
            index.commit()
        index.delete(file.get("deleted", []))
        index.commit()
        urls[path.stem] = index.url
        held.append(index)
    yield urls
    for index in held:
        index.close()


def test_there_are_cases() -> None:
    assert len(all_cases()) >= 80


@pytest.mark.parametrize(("name", "case"), list(all_cases()))
def test_case(name: str, case: dict[str, Any], indexes: dict[str, str]) -> None:
    if "tokens" in case:
        assert [token.text for token in fs.analyze(case["text"], case["analyzer"])] == case["tokens"]
        return
    with fs.open(indexes[name], config=case.get("config")) as index:
        query = fs.query._from_wire(case["tree"]) if "tree" in case else case.get("query", "")
        options = {word: case[word] for word in ("where", "sort", "limit", "offset") if word in case}
        if "refused" in case:
            with pytest.raises((fs.FindspotError, ValueError), match=case["refused"]):
                index.search(query, strict=True, **options)
            return
        hits = index.search(query, **options)
        if "keys" in case:
            assert list(hits.keys) == case["keys"]
        else:
            assert set(hits.keys) == set(case["any_order"])
            assert len(hits.keys) == len(case["any_order"])
        if "limit" not in case and "offset" not in case:
            assert hits.total == len(hits.keys) == index.count(query, where=case.get("where"))
