"""Random documents, queries, filters and configurations, in the wire forms that the twin reads; and the same as public objects.

**In**: a `random.Random`. **Out**: every kind of node, every kind of field, nested and boosted. **Law**: a seed gives the same
questions for ever.
"""

from __future__ import annotations

import random
from typing import Any

from findspot import query as q

SCHEMA: dict[str, tuple[str, str]] = {
    "title": ("text", "whitespace"),
    "body": ("text", "english"),
    "notes": ("text", "whitespace"),
    "artist": ("keyword", ""),
    "tags": ("keyword", "many"),
    "year": ("integer", ""),
    "price": ("float", ""),
    "found": ("date", ""),
    "real": ("boolean", ""),
    "place": ("geopoint", ""),
}
TEXTS = [name for name, (kind, _) in SCHEMA.items() if kind == "text"]
# Frequent first; neighbours within one or two edits, so that fuzzy words have something to pick.
WORDS = [
    "gold",
    "coin",
    "the",
    "bridge",
    "cold",
    "river",
    "coins",
    "of",
    "bold",
    "crown",
    "bride",
    "hoard",
    "ridge",
    "cain",
    "golden",
    "rover",
    "crow",
    "hoards",
]
ARTISTS = ["Turner", "Constable", "turner", "Blake", "Élisabeth", "unknown"]
TAGS = ["hoard", "coin", "ring", "a/b", "a/b/c", "zz"]


def words(chosen: random.Random, least: int, most: int) -> str:
    """Words with a skew, as texts have it."""
    return " ".join(WORDS[min(int(chosen.expovariate(0.25)), len(WORDS) - 1)] for _ in range(chosen.randint(least, most)))


def document(chosen: random.Random, key: int) -> dict[str, Any]:
    """A document with any of its fields missing."""
    sometimes = chosen.random
    record: dict[str, Any] = {"id": f"k{key}"}
    if sometimes() < 0.9:
        record["title"] = words(chosen, 0, 6)
    if sometimes() < 0.8:
        record["body"] = words(chosen, 1, chosen.choice([5, 20, 60, 300]))
    if sometimes() < 0.3:
        record["notes"] = words(chosen, 1, 4)
    if sometimes() < 0.7:
        record["artist"] = chosen.choice(ARTISTS)
    if sometimes() < 0.7:
        record["tags"] = chosen.sample(TAGS, chosen.randint(0, 3))
    if sometimes() < 0.8:
        record["year"] = chosen.choice([chosen.randint(1690, 1710), -5, 2**40])
    if sometimes() < 0.6:
        record["price"] = chosen.choice([0.0, -1.5, 2.25, 1e300, chosen.uniform(0, 10)])
    if sometimes() < 0.6:
        record["found"] = (
            f"{chosen.choice([1969, 1999, 2000])}-{chosen.randint(1, 12):02}-{chosen.randint(1, 28):02}T{chosen.randint(0, 23):02}:30:00Z"
        )
    if sometimes() < 0.6:
        record["real"] = sometimes() < 0.5
    if sometimes() < 0.6:
        record["place"] = {"lat": round(51 + sometimes(), 4), "lon": round(sometimes() - 0.5, 4)}
    return record


def fields(chosen: random.Random) -> Any:
    """Which text fields a leaf searches."""
    some = chosen.sample(TEXTS, chosen.randint(1, len(TEXTS)))
    return chosen.choice([None, None, some[0], some, {name: chosen.choice([None, 0.0, 0.5, 3.0]) for name in some}])


def with_fields(chosen: random.Random, body: dict[str, Any]) -> dict[str, Any]:
    where = fields(chosen)
    return body if where is None else {**body, "fields": where}


def value(chosen: random.Random, name: str) -> Any:
    """A value that a field of this kind can be compared with."""
    return {
        "artist": lambda: chosen.choice(ARTISTS),
        "tags": lambda: chosen.choice(TAGS),
        "year": lambda: chosen.choice([chosen.randint(1690, 1710), -5, 2**40]),
        "price": lambda: chosen.choice([0.0, 2.25, chosen.uniform(0, 10)]),
        "found": lambda: chosen.choice(["1999", "1999-05", "2000-01-15", "1969-12-01T05:30:00Z"]),
        "real": lambda: chosen.random() < 0.5,
    }[name]()


