"""What a bare yes or no is about: what reached the person last and has had no answer yet.

The same rule as for a number (`bot/numbers.py`): an offer, a notice, a reminder, our own question, whichever was last.
A question of ours that something else came after is not answered by « oui »: it is said again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from actions import questions
from actions.kit import Turn
from actions.meetings import Meant, View
from bot.appointments.joining import was_taken
from bot.appointments.last import Told
from bot.numbers import SOON

_ASKING = ("utter_cancel_ask", "utter_appointment_moved", "utter_appointment_which", "utter_appointment_other_days")
_AGAIN = "utter_resume"
"""With what a question is said again."""


@dataclass(frozen=True)
class Latest:
    """`what` is reminder, notice, offer, counsellor, listed, ours or "" for nothing; `meant` is the appointment."""

    what: str = ""
    shown_at: datetime | None = None
    meant: Meant | None = None
    offered: tuple[UUID, UUID] | None = None

    @property
    def is_ours(self) -> bool:
        return self.what in ("", "ours")

    @property
    def is_unasked(self) -> bool:
        """Whether it came by itself and can be answered with yes or no."""
        return self.what in ("offer", "notice", "reminder")


async def latest(turn: Turn, view: View) -> Latest:
    """The last thing that waits for an answer."""
    for told in view.lately:
        found = await _open(turn, view, told)
        if found is not None:
            return found
    return Latest()


async def rival(turn: Turn, view: View) -> Latest | None:
    """What may be answered as well as our question whether to cancel: it came shortly before or after."""
    question = questions.asked(turn)
    if question is None or question.what != "cancel":
        return None
    asked_at = next((told.shown_at for told in view.lately if _asks(told)), question.at)
    for told in view.lately:
        after = told.shown_at > asked_at
        if abs(told.shown_at - asked_at) > SOON:
            continue
        found = await _open(turn, view, told)
        if found is None or not found.is_unasked:
            continue
        same = found.meant is not None and found.meant.meeting.id == question.appointment_id
        if after or not same:  # our question stands for the reminder that it was asked because of
            return found
    return None


async def of_question(turn: Turn, view: View) -> list[Meant]:
    """The appointment that our question is about, if it waits and nothing came after it."""
    question = questions.asked(turn)
    if question is None or question.appointment_id is None or not (await latest(turn, view)).is_ours:
        return []
    known = {one.id: one for one in (*view.calendar.meetings, *view.calendar.cancelled)}
    meeting = known.get(question.appointment_id)
    return [Meant(meeting, question.starts_at)] if meeting else []


async def addressed(turn: Turn, view: View) -> list[Meant]:
    """What an answer is likely to be about: our question's, the notice's, else the reminders that wait."""
    mine = await of_question(turn, view)
    last = None if mine else await latest(turn, view)
    return mine or ([last.meant] if last and last.what == "notice" and last.meant else view.waiting)


async def _open(turn: Turn, view: View, told: Told) -> Latest | None:
    """What waits in a message; None when it asks nothing, or has had its answer."""
    match told.what:
        case "counsellor":
            return Latest("counsellor", told.shown_at)
        case "offer":
            return await _offer(view, told)
        case "notice":
            return _notice(view, told)
        case "ours":
            return Latest("ours", told.shown_at) if _waits(turn, told) else None
    waiting = next((one for one in view.calendar.asked if one.message_id == told.id), None)
    if waiting is not None:
        return Latest("reminder", told.shown_at, Meant(waiting.meeting, waiting.starts_at))
    return None if told.about.get("appointment") else Latest("listed", told.shown_at)


def _waits(turn: Turn, told: Told) -> bool:
    """Whether words of ours are the question that waits: of a search any may be, for it asks without choices too."""
    if questions.asked(turn) is not None:
        return _asks(told)
    return told.has_choices or bool(turn.awaited)


def _asks(told: Told) -> bool:
    return told.what == "ours" and (told.key in _ASKING or told.key.startswith(_AGAIN))


async def _offer(view: View, told: Told) -> Latest | None:
    session_id, person_id = told.uuid("session"), told.uuid("person")
    if session_id is None or person_id is None or await was_taken(view.connection, session_id, person_id):
        return None
    return Latest("offer", told.shown_at, offered=(session_id, person_id))


def _notice(view: View, told: Told) -> Latest | None:
    about = told.uuid("appointment")
    meeting = next((one for one in view.calendar.ahead if one.id == about), None)
    if meeting is None or (meeting.answered_at is not None and meeting.answered_at >= told.shown_at):
        return None
    return Latest("notice", told.shown_at, Meant(meeting, told.starts_at))
