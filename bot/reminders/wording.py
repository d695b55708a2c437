"""Words a reminder: who, when, where, and three answers to choose from; one SMS in French, whatever the place.

No surname, nothing of the person's rights, nothing that others may not read on a locked screen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import regex
from anyascii import anyascii

from bot.reminders import quiet
from bot.texts import Texts
from channels import sms_text
from channels.base import Reply
from knowledge import calendar_words
from knowledge.names import short_name

LONGEST_NAME = 20
_READABLE = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{Common}\p{Inherited}]+")
_ANSWERS = (
    ("confirm_appointment", "system_reminder_come"),
    ("cancel_appointment", "system_reminder_not_come"),
    ("reschedule_appointment", "system_reminder_move"),
)


@dataclass(frozen=True)
class Reminded:
    """An appointment as its reminder tells it; `language` is the one to write in."""

    appointment_id: UUID
    starts_at: datetime
    zone: str
    medium: str
    place: str
    first_name: str
    language: str


class Wording:
    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def reminder(self, one: Reminded, now: datetime, *, kind: str = "sms") -> Reply:
        """The message, as it is true today: see `says_until`."""
        local = one.starts_at.astimezone(ZoneInfo(one.zone))
        when = {
            "say": "system_reminder_when",
            "day": _day(local, now),
            "date": calendar_words.short_day(local.date(), one.language),
            "weekday": calendar_words.weekday(local.date(), one.language),
        }
        return self._texts.say(
            "system_reminder",
            kind=kind,
            language=one.language,
            seed=str(one.appointment_id),
            medium="nowhere" if one.medium == "place" and not one.place else one.medium,
            first_name=_in_letters_of(when["weekday"], short_name(one.first_name, LONGEST_NAME)),
            when=when,
            hour=calendar_words.short_hour(local.time(), one.language),
            place=one.place,
            choices=_choices(one),
        )


def says_until(one: Reminded, now: datetime) -> datetime | None:
    """Until when « demain » is true; None: what the message says stays true."""
    local = one.starts_at.astimezone(ZoneInfo(one.zone))
    if _day(local, now) != "tomorrow":
        return None
    return quiet.at(now.astimezone(local.tzinfo).date(), quiet.EVENING)


def _day(local: datetime, now: datetime) -> str:
    ahead = local.date() - now.astimezone(local.tzinfo).date()
    return {timedelta(): "today", timedelta(days=1): "tomorrow"}.get(ahead, "day")


def _choices(one: Reminded) -> list[dict[str, str]]:
    of = {"appointment": str(one.appointment_id), "starts_at": one.starts_at.astimezone(UTC).isoformat()}
    return [{"each": title, "payload": f"/{intent}{json.dumps(of)}"} for intent, title in _ANSWERS]


def _in_letters_of(message: str, name: str) -> str:
    """« Nguyễn » as Nguyen, « Оксана » as Oksana, where the message is in the letters of an SMS; else as it is.

    One letter of another alphabet would double what the message costs. A name that Latin letters would make
    unreadable (« أمينة » has no vowels written) is left out: the greeting does without.
    """
    spelled = sms_text.spelled(name)
    if sms_text.GSM.issuperset(spelled) or not sms_text.GSM.issuperset(sms_text.spelled(message)):
        return spelled
    return anyascii(spelled) if _READABLE.fullmatch(spelled) else ""
