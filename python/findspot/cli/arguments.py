"""The command line's grammar.

**Law**: what is not here does not exist; argparse ends wrong usage with exit code 2.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["parser", "split"]


def split(argv: Sequence[str]) -> list[str]:
    """The arguments as argparse takes them: `--sort -year` names a field, `search INDEX -gold` a query, no option."""
    found: list[str] = []
    words = iter(argv)
    for word in words:
        value = next(words, None) if word == "--sort" else None
        found.append(word if value is None else f"{word}={value}")
    return _query_last(found) if found[:1] == ["search"] else found


def _query_last(argv: list[str]) -> list[str]:
    """`search INDEX -gold`: a query that begins with a minus is no option."""
    options: list[str] = []
    places: list[str] = []
    words = iter(argv[1:])
    for word in words:
        if word == "--":
            return argv
        if word.startswith("--") and "=" not in word and word not in ("--json", "--strict", "--help"):
            value = next(words, None)
            options.append(word if value is None else f"{word}={value}")
        elif word.startswith("--") or word == "-h":
            options.append(word)
        else:
            places.append(word)
    return ["search", *options, "--", *places] if any(place.startswith("-") for place in places) else argv


def parser() -> argparse.ArgumentParser:
    """The whole grammar."""
    top = argparse.ArgumentParser(
        prog="findspot",
        description="Search engine in a folder: index documents, search them, look after the index.",
        epilog="exit codes: 0 done, 1 the input was refused, 2 wrong usage",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"findspot {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_index, _search, _info, _check, _merge, _gc, _copy, _analyze, _eval, _config):
        add(commands)
    return top


def _command(commands: _Commands, name: str, summary: str, run: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.set_defaults(run=_lazy(run))
    return command


def _lazy(run: str) -> Callable[[argparse.Namespace], int]:
    """A command's function, imported when it is chosen."""
    module, function = run.split(".")

    def call(options: argparse.Namespace) -> int:
        from importlib import import_module

        code: int = getattr(import_module(f".{module}", __package__), function)(options)
        return code

    return call


