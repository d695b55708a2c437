"""What processes cost: processor time and memory, with all their children, from /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(roots: Mapping[str, int]) -> dict[str, float]:
    """User and system time of each tree of processes, those that ended included, by the root's name."""
    return {name: sum(_times(pid) for pid in tree(root)) / _TICKS for name, root in roots.items()}


def memory(roots: Iterable[int]) -> float:
    """Megabytes: the proportional set size of whole trees; what several processes share counts once."""
    return sum(_pss(pid) for root in roots for pid in tree(root)) / 1000


def tree(root: int) -> list[int]:
    """A process and all that it started."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            children[int(fields[1])].append(int(folder.name))
    found, open_ = [], [root]
    while open_:
        found.append(pid := open_.pop())
        open_ += children[pid]
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty when the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _times(pid: int) -> int:
    return sum(int(value) for value in _stat(pid)[11:15])


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