def bounds(chosen: random.Random, name: str) -> dict[str, Any]:
    """One or two ends of a range."""
    low = {chosen.choice(["gt", "gte"]): value(chosen, name)}
    high = {chosen.choice(["lt", "lte"]): value(chosen, name)}
    return {"field": name, **chosen.choice([low, high, {**low, **high}])}


def leaf(chosen: random.Random) -> dict[str, Any]:
    """A leaf of any kind."""
    kind = chosen.choice(["match"] * 5 + ["phrase"] * 3 + ["prefix", "fuzzy", "fuzzy", "term", "term", "range"])
    if kind == "match":
        body: dict[str, Any] = {"text": words(chosen, 0, 4)}
        if chosen.random() < 0.3:
            body["operator"] = chosen.choice(["or", "and"])
        if chosen.random() < 0.2:
            body["minimum_match"] = chosen.randint(1, 5)
        return {"match": with_fields(chosen, body)}
    if kind == "phrase":
        return {"phrase": with_fields(chosen, {"text": words(chosen, 1, 3), "slop": chosen.choice([0, 0, 1, 2, 5])})}
    if kind == "prefix":
        return {"prefix": with_fields(chosen, {"prefix": chosen.choice(WORDS)[: chosen.randint(1, 4)]})}
    if kind == "fuzzy":
        word = chosen.choice(WORDS)
        return {"fuzzy": with_fields(chosen, {"text": word, "distance": chosen.randint(0, 2), "prefix": chosen.choice([0, 0, 1, 2])})}
    if kind == "term":
        if chosen.random() < 0.4:
            return {"term": {"field": chosen.choice(TEXTS), "value": chosen.choice(WORDS)}}
        name = chosen.choice(["artist", "tags", "year", "price", "found", "real"])
        return {"term": {"field": name, "value": value(chosen, name)}}
    return {"range": bounds(chosen, chosen.choice(["year", "price", "found", "artist"]))}


def query(chosen: random.Random, depth: int = 3) -> dict[str, Any]:
    """A tree of any shape."""
    if depth == 3 and chosen.random() < 0.3:
        return {"match": {"text": chosen.choice(WORDS[:8]) if chosen.random() < 0.7 else words(chosen, 1, 3)}}
    if depth == 0 or chosen.random() < 0.45:
        return leaf(chosen)
    kind = chosen.choice(["all", "any", "not", "boost", "group", "group"])
    if kind == "not":
        return {"not": query(chosen, depth - 1)}
    if kind == "boost":
        return {"boost": {"query": query(chosen, depth - 1), "by": chosen.choice([0.0, 0.3, 1.0, 2.5, 1000.0])}}
    parts = [query(chosen, depth - 1) for _ in range(chosen.randint(1, 3))]
    if kind == "group":
        return {"group": [{chosen.choice(["should", "should", "must", "must_not"]): part} for part in parts]}
    return {kind: parts}


def where(chosen: random.Random, depth: int = 2) -> dict[str, Any]:
    """A filter of any shape."""
    if depth and chosen.random() < 0.4:
        kind = chosen.choice(["and", "or", "not"])
        if kind == "not":
            return {"not": where(chosen, depth - 1)}
        return {kind: [where(chosen, depth - 1) for _ in range(chosen.randint(1, 3))]}
    kind = chosen.choice(["compare", "compare", "in", "range", "exists", "missing", "within_km", "key"])
    if kind == "key":
        return {"in": {"field": "id", "values": [f"k{chosen.randint(0, 80)}" for _ in range(20)]}}
    if kind in ("exists", "missing"):
        return {kind: {"field": chosen.choice(list(SCHEMA))}}
    if kind == "within_km":
        return {kind: {"field": "place", "lat": 51.5, "lon": 0.0, "km": chosen.uniform(1, 60)}}
    if kind == "range":
        return {kind: bounds(chosen, chosen.choice(["year", "price", "found", "artist", "tags"]))}
    name = chosen.choice(["artist", "tags", "year", "price", "found", "real"])
    if kind == "in":
        return {kind: {"field": name, "values": [value(chosen, name) for _ in range(chosen.randint(0, 3))]}}
    ops = ["==", "!="] if name == "real" else ["==", "!=", "<", "<=", ">", ">="]
    return {"compare": {"field": name, "op": chosen.choice(ops), "value": value(chosen, name)}}


