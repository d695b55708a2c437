"""People who text: signed webhooks, written before the clock starts."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from tests.bench.provider import Provider
from tests.bench.wire import Wire
from tests.standins.twilio import ACCOUNT, NUMBER, TOKENS
from tests.system import PUBLIC_URL

PATH = "/channels/twilio"
TURNS = (
    "bonjour",
    "une garde d'enfants à Bron",
    "merci",
    "d'autres",
    "vous êtes un robot ?",
    "passer le permis à Vaulx",
)
"""One turn in two calls a custom action; each is answered by one message."""

_signer = RequestValidator(TOKENS[0])
_sids = itertools.count(1)


class Letter(NamedTuple):
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Person:
    """One who texts over a connection of the provider's, and gets answers through its API."""

    number: str
    wire: Wire
    provider: Provider

    async def ask(self, text: str) -> float:
        """Seconds from the webhook's departure to the call of the provider's API with the answer."""
        letter = write(text, self.number)
        began = time.monotonic()
        status, _ = await self.wire.post(PATH, *letter)
        assert status == 200, status
        return await self.provider.next_call(self.number) - began


def write(text: str, number: str) -> Letter:
    """A message as Twilio posts it, signed."""
    sid = f"SM{next(_sids):032x}"
    form = {"MessageSid": sid, "SmsSid": sid, "AccountSid": ACCOUNT, "From": number, "To": NUMBER, "Body": text}
    form |= {"NumMedia": "0", "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01"}
    signature = _signer.compute_signature(PUBLIC_URL + PATH, form)
    fields = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return Letter(urlencode(form).encode(), fields)


def numbers(start: int) -> Iterator[str]:
    """Numbers of ARCEP's range for fiction."""
    return (f"+3363998{count:04}" for count in itertools.count(start))


async def person(url: str, provider: Provider, number: str) -> Person:
    return Person(number, await Wire.open(url), provider)
