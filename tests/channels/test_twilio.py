"""Twilio, against a stand-in over real HTTP: what is signed comes in, what is sent is sent once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus, urlencode
from uuid import UUID, uuid4

import httpx
import pytest
from twilio.request_validator import RequestValidator

from channels.base import Choice, Inbound, Lookup, Outbound, Reply
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadRequest,
    BadSignature,
    ChannelError,
    Misconfigured,
    OptedOut,
    Refused,
    TryAgain,
)
from channels.sms_text import segments
from channels.twilio import Twilio, http_client
from channels.twilio_setup import TwilioSettings, missing
from channels.twilio_wire import error_of
from tests.channels.contract import ChannelContract, Rig
from tests.standins import twilio as standins
from tests.standins.twilio import ACCOUNT, NUMBER, TOKENS, Fault, TwilioStandin, refuses

PERSON = "+33639980001"
PUBLIC = "https://relais.example"
TARGET = "/channels/twilio"
SERVICE = "MG00000000000000000000000000000000"
SETTINGS = TwilioSettings(ACCOUNT, TOKENS, NUMBER, public_urls=(PUBLIC,))
PARSER = httpx.AsyncClient(verify=False)
"""For the channels that only read; making a client that knows the certificates takes its time."""


@pytest.fixture
async def standin() -> AsyncIterator[TwilioStandin]:
    async with TwilioStandin.started() as standin:
        yield standin


@pytest.fixture
async def twilio(standin: TwilioStandin) -> AsyncIterator[Twilio]:
    channel = Twilio(replace(SETTINGS, api_url=standin.api_url), httpx.AsyncClient(verify=False))
    yield channel
    await channel.close()


def offline(**changes: object) -> Twilio:
    return Twilio(replace(SETTINGS, **changes), PARSER)  # type: ignore[arg-type]


def message(text: str = "Bonjour", **changes: object) -> Outbound:
    return replace(Outbound(uuid4(), PERSON, NUMBER, Reply(text), datetime.now(UTC)), **changes)  # type: ignore[arg-type]


def signed(form: object, *, url: str = PUBLIC + TARGET, token: str = TOKENS[0]) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}


def receive(form: dict[str, str], **changes: str) -> Inbound:
    full = {"MessageSid": "SM1", "From": PERSON, "To": NUMBER, **form}
    return offline().receive(target=TARGET, headers=signed(full, **changes), body=urlencode(full).encode())


class TestTwilio(ChannelContract):
    @pytest.fixture
    async def rig(self, standin: TwilioStandin, twilio: Twilio) -> Rig:
        async def shown(outbound: Outbound) -> str:
            [call] = [call for call in standin.calls if str(outbound.message_id) in call.form["StatusCallback"]]
            return call.form["Body"]

        async def received(provider_id: str, text: str) -> Inbound:
            return receive({"MessageSid": provider_id, "Body": text})

        def fails(fault: Fault):  # type: ignore[no-untyped-def]
            async def arrange() -> None:
                standin.faults.append(fault)

            return arrange

        failures = {
            TryAgain: fails(standins.TOO_MANY),
            Misconfigured: fails(standins.UNAUTHORISED),
            OptedOut: fails(refuses(21610)),
            BadAddress: fails(refuses(21211)),
            Refused: fails(refuses(30007)),
            Ambiguous: fails(standins.FAILS_AFTER),
        }
        return Rig(twilio, PERSON, shown, received, failures)


# Signatures


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("url", [PUBLIC, "https://relais.example:443", "https://autre.example"])
def test_accepts_each_token_for_each_public_address(url: str, token: str) -> None:
    """A rotated token and a second address are both good, with or without the default port."""
    channel = offline(public_urls=("https://autre.example", PUBLIC + "/"))
    form = {"MessageSid": "SM1", "From": PERSON, "Body": "oui"}
    headers = signed(form, url=url + TARGET, token=token)
    assert channel.receive(target=TARGET, headers=headers, body=urlencode(form).encode()).text == "oui"


def test_signs_the_raw_path_and_query() -> None:
    """Escapes and queries are checked as they came, not as they would be written again."""
    form = {"MessageSid": "SM1", "From": PERSON}
    target = "/channels/twilio?a=%7Eb&c=d+e&a=2"
    headers = signed(form, url=PUBLIC + target)
    assert offline().receive(target=target, headers=headers, body=urlencode(form).encode())
    with pytest.raises(BadSignature):
        offline().receive(target=target.replace("%7E", "~"), headers=headers, body=urlencode(form).encode())


def test_reads_its_headers_in_any_case() -> None:
    """The web server's headers are lower case."""
    form = {"MessageSid": "SM1", "From": PERSON}
    headers = httpx.Headers({name.lower(): value for name, value in signed(form).items()})
    assert offline().receive(target=TARGET, headers=headers, body=urlencode(form).encode())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "é" * 28},
        {"X-Twilio-Signature": "A" * 10_000},
        {"X-Twilio-Signature": "x", "X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=HMAC_MD5"},
        signed({"MessageSid": "SM1", "From": PERSON}, token="another-token"),
        signed({"MessageSid": "SM1", "From": PERSON}, url="https://evil.example/channels/twilio"),
        signed({"MessageSid": "SM1", "From": PERSON, "Body": "autre"}),
    ],
)
def test_refuses_a_signature_that_is_not_ours(headers: dict[str, str]) -> None:
    """Missing, foreign, made for another host or for other words: refused, never a crash."""
    body = urlencode({"MessageSid": "SM1", "From": PERSON}).encode()
    with pytest.raises(BadSignature):
        offline().receive(target=TARGET, headers={"Host": "evil.example", **headers}, body=body)


