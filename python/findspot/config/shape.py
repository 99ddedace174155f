"""What a configuration looks like, as one tree of plain data: what the annotations of a class say, whoever's class it is.

**In**: nodes made by `annotations`. **Out**: the JSON form that the compiled check reads, and the tree from which `views` makes classes.
**Law**: a shape holds no value of a configuration; it is made once for a class and never for a version.
"""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["ABSENT", "Member", "Shape"]


class _Absent:
    """The default of a field that has none."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


@dataclasses.dataclass(slots=True)
class Member:
    """One field of a table.

    Attributes:
        key: its name in files; differs from the attribute when the class gives it an alias.
        shape: what it holds.
        default: the plain value when it is missing, `ABSENT` when it must be there.
        optional: whether it may be missing and stays so, as in a TypedDict.
        from_instance: whether only the class itself can give the default: a factory or a validator decides.
    """

    key: str
    shape: Shape
    default: Any = ABSENT
    optional: bool = False
    from_instance: bool = False


@dataclasses.dataclass(slots=True)
class Shape:
    """One node.

    Attributes:
        kind: `any null boolean integer number string time table map list tuple union`.
        cls: the class that a table is promised to behave like.
        members: attribute name → field, of a table.
        inner: the items of a list or map, the parts of a tuple, the variants of a union.
        rules: constraints, in the words of the JSON form.
        secret: whether no output may show the value.
        convert: makes the promised value of the plain one (`Path`, an enumeration).
        revert: the way back, for defaults.
        build: makes an instance of `cls` from plain data, when the class checks itself in Python.
        additional: whether unknown keys of a table are let through.
        is_mapping: whether a table is read by `[key]` as well (TypedDict).
        sequence: what the class itself wants for a list: `list` or `tuple`.
        description: words for people.
        names: the store's rule about the names of secrets.
    """

    kind: str
    cls: Any = None
    members: dict[str, Member] = dataclasses.field(default_factory=dict)
    inner: list[Shape] = dataclasses.field(default_factory=list)
    rules: dict[str, Any] = dataclasses.field(default_factory=dict)
    secret: bool = False
    convert: Any = None
    revert: Any = None
    build: Any = None
    additional: bool = False
    is_mapping: bool = False
    sequence: type = list
    description: str = ""
    names: Any = None

    def form(self) -> dict[str, Any]:
        """The JSON form of this node and all below it."""
        found: dict[str, Any] = {"type": self.kind, **self.rules}
        if self.secret:
            found["secret"] = True
        if self.description:
            found["description"] = self.description
        if self.kind == "table":
            found["name"] = getattr(self.cls, "__name__", "table")
            found["additional"] = self.additional
            found["fields"] = {member.key: _member_form(member) for member in self.members.values()}
        elif self.kind in ("map", "list"):
            found["items"] = self.inner[0].form()
        elif self.kind == "tuple":
            found["prefix"] = [shape.form() for shape in self.inner]
        elif self.kind == "union":
            found["variants"] = [shape.form() for shape in self.inner]
        return found

    def own_checks(self, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Shape]]:
        """The outermost nodes whose class checks itself in Python, with their path; the steps of maps and lists are `*`."""
        if self.build is not None:
            return [(path, self)]
        found = []
        for member in self.members.values():
            found += member.shape.own_checks((*path, member.key))
        for inner in self.inner if self.kind != "union" else ():
            found += inner.own_checks((*path, "*"))
        for inner in self.inner if self.kind == "union" else ():
            found += inner.own_checks(path)
        return found


def _member_form(member: Member) -> dict[str, Any]:
    form = member.shape.form()
    if member.default is not ABSENT and not member.from_instance:
        form["default"] = member.default
    elif member.optional or member.from_instance:
        form["optional"] = True
    return form
