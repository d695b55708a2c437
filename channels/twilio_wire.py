"""Twilio's forms, lists and answers, read: nothing here talks to anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit
from uuid import UUID

import httpx

from channels.base import DeliveryState, Inbound, Meaning, Receipt
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadRequest,
    ChannelError,
    Misconfigured,
    OptedOut,
    Refused,
    TryAgain,
)

LONGEST_FORM = 64 * 1024
MOST_FIELDS = 200
MOST_MEDIA = 10
LONGEST_NAME = 64

STATES: dict[str, DeliveryState] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}
# https://www.twilio.com/docs/api/errors: what is neither here nor in BY_STATUS is refused for good.
BY_CODE: dict[str, type[ChannelError]] = {
    **dict.fromkeys(("20429", "21611", "30001", "30003", "30008"), TryAgain),
    **dict.fromkeys(("20003", "20005", "20404", "21212", "21603", "21606", "21659", "21701", "21703"), Misconfigured),
    **dict.fromkeys(("21211", "21217", "21614", "21635", "30005", "30006"), BadAddress),
    "21610": OptedOut,
}
BY_STATUS: dict[int, type[ChannelError]] = {
    **dict.fromkeys((401, 403, 404, 407), Misconfigured),
    408: Ambiguous,
    429: TryAgain,
}


class Form(dict[str, list[str]]):
    """A form as it was signed: every value of every name."""

    def getlist(self, name: str) -> list[str]:
        return self[name]

    def first(self, *names: str) -> str:
        """The first value that is not empty, without NUL, which no database takes."""
        values = (value.replace("\0", "") for name in names for value in self.get(name, ()))
        return next((value for value in values if value), "")


@dataclass(frozen=True)
class Listed:
    """A message of Twilio's list; `at` is on our clock, None when its date makes no sense."""

    sid: str
    direction: str
    sender: str
    recipient: str
    body: str
    at: datetime | None
    segments: int
    media: int

    def as_inbound(self) -> Inbound:
        return Inbound(
            channel="twilio",
            provider_id=self.sid,
            address=self.sender,
            recipient=self.recipient,
            text=self.body,
            media=("application/octet-stream",) * min(self.media, MOST_MEDIA),
            sent_at=self.at,
        )


def read_form(body: bytes) -> Form:
    """Bytes as they came: UTF-8, or Latin-1 where they are not; raises BadRequest for a monster."""
    parts = [part for part in body.split(b"&") if part]
    if len(body) > LONGEST_FORM or len(parts) > MOST_FIELDS:
        raise BadRequest("Requête trop longue pour être un message de Twilio.")
    form = Form()
    for part in parts:
        name, _, value = part.partition(b"=")
        form.setdefault(_unquoted(name), []).append(_unquoted(value))
    return form


def _unquoted(quoted: bytes) -> str:
    raw = unquote_to_bytes(quoted.replace(b"+", b" "))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def inbound_of(form: Form) -> Inbound:
    return Inbound(
        channel="twilio",
        provider_id=_sid(form),
        address=_sender(form),
        recipient=form.first("To"),
        text=form.first("Body"),
        media=tuple(
            form.first(f"MediaContentType{index}") or "application/octet-stream"
            for index in range(min(whole_number(form.first("NumMedia")), MOST_MEDIA))
        ),
        opt_out=form.first("OptOutType").upper(),
    )


def _sid(form: Form) -> str:
    sid = form.first("MessageSid", "SmsMessageSid", "SmsSid").strip()
    if not sid or len(sid) > LONGEST_NAME:
        raise BadRequest("Requête sans MessageSid : ce n'est pas un message de Twilio.")
    return sid


def _sender(form: Form) -> str:
    sender = form.first("From").strip()
    if not sender or len(sender) > LONGEST_NAME:
        raise BadRequest("Requête sans From : on ne saurait pas à qui répondre.")
    return sender


def receipt_of(form: Form, target: str) -> Receipt | None:
    state = STATES.get(form.first("MessageStatus", "SmsStatus").strip().lower())
    sid = _sid(form)
    ours = parse_qs(urlsplit(target).query).get("message", [""])[0]
    code = form.first("ErrorCode")
    return Receipt(_uuid(ours), sid, state, code, _meaning(code)) if state else None


def _meaning(code: str) -> Meaning:
    match error_of(code):
        case TryAgain():
            return "passing"
        case BadAddress():
            return "address"
        case _:
            return "final"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def listed(entry: object, drift: timedelta) -> Listed | None:
    """A row of the list, None for what is not one; dates are brought to our clock by `drift`."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("sid"), str) or not entry["sid"]:
        return None
    at = read_date(entry.get("date_created")) or read_date(entry.get("date_sent"))
    return Listed(
        sid=entry["sid"],
        direction=_text(entry.get("direction")),
        sender=_text(entry.get("from")),
        recipient=_text(entry.get("to")),
        body=_text(entry.get("body")),
        at=at - drift if at else None,
        segments=whole_number(entry.get("num_segments")),
        media=whole_number(entry.get("num_media")),
    )


def failure(response: httpx.Response, code: str = "") -> ChannelError:
    """The error of an answer that is not a success, or not one that can be understood."""
    status = response.status_code
    if status < 300 or status >= 500:
        return Ambiguous(code or f"http {status}")
    kind = BY_CODE.get(code) or BY_STATUS.get(status) or (Misconfigured if status < 400 else Refused)
    return _error(kind, code or f"http {status}", _retry_after(response))


def error_of(code: str) -> ChannelError:
    """What a code means for a message, also when it comes in a receipt."""
    return _error(BY_CODE.get(code, Refused), code)


def _error(kind: type[ChannelError], code: str, retry_after: float | None = None) -> ChannelError:
    return TryAgain(retry_after, code) if issubclass(kind, TryAgain) else kind(code)


def _retry_after(response: httpx.Response) -> float | None:
    given = response.headers.get("Retry-After", "")
    if given.strip().isdecimal():
        return float(given)
    until, theirs = read_date(given), read_date(response.headers.get("Date"))
    return max((until - theirs).total_seconds(), 0.0) if until and theirs else None


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object; {} for anything else, such as a proxy's page."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def read_date(text: object) -> datetime | None:
    """An e-mail date, as the lists and HTTP write them; None for anything else."""
    try:
        date = parsedate_to_datetime(str(text or ""))
    except ValueError:
        return None
    if not 2000 <= date.year < 2100:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def whole_number(text: object) -> int:
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else 0


def _text(value: object) -> str:
    return value.replace("\0", "") if isinstance(value, str) else ""
