"""data·inclusion's API v1: every service and structure, page by page, into two files ready for import."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.catalogue import import_offer, silent
from knowledge.catalogue_report import ApiError, BadToken, BrokenPage, ImportReport, Progress

PAGE_SIZE = 2000
ATTEMPTS = 6
_LONGEST_PAUSE = 60.0  # seconds
_TIMEOUT = httpx.Timeout(60, connect=10)


@dataclass(frozen=True)
class Page:
    items: list[dict[str, Any]]
    total: int
    pages: int

    @classmethod
    def read(cls, body: bytes, number: int) -> Self:
        """A page as the API's description promises it; raises BrokenPage for anything else."""
        try:
            read = orjson.loads(body)
            page = cls(read["items"], read["total"], read["pages"])
            whole = read["page"] == number and all(isinstance(item, dict) for item in page.items)
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenPage(f"{BrokenPage.__doc__} (page {number})") from error
        if not whole or not isinstance(page.total, int) or not isinstance(page.pages, int):
            raise BrokenPage(f"{BrokenPage.__doc__} (page {number})")
        return page


class DataInclusion:
    """A client that tries again on 429, 5xx and network failures, and gives up on anything else."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        page_size: int = PAGE_SIZE,
        timeout: httpx.Timeout = _TIMEOUT,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not token.strip():
            raise BadToken(BadToken.__doc__)
        self._client = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/api/v1/", headers={"Authorization": f"Bearer {token.strip()}"}, timeout=timeout
        )
        self._page_size = page_size
        self._pause = pause

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()

    async def download(self, folder: Path, progress: Progress = silent) -> tuple[Path, Path]:
        """Write services.json and structures.json; raises ApiError when one page is missing."""
        files = folder / "services.json", folder / "structures.json"
        for path in files:
            await self._download(path.stem, path, progress)
        return files

    async def _download(self, resource: str, path: Path, progress: Progress) -> None:
        received, number, first = 0, 1, await self._page(resource, 1)
        page = first
        with path.open("wb") as out:
            out.write(b"[")
            while True:
                if (page.total, page.pages) != (first.total, first.pages):
                    raise BrokenPage(f"{BrokenPage.__doc__} ({resource} changed while being read)")
                out.write((b"," if received and page.items else b"") + b",".join(map(orjson.dumps, page.items)))
                received += len(page.items)
                progress(f"download {resource}", received, first.total)
                if number >= first.pages:
                    break
                number += 1
                page = await self._page(resource, number)
            out.write(b"]")
        if received != first.total:
            raise BrokenPage(f"{BrokenPage.__doc__} ({resource}: {received} of {first.total})")

    async def _page(self, resource: str, number: int) -> Page:
        response = await self._get(resource, {"page": number, "size": self._page_size})
        return Page.read(response.content, number)

    async def _get(self, resource: str, params: dict[str, int]) -> httpx.Response:
        reason = ""
        for attempt in range(1, ATTEMPTS + 1):
            pause = min(2.0**attempt, _LONGEST_PAUSE)  # 2, 4, 8, 16, 32 seconds
            try:
                response = await self._client.get(resource, params=params)
            except httpx.TransportError as error:
                reason = type(error).__name__
            else:
                if response.status_code == 200:
                    return response
                reason = _refusal(response)
                pause = _asked_pause(response) or pause
            if attempt < ATTEMPTS:
                await self._pause(pause)
        raise ApiError(f"{ApiError.__doc__} ({resource}, page {params['page']}: {reason})")


def _refusal(response: httpx.Response) -> str:
    """Why to try again; raises when trying again is of no use."""
    status = response.status_code
    if status in (401, 403):
        raise BadToken(BadToken.__doc__)
    if status != 429 and status < 500:
        raise ApiError(f"{ApiError.__doc__} (HTTP {status})")
    return f"HTTP {status}"


def _asked_pause(response: httpx.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isdigit() else 0.0


async def refresh(
    begin: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
    api: DataInclusion,
    *,
    now: datetime,
    force: bool = False,
    progress: Progress = silent,
) -> ImportReport:
    """Replace the offer by the API's. Everything is downloaded before `begin` opens the transaction."""
    with tempfile.TemporaryDirectory() as folder:
        services, structures = await api.download(Path(folder), progress)
        async with begin() as connection:
            return await import_offer(
                connection, services, structures, now=now, source="data·inclusion", force=force, progress=progress
            )
