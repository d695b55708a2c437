"""Dates and hours as each of the nine languages says them: « jeudi 3 décembre à 14 h ». Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.languages import FIRST

_FILE = Path(__file__).with_name("calendar_words.yml")


def moment(local: datetime, language: str = FIRST) -> str:
    """A day and an hour; `local` is on the wall of where it takes place. French where the language is not ours."""
    words = _of(language)
    return str(words["moment"]).format(**_parts(local.date(), words), hour=hour(local.time(), language))


def day(local: date, language: str = FIRST) -> str:
    """A day alone: « jeudi 3 décembre »."""
    words = _of(language)
    return str(words["date"]).format(**_parts(local, words))


def short_day(local: date, language: str = FIRST) -> str:
    """The day as briefly as an SMS needs it: « jeudi 3 décembre », « четвер 3.12 »."""
    words = _of(language)
    return str(words.get("short", words["date"])).format(**_parts(local, words), number=f"{local.month:02}")


def weekday(local: date, language: str = FIRST) -> str:
    """« jeudi »."""
    return str(_of(language)["weekdays"][local.weekday()])


def hour(local: time, language: str = FIRST) -> str:
    """« 14 h », « 14 h 30 » in French, « 14:30 » elsewhere."""
    if _of(language) is not _of(FIRST):
        return f"{local.hour}:{local.minute:02}"
    return f"{local.hour} h {local.minute:02}" if local.minute else f"{local.hour} h"


def short_hour(local: time, language: str = FIRST) -> str:
    """Without spaces: « 14h30 »."""
    return hour(local, language).replace(" ", "")


def _parts(local: date, words: Mapping[str, Any]) -> dict[str, str]:
    first = local.day == 1 and words is _of(FIRST)
    return {
        "weekday": words["weekdays"][local.weekday()],
        "day": "1er" if first else str(local.day),
        "month": words["months"][local.month - 1],
    }


def _of(language: str) -> Mapping[str, Any]:
    known = _read()
    return known.get(language, known[FIRST])


@lru_cache(maxsize=1)
def _read() -> dict[str, Mapping[str, Any]]:
    content: dict[str, Mapping[str, Any]] = yaml.load(_FILE.read_bytes(), Loader=yaml.CSafeLoader)
    return content
