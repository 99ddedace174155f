"""Every public name is documented, with an example that runs."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pathlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import findspot
import findspot.cli
import findspot.query
import pytest

PUBLIC = {"findspot": findspot, "findspot.query": findspot.query, "findspot.errors": findspot.errors, "findspot.cli": findspot.cli}
STUB = pathlib.Path(findspot.__file__).with_name("_native.pyi")


def public_objects() -> Iterator[tuple[str, Any]]:
    for module_name, module in PUBLIC.items():
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value) or inspect.isbuiltin(value):
                yield f"{module_name}.{name}", value


def members() -> Iterator[tuple[str, Any]]:
    """Public methods and properties that a class itself defines."""
    seen = set()
    for path, value in public_objects():
        if not inspect.isclass(value) or value in seen:
            continue
        seen.add(value)
        # What a class has of a compiled base is its own: the base is no public name.
        bases = (
            [base for base in value.__mro__ if base is value or base.__module__ == "findspot._native"]
            if value.__name__ == "Searching"
            else [value]
        )
        for name, member in ((name, member) for base in bases for name, member in vars(base).items()):
            member = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
            is_method = inspect.isfunction(member) or inspect.ismethoddescriptor(member)
            is_attribute = inspect.isgetsetdescriptor(member) and value.__module__ == "findspot" and value.__name__ in ("Hits", "Hit")
            if not name.startswith("_") and (is_method or isinstance(member, property) or is_attribute):
                yield f"{path}.{name}", member


OBJECTS, MEMBERS = dict(public_objects()), dict(members())


def test_they_are_found() -> None:
    assert len(OBJECTS) > 50
    assert len(MEMBERS) > 50
    assert {"findspot.Hits", "findspot.Index", "findspot.query.Match", "findspot.errors.DocumentError"} <= set(OBJECTS)
    assert {
        "findspot.Index.upsert",
        "findspot.Searching.search",
        "findspot.Searching.search_many",
        "findspot.Searching.asearch",
        "findspot.Hits.to_json",
        "findspot.Hit.key",
    } <= set(MEMBERS)


@pytest.mark.parametrize("path", list(OBJECTS))
def test_every_public_name_has_an_example(path: str) -> None:
    text = inspect.getdoc(OBJECTS[path]) or ""
    assert text, f"{path} has no docstring"
    assert ">>> " in text, f"{path} has no example"


@pytest.mark.parametrize("path", list(MEMBERS))
def test_every_public_member_is_documented(path: str) -> None:
    assert inspect.getdoc(MEMBERS[path]), f"{path} has no docstring"


def test_every_method_that_does_something_has_an_example() -> None:
    simple = {"findspot.Hit.keys", "findspot.Hit.values", "findspot.Hit.items", "findspot.Hit.get", "findspot.Report.to_dict"}
    methods = {path: member for path, member in MEMBERS.items() if callable(member) or isinstance(member, property)}
    assert [path for path, member in methods.items() if path not in simple and ">>> " not in (inspect.getdoc(member) or "")] == []


def modules() -> list[str]:
    found = [info.name for info in pkgutil.walk_packages(findspot.__path__, "findspot.") if not info.name.endswith("__main__")]
    return ["findspot", *found]


@pytest.mark.parametrize("name", modules())
def test_examples_run(name: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in finder.find(module, name, module=False if name == "findspot._native" else None, globs={}):
        # Only what the module itself defines, or the native classes where they are public.
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_examples_of_compiled_classes_run(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    compiled = {
        path: value
        for path, value in {**OBJECTS, **MEMBERS}.items()
        if path.startswith(
            ("findspot.Hit.", "findspot.Hits", "findspot.Searching.search", "findspot.Searching.count", "findspot.Searching.asearch")
        )
        or path == "findspot.Hit"
    }
    ran = 0
    for path, value in compiled.items():
        test = parser.get_doctest(inspect.getdoc(value) or "", {}, path, None, None)
        ran += len(test.examples)
        runner.run(test)
    assert ran > 10
    assert runner.summarize(verbose=False).failed == 0


def test_the_stub_says_what_help_says() -> None:
    """Editors read `_native.pyi`, `help()` reads the compiled class: both have the same words."""
    compared = 0
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name in ("Hits", "Hit", "Searching"):
            value = getattr(findspot, node.name)
            assert node.name == "Searching" or ast.get_docstring(node) == inspect.getdoc(value), node.name
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    assert ast.get_docstring(inner) == inspect.getdoc(getattr(value, inner.name)), f"{node.name}.{inner.name}"
                    compared += 1
    assert compared >= 20
