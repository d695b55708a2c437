"""What is told again because somebody set up a webhook is known, and never sent without a human's yes."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import Any

from bot import clock
from bot.appointment_models import intake, reminder
from tests.bot.appointments.conftest import in_days
from tests.bot.connectors.conftest import Site
from tests.standins.rdv_service_public import meeting, seat, user

REPLAYS = int(os.environ.get("RELAIS_TEST_REPLAYS", "500"))
"""`make faults` tells 25,000: as many as were seen."""


def made(number: int, *, ago: timedelta | None = None, days: int = 20, **changes: Any) -> dict[str, Any]:
    """A meeting of its own person; without `ago` the source does not say when it was made."""
    who = user(50_000 + number, f"Personne{number}", f"+336399{80000 + number % 10000:05d}")
    created = {} if ago is None else {"created_at": (clock.now() - ago).isoformat()}
    data = {**meeting(number, in_days(days), seat(90_000 + number, who)), **changes}
    del data["created_at"]
    return {**data, **created}


async def held(site: Site) -> tuple[int, int]:
    """How many of the appointments, and of their reminders, wait for a yes."""
    waits = {row.id for row in await site.rows(intake) if row.held_at and not row.approved_at}
    rows = await site.appointments(), await site.rows(reminder)
    return tuple(sum(row.intake_id in waits for row in some) for some in rows)


async def test_an_old_meeting_told_as_new_is_held(site: Site) -> None:
    """Its date of creation gives it away; one that was just made goes its way."""
    await site.upstream.tell(made(1, ago=timedelta(hours=2)), "created")
    await site.upstream.tell(made(2, ago=timedelta(minutes=1)), "created")
    assert await held(site) == (1, 3)
    assert [task.reason for task in await site.tasks()] == ["intake_held"]


async def test_a_late_delivery_is_no_backfill(site: Site) -> None:
    """The word itself is old: it waited while we were away."""
    old = timedelta(days=2)
    await site.upstream.tell(made(1, ago=old), "created", at=clock.now() - old)
    assert await held(site) == (0, 0)


async def test_a_burst_is_held_with_its_beginning(site: Site) -> None:
    """Where the source does not say how old they are, the first thirty are held when the next one comes."""
    for number in range(30):
        await site.upstream.tell(made(number), "created")
    assert await held(site) == (0, 0)
    await asyncio.gather(*(site.upstream.tell(made(number), "created") for number in range(30, 34)))
    assert await held(site) == (34, 102)
    assert len(await site.tasks()) == len(await site.rows(intake)) == 1


async def test_a_quiet_hour_is_no_burst(site: Site, later: Any) -> None:
    """Thirty meetings made within more than a minute are an office at work."""
    for number in range(36):
        later(3)
        await site.upstream.tell(made(number), "created")
    assert await held(site) == (0, 0)


async def test_a_replay_of_what_is_known_asks_nobody(site: Site) -> None:
    """Nothing changes, and no task is opened."""
    data = made(1, ago=timedelta(minutes=1))
    await site.upstream.tell(data, "created")
    await site.upstream.tell({**data, "created_at": (clock.now() - timedelta(days=9)).isoformat()}, "created")
    assert (await held(site), await site.tasks()) == ((0, 0), [])


async def test_a_replay_that_moves_or_revives_is_held(site: Site) -> None:
    """What we had missed comes by a replay: its new reminders wait as well."""
    for number, status in ((1, "unknown"), (2, "revoked")):
        first = made(number, ago=timedelta(minutes=1))
        first["participations"][0]["status"] = status
        await site.upstream.tell(first, "created")
    for number, days in ((1, 30), (2, 20)):
        await site.upstream.tell(made(number, ago=timedelta(days=9), days=days), "created")
    assert await held(site) == (2, 6)


async def test_thousands_of_replays_send_nothing(site: Site) -> None:
    """All at once, most of them past: each once, every one that is to come held, and one task."""
    told = [made(number, ago=timedelta(days=40), days=20 if number % 5 == 0 else -5) for number in range(REPLAYS)]
    lanes = [told[start::4] for start in range(4)]
    answers = await asyncio.gather(*(_tell(site, lane) for lane in lanes))
    assert {status for lane in answers for status in lane} == {200}
    to_come = REPLAYS // 5
    assert await held(site) == (to_come, 3 * to_come)
    assert len(await site.tasks()) == 1
    again = [await site.upstream.tell(one, "created") for one in told[:20]]
    assert (again, await held(site)) == ([200] * 20, (to_come, 3 * to_come))


async def _tell(site: Site, lane: list[dict[str, Any]]) -> list[int]:
    return [await site.upstream.tell(one, "created") for one in lane]
