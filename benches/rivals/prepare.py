"""The corpora and queries of the comparison, prepared once into a cache folder; every engine reads the same files.

**In**: `corpora/` and `queries/` of the development data. **Out**, below `<cache>/<corpus>/`: `words.txt` (one document a line, its
number is its key: lower-cased [a-z0-9] words joined by one space) and `queries.tsv` (class, query string), `deleted.txt`. **Law**
1. A count that differs from the known one is an error, not a smaller comparison.
2. The same data give the same queries: the seed is fixed, sets are never iterated.
3. Every word of a query occurs in at least 30 documents; a class has 300 queries (or a smaller one is said, not filled with others).
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from corpora import PYPI, WIKI, WORDS, data, lines, records  # noqa: E402

SEED, QUERIES, LEAST = 20_261_124, 300, 30
CLASSES = ("or1", "or2", "or3", "or4", "long", "and2", "and3", "phrase", "neg")


@dataclass(frozen=True)
class Collection:
    """A corpus as one field of words: its name, its source, and how many documents hold a word."""

    name: str
    documents: int
    texts: Callable[[], Iterator[str]]


@dataclass(frozen=True)
class Place:
    """Where everything of one run is: the cache folder, the corpus and the state."""

    cache: Path
    corpus: str
    state: str

    def index(self, engine: str) -> Path:
        """The folder of an engine's index."""
        return self.cache / self.corpus / f"{engine}-{self.state}"

    @property
    def words(self) -> Path:
        """The documents."""
        return self.cache / self.corpus / "words.txt"

    @property
    def deleted(self) -> Path:
        """The documents that the state with deletes deletes."""
        return self.cache / self.corpus / "deleted.txt"

    @property
    def queries(self) -> Path:
        """The queries."""
        return self.cache / self.corpus / "queries.tsv"


def _pypi() -> Iterator[str]:
    for record in records(PYPI):
        yield f"{record['title']} {record['body']}"


def _wiki() -> Iterator[str]:
    for record in records(WIKI):
        yield str(record["text"])


COLLECTIONS = {"pypi": Collection("pypi", 886_323, _pypi), "wiki": Collection("wiki", 391_857, _wiki)}


def words_of(text: str) -> list[str]:
    """Lower case, split at everything that is not [a-z0-9]."""
    return WORDS.findall(text.lower())


def words_file(cache: Path, name: str) -> Path:
    """The documents of a collection, written on first use."""
    collection = COLLECTIONS[name]
    path = cache / name / "words.txt"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, written = path.with_suffix(".partial"), 0
    with open(partial, "w", encoding="ascii") as out:
        for text in collection.texts():
            if words := words_of(text):
                out.write(" ".join(words) + "\n")
                written += 1
    if written != collection.documents:
        raise SystemExit(f"{name}: {written} documents, expected {collection.documents}")
    partial.rename(path)
    return path


def queries_file(cache: Path, name: str) -> Path:
    """The queries of a collection, written on first use."""
    path = cache / name / "queries.tsv"
    if not path.exists():
        text = "".join(f"{kind}\t{query}\n" for kind, queries in _queries(words_file(cache, name)).items() for query in queries)
        partial = path.with_suffix(".partial")
        partial.write_text(text, encoding="ascii")
        partial.rename(path)
    return path


