"""When nobody is to be disturbed: from 20 h to 8 h, on Sundays and on holidays, by the clock of Lyon.

Pure. Every instant is aware; the hours are those on the wall, also on the two days when the clocks change.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays

from bot.clock import PARIS

MORNING = time(8)
EVENING = time(20)
_SUNDAY = 6


def is_quiet(moment: datetime) -> bool:
    """Whether nobody is to be disturbed at this instant."""
    local = moment.astimezone(PARIS)
    return is_day_off(local.date()) or not MORNING <= local.time() < EVENING


def next_allowed(moment: datetime) -> datetime:
    """This instant, or the next morning that is not quiet."""
    local = moment.astimezone(PARIS)
    day = local.date()
    if not is_day_off(day) and local.time() < EVENING:
        return max(moment, at(day, MORNING))
    day += timedelta(days=1)
    while is_day_off(day):
        day += timedelta(days=1)
    return at(day, MORNING)


def working_day_before(day: date) -> date:
    """The last day before this one that is neither a Sunday nor a holiday."""
    day -= timedelta(days=1)
    while is_day_off(day):
        day -= timedelta(days=1)
    return day


def at(day: date, hour: time) -> datetime:
    """An hour on the wall of Lyon."""
    return datetime.combine(day, hour, tzinfo=PARIS)


@lru_cache(maxsize=4000)
def is_day_off(day: date) -> bool:
    """A Sunday or a holiday."""
    return day.weekday() == _SUNDAY or day in _of_year(day.year)


@lru_cache(maxsize=20)
def _of_year(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FR", years=year))