def test_refuses_everything_without_tokens_or_addresses() -> None:
    """With nothing to check against, nothing is accepted."""
    body, headers = b"MessageSid=SM1", signed({"MessageSid": "SM1"}, url=TARGET, token="")
    for channel in (offline(auth_tokens=()), offline(public_urls=())):
        with pytest.raises(BadSignature):
            channel.receive(target=TARGET, headers=headers, body=body)


# What people send


def test_reads_a_picture_without_words() -> None:
    """An MMS without Body is an empty text with its content types."""
    inbound = receive({"NumMedia": "2", "MediaContentType0": "image/jpeg", "MediaUrl0": "https://x.example/1"})
    assert (inbound.text, inbound.media) == ("", ("image/jpeg", "application/octet-stream"))


@pytest.mark.parametrize("count", ["", "-1", "x", "²", "1e9", "99999999999999999999"])
def test_does_not_believe_a_count_of_media(count: str) -> None:
    """A NumMedia that is no number counts for none."""
    assert receive({"NumMedia": count, "Body": "oui"}).media == ()


def test_reads_no_more_media_than_twilio_allows() -> None:
    """Ten at most."""
    assert len(receive({"NumMedia": "999999999"}).media) == 10


def test_reads_the_longest_message_whole() -> None:
    """1,600 characters, joined by the provider from its parts, come in as one text."""
    text = "é" * 1599 + "."
    assert receive({"Body": text, "NumSegments": "11"}).text == text


def test_reads_everything_else_it_may_be_told() -> None:
    """Unknown parameters are signed and ignored; the opt-out and our number are kept."""
    inbound = receive({"Body": "ARRÊT", "OptOutType": "stop", "NewThing": "ça", "FromCity": "", "AddOns": "{}"})
    assert inbound == Inbound("twilio", "SM1", PERSON, NUMBER, "ARRÊT", opt_out="STOP")


