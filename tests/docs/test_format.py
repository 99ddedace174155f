"""FORMAT.md is true: its worked bytes decode by its grammar, and so do the files of a real index, with readers that know only that page."""

from __future__ import annotations

import json
import random
import re
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import findspot as fs
import pytest
from documents import ROOT, blocks
from inverted_file import Inverted, Posting

sys.path.insert(0, str(ROOT / "benches"))
import segment_file

WORDS = [f"word{number}" for number in range(400)]


def manifest(data: bytes) -> dict[str, Any]:
    """Decodes a manifest."""
    line, _, body = data.partition(b"\n")
    found = re.fullmatch(rb"findspot manifest (\d+) ([0-9a-f]{8})", line)
    assert found, line
    assert int(found[2], 16) == zlib.crc32(found[1] + b"\n" + body)
    assert found[1] == b"1"
    decoded: dict[str, Any] = json.loads(body)
    return decoded


def roaring(data: bytes) -> list[int]:
    """Decodes a portable Roaring bitmap of array containers."""
    cookie, size = struct.unpack_from("<II", data)
    assert cookie == 12346
    values = []
    for number in range(size):
        key, cardinality = struct.unpack_from("<HH", data, 8 + 4 * number)
        (offset,) = struct.unpack_from("<I", data, 8 + 4 * size + 4 * number)
        values += [key << 16 | low for low in struct.unpack_from(f"<{cardinality + 1}H", data, offset)]
    return values


def live(data: bytes) -> tuple[int, list[int]]:
    """Decodes live bits: (documents, deleted ones)."""
    assert data[:8] == b"FINDLIVE"
    version, docs, deleted = struct.unpack_from("<III", data, 8)
    assert version == 1
    assert struct.unpack("<I", data[-4:])[0] == zlib.crc32(data[:-4])
    values = roaring(data[20:-4])
    assert len(values) == deleted
    return docs, values


def shown(language: str) -> str:
    (block,) = [block for block in blocks("FORMAT.md") if block.language == language]
    return block.text


def test_the_worked_manifest_decodes() -> None:
    decoded = manifest(shown("manifest").removesuffix("\n").encode())
    assert decoded["number"] == 2
    assert decoded["segments"][0]["docs"] - decoded["segments"][0]["live"]["count"] == 1


def test_the_worked_live_bits_decode() -> None:
    data = bytes(int(word, 16) for line in shown("live").splitlines() for word in re.split(r"\s{3,}", line)[0].split())
    assert live(data) == (3, [1])
    named = manifest(shown("manifest").removesuffix("\n").encode())["segments"][0]["live"]["checksum"]
    assert named == zlib.crc32(data[:-4])


