"""OpenStreetMap opening hours: open or not, until when, and in plain French.

Places are closed on French public holidays unless their hours speak of PH. Hours that cannot be
read, or that depend on something else ("unknown"), are not known: nothing here raises.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from opening_hours import OpeningHours, State, validate

from knowledge.languages import Languages

PARIS = ZoneInfo("Europe/Paris")
_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001 (a week on paper)
_DATED = re.compile(
    r"[A-Z][a-z]{2} \d|\[|week|easter|\d{4}(?!:)|SH|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|sun|dawn|dusk"
)
_HORIZON = timedelta(days=400)  # a place that opens once a year says when

Range = tuple[int, int]  # minutes since midnight; the end may be past the next one
Span = tuple[datetime, datetime]
_ROUND_THE_CLOCK: tuple[tuple[Range, ...], ...] = (((0, 24 * 60),),) * 7


@dataclass(frozen=True)
class Opening:
    """Whether a place is open; when `known` is false nothing else means anything."""

    open: bool
    until: datetime | None
    next_opening: datetime | None
    known: bool


UNKNOWN = Opening(open=False, until=None, next_opening=None, known=False)


def valid(hours: str) -> bool:
    """Whether the hours can be read at all."""
    return bool(hours.strip()) and _parse(hours) is not None


def opening(hours: str, at: datetime) -> Opening:
    """Open at `at` (aware) and until when, else when next; instants are in Europe/Paris."""
    parsed = _parse(hours)
    if parsed is None or at.tzinfo is None:
        return UNKNOWN
    wall = at.astimezone(PARIS).replace(tzinfo=None)
    if _is_unknown(parsed, wall):
        return UNKNOWN
    horizon = wall + _HORIZON
    for start, end in _openings(parsed, wall - timedelta(days=2), horizon):
        if start <= wall < end:
            return Opening(open=True, until=_instant(end) if end < horizon else None, next_opening=None, known=True)
        if start > wall:
            return Opening(open=False, until=None, next_opening=_instant(start), known=True)
    return Opening(open=False, until=None, next_opening=None, known=True)


@lru_cache(maxsize=4096)
def in_french(hours: str, *, short: bool = False) -> str:
    """The week in plain French, "" when the hours cannot be read.

    « du lundi au vendredi de 9 h à 12 h et de 14 h à 17 h ; le samedi de 9 h à 12 h », or, `short`
    as for an SMS, « lun-ven 9h-12h, 14h-17h ; sam 9h-12h ».
    """
    usual, varies = _usual(hours)
    written = _write(usual, short=short)
    if not written or not varies:
        return written
    return written + (" (selon les dates)" if short else " (les horaires changent selon les dates)")


def in_language(hours: str, language: str, *, short: bool = False) -> str:
    """The week in one of the nine languages: plain French, or « Mon-Fri 9:00-12:00, 14:00-17:00; Sat 9:00-12:00 »."""
    said = _languages().hours(language)
    if said is None:
        return in_french(hours, short=short)
    usual, varies = _usual(hours)
    if usual == _ROUND_THE_CLOCK:
        return str(said["always"])
    groups: dict[tuple[Range, ...], list[int]] = {}
    for number, day in enumerate(usual):
        if day:
            groups.setdefault(day, []).append(number)
    written = "; ".join(f"{_named(days, said)} {_clock(ranges)}" for ranges, days in groups.items())
    return f"{written} {said['varies']}" if written and varies else written


def _named(days: Sequence[int], said: Mapping[str, Any]) -> str:
    if len(days) == 7:
        return str(said["daily"])
    runs = itertools.groupby(enumerate(days), key=lambda pair: pair[1] - pair[0])
    stretches = ([day for _, day in run] for _, run in runs)
    return ", ".join("-".join(dict.fromkeys((said["days"][run[0]], said["days"][run[-1]]))) for run in stretches)


def _clock(ranges: Sequence[Range]) -> str:
    hours = ([minutes if minutes <= 24 * 60 else minutes - 24 * 60 for minutes in span] for span in ranges)
    return ", ".join("-".join(f"{minutes // 60}:{minutes % 60:02}" for minutes in span) for span in hours)


@lru_cache(maxsize=1)
def _languages() -> Languages:
    return Languages.from_file()


def _usual(hours: str) -> tuple[tuple[tuple[Range, ...], ...], bool]:
    """The commonest week, and whether there are others; an empty one when the hours cannot be read."""
    parsed = _parse(hours)
    if parsed is None:
        return ((),) * 7, False
    weeks = [_week(parsed, _MONDAY + timedelta(weeks=number)) for number in range(53 if _DATED.search(hours) else 1)]
    usual = max(filter(any, weeks), key=weeks.count, default=((),) * 7)
    return usual, any(week != usual for week in weeks)


@lru_cache(maxsize=4096)
def _parse(hours: str) -> OpeningHours | None:
    written = hours.strip()
    return OpeningHours(written) if written and validate(written) else None


@lru_cache(maxsize=32)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FR", years=year))


def _is_unknown(parsed: OpeningHours, wall: datetime) -> bool:
    if _heeds_holidays(str(parsed)) and wall.date() in _holidays(wall.year):
        return False
    return _with_holidays(str(parsed)).state(wall)[0] == State.UNKNOWN


@lru_cache(maxsize=4096)
def _heeds_holidays(hours: str) -> bool:
    """Whether the place is closed on public holidays: it does not speak of them, and is not open round the clock."""
    if re.search("PH|24/7", hours):
        return False
    return bool(_DATED.search(hours)) or _week(OpeningHours(hours), _MONDAY) != _ROUND_THE_CLOCK


@lru_cache(maxsize=4096)
def _with_holidays(hours: str) -> OpeningHours:
    return OpeningHours(hours, country="FR") if "PH" in hours else OpeningHours(hours)


def _openings(parsed: OpeningHours, since: datetime, until: datetime) -> Iterator[Span]:
    """When the place is open, on the clock of the wall, which is what opening hours are written for."""
    intervals = _with_holidays(str(parsed)).intervals(since, until)
    spans = _joined((start, end) for start, end, state, _ in intervals if state == State.OPEN)
    if not _heeds_holidays(str(parsed)):
        return spans
    return _joined(part for span in spans for part in _days_of(span) if part[0].date() not in _holidays(part[0].year))


def _days_of(span: Span) -> Iterator[Span]:
    """A night belongs to the day it began on; an opening of a day or more is cut at each midnight."""
    start, end = span
    while end - start >= timedelta(days=1):
        midnight = datetime.combine(start.date() + timedelta(days=1), datetime.min.time())
        yield start, midnight
        start = midnight
    if start < end:
        yield start, end


def _instant(wall: datetime) -> datetime:
    return wall.replace(tzinfo=PARIS).astimezone(UTC).astimezone(PARIS)


def _week(parsed: OpeningHours, monday: datetime) -> tuple[tuple[Range, ...], ...]:
    """The open ranges of each day; one that runs past midnight belongs to the day it starts on."""
    days: list[list[Range]] = [[] for _ in _DAYS]
    intervals = parsed.intervals(monday - timedelta(days=1), monday + timedelta(days=8))
    spans = _joined((start, end) for start, end, state, _ in intervals if state == State.OPEN)
    for start, end in itertools.chain.from_iterable(map(_days_of, spans)):
        day = (start.date() - monday.date()).days
        if 0 <= day < 7:
            since = start.hour * 60 + start.minute
            days[day].append((since, since + int((end - start).total_seconds()) // 60))
    return tuple(tuple(day) for day in days)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    start: datetime | None = None
    end: datetime | None = None
    for since, until in spans:
        if start is not None and end == since:
            end = until
            continue
        if start is not None and end is not None:
            yield start, end
        start, end = since, until
    if start is not None and end is not None:
        yield start, end


def _write(week: Sequence[tuple[Range, ...]], *, short: bool) -> str:
    if tuple(week) == _ROUND_THE_CLOCK:
        return "24h/24, 7j/7" if short else "tous les jours, jour et nuit"
    groups: dict[tuple[Range, ...], list[int]] = {}
    for number, day in enumerate(week):
        if day:
            groups.setdefault(day, []).append(number)
    lines = ((_days(days, short=short), _ranges(ranges, short=short)) for ranges, days in groups.items())
    return " ; ".join(f"{days} {ranges}" for days, ranges in lines)


def _days(days: Sequence[int], *, short: bool) -> str:
    if len(days) == 7:
        return "tous les jours"
    names = []
    for _, run in itertools.groupby(enumerate(days), key=lambda pair: pair[1] - pair[0]):
        names.extend(_run([day for _, day in run], short=short))
    return ", ".join(names) if short else _and(names)


def _run(days: Sequence[int], *, short: bool) -> list[str]:
    """Three days in a row or more are a stretch; fewer are named one by one."""
    first, last = _DAYS[days[0]], _DAYS[days[-1]]
    if len(days) < 3:
        return [_DAYS[day][:3] if short else f"le {_DAYS[day]}" for day in days]
    return [f"{first[:3]}-{last[:3]}" if short else f"du {first} au {last}"]


def _ranges(ranges: Sequence[Range], *, short: bool) -> str:
    if short:
        return ", ".join(f"{_hour(start, short=True)}-{_hour(end, short=True)}" for start, end in ranges)
    return _and([f"de {_hour(start)} à {_hour(end)}" for start, end in ranges])


def _hour(minutes: int, *, short: bool = False) -> str:
    hour, minute = divmod(minutes, 60)
    hour = hour if hour <= 24 else hour - 24
    if short:
        return f"{hour}h{minute:02}" if minute else f"{hour}h"
    return f"{hour} h {minute:02}" if minute else f"{hour} h"


def _and(names: Sequence[str]) -> str:
    return " et ".join(filter(None, (", ".join(names[:-1]), names[-1])))
