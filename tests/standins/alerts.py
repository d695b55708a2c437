"""Where alerts go: a webhook that obeys the test, and a mail server that keeps what it is given."""

from __future__ import annotations

from typing import Any

from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Hook:
    """A webhook; `statuses` are the answers to give before it takes what it gets."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.statuses: list[int] = []
        self.app = Starlette(routes=[Route("/alerts", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        self.posts.append(await request.json())
        self.keys.append(request.headers["idempotency-key"])
        return Response(status_code=self.statuses.pop(0) if self.statuses else 204)


class Mailbox:
    """Keeps the mails of an aiosmtpd server, and who gave them."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.refusals: list[str] = []

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(envelope)
        return "250 taken"

    def authenticate(self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)