def test_reads_repeated_names() -> None:
    """A name given twice is signed with both values; the first that says something is taken."""

    class Repeated(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    form = Repeated(MessageSid=["SM1"], From=[PERSON], Body=["", "b", "a"])
    body = b"MessageSid=SM1&From=%2B33639980001&Body=&Body=b&Body=a"
    assert offline().receive(target=TARGET, headers=signed(form), body=body).text == "b"


@pytest.mark.parametrize("written", ["d%E9j%E0", "d\xe9j\xe0"])
def test_reads_latin_1(written: str) -> None:
    """Bytes that are not UTF-8, escaped or raw, are read as Latin-1."""
    form = {"MessageSid": "SM1", "From": PERSON, "Body": "déjà"}
    body = b"MessageSid=SM1&From=" + quote_plus(PERSON).encode() + b"&Body=" + written.encode("latin-1")
    assert offline().receive(target=TARGET, headers=signed(form), body=body).text == "déjà"


def test_drops_what_no_database_takes() -> None:
    """A NUL in a text is left out."""
    assert receive({"Body": "a\0b"}).text == "ab"


@pytest.mark.parametrize("form", [{"From": ""}, {"From": "  "}, {"From": "9" * 65}, {"MessageSid": ""}])
def test_refuses_a_message_that_cannot_be_answered(form: dict[str, str]) -> None:
    """Without a sender or an id, one plain sentence says so."""
    with pytest.raises(BadRequest) as caught:
        receive(form)
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize("body", [b"a=1&" * 201, b"Body=" + b"x" * 70_000])
def test_refuses_a_monster_before_reading_it(body: bytes) -> None:
    """A form that no SMS could fill is refused."""
    with pytest.raises(BadRequest):
        offline().receive(target=TARGET, headers={}, body=body)


@pytest.mark.parametrize("body", [b"", b"&&&", b"=", b"%", b"%ZZ=%", b"\xff\xfe=\x00", b"{}", b"a"])
def test_answers_any_bytes(body: bytes) -> None:
    """Whatever arrives unsigned is a bad signature, never an unexpected error."""
    with pytest.raises(BadSignature):
        offline().receive(target=TARGET, headers={"X-Twilio-Signature": "x"}, body=body)


# Receipts


def receipt(form: dict[str, str], message_id: str) -> object:
    target = f"/channels/twilio/status?message={message_id}"
    full = {"MessageSid": "SM9", **form}
    headers = signed(full, url=PUBLIC + target)
    return offline().receipt(target=target, headers=headers, body=urlencode(full).encode())


def test_reads_receipts() -> None:
    """States that say nothing new are None."""
    ours = uuid4()
    assert [receipt({"MessageStatus": state}, str(ours)) for state in ("accepted", "queued", "sending", "x")] == [
        None
    ] * 4
    told = [receipt({"MessageStatus": state}, str(ours)) for state in ("sent", "failed", "undelivered", "delivered")]
    assert [item.state for item in told] == ["sent", "failed", "undelivered", "delivered"]  # type: ignore[attr-defined]
    assert {(item.message_id, item.provider_id) for item in told} == {(ours, "SM9")}  # type: ignore[attr-defined]


def test_reads_a_receipt_without_our_id() -> None:
    """An id of ours that is missing or broken leaves the provider's; its error code is kept."""
    told = receipt({"SmsStatus": "undelivered", "ErrorCode": "30003"}, "not-a-uuid")
    assert (told.message_id, told.provider_id, told.code) == (None, "SM9", "30003")  # type: ignore[attr-defined]
    assert isinstance(error_of("30003"), TryAgain)
    assert isinstance(error_of("30006"), BadAddress)
    assert type(error_of("30007")) is Refused


# Sending


async def test_sends_one_call_that_carries_our_id(standin: TwilioStandin, twilio: Twilio) -> None:
    """One POST with sender, recipient, fitted text and a callback with the message's id."""
    outbound = message("Voici l’accueil « prêt » : " + "x" * 60)
    sent = await twilio.send(outbound)
    [call] = standin.calls
    assert call.form == {
        "To": PERSON,
        "From": NUMBER,
        "Body": 'Voici l\'accueil "pret" : ' + "x" * 60,
        "StatusCallback": f"{PUBLIC}/channels/twilio/status?message={outbound.message_id}",
    }
    assert (sent.provider_id, sent.segments) == (call.sid, 1)


async def test_sends_by_a_messaging_service(standin: TwilioStandin) -> None:
    """A service chooses the number, unless the person wrote to one of its numbers."""
    channel = Twilio(replace(SETTINGS, api_url=standin.api_url, sender=SERVICE), http_client())
    await channel.send(message(sender=""))
    await channel.send(message(sender=NUMBER))
    await channel.close()
    assert [(call.form["MessagingServiceSid"], call.form.get("From")) for call in standin.calls] == [
        (SERVICE, None),
        (SERVICE, NUMBER),
    ]


async def test_keeps_its_connection(standin: TwilioStandin) -> None:
    """Five sends in a row travel on one connection of the client that we make."""
    channel = Twilio(replace(SETTINGS, api_url=standin.api_url), http_client())
    for _ in range(5):
        await channel.send(message())
    await channel.close()
    assert len({call.connection for call in standin.calls}) == 1


async def test_counts_three_choices_in_two_segments(standin: TwilioStandin, twilio: Twilio) -> None:
    """An answer of a search, with its footer, fits two GSM-7 segments."""
    line = "Crèche Les Petits Pas, 1,2 km, 04 65 71 00 0{}, maj 03/2026"
    choices = tuple(Choice(line.format(number), "/x") for number in (1, 2, 3))
    reply = Reply("Garde d’enfants près de Vaulx-en-Velin :", choices, "Répondez 1, 2 ou 3 pour en savoir plus.")
    sent = await twilio.send(message(reply=reply))
    assert sent.segments == 2
    assert segments(standin.sent()[0]).encoding == "GSM-7"


@pytest.mark.parametrize(
    ("fault", "error", "accepted"),
    [
        (standins.TOO_MANY, TryAgain, 0),
        (refuses(21611, status=429), TryAgain, 0),
        (refuses(30001), TryAgain, 0),
        (refuses(20429), TryAgain, 0),
        (Fault(status=429), TryAgain, 0),
        (refuses(20003, status=401), Misconfigured, 0),
        (Fault(status=401), Misconfigured, 0),
        (Fault(status=403), Misconfigured, 0),
        (refuses(20404, status=404), Misconfigured, 0),
        (refuses(21606), Misconfigured, 0),
        (Fault(status=302), Misconfigured, 0),
        (refuses(21610), OptedOut, 0),
        *((refuses(code), BadAddress, 0) for code in (21211, 21614, 21635, 30005, 30006)),
        (refuses(21408), Refused, 0),
        (refuses(21617), Refused, 0),
        (Fault(status=400), Refused, 0),
        (standins.FAILS_BEFORE, Ambiguous, 0),
        (standins.FAILS_AFTER, Ambiguous, 1),
        (refuses(20003, status=503), Ambiguous, 0),
        (Fault(status=408), Ambiguous, 0),
        (standins.BROKEN_AFTER, Ambiguous, 1),
        (standins.HANGS_BEFORE, Ambiguous, 0),
        (standins.HANGS_AFTER, Ambiguous, 1),
        (standins.CUTS_BEFORE, Ambiguous, 0),
        (standins.CUTS_AFTER, Ambiguous, 1),
    ],
)
async def test_says_what_to_do_after_a_failure(
    standin: TwilioStandin, fault: Fault, error: type[ChannelError], accepted: int
) -> None:
    """Each code, status and silence is exactly one error, whose words name nobody, after a single call."""
    standin.faults.append(fault)
    patience = 1.5 if fault.manner == "hang" else 10
    async with httpx.AsyncClient(verify=False) as client:
        channel = Twilio(replace(SETTINGS, api_url=standin.api_url, call_seconds=patience), client)
        with pytest.raises(ChannelError) as caught:
            await channel.send(message("Un secret"))
    assert type(caught.value) is error
    assert "secret" not in str(caught.value)
    assert PERSON not in str(caught.value)
    assert (len(standin.calls), len(standin.messages)) == (1, accepted)


@pytest.mark.parametrize(("given", "seconds"), [("3", 3.0), ("", None), ("bientôt".encode().decode("latin-1"), None)])
async def test_keeps_the_delay_that_was_asked(
    standin: TwilioStandin, twilio: Twilio, given: str, seconds: float | None
) -> None:
    """Retry-After in seconds is told to the outbox; nonsense is not."""
    standin.faults.append(Fault(status=429, code=20429, retry_after=given))
    with pytest.raises(TryAgain) as caught:
        await twilio.send(message())
    assert caught.value.retry_after == seconds


async def test_an_unreachable_provider_took_nothing() -> None:
    """A refused connection may be tried again; an address that is none is a setting to correct."""
    for url, error in (("http://127.0.0.1:9", TryAgain), ("ftp://127.0.0.1", Misconfigured), ("", Misconfigured)):
        with pytest.raises(ChannelError) as caught:
            await Twilio(replace(SETTINGS, api_url=url), http_client()).send(message())
        assert type(caught.value) is error


async def test_waiting_for_a_connection_is_not_a_send(standin: TwilioStandin) -> None:
    """When the time is up before a request could leave, nothing is in doubt."""
    async with httpx.AsyncClient(verify=False, limits=httpx.Limits(max_connections=1), timeout=None) as client:
        hurried = Twilio(replace(SETTINGS, api_url=standin.api_url, call_seconds=0.2), client)
        patient = Twilio(replace(SETTINGS, api_url=standin.api_url), client)
        standin.faults.append(standins.HANGS_BEFORE)
        holding = asyncio.create_task(patient.send(message("Premier")))
        await standin.wait_for(lambda: standin.calls)
        with pytest.raises(TryAgain):
            await hurried.send(message("Second"))
        assert len(standin.calls) == 1
        holding.cancel()


# Settling what is ambiguous


async def test_finds_an_ambiguous_send_in_the_list(standin: TwilioStandin, twilio: Twilio) -> None:
    """A message accepted before the answer was lost is found, with the provider's id."""
    standin.faults.append(standins.FAILS_AFTER)
    outbound = message("Prêt ? " * 12)
    with pytest.raises(Ambiguous):
        await twilio.send(outbound)
    [found] = (await twilio.find_sent(outbound)).entries
    assert found.provider_id == standin.calls[0].sid


async def test_finds_every_message_that_says_the_same(standin: TwilioStandin, twilio: Twilio) -> None:
    """Which of equal entries is ours only the pipeline knows: all are given, oldest first, but for lost tries."""
    outbound = message("Bonjour")
    rows = [standin._record("outbound-api", NUMBER, PERSON, words) for words in ("Essai - Bonjour", *["Bonjour"] * 3)]
    lookup = await twilio.find_sent(replace(outbound, lost=(rows[2]["sid"],)))
    assert [sent.provider_id for sent in lookup.entries] == [rows[1]["sid"], rows[3]["sid"], rows[0]["sid"]]
    assert lookup.whole


async def test_does_not_find_what_was_not_accepted(standin: TwilioStandin, twilio: Twilio) -> None:
    """Other words, another person, an inbound echo or an older twin are not our message."""
    outbound = message("Bonjour")
    await twilio.send(message("Bonsoir"))
    await twilio.send(message("Bonjour", address="+33639980002"))
    standin.write("Bonjour", sender=PERSON)
    hour_ago = str((outbound.created_at - timedelta(hours=1)).timestamp())
    standin._record("outbound-api", NUMBER, PERSON, "Bonjour", at=float(hour_ago))
    assert await twilio.find_sent(outbound) == Lookup()


async def test_finds_on_a_later_page_what_a_trial_account_prefixed(standin: TwilioStandin, twilio: Twilio) -> None:
    """Paging goes on within the window, and a sentence put before ours does not hide it."""
    outbound = message("Bonjour")
    row = standin._record("outbound-api", NUMBER, PERSON, "Sent from a trial account - Bonjour")
    for number in range(250):
        standin._record("outbound-api", NUMBER, PERSON, f"Rappel {number}")
    [found] = (await twilio.find_sent(outbound)).entries
    assert found.provider_id == row["sid"]


async def test_a_moved_clock_does_not_hide_a_message(standin: TwilioStandin) -> None:
    """Our business time may be years away: the provider's dates are brought to it."""
    moved = timedelta(days=400)
    channel = Twilio(replace(SETTINGS, api_url=standin.api_url), http_client(), now=lambda: datetime.now(UTC) + moved)
    outbound = message(created_at=datetime.now(UTC) + moved)
    standin.faults.append(standins.CUTS_AFTER)
    with pytest.raises(Ambiguous):
        await channel.send(outbound)
    assert (await channel.find_sent(outbound)).entries
    standin.write("bonjour", sender=PERSON)
    [inbound] = (await channel.received_since(outbound.created_at - timedelta(minutes=1))).messages
    assert inbound.sent_at
    assert abs(inbound.sent_at - outbound.created_at) < timedelta(minutes=1)
    await channel.close()


# The provider's list of inbound messages


async def test_lists_inbound_messages_oldest_first(standin: TwilioStandin, twilio: Twilio) -> None:
    """Every message of the window, over several pages, in the order written; neither older ones nor ours."""
    start = datetime.now(UTC) - timedelta(minutes=10)
    standin.write("trop vieux", sender=PERSON, at=str(start.timestamp() - 3600))
    for number in range(250):
        standin.write(f"message {number}", sender=PERSON, at=str(start.timestamp() + number), NumMedia="1")
    await twilio.send(message())
    listed = (await twilio.received_since(start)).messages
    assert [inbound.text for inbound in listed] == [f"message {number}" for number in range(250)]
    assert listed[0].media == ("application/octet-stream",)
    assert (listed[0].channel, listed[0].address, listed[0].recipient) == ("twilio", PERSON, NUMBER)


async def test_lists_of_a_service_only_what_its_own_numbers_received(standin: TwilioStandin) -> None:
    """The account's other numbers belong to other programs, whose people we must not answer."""
    standin.pool = {"PhoneNumbers": [NUMBER, "+33939980003"], "ShortCodes": ["38998"]}
    for to in (NUMBER, "+33939980009", "38998", "+33939980003"):
        standin.write(f"à {to}", sender=PERSON, to=to)
    channel = Twilio(replace(SETTINGS, api_url=standin.api_url, sender=SERVICE), http_client())
    listing = await channel.received_since(datetime.now(UTC) - timedelta(minutes=10))
    assert [inbound.recipient for inbound in listing.messages] == [NUMBER, "38998", "+33939980003"]
    del standin.pool["ShortCodes"]
    with pytest.raises(ChannelError):
        await channel.received_since(datetime.now(UTC) - timedelta(minutes=10))
    await channel.close()


async def test_stops_where_the_window_ends(standin: TwilioStandin, twilio: Twilio) -> None:
    """A long history behind the window is not read."""
    pages = []
    standin.lie = lambda page: pages.append(page["page"]) or page  # type: ignore[func-returns-value]
    for number in range(1000):
        standin.write("vieux", sender=PERSON, at=str(1_700_000_000 + number))
    standin.write("neuf", sender=PERSON)
    listed = (await twilio.received_since(datetime.now(UTC) - timedelta(minutes=10))).messages
    assert [inbound.text for inbound in listed] == ["neuf"]
    assert pages == [0, 1]


NONSENSE = [None, 3, "x", {}, {"sid": None}, {"sid": ""}, {"sid": "SM1", "direction": "inbound", "date_created": "x"}]


@pytest.mark.parametrize(
    "following", ["", "same", "https://evil.example/steal", "//evil.example", "http://[", 7, {}, []]
)
async def test_is_not_led_astray_by_a_page(standin: TwilioStandin, twilio: Twilio, following: object) -> None:
    """Nonsense rows, a loop, or a next page elsewhere: the good rows come, the token stays at home."""
    standin.write("bonjour", sender=PERSON)

    def lie(page: dict[str, object]) -> object:
        rows = [*NONSENSE, *page["messages"], *page["messages"]]  # type: ignore[misc]
        loop = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        return {"messages": rows, "next_page_uri": loop if following == "same" else following}

    standin.lie = lie
    listed = (await twilio.received_since(datetime.now(UTC) - timedelta(minutes=10))).messages
    assert [inbound.text for inbound in listed] == ["bonjour"]


async def test_reads_no_proxy_from_the_environment(standin: TwilioStandin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token goes to the provider itself, whatever the machine's variables say."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    channel = Twilio(replace(SETTINGS, api_url=standin.api_url), http_client())
    assert (await channel.send(message())).provider_id
    await channel.close()


async def test_the_token_goes_nowhere_else(standin: TwilioStandin, twilio: Twilio) -> None:
    """A next page at another address, real as it is, is not asked for."""
    standin.write("bonjour", sender=PERSON)
    async with TwilioStandin.started() as elsewhere:
        asked: list[object] = []
        elsewhere.lie = asked.append
        standin.lie = lambda page: {
            **page,
            "next_page_uri": f"{elsewhere.api_url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
        }
        assert len((await twilio.received_since(datetime.now(UTC) - timedelta(minutes=10))).messages) == 1
        assert asked == []


@pytest.mark.parametrize("told", [500, 404, "<html>", [], {"messages": None}, {}])
async def test_an_unreadable_list_is_not_an_empty_one(standin: TwilioStandin, twilio: Twilio, told: object) -> None:
    """A list that cannot be read raises: nothing is taken for absent because of it."""
    standin.lie = lambda page: told
    for asking in (twilio.received_since(datetime.now(UTC)), twilio.find_sent(message())):
        with pytest.raises((TryAgain, Misconfigured)):
            await asking


async def test_a_list_cut_short_is_said_not_to_be_whole(standin: TwilioStandin, twilio: Twilio) -> None:
    """When a later page fails, what was read is kept, and an absence is not concluded from it."""
    for number in range(150):
        standin.write(f"message {number}", sender=PERSON)
        standin._record("outbound-api", NUMBER, PERSON, f"Rappel {number}")
    standin.lie = lambda page: page if page["page"] == 0 else 500
    listed = await twilio.received_since(datetime.now(UTC) - timedelta(minutes=1))
    assert len(listed.messages) == 100
    assert not listed.whole
    assert await twilio.find_sent(message()) == Lookup(whole=False)


# Setting it up


def test_says_what_is_missing() -> None:
    """Each setting that lacks has its sentence, which names it."""
    lacks = missing(TwilioSettings())
    assert [sentence.split()[0] for sentence in lacks] == [
        "RELAIS_TWILIO_ACCOUNT_SID",
        "RELAIS_TWILIO_AUTH_TOKENS",
        "RELAIS_TWILIO_FROM",
        "RELAIS_PUBLIC_URLS",
    ]
    assert missing(SETTINGS) == []
    assert "est un nom" in missing(replace(SETTINGS, sender="RELAIS"))[0]


WEBHOOK = {
    "phone_number": NUMBER,
    "sms_url": f"{PUBLIC}/channels/twilio#rc=5&rp=5xx,ct,rt",
    "sms_method": "POST",
    "sms_fallback_url": f"{PUBLIC}/channels/twilio",
    "sms_application_sid": "",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"sms_url": f"{PUBLIC}/channels/twilio#rp=ct,5xx,rt&rc=5"}, []),
        ({"phone_number": "+33939980001"}, ["n'a pas"]),
        ({"sms_url": ""}, ["n'arrivent pas ici"]),
        ({"sms_url": "https://ailleurs.example/channels/twilio#rc=5&rp=5xx,ct,rt"}, ["n'arrivent pas ici"]),
        ({"sms_url": f"{PUBLIC}/channels/twilio"}, ["serait perdu"]),
        ({"sms_url": f"{PUBLIC}/channels/twilio#rc=5&rp=all"}, ["serait perdu"]),
        ({"sms_url": f"{PUBLIC}/channels/twilio#rc=1&rp=5xx,ct,rt"}, ["serait perdu"]),
        ({"sms_method": "GET"}, ["HTTP POST"]),
        ({"sms_fallback_url": None}, ["adresse de secours"]),
        ({"sms_fallback_url": "https://ailleurs.example/"}, ["adresse de secours"]),
        ({"sms_application_sid": "AP1"}, ["TwiML App"]),
    ],
)
async def test_doctor_reads_the_number(
    standin: TwilioStandin, twilio: Twilio, change: dict[str, object], said: list[str]
) -> None:
    """What is wrong with the webhook is said, one sentence each, and nothing when all is well."""
    standin.numbers = [{**WEBHOOK, **change}]
    told = await twilio.problems()
    assert len(told) == len(said)
    assert all(part in sentence for part, sentence in zip(said, told, strict=True))


