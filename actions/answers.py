"""Yes and no: to a reminder, to a question of ours about an appointment, to a search, or to nothing."""

from __future__ import annotations

from dataclasses import dataclass

from actions import questions, session
from actions.appointment import CancelAppointment, ConfirmAppointment, RescheduleAppointment, cancel
from actions.branch import FindBranch
from actions.kit import Events, Kit, Turn, set_slots
from actions.meetings import View, look, of_question, plain_words
from actions.outcomes import ask_cancel, tell
from actions.search import SearchService
from knowledge.replies import heard


async def take_for_an_answer(kit: Kit, turn: Turn) -> Events:
    """Whatever was understood, the message answers the question that waits."""
    if turn.awaited == session.ASKED:
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
    """Yes, to what was said to the person last: a reminder, our question, a search; else to a reminder that waits."""

    kit: Kit
    name = "action_affirm"

    async def run(self, turn: Turn) -> Events:
        async with self.kit.database.begin() as connection:
            view = await look(self.kit, connection, turn)
            if view.done:
                return tell(turn, view, *view.done)
            meant = heard(turn.text)
            if view.calendar.people and meant in ("cancel", "move"):  # « oui, annulez »
                action = CancelAppointment(self.kit) if meant == "cancel" else RescheduleAppointment(self.kit)
                return await action.act(turn, view)
            return await self._act(turn, view)

    async def _act(self, turn: Turn, view: View) -> Events:
        question, fresh = questions.asked(turn), view.fresh(turn)
        if question and not fresh:
            return await self._answer(turn, view, question)
        if turn.searching and not fresh:
            turn.say("utter_resume")
            return []
        if not view.waiting:
            return await self._nothing(turn, view)
        return await ConfirmAppointment(self.kit).act(turn, view)

    async def _nothing(self, turn: Turn, view: View) -> Events:
        booked = await session.answer(self.kit, turn, view.connection, yes=True)
        if booked is None:
            turn.say("utter_affirm_nothing")
        return booked or []

    async def _answer(self, turn: Turn, view: View, question: questions.Question) -> Events:
        mine = of_question(turn, view)
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
            if view.calendar.people and meant in ("come", "move"):  # « non, finalement je viens »
                action = ConfirmAppointment(self.kit) if meant == "come" else RescheduleAppointment(self.kit)
                return await action.act(turn, view)
            return await self._act(turn, view, meant)

    async def _act(self, turn: Turn, view: View, meant: str) -> Events:
        question, fresh = questions.asked(turn), view.fresh(turn)
        if question and not fresh:
            return await self._answer(turn, view, question, meant)
        if turn.searching and not fresh and not (view.waiting and meant == "cannot"):
            turn.say("utter_search_stopped")
            return set_slots(search_open=False, asked=None)
        if view.waiting or (meant in ("cancel", "cannot") and view.calendar.ahead):
            return await CancelAppointment(self.kit).act(turn, view)
        declined = await session.answer(self.kit, turn, view.connection, yes=False)
        if declined is None:
            turn.say("utter_deny_nothing")
        return declined or []

    async def _answer(self, turn: Turn, view: View, question: questions.Question, meant: str) -> Events:
        mine = of_question(turn, view)
        if question.what == "which" or not mine:
            turn.say("utter_deny_nothing")
        elif meant == "cancel" and question.what == "cancel":  # « non, annulez »
            return await cancel(self.kit, turn, view, mine[0])
        elif question.what == "come" or meant == "cannot":
            return ask_cancel(turn, view, mine[0])
        else:
            turn.say("utter_cancel_kept", **plain_words(turn, view, mine[0].meeting))
        return questions.close(turn)


def actions(kit: Kit) -> list[Affirm | Deny]:
    return [Affirm(kit), Deny(kit)]
