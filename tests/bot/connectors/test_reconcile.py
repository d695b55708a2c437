"""Each night all meetings to come are read again: what webhooks lost is healed, what is gone is dropped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import clock
from bot.appointment_models import connector
from bot.connectors.errors import Unreachable
from bot.connectors.reconcile import Report
from tests.bot.appointments.conftest import in_days
from tests.bot.connectors.conftest import PLANNED, Site
from tests.standins.rdv_service_public import Record, meeting, seat, user


def of(number: int, days: int = 20) -> Record:
    phone = f"+336399{80000 + number:05d}"
    return meeting(number, in_days(days), seat(100 + number, user(200 + number, f"P{number}", phone)))


async def told(site: Site, *numbers: int) -> None:
    """Webhooks of a minute ago."""
    for number in numbers:
        await site.upstream.tell(of(number), "created", at=clock.now() - timedelta(minutes=1))


async def run(site: Site) -> Report:
    assert site.relais.reconciliation is not None
    return await site.relais.reconciliation.run()


async def test_a_lost_webhook_is_healed(site: Site) -> None:
    """New, moved and gone, each with its reminders; what is as it was stays so."""
    await told(site, 1, 2, 3)
    site.upstream.meetings = [of(1), of(2, days=30), of(4)]
    report = await run(site)
    assert (report.read, report.changed, report.removed, report.whole, report.held) == (3, 2, 1, True, False)
    rows = {row.meeting: row for row in await site.appointments()}
    assert (rows["2"].starts_at, rows["3"].removed_at is not None, rows["4"].participation) == (
        in_days(30),
        True,
        "104",
    )
    assert [row.reconciled_at is not None for row in await site.rows(connector)] == [True]
    assert (await run(site)).changed == 0


@pytest.mark.parametrize("lie", ["one page", "short"])
async def test_what_was_not_read_whole_removes_nothing(site: Site, lie: str) -> None:
    """Pages that say there are no more, or leave one out."""
    await told(site, *range(1, 8))
    site.upstream.per_page = 3
    site.upstream.meetings = [of(number) for number in range(1, 8)]
    site.relais.reconciliation._organisations = ("3",)  # type: ignore[union-attr]
    site.upstream.faults.append(lie)
    report = await run(site)
    assert (report.whole, report.removed, report.missing > 0) == (False, 0, True)
    assert all(row.removed_at is None for row in await site.appointments())


async def test_a_failure_keeps_what_was_read(site: Site) -> None:
    """The pages before it count; nothing is removed."""
    await told(site, 9)
    site.upstream.per_page = 1
    site.upstream.meetings = [of(1), of(2)]
    site.upstream.faults.extend(["", "", "500"])
    with pytest.raises(Unreachable):
        await run(site)
    assert [row.meeting for row in await site.appointments()] == ["1", "9"]
    assert all(row.removed_at is None for row in await site.appointments())


async def test_an_account_that_lost_its_rights_removes_nothing(site: Site) -> None:
    """Nearly everything missing is no cancelled month."""
    await told(site, *range(1, 26))
    report = await run(site)
    assert (report.whole, report.removed, report.missing) == (False, 0, 25)


async def test_another_organisation_is_left_alone(site: Site) -> None:
    """What comes from where we do not read is not missing."""
    data = {**of(1), "organisation": {"id": 99, "name": "Ailleurs"}}
    await site.upstream.tell(data, "created", at=clock.now() - timedelta(minutes=1))
    await run(site)
    assert (await site.the_one()).removed_at is None
    assert await site.reminders() == PLANNED


async def test_many_reminders_soon_wait_for_a_yes(site: Site) -> None:
    """A first reading may bring hundreds: above the set number, they are held."""
    object.__setattr__(site.relais.hold, "_most", 3)
    site.upstream.meetings = [of(number, days=1) for number in range(1, 7)]
    report = await run(site)
    assert report.held
    assert [task.reason for task in await site.tasks()] == ["intake_held"]


async def test_a_newer_word_stands(site: Site) -> None:
    """A webhook that came while the pages were read is not undone by them."""
    await site.upstream.tell(of(1, days=30), "created")
    site.upstream.meetings = [of(1)]
    await run(site)
    assert (await site.the_one()).starts_at == in_days(30)
