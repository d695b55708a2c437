"""A human is told: of a wish to talk, of a complaint, of a danger that the first reading did not hear."""

from __future__ import annotations

from dataclasses import dataclass

from actions.kit import Events, Kit, Turn


@dataclass(frozen=True)
class AskHuman:
    """Where the pipeline has answered the message itself, what is said here finds its place taken."""

    kit: Kit
    name = "action_ask_human"

    async def run(self, turn: Turn) -> Events:
        handoff = self.kit.handoff
        async with self.kit.database.begin() as connection:
            match turn.intent:
                case "distress":
                    await handoff.distress(connection, turn.message, "any")
                    turn.say("utter_distress")
                case "complaint":
                    await handoff.complain(connection, turn.message)
                    turn.say("utter_complaint_told")
                case _:
                    await handoff.queue(connection, turn.message)
                    turn.say("utter_human_told")
        return []


def actions(kit: Kit) -> list[AskHuman]:
    return [AskHuman(kit)]
