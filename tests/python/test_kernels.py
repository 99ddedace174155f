"""FINDSPOT_KERNELS names the level of the inner loops at import; results do not depend on it."""

import os
import subprocess
import sys

import pytest

SEARCH = """
import findspot as fs
from findspot._native import __kernels__
schema = fs.Schema(key="id", fields={"body": fs.Text(analyzer="whitespace")})
words = ["gold", "coin", "bridge", "old", "near"]
with fs.Index.create("memory://", schema) as index:
    index.upsert([{"id": f"k{i}", "body": " ".join(words[j] for j in range(5) if i * 7 % 11 >> j & 1 or i % 5 == j)} for i in range(300)])
    print([(hit.key, hit.score) for query in ("gold coin", "bridge", "+old +near -gold") for hit in index.search(query, limit=50)])
print(__kernels__)
"""


def run(level: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "FINDSPOT_KERNELS"}
    if level is not None:
        environment["FINDSPOT_KERNELS"] = level
    return subprocess.run([sys.executable, "-c", SEARCH], env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_every_level_gives_the_same_results() -> None:
    fastest = run(None)
    assert fastest.returncode == 0, fastest.stderr
    hits, level = fastest.stdout.splitlines()
    assert run("").stdout == fastest.stdout
    levels = ["portable", *(["avx2"] if level == "avx512" else []), level]
    for name in levels:
        assert run(name).stdout.splitlines() == [hits, name]


@pytest.mark.parametrize("level", ["sse9", "AVX2", "neon" if sys.platform == "linux" and os.uname().machine == "x86_64" else "avx2"])
def test_a_level_that_is_not_there_fails_the_import(level: str) -> None:
    failed = run(level)
    assert failed.returncode != 0
    assert f"ImportError: FINDSPOT_KERNELS={level}: " in failed.stderr
    assert "portable" in failed.stderr
