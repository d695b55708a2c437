"""The only place that knows the engine's address: one turn asked through its door, with our message's id."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import httpx
import orjson

from bot import clock
from bot.errors import EngineUnavailable, TurnFailed
from bot.masking import mask
from channels.base import Reply

TURN_SECONDS = 8.0
"""A turn takes 10–60 ms; one that needs longer than this is stuck, and the lease must outlive it."""

_OWN_FAULTS = frozenset({"action", "internal", "empty"})


@dataclass(frozen=True)
class Answer:
    """What the engine made of a message."""

    replies: tuple[Reply, ...]
    intent: str
    understood: bool


class Dialogue:
    """Asks the engine. The same message id may be asked again: a done turn gives its recorded replies."""

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=httpx.Timeout(TURN_SECONDS, connect=1.0),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
            trust_env=False,
        )

    async def ask(
        self, *, message_id: UUID, conversation_id: UUID, text: str, payload: str | None, kind: str, language: str
    ) -> Answer:
        """One turn. Raises EngineUnavailable (try later) or TurnFailed (this very turn goes wrong)."""
        question = {
            "message_id": message_id,
            "conversation_id": conversation_id,
            "text": mask(text),
            "payload": payload,
            "kind": kind,
            "language": language,
            "today": clock.today().isoformat(),
        }
        try:
            response = await self._post(orjson.dumps(question))
        except httpx.TimeoutException as error:
            await self._stuck_or_down(error)
            raise EngineUnavailable("timeout") from error
        except httpx.TransportError as error:
            raise EngineUnavailable(type(error).__name__) from error
        return _read(response)

    async def _post(self, question: bytes) -> httpx.Response:
        try:
            return await self._client.post("/webhooks/relais/messages", content=question)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            # A kept connection may be closed by the engine just as we use it; asking again is harmless.
            return await self._client.post("/webhooks/relais/messages", content=question)

    async def alive(self) -> bool:
        """True when the engine's door answers."""
        try:
            response = await self._client.get("/webhooks/relais/", timeout=1.0)
        except httpx.TransportError:
            return False
        return response.status_code == 200

    async def close(self) -> None:
        await self._client.aclose()

    async def _stuck_or_down(self, error: Exception) -> None:
        # A door that answers others while this turn hangs: the turn is at fault, not the engine.
        if await self.alive():
            raise TurnFailed("timeout") from error


def _read(response: httpx.Response) -> Answer:
    if response.status_code == 200:
        body = orjson.loads(response.content)
        replies = tuple(Reply.from_json(reply) for reply in body["replies"])
        if not replies:
            raise TurnFailed("empty")  # a silence is an error, never an answer
        return Answer(replies, str(body.get("intent") or ""), bool(body.get("understood", True)))
    try:
        reason = str(orjson.loads(response.content).get("error", response.status_code))
    except (orjson.JSONDecodeError, AttributeError):
        reason = str(response.status_code)
    if reason in _OWN_FAULTS or response.status_code == 400:
        raise TurnFailed(reason)
    raise EngineUnavailable(reason)
