"""What is not understood or not ours: suggestions first, then a human; to an insult, calm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actions.answers import take_for_an_answer
from actions.kit import Events, Kit, Turn, choices, set_slots

SUGGESTED = (
    "search_service",
    "find_branch",
    "branch_hours",
    "more_results",
    "service_details",
    "report_error",
    "appointment_info",
    "confirm_appointment",
    "cancel_appointment",
    "reschedule_appointment",
    "book_appointment",
    "prepare_appointment",
    "running_late",
    "contact_referent",
    "complaint",
    "change_language",
    "privacy",
    "link_phone",
    "help",
    "talk_to_human",
    "opt_out",
    "opt_in",
)
_FEW_WORDS = 2
_AFTER_RESULTS = frozenset({"more_results", "service_details", "report_error"})
_ALWAYS = ("search_service", "find_branch", "talk_to_human", "help")


@dataclass(frozen=True)
class Fallback:
    kit: Kit
    name = "action_fallback"

    async def run(self, turn: Turn) -> Events:
        if turn.heard("tone"):
            turn.say("utter_insulted")
            return set_slots(misses=1)
        if turn.awaited and turn.text and not turn.slot("misses"):
            return set_slots(misses=1) + await take_for_an_answer(self.kit, turn)
        if turn.slot("misses"):
            turn.say("utter_fallback_second")
            return set_slots(misses=turn.slot("misses") + 1)
        turn.say("utter_fallback_first", choices=_suggestions(turn, self.kit.articles.topics))
        return set_slots(misses=1)


@dataclass(frozen=True)
class OutOfScope:
    """Not ours. A few words after a question of ours are its answer all the same: « du macramé »."""

    kit: Kit
    name = "action_out_of_scope"

    async def run(self, turn: Turn) -> Events:
        if turn.heard("tone"):
            turn.say("utter_insulted")
        elif turn.awaited and len(turn.text.split()) <= _FEW_WORDS:
            return await take_for_an_answer(self.kit, turn)
        elif turn.awaited:
            turn.say("utter_out_of_scope_while_searching")
            turn.say("utter_resume")
        else:
            turn.say("utter_out_of_scope")
        return []


def _suggestions(turn: Turn, topics: Sequence[str]) -> list[dict[str, object]]:
    known = (*SUGGESTED, *(f"faq_{topic}" for topic in topics))
    possible = [name for name in known if name not in _AFTER_RESULTS or turn.slot("results")]
    likely = [name for name in turn.ranking if name in possible]
    best = list(dict.fromkeys([*likely[:2], *_ALWAYS]))[:3]
    return [choices(f"utter_suggest_{name}", [(f"/{name}", {})])[0] for name in best]


def actions(kit: Kit) -> list[Fallback | OutOfScope]:
    return [Fallback(kit), OutOfScope(kit)]
