"""What every action is handed, and how it reads a turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.appointments.answers import Answers
from bot.appointments.calendar import Calendars
from bot.appointments.desk import Desk
from bot.database import Database
from bot.handoff import Handoff, Heard
from bot.tasks import Tasks
from knowledge.articles import Articles
from knowledge.needs import Needs
from knowledge.places import Place, Places

Events = list[dict[str, Any]]
SEARCHED = ("need", "place", "branch_place")
"""What a search asks for."""
Words = dict[str, Any]
"""Variables of a response; one that is `{"say": "utter_…"}` is another response."""


@dataclass(frozen=True)
class Kit:
    """Built once, handed to every action."""

    database: Database
    tasks: Tasks
    handoff: Handoff
    calendars: Calendars
    answers: Answers
    places: Places
    needs: Needs
    articles: Articles
    desk: Desk


@dataclass(frozen=True)
class Turn:
    """One call: what was heard and what is remembered; says responses, and never a sentence of its own."""

    dispatcher: CollectingDispatcher
    tracker: Tracker

    @property
    def message_id(self) -> UUID | None:
        given = self._about.get("message_id")
        return UUID(given) if given else None

    @property
    def conversation_id(self) -> UUID:
        return UUID(self.tracker.sender_id)

    @property
    def language(self) -> str:
        return str(self._about.get("language") or "fr")

    @property
    def message(self) -> Heard:
        """The message itself, as the pipeline's use cases take it."""
        message_id = self.message_id
        assert message_id is not None  # noqa: S101 (the door gives it with every message)
        return Heard(self.conversation_id, message_id, str(self._about.get("kind") or ""), self.language)

    @property
    def text(self) -> str:
        """What was written; empty for a button."""
        text = str(self.tracker.latest_message.get("text") or "")
        return "" if text.startswith("/") else text

    @property
    def intent(self) -> str:
        return str(self.tracker.latest_message["intent"]["name"])

    @property
    def ranking(self) -> list[str]:
        return [ranked["name"] for ranked in self.tracker.latest_message.get("intent_ranking") or ()]

    @property
    def entities(self) -> list[dict[str, Any]]:
        return list(self.tracker.latest_message.get("entities") or ())

    def heard(self, entity: str, *, least: float = 0.0) -> list[str]:
        """The values of an entity in this message, in order, each once; `least` is the confidence asked for."""
        found = [one for one in self.entities if one["entity"] == entity and one.get("confidence_entity", 1) >= least]
        return list(dict.fromkeys(str(one.get("key") or one["value"]) for one in found))

    @property
    def awaited(self) -> str:
        """What our last question asked for, "" when none waits."""
        return str(self.slot("asked") or "") if self.slot("search_open") else ""

    @property
    def searching(self) -> bool:
        """Whether the question that waits is a search's."""
        return self.awaited in SEARCHED

    def slot(self, name: str) -> Any:
        return self.tracker.get_slot(name)

    def say(self, response: str, **words: Any) -> None:
        self.dispatcher.utter_message(response=response, **words)

    @property
    def _about(self) -> dict[str, Any]:
        return self.tracker.latest_message.get("metadata") or {}


class TopicAction(Protocol):
    """One action: its name in the topic's rules, and what it does in a turn."""

    name: str

    async def run(self, turn: Turn) -> Events: ...


def set_slots(**values: Any) -> Events:
    """Slot events, in the form in which Rasa reads them."""
    return [{"event": "slot", "name": name, "value": value, "timestamp": None} for name, value in values.items()]


def changes(events: Events, slots: dict[str, Any]) -> Events:
    """Each slot once, with its last value, and only where it changes: the engine reads every event again each turn."""
    last = {event["name"]: event for event in events if event["event"] == "slot"}
    others = [event for event in events if event["event"] != "slot"]
    return [*others, *(event for name, event in last.items() if slots.get(name) != event["value"])]


def choices(each: str, items: Iterable[tuple[str, Words]]) -> list[Words]:
    """One choice for each (payload, words), worded by the response `each`."""
    return [{"each": each, "payload": payload, **words} for payload, words in items]


def mark(fictional: Sequence[bool]) -> Words | str:
    """« exemple fictif », once a message."""
    return {"say": "utter_fictional"} if any(fictional) else ""


def place_words(place: Place) -> Words:
    """A place in full, and in short where room is scarce."""
    return {"place_label": place.label or place.name, "place_name": place.name}
