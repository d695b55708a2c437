"""Which session of a list is meant by its day or its place, said in words: « mardi », « le 2 », « celui du 3 »."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, payloads
from bot.appointment_models import session
from channels.base import Choice
from knowledge.choosing import chosen

_INTENT = "/book_appointment"
_LISTED = (None, "wait")
"""The steps of a list of sessions; an offer or a notice of one session is answered otherwise."""


async def by_words(connection: AsyncConnection, text: str, choices: Sequence[Choice]) -> Choice | None:
    """The one choice that fits what was said; None: no list of sessions, other words, no date there, or several."""
    said = chosen(text, clock.today())
    listed = _sessions(choices) if said else {}
    if said is None or not listed:
        return None
    asked = select(session.c.id, session.c.starts_at, session.c.zone).where(session.c.id.in_(listed.values()))
    starts = {row.id: row.starts_at.astimezone(ZoneInfo(row.zone)) for row in await connection.execute(asked)}
    fitting = [place for place, of in listed.items() if of in starts and said.fits(place + 1, starts[of])]
    return choices[fitting[0]] if len(fitting) == 1 else None


def _sessions(choices: Iterable[Choice]) -> dict[int, UUID]:
    """The sessions of a list by their place; none when it is not a list of sessions."""
    read = {place: payloads.read(one.payload) for place, one in enumerate(choices)}
    told = {place: of for place, (intent, of) in read.items() if intent == _INTENT}
    listed = {place: UUID(of["session"]) for place, of in told.items() if _is_line(of)}
    return listed if len(set(listed.values())) == len(listed) and not _is_question(told.values()) else {}


def _is_line(of: dict[str, Any]) -> bool:
    return "session" in of and of.get("step") in _LISTED


def _is_question(told: Iterable[dict[str, Any]]) -> bool:
    return any("session" in of and not _is_line(of) for of in told)
