"""What a few French words choose of a numbered list of dates: « le 2 », « mardi », « celui du 3 décembre ». Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.dates import DAYS, Moment, find
from knowledge.lexicons import polite_words, spelled_out
from knowledge.words import fold, words

_FILE = Path(__file__).with_name("choosing.yml")
_NUMBER = re.compile(r"(\d{1,2})(?:er|ere|e|eme|nd|nde)?")
_MOST = 12
"""Longer than this, a message tells more than a choice."""


@dataclass(frozen=True)
class Chosen:
    """All that was said holds at once. `number` is a place in the list, or a day of the month: « le 2 »."""

    number: int | None = None
    place: int | None = None
    day: date | None = None
    weekday: int | None = None
    time: str | None = None

    def fits(self, place: int, starts: datetime) -> bool:
        """Whether the choice at this place (from 1) that starts then, on its own wall, may be meant."""
        if self.day is not None and starts.date() != self.day:
            return False
        if self.weekday is not None and starts.weekday() != self.weekday:
            return False
        if self.place is not None and place != self.place:
            return False
        if self.time and f"{starts:%H:%M}" != self.time:
            return False
        named = self.day is not None or self.weekday is not None  # « mardi 2 » is no place in the list
        return self.number is None or starts.day == self.number or (place == self.number and not named)


def chosen(text: str, today: date) -> Chosen | None:
    """What a text chooses and nothing else; None when it says more, or nothing of the kind."""
    said = spelled_out(text)
    if not said or len(said) > _MOST or "?" in text or "؟" in text:
        return None
    found = find(text, today)
    days = [one for one in found if one.kind == "date"]
    times = [one.value for one in found if one.kind == "time" and re.fullmatch(r"\d\d:\d\d", one.value)]
    free = [word.text for word in said if not any(one.start <= word.start < one.end for one in found)]
    rest = [word for word in free if word not in _around() and word not in polite_words()]
    places = [_places()[word] for word in rest if word in _places()]
    numbers = [int(number.group(1)) for word in rest if (number := _NUMBER.fullmatch(word))]
    if len(numbers) + len(places) != len(rest) or len(times) != len(found) - len(days):
        return None
    if max(len(days), len(numbers), len(places), len(times)) > 1 or not (days or rest):
        return None
    return _read(text, days, Chosen(_first(numbers), _first(places), time=_first(times)))


def _read(text: str, days: list[Moment], beside: Chosen) -> Chosen | None:
    if not days:
        return beside
    name = fold(text[days[0].start : days[0].end])
    if name in DAYS:
        return replace(beside, weekday=DAYS.index(name))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", days[0].value) is None:
        return None
    return replace(beside, day=date.fromisoformat(days[0].value))


def _first[T](values: list[T]) -> T | None:
    return values[0] if values else None


@lru_cache(maxsize=1)
def _around() -> frozenset[str]:
    return frozenset(word.text for phrase in _content()["around"] for word in words(phrase))


@lru_cache(maxsize=1)
def _places() -> dict[str, int]:
    return {fold(name): place for place, names in enumerate(_content()["places"], 1) for name in names}


def _content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(_FILE.read_bytes(), Loader=yaml.CBaseLoader)  # noqa: S506 (strings only: « no »)
    return content
