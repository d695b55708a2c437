"""What is said of what became of an answer, and the question before a cancellation."""

from __future__ import annotations

from actions import questions
from actions.kit import Events, Turn, Words, choices
from actions.meetings import Meant, View, meeting_words, payload, plain_words
from bot.appointments.calendar import Meeting

_SAID = {
    "confirmed": "utter_appointment_confirmed",
    "booked": "utter_appointment_confirmed",
    "restored": "utter_appointment_restored",
    "again": "utter_appointment_again",
    "cancelled": "utter_appointment_cancelled",
    "cancel_asked": "utter_cancel_requested",
    "move_asked": "utter_move_asked",
    "late": "utter_late_told",
    "not_today": "utter_late_not_today",
    "gone": "utter_appointment_gone",
    "past": "utter_appointment_past",
}
_WAY_BACK = ("cancelled", "cancel_asked", "gone")


def tell(turn: Turn, view: View, outcome: str, meeting: Meeting) -> Events:
    """Say what became of an answer; a date that has changed is said and asked for again."""
    if outcome == "moved":
        return _ask_come(turn, view, meeting)
    again = _way_back(meeting) if outcome in _WAY_BACK else []
    turn.say(_SAID[outcome], choices=again, still_on=meeting.is_on, **meeting_words(turn, view, meeting))
    return questions.close(turn)


def ask_cancel(turn: Turn, view: View, one: Meant) -> Events:
    """Ask once, plainly, whether they are sure, with the way to another date."""
    meeting = one.meeting
    if not meeting.is_on:
        return tell(turn, view, "gone", meeting)
    if meeting.has_begun:
        return tell(turn, view, "past", meeting)
    if one.is_stale:
        return _ask_come(turn, view, meeting)
    options = [
        *choices("utter_cancel_yes", [(payload("cancel_appointment", meeting, sure="yes"), {})]),
        *choices("utter_cancel_no", [(payload("confirm_appointment", meeting), {})]),
        *_way_back(meeting),
    ]
    turn.say("utter_cancel_ask", choices=options, **plain_words(turn, view, meeting))
    return questions.ask_of(turn, "cancel", meeting, plain_words(turn, view, meeting))


def ask_whether(turn: Turn, view: View, meeting: Meeting) -> Events:
    """Ask whether they come, after a yes that may have been a counsellor's."""
    turn.say("utter_resume_come", **plain_words(turn, view, meeting))
    return questions.ask_of(turn, "come", meeting, plain_words(turn, view, meeting))


def cancel_line(turn: Turn, view: View, meeting: Meeting) -> Words:
    """The choice to cancel, where something else may be meant."""
    return _line(turn, view, meeting, "utter_cancel_yes", payload("cancel_appointment", meeting, sure="yes"))


def come_line(turn: Turn, view: View, meeting: Meeting) -> Words:
    """The choice to come, where something else may be meant."""
    return _line(turn, view, meeting, "utter_come_yes", payload("confirm_appointment", meeting))


def _line(turn: Turn, view: View, meeting: Meeting, title: str, chosen: str) -> Words:
    who = meeting.first_name if len(view.calendar.people) > 1 else ""
    words = {"who": who, "when": meeting.when(turn.language), "title": {"say": title}}
    return choices("system_which_reminder", [(chosen, words)])[0]


def _ask_come(turn: Turn, view: View, meeting: Meeting) -> Events:
    options = [
        *choices("utter_come_yes", [(payload("confirm_appointment", meeting), {})]),
        *choices("utter_come_no", [(payload("cancel_appointment", meeting), {})]),
        *_way_back(meeting),
    ]
    turn.say("utter_appointment_moved", choices=options, **meeting_words(turn, view, meeting))
    return questions.ask_of(turn, "come", meeting, plain_words(turn, view, meeting))


def _way_back(meeting: Meeting) -> list[Words]:
    return choices("utter_other_date", [(payload("reschedule_appointment", meeting), {})])
