"""Analysis by name: what a text becomes before it is indexed or searched."""

from __future__ import annotations

from . import _native

__all__ = ["Token", "analyze", "analyzers"]


class Token:
    """One token of an analysed text.

    Attributes:
        text: as it is indexed and searched.
        position: which word it is, counted from 0; dropped words leave gaps, so phrases keep their distances.
        start: where it begins in the source, in characters.
        end: where it ends in the source, in characters.

    Example:
        >>> import findspot as fs
        >>> fs.analyze("Found coins", "english")[1]
        Token('coin', position=1, start=6, end=11)
    """

    __slots__ = ("end", "position", "start", "text")
    text: str
    position: int
    start: int
    end: int

    def __init__(self, text: str, position: int, start: int, end: int) -> None:
        self.text = text
        self.position = position
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Token({self.text!r}, position={self.position}, start={self.start}, end={self.end})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and repr(other) == repr(self)

    def __hash__(self) -> int:
        return hash(repr(self))


def analyze(text: str, analyzer: str = "standard", *, query: bool = False) -> list[Token]:
    """The tokens of `text`, as a field with this analyzer would index them.

    Args:
        text: any text.
        analyzer: a name that `analyzers()` lists.
        query: give the tokens that a query with this text asks for. They are some of the others: of a run of Han, kana, Hangul or Thai
            the pairs of characters alone, of a path itself without its beginnings.

    Returns: the tokens in order; overlapping ones (bigrams, path prefixes) share source characters.
    Errors: `SchemaError` for an unknown analyzer, with the nearest name.
    Concurrency: releases the interpreter; any number of threads.
    Cost: linear in the text.

    Example:
        >>> import findspot as fs
        >>> [token.text for token in fs.analyze("The Cafés of London", "english")]
        ['the', 'cafe', 'of', 'london']
        >>> [token.text for token in fs.analyze("東京都")], [token.text for token in fs.analyze("東京都", query=True)]
        (['東', '東京', '京', '京都', '都'], ['東京', '京都'])
    """
    return [Token(*parts) for parts in _native.analyze(text, analyzer, bool(query))]


def analyzers() -> list[str]:
    """The names of all analyzers.

    Returns: names, sorted.

    Example:
        >>> import findspot as fs
        >>> "english" in fs.analyzers()
        True
    """
    return _native.analyzers()
