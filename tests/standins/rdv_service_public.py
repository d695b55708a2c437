"""A real HTTP server that behaves as RDV Service Public does, and misbehaves on demand; RDV-Insertion's webhooks too.

OAuth with tokens that rotate, `organisations`, `organisations/{id}/rdvs` in pages, `PATCH participations/{id}`, and
webhooks signed over the body as it is sent. Its meetings carry every secret field that the real ones do.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot import clock
from tests.standins.server import serving

Record = dict[str, Any]

SECRET = "secret-du-webhook"
CLIENT = ("relais", "secret-de-l-application")
FIRST_TOKEN = "premier-jeton"
ORGANISATION = {
    "id": 3,
    "name": "Maison de la Métropole de Bron",
    "phone_number": "+33478000001",
    "email": "SECRET-org",
}
MARK = "SECRET"
"""Stands in every field that Relais must not keep."""


def user(number: int, first_name: str = "Amina", phone: str | None = "+33639980001", **changes: Any) -> Record:
    """A person as RDV Service Public describes them."""
    return {
        "id": number, "first_name": first_name, "birth_name": f"{MARK}-née", "last_name": f"{MARK}-nom",
        "email": f"{MARK}@exemple.fr", "address": f"1 rue {MARK}, Bron, 69500", "address_details": f"{MARK} porte",
        "phone_number": phone, "phone_number_formatted": phone, "birth_date": f"{MARK}-1990-01-01",
        "responsible_id": None, "responsible": None, "affiliation_number": f"{MARK}-caf", "caisse_affiliation": "caf",
        "notify_by_sms": True, "notify_by_email": True, "case_number": f"{MARK}-dossier", "notes": f"{MARK} notes",
        "logement": f"{MARK}-logement", "family_situation": f"{MARK}-famille", "number_of_children": 3,
        "nir": f"{MARK}-nir", "france_travail_id": f"{MARK}-ft", "user_profiles": [{"notes": f"{MARK}"}],
        **changes,
    }  # fmt: skip


def seat(number: int, who: Record, status: str = "unknown", **changes: Any) -> Record:
    """A participation."""
    return {
        "id": number, "status": status, "send_lifecycle_notifications": True, "send_reminder_notification": False,
        "created_by": "agent", "created_by_agent_prescripteur": False, "user": who, **changes,
    }  # fmt: skip


def meeting(number: int, starts_at: datetime, *seats: Record, **changes: Any) -> Record:
    """A `Rdv`, with everything that it has."""
    return {
        "id": number, "uuid": f"u{number}", "status": "unknown", "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(minutes=45)).isoformat(), "duration_in_min": 45,
        "address": f"9 rue {MARK} chez elle, Bron", "context": f"{MARK} contexte", "cancelled_at": None,
        "created_by": "agent", "collectif": False, "name": f"{MARK} titre", "users_count": len(seats),
        "created_at": clock.now().isoformat(), "url_for_agents": f"https://exemple.fr/{MARK}",
        "organisation": ORGANISATION,
        "motif": {
            "id": 5, "name": "RSA Orientation", "location_type": "public_office", "collectif": False,
            "follow_up": False, "instruction_for_rdv": "Apportez une pièce d'identité. Le RSA peut être suspendu.",
            "motif_category": {"id": 1, "name": "RSA orientation", "short_name": "rsa_orientation"},
        },
        "participations": list(seats), "users": [one["user"] for one in seats if one],
        "agents": [{"id": 8, "first_name": f"{MARK}-agent", "email": f"{MARK}-agent@exemple.fr"}],
        "lieu": {
            "id": 4, "name": "MDM de Bron", "address": "2 rue Paul Pic, Bron, 69500",
            "phone_number": "+33478000002", "single_use": False,
        },
        **changes,
    }  # fmt: skip


def insertion(number: int, given: Record, **changes: Any) -> Record:
    """The same meeting as RDV-Insertion tells it: its own numbers, and those of RDV Service Public beside them."""
    people = [{**one["user"], "id": 700 + place, "rdv_solidarites_user_id": one["user"]["id"]}
              for place, one in enumerate(given["participations"])]  # fmt: skip
    seats = [
        {"id": 900 + place, "status": one["status"], "created_by": "agent", "starts_at": given["starts_at"],
         "created_at": clock.now().isoformat(), "user": people[place]}
        for place, one in enumerate(given["participations"])
    ]  # fmt: skip
    kept = {name: given[name] for name in ("starts_at", "duration_in_min", "address", "status", "motif", "lieu")}
    structure = {"id": 77, "name": ORGANISATION["name"], "rdv_solidarites_organisation_id": ORGANISATION["id"]}
    return {"id": number, "rdv_solidarites_rdv_id": given["id"], **kept, "organisation": structure, "users": people,
            "participations": seats, **changes}  # fmt: skip


@dataclass
class Upstream:
    """`site` is where its webhooks go. `faults` are what its next answers are instead of the true ones."""

    site: str = ""
    url: str = ""
    meetings: list[Record] = field(default_factory=list)
    organisations: list[Record] = field(default_factory=lambda: [ORGANISATION])
    per_page: int = 100
    faults: deque[str] = field(default_factory=deque)
    patched: list[tuple[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    token: str = ""
    refresh: str = FIRST_TOKEN
    renewed: int = 0
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(trust_env=False, timeout=60))
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def tell(self, data: Record, event: str = "updated", *, at: datetime | None = None, **meta: Any) -> int:
        """RDV Service Public's webhook; the status of the answer."""
        said = {"model": "Rdv", "event": event, "webhook_reason": None, "timestamp": stamp(at), **meta}
        return await self.post("rdv-service-public", "X-Lapin-Signature", body(data, said))

    async def tell_insertion(self, data: Record, event: str = "updated", *, at: datetime | None = None) -> int:
        """RDV-Insertion's webhook."""
        meta = {"model": "Rdv", "event": event, "timestamp": stamp(at)}
        return await self.post("rdv-insertion", "X-RDVI-SIGNATURE", body(data, meta))

    async def post(self, path: str, header: str, content: bytes, *, signature: str | None = None) -> int:
        headers = {"Content-Type": b"application/json; charset=utf-8"}
        if header:
            headers[header] = (signature if signature is not None else signature_of(content)).encode()
        answer = await self.client.post(f"{self.site}/connectors/{path}", content=content, headers=headers)
        return answer.status_code

    async def oauth(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.renewed += 1
        self.token, self.refresh = f"acces-{self.renewed}", f"suite-{self.renewed}"
        return JSONResponse({"access_token": self.token, "refresh_token": self.refresh, "expires_in": 7200})

    async def answer(self, request: Request) -> Response:
        """Every call of the API."""
        self.asked.append(f"{request.method} {request.url.path}?{request.url.query}")
        given = await request.body()
        fault = self.faults.popleft() if self.faults else ""
        if fault == "401" or not self.token or request.headers.get("Authorization") != f"Bearer {self.token}":
            return JSONResponse({"errors": ["token"]}, 401)
        if fault.startswith("slow"):
            self.entered.set()
            await self.gate.wait()
            fault = fault.removeprefix("slow ")
        if fault == "html":
            return Response("<html>bloqué</html>", media_type="text/html")
        elif fault.isdigit():
            return PlainTextResponse("?", int(fault), {"Retry-After": "7"} if fault == "429" else {})
        done = self._act(request, given, lie=fault)
        if fault == "hang":
            self.entered.set()
            await self.gate.wait()
        return done

    def _act(self, request: Request, given: bytes, *, lie: str) -> Response:
        path = request.path_params
        if request.method == "PATCH":
            return self._patch(path["id"], json.loads(given)["participation"]["status"])
        if "id" not in path:
            return self._page(request, "organisations", self.organisations, lie)
        after = datetime.fromisoformat(request.query_params["starts_after"])
        mine = [
            one
            for one in self.meetings
            if one["organisation"]["id"] == path["id"] and datetime.fromisoformat(one["starts_at"]) >= after
        ]
        return self._page(request, "rdvs", mine, lie)

    def _patch(self, number: int, status: str) -> Response:
        for one in self.meetings:
            for given in one["participations"]:
                if given["id"] == number:
                    self.patched.append((number, status))
                    given["status"] = status
                    return JSONResponse({"participation": {"id": number, "status": status}})
        return JSONResponse({"errors": ["introuvable"]}, 404)

    def _page(self, request: Request, name: str, records: list[Record], lie: str) -> Response:
        page = int(request.query_params.get("page", "1"))
        pages = math.ceil(len(records) / self.per_page)
        shown = records[(page - 1) * self.per_page : page * self.per_page]
        meta = {"current_page": page, "next_page": page + 1 if page < pages else None, "total_pages": pages,
                "total_count": len(records)}  # fmt: skip
        if lie == "one page":
            meta.update(total_pages=1, next_page=None)
        if lie == "short":
            shown = shown[:-1]
        return JSONResponse({name: shown, "meta": meta})


def body(data: Record, meta: Record) -> bytes:
    return json.dumps({"data": data, "meta": meta}, ensure_ascii=False).encode()


def stamp(at: datetime | None) -> str:
    return (at or clock.now()).isoformat(timespec="milliseconds")


def signature_of(content: bytes) -> str:
    return hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()


@asynccontextmanager
async def started() -> AsyncIterator[Upstream]:
    """The server on a port of its own, until the block ends."""
    upstream = Upstream()
    routes = [
        Route("/oauth/token", upstream.oauth, methods=["POST"]),
        Route("/api/v1/organisations", upstream.answer),
        Route("/api/v1/organisations/{id:int}/rdvs", upstream.answer),
        Route("/api/v1/participations/{id:int}", upstream.answer, methods=["PATCH"]),
    ]
    async with serving(Starlette(routes=routes)) as url:
        upstream.url = url
        yield upstream
        upstream.gate.set()
        await upstream.client.aclose()
