"""What a source tells of one meeting, read from its JSON: only what `Facts` has goes any further.

RDV Service Public and RDV-Insertion describe a meeting alike; what differs is who takes part, and by which numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.appointments import kinds
from bot.appointments.facts import RDV_SERVICE_PUBLIC, Facts, Medium, Status
from bot.connectors.reading import flag, identity, moment, section, text

log = logging.getLogger(__name__)

SOURCE = RDV_SERVICE_PUBLIC
"""Both systems tell of the same appointments, under the numbers of RDV Service Public: one source, one row."""
REPLAYED_AFTER = timedelta(hours=1)
"""A meeting « created » that is older than this is told again, not made: somebody set up a webhook."""
_CREDIBLE = timedelta(days=3650)
_STATUSES: dict[str, Status] = {
    "unknown": "unknown", "seen": "seen", "excused": "excused", "revoked": "revoked", "noshow": "noshow",
    "waiting": "unknown", "notexcused": "noshow",
}  # fmt: skip
_MEDIUMS: dict[str, Medium] = {"public_office": "place", "phone": "phone", "home": "home", "visio": "video"}
_LONGEST_PLACE = 160
_LONGEST_BRING = 200


@dataclass(frozen=True)
class Told:
    """One meeting as `connector` tells it. `told_at` is never later than when we heard it.

    `listed` says that it names who takes part; `whole` that each of them could be read, so that whoever is not
    `present` is gone. `changes` are the columns of the meeting itself, for when it names nobody.
    """

    connector: str
    meeting: str
    event: str
    told_at: datetime
    organisation: str = ""
    ends_at: datetime | None = None
    replayed: bool = False
    forgotten: bool = False
    facts: tuple[Facts, ...] = ()
    present: frozenset[str] = frozenset()
    listed: bool = False
    whole: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seat:
    """One person at a meeting, as a connector reads them; `user` is "" when nobody can tell who it is."""

    user: str
    number: str
    first_name: str
    phone: str
    status: Any
    given: Mapping[str, Any]
    no_sms: bool | None = None
    starts_at: datetime | None = None
    reminded_upstream: bool = False
    notified_upstream: bool = False


def told_at(meta: Mapping[str, Any], received_at: datetime) -> datetime:
    """The source's date of what it says; a clock that runs ahead must not silence what follows."""
    return min(moment(meta, "timestamp") or received_at, received_at)


def tell(
    connector: str,
    meeting: str,
    data: Mapping[str, Any],
    seats: Iterable[Seat] | None,
    *,
    at: datetime,
    event: str,
    meta: Mapping[str, Any],
) -> Told:
    """Everything that may be kept of a meeting; `seats` is None when the source did not say who takes part."""
    starts_at = _credible(moment(data, "starts_at"), at)
    about = _about(data, starts_at)
    placed = list(seats) if seats is not None else []
    if starts_at is None and event != "destroyed" and seats is None:
        log.warning("%s %s has no date that is possible: not changed", connector, meeting)
    facts = [fact for seat in placed if (fact := _fact(connector, meeting, seat, about, at)) is not None]
    return Told(
        connector=connector,
        meeting=meeting,
        event=event,
        told_at=at,
        organisation=identity(section(data, "organisation"), "id"),
        ends_at=starts_at + timedelta(minutes=about["duration_min"]) if starts_at else None,
        replayed=event == "created" and _is_old(data, placed, at),
        forgotten=event == "destroyed" and meta.get("webhook_reason") == "rgpd",
        facts=tuple(facts),
        present=frozenset(f"{meeting}:{seat.user}" for seat in placed if seat.user),
        listed=seats is not None,
        whole=seats is not None and all(seat.user for seat in placed),
        changes=_changes(connector, meeting, data, about),
    )


def status(connector: str, what: str, given: Any) -> Status | None:
    """One of our words; another one is logged, and says nothing: None, what was cancelled stays so."""
    if isinstance(given, str) and given in _STATUSES:
        return _STATUSES[given]
    if given is not None:
        log.warning("%s %s has a status that Relais does not know: not changed", connector, what)
    return None