@pytest.mark.parametrize(
    ("change", "said"),
    [({}, []), ({"fallback_url": None}, ["adresse de secours"]), ({"use_inbound_webhook_on_number": True}, ["numéro"])],
)
async def test_doctor_reads_the_service(standin: TwilioStandin, change: dict[str, object], said: list[str]) -> None:
    """A Messaging Service has its webhook on itself."""
    standin.service = {
        "sid": SERVICE,
        "inbound_request_url": WEBHOOK["sms_url"],
        "inbound_method": "POST",
        "fallback_url": WEBHOOK["sms_fallback_url"],
        "use_inbound_webhook_on_number": False,
        **change,
    }
    channel = Twilio(replace(SETTINGS, api_url=standin.api_url, sender=SERVICE), http_client())
    told = await channel.problems()
    await channel.close()
    assert all(part in sentence for part, sentence in zip(said, told, strict=True))


@pytest.mark.parametrize(
    ("pool", "said"),
    [({"PhoneNumbers": [], "ShortCodes": []}, "aucun numéro"), ({"PhoneNumbers": [NUMBER]}, "illisibles")],
)
async def test_doctor_wants_to_know_the_numbers_of_the_service(
    standin: TwilioStandin, pool: dict[str, list[str]], said: str
) -> None:
    """A service whose numbers are none, or cannot be read, would not find a lost message again."""
    standin.pool = pool
    standin.service = {
        "sid": SERVICE,
        "inbound_request_url": WEBHOOK["sms_url"],
        "fallback_url": WEBHOOK["sms_fallback_url"],
    }
    channel = Twilio(replace(SETTINGS, api_url=standin.api_url, sender=SERVICE), http_client())
    [told] = await channel.problems()
    await channel.close()
    assert said in told


