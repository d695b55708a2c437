"""The road of one SMS, from the webhook to the provider's API: idle, eight at once, and late in a conversation."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from dataclasses import dataclass

from tests.bench import people, processes
from tests.bench.people import TURNS, Person
from tests.bench.provider import Provider
from tests.bench.report import Figure, quantile
from tests.system import System

AT_ONCE = 8
TURNS_EACH = 60
WARM_UP = 12


@dataclass(frozen=True)
class Throughput:
    """Messages answered in a second, and the processor time that one took, in ms, by process."""

    rate: float
    cost: dict[str, float]

    def cost_line(self, name: str) -> str:
        parts = ", ".join(f"{process} {value:.1f}" for process, value in self.cost.items())
        return f"{name}: processor time a message, ms: {parts}; in all {sum(self.cost.values()):.1f}"


async def warm_up(system: System, provider: Provider, numbers: list[str]) -> list[Person]:
    """People whose first turns are behind them."""
    group = [await people.person(system.url, provider, number) for number in numbers]
    await asyncio.gather(*(_talk(person, WARM_UP) for person in group))
    return group


async def idle(group: list[Person], count: int = 200) -> list[Figure]:
    """One message at a time."""
    turns = zip(range(count), itertools.cycle(group), itertools.cycle(TURNS), strict=False)
    times = [await person.ask(text) * 1000 for _, person, text in turns]
    return [
        Figure("SMS in → provider's API called, idle, p50", quantile(times, 0.50), "ms", most=80),
        Figure("SMS in → provider's API called, idle, p95", quantile(times, 0.95), "ms", most=150),
    ]


async def throughput(system: System, group: list[Person]) -> Throughput:
    """Eight conversations, each writing again as soon as it is answered."""
    roots = {name: program.process.pid for name, program in system.programs.items() if program.process}
    before, began = processes.processor_seconds(roots), time.monotonic()
    await asyncio.gather(*(_talk(person, TURNS_EACH) for person in group))
    seconds, after = time.monotonic() - began, processes.processor_seconds(roots)
    count = len(group) * TURNS_EACH
    return Throughput(count / seconds, {name: (after[name] - before[name]) * 1000 / count for name in roots})


async def late_turns(system: System, provider: Provider, numbers: list[str]) -> Figure:
    """Turns 199 to 201 of conversations against their turns 4 to 6, one message at a time."""
    group = [await people.person(system.url, provider, number) for number in numbers]
    times: dict[int, list[float]] = {}
    for turn in range(1, 202):
        times[turn] = [await person.ask(TURNS[turn % len(TURNS)]) for person in group]
    early, late = ([time for turn in turns for time in times[turn]] for turns in ((4, 5, 6), (199, 200, 201)))
    ratio = statistics.median(late) / statistics.median(early)
    return Figure("turn 200 of a conversation against turn 5", ratio, "×", most=1.3)


async def _talk(person: Person, turns: int) -> None:
    for text in itertools.islice(itertools.cycle(TURNS), turns):
        await person.ask(text)
