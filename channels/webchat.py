"""The web chat: JSON from a browser in, Server-Sent Events out, and the tokens by which a visitor is known again."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from itsdangerous import Signer

from channels.base import Choice, Inbound, Listing, Lookup, Outbound, Reply, Sent
from channels.errors import BadRequest
from channels.widget import texts

NAME = "web"
MAX_BODY = 16 * 1024
"""Bytes of one request; the longest message that we take, in any script, is well below."""

HEARTBEAT = b":\n\n"
_CHOICE = re.compile(r"[0-9]{1,12}\.[0-9]{1,3}")
_RIGHT_TO_LEFT = frozenset({"ar"})
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class WebChat:
    """Nothing leaves the house: once stored as sent, a message is there for the visitor's stream to show."""

    name = NAME
    kind = "web"

    def __init__(self, settings: object = None) -> None:
        """It needs no setting and is never off."""

    async def send(self, outbound: Outbound) -> Sent:
        return Sent(provider_id=str(outbound.message_id))

    async def received_since(self, since: datetime) -> Listing:
        return Listing()

    async def find_sent(self, outbound: Outbound) -> Lookup:
        """It is on the visitor's screen: a message whose send was cut short is shown all the same."""
        return Lookup((Sent(provider_id=str(outbound.message_id)),))

    async def close(self) -> None:
        return None


@dataclass(frozen=True)
class Visitor:
    """`id` is the conversation's address, `token` proves it; only the visitor's browser holds the token."""

    id: str
    token: str


class Visitors:
    """Issues visitors and recognises them. The key is handed in; 144 random bits make an id."""

    def __init__(self, key: bytes) -> None:
        self._signer = Signer(key, salt="relais.web.visitor", key_derivation="hmac", digest_method=sha256)

    def issue(self) -> Visitor:
        return self._signed(secrets.token_urlsafe(18))

    def read(self, token: str) -> Visitor | None:
        """The visitor of a token that we signed, or None."""
        # Signed anew and compared: base64 reads many spellings of one signature, of which only ours is good.
        visitor = self._signed(token.rpartition(".")[0])
        return visitor if secrets.compare_digest(visitor.token.encode(), token.encode()) else None

    def _signed(self, name: str) -> Visitor:
        return Visitor(name, self._signer.sign(name).decode())


@dataclass(frozen=True)
class Shown:
    """One message of a conversation as a screen may see it; `client` is the id its browser gave it."""

    seq: int
    author: str
    reply: Reply
    at: datetime
    client: str = ""


def parse(body: bytes, visitor: str) -> Inbound:
    """Read `{"id": uuid, "text": …}` or `{"id": uuid, "choice": "12.1"}`; raises BadRequest."""
    sentences = texts()["errors"]
    try:
        data = orjson.loads(body)
        client = UUID(data["id"])
        text, choice = data.get("text") or "", data.get("choice") or ""
        clean = _UNSEEN.sub("", text).strip()
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadRequest(sentences["malformed"]) from None
    if choice and not (isinstance(choice, str) and _CHOICE.fullmatch(choice)):
        raise BadRequest(sentences["malformed"])
    if not clean and not choice:
        raise BadRequest(sentences["empty"])
    if len(clean) > texts()["limit"]:
        raise BadRequest(sentences["too_long"])
    # A client id is unique within its visitor only: nobody can reach another's message by guessing one.
    return Inbound(NAME, f"{visitor}:{client}", visitor, "", "" if choice else clean, choice=choice)


def client_id(provider_id: str | None) -> str:
    """The id that the browser gave a message, from the one under which it is stored."""
    return (provider_id or "").rpartition(":")[2]


def message_event(shown: Shown) -> bytes:
    """The stored message as an event, its `seq` as the event's id. Payloads are left out."""
    data = {
        "seq": shown.seq,
        "author": shown.author,
        "text": shown.reply.text,
        "choices": [_choice(shown.seq, place, choice) for place, choice in enumerate(shown.reply.choices, 1)],
        "footer": shown.reply.footer,
        "at": shown.at,
        "lang": (language := shown.reply.language),
        "dir": "rtl" if language in _RIGHT_TO_LEFT else "ltr" if language else "auto",
    }
    if shown.client:
        data["client"] = shown.client
    return b"event: message\nid: %d\ndata: %s\n\n" % (shown.seq, orjson.dumps(data))


def _choice(seq: int, place: int, choice: Choice) -> dict[str, Any]:
    return {"id": f"{seq}.{place}", "title": choice.title, "card": choice.card}


def state_event(owner: str, *, typing: bool) -> bytes:
    """Who holds the conversation, and whether an answer is being written."""
    return b"event: state\ndata: %s\n\n" % orjson.dumps({"owner": owner, "typing": typing})
