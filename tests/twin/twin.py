"""The naive twin: every document against every clause, scores by the book.

**In**: query trees and filters in their wire form, a configuration as a mapping, a `Collection`. **Out**: hits (key, integer score) in
order, the scale, the total. **Law**: written from SEMANTICS 1–5 and the formula in ARCHITECTURE.md, from documents and
`findspot.analyze()` tokens alone; it knows nothing of segments, postings or bounds. IEEE doubles, operations in the order written.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from collection import Collection, Document, Tokens
from lists import Lists, Member
from logarithm import log
from matching import edit_distance, passes, phrase_frequency

TABLES = {"ranking", "synonyms", "stopwords", "typos", "pins"}
MOST_WEIGHT = 2.0**60
MAX_EXPANSIONS = 64
MAX_PATHS = 64
BOUND = 2.0**30
# Analyzers that change nothing, so that a beginning is taken as it is.
VERBATIM = ("whitespace", "path", "keyword")

# A field, its weight, and terms with their offsets.
Part = tuple[str, float, list[tuple[str, int]]]


def cut(weight: float) -> float:
    """The weight that counts."""
    return min(max(weight, 1 / MOST_WEIGHT), MOST_WEIGHT) if weight > 0.0 else 0.0


def multiplied(boost: float, by: float) -> float:
    """A product that stays positive and finite."""
    return min(max(boost * by, sys.float_info.min), sys.float_info.max)


def idf(documents: int, df: int) -> float:
    """`log(1 + ((N − df) + 0.5) / (df + 0.5))`."""
    return log(1.0 + ((float(documents) - float(df)) + 0.5) / (float(df) + 0.5))


@dataclass
class Clause:
    """One addend: its weight, its bound and its saturation in a document (None = no match)."""

    weight: float
    bound: float
    saturation: Callable[[Document], float | None]

    def contribution(self, document: Document, scale: float) -> int | None:
        saturation = self.saturation(document)
        if saturation is None:
            return None
        return 0 if self.weight == 0.0 else max(1, math.trunc((self.bound * scale) * saturation))


@dataclass
class Slot:
    """One word, phrase, prefix or fuzzy word over its fields."""

    clauses: list[Clause]
    combine: str
    tie_breaker: float

    def value(self, document: Document, scale: float) -> int | None:
        found = [c for clause in self.clauses if (c := clause.contribution(document, scale)) is not None]
        if not found:
            return None
        if self.combine == "best":
            best = max(found)
            return best + math.trunc(self.tie_breaker * float(sum(found) - best))
        return sum(found)


@dataclass
class Boolean:
    """The one inner node."""

    must: list[Any] = field(default_factory=list)
    should: list[Any] = field(default_factory=list)
    must_not: list[Any] = field(default_factory=list)
    minimum: int = 0

    def value(self, document: Document, scale: float) -> int | None:
        if any(part.value(document, scale) is not None for part in self.must_not):
            return None
        must = [part.value(document, scale) for part in self.must]
        should = [value for part in self.should if (value := part.value(document, scale)) is not None]
        if None in must or len(should) < self.minimum:
            return None
        return sum(value for value in must if value is not None) + sum(should)


@dataclass(frozen=True)
class Hits:
    """What a search found."""

    rows: list[tuple[str, int]]
    scale: float
    total: int


class Twin:
    """Searches a collection under a configuration."""

    def __init__(self, collection: Collection, config: Mapping[str, Any] | None = None, *, true_lengths: bool = False) -> None:
        self.collection = collection
        self.true_lengths = true_lengths
        whole = dict(config or {})
        config = whole.get("ranking", {}) if TABLES & whole.keys() else whole
        self.k1 = float(config.get("k1", 1.2))
        self.b = float(config.get("b", 0.75))
        self.combine = config.get("combine", "best")
        self.tie_breaker = float(config.get("tie_breaker", 0.0))
        self.operator = config.get("operator", "or")
        self.phrase_boost = float(config.get("phrase_boost", 0.0))
        given = config.get("fields")
        self.weights: dict[str, float] = {}
        self.own_b: dict[str, float] = {}
        for name, value in (given or dict.fromkeys(collection.texts, 1.0)).items():
            settings = value if isinstance(value, Mapping) else {"weight": value}
            self.weights[name] = float(settings.get("weight", 1.0))
            if "b" in settings:
                self.own_b[name] = float(settings["b"])
        self.order = {name: number for number, name in enumerate(collection.schema)}
        self.clauses: list[Clause] = []
        # Texts whose words score when they stand together: fields, text, boost. They are looked for beside the whole query.
        self.together: list[tuple[list[tuple[str, float]], str, float]] = []
        # How many complements the part at hand stands in.
        self.excluded = 0
        self.lists = Lists(collection, whole, min(self.weights, key=self.order.__getitem__, default=None))

    # Statistics and lengths.

    def length_factor(self, name: str, document: Document) -> float:
        """`(1 − b) + (b·dl)/avgdl`."""
        b = self.own_b.get(name, self.b)
        count, total = self.collection.totals(name)
        length = len(document.tokens[name]) if self.true_lengths else document.length(name)
        return (1.0 - b) + (b * float(length)) / (float(total) / float(count))

    def saturated(self, name: str, document: Document, tf: int) -> float:
        """`tf / (tf + k1·length factor)`."""
        return float(tf) / (float(tf) + self.k1 * self.length_factor(name, document))

    def saturation(self, name: str, tf: Callable[[Document], int]) -> Callable[[Document], float | None]:
        """The saturation of a clause in one field."""

        def of(document: Document) -> float | None:
            count = tf(document)
            return self.saturated(name, document, count) if count else None

        return of

    # Clauses.

    def fields(self, given: Any) -> list[tuple[str, float]]:
        """(field, its weight) in schema order; boosts stay apart."""
        if given is None:
            found = dict(self.weights)
        elif isinstance(given, str):
            found = {given: self.weights.get(given, 1.0)}
        elif isinstance(given, Mapping):
            found = {name: self.weights.get(name, 1.0) if weight is None else float(weight) for name, weight in given.items()}
        else:
            found = {name: self.weights.get(name, 1.0) for name in given}
        return sorted(found.items(), key=lambda item: self.order[item[0]])

    def is_text(self, name: str) -> bool:
        return name in self.order and self.collection.schema[name][0] == "text"

    def tokens(self, name: str, text: str) -> Tokens:
        return self.collection.analyze(text, self.collection.schema[name][1], True)

    def slot(self, clauses: list[Clause]) -> Slot:
        self.clauses += clauses
        return Slot(clauses, "best" if self.combine == "bm25f" else self.combine, self.tie_breaker)

    def constant(self, boost: float, matches: Callable[[Document], bool]) -> Slot:
        weight = cut(boost)
        return self.slot([Clause(weight, weight, lambda document: 1.0 if matches(document) else None)])

    def words_slot(self, parts: list[Part], slop: int, boost: float) -> Slot:
        """A word or phrase: (field, weight, terms with offsets) per field. A field in which a term is nowhere makes no clause."""
        c = self.collection
        parts = [part for part in parts if all(c.df(part[0], term) for term, _ in part[2])]

        def tf(name: str, terms: list[tuple[str, int]], document: Document) -> int:
            places = document.places.get(name, {})
            return len(places.get(terms[0][0], ())) if len(terms) == 1 else phrase_frequency(terms, places, slop)

        if self.combine == "bm25f":
            if not parts:
                return self.slot([])
            largest = max(c.totals(name)[0] for name, _, _ in parts)
            total = 0.0
            for i in range(max(len(terms) for _, _, terms in parts)):
                total += idf(largest, max(c.df(name, terms[i][0]) for name, _, terms in parts if i < len(terms)))
            return self.slot(
                [self.joined(boost, total, [(name, weight, lambda d, n=name, t=terms: tf(n, t, d)) for name, weight, terms in parts])]
            )
        clauses = []
        for name, weight, terms in parts:
            w = cut(weight * boost)
            total = 0.0
            for term, _ in terms:
                total += idf(c.totals(name)[0], c.df(name, term))

            clauses.append(Clause(w, w * total, self.saturation(name, lambda d, n=name, t=terms: tf(n, t, d))))
        return self.slot(clauses)

    def joined(self, boost: float, inverse: float, parts: list[tuple[str, float, Callable[[Document], int]]]) -> Clause:
        """BM25F: one clause over the weighted frequencies, saturated once."""
        weight = cut(boost) if any(w > 0 for _, w, _ in parts) else 0.0

        def saturation(document: Document) -> float | None:
            total, matched = 0.0, False
            for name, w, tf in parts:
                if count := tf(document):
                    matched = True
                    total += (w * float(count)) / self.length_factor(name, document)
            return total / (total + self.k1) if matched and total > 0.0 else (0.0 if matched else None)

        clause = Clause(weight, cut(boost) * inverse, saturation)
        clause.contribution = lambda document, scale: (  # type: ignore[method-assign]
            None
            if (s := saturation(document)) is None
            else 0
            if s == 0.0 or weight == 0.0
            else max(1, math.trunc((clause.bound * scale) * s))
        )
        return clause

    # The tree.

    def compile(self, node: dict[str, Any], boost: float) -> Any:
        """A wire tree as an evaluator; its clauses are collected in order. None: there is no word in it."""
        (kind, body), *_ = node.items()
        return getattr(self, f"compile_{kind}")(body, boost)

    def part(self, node: dict[str, Any], boost: float) -> Any:
        """A part of a tree; without a word it matches nothing."""
        return self.compile(node, boost) or Boolean(minimum=1)

    def compile_all(self, body: list[Any], boost: float) -> Boolean:
        return Boolean(must=[self.part(query, boost) for query in body])

    def compile_any(self, body: list[Any], boost: float) -> Boolean:
        return Boolean(should=[self.part(query, boost) for query in body], minimum=1)

    def compile_not(self, body: dict[str, Any], boost: float) -> Boolean:
        self.excluded += 1
        part = self.part(body, 0.0)
        self.excluded -= 1
        return Boolean(must_not=[part])

    def compile_boost(self, body: dict[str, Any], boost: float) -> Any:
        return self.compile(body["query"], boost * float(body["by"]))

    def compile_group(self, body: list[dict[str, Any]], boost: float) -> Boolean | None:
        """Members without a word are left out; a group of nothing else has no word itself."""
        members = [next(iter(part.items())) for part in body]
        if self.operator == "and":
            members = [("must" if occur == "should" else occur, query) for occur, query in members]
        # Texts are read in the order of the query; bounds are added in another one.
        parts: list[tuple[str, Any, list[Clause]]] = []
        for occur, query in members:
            before, self.clauses = self.clauses, []
            self.excluded += occur == "must_not"
            part = self.compile(query, 0.0 if occur == "must_not" else boost)
            self.excluded -= occur == "must_not"
            parts.append((occur, part, self.clauses))
            self.clauses = before
        out = Boolean()
        for wanted in ("must", "should", "must_not"):
            for _, part, clauses in (part for part in parts if part[0] == wanted):
                self.clauses += clauses
                if part is not None:
                    getattr(out, wanted).append(part)
        if body and not (out.must or out.should or out.must_not):
            return None
        out.minimum = 1 if out.should and not out.must else 0
        return out

    def word_parts(self, fields: list[tuple[str, float]], text: str) -> list[list[Part]]:
        """The words of a text: tokens of different fields that begin at the same place are one word."""
        words: dict[int, list[Part]] = {}
        for name, weight in fields:
            before = None
            for term, _, start in self.tokens(name, text):
                if start != before:
                    words.setdefault(start, []).append((name, weight, [(term, 0)]))
                before = start
        return [words[start] for start in sorted(words)]

    def searched(self, fields: list[tuple[str, float]], text: str, boost: float) -> list[Slot]:
        """The words of a text as they are searched: runs with synonyms, no stop words beside others, what is near mistyped ones."""
        words: dict[int, list[tuple[str, float, list[Member]]]] = {}
        for name, weight in fields:
            for start, _, _, members in self.runs(name, text):
                words.setdefault(start, []).append((name, weight, members))
        listed = [words[start] for start in sorted(words)]
        plain = [all(len(members) == 1 for _, _, members in word) for word in listed]
        stops = [
            is_plain and all(self.lists.is_stop(name, members[0][0][0]) for name, _, members in word)
            for word, is_plain in zip(listed, plain, strict=True)
        ]
        slots = []
        for word, is_plain, stop in zip(listed, plain, stops, strict=True):
            if stop and not all(stops):
                continue
            if not is_plain:
                slots.append(self.synonyms_slot(word, boost))
                continue
            parts: list[Part] = [(name, weight, list(members[0])) for name, weight, members in word]
            distance = self.lists.typos_of([(name, terms[0][0]) for name, _, terms in parts])
            slots.append(self.near_slot(parts, distance, 0, boost) if distance else self.words_slot(parts, 0, boost))
        return slots

    def runs(self, name: str, text: str) -> list[tuple[int, int, int, list[Member]]]:
        """A text in a field, from left to right the longest runs that have synonyms: start, first and last position, what it may be."""
        tokens: list[tuple[int, int, str]] = []
        for term, position, start in self.tokens(name, text):
            if not tokens or tokens[-1][0] != start:
                tokens.append((start, position, term))
        runs = []
        while tokens:
            run = self.lists.longest(name, [term for _, _, term in tokens])
            count, members = run or (1, [((tokens[0][2], 0),)])
            runs.append((tokens[0][0], tokens[0][1], tokens[count - 1][1], members))
            tokens = tokens[count:]
        return runs

    def together_slots(self, fields: list[tuple[str, float]], text: str, boost: float) -> list[Slot]:
        """What documents score besides in which the words of a text stand together, each as itself or as one of its synonyms.

        The rarity of a word is that of its most frequent synonym, whichever stands there. Fields share a slot where they see as many words.
        """
        c = self.collection
        by_length: dict[int, list[tuple[str, float, list[list[Member]], list[Member]]]] = {}
        for name, weight in fields:
            runs = self.runs(name, text)
            words = [members for *_, members in runs]
            gaps = [0] + [first - last for (_, _, last, _), (_, first, _, _) in itertools.pairwise(runs)]
            paths = []
            for members in itertools.islice(itertools.product(*words), MAX_PATHS):
                path: list[tuple[str, int]] = []
                for member, gap in zip(members, gaps, strict=True):
                    begin = path[-1][1] + gap if path else 0
                    path += [(term, begin + offset) for term, offset in member]
                paths.append(tuple(path))
            if len(words) > 1:
                by_length.setdefault(len(words), []).append((name, weight, words, paths))
        slots = []
        for length in sorted(by_length):
            found: list[tuple[str, float, Member, list[int]]] = []
            for name, weight, words, paths in by_length[length]:
                dfs = [max(min(c.df(name, term) for term, _ in member) for member in members) for members in words]
                found += [(name, weight, path, dfs) for path in paths if all(c.df(name, term) for term, _ in path)]

            def frequency(name: str, path: Member) -> Callable[[Document], int]:
                return lambda document: phrase_frequency(list(path), document.places.get(name, {}), 0)

            if self.combine == "bm25f":
                inverse = 0.0
                for word in range(length if found else 0):
                    inverse += idf(max(c.totals(name)[0] for name, *_ in found), max(dfs[word] for *_, dfs in found))
                parts = [(name, weight, frequency(name, path)) for name, weight, path, _ in found]
                slots.append(self.slot([self.joined(boost, inverse, parts)] if found else []))
                continue
            clauses = []
            for name, weight, path, dfs in found:
                total = 0.0
                for df in dfs:
                    total += idf(c.totals(name)[0], df)
                w = cut(weight * boost)
                clauses.append(Clause(w, w * total, self.saturation(name, frequency(name, path))))
            slots.append(self.slot(clauses))
        return slots

    def synonyms_slot(self, word: list[tuple[str, float, list[Member]]], boost: float) -> Slot:
        """A word with its synonyms: all of a field weigh as the most frequent of them, a phrase being as frequent as its rarest word."""
        c = self.collection
        found: list[tuple[str, float, Member, int]] = []
        for name, weight, members in word:
            dfs = [(member, min(c.df(name, term) for term, _ in member)) for member in members]
            there = [(member, df) for member, df in dfs if df > 0]
            found += [(name, weight, member, max(df for _, df in there)) for member, _ in there]

        def frequency(name: str, member: Member) -> Callable[[Document], int]:
            def of(document: Document) -> int:
                places = document.places.get(name, {})
                return len(places.get(member[0][0], ())) if len(member) == 1 else phrase_frequency(list(member), places, 0)

            return of

        if self.combine == "bm25f":
            if not found:
                return self.slot([])
            inverse = idf(max(c.totals(name)[0] for name, *_ in found), max(df for *_, df in found))
            return self.slot([self.joined(boost, inverse, [(name, weight, frequency(name, m)) for name, weight, m, _ in found])])
        clauses = []
        for name, weight, member, df in found:
            w = cut(weight * boost)
            clauses.append(Clause(w, w * idf(c.totals(name)[0], df), self.saturation(name, frequency(name, member))))
        return self.slot(clauses)

    def split(self, given: Any) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """(text fields, keyword fields) of a leaf."""
        fields = self.fields(given)
        return [field for field in fields if self.is_text(field[0])], [field for field in fields if not self.is_text(field[0])]

    def values(self, keywords: list[tuple[str, float]], text: str, boost: float) -> list[Any]:
        """The whole text as the value of keyword fields."""
        return [
            self.constant(boost * weight, lambda document, name=name: text in document.values.get(name, ())) for name, weight in keywords
        ]

    @staticmethod
    def alternatives(found: list[Any]) -> Any:
        """One of several ways to match a leaf."""
        return Boolean(should=found, minimum=1) if found else None

    def compile_match(self, body: dict[str, Any], boost: float) -> Any:
        texts, keywords = self.split(body.get("fields"))
        slots = self.searched(texts, body["text"], boost)
        if self.phrase_boost > 0.0 and boost > 0.0 and not self.excluded and (len(slots) > 1 or keywords):
            self.together.append((texts, body["text"], multiplied(boost, self.phrase_boost)))
        found: list[Any] = []
        if slots:
            everything = (body.get("operator") or self.operator) == "and"
            found.append(
                Boolean(should=slots, minimum=len(slots) if everything else min(len(slots), max(1, body.get("minimum_match") or 1)))
            )
        return self.alternatives(found + self.values(keywords, body["text"], boost))

    def compile_phrase(self, body: dict[str, Any], boost: float) -> Any:
        texts, keywords = self.split(body.get("fields"))
        by_length: dict[int, list[Part]] = {}
        for name, weight in texts:
            terms: list[tuple[str, int]] = []
            for term, position, _ in self.tokens(name, body["text"]):
                if not terms or position != terms[-1][1]:
                    terms.append((term, position))
            if terms:
                offsets = [(term, position - terms[0][1]) for term, position in terms]
                by_length.setdefault(len(terms), []).append((name, weight, offsets))
        found: list[Any] = [self.words_slot(by_length[count], body.get("slop", 0), boost) for count in sorted(by_length)]
        return self.alternatives(found + self.values(keywords, body["text"], boost))

    def compile_prefix(self, body: dict[str, Any], boost: float) -> Any:
        c = self.collection
        text = body["prefix"]
        texts, keywords = self.split(body.get("fields"))
        tests: list[tuple[str, str, str | None]] = []
        behind: list[Any] = []
        for name, _ in texts:
            beginning, also, start = text, None, 0
            if c.schema[name][1] not in VERBATIM:
                plain = c.analyze(text, "standard", True)
                if not plain:
                    continue
                beginning, _, start = plain[-1]
                stem = self.tokens(name, text[start:])[-1][0]
                also = None if stem.startswith(beginning) else stem
            before = self.word_parts([(name, self.weights.get(name, 1.0))], text[:start])
            if before:
                slots = [self.words_slot(parts, 0, boost) for parts in before]
                behind.append(Boolean(must=[*slots, self.beginning([(name, beginning, also)], [], text, boost)]))
            else:
                tests.append((name, beginning, also))
        found = [self.beginning(tests, [name for name, _ in keywords], text, boost)] if tests or keywords else []
        return self.alternatives(found + behind)

    def beginning(self, tests: list[tuple[str, str, str | None]], keywords: list[str], text: str, boost: float) -> Slot:
        """One constant clause: any term that begins so, or is the stem."""

        def matches(document: Document) -> bool:
            for name, prefix, also in tests:
                if any(term.startswith(prefix) or term == also for term in document.places.get(name, ())):
                    return True
            return any(value.startswith(text) for name in keywords for value in document.values.get(name, ()))

        return self.constant(boost, matches)

    def compile_fuzzy(self, body: dict[str, Any], boost: float) -> Any:
        texts, keywords = self.split(body.get("fields"))
        assert not keywords, "typos in keywords are not in the twin's book"
        distance, prefix = body.get("distance", 1), body.get("prefix", 0)
        words = self.word_parts(texts, body["text"])
        if not words:
            return None
        if distance == 0:
            return Boolean(must=[self.words_slot(parts, 0, boost) for parts in words])
        return Boolean(must=[self.near_slot(parts, distance, prefix, boost) for parts in words])

    def near_slot(self, parts: list[Part], distance: int, prefix: int, boost: float) -> Slot:
        """A word with typos: terms of the whole view by (distance, df descending, bytes)."""
        c = self.collection
        picked: list[tuple[str, float, list[tuple[int, str]]]] = []
        scores = boost > 0.0 and any(weight > 0.0 for _, weight, _ in parts)
        for name, weight, [(word, _)] in parts:
            near = []
            for term in c.terms(name):
                if (
                    abs(len(term) - len(word)) <= distance
                    and term[:prefix] == word[:prefix]
                    and (d := edit_distance(word, term)) <= distance
                ):
                    near.append((d, -c.df(name, term), term.encode(), term))
            terms = [(d, term) for d, _, _, term in sorted(near)]
            if terms:
                picked.append((name, weight, terms[:MAX_EXPANSIONS] if scores else terms))
        if not picked:
            return self.slot([])

        def frequency(name: str, term: str) -> Callable[[Document], int]:
            return lambda document: len(document.places.get(name, {}).get(term, ()))

        if self.combine == "bm25f":
            df = max(c.df(name, term) for name, _, terms in picked for _, term in terms)
            inverse = idf(max(c.totals(name)[0] for name, _, _ in picked), df)
            return self.slot(
                [self.joined(boost, inverse, [(n, w / (1.0 + d), frequency(n, t)) for n, w, terms in picked for d, t in terms])]
            )
        clauses = []
        for name, weight, terms in picked:
            inverse = idf(c.totals(name)[0], max(c.df(name, term) for _, term in terms))
            for d, term in terms:
                w = cut(weight * boost) / (1.0 + d)
                clauses.append(Clause(w, w * inverse, self.saturation(name, frequency(name, term))))
        return self.slot(clauses)

    def compile_term(self, body: dict[str, Any], boost: float) -> Slot:
        name = body["field"]
        if self.is_text(name):
            return self.words_slot([(name, self.weights.get(name, 1.0), [(body["value"], 0)])], 0, boost)
        node = {"compare": {"field": name, "op": "==", "value": body["value"]}}
        return self.constant(boost, lambda document: passes(self.collection.schema, self.collection.key, document, node))

    def compile_range(self, body: dict[str, Any], boost: float) -> Slot:
        node = {"range": body}
        return self.constant(boost, lambda document: passes(self.collection.schema, self.collection.key, document, node))

    # The search.

    def search(self, query: dict[str, Any], where: dict[str, Any] | None = None, sort: list[str] | None = None) -> Hits:
        """All hits in order."""
        c = self.collection
        self.clauses, self.together, self.excluded = [], [], 0
        tree = self.part(query, 1.0)
        bonuses = [slot for fields, text, boost in self.together for slot in self.together_slots(fields, text, boost)]
        total = 0.0
        for clause in self.clauses:
            if clause.weight > 0.0:
                total += clause.bound
        scale = self.scale(total)
        found: list[tuple[Document, int]] = []
        pinned, hidden = self.lists.curated(query)
        if sort not in (None, ["_score"], ["-_score"]):
            pinned = []
        shown: dict[str, tuple[Document, int]] = {}
        for document in c.documents:
            if document.key in hidden:
                continue
            if not document.live or (where is not None and not passes(c.schema, c.key, document, where)):
                continue
            value = tree.value(document, scale)
            if value is not None:
                value += sum(slot.value(document, scale) or 0 for slot in bonuses)
            if document.key in pinned:
                shown[document.key] = (document, value or 0)
            elif value is not None:
                found.append((document, value))
        found.sort(key=lambda hit: hit[0].seq)
        for key in reversed(sort or ["_score"]):
            down, name = key.startswith("-"), key.removeprefix("-")
            if name == "_score":
                found.sort(key=lambda hit: -hit[1])  # best first, with and without a minus
                continue
            pick = max if down else min
            ordered = [(hit, [v.encode() if isinstance(v, str) else v for v in hit[0].values.get(name, ())]) for hit in found]
            have = [(hit, pick(values)) for hit, values in ordered if values]
            have.sort(key=lambda entry: entry[1], reverse=down)
            found = [hit for hit, _ in have] + [hit for hit, values in ordered if not values]
        found = [shown[key] for key in pinned if key in shown] + found
        return Hits([(document.key, value) for document, value in found], scale, len(found))

    @staticmethod
    def scale(bounds: float) -> float:
        """The largest power of two that times the bounds is at most 2³⁰; 1 for 0."""
        if bounds <= 0.0:
            return 1.0
        _, exponent = math.frexp(bounds)
        scale = 2.0 ** (30 - exponent)
        return scale * 2.0 if bounds * (scale * 2.0) <= BOUND else scale

    def unrounded(self, query: dict[str, Any], keys: list[str]) -> list[float]:
        """BM25 of documents as if scores were real numbers: what the integers round."""
        self.clauses, self.together, self.excluded = [], [], 0
        tree, scale = self.part(query, 1.0), 2.0**80
        parts: list[Any] = [tree, *(slot for fields, text, boost in self.together for slot in self.together_slots(fields, text, boost))]
        documents = [self.collection.current[key] for key in keys]
        return [sum(part.value(document, scale) or 0 for part in parts) / scale for document in documents]
