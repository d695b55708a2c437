"""Appointments: when, where, what to bring, whether they come. Told on the phone they belong to, nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actions import questions, session
from actions.kit import Events, Kit, Turn
from actions.latest import addressed, of_question
from actions.meetings import (
    Meant,
    View,
    lines,
    look,
    meeting_words,
    pick,
    plain_words,
    said,
)
from actions.outcomes import ask_cancel, tell
from bot.appointments.calendar import Meeting
from knowledge.replies import doubted, heard


@dataclass(frozen=True)
class Topic:
    """What all of these do first: look, say so where nothing may be told, and say again what was done already."""

    kit: Kit

    async def run(self, turn: Turn) -> Events:
        async with self.kit.database.begin() as connection:
            view = await look(self.kit, connection, turn)
            if view.done:
                return tell(turn, view, *view.done)
            if not view.calendar.verified:
                turn.say(self.unverified)
                return questions.close(turn)
            return await self.act(turn, view)

    unverified = "utter_appointment_not_here"

    async def act(self, turn: Turn, view: View) -> Events:
        raise NotImplementedError


@dataclass(frozen=True)
class AppointmentInfo(Topic):
    name = "action_appointment_info"

    async def act(self, turn: Turn, view: View) -> Events:
        found = pick(turn, view, _all(view))
        if not found:
            return nothing(turn, view, found, "appointment_info")
        if len(found) > 1:
            turn.say("utter_appointment_several", choices=lines(turn, view, "appointment_info", found))
            return questions.close(turn)
        if not found[0].meeting.is_on:
            return tell(turn, view, "gone", found[0].meeting)
        _tell_one(turn, view, found[0].meeting)
        return questions.close(turn)


@dataclass(frozen=True)
class PrepareAppointment(Topic):
    name = "action_prepare_appointment"
    unverified = "utter_appointment_prepare_any"

    async def act(self, turn: Turn, view: View) -> Events:
        found = pick(turn, view, _all(view), first=view.waiting)
        if not found:
            turn.say("utter_appointment_prepare_any")
            return questions.close(turn)
        if len(found) > 1:
            return which(turn, view, "prepare_appointment", found)
        meeting = found[0].meeting
        bring = (
            {"say": "utter_bring", "bring": meeting.bring.rstrip(". ")} if meeting.bring else {"say": "utter_bring_any"}
        )
        shape = "collective" if meeting.session_id else meeting.medium
        how = {"say": "utter_how_it_goes", "shape": shape}
        more = {"bring_line": bring, "how_line": how, "minutes": meeting.duration_min}
        turn.say("utter_appointment_prepare", **meeting_words(turn, view, meeting, **more))
        return questions.close(turn)


@dataclass(frozen=True)
class ConfirmAppointment(Topic):
    name = "action_confirm_appointment"

    async def act(self, turn: Turn, view: View) -> Events:
        """A cancelled appointment may be meant too: people change their minds."""
        cancelled = [Meant(one) for one in view.calendar.cancelled]
        now = [one for one in cancelled if one.meeting.was_answered_lately]
        first = await addressed(turn, view) or now or _to_answer(view)
        found = pick(turn, view, [*_to_answer(view), *cancelled], first=first)
        if not found or len(found) > 1:
            return which(turn, view, "confirm_appointment", found)
        [one] = found
        outcome = await self.kit.answers.confirm(view.connection, one.meeting.id, said(turn), told=one.told)
        return tell(turn, view, outcome, one.meeting)


@dataclass(frozen=True)
class CancelAppointment(Topic):
    """One plain question first; whoever says so again, or presses « yes », is sure."""

    name = "action_cancel_appointment"

    async def act(self, turn: Turn, view: View) -> Events:
        if heard(turn.text) == "keep":
            return await keep(self.kit, turn, view)
        question = questions.asked(turn)
        mine = await of_question(turn, view)
        found = pick(turn, view, _to_answer(view), first=mine or await addressed(turn, view))
        if not found or len(found) > 1:
            return which(turn, view, "cancel_appointment", found)
        [one] = found
        again = bool(question and question.what == "cancel" and one in mine and turn.text and not doubted(turn.text))
        if turn.heard("sure") or again:
            return await cancel(self.kit, turn, view, one)
        return ask_cancel(turn, view, one)


@dataclass(frozen=True)
class RescheduleAppointment(Topic):
    name = "action_reschedule_appointment"

    async def act(self, turn: Turn, view: View) -> Events:
        """The day said may be the one they want: it only chooses where an appointment is on it."""
        among = _to_answer(view) or [Meant(one) for one in view.calendar.cancelled]
        first = await addressed(turn, view)
        found = pick(turn, view, among, first=first)
        found = (list(first) or list(among)) if found is None else found
        if not found or len(found) > 1:
            return which(turn, view, "reschedule_appointment", found)
        [one] = found
        if one.meeting.session_id and one.meeting.is_on:
            offered = await session.others(self.kit, turn, view.connection, one.meeting.person_id)
            if offered is not None:
                return questions.close(turn) + offered
        outcome = await self.kit.answers.move(view.connection, one.meeting.id, said(turn), told=one.told)
        return tell(turn, view, outcome, one.meeting)


@dataclass(frozen=True)
class RunningLate(Topic):
    name = "action_running_late"

    async def act(self, turn: Turn, view: View) -> Events:
        today = [Meant(one) for one in view.calendar.meetings if one.is_today]
        ahead = [Meant(one) for one in view.calendar.ahead[:1]]
        found = [view.pressed] if view.pressed else pick(turn, view, today) or today or ahead
        if not found or len(found) > 1:
            return which(turn, view, "running_late", found)
        meeting = found[0].meeting
        outcome = await self.kit.answers.late(view.connection, meeting.id, said(turn))
        return tell(turn, view, outcome, meeting)


async def cancel(kit: Kit, turn: Turn, view: View, one: Meant) -> Events:
    """They are sure."""
    outcome = await kit.answers.cancel(view.connection, one.meeting.id, said(turn), told=one.told)
    return tell(turn, view, outcome, one.meeting)


async def keep(kit: Kit, turn: Turn, view: View) -> Events:
    """« n'annulez pas »: they come, where we had asked or it was cancelled just now; else it is said that it stands."""
    if await of_question(turn, view) or not _to_answer(view):
        return await ConfirmAppointment(kit).act(turn, view)
    found = pick(turn, view, _to_answer(view), first=await addressed(turn, view))
    if not found or len(found) > 1:
        turn.say("utter_appointment_several", choices=lines(turn, view, "appointment_info", _to_answer(view)))
        return questions.close(turn)
    turn.say("utter_cancel_kept", **plain_words(turn, view, found[0].meeting))
    return questions.close(turn)


