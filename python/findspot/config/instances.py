"""Real instances of the user's classes, from plain data.

**In**: a shape and plain data that fits it. **Out**: what the class's own constructor makes. **Law**: used where a class checks itself, and
where a program asks for an instance; readers get views.
"""

from __future__ import annotations

from typing import Any

from .shape import ABSENT, Shape

__all__ = ["instance", "instance_of"]


def instance_of(shape: Shape, plain: Any) -> Any:
    """An instance for one node and all below it."""
    if plain is None:
        return None
    if shape.kind == "table" and isinstance(plain, dict):
        values = {name: instance_of(m.shape, plain[m.key]) for name, m in shape.members.items() if m.key in plain}
        return values if shape.is_mapping else shape.cls(**values)
    if shape.kind == "map":
        return {key: instance_of(shape.inner[0], inner) for key, inner in plain.items()}
    if shape.kind == "list":
        made = [instance_of(shape.inner[0], inner) for inner in plain]
        return shape.convert(made) if shape.convert is not None else shape.sequence(made)
    if shape.kind == "tuple":
        return tuple(instance_of(inner, part) for inner, part in zip(shape.inner, plain, strict=True))
    if shape.kind == "union" and shape.convert is None:
        return _of_union(shape, plain)
    if shape.kind == "number" and shape.convert is None:
        return float(plain)
    return plain if shape.convert is None else shape.convert(plain)


def _of_union(shape: Shape, plain: Any) -> Any:
    for inner in shape.inner:
        if inner.kind != "table":
            continue
        keys = {m.key for m in inner.members.values()}
        needed = {m.key for m in inner.members.values() if m.default is ABSENT and not m.optional}
        if isinstance(plain, dict) and needed <= set(plain) <= keys:
            return instance_of(inner, plain)
    fitting = {
        "boolean": bool,
        "integer": int,
        "number": (int, float),
        "string": str,
        "time": str,
        "list": list,
        "tuple": list,
        "map": dict,
    }
    for inner in shape.inner:
        if inner.kind in fitting and isinstance(plain, fitting[inner.kind]):  # type: ignore[arg-type]
            return instance_of(inner, plain)
    return plain


def instance(view: Any) -> Any:
    """A new instance of the class that a view stands for, made by the class itself.

    For code that must have the class's own object, `model_dump` of a pydantic model for instance. Secrets are in it.

    Args:
        view: a section, or the whole, of a store with a class.

    Errors: `TypeError` for a view without a class.
    Cost: the whole section is made.

    Example:
        >>> from dataclasses import dataclass
        >>> from findspot.config import Mapping, Store, instance
        >>> @dataclass
        ... class Limits:
        ...     most: int
        >>> store = Store(Limits, sources=[Mapping({"most": 5})])
        >>> instance(store.current) == Limits(5), type(instance(store.current)) is Limits
        (True, True)
    """
    from .views import View, as_plain

    shape = view._findspot_shape_ if isinstance(view, View) else None
    if shape is None:
        raise TypeError(f"instance: expected a view of a store with a class, got {type(view).__name__}")
    build = shape.build
    plain = as_plain(view)
    if build is not None:
        return build(plain)
    if hasattr(shape.cls, "model_validate"):
        return shape.cls.model_validate(plain)
    return instance_of(shape, plain)
