"""The table of figures: what was measured, what is to be reached."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line. `least` and `most` are what is to be reached; neither: it is told only."""

    what: str
    value: float
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def reached(self) -> bool:
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    def line(self) -> str:
        goal = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}" if self.most is not None else ""
        mark = ("yes" if self.reached else "NO") if goal else ""
        return f"{self.what:<66} {self.value:>9.{2 if self.value < 10 else 0}f} {self.unit:<6} {goal:>7} {mark:>4}"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def table(figures: Iterable[Figure]) -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    head = f"{'what':<66} {'value':>9} {'unit':<6} {'reach':>7}"
    return "\n".join([f"machine: {machine}", head, *(figure.line() for figure in figures)])