def is_collective(data: Mapping[str, Any]) -> bool:
    """Whether its own status says nothing of those who take part."""
    return flag(data, "collectif", False) or flag(section(data, "motif"), "collectif", False)


def _about(data: Mapping[str, Any], starts_at: datetime | None) -> dict[str, Any]:
    motif, place, structure = section(data, "motif"), section(data, "lieu"), section(data, "organisation")
    category = section(motif, "motif_category")
    medium = _MEDIUMS.get(text(motif, "location_type"), "place")
    return {
        "starts_at": starts_at,
        "duration_min": _minutes(data, starts_at),
        "medium": medium,
        "place": _place(place) if medium == "place" else "",
        "structure_phone": text(place, "phone_number", 30) or text(structure, "phone_number", 30),
        "kind": kinds.known().of(text(category, "short_name"), text(category, "name"), text(motif, "name")),
        "structure": text(structure, "name"),
        "bring": kinds.known().harmless(text(motif, "instruction_for_rdv", 2000), _LONGEST_BRING),
    }


def _fact(connector: str, meeting: str, seat: Seat, about: Mapping[str, Any], at: datetime) -> Facts | None:
    starts_at = _credible(seat.starts_at, at) or about["starts_at"]
    if not seat.user or starts_at is None:
        why = "no date that is possible" if seat.user else "no number of its person"
        log.warning("%s %s: participation %s refused: %s", connector, meeting, seat.number or "?", why)
        return None
    return Facts(
        **{
            **about,
            "source": SOURCE,
            "source_id": f"{meeting}:{seat.user}",
            "meeting": meeting,
            "participation": seat.number if connector == SOURCE else "",
            "starts_at": starts_at,
            "told_at": at,
            "first_name": seat.first_name,
            "phone": seat.phone,
            "person_key": seat.user,
            "no_sms": seat.no_sms,
            "status": status(connector, f"participation {seat.number}", seat.status),
            "reminded_upstream": seat.reminded_upstream,
            "notified_upstream": seat.notified_upstream,
        }
    )


def _changes(connector: str, meeting: str, data: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    """What a word that names nobody says of everybody: never a status that belongs to each of several."""
    if about["starts_at"] is None:
        return {}
    changes = {**about, "phone": about["structure_phone"]}
    del changes["structure_phone"]
    if not is_collective(data) and (word := status(connector, meeting, data.get("status"))) is not None:
        changes["status"] = word
    return {name: value for name, value in changes.items() if value or name not in ("bring", "structure")}


def _is_old(data: Mapping[str, Any], seats: Iterable[Seat], at: datetime) -> bool:
    made = moment(data, "created_at")
    dates = [made] if made else [date for seat in seats if (date := moment(seat.given, "created_at"))]
    return bool(dates) and at - min(dates) > REPLAYED_AFTER


def _credible(instant: datetime | None, at: datetime) -> datetime | None:
    return instant if instant is not None and abs(instant - at) < _CREDIBLE else None


def _minutes(data: Mapping[str, Any], starts_at: datetime | None) -> int:
    given, ends_at = data.get("duration_in_min"), moment(data, "ends_at")
    if ends_at and starts_at and (not isinstance(given, int) or isinstance(given, bool)):
        given = int((ends_at - starts_at).total_seconds() // 60)
    return given if isinstance(given, int) and 0 < given <= 24 * 60 else 60


def _place(lieu: Mapping[str, Any]) -> str:
    """Name and address of the `lieu`, never the `address` of the meeting, which may be somebody's home."""
    name, address = text(lieu, "name"), text(lieu, "address")
    said = [part for part in (name, address) if part and kinds.known().may_say(part)]
    if len(said) == 2 and name.casefold() in address.casefold():
        said = [address]
    place = ", ".join(said)
    return (
        place if len(place) <= _LONGEST_PLACE else place[:_LONGEST_PLACE].rpartition(",")[0] or place[:_LONGEST_PLACE]
    )
