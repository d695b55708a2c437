"""The reminders, for those who run Relais: how many in each state, and which. Ids only, nobody's number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

_STATE = "CASE reminder.state WHEN 'handed' THEN coalesce(message.state, 'erased') ELSE reminder.state END"
_FROM = "FROM reminder LEFT JOIN message ON message.id = reminder.message_id"
_COUNTS = text(f"SELECT {_STATE} AS state, count(*) AS number {_FROM} GROUP BY 1 ORDER BY 1")
_ROWS = f"""
    SELECT reminder.id, reminder.appointment_id, reminder.kind, reminder.due_at, {_STATE} AS state,
           CASE reminder.state WHEN 'handed' THEN coalesce(message.reason, '') ELSE reminder.reason END AS reason
    {_FROM}
"""
_LIST = text(f"{_ROWS} WHERE CAST(:state AS text) = '' OR {_STATE} = :state ORDER BY reminder.due_at DESC LIMIT :count")
_OF = text(
    f"{_ROWS} WHERE CAST(reminder.id AS text) LIKE :prefix OR CAST(reminder.appointment_id AS text) LIKE :prefix"
    " ORDER BY reminder.due_at LIMIT 100"
)


class Count(NamedTuple):
    """`state`: planned, skipped, or its message's."""

    state: str
    number: int


class Line(NamedTuple):
    id: UUID
    appointment_id: UUID
    kind: str
    due_at: datetime
    state: str
    reason: str


async def counts(connection: AsyncConnection) -> list[Count]:
    """How many in each state."""
    return [Count(row.state, row.number) for row in await connection.execute(_COUNTS)]


async def latest(connection: AsyncConnection, state: str, count: int) -> list[Line]:
    """The last ones by their date, of one state or of all ("")."""
    return await _lines(connection, _LIST, {"state": state, "count": count})


async def of(connection: AsyncConnection, prefix: str) -> Sequence[Line]:
    """Those whose id, or whose appointment's id, begins so."""
    return await _lines(connection, _OF, {"prefix": f"{prefix}%"})


async def _lines(connection: AsyncConnection, statement: TextClause, given: dict[str, object]) -> list[Line]:
    return [Line(*row) for row in await connection.execute(statement, given)]
