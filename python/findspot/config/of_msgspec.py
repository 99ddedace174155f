"""The shape of a `msgspec.Struct`; imported only when the class is one.

**In**: a Struct class. **Out**: a table. **Law**: constraints are those of `msgspec.Meta`; a `__post_init__` runs before publication.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from .annotations import hints_of, set_default
from .shape import Member, Shape

if TYPE_CHECKING:
    from .annotations import _Reader

__all__ = ["read_struct"]


def read_struct(reader: _Reader, cls: Any, path: str) -> Shape:
    """The table of a Struct."""
    shape = Shape("table", cls=cls)
    hints = hints_of(cls, path)
    for field in msgspec.structs.fields(cls):
        inner = reader.read(hints.get(field.name, field.type), f"{path}.{field.name}")
        member = Member(field.encode_name, inner)
        set_default(member, field, msgspec.NODEFAULT)
        shape.members[field.name] = member
    if hasattr(cls, "__post_init__"):
        shape.build = functools.partial(msgspec.convert, type=cls)
    return shape
