"""What travels between a provider and the pipeline, and what a channel must be able to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from typing import Self  # Python 3.11: the engine, on 3.10, reads this package too


@dataclass(frozen=True)
class Card:
    """Facts of one result, for screens that can do more than a line of text."""

    name: str
    distance: str = ""
    phone: str = ""
    address: str = ""
    updated: str = ""
    note: str = ""
    map_url: str = ""
    url: str = ""
    hours: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        given = {key: str(value) for key, value in data.items() if key in known and value is not None}
        return cls(**{"name": "", **given})


@dataclass(frozen=True)
class Choice:
    """One thing the person may pick; `payload` never leaves the server."""

    title: str
    payload: str
    card: Card | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        card = data.get("card")
        return cls(
            title=str(data.get("title") or ""),
            payload=str(data.get("payload") or ""),
            card=Card.from_json(card) if card else None,
        )


@dataclass(frozen=True)
class Reply:
    """One message for the person, whatever the channel; `language` is what it is written in, "" where unknown."""

    text: str
    choices: tuple[Choice, ...] = ()
    footer: str = ""
    key: str = ""
    language: str = ""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "choices": [asdict(choice) for choice in self.choices]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The reply that `to_json` gave; missing and unknown keys are fine."""
        return cls(
            text=str(data.get("text") or ""),
            choices=tuple(Choice.from_json(choice) for choice in data.get("choices") or ()),
            footer=str(data.get("footer") or ""),
            key=str(data.get("key") or ""),
            language=str(data.get("language") or ""),
        )


@dataclass(frozen=True)
class Inbound:
    """One message from a person, as the provider gave it."""

    channel: str
    provider_id: str
    address: str
    recipient: str
    text: str
    choice: str = ""
    media: tuple[str, ...] = ()
    opt_out: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Listing:
    """The provider's inbound messages, oldest first; `whole` is False when its list was not read to the end."""

    messages: tuple[Inbound, ...] = ()
    whole: bool = True


@dataclass(frozen=True)
class Outbound:
    """One reply on its way to `address`; `sender` is the number or account of ours, "" for the only one.

    `lost` are the provider's ids of the tries of this reply that did not arrive.
    """

    message_id: UUID
    address: str
    sender: str
    reply: Reply
    created_at: datetime
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sent:
    provider_id: str
    segments: int = 0


@dataclass(frozen=True)
class Lookup:
    """The entries of the provider's list that may be one message, the likeliest first.

    `whole` is False when the list was not read to its end: then nothing can be said to be missing from it.
    """

    entries: tuple[Sent, ...] = ()
    whole: bool = True


DeliveryState = Literal["sent", "delivered", "undelivered", "failed"]
Meaning = Literal["final", "passing", "address"]


@dataclass(frozen=True)
class Receipt:
    """What the provider says became of a message; `code` is its own error number, or "".

    `meaning` is a failure's: `passing` may go well at the next try, `address` is of a number that nothing reaches.
    """

    message_id: UUID | None
    provider_id: str
    state: DeliveryState
    code: str = ""
    meaning: Meaning = "final"


class Channel(Protocol):
    """A road to people. `name` is its line in the register, `kind` chooses the wording of responses."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    async def send(self, outbound: Outbound) -> Sent:
        """Hand one message to the provider, once; raises an error of channels.errors."""

    async def received_since(self, since: datetime) -> Listing:
        """The provider's own list of inbound messages; an empty and whole one where there is none."""

    async def find_sent(self, outbound: Outbound) -> Lookup:
        """Look an ambiguous send up at the provider. Some entries may be of other messages that say the same."""

    async def close(self) -> None: ...
