"""The engines that are called from Python, each as its users call it.

**Law**
1. `call(command, kind)` is what the clock sees: a callable of the query string, or None when the engine cannot do it. Nothing that
   depends on the query is made outside of it; `spell` only writes the query in the engine's own syntax, as a user would type it.
2. `answers` gives [document, score] for the agreement; it is not timed.
3. An engine is imported when it is asked for: each runs where it is installed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

RANKED = {"TOP_1": 1, "TOP_10": 10, "TOP_100": 100, "TOP_1000": 1000}
BUCKETS = 20  # a filter on one of them keeps 5 % of the documents


def parts(texts: list[str], segments: int) -> Iterator[range]:
    """Ranges of documents, one for each segment."""
    for part in range(segments):
        yield range(len(texts) * part // segments, len(texts) * (part + 1) // segments)


class Findspot:
    """findspot: a Text field split at white space, a Keyword for filters."""

    def __init__(self, folder: str) -> None:
        import findspot

        self.folder = folder
        self.index = findspot.open(folder)

    @staticmethod
    def build(texts: list[str], folder: str, segments: int, dead: list[int]) -> None:
        import findspot as fs

        shutil.rmtree(folder, ignore_errors=True)
        # Documents of more than one field have tabulators in their line.
        names = ["text"] if "\t" not in texts[0] else ["title", "body"]
        schema = fs.Schema(key="id", fields={**{name: fs.Text(analyzer="whitespace") for name in names}, "bucket": fs.Keyword()})

        def document(n: int) -> dict[str, str]:
            return {"id": str(n), **dict(zip(names, texts[n].split("\t"), strict=True)), "bucket": f"b{n * 7919 % BUCKETS}"}

        with fs.Index.create(folder, schema, memory="1GB") as index:
            for number, part in enumerate(parts(texts, segments), 1):
                index.upsert(map(document, part), refresh=False)
                index.commit()
                index.merge(max_segments=number)  # one call may make more than one segment
            if dead:
                index.delete(map(str, dead))
                index.commit()
            if index.stats().segments != segments:
                raise SystemExit(f"{index.stats().segments} segments, expected {segments}")

    def versions(self) -> dict[str, str]:
        stats = self.index.stats()
        return {"findspot": version("findspot"), "segments": str(stats.segments), "documents": str(stats.documents)}

    @staticmethod
    def spell(query: str, kind: str) -> str:
        return query

    def call(self, command: str, kind: str) -> Callable[[str], Any] | None:
        if command in RANKED:
            return partial(self.index.search, limit=RANKED[command], count="none")
        if command.startswith("TOP_10_IN_"):  # a filter on one bucket
            return partial(self.index.search, limit=10, count="none", where=f"bucket = '{command.removeprefix('TOP_10_IN_').lower()}'")
        if command in ("TOP_10_BEST", "TOP_10_BM25F"):
            import findspot

            configured = findspot.open(self.folder, config={"combine": command.removeprefix("TOP_10_").lower()})
            return partial(configured.search, limit=10, count="none")
        return {"TOP_10_COUNT": partial(self.index.search, limit=10, count="exact"), "COUNT": self.index.count}.get(command)

    def answers(self, query: str, kind: str, limit: int) -> list[tuple[int, float]]:
        hits = self.index.search(query, limit=limit, count="none")
        return [(int(hit.key), hit.score) for hit in hits]


class TantivyPy:
    """tantivy-py, on the index that the native runner built: the same version reads it, and it can be asked for exact segments there."""

    def __init__(self, folder: str) -> None:
        import tantivy

        self.index = tantivy.Index.open(folder)
        self.searcher = self.index.searcher()

    @staticmethod
    def build(texts: list[str], folder: str, segments: int, dead: list[int]) -> None:
        raise SystemExit("the native runner builds it")

    def versions(self) -> dict[str, str]:
        return {"tantivy": version("tantivy"), "segments": str(self.searcher.num_segments), "documents": str(self.searcher.num_docs)}

    @staticmethod
    def spell(query: str, kind: str) -> str:
        return query

    def call(self, command: str, kind: str) -> Callable[[str], Any] | None:
        parse, search, fields = self.index.parse_query, self.searcher.search, ["text"]
        if command in RANKED:
            limit = RANKED[command]
            return lambda query: search(parse(query, fields), limit, count=False)
        return {
            "TOP_10_COUNT": lambda query: search(parse(query, fields), 10, count=True),
            "COUNT": lambda query: search(parse(query, fields), 1, count=True).count,
        }.get(command)

    def answers(self, query: str, kind: str, limit: int) -> list[tuple[int, float]]:
        hits = self.searcher.search(self.index.parse_query(query, ["text"]), limit, count=False).hits
        return [(self.searcher.doc(address)["id"][0], score) for score, address in hits]


class Infino:
    """infino on a folder, with the `cache_dir` without which every query opens its files again."""

    def __init__(self, folder: str) -> None:
        import infino

        self.table = infino.connect(f"{folder}/data", cache_dir=f"{folder}/cache").open_table("docs")

    @staticmethod
    def build(texts: list[str], folder: str, segments: int, dead: list[int]) -> None:
        import infino
        import pyarrow as pa

        shutil.rmtree(folder, ignore_errors=True)
        database = infino.connect(f"{folder}/data", cache_dir=f"{folder}/cache")
        schema = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("text", pa.large_utf8(), nullable=False)])
        table = database.create_table("docs", schema, infino.IndexSpec().fts("text", k1=1.2, b=0.75, positions=True))
        for part in parts(texts, segments):
            ids, words = pa.array(part, pa.int64()), pa.array([texts[n] for n in part], pa.large_utf8())
            table.append(pa.table({"id": ids, "text": words}, schema=schema))
        if segments == 1:
            table.optimize()
        for start in range(0, len(dead), 5_000):
            table.delete(f"id IN ({','.join(map(str, dead[start : start + 5_000]))})")

    def versions(self) -> dict[str, str]:
        return {"infino": version("infino"), "pyarrow": version("pyarrow")}

    @staticmethod
    def spell(query: str, kind: str) -> str:
        return query

    def call(self, command: str, kind: str) -> Callable[[str], Any] | None:
        search, count = self.table.bm25_search, self.table.count
        if command in RANKED:
            limit = RANKED[command]
            return lambda query: search("text", query, limit)
        return {
            "TOP_10_COUNT": lambda query: (search("text", query, 10), count("text", query)),
            "COUNT": lambda query: count("text", query),
        }.get(command)

    def answers(self, query: str, kind: str, limit: int) -> list[tuple[int, float]]:
        found = self.table.bm25_search("text", query, limit, projection=["id", "score"])
        return list(zip(found["id"].to_pylist(), found["score"].to_pylist(), strict=True))


class Bm25s:
    """bm25s with its numba backend: ranked OR only, in memory."""

    def __init__(self, folder: str) -> None:
        import bm25s

        self.retriever = bm25s.BM25.load(folder)
        self.retriever.backend = "numba"
        self.retriever.activate_numba_scorer()
        self.answers("a b", "or2", 10)  # compiles

    @staticmethod
    def build(texts: list[str], folder: str, segments: int, dead: list[int]) -> None:
        import bm25s

        retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
        retriever.index([text.split() for text in texts], show_progress=False)
        retriever.save(folder)

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("bm25s", "numba", "numpy")}

    @staticmethod
    def spell(query: str, kind: str) -> str:
        return query

    def call(self, command: str, kind: str) -> Callable[[str], Any] | None:
        if command not in RANKED or not (kind.startswith("or") or kind == "long"):
            return None
        retrieve, limit = self.retriever.retrieve, RANKED[command]
        return lambda query: retrieve([query.split()], k=limit, show_progress=False)

    def answers(self, query: str, kind: str, limit: int) -> list[tuple[int, float]]:
        documents, scores = self.retriever.retrieve([query.split()], k=limit, show_progress=False)
        return [(int(document), float(score)) for document, score in zip(documents[0], scores[0], strict=True) if score > 0]


class Fts5:
    """SQLite's FTS5 through apsw: an ordinary table, optimised, mapped."""

    TOP = "SELECT rowid, rank FROM docs WHERE docs MATCH ? ORDER BY rank LIMIT "
    COUNT = "SELECT count(*) FROM docs WHERE docs MATCH ?"

    def __init__(self, folder: str) -> None:
        import apsw

        self.version = apsw.sqlite_lib_version()
        self.connection = apsw.Connection(f"{folder}/docs.sqlite", flags=apsw.SQLITE_OPEN_READONLY)
        self.connection.execute("PRAGMA mmap_size = 1073741824; PRAGMA cache_size = -200000")

    @staticmethod
    def build(texts: list[str], folder: str, segments: int, dead: list[int]) -> None:
        import apsw

        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir(parents=True)
        connection = apsw.Connection(f"{folder}/docs.sqlite")
        connection.execute("CREATE VIRTUAL TABLE docs USING fts5(text, tokenize = 'ascii')")
        with connection:
            connection.executemany("INSERT INTO docs(rowid, text) VALUES (?, ?)", enumerate(texts))
        connection.execute("INSERT INTO docs(docs) VALUES ('optimize')")
        connection.close()

    def versions(self) -> dict[str, str]:
        return {"sqlite": self.version, "apsw": version("apsw")}

    @staticmethod
    def spell(query: str, kind: str) -> str:
        if kind == "phrase":
            return query
        words = [f'"{word.lstrip("+-")}"' for word in query.split()]
        return (" AND " if kind.startswith("and") else " NOT " if kind == "neg" else " OR ").join(words)

    def call(self, command: str, kind: str) -> Callable[[str], Any] | None:
        execute = self.connection.execute
        if command in RANKED:
            top = f"{self.TOP}{RANKED[command]}"
            return lambda query: execute(top, (query,)).fetchall()
        ten, count = f"{self.TOP}10", self.COUNT
        return {
            "TOP_10_COUNT": lambda query: (execute(ten, (query,)).fetchall(), execute(count, (query,)).fetchall()),
            "COUNT": lambda query: execute(count, (query,)).fetchall()[0][0],
        }.get(command)

    def answers(self, query: str, kind: str, limit: int) -> list[tuple[int, float]]:
        rows = self.connection.execute(f"{self.TOP}{limit}", (query,)).fetchall()
        return [(document, -score) for document, score in rows]


ENGINES: dict[str, Any] = {
    "findspot": Findspot,
    "tantivy-py": TantivyPy,
    "infino": Infino,
    "bm25s": Bm25s,
    "fts5": Fts5,
}
