"""One result: more on it, or something wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from actions.answers import take_for_an_answer
from actions.hits import card, carrier, spaced
from actions.kit import Events, Kit, Turn, Words, choices, mark, set_slots
from bot import clock
from knowledge import hours, search
from knowledge.search import ServiceDetails

_ASPECTS = {"fee": "utter_aspect_fee", "address": "utter_aspect_address", "phone": "utter_aspect_phone"}
_LONGEST_DESCRIPTION = 300
_LONGEST_CONDITIONS = 120


@dataclass(frozen=True)
class Details:
    kit: Kit
    name = "action_service_details"

    async def run(self, turn: Turn) -> Events:
        if "place" in turn.awaited and turn.heard("ordinal") and not turn.heard("service"):
            return await take_for_an_answer(self.kit, turn)  # « le 3e », said to « dans quelle commune ? »
        wanted = _which(turn)
        if wanted is None:
            return await _ask_which(self.kit, turn, "service_details", "utter_which_service")
        details = await _read(self.kit, wanted)
        if details is None:
            turn.say("utter_service_gone")
            return set_slots(detail=None)
        self._say(turn, details)
        return set_slots(detail=wanted, topic="search")

    @staticmethod
    def _say(turn: Turn, details: ServiceDetails) -> None:
        words = _words(details, turn.language)
        asked = next((aspect for aspect in turn.heard("aspect")), "")
        if asked == "hours":
            turn.say("utter_aspect_hours", **words)
        elif asked in _ASPECTS:
            turn.say(_ASPECTS[asked], **words)
        else:
            turn.say("utter_service_details", **words)


@dataclass(frozen=True)
class ReportError:
    """Opens a task for the team, once for each message."""

    kit: Kit
    name = "action_report_error"

    async def run(self, turn: Turn) -> Events:
        wanted = _which(turn)
        if wanted is None and len(turn.slot("results") or []) > 1:
            return await _ask_which(self.kit, turn, "report_error", "utter_error_which")
        details = await _read(self.kit, wanted) if wanted else None
        await self._open_task(turn, wanted, details)
        if details:
            turn.say("utter_error_reported", name=details.name)
        else:
            turn.say("utter_error_reported_unknown")
        return []

    async def _open_task(self, turn: Turn, service_id: str | None, details: ServiceDetails | None) -> None:
        async with self.kit.database.begin() as connection:
            await self.kit.tasks.open(
                connection,
                reason="offer_error",
                cause=str(turn.message_id),
                conversation_id=turn.conversation_id,
                message_id=turn.message_id,
                details={"service_id": service_id, "service": details.name if details else "", "text": turn.text},
            )


def _which(turn: Turn) -> str | None:
    """The id of the result that is meant: the button's, the number said, the last one spoken of, the only one."""
    results: list[str] = turn.slot("results") or []
    for given in turn.heard("service"):
        return given
    for ordinal in turn.heard("ordinal"):
        return results[int(ordinal) - 1] if ordinal.isdigit() and 0 < int(ordinal) <= len(results) else None
    if turn.slot("detail"):
        return str(turn.slot("detail"))
    return results[0] if len(results) == 1 else None


async def _ask_which(kit: Kit, turn: Turn, intent: str, response: str) -> Events:
    results: list[str] = turn.slot("results") or []
    found = [(id, await _read(kit, id)) for id in results]
    items = [(_payload(intent, id), {"name": details.name}) for id, details in found if details]
    if items:
        turn.say(response, choices=choices("utter_service_name", items))
        return []
    turn.say("utter_no_service")
    return set_slots(search_open=True, asked="need", topic="search")


async def _read(kit: Kit, service_id: str) -> ServiceDetails | None:
    async with kit.database.begin() as connection:
        return await search.service(connection, service_id, today=clock.today())


def _payload(intent: str, service_id: str) -> str:
    return f"/{intent}" + json.dumps({"service": service_id}, ensure_ascii=False)


def _words(details: ServiceDetails, language: str) -> Words:
    phone = "" if details.professionals_only else spaced(details.phone)
    given: dict[str, Any] = {
        "name": details.name,
        "structure": carrier(details),
        "description": _clip(details.description, _LONGEST_DESCRIPTION),
        "fee": details.fee,
        "fee_details": _clip(details.fee_details, _LONGEST_CONDITIONS),
        "address": details.address,
        "phone": phone,
        "email": details.email,
        "hours": hours.in_language(details.hours, language),
        "short_hours": hours.in_language(details.hours, language, short=True),
        "conditions": _clip(details.conditions, _LONGEST_CONDITIONS),
        "updated": f"{details.updated:%m/%Y}",
        "dated": {"say": "utter_dated"} if details.stale != "fresh" else "",
        "warning": {"say": "utter_warning_one"} if details.stale == "old" else "",
        "mark": mark([details.fictional]),
        "card": card(details, phone),
    }
    lines = {f"{name}_line": _line(name, given[value]) for name, value in _LINES.items()}
    return {**given, **lines, "fee_line": {"say": "utter_line_fee"}, "how_line": _how(details)}


_LINES = {
    "structure": "structure",
    "address": "address",
    "phone": "phone",
    "mail": "email",
    "hours": "hours",
    "conditions": "conditions",
}


def _line(name: str, value: Any) -> Words | str:
    return {"say": f"utter_line_{name}"} if value else ""


def _how(details: ServiceDetails) -> Words | str:
    return {"say": "utter_line_referent"} if details.professionals_only else ""


def _clip(text: str, limit: int) -> str:
    """Whole sentences if there is one, whole words otherwise."""
    clean = " ".join(text.split())
    if len(clean) <= limit:
        return clean
    cut = clean[:limit]
    end = max(cut.rfind(". "), cut.rfind("! "), cut.rfind("? "))
    return cut[: end + 1] if end > limit // 3 else cut.rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def actions(kit: Kit) -> list[Details | ReportError]:
    return [Details(kit), ReportError(kit)]
