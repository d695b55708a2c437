"""SMS by Twilio: signed webhooks in, one API call a message out, its lists when in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from channels import sms_text, twilio_setup
from channels.base import Inbound, Listing, Lookup, Outbound, Receipt, Sent
from channels.errors import Ambiguous, BadSignature, ChannelError, Misconfigured, Refused, TryAgain
from channels.http_lanes import Lanes
from channels.twilio_setup import STATUS_PATH, TwilioSettings
from channels.twilio_wire import (
    Form,
    Listed,
    failure,
    inbound_of,
    json_object,
    listed,
    read_date,
    read_form,
    receipt_of,
    whole_number,
)

MOST_PAGES = 20
MOST_PAGES_RECEIVED = 500
"""50,000 messages: what a whole department writes in days, so that the list ends after the longest outage too."""
PAGE_SIZE = 100
CLOCK_SLACK = timedelta(seconds=5)
"""Twilio's dates are whole seconds, and its clock is read from a header of whole seconds too."""


def http_client() -> httpx.AsyncClient:
    """A client for `Twilio`, which limits a whole call itself: connecting gives up sooner, when nothing was sent.

    Twice as many connections as bulk sending uses, so that a reply always finds one; they are kept. Proxies and
    passwords of the environment are not read: the token goes to the provider.
    """
    return httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=4, pool=4), transport=Lanes(lanes=12, each=4), trust_env=False
    )


