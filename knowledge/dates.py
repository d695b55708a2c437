"""French dates and times as people say them: « jeudi », « dans 2 semaines », « le 3 à 14h30 », « 2main matin ».

Values are ISO 8601 on the given clock's own day (Europe/Paris): a date `2026-12-03`, a week `2026-W49`, a month
`2026-12`, a time `14:30`, a part of a day as an interval `08:00/12:00`. No library found reads such sentences: those
that know French (dateparser) take tens of milliseconds and find dates in « le 2 » and « mars ».
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, Optional

from knowledge.lexicons import spelled_out
from knowledge.words import Word, distance

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = ("janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
          "decembre")  # fmt: skip
_SHORT = {"lun": "lundi", "mer": "mercredi", "jeu": "jeudi", "ven": "vendredi", "sam": "samedi", "dim": "dimanche",
          "janv": "janvier", "jan": "janvier", "fev": "fevrier", "fevr": "fevrier", "avr": "avril", "juil": "juillet",
          "sept": "septembre", "oct": "octobre", "nov": "novembre", "dec": "decembre"}  # fmt: skip
_NUMBERS = ("zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
            "treize", "quatorze", "quinze", "seize", "dix sept", "dix huit", "dix neuf", "vingt")  # fmt: skip
_MORNING, _AFTERNOON, _EVENING = "08:00/12:00", "12:00/18:00", "18:00/22:00"
_PARTS = {"matin": _MORNING, "mat": _MORNING, "matinee": _MORNING, "apres midi": _AFTERNOON, "aprem": _AFTERNOON,
          "soir": _EVENING, "soiree": _EVENING}  # fmt: skip
_RECENT = timedelta(days=60)

_DAY = "(?P<day>" + "|".join(DAYS) + ")"
_MONTH = "(?P<month>" + "|".join(MONTHS) + ")"
_COUNT = rf"(?P<count>\d{{1,3}}|une?|{'|'.join(_NUMBERS[2:])})"
_PART = rf"(?P<part>{'|'.join(sorted(_PARTS, key=len, reverse=True))})"
_NEXT = "(?:prochaine?|pro|proch|prochin|prochai|qui (?:vient|arrive)|suivante?)"
_HOUR = rf"(?P<hour>\d{{1,2}}|une|{'|'.join(_NUMBERS[2:])})"


@dataclass(frozen=True)
class Moment:
    """A date or a time: its ISO 8601 value and its span in the text as given."""

    kind: Literal["date", "time"]
    value: str
    start: int
    end: int


_Build = Callable[["re.Match[str]", date], Optional[str]]


def find(text: str, today: date) -> list[Moment]:
    """What a text says of days and hours, in order; nothing that only might be one (« le 2 », « 15 h par semaine »)."""
    said = [word._replace(text=_spelled(word.text)) for word in spelled_out(text)]
    line = _Line(text, said)
    dates = list(line.matches(_DATES, "date", today))
    return sorted([*dates, *line.matches(_times(bool(dates)), "time", today)], key=lambda moment: moment.start)


class _Line:
    """The folded words as one string, and where each of its letters stands in the text."""

    def __init__(self, text: str, said: list[Word]) -> None:
        self._text = text
        self._said = said
        self._line = " ".join(word.text for word in said)

    def matches(
        self, rules: list[tuple[re.Pattern[str], _Build]], kind: Literal["date", "time"], today: date
    ) -> Iterator[Moment]:
        taken: list[tuple[int, int]] = []
        for pattern, build in rules:
            for match in pattern.finditer(self._line):
                if any(match.start() < end and start < match.end() for start, end in taken):
                    continue
                value = build(match, today)
                span = self._span(match)
                if value is None or ("month_number" in match.groupdict() and not self._is_written_as_date(span)):
                    continue
                taken.append(match.span())
                yield Moment(kind, value, *span)

    def _span(self, match: re.Match[str]) -> tuple[int, int]:
        first = self._line.count(" ", 0, match.start())
        last = first + match.group().count(" ")
        return self._said[self._word(first)].start, self._said[self._word(last)].end

    def _word(self, place: int) -> int:
        """The index of the word that holds the place-th part: a word may be spelled out as several."""
        parts = 0
        for index, word in enumerate(self._said):
            parts += word.text.count(" ") + 1
            if place < parts:
                return index
        return len(self._said) - 1

    def _is_written_as_date(self, span: tuple[int, int]) -> bool:
        return bool(re.search(r"\d\s?[./-]\s?\d", self._text[span[0] : span[1]]))


@lru_cache(maxsize=2000)
def _spelled(word: str) -> str:
    """The name of a day or a month, well spelled; other words as they are."""
    if word in _SHORT:
        return _SHORT[word]
    if len(word) < 5 or word in ("mardis", "lundis"):
        return word
    near = [name for name in (*DAYS, *MONTHS) if len(name) > 4 and name[0] == word[0] and distance(word, name, 1) <= 1]
    return near[0] if near else word


def _number(said: str) -> int:
    return int(said) if said.isdigit() else 1 if said in ("un", "une") else _NUMBERS.index(said)


def _relative(match: re.Match[str], today: date) -> str:
    far = {"avant hier": -2, "hier": -1, "demain": 1, "apres demain": 2}
    return (today + timedelta(days=far.get(match.group("word"), 0))).isoformat()


def _in_a_while(match: re.Match[str], today: date) -> str:
    count, unit = _number(match.group("count")), match.group("unit")
    if unit.startswith("mois"):
        month = today.month - 1 + count
        return f"{today.year + month // 12}-{month % 12 + 1:02}"
    return (today + timedelta(days=count * (7 if unit.startswith("semaine") else 1))).isoformat()


def _weekday(match: re.Match[str], today: date) -> str:
    """The next one: « jeudi » said on a Thursday is in a week, « ce jeudi » is today."""
    ahead = (DAYS.index(match.group("day")) - today.weekday()) % 7
    if match.group("last"):
        return (today - timedelta(days=(7 - ahead) or 7)).isoformat()
    if not ahead and match.group("this") is None:
        ahead = 7
    return (today + timedelta(days=ahead + (7 if match.group("later") else 0))).isoformat()


def _calendar(match: re.Match[str], today: date) -> str | None:
    named = match.groupdict()
    month = MONTHS.index(named["month"]) + 1 if named.get("month") else int(named["month_number"])
    year = named.get("year")
    if year:
        return _iso(int(year) + (2000 if len(year) == 2 else 0), month, int(named["number"]))
    given = _iso(today.year, month, int(named["number"]))
    past = given is not None and date.fromisoformat(given) < today - _RECENT
    return _iso(today.year + 1, month, int(named["number"])) if past else given


def _day_of_month(match: re.Match[str], today: date) -> str | None:
    number = int(match.group("number"))
    if number >= today.day:
        return _iso(today.year, today.month, number)
    return _iso(today.year + today.month // 12, today.month % 12 + 1, number)


def _week(match: re.Match[str], today: date) -> str:
    year, week, _ = (today + timedelta(days=7 if match.groupdict().get("next") else 0)).isocalendar()
    return f"{year}-W{week:02}"


def _month(match: re.Match[str], today: date) -> str:
    return f"{today.year + today.month // 12}-{today.month % 12 + 1:02}"


def _weekend(match: re.Match[str], today: date) -> str:
    return (today + timedelta(days=(5 - today.weekday()) % 7)).isoformat()


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _hour(match: re.Match[str], today: date) -> str | None:
    named = match.groupdict()
    hour, part = _number(named["hour"]), _PARTS.get(named.get("part") or "")
    minutes = {"et demie": 30, "et demi": 30, "et quart": 15}.get(named.get("words") or "", 0)
    minutes = int(named.get("minutes") or minutes)
    if part in (_AFTERNOON, _EVENING) and hour < 12:
        hour += 12
    return f"{hour:02}:{minutes:02}" if hour < 24 and minutes < 60 else None


def _rules(*given: tuple[str, _Build]) -> list[tuple[re.Pattern[str], _Build]]:
    return [(re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"), build) for pattern, build in given]


_NUMBER = r"(?P<number>\d{1,2})(?:er)?"
_YEAR = r"(?: (?P<year>(?:19|20)\d\d|\d\d(?! ?h)))?"
_TIME_AHEAD = r"(?= (?:a|vers|des) \d{1,2} ?(?:h|:))"
_DATES = _rules(
    (rf"(?:le )?(?:(?:{'|'.join(DAYS)}) )?(?:le )?{_NUMBER} {_MONTH}(?: (?P<year>(?:19|20)\d\d))?", _calendar),
    (rf"(?:le )?(?:(?:{'|'.join(DAYS)}) )?(?:le )?(?P<number>\d{{1,2}}) (?P<month_number>\d{{1,2}}){_YEAR}", _calendar),
    (rf"(?:le )?(?:{'|'.join(DAYS)}) (?:le )?{_NUMBER}(?! ?h)(?! \d)", _day_of_month),
    (rf"le {_NUMBER}{_TIME_AHEAD}", _day_of_month),
    (
        r"(?:rendez vous|pour|avant|apres|jusqu) (?:le|du|au) (?P<number>[4-9]|[12]\d|3[01])(?! \d| ?h| rue| avenue)",
        _day_of_month,
    ),
    (r"(?P<word>apres demain|avant hier|aujourd hui|demain|hier)", _relative),
    (r"(?P<word>ce (?:matin|soir)|cet (?:apres midi|aprem)|cette nuit)", _relative),
    (rf"(?:dans|d ici|sous) {_COUNT} (?P<unit>jours?|semaines?|mois)", _in_a_while),
    (
        rf"(?:le )?(?P<this>ce )?{_DAY}(?: {_NEXT})?(?P<later> en (?:8|huit|quinze|15))?(?P<last> (?:dernier|passe))?",
        _weekday,
    ),
    (rf"(?:la|cette) semaine(?P<next> {_NEXT})", _week),
    (r"cette semaine", _week),
    (rf"le mois {_NEXT}", _month),
    (r"(?:ce|le) (?:week end|weekend|we)", _weekend),
)

_MINUTES = r"(?: ?(?P<minutes>[0-5]\d)(?! ?(?:min|rue)))?"
_AND_A_HALF = "(?: (?P<words>et demie?|et quart))?"
_OF_DAY = rf"(?: (?:du|de l|dans l) ?{_PART})"
_DAY_SAID = "|".join((*DAYS, *MONTHS, "ce", "cet", "cette", "demain", "hier", "aujourd hui", r"\d{4}"))
_NOT_A_LENGTH = r"(?! (?:par|de travail|d activite|semaine|hebdo|de retard|de route|de bus))"
_SURE = _rules(
    (rf"(?:a |vers |pour |des |de |avant |apres )?{_HOUR} ?(?:h|heures?) ?(?P<minutes>[0-5]\d){_OF_DAY}?", _hour),
    (rf"(?:a |vers )?{_HOUR} ?(?:h|heures?){_AND_A_HALF}{_OF_DAY}", _hour),
    (
        rf"(?:a|vers|pour|des|avant|apres|jusqu a) {_HOUR} ?(?:h|heures?){_AND_A_HALF}{_NOT_A_LENGTH}",
        _hour,
    ),
    (r"(?:a|vers) (?P<hour>\d{1,2}) (?P<minutes>[0-5]\d)(?! \d| rue| avenue)", _hour),
    (
        r"(?:a |vers |pour |avant )midi(?: et (?P<words>demie?|quart))?",
        lambda match, _: "12:30" if match.group("words") else "12:00",
    ),
    (r"(?:a |vers |avant )minuit", lambda match, _: "00:00"),
    (
        rf"(?:{_DAY_SAID})(?: dans l| dans la| au| en| l| le| prochain)? {_PART}",
        lambda match, _: _PARTS[match.group("part")],
    ),
)
_BESIDE_A_DATE = _rules(
    (rf"{_HOUR} ?(?:h|heures?){_AND_A_HALF}{_NOT_A_LENGTH}", _hour),
)


def _times(dated: bool) -> list[tuple[re.Pattern[str], _Build]]:
    """« 14h » beside a day is an hour; alone it may be how long something lasts."""
    return [*_SURE, *_BESIDE_A_DATE] if dated else _SURE
