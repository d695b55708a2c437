"""Plays the engine's door: answers by rule, remembers what it was asked, fails on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "engine-token"


class Engine:
    """`fault(question)` may return a Response to give instead of an answer; `gate` holds turns while it is clear."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.done: dict[str, dict[str, Any]] = {}
        self.fault: Callable[[dict[str, Any]], Response | None] = lambda question: None
        self.replies: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda question: [
            {"text": f"réponse à {question['payload'] or question['text']}"}
        ]
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/webhooks/relais/messages", self._answer, methods=["POST"]),
                Route("/webhooks/relais/", self._alive),
            ]
        )

    async def _alive(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": "token"}, status_code=401)
        question = await request.json()
        self.asked.append(question)
        self.entered.set()
        await self.gate.wait()
        fault = self.fault(question)
        if fault is not None:
            return fault
        answer = self.done.setdefault(
            question["message_id"], {"replies": self.replies(question), "intent": "greet", "understood": True}
        )
        return JSONResponse(answer)


def away(error: str = "database", status: int = 503) -> Response:
    return JSONResponse({"error": error}, status_code=status)
