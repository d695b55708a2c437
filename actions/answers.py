"""Yes and no: to a reminder, to a question of ours about an appointment, to a search, or to nothing."""

from __future__ import annotations

from dataclasses import dataclass

from actions import questions, session
from actions.appointment import CancelAppointment, ConfirmAppointment, RescheduleAppointment, cancel, keep, which
from actions.branch import FindBranch
from actions.first_name import ASKED
from actions.kit import Events, Kit, Turn, set_slots
from actions.latest import Latest, latest, of_question, rival
from actions.meetings import Meant, View, look, plain_words
from actions.outcomes import ask_cancel, ask_whether, cancel_line, come_line, tell
from actions.search import SearchService
from knowledge.replies import heard


async def take_for_an_answer(kit: Kit, turn: Turn) -> Events:
    """Whatever was understood, the message answers the question that waits."""
    if turn.awaited == ASKED:
        turn.say("utter_session_ask_name" if turn.slot("name_open") else "utter_session_resume")
        return []
    question = questions.asked(turn)
    if question is not None:
        turn.say("utter_resume")
        return []
    asker = FindBranch(kit) if turn.awaited == "branch_place" else SearchService(kit)
    return await asker.run(turn)


@dataclass(frozen=True)
class Affirm:
    """Yes, to what was said to the person last: a reminder, an offer, our question; else to a reminder that waits."""

    kit: Kit
    name = "action_affirm"

    async def run(self, turn: Turn) -> Events:
        async with self.kit.database.begin() as connection:
            view = await look(self.kit, connection, turn)
            if view.done:
                return tell(turn, view, *view.done)
            meant = heard(turn.text)
            if view.calendar.people and meant == "keep":  # « non, n'annulez pas »
                return await keep(self.kit, turn, view)
            if view.calendar.people and meant in ("cancel", "move"):  # « oui, annulez »
                action = CancelAppointment(self.kit) if meant == "cancel" else RescheduleAppointment(self.kit)
                return await action.act(turn, view)
            other = await rival(turn, view)
            return await ask_apart(self.kit, turn, view, other) if other else await self._act(turn, view)

    async def _act(self, turn: Turn, view: View) -> Events:
        question, last = questions.asked(turn), await latest(turn, view)
        if last.offered is not None:
            return await session.answer(self.kit, turn, view.connection, yes=True, shown=last.offered) or []
        if last.is_unasked:
            return await ConfirmAppointment(self.kit).act(turn, view)
        if question:
            return await self._answer(turn, view, question) if last.is_ours else questions.again(turn)
        if turn.searching:
            turn.say("utter_resume")
            return []
        return await self._nothing(turn, view, last)

    async def _nothing(self, turn: Turn, view: View, last: Latest) -> Events:
        """No question of ours waits, and nothing unasked came since."""
        if last.what == "counsellor":
            return self._to_a_counsellor(turn, view)
        if view.waiting and turn.awaited != ASKED:
            return await ConfirmAppointment(self.kit).act(turn, view)
        booked = await session.answer(self.kit, turn, view.connection, yes=True)
        if booked is None:
            turn.say("utter_affirm_nothing")
        return booked or []

    def _to_a_counsellor(self, turn: Turn, view: View) -> Events:
        """It was the counsellor's question, most likely: a reminder is asked of again."""
        if not view.waiting:
            turn.say("utter_affirm_nothing")
            return []
        if len(view.waiting) > 1 or view.waiting[0].is_stale:
            return which(turn, view, "confirm_appointment", view.waiting)
        return ask_whether(turn, view, view.waiting[0].meeting)

    async def _answer(self, turn: Turn, view: View, question: questions.Question) -> Events:
        mine = await of_question(turn, view)
        if question.what == "which" or not mine:
            turn.say("utter_resume")
            return []
        if question.what == "cancel":
            return await cancel(self.kit, turn, view, mine[0])
        return await ConfirmAppointment(self.kit).act(turn, view)


@dataclass(frozen=True)
class Deny:
    """No, to what was said to the person last. To a reminder it is no cancellation yet: that is asked first."""

    kit: Kit
    name = "action_deny"

    async def run(self, turn: Turn) -> Events:
        async with self.kit.database.begin() as connection:
            view = await look(self.kit, connection, turn)
            if view.done:
                return tell(turn, view, *view.done)
            meant = heard(turn.text)
            if view.calendar.people and meant == "keep":  # « non, n'annulez pas »
                return await keep(self.kit, turn, view)
            if view.calendar.people and meant in ("come", "move"):  # « non, finalement je viens »
                action = ConfirmAppointment(self.kit) if meant == "come" else RescheduleAppointment(self.kit)
                return await action.act(turn, view)
            return await self._act(turn, view, meant)

    async def _act(self, turn: Turn, view: View, meant: str) -> Events:
        question, last = questions.asked(turn), await latest(turn, view)
        if last.offered is not None and meant != "cancel":
            return await session.answer(self.kit, turn, view.connection, yes=False, shown=last.offered) or []
        if last.is_unasked:
            return await CancelAppointment(self.kit).act(turn, view)
        if question:
            return await self._answer(turn, view, question, meant)
        if turn.searching and not (view.waiting and meant == "cannot"):
            turn.say("utter_search_stopped")
            return set_slots(search_open=False, asked=None)
        return await self._nothing(turn, view, meant, last)

    async def _nothing(self, turn: Turn, view: View, meant: str, last: Latest) -> Events:
        """No question of ours waits, and nothing unasked came since."""
        says_why = meant in ("cancel", "cannot")
        if (view.waiting and last.what != "counsellor") or (says_why and view.calendar.ahead):
            return await CancelAppointment(self.kit).act(turn, view)
        to_us = last.what != "counsellor"
        declined = await session.answer(self.kit, turn, view.connection, yes=False) if to_us else None
        if declined is None:
            turn.say("utter_deny_nothing")
        return declined or []

    async def _answer(self, turn: Turn, view: View, question: questions.Question, meant: str) -> Events:
        mine = await of_question(turn, view)
        if question.what == "which" or not mine:
            turn.say("utter_deny_nothing")
        elif question.what == "come" or meant in ("cancel", "cannot"):  # « non annulez » may be no and yes
            return ask_cancel(turn, view, mine[0])
        else:
            turn.say("utter_cancel_kept", **plain_words(turn, view, mine[0].meeting))
        return questions.close(turn)


async def ask_apart(kit: Kit, turn: Turn, view: View, other: Latest) -> Events:
    """« oui » may cancel, or answer what came at the same moment: ask, each by what it would do."""
    question = questions.asked(turn)
    known = {one.id: one for one in view.calendar.meetings}
    meeting = known.get(question.appointment_id) if question and question.appointment_id else None
    if meeting is None:
        return questions.again(turn)
    if other.meant is not None and other.meant.meeting.id == meeting.id:
        return ask_cancel(turn, view, Meant(meeting))
    options = [cancel_line(turn, view, meeting)]
    if other.meant is not None:
        options.append(come_line(turn, view, other.meant.meeting))
    if other.offered is not None:
        options += await session.offer_lines(kit, turn, view.connection, other.offered)
    turn.say("utter_appointment_which", choices=options)
    return questions.ask_which(turn, "cancel_appointment", [meeting])


def actions(kit: Kit) -> list[Affirm | Deny]:
    return [Affirm(kit), Deny(kit)]
