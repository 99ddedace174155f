"""`findspot eval`: ranking against judged queries, by an evaluation library.

**In**: queries (JSON lines), judgements (BEIR's TSV or TREC's four columns), one or two rankings. **Out**: nDCG@10, MAP and recall@100,
and, of two rankings, the queries that the first loses and wins. **Law**: query texts are taken as words, never as syntax; a query counts
when it has judgements; MAP is over the first 1,000. The measures are those of `ir-measures` (trec_eval's).

The order of the hits is what is judged: equal scores keep findspot's order, the older document first.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import DocumentError
from ..index import Index, open
from ..query import Match
from .output import print_json, table
from .progress import Bar
from .toml import read_ranking

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    _Scores = dict[str, dict[str, float]]

__all__ = ["run"]

DEPTH = 1000
MEASURES = ("nDCG@10", "MAP", "recall@100")


def run(options: argparse.Namespace) -> int:
    """Evaluates one ranking, or compares two."""
    _measures()  # says what to install before any work
    qrels = read_qrels(options.qrels)
    queries = {name: text for name, text in read_queries(options.queries).items() if name in qrels}
    if not queries:
        raise DocumentError(f"{options.queries}: expected queries that {options.qrels} judges, got none", source=options.queries)
    qrels = {name: qrels[name] for name in queries}
    names = [options.config or "default"]
    scores = [_evaluate(options.index, options.config, queries, qrels)]
    if options.against is not None:
        names.append(options.against)
        scores.append(_evaluate(options.index, options.against, queries, qrels))
    if options.json:
        print_json(_json(names, scores, queries))
        return 0
    table(["ranking", "queries", *MEASURES], [[name, len(queries), *_means(found)] for name, found in zip(names, scores, strict=True)])
    if len(scores) == 2:
        _compare(names, scores, queries, options.losses)
    return 0


def _measures() -> tuple[Any, list[Any]]:
    try:
        import ir_measures
    except ImportError:
        raise ModuleNotFoundError("findspot eval needs ir-measures: pip install 'findspot[eval]'", name="ir_measures") from None
    return ir_measures, [ir_measures.nDCG @ 10, ir_measures.AP @ DEPTH, ir_measures.R @ 100]


def _evaluate(target: str, config: str | None, queries: Mapping[str, str], qrels: Mapping[str, Mapping[str, int]]) -> _Scores:
    """The measures of every query."""
    ir_measures, measures = _measures()
    with open(target, config=read_ranking(config) if config else None) as index:
        ranked = _ranked(index, queries)
    found: _Scores = {name: dict.fromkeys(MEASURES, 0.0) for name in queries}
    for value in ir_measures.iter_calc(measures, qrels, ranked):
        found[value.query_id][MEASURES[measures.index(value.measure)]] = value.value
    return found


def _ranked(index: Index, queries: Mapping[str, str]) -> dict[str, dict[str, float]]:
    bar = Bar("queries")
    ranked = {}
    with index.view() as view:
        for number, (name, text) in enumerate(queries.items()):
            keys = view.search(Match(text), limit=DEPTH, count="none").keys
            # The library breaks ties of scores by name; ranks have none.
            ranked[name] = {str(key): float(DEPTH - rank) for rank, key in enumerate(keys)}
            bar.show(number, number, len(queries))
    bar.clear()
    return ranked


def _means(scores: _Scores) -> list[float]:
    return [sum(found[measure] for found in scores.values()) / len(scores) for measure in MEASURES]


def _differences(scores: list[_Scores]) -> list[tuple[float, str]]:
    first, second = scores
    return sorted((first[name][MEASURES[0]] - second[name][MEASURES[0]], name) for name in first)


def _compare(names: list[str], scores: list[_Scores], queries: Mapping[str, str], most: int) -> None:
    differences = _differences(scores)
    losses = [(name, difference) for difference, name in differences if difference < 0]
    wins = sum(1 for difference, _ in differences if difference > 0)
    print(
        f"\n{names[0]} against {names[1]}, {MEASURES[0]}: {wins} queries won, {len(losses)} lost, {len(queries) - wins - len(losses)} equal"
    )
    rows = [
        (name, difference, scores[0][name][MEASURES[0]], scores[1][name][MEASURES[0]], queries[name]) for name, difference in losses[:most]
    ]
    if rows:
        print()
        table(["lost", "by", names[0], names[1], "query"], rows)


def _json(names: list[str], scores: list[_Scores], queries: Mapping[str, str]) -> dict[str, Any]:
    rankings = [
        {"ranking": name, "queries": len(queries), **dict(zip(MEASURES, _means(found), strict=True))}
        for name, found in zip(names, scores, strict=True)
    ]
    result: dict[str, Any] = {"rankings": rankings}
    if len(scores) == 2:
        result["differences"] = [
            {"query_id": name, "query": queries[name], "difference": difference} for difference, name in _differences(scores)
        ]
    else:
        result["per_query"] = [{"query_id": name, "query": queries[name], **found} for name, found in scores[0].items()]
    return result


def read_queries(path: str) -> dict[str, str]:
    """Query texts by id, from JSON lines."""
    queries = {}
    with _text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                name = next(record[key] for key in ("_id", "id", "query_id", "qid") if key in record)
                queries[str(name)] = str(next(record[key] for key in ("text", "query") if key in record))
            except (ValueError, TypeError, StopIteration) as error:
                raise _refuse(path, number, "one JSON object with an id (_id, id, query_id) and a text (text, query)", line) from error
    return queries


def read_qrels(path: str) -> dict[str, dict[str, int]]:
    """Grades by query and key: BEIR's three tab-separated columns with a header, or TREC's `query 0 key grade`."""
    qrels: dict[str, dict[str, int]] = {}
    with _text(path) as file:
        for number, line in enumerate(file, 1):
            columns = line.rstrip("\n").split("\t") if "\t" in line else line.split()
            if not columns:
                continue
            try:
                query, key, grade = columns if len(columns) == 3 else (columns[0], columns[2], columns[3])
                qrels.setdefault(query, {})[key] = int(grade)
            except (ValueError, IndexError) as error:
                if number > 1:  # the first line may be a header
                    raise _refuse(path, number, "query id, key and an integer grade", line) from error
                qrels.clear()
    return qrels


def _text(path: str) -> Any:
    import io

    return io.open(path, encoding="utf-8")  # noqa: UP020 (`open` is the index's here)


def _refuse(path: str, number: int, expected: str, got: str) -> DocumentError:
    got = repr(got.strip()[:80])
    return DocumentError(f"{path}:{number}: expected {expected}, got {got}", expected=expected, got=got, source=path, record=number)
