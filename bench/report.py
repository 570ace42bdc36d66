"""The result of a measurement: a table for people, and one line of JSON for machines."""

import json
import math
import os
import platform
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

Figures = dict[str, float | int | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`rows` are cells for people; `figures` are the same values in SI units, unrounded."""

    name: str
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: Figures
    notes: Sequence[str] = field(default_factory=tuple)

    def print(self) -> None:
        """Print the table, then the notes, then one line of JSON."""
        print(f"\n{self.title}\n")
        lines = [self.head, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        for number, line in enumerate(lines):
            first, *rest = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            print("  " + "  ".join([first, *rest]).rstrip())
            if number == 0:
                print("  " + "  ".join("-" * width for width in widths))
        for note in self.notes:
            print(f"\n  {note}")
        measured = {key: _rounded(value) for key, value in self.figures.items()}
        print(json.dumps({"bench": self.name, **measured, **machine()}), flush=True)


def percentile(values: Collection[float], share: float) -> float:
    """The nearest-rank percentile, which is one of the values. `share` is in (0, 1]."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.1f} ms"


def machine() -> Figures:
    """The machine of the measurement; the load average shows whether it had other work."""
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def _rounded(value: float | int | str | None) -> float | int | str | None:
    return float(f"{value:.4g}") if isinstance(value, float) else value
