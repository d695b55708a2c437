"""A question of ours about an appointment: kept until it is answered, said again after a digression, let go in the end.

The slot `question` holds it, in the shape of a response (`say` and its words), so that `utter_resume` can say it. As
long as it waits, `search_open` is set and `asked` is "appointment"; `before` is the question of a search that it
stands in front of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from actions.kit import Events, Turn, Words, set_slots
from bot import clock
from bot.appointments.calendar import Meeting
from knowledge.words import fold, words

APPOINTMENT = "appointment"
SAID_AGAIN = 2
"""How often a question is said again after something else; then it is let go: it is not what they came for."""
_FEW_WORDS = 4


@dataclass(frozen=True)
class Question:
    """`what` is cancel, come, or which; `intent` is what a « which » is asked for, `names` who may be meant."""

    what: str
    at: datetime
    before: str = ""
    appointment_id: UUID | None = None
    starts_at: datetime | None = None
    intent: str = ""
    names: tuple[str, ...] = ()
    times: int = 0


def waiting(turn: Turn) -> Question | None:
    """The question about an appointment that has no answer yet; another one may stand in front of it."""
    given = turn.slot("question")
    if not given:
        return None
    starts_at, meant = given.get("starts_at"), given.get("appointment")
    return Question(
        what=given["what"],
        at=datetime.fromisoformat(given["at"]),
        before=given.get("before") or "",
        appointment_id=UUID(meant) if meant else None,
        starts_at=datetime.fromisoformat(starts_at) if starts_at else None,
        intent=given.get("intent") or "",
        names=tuple(given.get("names") or ()),
        times=int(given.get("times") or 0),
    )


def asked(turn: Turn) -> Question | None:
    """The question, when it is the one that waits now."""
    return waiting(turn) if turn.awaited == APPOINTMENT else None


def ask_of(turn: Turn, what: str, meeting: Meeting, given: Words) -> Events:
    """Keep a question about one appointment."""
    about = {"appointment": str(meeting.id), "starts_at": meeting.starts_at.isoformat()}
    return _keep(turn, {"what": what, "say": f"utter_resume_{what}", **about, **given})


def ask_which(turn: Turn, intent: str, meetings: Sequence[Meeting]) -> Events:
    """Keep the question which of several appointments is meant."""
    names = list(dict.fromkeys(fold(one.first_name) for one in meetings if one.first_name))
    return _keep(turn, {"what": "which", "say": "utter_resume_which", "intent": intent, "names": names})


def _keep(turn: Turn, question: Words) -> Events:
    known = waiting(turn)
    before = turn.awaited if turn.searching else known.before if known else ""
    kept = {**question, "before": before, "at": clock.now().isoformat(), "times": 0}
    return set_slots(question=kept, search_open=True, asked=APPOINTMENT)


def close(turn: Turn) -> Events:
    """Let the question go; the search that it stood in front of is taken up again."""
    known = waiting(turn)
    if turn.searching:
        turn.say("utter_resume")
        return set_slots(question=None)
    if known and known.before:
        turn.say("utter_resume", asked=known.before)
        return set_slots(question=None, search_open=True, asked=known.before)
    return set_slots(question=None, search_open=False, asked=None) if known else []


def resume(turn: Turn, events: Events) -> Events:
    """After a digression: say the question again, unless the digression asks something of its own."""
    known = waiting(turn)
    after: dict[str, Any] = {**turn.tracker.slots, **{one["name"]: one["value"] for one in events if "name" in one}}
    if known is None or not after.get("question") or (after["search_open"] and after["asked"] != APPOINTMENT):
        return events
    if known.times >= SAID_AGAIN:
        return [*events, *set_slots(question=None, search_open=False, asked=None)]
    turn.say("utter_resume", asked=APPOINTMENT)
    again = {**turn.slot("question"), "times": known.times + 1, "at": clock.now().isoformat()}
    return [*events, *set_slots(question=again, search_open=True, asked=APPOINTMENT)]


def again(turn: Turn) -> Events:
    """Say the question again that something else came after: a bare yes may be about that."""
    turn.say("utter_resume")
    return set_slots(question={**turn.slot("question"), "at": clock.now().isoformat()})


def answers_which(turn: Turn) -> str:
    """The intent that a « which » was asked for, when the message says nothing but a name or a day; "" otherwise."""
    question = asked(turn)
    if question is None or question.what != "which" or not turn.text:
        return ""
    said = [word.text for word in words(turn.text)]
    named = set(said) & {part for name in question.names for part in name.split()}
    dated = bool(turn.heard("date") or turn.heard("time"))
    return question.intent if len(said) <= _FEW_WORDS and (named or dated) else ""
