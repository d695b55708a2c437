"""Takes the rows of a file in, some hundred a transaction, and says of each what it changed.

A dry run does the very same, and takes each transaction back: it can say nothing else than what would be.

While an import is under way its reminders are held, and a task says so. Should it be cut off in the middle, what was
taken in stays, its reminders wait, and the task asks for the same command again, which goes on and ends it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment
from bot.appointments import admission, sayable
from bot.appointments.admission import Refused
from bot.appointments.facts import CANCELLED
from bot.appointments.files.faults import BadFile
from bot.appointments.files.reading import Grid, Row
from bot.appointments.files.rows import SOURCE, Given
from bot.appointments.files.tray import Tray
from bot.appointments.register import Register, Taken
from bot.database import AnyRow, Database
from bot.reminders.planner import Planner

BATCH = 500


@dataclass(frozen=True)
class Outcome:
    """What a row changed, or would: `what` is a Change, or cancelled, error, missing, removed.

    `unsaid` tells which of its texts were not kept, and why.
    """

    number: int
    what: str
    initial: str = ""
    starts_at: datetime | None = None
    was_at: datetime | None = None
    reason: str = ""
    unsaid: str = ""


@dataclass
class Report:
    """All outcomes in the order of the file; `soon`: reminders due within a day; `held`: they wait for a yes.

    `whole`: no row was refused, save for a date that has passed. `cut`: why the file broke off.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    soon: int = 0
    held: bool = False
    whole: bool = True
    cut: str = ""

    def count(self, what: str) -> int:
        return sum(outcome.what == what for outcome in self.outcomes)


class Reader(Protocol):
    """Understands the rows of one file; `seen` holds the identifiers of those it could name."""

    now: datetime
    seen: dict[str, tuple[int, datetime]]

    def given(self, number: int, row: tuple[Any, ...]) -> Any: ...


class Taking(ABC):
    """The road of every file; `structure` is what each of the understood has."""

    def __init__(self, database: Database, tray: Tray) -> None:
        self._database = database
        self._tray = tray

    async def run(self, grid: Grid, rows: Reader, *, apply: bool, remove_missing: bool = False) -> Report:
        """Take all rows in, or say what would be; a file that breaks off says so in `cut`."""
        report = Report()
        structures: set[str] = set()
        async with self._tray.alone():
            for batch in batched(self._whole(grid, report), BATCH):
                understood = list(_understood(batch, rows, report))
                structures |= {given.structure for given in understood}
                async with self._begun(apply) as connection:
                    await self._take(connection, understood, report)
            async with self._begun(apply) as connection:
                await self._missing(connection, structures, rows, report, remove=remove_missing)
                report.held = await self._tray.finish(connection)
        report.outcomes.sort(key=lambda outcome: (outcome.number == 0, outcome.number))
        return report

    def _whole(self, grid: Grid, report: Report) -> Iterator[Row]:
        try:
            yield from grid.rows
        except BadFile as error:
            report.cut = str(error)

    @asynccontextmanager
    async def _begun(self, apply: bool) -> AsyncIterator[AsyncConnection]:
        async with self._database.begin() as connection:
            await self._tray.open(connection)
            yield connection
            if not apply:
                await connection.rollback()

    @abstractmethod
    async def _take(self, connection: AsyncConnection, understood: Sequence[Any], report: Report) -> None: ...

    @abstractmethod
    async def _missing(
        self, connection: AsyncConnection, structures: set[str], rows: Reader, report: Report, *, remove: bool
    ) -> None:
        """What the file has no more."""


class AppointmentTaking(Taking):
    """Appointments, each of one person."""

    def __init__(self, database: Database, register: Register, planner: Planner, tray: Tray) -> None:
        super().__init__(database, tray)
        self._register = register
        self._planner = planner

    async def _take(self, connection: AsyncConnection, understood: Sequence[Any], report: Report) -> None:
        known = await admission.known(connection, SOURCE, [given.facts.source_id for given in understood])
        told = [admission.heard(one.facts, known.get(one.facts.source_id), said=one.said) for one in understood]
        all_taken = await self._register.take_all(connection, told, how=SOURCE, intake=self._tray.id)
        changed = []
        for given, facts, taken in zip(understood, told, all_taken, strict=True):
            report.outcomes.append(_outcome(given, known.get(facts.source_id), taken, facts.status or ""))
            if taken.change not in ("same", "old"):
                changed.append(taken.appointment_id)
        report.soon += await self._tray.plan(connection, self._planner, changed)

    async def _missing(
        self, connection: AsyncConnection, structures: set[str], rows: Reader, report: Report, *, remove: bool
    ) -> None:
        """Said, or removed; nothing is removed while a row that was refused may be the one."""
        remove = remove and report.whole and not report.cut
        for row in await _to_come(connection, structures):
            if row.source_id in rows.seen:
                continue
            if remove:
                await self._register.remove(connection, SOURCE, row.meeting, rows.now, SOURCE)
            what = "removed" if remove else "missing"
            report.outcomes.append(Outcome(0, what, starts_at=row.starts_at, reason=row.structure))


def _understood(batch: Sequence[Row], rows: Reader, report: Report) -> Iterator[Any]:
    for number, row in batch:
        try:
            yield rows.given(number, row)
        except Refused as refused:
            report.whole &= refused.over
            report.outcomes.append(Outcome(number, "error", reason=str(refused)))


def _outcome(given: Given, was: AnyRow | None, taken: Taken, status: str) -> Outcome:
    facts, change = given.facts, taken.change
    off = change != "same" and status in CANCELLED and (was is None or was.status not in CANCELLED)
    return Outcome(
        given.number,
        "cancelled" if off else change,
        facts.first_name[:1].upper(),
        facts.starts_at,
        was.starts_at if was is not None and was.starts_at != facts.starts_at else None,
        given.note,
        sayable.warning(taken.unsaid),
    )


async def _to_come(connection: AsyncConnection, structures: set[str]) -> Sequence[AnyRow]:
    """What files told earlier of these structures; a file that names none says nothing of the others."""
    found = await connection.execute(
        select(appointment.c.source_id, appointment.c.meeting, appointment.c.starts_at, appointment.c.structure)
        .where(appointment.c.source == SOURCE, appointment.c.structure.in_(structures - {""}))
        .where(appointment.c.removed_at.is_(None), appointment.c.status.not_in(CANCELLED))
        .where(appointment.c.starts_at > clock.now())
        .order_by(appointment.c.starts_at)
    )
    return found.all()
