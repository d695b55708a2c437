"""A human is told: of a wish to talk, of a complaint, of a danger that the first reading did not hear."""

from __future__ import annotations

from dataclasses import dataclass

from actions.kit import Events, Kit, Turn

_SAID = {"distress": "utter_distress", "complaint": "utter_complaint_told"}


@dataclass(frozen=True)
class AskHuman:
    kit: Kit
    name = "action_ask_human"

    async def run(self, turn: Turn) -> Events:
        distress = turn.intent == "distress"
        async with self.kit.database.begin() as connection:
            await self.kit.tasks.open(
                connection,
                reason="distress" if distress else "human",
                cause=str(turn.message_id),
                conversation_id=turn.conversation_id,
                message_id=turn.message_id,
                details={"text": turn.text, "kind": turn.intent},
                urgent=distress,
            )
        turn.say(_SAID.get(turn.intent, "utter_human_told"))
        return []


def actions(kit: Kit) -> list[AskHuman]:
    return [AskHuman(kit)]
