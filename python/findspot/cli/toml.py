"""TOML files of the command: a schema, a ranking.

```toml
key = "id"            # key_type = "integer" for integer keys
extra = "store"       # error | store | ignore
[fields]
title = { type = "text", analyzer = "english" }
artist = "keyword"
subjects = { type = "keyword", many = true }
location = "geopoint"
```

**In**: a path. **Out**: a `Schema`, or the mapping that `config=` takes. **Law**: what is wrong is said with
file and place; nothing unknown is ignored.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, SchemaError
from ..fields import KINDS, Field, _field
from ..schema import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read_ranking", "read_schema", "show_schema"]


def _load(path: str, refuse: type[SchemaError] | type[ConfigError]) -> dict[str, Any]:
    with open(path, "rb") as file:
        try:
            return tomllib.load(file)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise refuse(f"{path}: expected TOML, got {error}") from error


def _refuse(path: str, place: str, expected: str, got: object) -> SchemaError:
    return SchemaError(f"{path}: {place}: expected {expected}, got {got!r}", path=place, expected=expected, got=repr(got))


def read_schema(path: str) -> Schema:
    """The schema of a TOML file."""
    data = _load(path, SchemaError)
    if unknown := set(data) - {"key", "key_type", "extra", "fields"}:
        raise _refuse(path, sorted(unknown)[0], "key, key_type, extra or fields", "another name")
    if not isinstance(data.get("key"), str):
        raise _refuse(path, "key", "the name of the key member", data.get("key"))
    if data.get("key_type", "string") not in ("string", "integer"):
        raise _refuse(path, "key_type", "'string' or 'integer'", data["key_type"])
    if data.get("extra", "error") not in ("error", "store", "ignore"):
        raise _refuse(path, "extra", "'error', 'store' or 'ignore'", data["extra"])
    if not isinstance(data.get("fields"), dict):
        raise _refuse(path, "fields", "a table of fields", data.get("fields"))
    fields = {name: _read_field(path, name, definition) for name, definition in data["fields"].items()}
    key_type = int if data.get("key_type") == "integer" else str
    try:
        return Schema(key=data["key"], key_type=key_type, extra=data.get("extra", "error"), fields=fields)
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}", path=error.path, expected=error.expected, got=error.got) from error


def _read_field(path: str, name: str, definition: object) -> Field:
    kinds = ", ".join(KINDS)
    if isinstance(definition, str):
        definition = {"type": definition}
    if not isinstance(definition, dict) or definition.get("type") not in KINDS:
        got = definition.get("type") if isinstance(definition, dict) else definition
        raise _refuse(path, f"fields.{name}", f"a type: {kinds}", got)
    try:
        return _field(definition)
    except TypeError:
        options = {"text": "analyzer", "keyword": "many"}.get(definition["type"], "no options")
        raise _refuse(path, f"fields.{name}", f"type with {options}", dict(definition)) from None


def show_schema(schema: Schema) -> str:
    """A schema as the TOML that `read_schema` reads."""
    lines = [f'key = "{schema.key}"']
    if schema.key_type is int:
        lines.append('key_type = "integer"')
    lines += [f'extra = "{schema.extra}"', "", "[fields]"]
    for name, field in schema.fields.items():
        definition = field._definition(name)
        options = {option: value for option, value in definition.items() if option not in ("name", "type") and value is not False}
        value = f'"{definition["type"]}"'
        if options:
            shown = ", ".join(f"{option} = {_toml(given)}" for option, given in options.items())
            value = f"{{ type = {value}, {shown} }}"
        bare = name.replace("_", "").replace("-", "").isalnum() and name.isascii()
        lines.append(f"{name if bare else _toml(name)} = {value}")
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    import json

    return json.dumps(value, ensure_ascii=False)


def read_ranking(path: str) -> Mapping[str, Any]:
    """The ranking of a TOML file; what is in it is checked where it is used."""
    data = _load(path, ConfigError)
    return data or {"ranking": {}}
