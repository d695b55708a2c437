"""Measures the trained model: what it understands of sentences that it never saw, and how fast.

Run in the engine's environment, from the project's root: `nlu/.venv/bin/python -m nlu.measure`.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
HELD_OUT = ROOT / "tests" / "nlu" / "heldout.yml"
FALLBACK = "nlu_fallback"


def held_out() -> Dict[str, List[Tuple[str, str]]]:
    """Groups of (sentence, intent); what means nothing should be a fallback."""
    data = yaml.safe_load(HELD_OUT.read_text(encoding="utf8"))
    groups = {
        name: [(text, intent) for intent, texts in data[name].items() for text in texts]
        for name in ("french", "sms", "other")
    }
    return {**groups, "nonsense": [(text, FALLBACK) for text in data["nonsense"]]}


async def read(agent: Any, sentences: List[Tuple[str, str]]) -> Tuple[List[Tuple[str, str, str, float]], List[float]]:
    """(sentence, expected, read, confidence) for each, and milliseconds."""
    rows, times = [], []
    for text, expected in sentences:
        began = time.perf_counter()
        parsed = await agent.parse_message(text)
        times.append((time.perf_counter() - began) * 1000)
        rows.append((text, expected, parsed["intent"]["name"], parsed["intent"]["confidence"]))
    return rows, times


def table(groups: Dict[str, List[Tuple[str, str, str, float]]], times: List[float]) -> str:
    lines = ["sentences        n   understood   taken for something else   not understood"]
    for name, rows in groups.items():
        right = sum(row[1] == row[2] for row in rows)
        missed = sum(row[2] == FALLBACK != row[1] for row in rows)
        wrong = len(rows) - right - missed
        lines.append(f"{name:12} {len(rows):5} {right / len(rows):11.1%} {wrong:20} {missed:20}")
    quantiles = statistics.quantiles(times, n=20)
    lines.append(f"parse, French: p50 {statistics.median(times):.1f} ms, p95 {quantiles[-1]:.1f} ms (reach: ≤ 25 ms)")
    return "\n".join(lines)


async def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog()
    agent = Agent.load(ROOT / "models" / "relais.tar.gz")
    await agent.parse_message("bonjour")
    measured = {name: await read(agent, sentences) for name, sentences in held_out().items()}
    for rows, _ in measured.values():
        for text, expected, found, confidence in rows:
            if expected != found:
                sys.stdout.write(f"  « {text} »: {expected}, read as {found} ({confidence:.2f})\n")
    sys.stdout.write(table({name: rows for name, (rows, _) in measured.items()}, measured["french"][1]) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
