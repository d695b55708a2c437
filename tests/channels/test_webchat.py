"""The web chat's codec, its visitors' tokens, and the contract of every channel."""

from __future__ import annotations

import gzip
import re

import orjson
import pytest

from channels import build
from channels.base import Card, Choice, Inbound, Listing, Outbound, Reply, Sent
from channels.errors import BadRequest
from channels.webchat import Shown, Visitors, client_id, message_event, parse, state_event
from channels.widget import script, texts
from tests.channels.contract import NOON, ChannelContract, Rig, outbound

CLIENT = "3b0c9a52-5c0e-4d19-9d3a-6f1f0c1f7a01"


def read(event: bytes) -> dict:
    return orjson.loads(re.search(rb"^data: (.*)$", event, re.MULTILINE)[1])


class TestWebChat(ChannelContract):
    async def test_answers_for_its_lists(self, rig: Rig) -> None:
        """Nothing is written elsewhere; and whatever was being sent is on the screen already."""
        message = outbound(rig, Reply("Bonjour"))
        assert await rig.channel.received_since(NOON) == Listing()
        assert (await rig.channel.find_sent(message)).entries == (Sent(str(message.message_id)),)

    @pytest.fixture
    def rig(self) -> Rig:
        async def shown(outbound: Outbound) -> str:
            data = read(message_event(Shown(2, "assistant", outbound.reply, NOON)))
            return "\n".join([data["text"], *(choice["title"] for choice in data["choices"]), data["footer"]])

        async def received(provider_id: str, text: str) -> Inbound:
            return parse(orjson.dumps({"id": provider_id, "text": text}), "visitor")

        return Rig(build("web", None), "visitor", shown, received)


def test_an_event_carries_the_card_and_never_the_payload() -> None:
    """A choice travels as its id, its title and its facts; what it makes the engine do stays here."""
    reply = Reply("Voici :", (Choice("Crèche", "/service_details{}", Card("Crèche", phone="04 65 71 00 01")),))
    event = message_event(Shown(12, "assistant", reply, NOON))
    assert event.startswith(b"event: message\nid: 12\ndata: ")
    assert event.endswith(b"\n\n")
    assert b"service_details" not in event
    choice = read(event)["choices"][0]
    assert (choice["id"], choice["title"], choice["card"]["phone"]) == ("12.1", "Crèche", "04 65 71 00 01")


def test_a_text_cannot_end_its_event() -> None:
    """Line ends in a text stay inside the event's data."""
    event = message_event(Shown(1, "person", Reply("a\n\nevent: state\rdata: {}"), NOON, client=CLIENT))
    assert event.count(b"\n\n") == 1
    assert b"\r" not in event
    assert read(event)["client"] == CLIENT


def test_a_state_has_no_id() -> None:
    """A state is not replayed: it carries no event id."""
    assert state_event("human", typing=False) == b'event: state\ndata: {"owner":"human","typing":false}\n\n'


def test_a_choice_comes_in_as_its_id() -> None:
    """A pressed button is the place of a choice, with no text beside it."""
    inbound = parse(orjson.dumps({"id": CLIENT, "choice": "12.1", "text": "autre"}), "visitor")
    assert (inbound.choice, inbound.text) == ("12.1", "")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"{", "malformed"),
        (b"[]", "malformed"),
        (b"null", "malformed"),
        (b'{"text": "bonjour"}', "malformed"),
        (b'{"id": "x", "text": "bonjour"}', "malformed"),
        (b'{"id": 7, "text": "bonjour"}', "malformed"),
        (b'{"id": "%s", "text": 7}' % CLIENT.encode(), "malformed"),
        (b'{"id": "%s", "text": "\\ud800"}' % CLIENT.encode(), "malformed"),
        (b'{"id": "%s", "choice": "/restart"}' % CLIENT.encode(), "malformed"),
        (b'{"id": "%s", "choice": ["1.1"]}' % CLIENT.encode(), "malformed"),
        (b'{"id": "%s", "text": " \\u0000 "}' % CLIENT.encode(), "empty"),
        (b'{"id": "%s"}' % CLIENT.encode(), "empty"),
        (b'{"id": "%s", "text": "%s"}' % (CLIENT.encode(), b"a" * 1601), "too_long"),
    ],
)
def test_what_cannot_be_a_message_is_refused_in_one_sentence(body: bytes, name: str) -> None:
    """Anything malformed raises BadRequest with the sentence for it."""
    with pytest.raises(BadRequest) as caught:
        parse(body, "visitor")
    assert caught.value.sentence == texts()["errors"][name]


def test_the_same_client_id_of_two_visitors_is_two_messages() -> None:
    """A client id says nothing outside its own visitor."""
    body = orjson.dumps({"id": CLIENT, "text": "bonjour"})
    first, second = parse(body, "a"), parse(body, "b")
    assert first.provider_id != second.provider_id
    assert client_id(first.provider_id) == client_id(second.provider_id) == CLIENT


def test_a_visitor_is_known_by_its_own_token_only() -> None:
    """A token that was changed, cut, invented or signed with another key is nobody's."""
    visitors = Visitors(b"k" * 32)
    visitor = visitors.issue()
    assert visitors.read(visitor.token) == visitor
    name, _, signature = visitor.token.rpartition(".")
    other = visitors.issue()
    forged = [
        f"{other.id}.{signature}",
        f"{name}.{signature[:-2]}",
        f"{name}.",
        name,
        visitor.token[1:],
        visitor.token + "é",
        "",
        ".",
        Visitors(b"q" * 32).issue().token,
    ]
    assert [visitors.read(token) for token in forged] == [None] * len(forged)


def test_visitors_cannot_be_guessed() -> None:
    """An id has at least 128 random bits, and does not come twice."""
    visitors = Visitors(b"k" * 32)
    ids = {visitors.issue().id for _ in range(1000)}
    assert len(ids) == 1000
    assert min(map(len, ids)) * 6 >= 128


def test_the_widget_is_small_and_whole() -> None:
    """The whole script stays under 20 KB gzipped, with no module line left and no foreign address in it."""
    built = script()
    assert len(built.gzipped) <= 20 * 1024
    assert gzip.decompress(built.gzipped) == built.body
    assert not re.search(rb"^(import|export) ", built.body, re.MULTILINE)
    assert set(re.findall(rb"https?://[\w.]+", built.body)) <= {b"http://www.w3.org"}
    assert b"innerHTML" not in built.body


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("uk", "ltr"), ("", "auto")])
def test_each_message_says_its_language_and_direction(language: str, direction: str) -> None:
    """Ours are marked; what people and counsellors write is left to its own letters."""
    data = read(message_event(Shown(1, "assistant", Reply("…", language=language), NOON)))
    assert (data["lang"], data["dir"]) == (language, direction)
