"""RDV Service Public's API: the organisations, the meetings to come, and an appointment cancelled.

No answer is ever logged: they hold everything that Relais must not keep. Nothing here opens a transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from bot import clock
from bot.connectors.errors import Refused, Unauthorised, Unreachable
from bot.connectors.rdvsp_token import Client, Token
from bot.connectors.reading import identity
from bot.database import Database
from bot.settings import Settings
from bot.vault import Vault

TIMEOUT = httpx.Timeout(10, connect=5)
_MOST_PAGES = 1000
_LATER = (408, 409, 425, 429)


@dataclass(frozen=True)
class Page:
    """Meetings as they were at `read_at` or later."""

    items: tuple[Mapping[str, Any], ...]
    pages: int
    total: int | None
    read_at: datetime


def connect(database: Database, vault: Vault, settings: Settings) -> RdvServicePublic | None:
    """As the settings say; None when they do not say enough. Nothing connects yet.

    No redirection is followed: it would take the token along.
    """
    if not settings.rdvsp_api_ready:
        return None
    http = httpx.AsyncClient(base_url=settings.rdvsp_api_url, timeout=TIMEOUT, follow_redirects=False, trust_env=False)
    client = Client(
        settings.rdvsp_client_id,
        settings.rdvsp_client_secret.get_secret_value(),
        settings.rdvsp_refresh_token.get_secret_value(),
    )
    return RdvServicePublic(http, Token(database, vault, http, client))


class RdvServicePublic:
    def __init__(self, http: httpx.AsyncClient, token: Token) -> None:
        self._http = http
        self._token = token

    async def organisations(self) -> list[str]:
        """The numbers of those that the account sees; raises UpstreamError."""
        found: list[str] = []
        async for page in self._pages("/api/v1/organisations", "organisations", {}):
            found += [number for one in page.items if (number := identity(one, "id"))]
        return found

    def meetings(self, organisation: str, after: datetime) -> AsyncIterator[Page]:
        """The meetings of an organisation that start after an instant, page by page; raises UpstreamError."""
        given = {"starts_after": after.isoformat()}
        return self._pages(f"/api/v1/organisations/{organisation}/rdvs", "rdvs", given)

    async def excuse(self, participation: str) -> None:
        """Cancel one person's appointment on their behalf; once it is, again changes nothing. Raises UpstreamError."""
        path = f"/api/v1/participations/{participation}"
        given = await self._call("PATCH", path, json={"participation": {"status": "excused"}})
        said = given.get("participation", given)
        status = said.get("status") if isinstance(said, Mapping) else None
        if status not in (None, "excused"):
            raise Unreachable("not excused", Unreachable.__doc__ or "")

    async def _pages(self, path: str, name: str, given: Mapping[str, str]) -> AsyncIterator[Page]:
        number, pages = 1, 1
        while number <= min(pages, _MOST_PAGES):
            read_at = clock.now()
            answer = await self._call("GET", path, params={**given, "page": str(number)})
            items, meta = answer.get(name), answer.get("meta")
            if not isinstance(items, list) or not isinstance(meta, Mapping):
                raise Unreachable("not a list", Unreachable.__doc__ or "")
            pages = max(pages, _whole(meta, "total_pages") or 1)
            legible = tuple(one for one in items if isinstance(one, Mapping))
            yield Page(legible, pages, _whole(meta, "total_count"), read_at)
            number += 1

    async def _call(self, method: str, path: str, **given: Any) -> Mapping[str, Any]:
        token = await self._token.get()
        answer = await self._send(method, path, token, **given)
        if answer.status_code == 401:  # withdrawn before its time: once more with another one
            answer = await self._send(method, path, await self._token.get(refused=token), **given)
        return _read(answer)

    async def _send(self, method: str, path: str, token: str, **given: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        try:
            return await self._http.request(method, path, headers=headers, **given)
        except httpx.HTTPError as error:
            raise Unreachable(type(error).__name__, Unreachable.__doc__ or "") from None

    async def close(self) -> None:
        await self._http.aclose()


def _read(answer: httpx.Response) -> Mapping[str, Any]:
    code = str(answer.status_code)
    if answer.status_code == 401:
        raise Unauthorised(code, Unauthorised.__doc__ or "")
    if answer.status_code >= 500 or answer.status_code in _LATER:
        after = answer.headers.get("Retry-After", "")
        raise Unreachable(code, Unreachable.__doc__ or "", retry_after=float(after) if after.isdigit() else 0)
    if answer.status_code != 200:
        raise Refused(code, Refused.__doc__ or "")
    try:
        read = answer.json()
    except ValueError:
        read = None
    if not isinstance(read, Mapping):  # a page of a firewall with 200: nothing was done
        raise Unreachable("not JSON", Unreachable.__doc__ or "")
    return read


def _whole(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