class Twilio:
    name = "twilio"
    kind = "sms"

    def __init__(
        self, settings: TwilioSettings, client: httpx.AsyncClient, now: Callable[[], datetime] | None = None
    ) -> None:
        self.settings = settings
        self._client = client
        self._now = now or (lambda: datetime.now(UTC))
        self._bases = [url.rstrip("/") for url in settings.public_urls]
        self._validators = [RequestValidator(token) for token in settings.auth_tokens]

    # In

    def receive(self, *, target: str, headers: Mapping[str, str], body: bytes) -> Inbound:
        """One inbound SMS. `target`: path and query as they came; `headers`: names in any case.

        Raises BadSignature and BadRequest.
        """
        return inbound_of(self._signed(target, headers, body))

    def receipt(self, *, target: str, headers: Mapping[str, str], body: bytes) -> Receipt | None:
        """One delivery receipt, None when it says nothing new (queued, sending); raises as `receive` does."""
        return receipt_of(self._signed(target, headers, body), target)

    def _signed(self, target: str, headers: Mapping[str, str], body: bytes) -> Form:
        form = read_form(body)
        signature = headers.get(SIGNATURE_HEADER) or ""
        algorithm = get_signature_algorithm(headers.get(SIGNATURE_SETTINGS_HEADER))
        # Never the request's own host: a proxy changes it, a stranger chooses it. RequestValidator tries
        # each address with and without its port.
        signed = [
            validator.validate(base + target, form, signature, algorithm)
            for base in self._bases
            for validator in self._validators
        ]
        if not any(signed):
            raise BadSignature()
        return form

    # Out

    async def send(self, outbound: Outbound) -> Sent:
        body = sms_text.body(outbound.reply)
        if not body:
            raise Refused("21602")
        data = {"To": outbound.address, "Body": body, **self._sender(outbound)}
        if self._bases:
            data["StatusCallback"] = f"{self._bases[0]}{STATUS_PATH}?message={outbound.message_id}"
        response = await self._call("POST", f"{self.settings.account_url}/Messages.json", data=data)
        answer = json_object(response)
        if response.is_success and isinstance(answer.get("sid"), str):
            counted = whole_number(answer.get("num_segments")) or sms_text.segments(body).count
            return Sent(answer["sid"], counted)
        raise failure(response, str(answer.get("code") or ""))

    def _sender(self, outbound: Outbound) -> dict[str, str]:
        number = outbound.sender or self.settings.sender
        if not self.settings.by_service:
            return {"From": number}
        service = {"MessagingServiceSid": self.settings.sender}
        # A number of the service's pool keeps the thread that the person wrote to.
        return {**service, "From": number} if number != self.settings.sender else service

    async def _call(self, method: str, url: str, **options: Any) -> httpx.Response:
        auth = (self.settings.account_sid, next(iter(self.settings.auth_tokens), ""))
        left = False

        async def trace(event: str, info: object) -> None:
            nonlocal left
            left = left or event.endswith("send_request_headers.started")

        try:
            async with asyncio.timeout(self.settings.call_seconds):
                return await self._client.request(method, url, auth=auth, extensions={"trace": trace}, **options)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Misconfigured("api url") from error
        except (httpx.HTTPError, TimeoutError) as error:
            # Waiting for a connection, or making one, is not yet asking for anything.
            raise (Ambiguous("no answer") if left else TryAgain(code="unreachable")) from error

    # Lists

    async def received_since(self, since: datetime) -> Listing:
        by_service = self.settings.by_service
        ours = await twilio_setup.pool(self.settings, self._fetch) if by_service else {self.settings.sender}
        to = {} if by_service else {"To": self.settings.sender}
        rows, whole = await self._listed(to, since - CLOCK_SLACK, MOST_PAGES_RECEIVED)
        inbound = [row for row in rows if row.direction == "inbound" and row.sender and row.recipient in ours]
        inbound.sort(key=lambda row: row.at or since)
        return Listing(tuple(row.as_inbound() for row in inbound), whole)

    async def find_sent(self, outbound: Outbound) -> Lookup:
        """Ask some minutes after the send, when the list has caught up; the oldest of equal entries comes first."""
        body = sms_text.body(outbound.reply)
        sender = {"From": outbound.sender} if outbound.sender.startswith("+") else {}
        rows, whole = await self._listed({"To": outbound.address, **sender}, outbound.created_at - CLOCK_SLACK)
        # A trial account puts a sentence of its own before ours.
        ours = [row for row in rows if row.recipient == outbound.address and row.body.endswith(body)]
        ours.sort(key=lambda row: row.body != body)
        entries = (Sent(row.sid, row.segments or sms_text.segments(body).count) for row in ours)
        return Lookup(tuple(sent for sent in entries if sent.provider_id not in outbound.lost), whole)

    async def _listed(
        self, query: Mapping[str, str], since: datetime, most_pages: int = MOST_PAGES
    ) -> tuple[list[Listed], bool]:
        """The messages since, oldest first, and whether the list was read far enough to have all of them.

        The dates are compared here: by DateSent the provider leaves out what it has not sent yet. Newest first.
        """
        url, found, asked = f"{self.settings.account_url}/Messages.json", dict[str, Listed](), set[str]()
        params: Mapping[str, str] = {**query, "PageSize": str(PAGE_SIZE)}
        while len(asked) < most_pages and url not in asked and self._is_ours(url):
            asked.add(url)
            try:
                page, drift = await self._page(url, params)
            except ChannelError:
                if len(asked) > 1:
                    break
                raise
            rows = [row for row in (listed(entry, drift) for entry in page["messages"]) if row]
            fresh = [row for row in rows if row.at is None or row.at >= since]
            found.update((row.sid, row) for row in fresh if row.sid not in found)
            following = page.get("next_page_uri")
            if not following or (rows and not fresh):
                return list(found.values())[::-1], True
            url, params = _joined(url, following), {}
        return list(found.values())[::-1], False

    async def _page(self, url: str, params: Mapping[str, str]) -> tuple[Mapping[str, Any], timedelta]:
        """A page, and how far the provider's clock is ahead of ours, which a demonstration may have moved."""
        response = await self._get(url, params)
        page = json_object(response)
        if not isinstance(page.get("messages"), list):
            raise TryAgain(code="broken list")
        theirs = read_date(response.headers.get("Date"))
        return page, theirs - self._now() if theirs else timedelta()

    async def _get(self, url: str, params: Mapping[str, str]) -> httpx.Response:
        try:
            # An empty mapping would drop the query that the address already has.
            response = await self._call("GET", url, params=params or None)
        except Ambiguous as error:
            raise TryAgain(code=error.code) from error
        if response.is_success:
            return response
        refusal = failure(response)
        raise refusal if isinstance(refusal, Misconfigured | TryAgain) else TryAgain(code=refusal.code)

    def _is_ours(self, url: str) -> bool:
        """The account's token goes to the provider's address only, whatever a page says comes next."""
        return bool(url) and urlsplit(url)[:2] == urlsplit(self.settings.api_url)[:2]

    # Running it

    async def problems(self) -> list[str]:
        """What `doctor` says: one plain sentence with its cure each, [] when all is well."""

        return await twilio_setup.problems(self.settings, self._fetch)

    async def _fetch(self, url: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        return json_object(await self._get(url, params))

    async def close(self) -> None:
        await self._client.aclose()


def _joined(url: str, following: object) -> str:
    try:
        return urljoin(url, following) if isinstance(following, str) else ""
    except ValueError:
        return ""
