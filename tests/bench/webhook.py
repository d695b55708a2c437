"""How fast a webhook is taken in: 100 a second, from 300 conversations, sent at their instants whatever comes back."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time

from tests.bench import people
from tests.bench.people import PATH, Letter
from tests.bench.report import Figure, quantile
from tests.bench.wire import Wire
from tests.system import System

RATE, SECONDS, CONVERSATIONS, WIRES = 100, 30, 300, 16


async def accepted(system: System, first_number: int, *, worker: bool) -> Figure:
    """p95 from the instant when a webhook was due to its 200, with or without the worker at work."""
    numbers = itertools.cycle(itertools.islice(people.numbers(first_number), CONVERSATIONS))
    letters = [people.write("une garde d'enfants à Bron", next(numbers)) for _ in range(RATE * SECONDS)]
    process = system.programs["worker"].process
    assert process is not None
    if not worker:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        times = await _post_all(system.url, letters)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    doing = "running" if worker else "stopped"
    goal = None if worker else 15
    return Figure(
        f"webhook → 200, p95 at {RATE}/s for {SECONDS} s, worker {doing}", quantile(times, 0.95), "ms", most=goal
    )


async def _post_all(url: str, letters: list[Letter]) -> list[float]:
    """Milliseconds for each; a late answer delays no other letter unless all wires are busy, and then it counts."""
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for _ in range(WIRES):
        free.put_nowait(await Wire.open(url))
    began = time.monotonic()

    async def post(letter: Letter, due: float) -> float:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        wire = await free.get()
        status, _ = await wire.post(PATH, *letter)
        free.put_nowait(wire)
        assert status == 200, status
        return (time.monotonic() - due) * 1000

    return await asyncio.gather(*(post(letter, began + at / RATE) for at, letter in enumerate(letters)))
