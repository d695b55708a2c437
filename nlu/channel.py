"""The engine's only door: one message in, the replies out, once."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import unicodedata
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, AsyncIterator, Dict, List, Optional
from uuid import UUID
from weakref import WeakValueDictionary

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as reply
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.ring import Ring
from nlu import assembly
from nlu.database import TURNS_AT_ONCE, engine_for, turn
from nlu.errors import NoAnswer, TurnRefused, where
from nlu.turns import Turns

log = logging.getLogger("relais.engine")

LONGEST_TEXT = 1000
FALLBACK = "nlu_fallback"
_SLASHES = "/\uff0f\u2044\u2215\u29f8"


class BadMessage(ValueError):
    """The request is malformed; the message says which field to mend."""


@dataclass(frozen=True)
class Question:
    """One message for the engine; `payload` is a button's, `text` what a person typed."""

    message_id: UUID
    conversation_id: UUID
    text: str
    kind: str
    language: str
    today: str

    @classmethod
    def from_json(cls, data: Any) -> Question:
        """Raises BadMessage. A text never reaches Rasa as a command, however many slashes it begins with."""
        if not isinstance(data, dict):
            raise BadMessage("a JSON object is expected")
        payload = data.get("payload") or ""
        text = payload or _as_sentence(str(data.get("text") or ""))[:LONGEST_TEXT]
        if payload and not (isinstance(payload, str) and payload.startswith("/")):
            raise BadMessage("payload")
        return cls(
            message_id=_uuid(data, "message_id"),
            conversation_id=_uuid(data, "conversation_id"),
            text=text,
            kind=str(data.get("kind") or "web"),
            language=str(data.get("language") or "fr"),
            today=_day(data.get("today")),
        )

    def as_rasa(self, output: OutputChannel) -> UserMessage:
        about = {"message_id": str(self.message_id), "kind": self.kind, "language": self.language, "today": self.today}
        return UserMessage(self.text, output, str(self.conversation_id), input_channel=self.kind, metadata=about)


class Replies(OutputChannel):
    """Keeps what is said; its name is the kind of channel, which chooses the wording."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.said: List[Dict[str, Any]] = []

    def name(self) -> str:  # type: ignore[override]
        return self._kind

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        custom = message.get("custom") or {}
        said = custom.get("reply") or {"text": message.get("text"), "key": message.get("utter_action", "")}
        notice = said.pop("notice", "")
        if notice:
            self.said.append({"text": notice, "key": said["key"]})
        if said.get("text"):
            self.said.append(said)


class Lanes:
    """In this process, one turn at a time for a conversation and a few at a time in all."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._all = asyncio.Semaphore(TURNS_AT_ONCE)

    @asynccontextmanager
    async def hold(self, conversation_id: UUID) -> AsyncIterator[None]:
        lock = self._locks.setdefault(conversation_id, asyncio.Lock())
        async with lock, self._all:
            yield


class Door(InputChannel):
    """`POST /webhooks/relais/messages`, for the holder of the token."""

    def __init__(self, token: str, engine: Engine, ring: Ring) -> None:
        self._expected = f"Bearer {token}".encode()
        self._engine = engine
        self._turns = Turns(ring)
        self._lanes = Lanes()

    @classmethod
    def name(cls) -> str:
        return "relais"

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[str, Any]]) -> Door:
        given = credentials or {}
        return cls(given["token"], engine_for(given["database_url"]), Ring.from_text(given["secret_keys"]))

    def blueprint(self, on_new_message: Any) -> Blueprint:
        assembly.install()
        door = Blueprint("relais_door")

        @door.route("/", methods=["GET"])
        async def ready(request: Request) -> HTTPResponse:
            agent: Optional[Agent] = getattr(request.app.ctx, "agent", None)
            if agent is None or not agent.is_ready():
                return reply({"error": "starting"}, status=503)
            return reply({"status": "ok"})

        @door.route("/messages", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            return await self._receive(request)

        return door

    async def _receive(self, request: Request) -> HTTPResponse:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, self._expected):
            return reply({"error": "token"}, status=401)
        try:
            question = Question.from_json(json.loads(request.body))
        except ValueError as error:
            return reply({"error": str(error)}, status=400)
        return await self._answer_or_say_why(request.app.ctx.agent, question)

    async def _answer_or_say_why(self, agent: Agent, question: Question) -> HTTPResponse:
        try:
            return reply(await self._answer(agent, question))
        except TurnRefused as error:
            log.warning("message %s: %s (%s)", question.message_id, error.code, error)
            return reply({"error": error.code}, status=error.status)
        except SQLAlchemyError as error:
            log.error("message %s: database: %s", question.message_id, where(error))
            return reply({"error": "database"}, status=503)
        except Exception as error:
            log.error("message %s: %s", question.message_id, where(error))
            return reply({"error": "internal"}, status=503)

    async def _answer(self, agent: Agent, question: Question) -> Dict[str, Any]:
        async with self._lanes.hold(question.conversation_id):
            with turn(self._engine) as connection:
                self._turns.lock(connection, question.conversation_id)
                recorded = self._turns.claim(connection, question.message_id, question.conversation_id)
                if recorded is not None:
                    return recorded
                answer = await self._take_turn(agent, question)
                self._turns.record(connection, question.message_id, answer)
                return answer

    @staticmethod
    async def _take_turn(agent: Agent, question: Question) -> Dict[str, Any]:
        output = Replies(question.kind)
        tracker = await agent.processor.take_turn(question.as_rasa(output))
        if not output.said:
            raise NoAnswer(tracker.latest_action_name)
        understood = tracker.latest_message.parse_data
        intent = understood["intent"]
        return {
            "replies": output.said,
            "intent": intent["name"],
            "confidence": round(float(intent["confidence"]), 4),
            "entities": [
                {key: entity[key] for key in ("entity", "value", "start", "end") if key in entity}
                for entity in understood["entities"]
            ],
            "understood": intent["name"] != FALLBACK,
        }


def _as_sentence(text: str) -> str:
    """Without the slashes, the blanks and the invisible signs before the first word: Rasa obeys « /… »."""
    for start, sign in enumerate(text):
        if sign not in _SLASHES and unicodedata.category(sign)[0] not in "CZ":
            return text[start:].rstrip()
    return ""


def _day(given: Any) -> str:
    try:
        return date.fromisoformat(given).isoformat() if given else ""
    except (TypeError, ValueError):
        raise BadMessage("today") from None


def _uuid(data: Dict[str, Any], name: str) -> UUID:
    try:
        return UUID(data[name])
    except (KeyError, AttributeError, TypeError, ValueError):
        raise BadMessage(name) from None