def test_the_worked_field_decodes() -> None:
    sections: dict[str, bytes] = {}
    name = ""
    for line in shown("inverted").splitlines():
        if re.fullmatch(r"[a-z_]+", line):
            name = line
        else:
            digits = re.split(r"\s{3,}", line)[0].split()
            sections[name] = sections.get(name, b"") + bytes(int(word, 16) for word in digits)
    field = Inverted(sections["postings"], sections["term_index"], sections["codebook"])
    assert field.read() == {
        b"a": [(0, 2, 5, [0, 3])],
        b"is": [(0, 1, 5, [2]), (3, 1, 1, [0])],
        b"rose": [(0, 2, 5, [1, 4]), (2, 1, 1, [0])],
    }
    assert list(sections["norms"]) == [5, 0, 1, 1]
    assert field.bytes["dictionary"] + field.bytes["codes"] + field.bytes["gaps"] + field.bytes["positions"] == len(sections["postings"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small index of three commits."""
    folder = tmp_path_factory.mktemp("format") / "index"
    schema = fs.Schema(key="id", fields={"title": fs.Text(analyzer="english"), "year": fs.Integer(), "tags": fs.Keyword(many=True)})
    with fs.Index.create(str(folder), schema) as index:
        index.upsert({"id": f"k{number}", "title": "gold coin", "year": number, "tags": ["a"]} for number in range(9))
        index.commit()
        index.delete(["k1", "k5"])
        index.commit()
        index.upsert([{"id": "new", "title": "silver"}])
    return folder


def test_the_manifests_of_an_index_decode(folder: Path) -> None:
    found = {int(path.name): manifest(path.read_bytes()) for path in (folder / "manifest").iterdir()}
    assert found
    newest = found[max(found)]
    assert all(decoded["number"] == number for number, decoded in found.items())
    assert newest["next_sequence"] == 11
    assert sum(segment["docs"] for segment in newest["segments"]) == 10
    for segment in newest["segments"]:
        path = folder / "seg" / f"{segment['id']}.seg"
        assert path.stat().st_size == segment["size"]
        (footer_checksum,) = struct.unpack("<I", path.read_bytes()[-16:-12])
        assert footer_checksum == segment["checksum"]


def test_the_segments_of_an_index_decode(folder: Path) -> None:
    paths = list((folder / "seg").iterdir())
    assert paths
    for path in paths:
        file = segment_file.read(path)
        kinds = {section.kind for section in file.sections}
        assert file.version == 1
        assert {"stored", "keys", "term_index", "codebook", "postings", "norms"} <= kinds, kinds
        assert not any(kind.isdigit() for kind in kinds), kinds
        assert all(section.start % 64 == 0 for section in file.sections)
        order = list(segment_file.KINDS.values())
        places = [(order.index(section.kind), section.field) for section in file.sections]
        assert places == sorted(places)
    parts = segment_file.bytes_by_structure(folder)
    assert sum(parts.values()) == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_the_live_bits_of_an_index_decode(folder: Path) -> None:
    deleted = {path.name: live(path.read_bytes()) for path in (folder / "live").iterdir()}
    assert (9, [1, 5]) in deleted.values()
    newest = max((folder / "manifest").iterdir(), key=lambda path: int(path.name))
    for segment in manifest(newest.read_bytes())["segments"]:
        if "live" in segment:
            data = (folder / "live" / f"{segment['id']}.{segment['live']['id']}").read_bytes()
            assert segment["live"]["checksum"] == zlib.crc32(data[:-4])
            assert segment["live"]["count"] == segment["docs"] - len(live(data)[1])


def fields(path: Path, prefix: str = "") -> dict[int, tuple[Inverted, bytes]]:
    """The inverted indexes of a segment by field, each with its lengths; or, with a prefix, their bigrams."""
    data = path.read_bytes()
    sections = {
        (section.kind, section.field): data[section.start : section.start + section.length] for section in segment_file.read(path).sections
    }
    return {
        field: (
            Inverted(sections[f"{prefix}postings", field], sections[f"{prefix}term_index", field], book),
            sections.get(("norms", field), b""),
        )
        for (kind, field), book in sections.items()
        if kind == f"{prefix}codebook"
    }


def bigrams_of(terms: dict[bytes, list[Posting]], least: int) -> dict[bytes, list[Posting]]:
    """Where two words that are in at least so many documents stand side by side."""
    numbers = {term: number for number, term in enumerate(terms)}
    frequent = {
        term: {doc: (norm, set(places)) for doc, _, norm, places in postings} for term, postings in terms.items() if len(postings) >= least
    }
    found: dict[bytes, list[Posting]] = {}
    for first, left in frequent.items():
        for second, right in frequent.items():
            both = [
                (doc, len({place + 1 for place in places} & right[doc][1]), norm, [])
                for doc, (norm, places) in left.items()
                if doc in right
            ]
            if postings := [posting for posting in both if posting[1] > 0]:
                found[struct.pack(">II", numbers[first], numbers[second])] = postings
    return found


def test_every_posting_of_an_index_decodes(tmp_path: Path) -> None:
    """12,000 documents, so that all three layouts of lists occur; every posting is compared with the documents."""
    chosen = random.Random(5)
    texts = [
        " ".join(WORDS[min(int(chosen.paretovariate(0.6)) - 1, 399)] for _ in range(chosen.randint(1, chosen.choice([4, 8, 16, 200]))))
        for _ in range(12_000)
    ]
    tags = [chosen.sample(["a", "b", "c"], chosen.randint(0, 2)) for _ in texts]
    schema = fs.Schema(key="id", fields={"text": fs.Text(analyzer="whitespace"), "tags": fs.Keyword(many=True)})
    with fs.Index.create(str(tmp_path / "index"), schema) as index:
        index.upsert({"id": str(number), "text": text, "tags": tag} for number, (text, tag) in enumerate(zip(texts, tags, strict=True)))
        index.commit()
        index.merge()
    (path,) = (tmp_path / "index" / "seg").iterdir()
    found = fields(path)
    inverted, norms = found[0]
    expected: dict[bytes, list[Posting]] = {}
    for document, text in enumerate(texts):
        words = text.split()
        for word in set(words):
            places = [place for place, other in enumerate(words) if other == word]
            expected.setdefault(word.encode(), []).append((document, len(places), norms[document], places))
    assert inverted.read() == dict(sorted(expected.items()))
    bigrams = fields(path, "bigram_")[0][0]
    assert bigrams.bigrams and not bigrams.positions and not bigrams.bigrams_from
    assert bigrams.read() == bigrams_of(dict(sorted(expected.items())), inverted.bigrams_from)
    frequencies = [len(postings) for postings in expected.values()]
    layouts = {"bitmap" if df >= inverted.dense_from else "gaps" if df < inverted.sparse_below else "aligned" for df in frequencies}
    assert layouts == {"gaps", "aligned", "bitmap"}, (inverted.sparse_below, inverted.dense_from)
    assert inverted.has_exceptions
    sys.path.insert(0, str(ROOT / "tests" / "twin"))
    from lengths import encode

    assert list(norms[: len(texts)]) == [encode(len(text.split())) for text in texts]
    keywords = {term: [posting[0] for posting in postings] for term, postings in found[1][0].read().items()}
    assert keywords == {tag.encode(): [number for number, tag_list in enumerate(tags) if tag in tag_list] for tag in "abc"}