def _number(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not 0 <= value <= most:
            raise argparse.ArgumentTypeError(f"expected 0 to {most}, got {value}")
        return value

    return number


def _index(commands: _Commands) -> None:
    command = _command(commands, "index", "Add documents to an index, and make the index if there is none.", "indexing.run")
    command.add_argument("index", metavar="INDEX", help="a path or URL")
    command.add_argument(
        "files", metavar="FILE", nargs="+", help=".jsonl, .json, .csv (also .gz, .zst), .parquet; - is JSON lines from standard input"
    )
    command.add_argument("--schema", metavar="SCHEMA.TOML", help="the schema of a new index; inferred from the files without it")
    command.add_argument("--key", metavar="NAME", help="the member that identifies a document, for an inferred schema")
    command.add_argument("--memory", default="256MB", help="budget for building (default: 256MB)")
    command.add_argument(
        "--on-error", choices=("raise", "collect"), default="raise", help="stop at a refused document (default), or list all and go on"
    )


def _search(commands: _Commands) -> None:
    command = _command(commands, "search", "Search an index.", "searching.run")
    command.add_argument("index", metavar="INDEX", help="a path or URL")
    command.add_argument("query", metavar="QUERY", help="a query string; '' matches everything")
    command.add_argument("--where", metavar="FILTER", help="as in: year < 1900 and subjects in ['hoard', 'coin']")
    command.add_argument(
        "--sort", metavar="FIELDS", help="fields with commas between, - before a name for descending; _score is the score, best first"
    )
    command.add_argument("--limit", type=_number(10**9), default=10, metavar="N", help="at most so many hits (default: 10)")
    command.add_argument("--offset", type=_number(10**9), default=0, metavar="N", help="leave out so many first")
    command.add_argument("--fields", metavar="FIELDS", help="fields to show, with commas between")
    command.add_argument(
        "--count", choices=("up_to", "exact", "none"), default="up_to", help="how the total is counted (default: up_to 10,000)"
    )
    command.add_argument("--timeout", type=float, metavar="SECONDS", help="return what was found by then")
    command.add_argument("--strict", action="store_true", help="refuse a query that is not well formed")
    command.add_argument("--config", metavar="RANKING.TOML", help="the ranking, for this search alone")
    command.add_argument("--profile", metavar="NAME", help="a profile of the ranking")
    command.add_argument("--unit", metavar="NAME", help="who asks, for experiments")
    command.add_argument("--now", metavar="TIME", help="the time that recency counts from")
    command.add_argument("--near", metavar="LAT,LON", help="the place that distance counts from")
    command.add_argument("--explain", action="store_true", help="say where each score comes from")


def _info(commands: _Commands) -> None:
    command = _command(commands, "info", "Show numbers and the schema of an index.", "upkeep.info")
    command.add_argument("index", metavar="INDEX", help="a path or URL")


def _check(commands: _Commands) -> None:
    command = _command(commands, "check", "Read every file of an index and verify every checksum.", "upkeep.check")
    command.add_argument("index", metavar="INDEX", help="a path or URL")


def _merge(commands: _Commands) -> None:
    command = _command(commands, "merge", "Merge segments now and drop deleted documents.", "upkeep.merge")
    command.add_argument("index", metavar="INDEX", help="a path or URL")
    command.add_argument("--max-segments", type=_number(10**6), default=1, metavar="N", help="down to so many (default: 1)")


def _gc(commands: _Commands) -> None:
    command = _command(commands, "gc", "Delete files that nobody needs any more.", "upkeep.gc")
    command.add_argument("index", metavar="INDEX", help="a path or URL")


def _copy(commands: _Commands) -> None:
    command = _command(commands, "copy", "Make a consistent copy of an index, while others may write.", "upkeep.copy")
    command.add_argument("index", metavar="INDEX", help="a path or URL")
    command.add_argument("destination", metavar="DEST", help="a path or URL where no index is")


def _analyze(commands: _Commands) -> None:
    command = _command(commands, "analyze", "Show the tokens of a text.", "upkeep.analyze")
    command.add_argument("text", metavar="TEXT")
    command.add_argument("--analyzer", default="standard", metavar="NAME", help="its name (default: standard)")
    command.add_argument("--query", action="store_true", help="the tokens that a query asks for")


def _eval(commands: _Commands) -> None:
    command = _command(commands, "eval", "Measure ranking against judged queries: nDCG@10, MAP, recall@100.", "evaluation.run")
    command.add_argument("index", metavar="INDEX", help="a path or URL")
    command.add_argument(
        "--queries", required=True, metavar="Q.JSONL", help="one query a line: an id (_id, id, query_id) and a text (text, query)"
    )
    command.add_argument(
        "--qrels", required=True, metavar="QRELS.TSV", help="query id, key and grade, tab separated; or TREC's four columns"
    )
    command.add_argument("--config", metavar="A.TOML", help="the ranking to measure")
    command.add_argument("--against", metavar="B.TOML", help="a second ranking to compare with, query by query")
    command.add_argument(
        "--losses", type=_number(10**6), default=10, metavar="N", help="show so many of the queries that lose most (default: 10)"
    )


def _config(commands: _Commands) -> None:
    group = commands.add_parser("config", help="Check, compare, publish and explain a configuration.", allow_abbrev=False)
    inner = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, summary: str, *, store: bool | None, files: str | None = None) -> argparse.ArgumentParser:
        command = _command(inner, name, summary, f"configuration.{name}")
        if store is not None:
            what = "an index, or the folder of a store's versions"
            command.add_argument(*(("store",) if store else ("--store",)), metavar="STORE", help=what)
        if files is not None:
            command.add_argument("files", metavar="FILE", nargs=files, help=".toml, .json, .yaml, .env; the later above the earlier")
            command.add_argument("--env", metavar="PREFIX", help="the environment above them, as in APP__")
        command.add_argument("--schema", metavar="MODULE:CLASS", help="the class that it must fit")
        return command

    def secret_names(command: argparse.ArgumentParser) -> None:
        what = "of files: a word that makes a key's value a secret, as Store(secret_names=…) has it; may be given several times"
        command.add_argument("--secret-name", metavar="WORD", action="append", default=[], help=what)

    def by(command: argparse.ArgumentParser) -> None:
        command.add_argument("--actor", help="who publishes, for the history (default: the user)")
        command.add_argument("--reason", help="why, for the history")

    command = add("check", "Read files and say everything that is wrong with them.", store=None, files="+")
    command.add_argument("--index", metavar="INDEX", help="as the ranking of this index: its fields, its keys, the guard that is live")
    secret_names(command)
    command = add("diff", "Show what differs between two files, or two versions.", store=False)
    command.add_argument("old", metavar="OLD", help="a file; with --store, a version")
    command.add_argument("new", metavar="NEW", nargs="?", help="a file; with --store, a version (default: the current one)")
    secret_names(command)
    command = add("push", "Publish what files say, above what is published.", store=True, files="+")
    command.add_argument("--expect", type=_number(10**12), metavar="VERSION", help="only if this version is current")
    command.add_argument("--force", action="store_true", help="overrule the guards; the history shows it")
    by(command)
    command = add("rollback", "Publish the content of an older version again.", store=True)
    command.add_argument("version", type=_number(10**12), metavar="VERSION")
    by(command)
    command = add("unpatch", "Withdraw values that were patched or pushed.", store=True)
    command.add_argument("paths", metavar="PATH", nargs="+", help="as in limits.most; patches at and below it")
    by(command)
    command = add("resume", "End the hold of a rollback: the sources of running processes count again.", store=True)
    by(command)
    add("history", "List the versions that are kept.", store=True)
    command = _command(inner, "explain", "Show where a value came from.", "configuration.explain")
    command.add_argument("path", metavar="PATH", help="as in limits.most")
    command.add_argument("files", metavar="FILE", nargs="*", help=".toml, .json, .yaml, .env; the later above the earlier")
    command.add_argument("--store", metavar="STORE", help="an index, or the folder of a store's versions")
    command.add_argument("--env", metavar="PREFIX", help="the environment above the files, as in APP__")
    command.add_argument("--schema", metavar="MODULE:CLASS", help="the class that it must fit")
    secret_names(command)
