"""Which appointment a turn is about: the button's, the day's, the name's, the reminder's, the only one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from actions.kit import Kit, Turn, Words, choices
from bot.appointments.answers import Said
from bot.appointments.calendar import Calendar, Meeting
from bot.appointments.last import Told, lately
from knowledge.words import fold, words


@dataclass(frozen=True)
class Meant:
    """An appointment and the date that the person answers to; None: the one that it has now."""

    meeting: Meeting
    told: datetime | None = None

    @property
    def is_stale(self) -> bool:
        return self.told is not None and self.told != self.meeting.starts_at


@dataclass(frozen=True)
class View:
    """What one turn knows of the person's appointments; `done` is what this very message has brought about before."""

    connection: AsyncConnection
    calendar: Calendar
    pressed: Meant | None = None
    done: tuple[str, Meeting] | None = None
    lately: tuple[Told, ...] = ()

    @property
    def waiting(self) -> list[Meant]:
        """The reminders that wait for an answer."""
        return [Meant(one.meeting, one.starts_at) for one in self.calendar.asked]


async def look(kit: Kit, connection: AsyncConnection, turn: Turn) -> View:
    """Read what the turn needs, in the transaction in which it acts."""
    message = turn.message
    calendar = await kit.calendars.of(connection, message.conversation_id, message.kind)
    if not calendar.people:
        return View(connection, calendar)
    before = await kit.calendars.answered_by(connection, calendar, message.message_id)
    done = await kit.calendars.find(connection, calendar, before[1]) if before else None
    pressed = await _pressed(kit, connection, calendar, turn)
    told = await lately(connection, kit.desk.vault, message.conversation_id, message.message_id)
    return View(connection, calendar, pressed, (before[0], done) if before and done else None, told)


async def _pressed(kit: Kit, connection: AsyncConnection, calendar: Calendar, turn: Turn) -> Meant | None:
    try:
        ids = [UUID(given) for given in turn.heard("appointment")]
        told = [datetime.fromisoformat(given) for given in turn.heard("starts_at")]
    except ValueError:
        return None
    meeting = await kit.calendars.find(connection, calendar, ids[0]) if ids else None
    return Meant(meeting, told[0] if told else None) if meeting else None


def pick(turn: Turn, view: View, among: Sequence[Meant], *, first: Sequence[Meant] = ()) -> list[Meant] | None:
    """Those that may be meant, the day and the name said first; None when no appointment is on the day said.

    `first` are the likelier ones, when nothing in the message chooses.
    """
    if view.pressed:
        return [view.pressed]
    dated = _on(turn, among)
    if dated is None:
        return None
    named = _named(turn.text, among)
    chosen = [one for one in among if one in dated and one in named] if dated and named else dated or named
    return chosen or list(first) or list(among)


def _on(turn: Turn, among: Sequence[Meant]) -> list[Meant] | None:
    """Those on the day or at the hour said, [] when none was said, None when there is none then."""
    days, hours = turn.heard("date"), turn.heard("time")
    if not days and not hours:
        return []
    found = []
    for one in among:
        if _fits(one.meeting.local, days, hours):
            found.append(Meant(one.meeting))
        elif (
            one.is_stale and one.told is not None and _fits(one.told.astimezone(one.meeting.local.tzinfo), days, hours)
        ):
            found.append(one)
    return found or None


def _fits(local: datetime, days: Iterable[str], hours: Iterable[str]) -> bool:
    on_day = [_is_on(local.date(), day) for day in days]
    at_hour = [_is_at(local.time(), hour) for hour in hours]
    return (any(on_day) or not on_day) and (any(at_hour) or not at_hour)


def _is_on(local: date, said: str) -> bool:
    """`said` is a day, a week (2026-W49) or a month (2026-12)."""
    year, week, _ = local.isocalendar()
    return said in (local.isoformat(), f"{year}-W{week:02}", local.isoformat()[:7])


def _is_at(local: time, said: str) -> bool:
    """`said` is an hour, or a part of the day as an interval."""
    begin, _, end = said.partition("/")
    return begin <= f"{local:%H:%M}" < end if end else f"{local:%H:%M}" == begin


def _named(text: str, among: Sequence[Meant]) -> list[Meant]:
    """Those of the people whom the text names."""
    said = {word.text for word in words(text)}
    return [one for one in among if (parts := set(fold(one.meeting.first_name).split())) and parts <= said]


def meeting_words(turn: Turn, view: View, meeting: Meeting, **more: Any) -> Words:
    """What a sentence may say of an appointment; the first name only where a phone is shared."""
    several = len(view.calendar.people) > 1 and meeting.first_name
    there = meeting.place or meeting.medium != "place"
    return {
        "who": {"say": "utter_for_whom", "first_name": meeting.first_name} if several else "",
        "when": meeting.when(turn.language),
        "where": {"say": "utter_where", "medium": meeting.medium, "place": meeting.place} if there else "",
        **more,
    }


def plain_words(turn: Turn, view: View, meeting: Meeting) -> Words:
    """The words of a question that is kept and said again."""
    given = meeting_words(turn, view, meeting)
    return {"who": given["who"], "when": given["when"]}


def lines(turn: Turn, view: View, intent: str, among: Sequence[Meant]) -> list[Words]:
    """One choice for each appointment, by first name where a phone is shared, and by its date."""
    several = len(view.calendar.people) > 1
    items = [
        (
            payload(intent, one.meeting),
            {"first_name": one.meeting.first_name if several else "", "when": one.meeting.when(turn.language)},
        )
        for one in among
    ]
    return choices("utter_appointment_line", items)


def payload(intent: str, meeting: Meeting, **more: Any) -> str:
    """A button that names its appointment, and the date at which it was shown."""
    named = {"appointment": str(meeting.id), "starts_at": meeting.starts_at.isoformat(), **more}
    return f"/{intent}{json.dumps(named)}"


def said(turn: Turn) -> Said:
    """The message, as what is written down of an answer needs it."""
    message = turn.message
    return Said(message.conversation_id, message.message_id, message.kind, turn.text)
