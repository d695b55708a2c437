"""The burst: people write, processes die, the provider lies; then everything must come to an end."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from sqlalchemy import func, select

from bot.models import message
from tests.standins.twilio import CUTS_AFTER, FAILS_AFTER, FAILS_BEFORE, HANGS_AFTER, Fault
from tests.system import System

CRY = "je veux mourir"
WORDS = (
    CRY,
    "bonjour",
    "merci",
    "aide",
    "une garde d'enfants à Bron",
    "aide alimentaire à Vaulx",
    "passer le permis à Villeurbanne",
    "d'autres",
    "1",
    "au revoir",
    "vous êtes un robot ?",
    "où est la mission locale à Vénissieux",
    "apprendre le français, Lyon 8",
)
VICTIMS = ("worker", "engine", "web", "postgres")
BUSY = Fault(status=429, code=20429, retry_after="1")
MISHAPS = ((0.03, BUSY), (0.02, FAILS_AFTER), (0.01, FAILS_BEFORE), (0.01, CUTS_AFTER), (0.005, HANGS_AFTER))


@dataclass(frozen=True)
class Plan:
    """`seconds` is over how long the messages are spread; one process is killed each `seconds / kills`."""

    messages: int = 300
    people: int = 30
    seconds: float = 30
    kills: int = 8
    seed: int = 1


async def storm(system: System, plan: Plan) -> None:
    """Run the burst to its last webhook and its last kill."""
    chance = random.Random(plan.seed)
    system.twilio.fault = lambda form: _mishap(chance)
    system.twilio.receipts = lambda sent: chance.choice(
        (("sent", "delivered"), ("delivered", "sent"), ("delivered", "delivered", "sent"), ("sent",))
    )
    people = [_person(system, random.Random(f"{plan.seed}:{n}"), n, plan) for n in range(plan.people)]
    await asyncio.gather(_killer(system, chance, plan), *people)
    await system.ready()


async def _person(system: System, chance: random.Random, number: int, plan: Plan) -> None:
    each = plan.messages // plan.people
    for _ in range(each):
        await asyncio.sleep(chance.uniform(0, 2 * plan.seconds / each))
        times = 2 if chance.random() < 0.2 else 1
        await system.twilio.text(chance.choice(WORDS), sender=f"+3363998{number:04}", times=times)


async def _killer(system: System, chance: random.Random, plan: Plan) -> None:
    order = [VICTIMS[n % len(VICTIMS)] for n in range(plan.kills)]
    chance.shuffle(order)
    for name in order:
        await asyncio.sleep(chance.uniform(0.5, 1.5) * plan.seconds / (plan.kills + 1))
        system.kill(name)
        system.lines.append(f"storm    | killed {name}")


async def settle(system: System, limit: float) -> None:
    """Fetch what never arrived, then wait until nothing waits and nothing is on its way; TimeoutError otherwise."""
    await system.relais.sweep.fetch_missing()
    async with asyncio.timeout(limit):
        while await _open(system):
            await asyncio.sleep(0.5)


async def settle_unknown(system: System, limit: float) -> None:
    """Wait until the provider's list has told what became of every ambiguous send."""
    async with asyncio.timeout(limit):
        while await _open(system, ("waiting", "queued", "sending", "unknown")):
            await asyncio.sleep(2)


async def _open(system: System, states: tuple[str, ...] = ("waiting", "queued", "sending")) -> int:
    async with system.relais.database.begin() as connection:
        return int(await connection.scalar(select(func.count()).where(message.c.state.in_(states))) or 0)


def _mishap(chance: random.Random) -> Fault | None:
    draw = chance.random()
    for share, fault in MISHAPS:
        if draw < share:
            return fault
        draw -= share
    return None
