"""Reads again all meetings to come: heals what a lost webhook left behind, and drops what is there no more.

Nothing is dropped unless everything was read: pages shift while they are read, and an account may see less than
it did. What would drop a third of all that is known is more likely a lost right than a cancelled month.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import exists, insert, select, update

from bot import clock
from bot.appointment_models import appointment, connector, intake, meeting
from bot.connectors.backfill import Settle
from bot.connectors.hearing import Hearing
from bot.connectors.rdv_service_public import read_meeting
from bot.connectors.rdvsp_api import Page, RdvServicePublic
from bot.connectors.told import SOURCE, Told
from bot.database import Database

log = logging.getLogger(__name__)

WHAT = "reconciliation"
SKEW = timedelta(seconds=5)
"""Their clock and ours: what they tell while we read must not seem older than what we read."""
FEW = 20
"""As many may always be dropped; more only when they are less than a third."""


@dataclass
class Report:
    """What a reconciliation did; `whole` when everything was read, so that what is missing was dropped."""

    read: int = 0
    changed: int = 0
    removed: int = 0
    missing: int = 0
    held: bool = False
    whole: bool = True
    seen: set[str] = field(default_factory=set)


class Reconciliation:
    def __init__(
        self,
        database: Database,
        api: RdvServicePublic,
        hearing: Hearing,
        settle: Settle,
        organisations: tuple[str, ...] = (),
    ) -> None:
        self._database = database
        self._api = api
        self._hearing = hearing
        self._settle = settle
        self._organisations = organisations

    async def run(self) -> Report:
        """Read everything, then drop what is missing; raises UpstreamError, having kept what was read."""
        began, report = clock.now(), Report()
        intake_id = await self._open()
        try:
            organisations = list(self._organisations) or await self._api.organisations()
            for organisation in organisations:
                await self._read(organisation, began, intake_id, report)
            await self._drop(organisations, began, intake_id, report)
            await self._note(began)
        finally:
            report.held = await self._judge(intake_id)
        return report

    async def _open(self) -> UUID:
        intake_id = uuid4()
        async with self._database.begin() as connection:
            new = {"id": intake_id, "source": SOURCE, "what": WHAT, "created_at": clock.now()}
            await connection.execute(insert(intake).values(new))
        return intake_id

    async def _judge(self, intake_id: UUID) -> bool:
        async with self._database.begin() as connection:
            return await self._settle(connection, intake_id)

    async def _read(self, organisation: str, began: datetime, intake_id: UUID, report: Report) -> None:
        seen: set[str] = set()
        totals: set[int | None] = set()
        async for page in self._api.meetings(organisation, began):
            totals.add(page.total)
            seen |= await self._take(page, intake_id, report)
            await self._judge(intake_id)  # what is due soon must not leave before all is read
        report.seen |= seen
        if totals != {len(seen)}:
            report.whole = False
            log.warning("organisation %s was not read whole: %s of %s", organisation, len(seen), totals)

    async def _take(self, page: Page, intake_id: UUID, report: Report) -> set[str]:
        found = [told for one in page.items if (told := read_meeting(one, page.read_at - SKEW)) is not None]
        for told in found:
            report.read += 1
            report.changed += await self._hearing.hear(told, intake=intake_id) == "taken"
        return {told.meeting for told in found}

    async def _drop(self, organisations: list[str], began: datetime, intake_id: UUID, report: Report) -> None:
        known = await self._known(organisations, began)
        missing = [number for number in known if number not in report.seen]
        report.missing = len(missing)
        if not report.whole or not missing:
            return
        if len(missing) > max(FEW, len(known) // 3):
            report.whole = False
            log.error("%s of %s meetings are missing: none dropped, look at the rights", len(missing), len(known))
            return
        for number in missing:
            gone = Told(SOURCE, number, "destroyed", began - SKEW)
            report.removed += await self._hearing.hear(gone, intake=intake_id) == "taken"

    async def _known(self, organisations: list[str], began: datetime) -> list[str]:
        """The meetings to come of these organisations, as far as we know."""
        here = (meeting.c.source == SOURCE, meeting.c.organisation.in_(organisations), meeting.c.gone_at.is_(None))
        coming = exists().where(
            appointment.c.source == SOURCE,
            appointment.c.meeting == meeting.c.meeting,
            appointment.c.starts_at > began,
            appointment.c.removed_at.is_(None),
        )
        async with self._database.begin() as connection:
            found = await connection.scalars(select(meeting.c.meeting).where(*here, coming).order_by(meeting.c.meeting))
            return list(found)

    async def _note(self, began: datetime) -> None:
        async with self._database.begin() as connection:
            await connection.execute(update(connector).where(connector.c.source == SOURCE).values(reconciled_at=began))
