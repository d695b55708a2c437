"""Plays Twilio over real HTTP: its REST API, its lists, and its signed webhooks; it fails as it is told to."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit
from uuid import uuid4

import httpx
from twilio.request_validator import RequestValidator

from bot import clock
from channels import sms_text
from tests.standins.server import serving

ACCOUNT = "AC00000000000000000000000000000000"
TOKENS = ("first-token", "second-token")
NUMBER = "+33939980000"
HTML = "<html><body>Bad gateway</body></html>"


@dataclass(frozen=True)
class Fault:
    """What happens to one API call. `accepted`: the message goes out all the same."""

    manner: Literal["answer", "html", "hang", "cut"] = "answer"
    accepted: bool = False
    status: int = 500
    code: int = 0
    retry_after: str = ""


TOO_MANY = Fault(status=429, code=20429, retry_after="3")
FAILS_BEFORE = Fault(status=500)
FAILS_AFTER = Fault(status=500, accepted=True)
HANGS_BEFORE = Fault("hang")
HANGS_AFTER = Fault("hang", accepted=True)
CUTS_BEFORE = Fault("cut")
CUTS_AFTER = Fault("cut", accepted=True)
BROKEN_AFTER = Fault("html", accepted=True, status=201)
UNAUTHORISED = Fault(status=401, code=20003)


def refuses(code: int, status: int = 400) -> Fault:
    return Fault(status=status, code=code)


@dataclass(frozen=True)
class Call:
    """One POST to Messages.json; `sid` is "" when no message came of it."""

    form: Mapping[str, str]
    sid: str
    fault: Fault | None
    connection: tuple[str, int]
    at: float = field(default_factory=time.monotonic)


class TwilioStandin:
    """`async with TwilioStandin.started() as twilio:` then `twilio.api_url`; webhooks go to `twilio.webhooks`.

    `faults` are spent one a call; then `fault(form)` is asked. `receipts(message)` names the states to report for a
    message, in the order wanted, repeats included. `lie(page)` may change a page of a list, or give HTML or a status.
    """

    def __init__(self) -> None:
        self.api_url = ""
        self.webhooks = ""
        self.public_url = ""
        """What webhooks are signed for, when that is not where they are sent."""
        self.retries = 0
        self.retry_pause = 0.2
        self.calls: list[Call] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.statuses: list[int] = []
        """The answers that our webhooks got; 0 for a connection that failed."""
        self.faults: deque[Fault | None] = deque()
        self.fault: Callable[[Mapping[str, str]], Fault | None] = lambda form: None
        self.receipts: Callable[[Mapping[str, Any]], Iterable[str]] = lambda message: ()
        self.lie: Callable[[dict[str, Any]], object] = lambda page: page
        self.numbers: list[dict[str, Any]] = []
        self.service: dict[str, Any] = {}
        self.pool: dict[str, list[str]] = {"PhoneNumbers": [NUMBER], "ShortCodes": []}
        """What the service sends from and receives at; a list that lacks is refused."""
        self._changed = asyncio.Event()
        self._released = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()
        self._client = httpx.AsyncClient(verify=False, timeout=15, limits=httpx.Limits(max_connections=100))

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls) -> AsyncIterator[Self]:
        twilio = cls()
        async with serving(twilio) as url:
            twilio.api_url = url
            yield twilio
            twilio._released.set()
            for task in twilio._tasks:
                task.cancel()
            await asyncio.gather(*twilio._tasks, return_exceptions=True)
            await twilio._client.aclose()

    async def wait_for(self, predicate: Callable[[], object], timeout: float = 10) -> None:
        """Return as soon as it is true; it is looked at after every call, message and answered webhook."""
        async with asyncio.timeout(timeout):
            while not predicate():
                await self._changed.wait()

    def sent(self) -> list[str]:
        """The bodies of the messages accepted, in order."""
        return [message["body"] for message in self.messages.values() if message["direction"] == "outbound-api"]

    # The API

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        body = b""
        while (event := await receive())["type"] == "http.request":
            body += event["body"]
            if not event.get("more_body"):
                break
        status, answer, headers = 401, {"code": 20003, "message": "Authenticate", "status": 401}, {}
        if self._is_authentic(dict(scope["headers"])):
            outcome = await self._outcome(scope, body)
            if outcome is None:
                send.__self__.transport.abort()
                return
            status, answer, headers = outcome
        await _answer(send, status, answer, headers)

    def _is_authentic(self, headers: Mapping[bytes, bytes]) -> bool:
        given = headers.get(b"authorization", b"").removeprefix(b"Basic ")
        return given in {base64.b64encode(f"{ACCOUNT}:{token}".encode()) for token in TOKENS}

    async def _outcome(self, scope: Any, body: bytes) -> tuple[int, Any, dict[str, str]] | None:
        path, query = scope["path"], _flat(scope["query_string"].decode())
        match scope["method"], path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT}"):
            case "POST", "/Messages.json":
                return await self._create(_flat(body.decode()), scope["client"])
            case "GET", "/Messages.json":
                return self._lied(self._page(query, path))
            case "GET", "/IncomingPhoneNumbers.json":
                asked = [row for row in self.numbers if row["phone_number"] == query.get("PhoneNumber")]
                return 200, {"incoming_phone_numbers": asked, "next_page_uri": None}, {}
            case "GET", _ if path == f"/v1/Services/{self.service.get('sid')}":
                return 200, self.service, {}
            case "GET", _ if path.startswith("/v1/Services/") and (kind := path.split("/")[-1]) in self.pool:
                rows, name = (
                    ("phone_numbers", "phone_number") if kind == "PhoneNumbers" else ("short_codes", "short_code")
                )
                listed = [{"sid": f"PN{place}", name: number} for place, number in enumerate(self.pool[kind])]
                return 200, {rows: listed, "meta": {"next_page_url": None}}, {}
        return 404, {"code": 20404, "message": "Not found", "status": 404}, {}

    async def _create(self, form: Mapping[str, str], client: Any) -> tuple[int, Any, dict[str, str]] | None:
        fault = self.faults.popleft() if self.faults else self.fault(form)
        if fault is None and not form.get("Body"):
            fault = refuses(21602)
        message = self._accept(form) if fault is None or fault.accepted else None
        self.calls.append(Call(form, message["sid"] if message else "", fault, tuple(client)))
        self._pulse()
        if fault is None:
            return 201, message, {}
        if fault.manner == "hang":
            await self._released.wait()
        if fault.manner in ("hang", "cut"):
            return None
        if fault.manner == "html":
            return fault.status, HTML, {}
        sentence = f"To {form.get('To')}: {form.get('Body')}"
        answer = {"code": fault.code, "message": sentence, "status": fault.status} if fault.code else HTML
        return fault.status, answer, {"retry-after": fault.retry_after} if fault.retry_after else {}

    def _accept(self, form: Mapping[str, str]) -> dict[str, Any]:
        sender = form.get("From") or NUMBER
        message = self._record("outbound-api", sender, form.get("To", ""), form.get("Body", ""), status="queued")
        if callback := form.get("StatusCallback"):
            message["_callback"] = callback
            if states := list(self.receipts(message)):
                self._start(self._report_all(message["sid"], states))
        return message

    def _record(self, direction: str, sender: str, to: str, body: str, **more: Any) -> dict[str, Any]:
        sid = more.pop("sid", None) or f"SM{uuid4().hex}"
        at = formatdate(more.pop("at", None) or clock.now().timestamp()).replace("-0000", "+0000")
        dates = {"date_created": at, "date_updated": at, "date_sent": None if more.get("status") == "queued" else at}
        message = {"sid": sid, "account_sid": ACCOUNT, "direction": direction, "from": sender, "to": to, "body": body}
        message |= {**dates, "num_segments": str(sms_text.segments(body).count), "num_media": "0", **more}
        self.messages.setdefault(sid, message)
        self._pulse()
        return self.messages[sid]

    def _page(self, query: Mapping[str, str], path: str) -> dict[str, Any]:
        wanted = {name: query[name] for name in ("To", "From") if name in query}
        rows = [
            {key: value for key, value in row.items() if not key.startswith("_")}
            for row in reversed(self.messages.values())
            if all(row[name.lower()] == value for name, value in wanted.items())
        ]
        size, number = int(query.get("PageSize", 50)), int(query.get("Page", 0))
        following = urlencode({**wanted, "PageSize": size, "Page": number + 1, "PageToken": f"PA{number + 1}"})
        more = len(rows) > (number + 1) * size
        return {
            "messages": rows[number * size : (number + 1) * size],
            "page": number,
            "page_size": size,
            "next_page_uri": f"{path}?{following}" if more else None,
        }

    def _lied(self, page: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        told = self.lie(page)
        return (told, HTML, {}) if isinstance(told, int) else (200, told, {})

    # Its webhooks

    def write(self, body: str | None, *, sender: str, sid: str = "", to: str = NUMBER, **more: str) -> dict[str, str]:
        """A person writes: the message is in the list, whether or not its form is ever posted."""
        at = float(more.pop("at", 0)) or None
        row = self._record("inbound", sender, to, body or "", sid=sid, at=at, num_media=more.get("NumMedia", "0"))
        form = {"MessageSid": row["sid"], "SmsSid": row["sid"], "AccountSid": ACCOUNT, "From": sender, "To": to}
        form |= {"NumMedia": "0", "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01", **more}
        return form if body is None else {**form, "Body": body}

    async def text(self, body: str | None, *, sender: str, times: int = 1, **more: str) -> list[int]:
        """A person writes and the webhook is posted, `times` times; the statuses that it got."""
        form = self.write(body, sender=sender, **more)
        return [await self.post(f"{self.public_url or self.webhooks}/channels/twilio", form) for _ in range(times)]

    async def report(self, sid: str, state: str, code: str = "") -> int:
        """Post one delivery receipt; they may be told in any order and more than once."""
        message = self.messages[sid]
        message["status"] = state
        form = {"MessageSid": sid, "SmsSid": sid, "MessageStatus": state, "SmsStatus": state, "AccountSid": ACCOUNT}
        form |= {"To": message["to"], "From": message["from"], **({"ErrorCode": code} if code else {})}
        return await self.post(message["_callback"], form)

    async def _report_all(self, sid: str, states: list[str]) -> None:
        for state in states:
            await self.report(sid, state, "30003" if state in ("undelivered", "failed") else "")

    async def post(self, url: str, form: Mapping[str, str], token: str = TOKENS[0]) -> int:
        """Post a signed form as Twilio does with `#rp=5xx,ct,rt`: again, `retries` times, when it fails."""
        headers = {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}
        status = 0
        for attempt in range(self.retries + 1):
            if attempt:
                await asyncio.sleep(self.retry_pause)
            with contextlib.suppress(httpx.TransportError):
                status = (await self._client.post(self._way(url), data=dict(form), headers=headers)).status_code
            if 0 < status < 500:
                break
        self.statuses.append(status)
        self._pulse()
        return status

    def _way(self, url: str) -> str:
        if not self.webhooks:
            return url
        return urlunsplit((*urlsplit(self.webhooks)[:2], *urlsplit(url)[2:]))

    def _start(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _pulse(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


async def _answer(send: Any, status: int, answer: object, headers: Mapping[str, str]) -> None:
    kind = "text/html" if isinstance(answer, str) else "application/json"
    shown = {key: value for key, value in answer.items() if key[:1] != "_"} if isinstance(answer, dict) else answer
    body = (shown if isinstance(shown, str) else json.dumps(shown)).encode()
    fields = {"content-type": kind, "content-length": str(len(body)), **headers}
    pairs = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
