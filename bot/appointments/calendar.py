"""What a conversation may see: the appointments of the people whose phone it is, and the reminders that wait.

Only the phone that an appointment belongs to sees it: a conversation by SMS, whose address the network vouches for.
A web chat is nobody's until it is verified; it sees nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, vault
from bot.appointment_models import appointment, appointment_event, reminder
from bot.appointments.facts import CANCELLED
from bot.appointments.people import People, Person
from bot.database import AnyRow
from bot.models import conversation, message
from bot.outbox import APOLOGY, GIVEN_TO_TEAM
from bot.ring import UnreadableSecret
from bot.thread import SEEN
from bot.vault import Vault
from knowledge import calendar_words

STILL_SHOWN = timedelta(hours=2)
"""How long after its beginning an appointment is still told: to somebody who is late, and looks for the door."""
_LATELY = timedelta(hours=1)
_ANSWERS = ("confirmed", "cancelled", "cancel_asked", "move_asked", "late")
SMS = "sms"

shown = func.coalesce(message.c.sent_at, message.c.created_at)
"""When a message reached the person, as far as we know."""


@dataclass(frozen=True)
class Meeting:
    """One appointment of one person, as it is now."""

    id: UUID
    person_id: UUID
    first_name: str
    starts_at: datetime
    zone: str
    duration_min: int
    medium: str
    place: str
    phone: str
    kind: str
    structure: str
    bring: str
    status: str
    session_id: UUID | None
    notified_upstream: bool
    answered_at: datetime | None
    confirmed: bool
    is_removed: bool

    @property
    def local(self) -> datetime:
        """Its beginning on the wall of where it takes place."""
        return self.starts_at.astimezone(ZoneInfo(self.zone))

    def when(self, language: str, *, at: datetime | None = None) -> str:
        """Its day and hour in a language; `at` is another instant than its beginning, by the same clock."""
        return calendar_words.moment((at or self.starts_at).astimezone(ZoneInfo(self.zone)), language)

    @property
    def is_on(self) -> bool:
        return not self.is_removed and self.status not in CANCELLED

    @property
    def was_answered_lately(self) -> bool:
        """Whether the person is likely to speak of what they have just said of it."""
        return self.answered_at is not None and self.answered_at > clock.now() - _LATELY

    @property
    def is_today(self) -> bool:
        return self.local.date() == clock.now().astimezone(ZoneInfo(self.zone)).date()

    @property
    def has_begun(self) -> bool:
        return self.starts_at <= clock.now()


@dataclass(frozen=True)
class Asked:
    """A reminder that left and waits for its answer. `starts_at` is the date that it told.

    `is_last`: nothing that can be answered was said to the person since, but for other reminders.
    """

    meeting: Meeting
    starts_at: datetime
    message_id: UUID
    shown_at: datetime
    is_last: bool

    @property
    def is_stale(self) -> bool:
        """Whether the appointment is no more what the reminder told."""
        return self.starts_at != self.meeting.starts_at or not self.meeting.is_on


@dataclass(frozen=True)
class Calendar:
    """Unverified: nobody knows whose conversation this is. `meetings` are on and to come, the next one first.

    `cancelled` are those to come that the person called off.
    """

    verified: bool = False
    people: tuple[Person, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    cancelled: tuple[Meeting, ...] = ()
    asked: tuple[Asked, ...] = ()

    @property
    def ahead(self) -> tuple[Meeting, ...]:
        """Those that have not begun: what can still be answered."""
        return tuple(one for one in self.meetings if not one.has_begun)


class Calendars:
    def __init__(self, vault: Vault, people: People) -> None:
        self._vault = vault
        self._people = people

    async def of(
        self, connection: AsyncConnection, conversation_id: UUID, kind: str, *, before: int | None = None
    ) -> Calendar:
        """What this conversation may see; `kind` is its channel's.

        `before` is the number of a message that was read late: what came after it was not said before it.
        """
        phone = await self._phone(connection, conversation_id) if kind == SMS else ""
        if not phone:
            return Calendar()
        people = await self._people.sharing(connection, phone)
        if not people:
            return Calendar(verified=True)
        meetings = await self._meetings(
            connection, people, appointment.c.starts_at > clock.now() - STILL_SHOWN, appointment.c.removed_at.is_(None)
        )
        asked = await self._asked(connection, conversation_id, people, before)
        return Calendar(
            verified=True,
            people=tuple(people),
            meetings=tuple(one for one in meetings if one.is_on),
            cancelled=tuple(one for one in meetings if one.status == "excused" and not one.has_begun),
            asked=asked,
        )

    async def find(self, connection: AsyncConnection, calendar: Calendar, appointment_id: UUID) -> Meeting | None:
        """One appointment of these people, whatever became of it; None for somebody else's."""
        found = await self._meetings(connection, calendar.people, appointment.c.id == appointment_id)
        return found[0] if found else None

    async def answered_by(
        self, connection: AsyncConnection, calendar: Calendar, cause: UUID
    ) -> tuple[str, UUID] | None:
        """What a message has already brought about, and of which appointment: its turn may be taken twice."""
        mine = appointment.c.person_id.in_([one.id for one in calendar.people])
        found = await connection.execute(
            select(appointment_event.c.what, appointment_event.c.appointment_id)
            .join(appointment, appointment.c.id == appointment_event.c.appointment_id)
            .where(mine, appointment_event.c.cause == cause)
            .order_by(appointment_event.c.id.desc())
            .limit(1)
        )
        row = found.one_or_none()
        return (row.what, row.appointment_id) if row else None

    async def _phone(self, connection: AsyncConnection, conversation_id: UUID) -> str:
        secret = await connection.scalar(
            select(conversation.c.address_secret).where(conversation.c.id == conversation_id)
        )
        try:
            return str(self._vault.open(vault.ADDRESS, secret) or "")
        except UnreadableSecret:
            return ""  # whose it was is not known any more

    async def _meetings(self, connection: AsyncConnection, people: Sequence[Person], *which: Any) -> list[Meeting]:
        names = {one.id: one.first_name for one in people}
        found = await connection.execute(
            select(appointment)
            .where(appointment.c.person_id.in_(names), *which)
            .order_by(appointment.c.starts_at, appointment.c.id)
        )
        return [_meeting(row, names[row.person_id]) for row in found]

    async def _asked(
        self, connection: AsyncConnection, conversation_id: UUID, people: Sequence[Person], before: int | None
    ) -> tuple[Asked, ...]:
        names = {one.id: one.first_name for one in people}
        rows = (await connection.execute(_reminders(conversation_id, list(names), clock.now()))).all()
        since = await connection.scalar(_last_other(conversation_id, before)) if rows else None
        asked = [
            Asked(
                meeting=_meeting(row, names[row.person_id]),
                starts_at=row.told_starts_at,
                message_id=row.told_in,
                shown_at=row.shown_at,
                is_last=since is None or row.shown_at >= since,
            )
            for row in rows
        ]
        return tuple(sorted(asked, key=lambda one: one.shown_at))


