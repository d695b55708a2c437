"""The year that is played: who has an appointment when, what their sources say of it, and when the worker is down.

Made by a seeded chance, before anything runs. `Story` is the truth that the judge (`year_judge.py`) reads.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from bot.clock import PARIS

FAR, NEAR, LAST_MINUTE = (5.0, 30.0), (1.0, 4.0), (0.1, 1.0)
_NAMES = ("Amina", "Karim", "Fatoumata", "Jean-Baptiste", "Oksana", "Zoé", "Marie-Antoinette", "Ali")


@dataclass(frozen=True)
class Word:
    """What the source says from `at` on: another date, or that it is off."""

    at: datetime
    starts_at: datetime
    status: str = "unknown"


@dataclass
class Story:
    """One appointment, and all that is said of it, oldest first."""

    source_id: str
    phone: str
    first_name: str
    words: list[Word] = field(default_factory=list)

    def truth(self, moment: datetime) -> Word | None:
        """The last word by then."""
        place = bisect_right([word.at for word in self.words], moment)
        return self.words[place - 1] if place else None


@dataclass(frozen=True)
class Telling:
    """A story's `index`-th word reaches us at `at`: the first time, again, or late."""

    at: datetime
    story: Story
    index: int


@dataclass
class World:
    """`down` are the spans in which no worker runs, in order."""

    begins: datetime
    ends: datetime
    stories: list[Story]
    tellings: list[Telling]
    down: list[tuple[datetime, datetime]]

    def is_up(self, moment: datetime) -> bool:
        return not any(start <= moment < end for start, end in self.down)


def make(appointments: int, begins: date, days: int, seed: int = 1) -> World:
    """A world of so many appointments, known from the first day on."""
    chance = random.Random(seed)
    first = datetime.combine(begins, time(6), tzinfo=PARIS)
    last = first + timedelta(days=days)
    stories = [_story(chance, number, first, days) for number in range(appointments)]
    tellings = [telling for story in stories for telling in _tellings(chance, story)]
    tellings.sort(key=lambda telling: telling.at)
    return World(first, last, stories, tellings, list(_outages(chance, first, last)))


def _story(chance: random.Random, number: int, first: datetime, days: int) -> Story:
    known = _office_hour(chance, first + timedelta(days=chance.uniform(0, days)))
    lead = chance.choices((FAR, NEAR, LAST_MINUTE), (70, 20, 10))[0]
    starts_at = _slot(chance, known + timedelta(days=chance.uniform(*lead)), known)
    # A tenth share their number with somebody else: a couple, a parent.
    phone = f"+3363998{(number if chance.random() > 0.1 else number // 2) % 10000:04}"
    story = Story(f"S{number}", phone, chance.choice(_NAMES), [Word(known, starts_at)])
    for _ in range(chance.choices((0, 1, 2), (80, 15, 5))[0]):
        _changed(chance, story)
    return story


def _changed(chance: random.Random, story: Story) -> None:
    """Moved, called off, or on again, while it is still to come."""
    last = story.words[-1]
    room = (last.starts_at - last.at) / 2
    at = last.at + room * chance.random()
    if last.starts_at - at < timedelta(hours=1):
        return
    if last.status != "unknown":
        story.words.append(Word(at, last.starts_at))
    elif chance.random() < 0.35:
        story.words.append(Word(at, last.starts_at, chance.choice(("excused", "revoked"))))
    else:
        days = chance.uniform(-2, 14)
        story.words.append(Word(at, _slot(chance, max(at, last.starts_at + timedelta(days=days)), at)))


def _tellings(chance: random.Random, story: Story) -> list[Telling]:
    """Each word once, in time; a fifth is told again, some of it long after, when newer words are known."""
    told = [Telling(word.at, story, index) for index, word in enumerate(story.words)]
    for telling in list(told):
        while chance.random() < 0.2:
            told.append(Telling(telling.at + timedelta(days=chance.expovariate(0.3)), story, telling.index))
    return told


def _outages(chance: random.Random, first: datetime, last: datetime) -> list[tuple[datetime, datetime]]:
    spans, moment = [], first
    while moment < last:
        moment += timedelta(days=chance.expovariate(1 / 5))
        end = moment + timedelta(hours=min(chance.expovariate(1 / 8), 72))
        spans.append((moment, end))
        moment = end
    return spans


def _office_hour(chance: random.Random, moment: datetime) -> datetime:
    """When an agent types it: mostly by day, sometimes at night by a machine."""
    day = moment.astimezone(PARIS).date()
    hour = chance.uniform(8, 18) if chance.random() < 0.9 else chance.uniform(0, 24)
    return datetime.combine(day, time(), tzinfo=PARIS) + timedelta(minutes=int(hour * 60))


def _slot(chance: random.Random, moment: datetime, after: datetime) -> datetime:
    """A quarter of an hour between 8 h 30 and 17 h 30, Sundays too, an hour or more after it is said."""
    local = max(moment, after + timedelta(hours=1)).astimezone(PARIS)
    quarters = chance.randint(34, 70)
    slot = datetime.combine(local.date(), time(quarters // 4, quarters % 4 * 15), tzinfo=PARIS)
    return slot if slot > after + timedelta(hours=1) else slot + timedelta(days=1)
