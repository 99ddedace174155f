"""Records of every kind become the same documents; what has no JSON form is refused with its field."""

import dataclasses
import datetime
import decimal
import enum
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, NamedTuple

import attrs
import findspot as fs
import msgspec
import numpy as np
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

PLAIN = {
    "id": "k1",
    "title": 'Gold "coin"\n\t\\ \x01 é 東京 🪙',
    "year": 1700,
    "price": 2.5,
    "tags": ["a", "b"],
    "active": True,
    "found": None,
}
OPEN = fs.Schema(key="id", fields={"title": fs.Text()}, extra="store")


@dataclasses.dataclass
class AsDataclass:
    id: str
    title: str
    year: int
    price: float
    tags: list[str]
    active: bool
    found: str | None


@dataclasses.dataclass(slots=True, frozen=True)
class AsSlots:
    id: str
    title: str
    year: int
    price: float
    tags: tuple[str, ...]
    active: bool
    found: str | None


class AsPydantic(pydantic.BaseModel):
    id: str
    title: str
    year: int
    price: float
    tags: list[str]
    active: bool
    found: str | None


class AsStruct(msgspec.Struct):
    id: str
    title: str
    year: int
    price: float
    tags: list[str]
    active: bool
    found: str | None
    more: int | msgspec.UnsetType = msgspec.UNSET


@attrs.define
class AsAttrs:
    id: str
    title: str
    year: int
    price: float
    tags: list[str]
    active: bool
    found: str | None


class AsNamedTuple(NamedTuple):
    id: str
    title: str
    year: int
    price: float
    tags: list[str]
    active: bool
    found: str | None


@pytest.mark.parametrize(
    "make",
    [
        dict,
        OrderedDict,
        MappingProxyType,
        *(lambda record, kind=kind: kind(**record) for kind in (AsDataclass, AsSlots, AsPydantic, AsStruct, AsAttrs, AsNamedTuple)),
    ],
    ids=["dict", "OrderedDict", "mapping", "dataclass", "slots", "pydantic", "msgspec", "attrs", "NamedTuple"],
)
def test_every_kind_of_record_is_the_same_document(make: Any) -> None:
    with fs.Index.create("memory://", OPEN) as index:
        assert index.upsert(make(PLAIN) for _ in range(2)).count == 2
        assert index.get("k1") == PLAIN


class Metal(enum.Enum):
    GOLD = "gold"


class Grade(enum.IntEnum):
    FINE = 3


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (datetime.datetime(2020, 1, 2, 3, 4, 5), "2020-01-02T03:04:05"),
        (datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2))), "2020-01-02T00:00:00+02:00"),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (np.int32(7), 7),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("gold"), "gold"),
        (np.array([1, 2]), [1, 2]),
        (decimal.Decimal("1.25"), 1.25),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Metal.GOLD, "gold"),
        (Grade.FINE, 3),
        (2**63 - 1, 2**63 - 1),
        (2**80, 2**80),
        (-(2**63), -(2**63)),
        (1e300, 1e300),
        (5e-324, 5e-324),
        (-0.0, 0.0),
        (1.0, 1.0),
        (("a", "b"), ["a", "b"]),
        ({"nested": {"deep": [1, {"x": None}]}}, {"nested": {"deep": [1, {"x": None}]}}),
    ],
    ids=repr,
)
def test_values_become_json(value: object, stored: object) -> None:
    with fs.Index.create("memory://", OPEN) as index:
        index.upsert([{"id": "k1", "extra": value}])
        found = index.get("k1")["extra"]
        assert found == stored
        assert type(found) is type(stored)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values)
def test_any_json_value_comes_back_as_it_went(value: object) -> None:
    index = fs.Index.create("memory://", OPEN)
    index.upsert([{"id": "k1", "extra": value}])
    assert index.get("k1").get("extra") == value
    index.close()


@pytest.mark.parametrize(
    "value",
    [
        b"bytes",
        bytearray(b"x"),
        memoryview(b"x"),
        float("nan"),
        float("inf"),
        object(),
        object,
        lambda: None,
        1j,
        "\ud800",
        range(3),
        datetime.timedelta(1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_json_form_is_refused_with_its_field(value: object) -> None:
    with fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text(), "price": fs.Float()}, extra="store")) as index:
        for name in ("title", "price", "other"):
            with pytest.raises(fs.DocumentError) as caught:
                index.upsert([{"id": "k0", "title": "fine"}, {"id": "k1", name: value}])
            assert (caught.value.key, caught.value.field, caught.value.record) == ("k1", name, 2)
            assert caught.value.expected
            assert caught.value.got
        assert len(index) == 0, "nothing of a refused call is written"
        index.upsert([{"id": "k2", "title": "still working"}])
        assert len(index) == 1


@pytest.mark.parametrize("record", [5, "text", None, ["a"], b"x", object(), [("id", "k1")]], ids=repr)
def test_what_is_no_record_is_refused_with_its_number(record: object) -> None:
    with fs.Index.create("memory://", OPEN) as index:
        with pytest.raises(fs.DocumentError) as caught:
            index.upsert([{"id": "k0", "title": "fine"}, record])
        assert caught.value.record == 2


def test_cycles_and_depth_are_refused() -> None:
    circle: dict[str, Any] = {"id": "k1"}
    circle["self"] = circle
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with fs.Index.create("memory://", OPEN) as index:
        for record in (circle, {"id": "k1", "deep": deep}):
            with pytest.raises(fs.DocumentError):
                index.upsert([record])
        index.upsert([{"id": "k2"}])
    while isinstance(deep, list):
        deep = deep.pop()


def test_names_that_are_no_strings_are_refused() -> None:
    with fs.Index.create("memory://", OPEN) as index, pytest.raises(fs.DocumentError):
        index.upsert([{"id": "k1", 5: "x"}])


def test_exceptions_of_the_users_own_code_pass_through_and_nothing_is_written() -> None:
    class Trouble(Exception):
        pass

    def records() -> Iterator[dict[str, str]]:
        for i in range(10_000):
            yield {"id": f"k{i}", "title": "gold"}
        raise Trouble

    @dataclasses.dataclass
    class Late:
        id: str

        @property
        def title(self) -> str:
            raise Trouble

    class Sly(dict[str, object]):
        def isoformat(self) -> str:
            raise Trouble

    with fs.Index.create("memory://", OPEN) as index:
        with pytest.raises(Trouble):
            index.upsert(records())
        assert len(index) == 0
        index.upsert([Late("k1")])

        class When:
            def isoformat(self) -> str:
                raise Trouble

        with pytest.raises(Trouble):
            index.upsert([{"id": "k2", "x": When()}])
        assert index.upsert([{"id": "k3"}]).count == 1


@pytest.mark.parametrize("records", [5, None, {"id": "k1"}, AsDataclass(**PLAIN), b"bytes", object()], ids=lambda r: type(r).__name__)
def test_what_is_no_iterable_of_records_is_a_type_error(records: Any) -> None:
    with fs.Index.create("memory://", OPEN) as index, pytest.raises(TypeError, match="expected"):
        index.upsert(records)
