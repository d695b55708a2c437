"""Judges a played year by the truth of its world alone: it knows nothing of how reminders are planned.

Its holidays are written out, its hours are its own. A reminder is *lost* when a worker was there to send it in its
time and neither a message left nor a reason was written.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.clock import PARIS
from tests.faults.year_world import Story, World

log = logging.getLogger(__name__)
_DAYS_OFF = """
    2026-01-01 2026-04-06 2026-05-01 2026-05-08 2026-05-14 2026-05-25 2026-07-14 2026-08-15 2026-11-01 2026-11-11
    2026-12-25 2027-01-01 2027-03-29 2027-05-01 2027-05-06 2027-05-08 2027-05-17 2027-07-14 2027-08-15 2027-11-01
    2027-11-11 2027-12-25 2028-01-01
"""
HOLIDAYS = frozenset(date.fromisoformat(day) for day in _DAYS_OFF.split())
LATEST = timedelta(hours=2)
MADE = timedelta(minutes=10)


@dataclass(frozen=True)
class Left:
    """A message that the provider took, and did not lose: when, for which appointment, and the date that it tells."""

    at: datetime
    source_id: str
    starts_at: datetime


@dataclass(frozen=True)
class Asked:
    """A reminder that the truth asks for: it has to leave from `since` on, before `until`."""

    story: Story
    starts_at: datetime
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Unsent:
    """A reminder that did not leave, in the time in which it might have, and why."""

    due_at: datetime
    valid_until: datetime
    reason: str


def judge(
    world: World,
    left: Sequence[Left],
    unsent: Mapping[tuple[str, datetime], Sequence[Unsent]],
    looks: Sequence[datetime],
) -> dict[str, int]:
    """Counts that must be 0, and some that tell. `unsent` is by appointment and date; `looks` is when a worker
    looked for what is due."""
    by_date: dict[tuple[str, datetime], list[Left]] = defaultdict(list)
    for one in left:
        by_date[one.source_id, one.starts_at].append(one)
    asked = [one for story in world.stories for one in asked_for(story, world.ends)]
    seen = [one for one in asked if any_between(looks, one.since, one.until)]
    missing = [one for one in seen if not _answered(one, by_date)]
    for one in missing:
        log.info("missing: %s at %s from %s to %s", one.story.source_id, one.starts_at, one.since, one.until)
    excuses = Counter(_excuse(one, unsent.get((one.story.source_id, one.starts_at), ())) for one in missing)
    lost = excuses.pop("", 0)
    stories = {story.source_id: story for story in world.stories}
    return {
        "messages that left": len(left),
        "reminders asked for": len(asked),
        "asked for while no worker was there": len(asked) - len(seen),
        **{f"not sent: {reason}": count for reason, count in sorted(excuses.items())},
        "lost": lost,
        "doubled": sum(count - 1 for count in _of_a_day(left).values()),
        "at night": sum(is_night(one.at) for one in left),
        "after the start": sum(one.at >= one.starts_at for one in left),
        "of a date that had changed": sum(_is_stale(stories[one.source_id], one) for one in left),
    }


EXCUSES = {"opted out", "unreachable number", "daily cap", "failed"}


def _excuse(one: Asked, unsent: Sequence[Unsent]) -> str:
    """The reason of its own row that is the number's or the provider's fault; "" when there is none."""
    mine = (row.reason for row in unsent if row.due_at < one.until and row.valid_until > one.since)
    return next((reason for reason in mine if reason in EXCUSES), "")


def broken(counts: Mapping[str, int]) -> dict[str, int]:
    wrong = (
        "lost",
        "lost: rows that nobody settled",
        "doubled",
        "at night",
        "after the start",
        "of a date that had changed",
    )
    return {name: number for name, number in counts.items() if name in wrong and number}


def asked_for(story: Story, ends: datetime) -> Iterator[Asked]:
    """What each date asks for while it holds: a week before, two days before, that morning; late, one at once.

    A day has one at most: each is asked for until the day of the next.
    """
    for place, word in enumerate(story.words):
        after = story.words[place + 1].at if place + 1 < len(story.words) else ends
        if word.status != "unknown":
            continue
        last_call = min(word.starts_at - LATEST, after, ends)
        told = [other.at for other in story.words[:place] if other.starts_at == word.starts_at]
        hours = _hours(word.starts_at.astimezone(PARIS))
        ahead = [hour for hour in hours if hour > word.at]
        if not ahead and not told:
            ahead = [word.at + MADE]
        days = [datetime.combine(hour.astimezone(PARIS).date(), time(), tzinfo=PARIS) for hour in ahead[1:]]
        for since, until in zip(ahead, [*days, last_call], strict=False):
            if since < min(until, last_call):
                yield Asked(story, word.starts_at, since, min(until, last_call))


def _hours(local: datetime) -> list[datetime]:
    week, two = (_open_day(local.date() - timedelta(days=days)) for days in (7, 2))
    morning = datetime.combine(local.date(), time(8), tzinfo=PARIS)
    if is_off(local.date()) or local.hour * 60 + local.minute < 660:
        morning = datetime.combine(_open_day(local.date() - timedelta(days=1)), time(18), tzinfo=PARIS)
    return [datetime.combine(week, time(10), tzinfo=PARIS), datetime.combine(two, time(10), tzinfo=PARIS), morning]


def _open_day(day: date) -> date:
    while is_off(day):
        day -= timedelta(days=1)
    return day


def is_off(day: date) -> bool:
    return day.isoweekday() == 7 or day in HOLIDAYS


def is_night(moment: datetime) -> bool:
    local = moment.astimezone(PARIS)
    return is_off(local.date()) or not 8 <= local.hour < 20


def any_between(moments: Sequence[datetime], since: datetime, until: datetime) -> bool:
    """Whether somebody looked while nobody slept; `moments` are in order."""
    place = bisect_left(moments, since)
    while place < len(moments) and moments[place] < until:
        if not is_night(moments[place]):
            return True
        place += 1
    return False


def _answered(one: Asked, by_date: Mapping[tuple[str, datetime], list[Left]]) -> bool:
    return any(one.since <= message.at < one.until for message in by_date.get((one.story.source_id, one.starts_at), ()))


def _of_a_day(left: Sequence[Left]) -> Counter[tuple[str, datetime, date]]:
    return Counter((one.source_id, one.starts_at, one.at.astimezone(PARIS).date()) for one in left)


def _is_stale(story: Story, one: Left) -> bool:
    word = story.truth(one.at)
    return word is None or word.starts_at != one.starts_at or word.status != "unknown"
