"""One byte flipped anywhere: `check` finds it with file and place; opening and searching give CorruptionError or the right answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import findspot as fs
from findspot import col

SOAK = bool(os.environ.get("FINDSPOT_SOAK"))
FLIPS_PER_FILE = 10**9 if SOAK else 250


def build(folder: Path) -> None:
    """Every kind of field, several segments, deleted documents."""
    schema = fs.Schema(
        key="id",
        fields={
            "title": fs.Text(analyzer="english"),
            "tags": fs.Keyword(many=True),
            "year": fs.Integer(),
            "price": fs.Float(),
            "found": fs.Date(),
            "real": fs.Boolean(),
            "place": fs.GeoPoint(),
        },
    )
    with fs.Index.create(str(folder), schema) as index:
        for part in range(2):
            index.upsert(
                {
                    "id": f"d{number}",
                    "title": f"gold coin number {number} near the old bridge {'of the river ' * (number % 3)}",
                    "tags": ["hoard", f"tag{number % 7}"],
                    "year": 1700 + number,
                    "price": number / 4,
                    "found": f"20{number % 20:02}-05-01",
                    "real": number % 2 == 0,
                    "place": {"lat": 51.0 + number / 100, "lon": -0.1},
                }
                for number in range(part * 60, part * 60 + 60)
            )
            index.commit()
        index.delete(["d3", "d70", "d71"])
        index.commit()


def answers(index: fs.Index) -> list[Any]:
    """Answers that together read every structure."""
    searches: list[tuple[str, dict[str, Any]]] = [
        ("gold river", {}),
        ('"old bridge"', {}),
        ("brigde~1", {}),
        ("tags:hoard", {"where": (col("year") > 1720) & col("place").within_km(51.5, -0.1, 40)}),
        ("", {"where": (col("price") < 20) & (col("found") >= "2005-01-01") & (col("real") == True), "sort": ["-year"]}),  # noqa: E712
        ("coin", {"sort": ["tags", "_score"]}),
    ]
    out: list[Any] = [len(index), index.get("d5"), "d3" in index, index.get("d119")]
    for query, options in searches:
        hits = index.search(query, limit=200, **options)
        out.append((hits.total, list(hits.keys), list(hits.scores), hits.to_json()))
    return out


def test_a_flipped_byte_is_found_and_never_believed(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    build(folder)
    with fs.open(str(folder)) as index:
        right = answers(index)
        assert index.check().ok
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
    kinds = {path.relative_to(folder).parts[0] for path in files}
    assert {"seg", "live", "manifest"} <= kinds, kinds
    flips, refused = 0, 0
    for path in files:
        original = path.read_bytes()
        stride = max(1, len(original) // FLIPS_PER_FILE)
        for offset in range(0, len(original), stride):
            damaged = bytearray(original)
            damaged[offset] ^= 1 << (offset % 8)
            replace(path, bytes(damaged))
            flips += 1
            refused += look(folder, path.relative_to(folder).as_posix(), offset, right)
        replace(path, original)
    print(f"\n{flips} flips in {len(files)} files ({', '.join(sorted(kinds))}): {refused} refused, the others answered as if intact")
    assert refused > flips // 4, "hardly any flip was refused: is anything verified?"
    with fs.open(str(folder)) as index:
        assert answers(index) == right


def replace(path: Path, data: bytes) -> None:
    """A new file in the place of the old one, so that no open map sees it."""
    beside = path.with_name(path.name + "~")
    beside.write_bytes(data)
    beside.rename(path)


def look(folder: Path, name: str, offset: int, right: list[Any]) -> bool:
    """Whether opening or searching refused; either way the damaged place is known by name."""
    refusal = None
    try:
        index = fs.open(str(folder))
    except fs.CorruptionError as error:
        refusal = error
    else:
        with index:
            report = index.check()
            assert not report.ok, f"check missed byte {offset} of {name}"
            near = [damage for damage in report.damages if damage.file.endswith(name) and abs(damage.offset - offset) <= 8192]
            assert near, (report, name, offset)
            try:
                given = answers(index)
            except fs.CorruptionError as error:
                refusal = error
            else:
                assert given == right, f"a wrong answer after a flip at {offset} of {name}"
    if refusal is not None:
        check_refusal(refusal, name)
    return refusal is not None


def check_refusal(error: fs.CorruptionError, name: str) -> None:
    """The error names the file and a place in it."""
    assert error.file
    assert error.file.endswith(name), (error.file, name)
    assert error.offset is not None


def test_a_file_cut_short_or_missing(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    build(folder)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.relative_to(folder).parts[0] not in ("seg", "live"):
            continue
        original = path.read_bytes()
        for kept in (0, 1, len(original) // 2, len(original) - 1):
            replace(path, original[:kept])
            try:
                with fs.open(str(folder)) as index:
                    assert not index.check().ok
                    answers(index)
            except fs.CorruptionError:
                pass
        path.unlink()
        try:
            with fs.open(str(folder)) as index:
                answers(index)
        except (fs.CorruptionError, fs.StorageError):
            pass
        else:
            raise AssertionError(f"{path.name} is missing and nobody noticed")
        path.write_bytes(original)
