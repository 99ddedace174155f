"""Which paths a subscriber means.

**In**: a pattern and a path. **Out**: whether they meet. **Law**: a pattern without a star means the path, all below it, and a table above
it that came or went as a whole; `*` stands for one step, and at the end for everything below.
"""

from __future__ import annotations

__all__ = ["matches", "steps_of"]


def steps_of(path: str) -> list[str]:
    """The steps of a path; dots inside quotes do not part them, and an index is a step."""
    steps, step, quoted = [], "", False
    for c in path:
        if c == '"':
            quoted = not quoted
        elif c in ".[" and not quoted:
            steps.append(step)
            step = ""
        elif c == "]" and not quoted:
            continue
        else:
            step += c
    steps.append(step)
    return [step for step in steps if step]


def matches(pattern: str, path: str) -> bool:
    """Whether a change at `path` is one that `pattern` means."""
    wanted, found = steps_of(pattern), steps_of(path)
    return all(one in ("*", other) for one, other in zip(wanted, found, strict=False))
