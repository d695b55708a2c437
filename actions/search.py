"""Looking for a service: ask for what is missing, one question at a time, then show three at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from actions.branch import FindBranch
from actions.hits import footer, shown
from actions.kit import Events, Kit, Turn, choices, place_words, set_slots
from actions.where import Where, ask_which, remember, say_outside, where
from bot import clock
from knowledge import search
from knowledge.places import Place

OFTEN_ASKED = (
    "equipement-et-alimentation--alimentation",
    "logement-hebergement",
    "trouver-un-emploi",
    "famille--garde-denfants",
    "lecture-ecriture-calcul--maitriser-le-francais",
)
_LONGEST_QUERY = 80


@dataclass(frozen=True)
class Wish:
    """What is looked for: a need of the list, or the person's own words."""

    need: str | None
    words: str | None
    label: str

    @property
    def wider(self) -> Wish | None:
        """The whole category of a theme."""
        if self.need and "--" in self.need:
            return replace(self, need=self.need.split("--")[0])
        return None


@dataclass(frozen=True)
class SearchService:
    kit: Kit
    name = "action_search_service"

    async def run(self, turn: Turn) -> Events:
        found = where(self.kit, turn)
        if _is_about_branches(turn, found):
            return await FindBranch(self.kit).run(turn)
        wish = self._wish(turn, found)
        known = _remember_wish(wish) + (remember(found.place) if found.place and found.said else [])
        if found.outside:
            return known + say_outside(self.kit, turn, found.outside)
        if wish is None:
            return known + self._ask_need(turn, found.place)
        if found.unclear:
            ask_which(turn, found.unclear, "search_service")
            return known + _waiting("place")
        if found.place is None:
            return known + _ask_place(turn, wish)
        return known + await self._show(turn, wish, found.place)

    def _wish(self, turn: Turn, found: Where) -> Wish | None:
        """The need just named; else the person's own words; else, for a place alone, the need remembered."""
        heard = turn.heard("need")
        if heard:
            return Wish(heard[0], None, self.kit.needs.label(heard[0], turn.language))
        own_words = _own_words(turn)
        if own_words and turn.awaited != "place":
            return Wish(None, own_words, own_words)
        if turn.slot("need_label") and (found.said or turn.searching):
            return _remembered(self.kit, turn)
        return None

    def _ask_need(self, turn: Turn, place: Place | None) -> Events:
        near = {"say": "utter_near", "place_label": place.label or place.name} if place else ""
        turn.say("utter_ask_need", near=near, choices=need_choices(self.kit, turn))
        return _waiting("need")

    async def _show(self, turn: Turn, wish: Wish, place: Place) -> Events:
        page, asked = await self._first_page(wish, place)
        if not page.hits and wish.need is None:
            turn.say("utter_ask_need_again", choices=need_choices(self.kit, turn))
            return set_slots(query=None, need_label=None) + _waiting("need")
        if not page.hits:
            turn.say("utter_search_nothing", need_label=wish.label, place_label=place.label or place.name)
            return set_slots(search_open=False, asked=None, results=[], topic="search")
        words = {"need_label": wish.label, "wanted_label": wish.label, **place_words(place)}
        response = "utter_search_results" if asked == wish else "utter_search_results_widened"
        response = response if wish.need else "utter_search_words"
        turn.say(response, **words, **shown(page.hits), **footer(page))
        return _results(page, []) + set_slots(need=asked.need, shown=[hit.id for hit in page.hits])

    async def _first_page(self, wish: Wish, place: Place) -> tuple[search.SearchPage, Wish]:
        """What was asked for, or, when there is none, what comes near."""
        page = await look(self.kit, wish, place, [])
        if page.hits or wish.wider is None:
            return page, wish
        return await look(self.kit, wish.wider, place, []), wish.wider


@dataclass(frozen=True)
class MoreResults:
    """The next ones of the last search, never the same twice."""

    kit: Kit
    name = "action_more_results"

    async def run(self, turn: Turn) -> Events:
        if turn.slot("topic") == "branch":
            return await FindBranch(self.kit).run(turn)
        place = self.kit.places.get(turn.slot("place")) if turn.slot("place") else None
        if place is None or not turn.slot("need_label"):
            turn.say("utter_more_nothing")
            return _waiting("need")
        wish = _remembered(self.kit, turn)
        page = await look(self.kit, wish, place, turn.slot("shown") or [])
        words = {"need_label": wish.label, **place_words(place)}
        if not page.hits:
            turn.say("utter_no_more", **words)
            return []
        turn.say("utter_search_more", **words, **shown(page.hits), **footer(page))
        return _results(page, turn.slot("shown") or [])


def _remembered(kit: Kit, turn: Turn) -> Wish:
    """The wish of the turns before, its label in the language of this one."""
    label = kit.needs.relabel(turn.slot("need_label"), turn.language)
    return Wish(turn.slot("need"), turn.slot("query"), label)


async def look(kit: Kit, wish: Wish, place: Place, already: list[str]) -> search.SearchPage:
    async with kit.database.begin() as connection:
        return await search.search(
            connection,
            need=wish.need,
            text=wish.words,
            lat=place.lat,
            lon=place.lon,
            commune=place.code,
            exclude=already,
            today=clock.today(),
        )


def need_choices(kit: Kit, turn: Turn) -> list[dict[str, Any]]:
    items = [
        (f'/search_service{{"need": "{value}"}}', {"label": kit.needs.label(value, turn.language)})
        for value in OFTEN_ASKED
    ]
    return choices("utter_need_line", items)


def _is_about_branches(turn: Turn, found: Where) -> bool:
    """A place alone goes on with what was last spoken of."""
    last = turn.awaited == "branch_place" or (turn.slot("topic") == "branch" and not turn.searching)
    return last and found.said and not turn.heard("need")


def _own_words(turn: Turn) -> str:
    """The message as a query of its own, without the places in it."""
    text = turn.text
    for found in sorted(turn.entities, key=lambda entity: -entity.get("start", 0)):
        if found["entity"] == "place" and "start" in found:
            text = text[: found["start"]] + " " + text[found["end"] :]
    words = [word for word in re.findall(r"[\w'’-]+", text) if len(word) > 3 and word.lower() not in _EMPTY]
    return " ".join(words)[:_LONGEST_QUERY]


_SMALL_WORDS = """
    cherche chercher recherche recherches trouver voudrais voudrai veux aimerais besoin avec pour dans chez près vers
    service services association aide aides quelque chose autre nouvelle faire bonjour merci plaît plait habite suis
    avez vous
    peux peut quelles quel quelle j'ai j'habite est-ce plutôt plutot côté cote coté quartier secteur ville
    commune alors même meme aussi arrondissement code postal sinon mais proche autour
"""
_EMPTY = frozenset(_SMALL_WORDS.split())


def _remember_wish(wish: Wish | None) -> Events:
    return set_slots(need=wish.need, query=wish.words, need_label=wish.label) if wish else []


def _ask_place(turn: Turn, wish: Wish) -> Events:
    again = turn.awaited == "place" and not turn.heard("need")
    turn.say("utter_place_unknown" if again else "utter_ask_place", need_label=wish.label)
    return _waiting("place")


def _waiting(asked: str) -> Events:
    return set_slots(search_open=True, asked=asked, topic="search")


def _results(page: search.SearchPage, already: list[str]) -> Events:
    ids = [hit.id for hit in page.hits]
    return set_slots(results=ids, shown=[*already, *ids], detail=None, search_open=False, asked=None, topic="search")


def actions(kit: Kit) -> list[SearchService | MoreResults]:
    return [SearchService(kit), MoreResults(kit)]
