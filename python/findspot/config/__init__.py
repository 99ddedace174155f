"""Live configuration: checked before it is published, read without locks, one version for each request.

```python
from dataclasses import dataclass
from findspot.config import Env, Store, Toml

@dataclass
class Search:
    title_weight: float = 1.0

@dataclass
class App:
    search: Search

store = Store(App, sources=[Toml("conf/*.toml"), Env("APP__")])
store.watch()
store.current.search.title_weight       # an attribute of an immutable object, some nanoseconds
with store.pin() as config:             # one version for this request, across awaits and threads
    ...
```

`Store` is the door; `Defaults`, `Mapping`, `Toml`, `Json`, `Yaml`, `Dotenv`, `Env` and `Overrides` are the layers; `not_empty`,
`max_removed`, `max_changed`, `immutable_paths` and `guard` are rules about changes.

What readers get: what the class's annotations promise, immutable: lists are tuples, sets are frozensets, dicts are read-only mappings,
nested classes are views that have the class's attributes, properties and methods. `isinstance(store.current, App)` is true;
`type(store.current)` is the view's class. `instance(view)` makes an instance of the class itself.
"""

from __future__ import annotations

from .guards import Guard, guard, immutable_paths, max_changed, max_removed, not_empty
from .hooks import Derived
from .instances import instance
from .marks import Constraint, Secret
from .reports import Change, Diff, Drift, Entry, Explanation, Layered, Problem, Report
from .sources import Defaults, Dotenv, Env, Json, Mapping, Overrides, Source, Toml, Yaml
from .staged import Staged
from .store import Store
from .views import as_dict

__all__ = [
    "Change",
    "Constraint",
    "Defaults",
    "Derived",
    "Diff",
    "Dotenv",
    "Drift",
    "Entry",
    "Env",
    "Explanation",
    "Guard",
    "Json",
    "Layered",
    "Mapping",
    "Overrides",
    "Problem",
    "Report",
    "Secret",
    "Source",
    "Staged",
    "Store",
    "Toml",
    "Yaml",
    "as_dict",
    "guard",
    "immutable_paths",
    "instance",
    "max_changed",
    "max_removed",
    "not_empty",
]
