"""Who may speak to the web chat: our own pages, and the sites that the settings allow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request

Standing = Literal["own", "guest", "none", "refused"]
"""own: our pages · guest: an allowed site · none: not a page at all · refused: any other site"""


@dataclass(frozen=True)
class Caller:
    """Where a request comes from, as the browser says; a page cannot lie about it."""

    origin: str
    standing: Standing

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https://")


class Origins:
    def __init__(self, own: Iterable[str], guests: Iterable[str]) -> None:
        self._own = frozenset(map(_origin, own))
        self._guests = frozenset(map(_origin, guests))

    def caller(self, request: Request) -> Caller:
        """Judge a request by its Origin, or by what the browser says when it sends none (same-origin GET)."""
        origin = request.headers.get("origin", "").lower()
        if not origin:
            site = request.headers.get("sec-fetch-site", "")
            return Caller("", "none" if site in ("", "same-origin", "none") else "refused")
        if origin in self._own or urlsplit(origin).netloc == request.headers.get("host", "").lower():
            return Caller(origin, "own")
        return Caller(origin, "guest" if origin in self._guests else "refused")


def _origin(url: str) -> str:
    parts = urlsplit(url.strip().lower())
    return f"{parts.scheme}://{parts.netloc}"
