"""What a ranking says in lists: synonyms, stop words, typos, pins and hides, by the book.

**In**: a configuration in its tables, a collection. **Out**: for a text which words are searched as what; for a query which keys come first
and which are hidden. **Law**: from SEMANTICS 8, 9 and 11 and what `findspot.analyze()` makes of the listed texts; nothing is prepared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collection import Collection

# Terms with their offsets from the first.
Member = tuple[tuple[str, int], ...]


class Lists:
    """The lists of one configuration."""

    def __init__(self, collection: Collection, config: Mapping[str, Any], first: str | None) -> None:
        self.collection = collection
        synonyms = config.get("synonyms", {})
        self.groups: list[list[str]] = synonyms.get("groups", [])
        self.oneway: dict[str, list[str]] = synonyms.get("oneway", {})
        self.stop_words: list[str] = config.get("stopwords", {}).get("words", [])
        typos = config.get("typos")
        self.when = "never" if typos is None else typos.get("when", "missing")
        lengths = (typos or {}).get("min_length", {})
        self.one, self.two = lengths.get("one", 4), lengths.get("two", 8)
        self.few = (typos or {}).get("few", 5)
        self.pins: list[dict[str, Any]] = config.get("pins", [])
        self.first = first

    def member(self, name: str, text: str) -> Member:
        """A listed text as a field has it."""
        terms: list[tuple[str, int]] = []
        for term, position, _ in self.collection.analyze(text, self.collection.schema[name][1], True):
            if not terms or terms[-1][1] != position:
                terms.append((term, position))
        return tuple((term, position - terms[0][1]) for term, position in terms)

    def longest(self, name: str, terms: list[str]) -> tuple[int, list[Member]] | None:
        """The longest run that the terms begin with and that stands for others: its length, and all that is looked for."""
        lists = [(group, group) for group in self.groups] + [([text], others) for text, others in sorted(self.oneway.items())]
        runs: dict[tuple[str, ...], list[Member]] = {}
        for texts, others in lists:
            for run in (self.member(name, text) for text in texts):
                found = runs.setdefault(tuple(term for term, _ in run), [run])
                for other in (self.member(name, text) for text in others):
                    if other and other not in found:
                        found.append(other)
        fitting = [run for run, found in runs.items() if run and len(found) > 1 and tuple(terms[: len(run)]) == run]
        best = max(fitting, key=len, default=None)
        return None if best is None else (len(best), runs[best])

    def is_stop(self, name: str, term: str) -> bool:
        return any(term == token for word in self.stop_words for token, _, _ in self.collection.analyze(word, self.analyzer(name), True))

    def analyzer(self, name: str) -> str:
        return self.collection.schema[name][1]

    def typos_of(self, parts: list[tuple[str, str]]) -> int:
        """How many typos a word of these (field, term) may have; 0: it is searched as it is."""
        letters = min(len(term) for _, term in parts)
        most = max(self.collection.df(name, term) for name, term in parts)
        near = {"never": False, "missing": most == 0, "few": most <= self.few, "always": True}[self.when]
        return int(near) * (int(letters >= self.one) + int(letters >= self.two))

    def words(self, text: str) -> list[str]:
        """The words by which a query is told from others."""
        terms: list[str] = []
        before = None
        analyzer = "standard" if self.first is None else self.analyzer(self.first)
        for term, _, start in self.collection.analyze(text, analyzer, True):
            if start != before:
                terms.append(term)
            before = start
        kept = [term for term in terms if self.first is None or not self.is_stop(self.first, term)]
        return kept or terms

    def curated(self, query: Mapping[str, Any]) -> tuple[list[str], set[str]]:
        """(keys that come first, keys that are hidden) for a query of nothing but words."""
        body = query.get("match")
        if body is None or body.get("fields") is not None or not (words := self.words(body["text"])):
            return [], set()
        rules = [rule for rule in self.pins if self.words(rule["query"]) == words]
        hidden = {key for rule in rules for key in rule.get("hide", [])}
        first = dict.fromkeys(key for rule in rules for key in rule.get("keys", []) if key not in hidden)
        return list(first), hidden
