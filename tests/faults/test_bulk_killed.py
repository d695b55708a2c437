"""Workers die by kill -9 while reminders leave: nobody goes without, and nobody gets two."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from bot.appointment_models import reminder
from bot.models import message
from tests.bench.reminders import NOW, Office, known, office, planned
from tests.standins.twilio import CUTS_AFTER, CUTS_BEFORE, FAILS_BEFORE, TOO_MANY, Fault, TwilioStandin

COUNT, A_SECOND = 240, 60
DEATHS = (30, 75, 76, 140, 200)
"""After so many calls of the provider the worker that sends is killed, and another one starts."""
WAITS_SECONDS = 200
"""A claim is thought lost after 30 s, and looked up at the next full minute."""


def faulty(calls: Counter[str]) -> Fault | None:
    """One call in twelve fails, each in its own way."""
    calls["all"] += 1
    return {5: TOO_MANY, 17: CUTS_AFTER, 29: FAILS_BEFORE, 41: CUTS_BEFORE}.get(calls["all"] % 48)


async def test_nobody_goes_without_and_nobody_gets_two() -> None:
    """Two workers, one killed five times in the middle of a batch, a provider that fails: one message each."""
    calls: Counter[str] = Counter()

    def fault(form: Mapping[str, str]) -> Fault | None:
        return faulty(calls)

    async with TwilioStandin.started() as twilio, office(twilio.api_url, A_SECOND) as place:
        twilio.fault = fault
        await planned(place.relais, await known(place.relais, COUNT))
        async with place.worker():
            for death in DEATHS:
                worker = await place.start_worker()
                await twilio.wait_for(lambda so_many=death: len(twilio.calls) >= so_many, timeout=WAITS_SECONDS)
                worker.kill()
                await worker.wait()
        twilio.fault = lambda form: None
        await all_is_known(place)
    got = Counter(message["to"] for message in twilio.messages.values())
    assert (len(got), set(got.values())) == (COUNT, {1})


async def all_is_known(place: Office) -> None:
    """Ten minutes later all that nobody knew of was looked up in the provider's list."""
    settings = place.settings.model_copy(update={"clock": NOW + timedelta(minutes=10)})
    under_way = select(func.count()).where(reminder.c.state == "planned", reminder.c.due_at <= NOW)
    unknown = select(func.count()).where(message.c.state.in_(("queued", "sending", "unknown")))
    async with replace(place, settings=settings).worker(), asyncio.timeout(WAITS_SECONDS):
        while True:
            async with place.relais.database.begin() as connection:
                if not (await connection.scalar(under_way) or await connection.scalar(unknown)):
                    return
            await asyncio.sleep(1)
