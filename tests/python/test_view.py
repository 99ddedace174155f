"""view.py: one pinned view for several searches."""

import findspot as fs
import pytest
from treasures import RECORDS, treasures


def test_a_view_sees_the_same_documents_whatever_is_written() -> None:
    with treasures() as index, index.view() as view:
        index.upsert([{"id": "k4", "title": "gold"}])
        index.delete("k1")
        index.commit()
        index.merge()
        assert (len(view), len(index)) == (3, 3)
        assert view.search("gold").keys == ["k1", "k3"]
        assert view.count("gold", where="year = 1702") == 1
        assert view.get("k1")["year"] == RECORDS[0]["year"]
        assert view.get("k1", version=True)[1] == 1
        assert "k4" not in view
        assert str(view.parse("gold").query)
        assert view.generation == 1
        assert repr(view) == "View(generation 1, 3 documents)"
        hits = view.search("gold", timeout=10.0, sort="year", limit=1, fields="title", count="exact", strict=True)
        assert (hits.keys, hits.total) == (["k1"], 2)


def test_a_closed_view_says_so() -> None:
    with treasures() as index:
        view = index.view()
        view.close()
        view.close()
        for call in (lambda: view.search(""), lambda: len(view), lambda: view.get("k1"), lambda: view.generation):
            with pytest.raises(fs.ClosedError, match="view is closed"):
                call()
        assert repr(view) == "View(closed)"
