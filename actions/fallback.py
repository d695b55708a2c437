"""What is not understood: suggestions first, then a human."""

from __future__ import annotations

from dataclasses import dataclass

from actions.kit import Events, Kit, Turn, choices, go_on_with, set_slots

SUGGESTED = (
    "search_service",
    "find_branch",
    "branch_hours",
    "more_results",
    "service_details",
    "report_error",
    "appointment_info",
    "help",
    "talk_to_human",
    "opt_out",
)
_AFTER_RESULTS = frozenset({"more_results", "service_details", "report_error"})
_ALWAYS = ("search_service", "find_branch", "talk_to_human", "help")


@dataclass(frozen=True)
class Fallback:
    name = "action_fallback"

    async def run(self, turn: Turn) -> Events:
        if turn.slot("search_open") and turn.text and turn.slot("misses") == 0:
            return [*set_slots(misses=1), *go_on_with(_asker(turn))]
        if turn.slot("misses"):
            turn.say("utter_fallback_second")
            return set_slots(misses=turn.slot("misses") + 1)
        turn.say("utter_fallback_first", choices=_suggestions(turn))
        return set_slots(misses=1)


def _asker(turn: Turn) -> str:
    """The action whose question waits: an unknown sentence is taken for its answer, once."""
    return "action_find_branch" if turn.slot("asked") == "branch_place" else "action_search_service"


def _suggestions(turn: Turn) -> list[dict[str, object]]:
    possible = [name for name in SUGGESTED if name not in _AFTER_RESULTS or turn.slot("results")]
    likely = [name for name in turn.ranking if name in possible]
    best = list(dict.fromkeys([*likely[:2], *_ALWAYS]))[:3]
    return [choices(f"utter_suggest_{name}", [(f"/{name}", {})])[0] for name in best]


def actions(kit: Kit) -> list[Fallback]:
    return [Fallback()]
