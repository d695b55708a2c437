"""What a source tells of one person at one meeting, whatever the source: nothing more than this is ever stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.clock import PARIS

Status = Literal["unknown", "seen", "excused", "revoked", "noshow"]
Medium = Literal["place", "phone", "video", "home"]
Change = Literal["new", "moved", "changed", "same", "old"]
"""What became of the facts: `moved` has another date, `changed` something else, `old` came after newer ones."""

CANCELLED = ("excused", "revoked")
RDV_SERVICE_PUBLIC = "rdv_service_public"
"""The source that has to be told of what a person decides, whoever told us of the appointment."""
ZONE = PARIS.key


@dataclass(frozen=True)
class Facts:
    """One appointment. `starts_at` and `told_at` (the source's own date of what it says) are aware.

    `source_id` is one person at one meeting; `meeting` is shared by those invited to it; `participation` is the
    number to write back to, "" where there is none. `phone` is as the source wrote it; `no_sms` when the person told
    the source that they want none, None when it does not say. `person_key` tells people without a phone apart.
    `place` is short enough for a message, and "" for somebody's home. `status` is None when the source says nothing of
    it that we understand.
    """

    source: str
    source_id: str
    starts_at: datetime
    told_at: datetime
    first_name: str = ""
    phone: str = ""
    no_sms: bool | None = None
    person_key: str = ""
    meeting: str = ""
    participation: str = ""
    zone: str = ZONE
    duration_min: int = 60
    medium: Medium = "place"
    place: str = ""
    structure_phone: str = ""
    kind: str = "other"
    structure: str = ""
    bring: str = ""
    language: str = ""
    status: Status | None = "unknown"
    reminded_upstream: bool = False
    notified_upstream: bool = False


@dataclass(frozen=True)
class SessionFacts:
    """One session, as whoever organises it tells it; `commune` is an INSEE code."""

    source: str
    source_id: str
    starts_at: datetime
    seats: int
    place: str = ""
    commune: str = ""
    structure: str = ""
    zone: str = ZONE
    duration_min: int = 120
    languages: tuple[str, ...] = ("fr",)
    accessibility: str = ""
    bring: str = ""
    cancelled: bool = False
