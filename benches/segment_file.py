"""A second reader of segment files, written from FORMAT.md: where the bytes of an index are.

**In**: a `.seg` file. **Out**: its sections as (kind, field, start, length), its statistics, and every checksum verified. **Law**:
nothing of findspot is imported, so that what this reads is what FORMAT.md says.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAGIC = b"FINDSPOT"
PAGE = 4096
NO_FIELD = 0xFFFF
KINDS = {
    1: "stored",
    2: "stored_directory",
    3: "keys",
    4: "key_offsets",
    5: "key_hashes",
    6: "sequence",
    16: "column",
    17: "longitudes",
    18: "value_ends",
    32: "postings",
    33: "term_index",
    34: "norms",
    35: "codebook",
    36: "bigram_postings",
    37: "bigram_term_index",
    38: "bigram_codebook",
}


@dataclass(frozen=True)
class Section:
    """A section's place."""

    kind: str
    field: int
    start: int
    length: int


@dataclass(frozen=True)
class SegmentFile:
    """What the footer says."""

    version: int
    sections: list[Section]
    stats: Any
    page_table: int
    footer: int


def read(path: Path) -> SegmentFile:
    """Reads the footer and verifies every checksum."""
    data = path.read_bytes()
    if data[:8] != MAGIC or data[-8:] != MAGIC:
        raise ValueError(f"{path}: not a segment file")
    version, zero = struct.unpack_from("<II", data, 8)
    footer_length, footer_crc, tail_version = struct.unpack_from("<III", data, len(data) - 20)
    if zero or version != tail_version:
        raise ValueError(f"{path}: header and tail disagree")
    footer_at = len(data) - 20 - footer_length
    footer = data[footer_at : footer_at + footer_length]
    if zlib.crc32(footer + struct.pack("<I", footer_length)) != footer_crc:
        raise ValueError(f"{path}: the footer's checksum is wrong")
    (count,) = struct.unpack_from("<I", footer)
    entries = [struct.unpack_from("<HHQQ", footer, 4 + 20 * number) for number in range(count)]
    data_end, table_crc, stats_length = struct.unpack_from("<QII", footer, 4 + 20 * count)
    stats = footer[4 + 20 * count + 16 :]
    if len(stats) != stats_length:
        raise ValueError(f"{path}: statistics of {stats_length} bytes, {len(stats)} found")
    table = data[data_end:footer_at]
    if zlib.crc32(table) != table_crc:
        raise ValueError(f"{path}: the page table's checksum is wrong")
    sums = struct.unpack(f"<{len(table) // 4}I", table)
    for number, expected in enumerate(sums):
        if zlib.crc32(data[number * PAGE : min((number + 1) * PAGE, data_end)]) != expected:
            raise ValueError(f"{path}: page {number} is damaged")
    if len(sums) != -(-data_end // PAGE):
        raise ValueError(f"{path}: {len(sums)} page checksums for {data_end} bytes")
    sections = [Section(KINDS.get(kind, str(kind)), field, start, length) for kind, field, start, length in entries]
    return SegmentFile(version, sections, json.loads(stats) if stats else None, data_end, footer_at)


def inverted_bytes(codebook: bytes) -> dict[str, int]:
    """Bytes of the structures inside a field's postings, as its codebook says."""
    at = 1
    numbers = []
    while len(numbers) < 13:  # six counts, then dictionary, gaps, aligned, bitmaps, codes, exceptions, positions
        value = shift = 0
        while True:
            value |= (codebook[at] & 0x7F) << shift
            shift += 7
            at += 1
            if codebook[at - 1] < 0x80:
                break
        numbers.append(value)
    return dict(zip(("dictionary", "gaps", "aligned", "bitmaps", "codes", "exceptions", "positions"), numbers[6:], strict=True))


def bytes_by_structure(index: Path) -> dict[str, int]:
    """Bytes of an index by structure: sections by kind, and what is beside them."""
    found: dict[str, int] = {}

    def add(part: str, count: int) -> None:
        found[part] = found.get(part, 0) + count

    for path in index.rglob("*"):
        if not path.is_file():
            continue
        size = path.stat().st_size
        if path.suffix != ".seg":
            add(path.relative_to(index).parts[0], size)
            continue
        file = read(path)
        data = path.read_bytes()
        for section in file.sections:
            if section.kind != "postings":
                add(section.kind, section.length)
        for section in file.sections:
            if section.kind == "codebook":  # says what the postings are made of
                parts = inverted_bytes(data[section.start : section.start + section.length])
                for part, count in parts.items():
                    add(part, count)
                (postings,) = (other.length for other in file.sections if (other.kind, other.field) == ("postings", section.field))
                add("padding", postings - sum(parts.values()))
        add("page checksums", file.footer - file.page_table)
        add("alignment and footers", size - sum(section.length for section in file.sections) - (file.footer - file.page_table))
    return dict(sorted(found.items(), key=lambda item: -item[1]))