def _reminders(conversation_id: UUID, people: Sequence[UUID], now: datetime) -> Any:
    """The last reminder of each appointment that reached this conversation, unless it was answered since."""
    last = (
        select(
            appointment,
            reminder.c.starts_at.label("told_starts_at"),
            message.c.id.label("told_in"),
            shown.label("shown_at"),
        )
        .distinct(reminder.c.appointment_id)
        .select_from(reminder)
        .join(message, message.c.id == reminder.c.message_id)
        .join(appointment, appointment.c.id == reminder.c.appointment_id)
        .where(
            reminder.c.state == "handed",
            message.c.conversation_id == conversation_id,
            message.c.state.in_(SEEN),
            appointment.c.person_id.in_(people),
            appointment.c.starts_at > now,
        )
        .order_by(reminder.c.appointment_id, shown.desc(), message.c.seq.desc())
        .subquery()
    )
    since = (
        select(appointment_event.c.id)
        .where(
            appointment_event.c.appointment_id == last.c.id,
            appointment_event.c.cause.is_not(None),
            appointment_event.c.what.in_(_ANSWERS),
            appointment_event.c.at >= last.c.shown_at,
        )
        .exists()
    )
    open_still = func.coalesce(last.c.answered_at < last.c.shown_at, True)
    return select(last).where(open_still, ~since)


def _last_other(conversation_id: UUID, before: int | None) -> Any:
    """When something that is no reminder, and can be answered, was last said in this conversation."""
    reminded = select(reminder.c.id).where(reminder.c.message_id == message.c.id).correlate(message).exists()
    return select(func.max(shown)).where(
        message.c.conversation_id == conversation_id,
        message.c.direction == "out",
        message.c.state.in_(SEEN),
        message.c.part.is_distinct_from(APOLOGY),
        message.c.part.is_distinct_from(GIVEN_TO_TEAM),
        ~reminded,
        *([message.c.seq < before] if before is not None else []),
    )


def _meeting(row: AnyRow, first_name: str) -> Meeting:
    return Meeting(
        first_name=first_name,
        confirmed=row.confirmed_at is not None,
        is_removed=row.removed_at is not None,
        **{name: getattr(row, name) for name in _KEPT},
    )


_KEPT = (
    "id", "person_id", "starts_at", "zone", "duration_min", "medium", "place", "phone", "kind", "structure", "bring",
    "status", "session_id", "notified_upstream", "answered_at",
)  # fmt: skip
