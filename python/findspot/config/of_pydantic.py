"""The shape of a pydantic model; imported only when the class is one.

**In**: a model class of pydantic 2. **Out**: a table. **Law**: what pydantic's constraints say is checked natively; a model with
validators, or with types that only pydantic knows, is validated by pydantic itself before publication, and readers get its values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydantic

from .annotations import _apply, plain_default
from .shape import Member, Shape

if TYPE_CHECKING:
    from .annotations import _Reader

__all__ = ["read_model", "value_class"]


class _OwnTypes(Exception):
    """A type that only pydantic can check."""


def read_model(reader: _Reader, cls: Any, path: str) -> Shape:
    """The table of a model."""
    shape = Shape("table", cls=cls, additional=cls.model_config.get("extra") in ("ignore", "allow"))
    decorators = cls.__pydantic_decorators__
    before = {
        name
        for group in (decorators.field_validators, decorators.validators)
        for validator in group.values()
        if getattr(validator.info, "mode", "before") in ("before", "wrap", "plain")
        for name in validator.info.fields
    }
    own = bool(decorators.field_validators or decorators.validators or decorators.model_validators or decorators.root_validators)
    if any(getattr(validator.info, "mode", "before") != "after" for validator in decorators.model_validators.values()):
        before |= set(cls.model_fields)
    for name, info in cls.model_fields.items():
        functions = [mark for mark in info.metadata if hasattr(mark, "func")]
        if name in before or "*" in before or any(type(mark).__name__ != "AfterValidator" for mark in functions):
            inner = Shape("any", secret=_is_secret(info.annotation))
            own = True
        else:
            try:
                inner = _read_field(reader, info, f"{path}.{name}")
            except _OwnTypes:
                inner, own = Shape("any", secret=_is_secret(info.annotation)), True
        own = own or bool(functions)
        alias = info.validation_alias or info.alias
        member = Member(alias if isinstance(alias, str) else name, inner)
        if not info.is_required():
            if info.default_factory is not None and getattr(info, "default_factory_takes_validated_data", False):
                member.from_instance = True
                own = True
            else:
                member.default = plain_default(inner, _plain(info.get_default(call_default_factory=True)))
        shape.members[name] = member
    if own or cls.model_post_init is not pydantic.BaseModel.model_post_init:
        shape.build = cls.model_validate
    return shape


def _read_field(reader: _Reader, info: Any, path: str) -> Shape:
    inner = reader.read(info.annotation, path)
    for mark in info.metadata:
        _apply(inner, mark)
    if info.description:
        inner.description = info.description
    return inner


def value_class(cls: type, path: str) -> Shape:
    """`SecretStr`; every other type of pydantic's own is left to pydantic."""
    if issubclass(cls, pydantic.SecretStr):
        return Shape("string", secret=True, convert=cls, revert=_unwrapped)
    raise _OwnTypes(path)


def _unwrapped(value: Any) -> Any:
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


def _is_secret(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, (pydantic.SecretStr, pydantic.SecretBytes))


def _plain(value: Any) -> Any:
    return value.model_dump(mode="python") if isinstance(value, pydantic.BaseModel) and not isinstance(value, pydantic.RootModel) else value
