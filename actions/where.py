"""Which place a turn is about: just said, remembered, unclear, or none of ours."""

from __future__ import annotations

from dataclasses import dataclass

from actions.kit import Events, Kit, Turn, choices, set_slots
from knowledge.places import Place

_SURE = 0.6


@dataclass(frozen=True)
class Where:
    """`place` when it is known; else `unclear` candidates, or the `outside` place; all empty: not said."""

    place: Place | None = None
    unclear: tuple[Place, ...] = ()
    outside: Place | None = None
    said: bool = False


def where(kit: Kit, turn: Turn) -> Where:
    """The place of this turn; what was just said wins over what is remembered."""
    heard = [place for place in map(kit.places.get, _heard(turn)) if place is not None]
    ours = tuple(place for place in heard if place.kind != "outside")
    if len(ours) > 1 and _same_words(turn):
        return Where(unclear=ours, said=True)
    if ours:
        return Where(place=ours[-1], said=True)
    if heard:
        return Where(outside=heard[0], said=True)
    remembered = turn.slot("place")
    return Where(place=kit.places.get(remembered) if remembered else None)


def _heard(turn: Turn) -> list[str]:
    """The places just said; « 3e » is one only when a place was asked for."""
    asked = turn.awaited in ("place", "branch_place")
    said = turn.heard("place", least=0.0 if asked else _SURE)
    if said or not asked:
        return said
    return [f"6938{ordinal}" for ordinal in turn.heard("ordinal")]


def _same_words(turn: Turn) -> bool:
    """One stretch of text that means several places; « de Bron à Vaulx » is two stretches, the last one counts."""
    starts = [found.get("start") for found in turn.entities if found["entity"] == "place"]
    return len(set(starts)) == 1 and starts[0] is not None


def ask_which(turn: Turn, places: tuple[Place, ...], intent: str) -> None:
    items = [(f'/{intent}{{"place": "{place.key}"}}', {"label": place.label or place.name}) for place in places[:6]]
    turn.say("utter_ask_which_place", choices=choices("utter_place_line", items))


def say_outside(kit: Kit, turn: Turn, place: Place) -> Events:
    """Not our territory: say so, say whom to ask, and forget the place."""
    authority = kit.places.authority
    turn.say("utter_outside", place_label=place.label or place.name, ask=authority.ask, url=authority.url)
    return set_slots(place=None, place_label=None, search_open=False, asked=None)


def remember(place: Place) -> Events:
    return set_slots(place=place.key, place_label=place.label or place.name)
