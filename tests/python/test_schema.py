"""schema.py, fields.py: what can be, and what is refused with its path."""

import pickle

import findspot as fs
import pytest
from findspot import Boolean, Date, Float, GeoPoint, Integer, Keyword, Schema, Text

FIELDS: dict[str, fs.Field] = {
    "title": Text(analyzer="english"),
    "artist": Keyword(),
    "subjects": Keyword(many=True),
    "year": Integer(),
    "price": Float(),
    "found": Date(),
    "active": Boolean(),
    "location": GeoPoint(),
}


def test_a_schema_survives_its_json_its_pickle_and_its_text() -> None:
    for schema in (Schema(key="id", fields=FIELDS), Schema(key="_id", fields=FIELDS, key_type=int, extra="store")):
        assert Schema._from_json(schema._json()) == schema
        assert pickle.loads(pickle.dumps(schema)) == schema
        assert eval(repr(schema), {**vars(fs)}) == schema
        assert hash(pickle.loads(pickle.dumps(schema))) == hash(schema)
    assert Schema(key="id", fields=FIELDS) != Schema(key="id", fields=dict(reversed(FIELDS.items())))


def test_a_schema_cannot_change() -> None:
    schema = Schema(key="id", fields=FIELDS)
    with pytest.raises(AttributeError, match="immutable"):
        schema.key = "other"
    schema.fields["more"] = Text()
    assert "more" not in schema.fields
    with pytest.raises(AttributeError, match="immutable"):
        Text().analyzer = "german"


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"key": ""}, "key"),
        ({"key": "two words"}, "key"),
        ({"fields": {"two words": Text()}}, "fields.two words"),
        ({"fields": {"_score": Integer()}}, "fields._score"),
        ({"fields": {"": Text()}}, "fields."),
        ({"fields": {"a:b": Text()}}, "fields.a:b"),
        ({"fields": {"x" * 300: Text()}}, "fields." + "x" * 300),
        ({"fields": {"t": Text(analyzer="englsh")}}, "fields.t.analyzer"),
        ({"fields": {f"f{i}": Integer() for i in range(1001)}}, "fields"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(arguments: dict[str, object], path: str) -> None:
    with pytest.raises(fs.SchemaError) as caught:
        Schema(**{"key": "id", "fields": {}, **arguments})  # type: ignore[arg-type]
    assert caught.value.path == path
    assert caught.value.expected
    assert caught.value.got


def test_an_unknown_analyzer_names_the_nearest() -> None:
    with pytest.raises(fs.SchemaError, match=r"did you mean .english.\?"):
        Schema(key="id", fields={"t": Text(analyzer="englsh")})


def test_wrong_types_are_pythons_own_errors() -> None:
    with pytest.raises(TypeError, match=r"write Text\(\)"):
        Schema(key="id", fields={"t": Text})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="expected a name and a field"):
        Schema(key="id", fields={"t": "text"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="expected str or int"):
        Schema(key="id", fields={}, key_type=float)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Schema("id", {})  # type: ignore[call-arg]