def which(turn: Turn, view: View, intent: str, found: Sequence[Meant] | None) -> Events:
    """Ask which is meant, by first name and date; or say that there is none."""
    if not found:
        return nothing(turn, view, found, intent)
    turn.say("utter_appointment_which", choices=lines(turn, view, intent, found))
    return questions.ask_which(turn, intent, [one.meeting for one in found])


def nothing(turn: Turn, view: View, found: Sequence[Meant] | None, intent: str) -> Events:
    """None at all, or none on the day said: then those that there are."""
    there = _to_answer(view)
    if found is None and there:
        turn.say("utter_appointment_other_days", choices=lines(turn, view, intent, there))
        return questions.ask_which(turn, intent, [one.meeting for one in there])
    turn.say("utter_appointment_none")
    return questions.close(turn)


def _all(view: View) -> list[Meant]:
    """What can be told: those to come, else those just cancelled."""
    return [Meant(one) for one in view.calendar.meetings or view.calendar.cancelled]


def _to_answer(view: View) -> list[Meant]:
    """What can be answered: the reminders that wait, with the date that they told, and the others to come."""
    waiting = view.waiting
    known = {one.meeting.id for one in waiting}
    return [*waiting, *(Meant(one) for one in view.calendar.ahead if one.id not in known)]


def _tell_one(turn: Turn, view: View, meeting: Meeting) -> None:
    phone = {"say": "utter_structure_phone", "phone": meeting.phone} if meeting.phone else ""
    turn.say("utter_appointment_one", **meeting_words(turn, view, meeting, phone_line=phone))


def actions(kit: Kit) -> list[Topic]:
    return [
        AppointmentInfo(kit),
        PrepareAppointment(kit),
        ConfirmAppointment(kit),
        CancelAppointment(kit),
        RescheduleAppointment(kit),
        RunningLate(kit),
    ]
