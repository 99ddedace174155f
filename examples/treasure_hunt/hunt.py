"""The London treasure hunt: four clues, 2,722 plaques, one findspot index.

Run by `make demo`. Builds `plaques.findspot` beside this file from the shipped data, then follows a trail of clues: one found by its
words, one by a phrase, one by a field and years, one near a place. Under each clue stands the command that asks the same in a shell.
The source has strings for years and two numbers for a place; `plaques` turns them into integers and one point, which is the work
that real data asks of everyone.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import findspot as fs
import zstandard

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "geo" / "open-plaques-london-2016.jsonl.zst"
INDEX = HERE / "plaques.findspot"
TOWER_OF_LONDON = (51.5081, -0.0759)

SCHEMA = fs.Schema(
    key="id",
    fields={
        "inscription": fs.Text(analyzer="english"),
        "lead_subject": fs.Text(analyzer="standard"),
        "roles": fs.Keyword(many=True),
        "organisations": fs.Keyword(many=True),
        "colour": fs.Keyword(),
        "born": fs.Integer(),
        "died": fs.Integer(),
        "erected": fs.Integer(),
        "location": fs.GeoPoint(),
    },
)


def plaques() -> Iterator[dict[str, Any]]:
    """The shipped plaques as documents of the schema."""
    with zstandard.open(SOURCE, "rt", encoding="utf-8") as lines:
        for line in lines:
            source = json.loads(line)
            yield {
                "id": source["id"],
                "inscription": source["inscription"],
                "lead_subject": source["lead_subject"],
                "roles": source["roles"],
                "organisations": source["organisations"],
                "colour": source["colour"] or None,
                "born": int(source["born"]) if source["born"] else None,
                "died": int(source["died"]) if source["died"] else None,
                "erected": int(source["erected"]) if source["erected"] else None,
                "location": None if source["lat"] is None else {"lat": source["lat"], "lon": source["lon"]},
            }


# Each clue: what the hunter reads, the query, and the other arguments of the search.
CLUES: list[tuple[str, str, dict[str, Any]]] = [
    ("By words. Moving pictures first crossed the air of Britain from here.", "first television programme broadcast", {}),
    ("By phrase. A sober name for an army of saboteurs.", '"special operations executive"', {}),
    (
        "By field and year. He gave the cab its name, and every builder a magazine.",
        "+inscription:cab +born:[1800 TO 1810]",
        {"where": "erected < 1990"},
    ),
    (
        "Near a place. Within a mile of the Tower, what burned, and what was built again?",
        "fire OR destroyed OR rebuilt",
        {"where": f"location within 1.6 km of {TOWER_OF_LONDON[0]}, {TOWER_OF_LONDON[1]}", "sort": ["-_score", "erected"]},
    ),
]


def build() -> fs.Index:
    """A fresh index of all plaques, committed."""
    shutil.rmtree(INDEX, ignore_errors=True)
    start = time.perf_counter()
    index = fs.Index.create(str(INDEX), SCHEMA)
    count = index.upsert(plaques()).count
    index.commit()
    seconds = time.perf_counter() - start
    print(f"{count:,} plaques indexed and committed in {seconds:.2f} s, {count / seconds:,.0f} a second\n")
    return index


def command(query: str, options: dict[str, Any]) -> list[str]:
    """The same search as a command of the shell."""
    words = ["findspot", "search", INDEX.relative_to(Path.cwd()).as_posix() if INDEX.is_relative_to(Path.cwd()) else str(INDEX), query]
    if "where" in options:
        words += ["--where", options["where"]]
    if "sort" in options:
        words += ["--sort", ",".join(options["sort"])]
    return [*words, "--limit", "3"]


def quoted(word: str) -> str:
    """The word for a shell, in the quotes that read best."""
    return f'"{word}"' if "'" in word and not set(word) & set('"$`\\!') else shlex.quote(word)


def follow(index: fs.Index, clue: str, query: str, options: dict[str, Any]) -> None:
    """Asks one clue and shows the three best plaques."""
    print(clue)
    print(f"  $ {' '.join(map(quoted, command(query, options)))}")
    hits = index.search(query, limit=3, **options)
    for hit in hits:
        years = f" ({hit['born']}–{hit['died'] or ''})" if hit["born"] else ""
        title = f"{hit['lead_subject'] or 'plaque'}{years}"
        print(f"  {hit.score:7.3f}  {hit.key:>6}  {title}")
        inscription = " ".join(hit["inscription"].split())
        print(textwrap.indent(textwrap.shorten(inscription, 96, placeholder=" …"), " " * 19))
    print(f"  {hits.total} {'plaque matches' if hits.total == 1 else 'plaques match'}, found in {hits.took * 1e6:,.0f} µs\n")


def main() -> int:
    """The whole hunt."""
    with build() as index:
        for clue, query, options in CLUES:
            follow(index, clue, query, options)
        print(f"The index stays in {command('', {})[2]}: search it yourself with the commands above.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
