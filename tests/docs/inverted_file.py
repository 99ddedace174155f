"""A second reader of a field's inverted index, written from FORMAT.md: every term with its documents, frequencies, lengths, positions.

**In**: the bytes of the four sections. **Out**: `{term: [(document, tf, norm, positions)]}`. **Law**: it decodes everything there is,
slowly; nothing of findspot is imported.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

Posting = tuple[int, int, int, list[int]]


@dataclass
class Cursor:
    """Bytes read from front to back."""

    data: bytes
    at: int = 0

    def u8(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def take(self, length: int) -> bytes:
        self.at += length
        return self.data[self.at - length : self.at]

    def array(self, letter: str, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}{letter}", self.take(struct.calcsize(f"<{letter}") * count))

    def packed(self, width: int, count: int) -> list[int]:
        bits = int.from_bytes(self.take(-(-width * count // 8)), "little")
        return [bits >> width * number & (1 << width) - 1 for number in range(count)]


class Inverted:
    """The head of a field, and its postings."""

    def __init__(self, postings: bytes, term_index: bytes, codebook: bytes) -> None:
        self.postings = postings
        head = Cursor(codebook)
        flags = head.u8()
        self.positions, self.lengths, self.bigrams = bool(flags & 1), bool(flags & 2), bool(flags & 4)
        self.documents, self.with_tokens, self.terms = (head.varint() for _ in range(3))
        self.sparse_below, self.dense_from, self.bigrams_from = (head.varint() for _ in range(3))
        names = ("dictionary", "gaps", "aligned", "bitmaps", "codes", "exceptions", "positions", "term_index")
        self.bytes = {name: head.varint() for name in names}
        self.pairs = []
        self.counts = []
        for _ in range(head.varint()):
            self.pairs.append((head.varint(), head.u8()))
            self.counts.append(head.varint())
        sizes = [head.varint() for _ in range(head.u8())]
        self.sizes = sizes
        self.tops = [sum(sizes[: number + 1]) - 1 for number in range(len(sizes))]
        assert head.at == len(codebook)
        self.has_codes = len(self.pairs) > 1
        self.has_exceptions = len(sizes) < len(self.pairs)
        blocks = -(-self.terms // 16)
        numbers = struct.unpack(f"<{len(term_index) // 8}Q", term_index)
        self.prefixes: list[bytes] = []
        self.places: list[int] = []
        at = 0
        while len(self.places) < blocks:
            count = min(16, blocks - len(self.places))
            self.prefixes += [number.to_bytes(8, "big") for number in numbers[at : at + count]]
            self.places += numbers[at + count : at + 2 * count]
            at += 2 * count
        level = self.prefixes
        while len(level) > 16:
            level = level[::16]
            filled = [*level, *[b"\xff" * 8] * (-len(level) % 16)]
            assert [number.to_bytes(8, "big") for number in numbers[at : at + len(filled)]] == filled
            at += len(filled)
        assert at == len(numbers)

    def read(self) -> dict[bytes, list[Posting]]:
        """All terms."""
        found: dict[bytes, list[Posting]] = {}
        for prefix, place in zip(self.prefixes, self.places, strict=True):
            length, offset = place & 0xFFFFFF, place >> 24
            self.block(Cursor(self.postings[offset : offset + length]), prefix, min(16, self.terms - len(found)), found)
        return found

    def block(self, block: Cursor, prefix: bytes, count: int, found: dict[bytes, list[Posting]]) -> None:
        form, singles = block.u8(), block.array("H", 1)[0]
        tags = block.packed(4, 16)
        width, info_width = ((4, 8, 32)[number] for number in (form & 3, form >> 2))
        shared, rest, lengths = block.packed(width, 16), block.packed(width, 16), block.packed(info_width, 16)
        assert not any(tags[count:] + shared[count:] + rest[count:] + lengths[count:])
        base = int.from_bytes(block.take(6), "little")
        terms: list[bytes] = []
        for lane in range(count):
            before = terms[-1] if terms else b""
            terms.append(before[: shared[lane]] + block.take(rest[lane]))
        assert terms[0][:8].ljust(8, b"\0") == prefix
        assert tags[:count] == [tag(term) for term in terms]
        lists = []
        for lane, term in enumerate(terms):
            start = block.at
            if singles >> lane & 1:
                found[term] = [self.single(block)]
            else:
                found[term] = []
                lists.append((term, block.varint(), block.varint(), block.varint() if self.positions else None))
            assert block.at - start == lengths[lane]
        ends = [*(start for _, _, start, _ in lists[1:]), block.varint()]
        for (term, df, start, length), end in zip(lists, ends, strict=False):
            middle = end if length is None else start + length
            record, places = (Cursor(self.postings[base + a : base + b]) for a, b in ((start, middle), (middle, end)))
            found[term] = self.record(record, places, df)
        assert block.at == len(block.data)

    def single(self, block: Cursor) -> Posting:
        """A posting that stands in the dictionary."""
        document = block.varint()
        code = block.u8() if self.has_codes else 1
        pair = block.varint() if self.sizes[code - 1] > 1 else self.tops[code - 1]
        tf, norm = self.pairs[pair]
        return document, tf, norm, running([block.varint() for _ in range(tf)]) if self.positions else []

    def record(self, record: Cursor, places: Cursor, df: int) -> list[Posting]:
        if self.has_codes and df >= 10:
            record.take(4)
        exceptions = record.varint() if self.has_exceptions else 0
        if df >= self.dense_from:
            documents = self.bitmap(record)
        elif df < self.sparse_below:
            documents = self.gaps(record, df)
        else:
            documents = self.aligned(record, df)
        assert len(documents) == df
        pairs = [self.tops[code - 1] for code in record.take(df)] if self.has_codes else [0] * df
        if exceptions:
            starts = record.array("I", -(-df // 1024)) if df > 1024 else (0,)
            lows = record.array("H", exceptions)
            numbers = record.array("I" if len(self.pairs) > 65536 else "H", exceptions)
            for number, (low, pair) in enumerate(zip(lows, numbers, strict=True)):
                group = max(index for index, first in enumerate(starts) if first <= number)
                pairs[group * 1024 + low] = pair
        assert record.at == len(record.data), (record.at, len(record.data))
        frequencies = [self.pairs[pair][0] for pair in pairs]
        lists = self.position_lists(places, frequencies) if self.positions else [[] for _ in pairs]
        return [(doc, *self.pairs[pair], where) for doc, pair, where in zip(documents, pairs, lists, strict=True)]

    def gaps(self, record: Cursor, df: int) -> list[int]:
        if df <= 128:
            first, width = record.varint(), record.u8()
            return running([first, *(gap + 1 for gap in record.packed(width, df - 1))])
        blocks = -(-df // 128)
        firsts, ends, widths = record.array("I", blocks), record.array("I", blocks), record.take(blocks)
        if self.has_codes:
            record.take(blocks)
        documents, start = [], record.at
        for number in range(blocks):
            count = min(128, df - 128 * number) - 1
            documents += running([firsts[number], *(gap + 1 for gap in record.packed(widths[number], count))])
            assert record.at - start == ends[number]
        return documents

    def aligned(self, record: Cursor, df: int) -> list[int]:
        shift = record.u8()
        blocks = -(-self.documents // (1 << shift))
        starts = record.array("I", blocks + 1)
        if self.has_codes:
            record.take(blocks)
        lows = record.array("H", df)
        return [(block << shift) + low for block in range(blocks) for low in lows[starts[block] : starts[block + 1]]]

    def bitmap(self, record: Cursor) -> list[int]:
        record.array("I", -(-self.documents // 512))
        words = record.array("Q", -(-self.documents // 64))
        if self.has_codes:
            record.take(-(-self.documents // (1 << record.u8())))
        return [64 * number + bit for number, word in enumerate(words) for bit in range(64) if word >> bit & 1]

    def position_lists(self, places: Cursor, frequencies: list[int]) -> list[list[int]]:
        groups = -(-len(frequencies) // 128)
        if groups > 1:
            places.array("I", groups)
        lists = []
        for group in range(groups):
            members = frequencies[128 * group : 128 * group + 128]
            head = places.u8()
            assert bool(head & 128) == (max(members) == 1)
            assert bool(head & 64) == (max(members) > 1 and sum(members) <= 4096)
            if head & 64:
                assert places.array("H", 1)[0] == sum(members)
                begins = int.from_bytes(places.take(-(-sum(members) // 8)), "little")
                assert begins == sum(1 << sum(members[:number]) for number in range(len(members)))
            gaps = places.packed(head & 63, sum(members))
            for tf in members:
                lists.append(running(gaps[:tf]))
                gaps = gaps[tf:]
        return lists


def tag(term: bytes) -> int:
    """Four bits of a hash."""
    state = 0
    for at in range(0, max(len(term), 1), 8):
        state = (state ^ int.from_bytes(term[at : at + 8].ljust(8, b"\0"), "big")) * 0x9E3779B97F4A7C15 % 2**64
    return state >> 60


def running(gaps: list[int]) -> list[int]:
    """Running sums."""
    total, out = 0, []
    for gap in gaps:
        total += gap
        out.append(total)
    return out