async def test_doctor_says_that_the_account_is_refused(standin: TwilioStandin) -> None:
    """A wrong token, and a provider that cannot be reached, are said as such."""
    refused = Twilio(replace(SETTINGS, api_url=standin.api_url, auth_tokens=("wrong",)), http_client())
    assert "refuse le compte" in (await refused.problems())[0]
    assert "ne répond pas" in (await offline(api_url="http://127.0.0.1:9").problems())[0]
    assert "RELAIS_TWILIO_FROM" in (await offline(sender="").problems())[0]
    await refused.close()


# The stand-in itself


async def test_the_stand_in_posts_what_the_channel_accepts(standin: TwilioStandin) -> None:
    """Its webhooks, repeats and receipts are signed for the public address and sent to the local one."""
    taken: list[object] = []

    async def web(scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] == "lifespan":
            return await standins._lifespan(receive, send)
        query = scope["query_string"].decode()
        target = scope["raw_path"].decode() + (f"?{query}" if query else "")
        headers = httpx.Headers(scope["headers"])
        parse = channel.receipt if target.startswith("/channels/twilio/status") else channel.receive
        taken.append(parse(target=target, headers=headers, body=(await receive())["body"]))
        return await standins._answer(send, 200, "", {})

    async with standins.serving(web) as url:
        standin.webhooks, standin.public_url = url, PUBLIC
        standin.receipts = lambda message: ("delivered", "sent", "delivered")
        channel = Twilio(replace(SETTINGS, api_url=standin.api_url), http_client())
        assert await standin.text("bonjour", sender=PERSON, times=2) == [200, 200]
        outbound = message()
        await channel.send(outbound)
        await standin.wait_for(lambda: len(standin.statuses) == 5)
        await channel.close()
    assert taken[0] == taken[1]
    assert [item.state for item in taken[2:]] == ["delivered", "sent", "delivered"]  # type: ignore[attr-defined]
    assert {item.message_id for item in taken[2:]} == {UUID(str(outbound.message_id))}  # type: ignore[attr-defined]


async def test_the_stand_in_waits_for_what_happens(standin: TwilioStandin, twilio: Twilio) -> None:
    """Waiting ends with the call that makes it true, or by its time limit."""
    waiting = asyncio.create_task(standin.wait_for(lambda: len(standin.calls) == 20))
    await asyncio.gather(*(twilio.send(message(f"Message {number}")) for number in range(20)))
    await waiting
    assert sorted(standin.sent()) == sorted(f"Message {number}" for number in range(20))
    with pytest.raises(TimeoutError):
        await standin.wait_for(lambda: False, timeout=0.01)
