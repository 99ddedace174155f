"""Imports go down only: a room of the engine uses rooms of lower floors, never one beside or above it."""

import re
from pathlib import Path

from tree import ENGINE, ROOT, files_with, is_rust_test, name, rooms_used, rust_code, text

FLOORS = [
    {"base"},
    {"schema", "analysis", "storage"},
    {"codec", "ingest"},
    {"segment"},
    {"index"},
    {"query"},
    {"exec"},
    {"plan", "collect"},
    {"search"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def room_of(path: Path) -> str:
    return path.relative_to(ENGINE).parts[0].removesuffix(".rs")


def engine_files() -> list[Path]:
    return [path for path in files_with(".rs", "rust/engine/src") if path.parent != ENGINE]


def test_the_rooms_are_those_of_the_house() -> None:
    rooms = {room_of(path) for path in engine_files()}
    assert rooms == set(FLOOR), f"unknown: {sorted(rooms - set(FLOOR))}, missing: {sorted(set(FLOOR) - rooms)}"
    others = [name(path) for path in files_with(".rs", "rust/engine/src") if path.parent == ENGINE and path.name != "lib.rs"]
    assert others == [], "a source file stands outside the rooms"


def test_imports_go_down_only() -> None:
    edges, problems = 0, []
    for path in engine_files():
        if is_rust_test(path):
            continue
        own = room_of(path)
        for line, room in rooms_used(path):
            edges += 1
            if room == own:
                continue
            if room not in FLOOR:
                problems.append(f"{name(path)}:{line}: crate::{room} is no room")
            elif FLOOR[room] >= FLOOR[own]:
                problems.append(f"{name(path)}:{line}: {own} (floor {FLOOR[own]}) uses {room} (floor {FLOOR[room]})")
    assert edges > 100, f"only {edges} imports found: the parser of this test is broken"
    assert problems == []


def test_the_parser_of_this_test_sees_every_form(tmp_path: Path) -> None:
    source = tmp_path / "seen.rs"
    source.write_text(
        "use crate::base::{Error, Result};\n"
        "use crate::{schema::Schema, codec::{a, b::c}, index};\n"
        'fn f() -> crate::query::Query { /* crate::no::x */ g("crate::no::y") } // crate::no::z\n'
        "#[cfg(test)]\nmod tests { use crate::search::View; }\n"
        "pub(crate) fn g() { crate::exec::run::<'_>('\"') }\n"
    )
    assert [room for _, room in rooms_used(source)] == ["base", "schema", "codec", "index", "query", "exec"]
    assert rooms_used(source)[-1][0] == 6


def dependencies(manifest: str) -> set[str]:
    section = re.search(r"^\[dependencies\]\n(.*?)(?=^\[|\Z)", text(ROOT / manifest), re.MULTILINE | re.DOTALL)
    assert section, manifest
    return set(re.findall(r"^([a-z0-9_-]+)\s*=", section[1], re.MULTILINE))


def test_the_engine_knows_no_python_and_no_environment() -> None:
    assert "pyo3" not in dependencies("rust/engine/Cargo.toml")
    assert not {"pyo3", "findspot-engine"} & dependencies("rust/config/Cargo.toml"), "the binding is where engine and configuration meet"
    assert dependencies("rust/pool/Cargo.toml") == {"findspot-publish"}, "the pool knows neither Python nor an index"
    assert dependencies("rust/publish/Cargo.toml") == {"arc-swap", "libc"}, "and loom, under its own cfg"
    subjects = [path for path in files_with(".rs", "rust/engine/src") if not is_rust_test(path)]
    assert len(subjects) > 20
    reading = [name(path) for path in subjects if re.search(r"\b(std::)?env::(var|vars|set_var|var_os)\b", rust_code(path))]
    assert reading == []


def test_the_cell_publishes_in_one_place_only() -> None:
    """arc-swap is the publication crate's own: nobody else may swap."""
    users = [path for path in files_with(".rs", "rust") if "arc_swap" in rust_code(path)]
    assert users
    assert all(path.is_relative_to(ROOT / "rust" / "publish") for path in users)
