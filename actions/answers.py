"""Yes and no."""

from __future__ import annotations

from dataclasses import dataclass

from actions.kit import Events, Kit, Turn, set_slots


@dataclass(frozen=True)
class StopSearch:
    """The way out of a question: what was asked is dropped, what was found stays."""

    name = "action_stop_search"

    async def run(self, turn: Turn) -> Events:
        turn.say("utter_search_stopped")
        return set_slots(search_open=False, asked=None)


def actions(kit: Kit) -> list[StopSearch]:
    return [StopSearch()]
