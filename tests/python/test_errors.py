"""errors.py: one tree, builtin parents, data that survives pickling."""

import inspect
import pickle

import findspot as fs
import pytest
from findspot import errors

LEAVES = {
    "SchemaError": ValueError,
    "DocumentError": ValueError,
    "QueryError": ValueError,
    "ConfigError": ValueError,
    "ConflictError": RuntimeError,
    "StaleView": RuntimeError,
    "ClosedError": RuntimeError,
    "SearchTimeout": TimeoutError,
    "Overloaded": RuntimeError,
    "CorruptionError": OSError,
    "StorageError": OSError,
    "InternalError": RuntimeError,
}


def test_the_tree_is_the_drawing() -> None:
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__}
    assert classes == {*LEAVES, "FindspotError"}
    for name, builtin in LEAVES.items():
        leaf = getattr(errors, name)
        assert issubclass(leaf, fs.FindspotError)
        assert issubclass(leaf, builtin)
        assert getattr(fs, name) is leaf
        drawn = next(line for line in errors.__doc__.splitlines() if f"── {name} " in line or line.endswith(f"── {name}"))
        assert builtin.__name__ in drawn


@pytest.mark.parametrize(
    "error",
    [
        fs.SchemaError("m", path="fields.x", expected="a", got="b"),
        fs.DocumentError("m", key="k", field="f", expected="e", got="g", source="s.jsonl", record=3),
        fs.QueryError("m", position=4, hint="h"),
        fs.ConfigError("m", problems=[("k1", "a", "b")]),
        fs.SearchTimeout("m", seconds=0.5),
        fs.Overloaded("m", retry_after=0.5),
        fs.CorruptionError("m", file="seg/a.seg", offset=4096),
        fs.StorageError("m", errno=28, filename="/x"),
        fs.ConflictError("m"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_data_survives_pickling(error: fs.FindspotError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error) == "m"
    assert vars(back) == vars(error)
    if isinstance(error, fs.StorageError):
        assert (back.errno, back.filename) == (28, "/x")
