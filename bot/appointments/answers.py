"""What a person says of an appointment: they come, they do not, they want another date, they will be late.

Each is written down with when and how, once for each message that said it (`cause`): a turn that is taken twice
changes nothing the second time. What was said of one date never changes another: whoever answers to a date that the
appointment has no more is told the new one, and nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, appointment_event, write_back
from bot.appointments.calendar import STILL_SHOWN
from bot.appointments.facts import CANCELLED, RDV_SERVICE_PUBLIC
from bot.appointments.register import note
from bot.database import AnyRow
from bot.reminders.planner import Planner
from bot.tasks import Tasks

Outcome = Literal[
    "confirmed", "restored", "again", "cancelled", "cancel_asked", "move_asked", "late", "not_today",
    "moved", "gone", "past",
]  # fmt: skip
"""What became of an answer.

`restored`: it was cancelled, and is on again; `again`: it was cancelled, and the team is asked for it.
`cancelled`: at once; `cancel_asked`: the source or the team is told. `moved`, `gone`, `past`, `not_today`: nothing
was changed, for the appointment is not what was answered to.
"""
RESTORED = "restored"
"""The outcome of the task of a cancellation that the person took back before anybody had seen to it."""

NOT_WRITTEN_BACK = "write_back_failed"
"""The task of a cancellation that the source could not be told."""
TAKEN_BACK = "taken back"
"""Why a write-back was called back, or not tried again: the person comes after all."""


@dataclass(frozen=True)
class Said:
    """Who said it, in which message, on which channel; `text` is for the human who reads the task."""

    conversation_id: UUID
    cause: UUID
    how: str
    text: str = ""


class Answers:
    def __init__(self, planner: Planner, tasks: Tasks) -> None:
        self._planner = planner
        self._tasks = tasks

    async def confirm(
        self, connection: AsyncConnection, appointment_id: UUID, said: Said, *, told: datetime | None = None
    ) -> Outcome:
        """Somebody comes; `told` is the date that they answer to, None for the one it has now."""
        row = await _lock(connection, appointment_id)
        if row.status == "excused":
            return await self._take_back(connection, row, said, told)
        if (amiss := _amiss(row, told)) is not None:
            return amiss
        if await self._is_being_cancelled(connection, row):
            return await self._call_back(connection, row, said)
        await self._confirm(connection, row, said)
        return "confirmed"

    async def cancel(
        self, connection: AsyncConnection, appointment_id: UUID, said: Said, *, told: datetime | None = None
    ) -> Outcome:
        """Somebody does not come, and is sure of it: at once where nobody is to be asked, else once it is told."""
        row = await _lock(connection, appointment_id)
        if row.status == "excused":
            return "cancelled"
        if (amiss := _amiss(row, told)) is not None:
            return amiss
        if row.participation or row.source == RDV_SERVICE_PUBLIC:
            await self._write_back(connection, row, said)
            return "cancel_asked"
        await self._answered(connection, row, said, status="excused", confirmed_at=None)
        if await _note(connection, row, "cancelled", said, "excused"):
            await self._planner.replan(connection, [row.id], now=clock.now())
            await self._open(connection, row, "appointment_cancelled", said)
        return "cancelled"

    async def ask_to_cancel(
        self, connection: AsyncConnection, appointment_id: UUID, said: Said, *, told: datetime | None = None
    ) -> Outcome:
        """Somebody says no, and nobody can ask whether they are sure: a human is to."""
        row = await _lock(connection, appointment_id)
        if (amiss := _amiss(row, told)) is not None:
            return amiss
        await self._answered(connection, row, said, confirmed_at=None)
        if await _note(connection, row, "cancel_asked", said):
            await self._open(connection, row, "appointment_cancel", said)
        return "cancel_asked"

    async def move(
        self, connection: AsyncConnection, appointment_id: UUID, said: Said, *, told: datetime | None = None
    ) -> Outcome:
        """Somebody wants another date: the team finds one. What was cancelled may be asked for again."""
        row = await _lock(connection, appointment_id)
        if told is not None and told != row.starts_at:
            return "moved"
        await self._answered(connection, row, said, confirmed_at=None)
        if await _note(connection, row, "move_asked", said):
            await self._open(connection, row, "appointment_move", said)
        return "move_asked"

    async def late(self, connection: AsyncConnection, appointment_id: UUID, said: Said) -> Outcome:
        """Somebody will be late today: the team is told, while that is of use."""
        row = await _lock(connection, appointment_id)
        if row.removed_at is not None or row.status in CANCELLED:
            return "gone"
        if row.starts_at + STILL_SHOWN < clock.now():
            return "past"
        if row.starts_at.astimezone(ZoneInfo(row.zone)).date() != clock.now().astimezone(ZoneInfo(row.zone)).date():
            return "not_today"
        if await _note(connection, row, "late", said):
            await self._open(connection, row, "running_late", said, due_at=row.starts_at)
        return "late"

    async def _confirm(self, connection: AsyncConnection, row: AnyRow, said: Said, **changes: Any) -> None:
        await self._answered(connection, row, said, confirmed_at=clock.now(), **changes)
        await _note(connection, row, "confirmed", said)
        await self._stop_the_team(connection, row)

    async def _stop_the_team(self, connection: AsyncConnection, row: AnyRow) -> None:
        """What it was asked to cancel, and nobody has seen to yet, is not to be done any more."""
        for reason, asked in (("appointment_cancel", _asked_off(row)), (NOT_WRITTEN_BACK, _not_written_back(row))):
            for cause in (await connection.scalars(asked)).all():
                if await self._tasks.close_of(connection, reason, str(cause), RESTORED):
                    await self._planner.replan(connection, [row.id], now=clock.now())

    async def _take_back(self, connection: AsyncConnection, row: AnyRow, said: Said, told: datetime | None) -> Outcome:
        """It is cancelled, and they come after all: simple as long as nobody was told, else for the team to see."""
        if row.removed_at is not None or told not in (None, row.starts_at):
            return "gone"  # what they answer to is no more, and what there is now is cancelled
        if row.starts_at <= clock.now():
            return "past"
        if row.status == "excused" and not row.participation and row.session_id is None:
            told_in = await connection.scalar(_cancelled_by(row.id))
            if told_in and await self._tasks.close_of(connection, "appointment_cancelled", str(told_in), RESTORED):
                return await self._restore(connection, row, said)
        return await self._ask_again(connection, row, said)

    async def _call_back(self, connection: AsyncConnection, row: AnyRow, said: Said) -> Outcome:
        """They come after all, and the source was not told yet; while it is being told, the team has to see to it."""
        called_back = await connection.execute(
            update(write_back)
            .where(write_back.c.appointment_id == row.id, only_waits())
            .values(state="failed", reason=TAKEN_BACK, settled_at=clock.now())
        )
        if called_back.rowcount:
            return await self._restore(connection, row, said)
        # Whatever becomes of the call under way, none follows it: the write-back looks for this date.
        await self._answered(connection, row, said, confirmed_at=clock.now())
        return await self._ask_again(connection, row, said)

    async def _restore(self, connection: AsyncConnection, row: AnyRow, said: Said) -> Outcome:
        await self._confirm(connection, row, said, status="unknown")
        await self._planner.replan(connection, [row.id], now=clock.now())
        return "restored"

    async def _ask_again(self, connection: AsyncConnection, row: AnyRow, said: Said) -> Outcome:
        if await _note(connection, row, "move_asked", said, "again"):
            await self._open(connection, row, "appointment_move", said, again=True)
        return "again"

    async def _is_being_cancelled(self, connection: AsyncConnection, row: AnyRow) -> bool:
        waiting = select(write_back.c.id).where(
            write_back.c.appointment_id == row.id, write_back.c.state == "waiting", write_back.c.status == "excused"
        )
        return await connection.scalar(waiting.limit(1)) is not None

    async def _write_back(self, connection: AsyncConnection, row: AnyRow, said: Said) -> None:
        """Ask the source to cancel, once: the appointment changes when it has answered."""
        await _note(connection, row, "cancel_asked", said)
        if await self._is_being_cancelled(connection, row):
            return
        now = clock.now()
        asked = insert(write_back).values(
            id=uuid4(),
            appointment_id=row.id,
            status="excused",
            conversation_id=said.conversation_id,
            cause=said.cause,
            due_at=now,
            created_at=now,
        )
        await connection.execute(asked.on_conflict_do_nothing(index_elements=["appointment_id", "cause"]))

    async def _answered(self, connection: AsyncConnection, row: AnyRow, said: Said, **changes: Any) -> None:
        now = clock.now()
        await connection.execute(
            update(appointment)
            .where(appointment.c.id == row.id)
            .values(answered_at=now, answered_how=said.how, updated_at=now, **changes)
        )

    async def _open(
        self,
        connection: AsyncConnection,
        row: AnyRow,
        reason: str,
        said: Said,
        *,
        again: bool = False,
        due_at: datetime | None = None,
    ) -> None:
        details = {"appointment": str(row.id), "starts_at": row.starts_at.isoformat(), "text": said.text}
        await self._tasks.open(
            connection,
            reason=reason,
            cause=str(said.cause),
            conversation_id=said.conversation_id,
            message_id=said.cause,
            details={**details, "again": True} if again else details,
            due_at=due_at,
        )


def only_waits() -> Any:
    """Whether a write-back is not being told right now: a claim empties its reason, a fault gives it one."""
    untold = or_(write_back.c.attempts == 0, write_back.c.reason != "")
    return and_(write_back.c.state == "waiting", untold)


async def _lock(connection: AsyncConnection, appointment_id: UUID) -> AnyRow:
    """The appointment, before anything of it is changed."""
    locked = select(appointment).where(appointment.c.id == appointment_id).with_for_update()
    return (await connection.execute(locked)).one()


def _amiss(row: AnyRow, told: datetime | None) -> Outcome | None:
    """Why this appointment is not the one that was answered to; None when it is."""
    if row.removed_at is not None or row.status in CANCELLED:
        return "gone"
    if row.starts_at <= clock.now():
        return "past"
    return "moved" if told is not None and told != row.starts_at else None


def _cancelled_by(appointment_id: UUID) -> Any:
    """The message that cancelled it last."""
    return (
        select(appointment_event.c.cause)
        .where(
            appointment_event.c.appointment_id == appointment_id,
            appointment_event.c.what == "cancelled",
            appointment_event.c.cause.is_not(None),
        )
        .order_by(appointment_event.c.id.desc())
        .limit(1)
    )


def _asked_off(row: AnyRow) -> Any:
    """The messages by which this date was to be cancelled."""
    return select(appointment_event.c.cause).where(
        appointment_event.c.appointment_id == row.id,
        appointment_event.c.what == "cancel_asked",
        appointment_event.c.starts_at == row.starts_at,
        appointment_event.c.cause.is_not(None),
    )


def _not_written_back(row: AnyRow) -> Any:
    return select(write_back.c.id).where(write_back.c.appointment_id == row.id, write_back.c.state == "failed")


async def _note(connection: AsyncConnection, row: AnyRow, what: str, said: Said, detail: str = "") -> bool:
    return await note(connection, row.id, what, how=said.how, starts_at=row.starts_at, cause=said.cause, detail=detail)