def sort(chosen: random.Random) -> list[str] | None:
    """An order, mostly the usual one."""
    if chosen.random() < 0.7:
        return None
    names = ["artist", "tags", "year", "price", "found", "real", "_score"]
    return [chosen.choice(["", "-"]) + name for name in chosen.sample(names, chosen.randint(1, 3))]


def config(chosen: random.Random) -> dict[str, Any]:
    """A ranking configuration."""
    made: dict[str, Any] = {}
    if chosen.random() < 0.5:
        made["k1"] = chosen.choice([0.0, 0.9, 2.0, 10.0])
    if chosen.random() < 0.5:
        made["b"] = chosen.choice([0.0, 0.4, 1.0])
    if chosen.random() < 0.5:
        some = chosen.sample(TEXTS, chosen.randint(1, 3))
        made["fields"] = {name: chosen.choice([0.0, 0.7, 3, {"weight": 2.0, "b": 0.3}, {"b": 1.0}]) for name in some}
    made["combine"] = chosen.choice(["best", "best", "sum", "bm25f"])
    if chosen.random() < 0.5:
        made["tie_breaker"] = chosen.choice([0.1, 0.3, 1.0])
    if chosen.random() < 0.3:
        made["operator"] = "and"
    if chosen.random() < 0.4:
        made["phrase_boost"] = chosen.choice([0.25, 1.0, 3.0, 40.0])
    return made if chosen.random() < 0.3 else {"ranking": made, **lists(chosen)}


def lists(chosen: random.Random) -> dict[str, Any]:
    """Tables beside the ranking."""
    made: dict[str, Any] = {}
    if chosen.random() < 0.6:
        texts = [words(chosen, 1, chosen.choice([1, 1, 2, 3])) for _ in range(6)]
        # Frequent words that stand for several each, so that questions meet them, side by side too.
        common = [["gold", "the bridge"], ["coin", "cold river", "of"]]
        made["synonyms"] = {
            "groups": [*chosen.sample(common, chosen.randint(0, 2)), *[texts[:2], texts[2:5]][: chosen.randint(0, 2)]],
            "oneway": {f"{texts[5]} gold": [text for text in texts[:2] if text != f"{texts[5]} gold"]},
        }
    if chosen.random() < 0.5:
        made["stopwords"] = {"words": chosen.sample(WORDS, chosen.randint(0, 4))}
    if chosen.random() < 0.6:
        made["typos"] = {
            "when": chosen.choice(["never", "missing", "few", "always"]),
            "few": chosen.randint(1, 30),
            "min_length": {"one": chosen.randint(1, 5), "two": chosen.randint(5, 8)},
        }
    if chosen.random() < 0.7:
        keys = [f"k{chosen.randint(0, 80)}" for _ in range(12)]
        queries = dict.fromkeys(chosen.choice(WORDS[:8]) for _ in range(4))
        made["pins"] = [
            {
                "query": query,
                "keys": list(dict.fromkeys(keys[3 * i : 3 * i + 2])),
                "hide": [keys[3 * i + 2] + "x", f"k{i}"][chosen.randint(0, 1) :],
            }
            for i, query in enumerate(queries)
        ]
        for pin in made["pins"]:
            pin["keys"] = [key for key in pin["keys"] if key not in pin["hide"]]
    return made


def public(node: dict[str, Any]) -> q.Query:
    """The same tree as a user builds it."""
    ((kind, body),) = node.items()
    if kind in ("all", "any"):
        return (q.All if kind == "all" else q.Any)(*map(public, body))
    if kind == "not":
        return q.Not(public(body))
    if kind == "boost":
        return q.Boost(public(body["query"]), body["by"])
    if kind == "group":
        return q.Group([(occur, public(part)) for member in body for occur, part in member.items()])  # type: ignore[misc]
    kinds: dict[str, Any] = {"match": q.Match, "phrase": q.Phrase, "prefix": q.Prefix, "fuzzy": q.Fuzzy, "term": q.Term, "range": q.Range}
    return kinds[kind](**body)  # type: ignore[no-any-return]
