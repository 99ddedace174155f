"""The guard of `make bench-instructions`: how many instructions each class of queries takes, against the committed baseline.

    instructions.py                     counts, prints the table, fails when a class grew by more than 3 %
    instructions.py --accept "REASON"   counts and makes that the baseline

**In**: every 44th package of the development data, 20,000 documents; queries of real words, drawn from them and from `queries/` there;
`rust/engine/examples/instructions.rs`, which runs them at the AVX2 level under callgrind. **Out**: `instructions.json` beside this file
when accepted; callgrind's profile of each class in `target/instructions/` (`callgrind_annotate target/instructions/or2.out` says where the
instructions are). **Law**
1. Counts, not times: a busy machine does not change them, and two runs of one build agree to far less than the threshold.
2. The same data give the same documents and queries; where they differ from the baseline's, nothing is compared.
3. A faster class is accepted too: what is not in the baseline is not guarded.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from corpora import PYPI, ROOT, WORDS, data, lines

BASELINE = Path(__file__).with_suffix(".json")
WORKING = ROOT / "target" / "instructions"
COUNTED = "instructions::measured"
EVERY, DOCUMENTS = 44, 20_000
QUERIES, LEAST = 60, 20  # of each kind; documents that hold a query's word
GROWTH = 1.03


def documents() -> list[dict[str, object]]:
    """The corpus: the month as a number, so that there is a column to sort by."""
    chosen: list[dict[str, object]] = []
    for line in islice(lines(data() / PYPI.source), 0, EVERY * DOCUMENTS, EVERY):
        record = json.loads(line)
        title, body, month = record["title"], record["body"], int(record["month"].replace("-", ""))
        chosen.append({"id": record["id"], "text": f"{title} {body}", "title": title, "body": body, "month": month})
    if len(chosen) == DOCUMENTS:
        return chosen
    raise SystemExit(f"the corpus has {len(chosen)} documents, expected {DOCUMENTS}")


def spread(found: list[str]) -> list[str]:
    """Queries from the whole list, each once, at even distances."""
    found = list(dict.fromkeys(found))
    if len(found) < QUERIES:
        raise SystemExit(f"only {len(found)} queries of a kind, expected {QUERIES}")
    return [found[place * len(found) // QUERIES] for place in range(QUERIES)]


def queries(texts: list[str]) -> dict[str, list[str]]:
    """Kind → query strings: what people typed, as far as the documents know its words; runs of the documents' words as phrases."""
    split = [WORDS.findall(text.lower()) for text in texts]
    frequency = Counter(word for words in split for word in set(words))
    holders: dict[str, set[int]] = {word: set() for word, count in frequency.items() if count >= LEAST}
    for number, words in enumerate(split):
        for word in holders.keys() & set(words):
            holders[word].add(number)

    folder = data() / "queries"
    web = (folder / "topics.mq.1-10000.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    questions = (folder / "topics.dpr.nq.dev.txt").read_text(encoding="utf-8", errors="replace").splitlines()

    def known(text: str) -> list[str]:
        return [word for word in dict.fromkeys(WORDS.findall(text.lower())) if word in holders]

    typed = [known(line.split(":", 1)[-1]) for line in web]
    of = {length: [words for words in typed if len(words) == length] for length in (1, 2, 3, 4)}
    meeting = {length: [words for words in of[length] if set.intersection(*(holders[word] for word in words))] for length in (2, 3)}
    found = {f"or{length}": [" ".join(words) for words in of[length]] for length in of}
    found["long"] = [" ".join(words) for words in (known(line.split("\t")[0]) for line in questions) if len(words) >= 7]
    found["and2"] = ["+" + " +".join(words) for words in meeting[2]]
    found["and3"] = ["+" + " +".join(words) for words in meeting[3]]
    runs = [words[1 : 3 + number % 2] for number, words in enumerate(split) if len(words) >= 4]
    found["phrase"] = [f'"{" ".join(run)}"' for run in runs if len(set(run)) == len(run) and all(word in holders for word in run)]
    found["neg"] = [f"+{first} -{second}" for first, second in meeting[2]]
    return {kind: spread(chosen) for kind, chosen in found.items()}


def prepare() -> tuple[Path, Path, str]:
    """The files of documents and queries, and a checksum of both."""
    WORKING.mkdir(parents=True, exist_ok=True)
    corpus = documents()
    asked = queries([str(document["text"]) for document in corpus])
    paths = WORKING / "documents.jsonl", WORKING / "queries.tsv"
    paths[0].write_text("".join(json.dumps(document, ensure_ascii=False) + "\n" for document in corpus), encoding="utf-8")
    paths[1].write_text("".join(f"{kind}\t{query}\n" for kind, found in asked.items() for query in found), encoding="utf-8")
    return *paths, hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def build() -> Path:
    """The example, built as the wheel is."""
    command = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "findspot-engine", "--example", "instructions"]
    subprocess.run([*command, "--message-format=json-render-diagnostics"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    metadata = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=ROOT, check=True, capture_output=True)
    return Path(json.loads(metadata.stdout)["target_directory"]) / "release" / "examples" / "instructions"


def count(program: Path, *inputs: Path) -> dict[str, dict[str, int]]:
    """Class → instructions, queries and hits; the profiles are left under the classes' names."""
    for old in WORKING.glob("*.out*"):
        old.unlink()
    tool = [
        "valgrind",
        "--tool=callgrind",
        f"--toggle-collect={COUNTED}",
        f"--dump-after={COUNTED}",
        "--compress-strings=no",  # else a name that one dump introduces is a number in the next, where nobody can read it
        "--compress-pos=no",
        f"--callgrind-out-file={WORKING}/dump.out",
    ]
    done = subprocess.run([*tool, str(program), *map(str, inputs)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the run under valgrind ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    counted: dict[str, dict[str, int]] = {}
    for number, line in enumerate(done.stdout.splitlines(), 1):
        name, asked, hits = line.split("\t")
        dump = WORKING / f"dump.out.{number}"
        profile = dump.read_text(encoding="utf-8") if dump.exists() else ""
        summary = re.search(r"^summary: (\d+)", profile, re.MULTILINE)
        if summary is None or not int(summary[1]):
            raise SystemExit(f"callgrind counted nothing for {name}: does it know {COUNTED} by another name?")
        # The calls on the way to what is counted began before it, so their number is 0: callgrind_annotate takes their cost for main's own.
        (WORKING / f"{name}.out").write_text(re.sub(r"^calls=0 .*\n.*\n", "", profile, flags=re.MULTILINE), encoding="utf-8")
        dump.unlink()
        counted[name] = {"instructions": int(summary[1]), "queries": int(asked), "hits": int(hits)}
    return counted


def table(counted: dict[str, dict[str, int]], before: dict[str, dict[str, int]]) -> list[str]:
    """Prints the table; returns the classes that grew too much."""
    grown = []
    print(f"{'class':10} {'queries':>7} {'hits':>9} {'a query':>10} {'before':>10} {'ratio':>6}")
    for name, now in counted.items():
        each, old = now["instructions"] / now["queries"], before.get(name)
        line = f"{name:10} {now['queries']:7} {now['hits']:9} {each:10,.0f}"
        if old is None:
            print(f"{line} {'new':>10}")
            continue
        ratio = now["instructions"] / old["instructions"]
        if ratio > GROWTH:
            grown.append(f"{name} {ratio:.3f}")
        note = "  GREW" if ratio > GROWTH else "  shrank: accept it, so that it stays" if ratio < 1 / GROWTH else ""
        if now["hits"] != old["hits"]:
            note += "  other hits than before"
        print(f"{line} {old['instructions'] / old['queries']:10,.0f} {ratio:6.3f}{note}")
    return grown


def main() -> None:
    """Counts, compares, accepts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accept", metavar="REASON", help="make these counts the baseline; why they changed is kept with them")
    accept: str | None = parser.parse_args().accept
    if accept is not None and not accept.strip():
        parser.error("--accept needs the reason why the counts changed")
    if shutil.which("valgrind") is None:
        raise SystemExit("instructions are counted by valgrind, which is missing: apt-get install valgrind")
    *inputs, checksum = prepare()
    compiler = subprocess.run(["rustc", "--version"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    counter = subprocess.run(["valgrind", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    baseline: dict[str, Any] = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    counted = count(build(), *inputs)

    same = baseline.get("inputs") == checksum
    if baseline and not same:
        print("the documents or queries are not the baseline's: nothing is compared")
    if baseline and same and baseline["compiler"] != compiler:
        print(f"the baseline was counted with {baseline['compiler']}, this with {compiler}")
    grown = table(counted, baseline["classes"] if same else {})
    gone = sorted(baseline["classes"].keys() - counted.keys()) if same else []
    if accept is not None:
        record = {
            "reason": accept.strip(),
            "date": time.strftime("%Y-%m-%d"),
            "compiler": compiler,
            "counter": counter,
            "inputs": checksum,
            "classes": counted,
        }
        BASELINE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"accepted: {BASELINE.relative_to(ROOT)}")
    elif grown or gone or not same:
        why = [*(f"grew by more than {GROWTH - 1:.0%}: {name}" for name in grown), *(f"no longer counted: {name}" for name in gone)]
        print("\n".join(why or ["there is no baseline for this"]), file=sys.stderr)
        raise SystemExit('a growth that is worth it: make bench-instructions ACCEPT="why"')


if __name__ == "__main__":
    main()
