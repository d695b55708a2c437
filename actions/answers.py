"""Answers to what we asked."""

from __future__ import annotations

from dataclasses import dataclass

from actions import session
from actions.branch import FindBranch
from actions.kit import Events, Kit, Turn, set_slots
from actions.search import SearchService


async def take_for_an_answer(kit: Kit, turn: Turn) -> Events:
    """Whatever was understood, the message answers the question that waits."""
    if turn.awaited == session.ASKED:
        turn.say("utter_session_resume")
        return []
    asker = FindBranch(kit) if turn.awaited == "branch_place" else SearchService(kit)
    return await asker.run(turn)


@dataclass(frozen=True)
class StopSearch:
    """The way out of a question: what was asked is dropped, what was found stays."""

    name = "action_stop_search"

    async def run(self, turn: Turn) -> Events:
        turn.say("utter_search_stopped")
        return set_slots(search_open=False, asked=None)


def actions(kit: Kit) -> list[StopSearch]:
    return [StopSearch()]
