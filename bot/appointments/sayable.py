"""Of what any source tells, the texts that may be said to somebody; the others are not kept.

An SMS is read on a locked screen, by whoever holds the telephone. The appointment itself is never lost for its words.
The name of the structure is kept as it is: it chooses the plan of reminders and is shown to the team, never said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.appointments import kinds
from bot.appointments.facts import Facts, SessionFacts

_NAMES = {
    "place": "lieu",
    "bring": "à apporter",
    "accessibility": "accessibilité",
    "structure_phone": "téléphone de la structure",
}
WHY = "un de ses mots ne se dit pas dans un SMS (une aide reçue, une sanction)"


def sayable[T: (Facts, SessionFacts)](facts: T) -> tuple[T, tuple[str, ...]]:
    """The facts without the texts that harm, and the names of those."""
    may_say = kinds.known().may_say
    unsaid = tuple(name for name in _NAMES if not may_say(getattr(facts, name, "")))
    emptied: dict[str, Any] = dict.fromkeys(unsaid, "")
    if isinstance(facts, Facts):
        emptied["first_name"] = kinds.known().spoken_name(facts.first_name)
    return replace(facts, **emptied), unsaid


def warning(unsaid: Sequence[str]) -> str:
    """For whoever sent them, "" when all was kept."""
    names = ", ".join(_NAMES[name] for name in unsaid)
    return f"{names} : pas gardé, {WHY}" if unsaid else ""
