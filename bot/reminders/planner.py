"""Keeps the rows of the reminders in step with the appointments: planned, superseded, taken up again.

Each is unique on (appointment, starts_at, kind, channel): what is planned twice is one row, and what was handed to
the outbox for one date is never planned for it again, however often a source repeats itself. A source that begins to
remind by itself, or no longer does, changes what is still to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.appointment_models import appointment, reminder
from bot.appointments.facts import CANCELLED
from bot.database import AnyRow
from bot.reminders.plan import Plans, plan

SMS = "sms"
MOVED, CALLED_OFF, ASKED_OFF = "moved", "called off", "cancelled by the person"

_KNOWN = (
    appointment.c.id, appointment.c.starts_at, appointment.c.zone, appointment.c.structure, appointment.c.status,
    appointment.c.removed_at, appointment.c.reminded_upstream, appointment.c.intake_id,
)  # fmt: skip

_MOVED = text(
    """
    UPDATE reminder SET state = 'skipped', reason = :reason, settled_at = :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:starts_at AS timestamptz[])) AS here (appointment_id, starts_at)
    WHERE reminder.appointment_id = here.appointment_id AND reminder.starts_at <> here.starts_at
      AND reminder.state = 'planned'
    """
)

_PLAN = text(
    """
    INSERT INTO reminder AS mine
      (id, appointment_id, starts_at, kind, channel, due_at, valid_until, state, reason, intake_id, settled_at)
    SELECT id, appointment_id, starts_at, kind, :channel, due_at, valid_until,
           CASE WHEN reason = '' THEN 'planned' ELSE 'skipped' END, reason, intake_id,
           CASE WHEN reason = '' THEN NULL ELSE CAST(:now AS timestamptz) END
    FROM unnest(
      CAST(:id AS uuid[]), CAST(:appointment_id AS uuid[]), CAST(:starts_at AS timestamptz[]), CAST(:kind AS text[]),
      CAST(:due_at AS timestamptz[]), CAST(:valid_until AS timestamptz[]), CAST(:reason AS text[]),
      CAST(:intake_id AS uuid[]), CAST(:upstream AS boolean[])
    ) AS planned (id, appointment_id, starts_at, kind, due_at, valid_until, reason, intake_id, upstream)
    WHERE NOT (upstream AND EXISTS (  -- theirs was sent, or is still to be: ours is not, however late it is
      SELECT FROM reminder AS theirs WHERE theirs.appointment_id = planned.appointment_id
        AND theirs.starts_at = planned.starts_at AND theirs.kind = planned.kind AND theirs.channel = :channel
        AND theirs.reason = 'reminded upstream'))
    ON CONFLICT (appointment_id, starts_at, kind, channel) DO UPDATE
      SET state = EXCLUDED.state, reason = EXCLUDED.reason, due_at = EXCLUDED.due_at,
          valid_until = EXCLUDED.valid_until, settled_at = EXCLUDED.settled_at
      WHERE (mine.state = 'skipped'
             AND mine.reason IN ('moved', 'called off', 'cancelled by the person', 'reminded upstream'))
         OR (mine.state = 'planned' AND EXCLUDED.reason = 'reminded upstream')
         OR (mine.state = 'planned' AND EXCLUDED.reason = '' AND mine.due_at > :now  -- the source reminds from now on
             AND (EXCLUDED.valid_until < mine.valid_until
                  OR CAST(EXCLUDED.due_at AS date) > CAST(mine.due_at AS date)))
    """
)


class Planner:
    """Plans are handed in: each structure has its own."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    async def replan(self, connection: AsyncConnection, ids: Sequence[UUID], *, now: datetime) -> int:
        """Plan what these appointments need as they are now, drop what they no longer need; how many rows."""
        if not ids:
            return 0
        rows = (await connection.execute(select(*_KNOWN).where(appointment.c.id.in_(ids)))).all()
        await self._supersede(connection, rows, now)
        return await self._plan(connection, [row for row in rows if _is_on(row)], now)

    async def _supersede(self, connection: AsyncConnection, rows: Sequence[AnyRow], now: datetime) -> None:
        here = [row for row in rows if _is_on(row)]
        gone = [row.id for row in rows if not _is_on(row)]
        if here:
            given = {"id": [row.id for row in here], "starts_at": [row.starts_at for row in here]}
            await connection.execute(_MOVED, {**given, "reason": MOVED, "now": now})
        if gone:
            off = update(reminder).where(reminder.c.state == "planned", reminder.c.appointment_id.in_(gone))
            await connection.execute(off.values(state="skipped", reason=CALLED_OFF, settled_at=now))

    async def _plan(self, connection: AsyncConnection, rows: Sequence[AnyRow], now: datetime) -> int:
        made = [
            (row, one)
            for row in rows
            for one in plan(
                row.starts_at,
                now,
                self._plans.of(row.structure),
                zone=row.zone,
                reminded_upstream=row.reminded_upstream,
            )
        ]
        if not made:
            return 0
        given: dict[str, Any] = {
            "id": [uuid4() for _ in made],
            "appointment_id": [row.id for row, _ in made],
            "starts_at": [row.starts_at for row, _ in made],
            "kind": [one.kind for _, one in made],
            "due_at": [one.due_at for _, one in made],
            "valid_until": [one.valid_until for _, one in made],
            "reason": [one.skipped for _, one in made],
            "intake_id": [row.intake_id for row, _ in made],
            "upstream": [row.reminded_upstream for row, _ in made],
        }
        await connection.execute(_PLAN, {**given, "channel": SMS, "now": now})
        return len(made)


def _is_on(row: AnyRow) -> bool:
    return row.removed_at is None and row.status not in CANCELLED
