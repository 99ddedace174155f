"""Every public name of `findspot.config` is documented, with an example that runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import findspot.config
import pytest


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """What examples set in the environment ends with them."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


MODULES = [
    f"findspot.config.{name}" for name in ("store", "sources", "guards", "reports", "marks", "instances", "views", "hooks", "staged")
]


def public() -> dict[str, Any]:
    return {name: getattr(findspot.config, name) for name in findspot.config.__all__}


def test_every_public_name_has_a_docstring_with_an_example() -> None:
    wanting = []
    for name, value in public().items():
        if name == "not_empty":
            continue
        objects = {name: value}
        if inspect.isclass(value):
            objects |= {
                f"{name}.{key}": member for key, member in vars(value).items() if inspect.isfunction(member) and not key.startswith("_")
            }
        for path, member in objects.items():
            text = inspect.getdoc(member) or ""
            is_example = "Example:" in text or path.split(".")[-1] in ("close", "rules") or name in ("Source", "Guard", "Derived")
            if len(text) < 20 or not is_example:
                wanting.append(path)
    assert wanting == []


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    examples = 0
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module), globs={"__name__": "__main__"}):
        examples += len(test.examples)
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert examples > 0


def test_examples_of_the_compiled_class(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(verbose=False)
    for name in ("pin", "pinned"):
        text = inspect.getdoc(getattr(findspot.config.Store, name)) or ""
        for test in [doctest.DocTestParser().get_doctest(text, {}, name, None, 0)]:
            assert test.examples
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
