"""What files and the API may tell of an appointment: a number that an SMS reaches, a date to come, a status.

They are written by people, so they are judged more strictly than a connector's: what is wrong is said at once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.appointment_models import appointment
from bot.appointments import phones
from bot.appointments.facts import Facts
from bot.database import AnyRow

FARTHEST = timedelta(days=731)
OLDEST = timedelta(days=3653)
"""What is older is a slip of the pen; at the edges of the calendar a date can not even be told in another zone."""
_FEWEST = 9
OVERSEAS = "numéro d'outre-mer"
_PHONE = {
    "none": "téléphone : il manque",
    "invalid": "téléphone : ce n'est pas un numéro de téléphone",
    "landline": "téléphone : un fixe ne reçoit pas de SMS, il faut un mobile",
    "foreign": "téléphone : un numéro étranger ne peut pas recevoir nos SMS",
}


class Refused(ValueError):
    """An appointment can not be taken in; the message says why. `over`: only because its date has passed."""

    def __init__(self, reason: str, *, over: bool = False) -> None:
        super().__init__(reason)
        self.over = over


def mobile(written: str) -> phones.Phone:
    """A French mobile, overseas as well; « 33 6… » may have lost its +, as spreadsheets take it for a number."""
    digits = written.strip()
    if sum(sign.isdigit() for sign in digits) < _FEWEST and digits:
        raise Refused(_PHONE["invalid"])  # six digits are a number at Saint-Pierre, and a slip everywhere else
    phone = phones.read(f"+{digits}" if digits.isdigit() and digits.startswith("33") and len(digits) == 11 else digits)
    if phone.fault:
        raise Refused(_PHONE[phone.fault])
    return phone


def dialled(written: str) -> str:
    """The structure's own number as written: any that can be dialled, short ones as well."""
    short = written.isdigit() and len(written) in (3, 4)
    if not short and phones.read(written).fault == "invalid":
        raise Refused("téléphone de la structure : ce n'est pas un numéro de téléphone")
    return written


def is_overseas(phone: phones.Phone) -> bool:
    return not phone.e164.startswith("+33")


def timely(starts_at: datetime, now: datetime, *, known_how: bool) -> datetime:
    """A date to come, within two years; of one that has passed it may be told how it went (`known_how`)."""
    if starts_at > now + FARTHEST:
        raise Refused("date : dans plus de deux ans")
    if starts_at <= now and not known_how:
        raise Refused("date : elle est passée", over=True)
    if starts_at < now - OLDEST:
        raise Refused("date : il y a plus de dix ans")
    return starts_at


def on_the_wall(wall: datetime, zone: str) -> datetime:
    """An instant by the clock on the wall; raises Refused for an hour that is skipped, or comes twice."""
    there = zone_of(zone)
    early, late = wall.replace(tzinfo=there), wall.replace(tzinfo=there, fold=1)
    if early.utcoffset() == late.utcoffset():
        return early
    exists = early.astimezone(ZoneInfo("UTC")).astimezone(there).replace(tzinfo=None) == wall
    if not exists:
        raise Refused(f"{wall:%d/%m/%Y} : {wall:%H h %M} n'existe pas, on passe à l'heure d'été")
    raise Refused(
        f"{wall:%d/%m/%Y} : {wall:%H h %M} existe deux fois, on passe à l'heure d'hiver. "
        f"Écrivez {wall:%Y-%m-%dT%H:%M}{_offset(early)} ou {wall:%Y-%m-%dT%H:%M}{_offset(late)}"
    )


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused(f"fuseau « {name} » inconnu : écrivez par exemple Europe/Paris ou Indian/Reunion") from None


async def known(connection: AsyncConnection, source: str, ids: Collection[str]) -> dict[str, AnyRow]:
    """The appointments of a source that we have, by `source_id`, locked."""
    mine = (appointment.c.source == source, appointment.c.source_id.in_(ids))
    found = await connection.execute(select(appointment).where(*mine).order_by(appointment.c.id).with_for_update())
    return {row.source_id: row for row in found}


def heard(facts: Facts, was: AnyRow | None, *, said: bool) -> Facts:
    """The facts with the status that holds: whoever sends a list has not heard what the person told us since.

    Nothing `said` of it leaves what was; « still to come » does not undo the person's own cancelling. Another date
    begins anew.
    """
    if was is None or was.starts_at != facts.starts_at:
        return facts
    their_own = was.status == "excused" and was.answered_at is not None
    if not said or (facts.status == "unknown" and their_own):
        return replace(facts, status=was.status)
    return facts


def _offset(moment: datetime) -> str:
    shown = f"{moment:%z}"
    return f"{shown[:3]}:{shown[3:]}"
