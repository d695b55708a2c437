"""A real HTTP server that behaves as data·inclusion's API v1 does for lists, and misbehaves on demand.

Made from openapi_data_inclusion_v1.json: paging (`page` ≥ 1, `size` 1–10,000, 5,000 by default), bearer token
(401 without, 403 with another one), 422 with FastAPI's `detail`, pages `{items, total, page, size, pages}`.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.standins.server import serving

TOKEN = "jeton-de-test"

Record = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """What the next answer for `resource` (on `page`, when given) is instead of the true one."""

    kind: str  # "status" | "slow" | "not_json" | "no_items" | "wrong_page" | "short" | "total_moves" | "cut"
    status: int = 500
    retry_after: str = ""
    resource: str = "services"
    page: int | None = None
    seconds: float = 60


@dataclass
class Api:
    services: list[Record] = field(default_factory=list)
    structures: list[Record] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[tuple[str, int, int]] = field(default_factory=list)  # resource, page, size
    url: str = ""

    async def answer(self, request: Request) -> Response:
        resource = request.path_params["resource"]
        refused = _unauthorised(request)
        if refused:
            return refused
        page, size = (_whole(request, name, default) for name, default in (("page", 1), ("size", 5000)))
        bad = [name for name, value, top in (("page", page, math.inf), ("size", size, 10_000)) if not 1 <= value <= top]
        if bad:
            return _unprocessable(bad)
        self.asked.append((resource, page, size))
        fault = self._fault(resource, page)
        return await _misbehave(fault, self._page(resource, page, size)) if fault else self._page(resource, page, size)

    def _page(self, resource: str, page: int, size: int) -> JSONResponse:
        records: list[Record] = getattr(self, resource)
        items = records[(page - 1) * size : page * size]
        return JSONResponse(_body(items, len(records), page, size))

    def _fault(self, resource: str, page: int) -> Fault | None:
        for fault in self.faults:
            if fault.resource == resource and fault.page in (None, page):
                self.faults.remove(fault)
                return fault
        return None


def _body(items: list[Record], total: int, page: int, size: int) -> Record:
    return {"items": items, "total": total, "page": page, "size": size, "pages": math.ceil(total / size)}


def _unauthorised(request: Request) -> Response | None:
    given = request.headers.get("Authorization", "")
    if not given.startswith("Bearer "):
        return JSONResponse({"detail": "Not authenticated"}, 401)
    return None if given == f"Bearer {TOKEN}" else JSONResponse({"detail": "Not allowed"}, 403)


def _whole(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, str(default))
    return int(given) if given.lstrip("-").isdigit() else 0


def _unprocessable(names: list[str]) -> Response:
    detail = [
        {"loc": ["query", name], "msg": "Input should be in range", "type": "greater_than_equal", "input": ""}
        for name in names
    ]
    return JSONResponse({"detail": detail}, 422)


async def _misbehave(fault: Fault, true: JSONResponse) -> Response:
    body = json.loads(bytes(true.body))
    match fault.kind:
        case "status":
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return PlainTextResponse("?", fault.status, headers)
        case "slow":
            await asyncio.sleep(fault.seconds)
            return true
        case "not_json":
            return PlainTextResponse("<html>maintenance</html>")
        case "cut":
            return Response(bytes(true.body)[:-40], media_type="application/json")
        case "no_items":
            del body["items"]
        case "wrong_page":
            body["page"] += 1
        case "short":
            body["items"].pop()
        case "total_moves":
            body["total"] += 1
    return JSONResponse(body)


@asynccontextmanager
async def serve(services: list[Record], structures: list[Record]) -> AsyncIterator[Api]:
    """The API on a port of its own, until the block ends."""
    api = Api(services, structures)
    async with serving(Starlette(routes=[Route("/api/v1/{resource:str}", api.answer)])) as url:
        api.url = url
        yield api
