"""What is said of sessions: when, where, how many seats are left, what to bring."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from actions.kit import Events, Turn, Words, choices, set_slots
from bot.appointments.people import Person
from bot.appointments.seats import Session
from bot.database import AnyRow
from knowledge import calendar_words

FEW = 5
"""From here on it is said how many seats are left."""


def when(turn: Turn, there: Session) -> str:
    return calendar_words.moment(there.local, turn.language)


def _payload(**given: Any) -> str:
    return f"/book_appointment{json.dumps({name: str(value) for name, value in given.items()})}"


def _option(each: str, **given: Any) -> list[Words]:
    return choices(each, [(_payload(**given), {})])


def _lines(turn: Turn, sessions: Sequence[Session], **more: str) -> list[Words]:
    items = [(_payload(session=one.id, **more), _line(turn, one)) for one in sessions]
    return choices("utter_session_line", items)


def _line(turn: Turn, one: Session) -> Words:
    few = {"say": "utter_session_few", "left": one.left} if 0 < one.left <= FEW else ""
    return {"when": when(turn, one), "name": one.place, "few": few, "access": one.accessibility}


def listed(turn: Turn, sessions: Sequence[Session], *, more: bool) -> None:
    """Up to three, and the way to the next ones."""
    others = _option("utter_session_more", step="more") if more else []
    turn.say("utter_session_list", choices=[*_lines(turn, sessions), *others])


def all_full(turn: Turn, sessions: Sequence[Session]) -> None:
    turn.say("utter_session_all_full", choices=_lines(turn, sessions, step="wait"))


def ask_who(turn: Turn, people: Sequence[Person]) -> None:
    """By first name only."""
    items = [(_payload(person=one.id), {"first_name": one.first_name}) for one in people]
    others = _option("utter_session_for_another", step="other")
    turn.say("utter_session_ask_who", choices=[*choices("utter_session_who_line", items), *others])


def offered(turn: Turn, there: Session, whose: Person) -> list[Words]:
    """The choice to take a seat, where something else may be meant."""
    words = {"who": whose.first_name, "when": when(turn, there), "title": {"say": "system_session_offer_yes"}}
    return choices("system_which_reminder", [(_payload(session=there.id, person=whose.id), words)])


def ask_whose(turn: Turn, offers: Sequence[tuple[Session, Person]], *, decline: bool) -> None:
    """Whose offer is taken, or declined."""
    step = {"step": "decline"} if decline else {}
    items = [
        (
            _payload(session=there.id, person=whose.id, **step),
            {"first_name": whose.first_name, "when": when(turn, there)},
        )
        for there, whose in offers
    ]
    turn.say("utter_session_ask_who", choices=choices("utter_appointment_line", items))


def booked(turn: Turn, first_name: str, there: Session) -> None:
    bring = {"say": "utter_session_bring", "bring": there.bring.rstrip(". ")} if there.bring else ""
    access = {"say": "utter_session_access", "access": there.accessibility.rstrip(". ")} if there.accessibility else ""
    words = {"first_name": first_name, "when": when(turn, there), "place": there.place}
    turn.say("utter_session_booked", bring_line=bring, access_line=access, **words)


def full(turn: Turn, there: Session, *, waits: bool, late: bool) -> Events:
    """The waiting list is asked for, unless they are on it."""
    closed = set_slots(booking=None, name_open=False, search_open=False, asked=None, topic="session")
    if late or waits:
        turn.say("utter_session_late" if late else "utter_session_waiting", when=when(turn, there))
        return closed
    yes = _option("utter_session_wait_yes", session=there.id, step="wait")
    no = _option("utter_session_wait_no", step="move")
    turn.say("utter_session_full", choices=[*yes, *no])
    return closed


def already(turn: Turn, first_name: str, held: AnyRow) -> Events:
    """Which one they have, and the way to another date; what another source gave is moved by its own way."""
    local = held.starts_at.astimezone(ZoneInfo(held.zone))
    about = {"appointment": str(held.id), "starts_at": held.starts_at.isoformat()}
    theirs = f"/reschedule_appointment{json.dumps(about)}"
    change = _option("utter_session_change", step="move")
    change = change if held.session_id else choices("utter_session_change", [(theirs, {})])
    options = [
        *change,
        *_option("utter_session_keep", step="keep"),
        *_option("utter_session_for_another", step="other"),
    ]
    words = {"first_name": first_name, "when": calendar_words.moment(local, turn.language), "place": held.place}
    turn.say("utter_session_already", choices=options, **words)
    return set_slots(booking=None, name_open=False, search_open=False, asked=None, topic="session")
