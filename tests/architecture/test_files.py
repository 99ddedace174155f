"""Small rooms with a header each, named by the terms of the field; no panics, no surprises in the tree."""

import ast
import re
from pathlib import Path

from tree import ROOT, files, files_with, is_rust_test, name, rust_code, text

STOP, REVIEW = 800, 500
EMPTY_WORDS = {"util", "utils", "common", "manager", "managers", "helper", "helpers", "misc", "new"}
# Who may say `unsafe`: mapped files, and the Python C interfaces that cannot be spoken otherwise.
UNSAFE_MODULES = {
    "rust/config/src/process/fork.rs": "a handler that the system calls in a child of `fork`",
    "rust/config/tests/fork.rs": "forks, in a test",
    "rust/engine/src/exec/kernels/avx2/vectors.rs": "loads and stores of vectors",
    "rust/engine/src/exec/kernels/avx512/vectors.rs": "loads and stores of vectors, under a mask at the ends",
    "rust/engine/src/exec/kernels/lanes.rs": "which types are plain numbers; prefetches",
    "rust/engine/src/exec/kernels/neon.rs": "loads of vectors",
    "rust/engine/src/exec/kernels/table.rs": "calls of functions that need instructions which were asked for",
    "rust/engine/src/storage/file.rs": "memory maps of immutable files, file locks",
    "rust/engine/tests/counting/mod.rs": "an allocator that counts, in a test",
    "rust/publish/src/reaper.rs": "a thread for each process id, the same way",
    "rust/publish/src/thread.rs": "threads of the system, which a child of `fork` can start at any moment",
    "rust/publish/src/turn.rs": "a mutex for each process id, so that a fork never meets a locked one",
    "rust/python/src/arrow/abi.rs": "the Arrow C data and stream interfaces",
    "rust/python/src/config/handover.rs": "a pending call, asked for without the interpreter",
    "rust/python/src/config/slots.rs": "slots of classes that forbid setting; calls with packed arguments",
    "rust/python/src/interpreters.rs": "the number of the interpreter",
    "rust/python/src/scores.rs": "the buffer protocol",
}


def sources() -> list[Path]:
    found = files_with(".rs") + files_with(".py") + files_with(".pyi")
    assert len(found) > 50
    return found


def test_files_stay_small() -> None:
    lengths = {name(path): text(path).count("\n") + 1 for path in sources()}
    review = {path: count for path, count in sorted(lengths.items()) if REVIEW < count <= STOP}
    if review:
        print(f"over {REVIEW} lines, think again: {review}")
    assert {path: count for path, count in lengths.items() if count > STOP} == {}


def test_names_are_terms_of_the_field() -> None:
    subjects = files()
    assert len(subjects) > 50
    bad = [name(path) for path in subjects if EMPTY_WORDS & {part.split(".")[0].lower() for part in path.relative_to(ROOT).parts}]
    assert bad == []


def test_every_rust_file_opens_with_a_header() -> None:
    subjects = files_with(".rs", "rust")
    assert len(subjects) > 50
    assert [name(path) for path in subjects if not text(path).startswith("//!")] == []


def test_every_python_file_opens_with_a_docstring() -> None:
    subjects = [path for path in files_with(".py") if text(path).strip()]
    assert len(subjects) > 15
    assert [name(path) for path in subjects if not ast.get_docstring(ast.parse(text(path)))] == []


PANIC = re.compile(r"\.unwrap\(\)|\.expect\(|\b(?:panic|todo|unimplemented|dbg)!\s*[(\[{]")


def test_no_panics_outside_tests() -> None:
    subjects = [path for path in files_with(".rs", "rust") if not is_rust_test(path)]
    assert len(subjects) > 50
    found = []
    for path in subjects:
        lines = rust_code(path).splitlines()
        originals = text(path).splitlines()
        for number, line in enumerate(lines):
            excused = any("expect(clippy::" in before and "reason" in before for before in originals[max(0, number - 3) : number])
            if PANIC.search(line) and not excused:
                found.append(f"{name(path)}:{number + 1}: {line.strip()}")
    assert found == []


def test_unsafe_lives_in_named_modules() -> None:
    subjects = files_with(".rs", "rust")
    with_unsafe = [name(path) for path in subjects if re.search(r"\bunsafe\b", rust_code(path))]
    assert with_unsafe, "no unsafe found at all: mmap must be somewhere"
    assert [path for path in with_unsafe if path not in UNSAFE_MODULES] == []
    assert [path for path in UNSAFE_MODULES if path not in with_unsafe] == [], "no longer unsafe: take it off the list"


def test_every_pyclass_is_frozen() -> None:
    subjects = files_with(".rs", "rust/python/src")
    declared = [(name(path), found[0]) for path in subjects for found in re.finditer(r"#\[pyclass(?:\([^\]]*\))?\]", rust_code(path))]
    assert len(declared) >= 2, "no pyclass found"
    assert [entry for entry in declared if "frozen" not in entry[1]] == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|#\[ignore|\bpytest\.mark\.(?:skip|xfail)\b")
    subjects = [path for path in sources() if path != Path(__file__)]
    found = [f"{name(path)}:{number}" for path in subjects for number, line in enumerate(text(path).splitlines(), 1) if marks.search(line)]
    assert found == []


REGISTRY_WORDS = (
    "py" + "pi.org",
    "python" + "hosted",
    "crates" + ".io/",
    "static.crates",
    "registry.npm" + "js",
    "index" + "-url",
    "proxy.go" + "lang",
)
MACHINE_PATH = re.compile(r"(?<![\w.$/{}-])/(?:work|home|root|Users|mnt|media)/")


def test_no_machine_paths_and_no_registry_hosts() -> None:
    subjects = [path for path in files() if path.suffix not in {".zst", ".gz", ".png", ".lock"} and path != Path(__file__)]
    assert len(subjects) > 50
    found = []
    for path in subjects:
        try:
            lines = text(path).splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if MACHINE_PATH.search(line) or any(word in line for word in REGISTRY_WORDS):
                found.append(f"{name(path)}:{number}: {line.strip()[:120]}")
    assert found == []
