"""Branches: the nearest ones, and when they are open."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.hits import map_url, spaced
from actions.kit import Events, Kit, Turn, Words, choices, mark, set_slots
from actions.where import Where, ask_which, remember, say_outside, where
from bot import clock
from knowledge import branches, hours
from knowledge.branches import Branch
from knowledge.languages import FIRST
from knowledge.names import distance_in_french
from knowledge.places import Place
from knowledge.search import Stale, staleness

_FEW = 3
_ENOUGH = 12


@dataclass(frozen=True)
class FindBranch:
    kit: Kit
    name = "action_find_branch"

    async def run(self, turn: Turn) -> Events:
        found = where(self.kit, turn)
        more = turn.intent == "more_results"
        branch_type = _branch_type(turn)
        known = set_slots(branch_type=branch_type) + (remember(found.place) if found.place and found.said else [])
        if found.place is None:
            return known + _ask(self.kit, turn, found, "find_branch")
        return known + await self._show(turn, branch_type, found.place, (turn.slot("branches") or []) if more else [])

    async def _show(self, turn: Turn, branch_type: str | None, place: Place, already: list[str]) -> Events:
        near = await _near(self.kit, branch_type, place, already)
        label = {"place_label": place.label or place.name}
        if not near:
            turn.say("utter_branch_nothing", **label)
            return set_slots(search_open=False, asked=None, topic="branch")
        kind = {"type_label": {"say": f"utter_type_{branch_type}"}} if branch_type else {}
        turn.say(
            "utter_branches" if branch_type else "utter_branches_any",
            choices=choices("utter_branch_line", [(_payload(branch), _line(branch, turn.language)) for branch in near]),
            mark=mark([branch.fictional for branch in near]),
            **label,
            **kind,
            **({} if branch_type else _meanings(near)),
        )
        return _shown(near, already)


@dataclass(frozen=True)
class BranchHours:
    kit: Kit
    name = "action_branch_hours"

    async def run(self, turn: Turn) -> Events:
        chosen = turn.heard("branch")
        found = where(self.kit, turn)
        seen: list[str] = turn.slot("branches") or []
        if not chosen and not turn.heard("branch_type") and not found.said and seen:
            chosen = _picked(turn, seen)
        if chosen:
            return await self._of(turn, chosen[0])
        if found.place is None:
            return set_slots(branch_type=_branch_type(turn)) + _ask(self.kit, turn, found, "branch_hours")
        near = await _near(self.kit, _branch_type(turn), found.place, [])
        if not near:
            turn.say("utter_branch_nothing", place_label=found.place.label or found.place.name)
            return set_slots(search_open=False, asked=None)
        _say_hours(turn, near[0])
        return _shown(near[:1], []) + remember(found.place)

    async def _of(self, turn: Turn, branch_id: str) -> Events:
        async with self.kit.database.begin() as connection:
            branch = await branches.branch(connection, branch_id)
        if branch is None:
            turn.say("utter_ask_hours_place")
            return set_slots(search_open=True, asked="branch_place", topic="branch")
        _say_hours(turn, branch)
        return set_slots(topic="branch", search_open=False, asked=None)


def _picked(turn: Turn, seen: list[str]) -> list[str]:
    """The branch meant by a number, else the first one shown: the nearest."""
    for ordinal in turn.heard("ordinal"):
        if ordinal.isdigit() and 0 < int(ordinal) <= len(seen):
            return [seen[int(ordinal) - 1]]
    return seen[:1]


def _branch_type(turn: Turn) -> str | None:
    """The kind just named, or the one that the question was about."""
    heard = turn.heard("branch_type")
    going_on = turn.awaited == "branch_place" or turn.intent in ("more_results", "search_service")
    remembered = turn.slot("branch_type") if going_on else None
    return heard[0] if heard else remembered


def _ask(kit: Kit, turn: Turn, found: Where, intent: str) -> Events:
    """The question about the place that has to be asked first."""
    if found.outside:
        return say_outside(kit, turn, found.outside)
    if found.unclear:
        ask_which(turn, found.unclear, intent)
    elif turn.awaited == "branch_place":
        turn.say("utter_place_unknown")
    else:
        turn.say("utter_ask_hours_place" if intent == "branch_hours" else "utter_ask_branch_place")
    return set_slots(search_open=True, asked="branch_place", topic="branch")


async def _near(kit: Kit, branch_type: str | None, place: Place, already: list[str]) -> list[Branch]:
    async with kit.database.begin() as connection:
        found = await branches.nearest(
            connection, branch_type=branch_type, lat=place.lat, lon=place.lon, commune=place.code, limit=_ENOUGH
        )
    return [branch for branch in found if branch.id not in already][:_FEW]


def _shown(near: list[Branch], already: list[str]) -> Events:
    ids = [*already, *(branch.id for branch in near)]
    return set_slots(branches=ids, topic="branch", search_open=False, asked=None, detail=None)


def _line(branch: Branch, language: str) -> Words:
    phone = spaced(branch.phone or "")
    return {
        "name": branch.label,
        "address": branch.address,
        "distance": distance_in_french(branch.distance_km),
        "phone": phone,
        "opening": _opening(branch, language),
        **_age(branch),
        "dated": {"say": "utter_branch_dated"} if _stale(branch) == "dated" else "",
        "card": {
            "name": branch.label,
            "address": branch.address,
            "distance": distance_in_french(branch.distance_km),
            "phone": phone,
            "hours": hours.in_language(branch.hours or "", language),
            "updated": _checked(branch),
            "map_url": map_url(branch.address, branch.lat, branch.lon),
        },
    }


def _opening(branch: Branch, language: str) -> Words:
    """Open until, or closed and opens when; of hours older than two years, only that they are. Said by a response."""
    if branch.hours and _stale(branch) == "old":
        return {"say": "utter_opening_old", "updated": _checked(branch)}
    now = clock.now().astimezone(clock.PARIS)
    state = hours.opening(branch.hours or "", now)
    if not state.known:
        return {"say": "utter_opening_unknown"}
    if state.open and state.until is None:
        return {"say": "utter_open_always"}
    if state.open and state.until is not None:
        return {"say": "utter_open_until", "hour": _hour(state.until, language)}
    return {"say": "utter_opens", **_when(state.next_opening, now, language)}


def _stale(branch: Branch) -> Stale:
    return staleness(branch.verified_on, clock.today())


def _checked(branch: Branch) -> str:
    return f"{branch.verified_on:%m/%Y}"


def _age(branch: Branch) -> Words:
    return {"stale": _stale(branch), "updated": _checked(branch)}


_EXPLAINED = ("ccas", "mmie")


def _meanings(near: list[Branch]) -> Words:
    """What the initials of these branches stand for, once."""
    there = {branch.type for branch in near}
    said = {kind: {"say": f"utter_{kind}"} if kind in there else "" for kind in _EXPLAINED}
    return {"footer": "utter_branch_footer", **said}


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _when(instant: datetime | None, now: datetime, language: str) -> Words:
    if instant is None:
        return {"day": ""}
    local = instant.astimezone(clock.PARIS)
    days = (local.date() - now.date()) // timedelta(days=1)
    day = {0: "today", 1: "tomorrow"}.get(days, _DAYS[local.weekday()] if days < 7 else "later")
    return {"day": day, "hour": _hour(local, language), "date": f"{local:%d/%m}"}


def _hour(instant: datetime, language: str) -> str:
    local = instant.astimezone(clock.PARIS)
    if language != FIRST:
        return f"{local:%-H:%M}"
    return f"{local.hour} h {local.minute:02}" if local.minute else f"{local.hour} h"


def _say_hours(turn: Turn, branch: Branch) -> None:
    words = {
        "name": branch.label,
        "mark": mark([branch.fictional]),
        "phone": spaced(branch.phone or ""),
        **_age(branch),
    }
    words["meaning"] = {"say": f"utter_meaning_{branch.type}"} if branch.type in _EXPLAINED else ""
    phone_line: Words | str = {"say": "utter_line_phone"} if branch.phone else ""
    written = hours.in_language(branch.hours or "", turn.language)
    if not written:
        turn.say("utter_branch_hours_unknown", **words, phone_line=phone_line)
        return
    hours_line = {"say": "utter_line_hours"}
    turn.say(
        "utter_branch_hours",
        **words,
        phone_line=phone_line,
        opening=_opening(branch, turn.language),
        hours=written,
        short_hours=hours.in_language(branch.hours or "", turn.language, short=True),
        hours_line=hours_line,
        dated_line={"say": "utter_line_dated"} if _stale(branch) == "dated" else "",
    )


def _payload(branch: Branch) -> str:
    return "/branch_hours" + json.dumps({"branch": branch.id}, ensure_ascii=False)


def actions(kit: Kit) -> list[FindBranch | BranchHours]:
    return [FindBranch(kit), BranchHours(kit)]
