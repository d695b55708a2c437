"""Collective sessions from a file: each has an identifier of its own, so that another date is a move, not a new one.

A session that moves or is cancelled takes the appointments booked on it along.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, reminder, session
from bot.appointments import admission
from bot.appointments.files import cells as read
from bot.appointments.files.columns import Columns, plain
from bot.appointments.files.faults import BadRow
from bot.appointments.files.rows import SOURCE
from bot.appointments.files.taking import Outcome, Report, Taking
from bot.database import AnyRow
from knowledge.places import Places

MOST_SEATS = 500
_SHARED = ("starts_at", "zone", "duration_min", "place", "structure", "bring")
"""What an appointment has of its session."""
_CALLED_OFF = frozenset({"oui", "annule", "annulee", "supprimee", "x", "1"})
_ON = frozenset({"", "non", "prevue", "ouverte", "confirmee", "maintenue", "0"})


@dataclass(frozen=True)
class SessionGiven:
    """One session of a file; `values` are columns of the table."""

    number: int
    values: dict[str, Any]
    cancelled: bool
    structure: str


@dataclass
class SessionRows:
    """Reads the sessions of one file; remembers them, so that a double is told."""

    columns: Columns
    places: Places
    zone: str
    now: datetime
    seen: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def given(self, number: int, row: tuple[object, ...]) -> SessionGiven:
        """One row; raises Refused."""
        cells = self.columns.cells(row)
        own = str(cells.get("source_id", ""))
        if not own:
            raise BadRow("identifiant : il manque ; c'est par lui qu'une séance déplacée est reconnue")
        zone = str(cells.get("zone", self.zone))
        starts_at = read.instant(cells, zone)
        if self.seen.setdefault(own, (number, starts_at))[0] != number:
            raise BadRow(f"en double avec la ligne {self.seen[own][0]}")
        cancelled = _cancelled(str(cells.get("cancelled", "")))
        admission.timely(starts_at, self.now, known_how=cancelled)
        values: dict[str, Any] = {
            "source_id": own,
            "starts_at": starts_at,
            "zone": zone,
            "duration_min": read.minutes(cells, 120),
            "seats": _seats(str(cells.get("seats", ""))),
            "commune": self._commune(str(cells.get("commune", ""))),
            "languages": [read.language(one) for one in _listed(str(cells.get("languages", "fr")))],
            **{name: str(cells.get(name, "")) for name in ("place", "structure", "accessibility", "bring")},
        }
        return SessionGiven(number, values, cancelled, values["structure"])

    def _commune(self, said: str) -> str:
        if not said:
            return ""
        place = self.places.get(said)
        if place is None:
            found = [match.places for match in self.places.find(said)]
            place = found[0][0] if len(found) == 1 and len(found[0]) == 1 else None
        if place is None or place.kind == "quarter":
            raise BadRow(f"commune « {said} » : écrivez son nom ou son code INSEE")
        return place.code


class SessionTaking(Taking):
    """The same road as for appointments; what is no longer in the file stays as it is."""

    async def _take(self, connection: AsyncConnection, understood: Sequence[SessionGiven], report: Report) -> None:
        for given in understood:
            report.outcomes.append(await self._keep(connection, given))

    async def _missing(self, *_: Any, **__: Any) -> None:
        return None

    async def _keep(self, connection: AsyncConnection, given: SessionGiven) -> Outcome:
        at = given.values["starts_at"]
        off = clock.now() if given.cancelled else None
        added = insert(session).values(
            id=uuid4(), source=SOURCE, created_at=clock.now(), cancelled_at=off, **given.values
        )
        added = added.on_conflict_do_nothing(index_elements=["source", "source_id"])
        if await connection.scalar(added.returning(session.c.id)):
            return Outcome(given.number, "new", starts_at=at)
        mine = (session.c.source == SOURCE, session.c.source_id == given.values["source_id"])
        was = (await connection.execute(select(session).where(*mine).with_for_update())).one()
        changes = {name: value for name, value in given.values.items() if getattr(was, name) != value}
        if given.cancelled != (was.cancelled_at is not None):
            changes["cancelled_at"] = off
        if not changes:
            return Outcome(given.number, "same", starts_at=at)
        await connection.execute(update(session).where(session.c.id == was.id).values(changes))
        await self._follow(connection, was.id, changes, cancelled=given.cancelled)
        return _changed(given, was, changes)

    async def _follow(
        self, connection: AsyncConnection, session_id: UUID, changes: dict[str, Any], *, cancelled: bool
    ) -> None:
        """What is booked on it changes with it, and its new reminders are judged with the file's."""
        shared = {name: changes[name] for name in _SHARED if name in changes}
        if cancelled:
            shared["status"] = "revoked"
        booked = appointment.c.session_id == session_id
        of = select(appointment.c.source, appointment.c.meeting).where(booked, appointment.c.meeting != "").distinct()
        for source, meeting in (await connection.execute(of)).all() if shared else ():
            await self._register.change_meeting(connection, source, meeting, clock.now(), SOURCE, **shared)
        if "starts_at" in shared:
            theirs = select(appointment.c.id).where(booked)
            planned = (reminder.c.appointment_id.in_(theirs), reminder.c.starts_at == shared["starts_at"])
            await connection.execute(
                update(reminder).where(*planned, reminder.c.state == "planned").values(intake_id=self._tray.id)
            )


def _changed(given: SessionGiven, was: AnyRow, changes: dict[str, Any]) -> Outcome:
    moved = was.starts_at if "starts_at" in changes else None
    what = "cancelled" if changes.get("cancelled_at") else "moved" if moved else "changed"
    return Outcome(given.number, what, starts_at=given.values["starts_at"], was_at=moved)


def _cancelled(said: str) -> bool:
    if plain(said) not in _CALLED_OFF | _ON:
        raise BadRow(f"annulée « {said} » : écrivez oui ou non")
    return plain(said) in _CALLED_OFF


def _seats(said: str) -> int:
    if not said.isascii() or not said.isdigit() or int(said) > MOST_SEATS:
        raise BadRow(f"places « {said} » : écrivez un nombre, de 0 à {MOST_SEATS}")
    return int(said)


def _listed(said: str) -> list[str]:
    return [one for one in re.split(r"\s*(?:[,;/+]|\bet\b)\s*", said) if one] or ["fr"]
