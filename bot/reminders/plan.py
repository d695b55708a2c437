"""Which reminders an appointment gets, and when: the default is a week before, two days before, and that morning.

Pure. A day off gives its reminder to the working day before it. What a plan does not send is named with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bot.clock import PARIS
from bot.reminders import quiet

FILE = Path(__file__).resolve().parents[2] / "knowledge" / "reminders.yml"
TOO_LATE = timedelta(hours=2)
"""A reminder that comes later than this before the appointment helps nobody to get there."""
ROOM = timedelta(hours=1)
"""What the queue of a morning may take to leave: an appointment nearer to it is reminded the evening before."""
GRACE = timedelta(minutes=10)
"""What was just written is often corrected at once: a reminder of something made late waits this long."""
EVE = time(18)
THEY_CHOOSE = time(3)
"""When RDV Service Public lists whom it reminds two days later; whoever is not on the list then gets nothing of it."""

MADE_LATE, REMINDED_UPSTREAM, LATE, SAME_DAY = "made late", "reminded upstream", "too late", "the next is the same day"
HELD_TOO_LONG = "held too long"


@dataclass(frozen=True)
class Plan:
    """`days` before the appointment, the longest first; `upstream_day` is when the source reminds by itself."""

    days: tuple[int, ...] = (7, 2, 0)
    hour: time = time(10)
    upstream_counts: bool = True
    upstream_day: int = 2


@dataclass(frozen=True)
class Planned:
    """One reminder: `due_at` is when it may leave, `valid_until` when it says nothing useful any more."""

    kind: str
    due_at: datetime
    valid_until: datetime
    skipped: str = ""


class Plans:
    """The plan of each structure, and the one of all others."""

    def __init__(self, default: Plan, by_structure: dict[str, Plan]) -> None:
        self._default = default
        self._by_structure = by_structure

    @classmethod
    def from_file(cls, path: Path = FILE) -> Plans:
        given = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        default = _plan(given["default"], Plan())
        return cls(default, {name: _plan(own, default) for name, own in (given.get("structures") or {}).items()})

    def of(self, structure: str) -> Plan:
        return self._by_structure.get(structure, self._default)


def plan(
    starts_at: datetime, now: datetime, rule: Plan, *, zone: str = "Europe/Paris", reminded_upstream: bool = False
) -> list[Planned]:
    """The reminders of an appointment as it is known now, in order; [] when it has begun."""
    if starts_at <= now or not rule.days:
        return []
    last_call, local = starts_at - TOO_LATE, starts_at.astimezone(ZoneInfo(zone))
    theirs = _their_day(local, now, rule) if reminded_upstream and rule.upstream_counts else None
    dues = [_due(local, days, rule) for days in rule.days]
    if dues[-1] < now:  # everything would have left by now: one is sent all the same
        dues[-1] = quiet.next_allowed(now + GRACE)
    made = []
    for days, due in zip(rule.days, dues, strict=True):
        own = theirs is None or days != rule.upstream_day
        given = _beside(due, theirs) if own else due
        reason = _reason(given, now, last_call) if own else REMINDED_UPSTREAM
        taken = own and given != due and reason == LATE  # the day after theirs is too late
        made.append(Planned(f"j{days}", given, last_call, REMINDED_UPSTREAM if taken else reason))
    return [_before(one, theirs) for one in _ended_by_the_next(made)]


def _their_day(local: datetime, now: datetime, rule: Plan) -> date | None:
    """The day on which the source reminds; None when it chose before it knew of this appointment: it will not."""
    day = local.date() - timedelta(days=rule.upstream_day)
    return day if now < quiet.at(day, THEY_CHOOSE) else None


def _beside(due: datetime, theirs: date | None) -> datetime:
    """Never two systems on one day: what falls on theirs leaves on the next day that it may."""
    if theirs is None or due.astimezone(PARIS).date() != theirs:
        return due
    return quiet.next_allowed(quiet.at(theirs + timedelta(days=1), time()))


def _before(one: Planned, theirs: date | None) -> Planned:
    """What comes before their day is not to be caught up with on it."""
    if theirs is None or one.due_at >= (midnight := quiet.at(theirs, time())):
        return one
    return replace(one, valid_until=min(one.valid_until, midnight))


def _due(local: datetime, days: int, rule: Plan) -> datetime:
    day = local.date() - timedelta(days=days)
    if days == 0:
        morning = quiet.at(day, quiet.MORNING)
        in_time = morning + ROOM <= local - TOO_LATE and not quiet.is_day_off(day)
        return morning if in_time else quiet.at(quiet.working_day_before(day), EVE)
    return quiet.at(quiet.working_day_before(day) if quiet.is_day_off(day) else day, rule.hour)


def _reason(due: datetime, now: datetime, last_call: datetime) -> str:
    if due < now:
        return MADE_LATE
    return LATE if due >= last_call else ""


def _ended_by_the_next(made: Sequence[Planned]) -> list[Planned]:
    """Each is worth sending until the day of the next one: a day has one, and whoever was away for days gets one."""
    ended, until = [], made[-1].valid_until
    for one in reversed(made):
        skipped = one.skipped or (SAME_DAY if one.due_at >= until else "")
        ended.append(replace(one, valid_until=until, skipped=skipped))
        if not skipped:
            until = min(until, quiet.at(one.due_at.astimezone(PARIS).date(), time()))
    return ended[::-1]


def _plan(given: dict[str, Any], default: Plan) -> Plan:
    days = tuple(sorted(given.get("days", default.days), reverse=True))
    hour = time.fromisoformat(given["hour"]) if "hour" in given else default.hour
    counts = bool(given.get("upstream_counts", default.upstream_counts))
    return Plan(days, hour, counts, int(given.get("upstream_day", default.upstream_day)))
