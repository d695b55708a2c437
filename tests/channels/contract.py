"""The one suite that every channel passes.

A channel's test file subclasses `ChannelContract` and gives a fixture `rig`: the channel, joined to something real
(a stand-in over HTTP, a stream), and three ways to look at it from the other side.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from channels import REGISTER
from channels.base import Card, Channel, Choice, Inbound, Lookup, Outbound, Reply, Sent
from channels.errors import ChannelError

KINDS = {"sms", "web", "telegram", "terminal"}
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAYLOAD = '/service_details{"ordinal": "1"}'


@dataclass(frozen=True)
class Rig:
    channel: Channel
    address: str
    shown: Callable[[Outbound], Awaitable[str]]
    """All that the person can read of a message that was sent."""
    received: Callable[[str, str], Awaitable[Inbound]]
    """(provider id, text) encoded as the provider does, then parsed by the channel's own code."""
    failures: Mapping[type[ChannelError], Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """For each error that the channel can meet: what makes the next send meet it."""


def outbound(rig: Rig, reply: Reply) -> Outbound:
    return Outbound(message_id=uuid4(), address=rig.address, sender="", reply=reply, created_at=NOON)


def folded(text: str) -> str:
    return " ".join(text.split())


class ChannelContract:
    """Subclass as `Test…` with a fixture `rig`."""

    async def shown(self, rig: Rig, reply: Reply) -> str:
        message = outbound(rig, reply)
        sent = await rig.channel.send(message)
        assert isinstance(sent, Sent)
        assert sent.provider_id
        return folded(await rig.shown(message))

    def test_has_a_line_in_the_register(self, rig: Rig) -> None:
        """Its name is its line in the register and its kind is one that responses know."""
        assert rig.channel.name in REGISTER
        assert rig.channel.kind in KINDS

    async def test_sends_a_plain_reply(self, rig: Rig) -> None:
        """A sentence arrives as it was written, accents kept."""
        assert "Bonjour, je peux vous aider à trouver un service près de chez vous." in await self.shown(
            rig, Reply("Bonjour, je peux vous aider à trouver un service près de chez vous.")
        )

    async def test_sends_choices_and_footer_in_order(self, rig: Rig) -> None:
        """Text, choices and footer arrive in that order, and payloads stay on the server."""
        card = Card(name="Halte-garderie", distance="1,2 km", phone="04 65 71 00 01")
        reply = Reply(
            "Voici deux services :",
            choices=(Choice("Halte-garderie, 1,2 km", PAYLOAD, card), Choice("Micro-crèche, 2 km", PAYLOAD)),
            footer="Répondez par un numéro.",
        )
        seen = await self.shown(rig, reply)
        parts = ["Voici deux services", "Halte-garderie, 1,2 km", "Micro-cr", "Répondez par un numéro."]
        places = [seen.find(part) for part in parts]
        assert -1 not in places
        assert places == sorted(places)
        assert "service_details" not in seen

    async def test_sends_a_reply_of_choices_alone(self, rig: Rig) -> None:
        """An empty text with choices is still a message."""
        assert "Oui" in await self.shown(rig, Reply("", choices=(Choice("Oui", "/affirm"), Choice("Non", "/deny"))))

    async def test_sends_a_reply_without_choices(self, rig: Rig) -> None:
        """No choices leave no trace of numbering."""
        assert "1." not in await self.shown(rig, Reply("Merci.", choices=(), footer=""))

    async def test_sends_long_text_as_one_message(self, rig: Rig) -> None:
        """A text near the longest that we write goes out in one piece, its end included."""
        text = "Voici une phrase du service. " * 40 + "Fin."
        assert (await self.shown(rig, Reply(text))).endswith("Fin.")

    async def test_sends_right_to_left_text_untouched(self, rig: Rig) -> None:
        """Arabic arrives code point by code point, with no mark added."""
        assert "مرحبا، كيف يمكنني مساعدتك؟" in await self.shown(rig, Reply("مرحبا، كيف يمكنني مساعدتك؟"))

    async def test_maps_each_failure_to_its_error(self, rig: Rig) -> None:
        """Whatever the provider does, exactly the error that says what to do next is raised."""
        for error, arrange in rig.failures.items():
            await arrange()
            with pytest.raises(ChannelError) as caught:
                await rig.channel.send(outbound(rig, Reply("Bonjour")))
            assert type(caught.value) is error
            assert rig.address not in str(caught.value)

    async def test_sends_again_after_failures(self, rig: Rig) -> None:
        """A failure does not break the channel for the next message."""
        for arrange in rig.failures.values():
            await arrange()
            with pytest.raises(ChannelError):
                await rig.channel.send(outbound(rig, Reply("Bonjour")))
        assert "Encore" in await self.shown(rig, Reply("Encore"))

    async def test_reads_what_a_person_wrote(self, rig: Rig) -> None:
        """A message comes out of the provider's form as it went in, with who, where from and which one."""
        text = "je cherche une garde d'enfants à Vaulx 🙂 مرحبا"
        inbound = await rig.received("3b0c9a52-5c0e-4d19-9d3a-6f1f0c1f7a01", text)
        assert inbound.text == text
        assert inbound.channel == rig.channel.name
        assert inbound.address
        assert inbound.provider_id

    async def test_reads_a_repeat_as_the_same_message(self, rig: Rig) -> None:
        """The same message twice has the same provider id, another one has another."""
        first = await rig.received("3b0c9a52-5c0e-4d19-9d3a-6f1f0c1f7a02", "bonjour")
        again = await rig.received("3b0c9a52-5c0e-4d19-9d3a-6f1f0c1f7a02", "bonjour")
        other = await rig.received("3b0c9a52-5c0e-4d19-9d3a-6f1f0c1f7a03", "bonjour")
        assert first == again
        assert other.provider_id != first.provider_id

    async def test_answers_for_its_lists(self, rig: Rig) -> None:
        """The provider's lists are read to their end: inbound messages, and of what we never sent, nothing."""
        listing = await rig.channel.received_since(NOON)
        assert listing.whole
        assert all(isinstance(inbound, Inbound) for inbound in listing.messages)
        assert await rig.channel.find_sent(outbound(rig, Reply("Jamais envoyé"))) == Lookup()

    async def test_closes_more_than_once(self, rig: Rig) -> None:
        """Closing twice is the same as closing once."""
        await rig.channel.close()
        await rig.channel.close()
