"""A writer that lives to be killed, and the model of what it wrote.

As a program: `workload.py FOLDER FIRST COUNT` opens or creates the index in FOLDER and makes the commits FIRST … FIRST+COUNT−1, with a
merge after every second and a garbage collection after every third, and prints `ack N` when commit N is acknowledged. What commit N
does depends on N alone, so the parent knows every state: `state(n)` is the whole contents after commit n.
"""

from __future__ import annotations

import random
import sys
from functools import cache
from typing import Any

KEYS = 120
MARKER = "marker"


def batch(number: int) -> tuple[list[dict[str, Any]], list[str]]:
    """The documents and deletions of a commit."""
    chosen = random.Random(number)
    words = ["gold", "coin", "bridge", "river", "crown", "castle", "hoard", "ring"]
    documents = [
        {"id": f"k{key}", "text": " ".join(chosen.choices(words, k=chosen.randint(1, 12))), "commit": number}
        for key in chosen.sample(range(KEYS), 25)
    ]
    deleted = [f"k{key}" for key in chosen.sample(range(KEYS), 6)]
    return [*documents, {"id": MARKER, "text": "marker", "commit": number}], deleted


@cache
def state(number: int) -> dict[str, dict[str, Any]]:
    """All documents by key after a commit; before the first one there are none."""
    if number == 0:
        return {}
    after = dict(state(number - 1))
    documents, deleted = batch(number)
    for document in documents:
        after[document["id"]] = document
    for key in deleted:
        after.pop(key, None)
    return after


def main(folder: str, first: int, count: int) -> None:
    """Makes the commits."""
    import findspot as fs

    schema = fs.Schema(key="id", fields={"text": fs.Text(analyzer="whitespace"), "commit": fs.Integer()})
    index = fs.Index.create(folder, schema, exist_ok=True)
    for number in range(first, first + count):
        documents, deleted = batch(number)
        index.upsert(documents)
        index.delete(deleted)
        index.commit()
        print(f"ack {number}", flush=True)
        if number % 2 == 0:
            index.merge()
        if number % 3 == 0:
            index.gc()
    index.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