def read_queries(path: Path) -> dict[str, list[str]]:
    """Class → query strings, in the file's order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="ascii").splitlines():
        kind, query = line.split("\t")
        found.setdefault(kind, []).append(query)
    return found


def _asked() -> tuple[list[str], list[str], list[str]]:
    """The unions of the search benchmark game, the web queries, the questions: texts, each source in its own order."""
    folder = data() / "queries"
    game = []
    for line in lines(folder / "search-benchmark-game.queries.jsonl"):
        query = json.loads(line)
        if any(tag in ("union", "term") for tag in query["tags"]):
            game.append(query["query"])
    with open(folder / "topics.mq.1-10000.txt", encoding="utf-8", errors="replace") as stream:
        web = [line.rstrip("\n").split(":")[-1] for line in stream]
    with open(folder / "topics.dpr.nq.dev.txt", encoding="utf-8", errors="replace") as stream:
        questions = [line.split("\t")[0] for line in stream]
    return game, web, questions


def _queries(documents: Path) -> dict[str, list[str]]:
    rng = random.Random(SEED)
    with open(documents, encoding="ascii") as stream:
        texts = stream.read().splitlines()
    frequency: Counter[str] = Counter()
    for text in texts:
        frequency.update(set(text.split()))

    def known(text: str) -> list[str]:
        return [word for word in dict.fromkeys(words_of(text)) if frequency[word] >= LEAST]

    game, web, questions = _asked()
    rng.shuffle(web)
    rng.shuffle(questions)
    lists: dict[str, list[list[str]]] = {f"or{length}": [] for length in (1, 2, 3, 4)}
    for text in [*game, *web]:
        words = known(text)
        if 1 <= len(words) <= 4 and words not in lists[f"or{len(words)}"]:
            lists[f"or{len(words)}"].append(words)
    longs = [words for words in map(known, questions) if len(words) >= 7]
    picked = {kind: [" ".join(words) for words in found[:QUERIES]] for kind, found in lists.items()}
    picked["long"] = [" ".join(words) for words in longs[:QUERIES]]

    wanted = {word for length in (2, 3) for words in lists[f"or{length}"][: 2 * QUERIES] for word in words}
    postings = _postings(texts, wanted)
    for length in (2, 3):
        meeting = [words for words in lists[f"or{length}"][: 2 * QUERIES] if _meet([postings[word] for word in words])]
        while len(meeting) < QUERIES:
            words = list(dict.fromkeys(word for word in rng.choice(texts).split() if frequency[word] >= LEAST))
            if len(words) >= length and (chosen := rng.sample(words, length)) not in meeting:
                meeting.append(chosen)
        picked[f"and{length}"] = [" ".join(f"+{word}" for word in words) for words in meeting[:QUERIES]]
    runs: list[str] = []
    while len(runs) < QUERIES:
        words, length = rng.choice(texts).split(), rng.choice((2, 3))
        if len(words) >= length:
            start = rng.randrange(len(words) - length + 1)
            run = words[start : start + length]
            phrase = f'"{" ".join(run)}"'
            if phrase not in runs and len(set(run)) == length and all(frequency[word] >= LEAST for word in run):
                runs.append(phrase)
    picked["phrase"] = runs
    picked["neg"] = [query.replace(" +", " -") for query in picked["and2"]]
    return {kind: picked[kind] for kind in CLASSES}


def _postings(texts: list[str], wanted: set[str]) -> dict[str, numpy.ndarray]:
    found: dict[str, list[int]] = {word: [] for word in wanted}
    for number, text in enumerate(texts):
        for word in wanted.intersection(text.split()):
            found[word].append(number)
    return {word: numpy.array(numbers, dtype=numpy.uint32) for word, numbers in found.items()}


def _meet(lists: list[numpy.ndarray]) -> bool:
    first = lists[0]
    for other in lists[1:]:
        first = numpy.intersect1d(first, other, assume_unique=True)
    return len(first) > 0


def deleted_file(cache: Path, name: str) -> Path:
    """One in twenty documents, which the state with deletes deletes in every engine."""
    path = cache / name / "deleted.txt"
    if not path.exists():
        documents = COLLECTIONS[name].documents
        chosen = sorted(random.Random(documents).sample(range(documents), documents // 20))
        path.write_text("".join(f"{number}\n" for number in chosen), encoding="ascii")
    return path


def fields_collection(cache: Path) -> Place:
    """`pypi` in two fields, a tabulator between them; its queries are those of one field."""
    place = Place(cache, "pypi-fields", "one")
    if not place.words.exists():
        place.words.parent.mkdir(parents=True, exist_ok=True)
        partial = place.words.with_suffix(".partial")
        with open(partial, "w", encoding="ascii") as out:
            for record in records(PYPI):
                out.write("\t".join(" ".join(words_of(str(record[name]))) for name in ("title", "body")) + "\n")
        partial.rename(place.words)
    shutil.copy(queries_file(cache, "pypi"), place.queries)
    return place


def prepare(cache: Path) -> None:
    """Both collections and their queries."""
    for name in COLLECTIONS:
        words_file(cache, name)
        queries_file(cache, name)
        deleted_file(cache, name)
