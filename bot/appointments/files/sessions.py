"""Collective sessions from a file: each has an identifier of its own, so that another date is a move, not a new one.

A session that moves or is cancelled takes the appointments booked on it along, and its people are told, as when
anybody else says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, reminder, session
from bot.appointments import admission, sayable
from bot.appointments.facts import SessionFacts
from bot.appointments.files import cells as read
from bot.appointments.files.columns import Columns, plain
from bot.appointments.files.faults import BadRow
from bot.appointments.files.rows import SOURCE
from bot.appointments.files.taking import Outcome, Report, Taking
from bot.appointments.files.tray import Tray
from bot.appointments.programme import Programme
from bot.appointments.together import SOON
from bot.database import Database
from knowledge.places import Places

MOST_SEATS = 500
_CALLED_OFF = frozenset({"oui", "annule", "annulee", "supprimee", "x", "1"})
_ON = frozenset({"", "non", "prevue", "ouverte", "confirmee", "maintenue", "0"})


@dataclass(frozen=True)
class SessionGiven:
    """One row understood."""

    number: int
    facts: SessionFacts

    @property
    def structure(self) -> str:
        return self.facts.structure


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
        facts = SessionFacts(
            source=SOURCE,
            source_id=own,
            starts_at=starts_at,
            zone=zone,
            duration_min=read.minutes(cells, 120),
            seats=_seats(str(cells.get("seats", ""))),
            commune=self._commune(str(cells.get("commune", ""))),
            languages=tuple(read.language(one) for one in _listed(str(cells.get("languages", "fr")))),
            cancelled=cancelled,
            **{name: str(cells.get(name, "")) for name in ("place", "structure", "accessibility", "bring")},
        )
        return SessionGiven(number, facts)

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

    def __init__(self, database: Database, programme: Programme, tray: Tray) -> None:
        super().__init__(database, tray)
        self._programme = programme

    async def _take(self, connection: AsyncConnection, understood: Sequence[SessionGiven], report: Report) -> None:
        await connection.execute(_locked([given.facts.source_id for given in understood]))
        for given in understood:
            kept = await self._programme.keep(connection, given.facts)
            report.outcomes.append(
                Outcome(
                    given.number,
                    kept.change,
                    starts_at=given.facts.starts_at,
                    was_at=kept.was_at,
                    unsaid=sayable.warning(kept.unsaid),
                )
            )
            if kept.was_at is not None:
                report.soon += await self._put(connection, kept.session_id, given.facts.starts_at)

    async def _missing(self, *_: Any, **__: Any) -> None:
        return None

    async def _put(self, connection: AsyncConnection, session_id: UUID, starts_at: datetime) -> int:
        """The reminders of the new date are judged with the file's; how many are due within a day."""
        booked = select(appointment.c.id).where(appointment.c.session_id == session_id)
        planned = (reminder.c.appointment_id.in_(booked), reminder.c.state == "planned")
        put = update(reminder).where(*planned, reminder.c.starts_at == starts_at).values(intake_id=self._tray.id)
        due = (await connection.scalars(put.returning(reminder.c.due_at))).all()
        return sum(at <= clock.now() + SOON for at in due)


def _locked(source_ids: Sequence[str]) -> Any:
    """All of them first, in the order in which whoever moves between two sessions locks them."""
    known = (session.c.source == SOURCE, session.c.source_id.in_(source_ids))
    return select(session.c.id).where(*known).order_by(session.c.id).with_for_update()


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
