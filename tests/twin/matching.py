"""What matches one document, without scores: filters, phrases, edit distance. Written the slow and obvious way.

**In**: wire forms of filters, positions. **Out**: truth values and frequencies. **Law**: SEMANTICS 9, 10 and 14b; a comparison with
a missing value is false, and its complement is the complement.
"""

from __future__ import annotations

import datetime
import math
from typing import Any

from collection import Document, micros


def interval(text: str) -> tuple[int, int]:
    """The microseconds [first, last] that a date of a filter names: a whole year, month or day, or an instant."""
    day = datetime.timedelta(days=1)
    if "T" in text or " " in text.strip():
        moment = micros(text)
        return moment, moment
    parts = [int(part) for part in text.split("-")]
    start = datetime.datetime(parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1, tzinfo=datetime.UTC)
    if len(parts) == 1:
        end = start.replace(year=start.year + 1)
    elif len(parts) == 2:
        end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    else:
        end = start + day
    return micros(start), micros(end) - 1


def comparable(kind: str, value: Any) -> Any:
    """Values as the field orders them: keywords by bytes."""
    return value.encode() if kind == "keyword" else value


def compare(kind: str, op: str, value: Any, bound: Any) -> bool:
    """One value of a document against one of a filter."""
    low, high = interval(bound) if kind == "date" else (comparable(kind, bound),) * 2
    value = comparable(kind, value)
    return {
        "==": lambda: low <= value <= high,
        "!=": lambda: not low <= value <= high,
        "<": lambda: value < low,
        "<=": lambda: value <= high,
        ">": lambda: value > high,
        ">=": lambda: value >= low,
    }[op]()


def passes(schema: dict[str, tuple[str, str]], key: str, document: Document, node: dict[str, Any]) -> bool:
    """Whether a document passes a filter in its wire form."""
    (kind, body), *_ = node.items()
    if kind == "and":
        return all(passes(schema, key, document, part) for part in body)
    if kind == "or":
        return any(passes(schema, key, document, part) for part in body)
    if kind == "not":
        return not passes(schema, key, document, body)
    name = body["field"]
    if name == key:
        values, of = [document.key], "keyword"
    else:
        of = schema[name][0]
        values = document.values.get(name, [])
    if kind == "exists":
        return bool(document.tokens.get(name)) if of == "text" else bool(values)
    if kind == "missing":
        return not (bool(document.tokens.get(name)) if of == "text" else bool(values))
    if kind == "compare":
        if body["op"] == "!=":
            return bool(values) and not any(compare(of, "==", value, body["value"]) for value in values)
        return any(compare(of, body["op"], value, body["value"]) for value in values)
    if kind == "in":
        return any(compare(of, "==", value, wanted) for value in values for wanted in body["values"])
    if kind == "range":
        ops = [(op, body[word]) for word, op in (("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<=")) if word in body]
        return any(all(compare(of, op, value, bound) for op, bound in ops) for value in values)
    if kind == "within_km":
        return any(distance_km((body["lat"], body["lon"]), value) <= body["km"] for value in values)
    raise AssertionError(f"no such filter: {kind}")


def distance_km(one: tuple[float, float], two: tuple[float, float]) -> float:
    """Along the sphere, by the haversine."""
    rad = 0.017453292519943295
    s1 = math.sin(((two[0] - one[0]) * rad) / 2)
    s2 = math.sin(((two[1] - one[1]) * rad) / 2)
    h = s1 * s1 + (math.cos(one[0] * rad) * math.cos(two[0] * rad)) * (s2 * s2)
    return (2 * 6371.0088) * math.asin(min(1.0, math.sqrt(h)))


def phrase_frequency(words: list[tuple[str, int]], places: dict[str, list[int]], slop: int) -> int:
    """How many positions of the first word begin a phrase: every choice of positions is tried, with no cleverness at all."""
    lists = [places.get(term, []) for term, _ in words]

    def fits(index: int, chosen: list[int]) -> bool:
        starts = [position - words[i][1] for i, position in enumerate(chosen)]
        if max(starts) - min(starts) > slop:
            return False
        if index == len(words):
            return True
        return any(
            fits(index + 1, [*chosen, position])
            for position in lists[index]
            if all(position != other or words[i][0] != words[index][0] for i, other in enumerate(chosen))
        )

    return sum(fits(1, [position]) for position in lists[0])


def edit_distance(one: str, two: str) -> int:
    """Optimal string alignment on code points: insert, delete, replace, swap neighbours; each costs one."""
    rows = [list(range(len(two) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                best = min(best, rows[i - 2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
