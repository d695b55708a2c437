"""What a message names: a need, a place, a day, a kind of branch, a result. All of it from our own lists."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import clock
from knowledge import dates
from knowledge.languages import Languages
from knowledge.needs import Needs
from knowledge.places import Places

_FILE = Path(__file__).parent.parent / "entities.yml"
Found = Tuple[str, str, int, int, float, str]


@lru_cache(maxsize=1)
def _words() -> List[Tuple[str, str, "re.Pattern[str]"]]:
    data = yaml.load(_FILE.read_bytes(), Loader=yaml.CSafeLoader)
    return [
        (entity, str(value), re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE))
        for entity in ("branch_type", "ordinal", "aspect", "tone")
        for value, patterns in data[entity].items()
        for pattern in patterns
    ]


def find(text: str, places: Places, needs: Needs, languages: Languages, today: date) -> Iterator[Found]:
    """Entities of a text: name, value, start, end, score, key. A shared place is found once a candidate."""
    for match in places.find(text):
        for place in match.places:
            yield "place", place.code, match.start, match.end, match.score, place.key
    wanted = [] if languages.asked(text) else needs.find(text)[:1]
    for need in wanted:
        yield "need", need.value, need.start, need.end, need.score, ""
    for named in languages.named(text):
        if named.code and not wanted:  # « un cours d'anglais » is a need
            yield "language", named.code, named.start, named.end, 1.0, ""
    for moment in dates.find(text, today):
        yield moment.kind, moment.value, moment.start, moment.end, 1.0, ""
    for entity, value, pattern in _words():
        for hit in pattern.finditer(text):
            yield entity, value, hit.start(), hit.end(), 1.0, ""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class KnownEntities(EntityExtractorMixin, GraphComponent):
    """Finds needs, places and languages through knowledge/, kinds of branch and ordinals through nlu/entities.yml."""

    def __init__(self) -> None:
        self._places = Places.from_file()
        self._needs = Needs.from_file()
        self._needs.find("bonjour")  # what it prepares for the first message is ready before that comes
        self._languages = Languages.from_file()

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> KnownEntities:
        return cls()

    @classmethod
    def validate_config(cls, config: Dict[str, Any]) -> None:
        """Nothing can be set."""

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            text = message.get(TEXT) or ""
            if text.startswith("/"):
                continue
            named = find(text, self._places, self._needs, self._languages, _today(message))
            found = [self._as_rasa(*entity) for entity in _longest(named)]
            message.set("entities", message.get("entities", []) + found, add_to_output=True)
        return messages

    def _as_rasa(self, entity: str, value: str, start: int, end: int, score: float, key: str) -> Dict[str, Any]:
        more = {"key": key} if key else {}
        return {
            **more,
            "entity": entity,
            "value": value,
            "start": start,
            "end": end,
            "confidence_entity": score,
            "extractor": self.name,
        }


def _today(message: Message) -> date:
    """The day in Lyon by the pipeline's clock, which comes with the message; else by this process's own."""
    given = (message.get("metadata") or {}).get("today")
    return date.fromisoformat(given) if given else clock.today()


def _longest(found: Iterator[Found]) -> List[Found]:
    """A place or a need inside the name of a branch is none: « Maison de la Métropole de Lyon ».

    Nor is « le premier » a place, unless it may be one and nothing else says that it is a number; nor a number of
    results the « le 3 » of « le 3 à 14 h ».
    """
    kept = sorted(found, key=lambda entity: entity[2])
    moments = [entity for entity in kept if entity[0] in ("date", "time")]
    kept = [one for one in kept if one[0] != "ordinal" or not any(_overlap(one, other) for other in moments)]
    names = [entity for entity in kept if entity[0] in ("branch_type", "ordinal", "date", "time")]
    return [entity for entity in kept if entity in names or not any(_overlap(name, entity) for name in names)]


def _overlap(one: Found, other: Found) -> bool:
    return one[2] < other[3] and other[2] < one[3]
