"""Logging goes to findspot.*: the façade's events, and the engine's lines from its own threads."""

import logging
import pathlib
import shutil
import time

import findspot as fs
import pytest

TITLES = fs.Schema(key="id", fields={"title": fs.Text()})


def test_events_of_an_index(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "findspot"), fs.Index.create(tmp_path / "i", TITLES) as index:
        index.upsert([{"id": "k1", "title": "gold"}, {"id": "k2", "title": 5}], on_error="collect")
        index.commit()
    said = [(record.name, record.levelname, record.getMessage().split()[0]) for record in caplog.records]
    assert said == [
        ("findspot.index", "DEBUG", "created"),
        ("findspot.index", "DEBUG", "upserted"),
        ("findspot.index", "INFO", "refused"),
        ("findspot.index", "INFO", "committed"),
    ]


def test_lines_of_the_engines_threads_arrive(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    with fs.Index.create(tmp_path / "i", TITLES) as index:
        index.upsert([{"id": "k1", "title": "gold"}])
    with fs.open(tmp_path / "i", follow=0.02) as index:
        shutil.rmtree(tmp_path / "i")
        deadline = time.monotonic() + 20
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.05)
            assert index.search("gold").total == 1
    first = caplog.records[0]
    assert first.name == "findspot.search"
    assert first.levelno == logging.WARNING
    assert "follow" in first.getMessage()
