"""Metrics as Prometheus text.

**In**: names and numbers. **Out**: the exposition format, version 0.0.4. **Law**: one `# TYPE` line a name; no secret can stand in a number.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .reports import Drift

__all__ = ["text"]


def text(metrics: dict[str, float], drift: list[Drift], store: str) -> str:
    """All metrics of a store."""
    label = store.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    lines = []
    for name, value in sorted(metrics.items()):
        kind = "counter" if name.endswith("_total") else "gauge"
        lines += [f"# TYPE findspot_config_{name} {kind}", f'findspot_config_{name}{{store="{label}"}} {value:.17g}']
    lines.append("# TYPE findspot_config_process_version gauge")
    lines += [f'findspot_config_process_version{{store="{label}",pid="{entry.pid}"}} {entry.version}' for entry in drift]
    return "\n".join([*lines, ""])
