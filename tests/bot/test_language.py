"""The language of a conversation: heard, kept, asked for, and held under repeats and late turns."""

from __future__ import annotations

import asyncio
from functools import cache
from uuid import UUID

import pytest
import yaml

from bot import language
from bot.language import Listening, Spoken
from bot.settings import ROOT
from knowledge.languages import Languages
from tests.bot.conftest import Pipeline
from tests.knowledge.said import lines

FRENCH, ENGLISH, ARABIC = Spoken("fr"), Spoken("en"), Spoken("ar", asked=True)
UKRAINIAN, RUSSIAN = Spoken("uk", asked=True), Spoken("ru", asked=True)
UNHEARD_AT_MOST = 4
"""Sentences of the table that leave a French conversation French, being too near to it: « no hablo frances »."""


@cache
def listening() -> Listening:
    return Listening(Languages.from_file())


def said() -> list[tuple[str, str]]:
    return [(code, text) for code, _, text in (line.partition(" | ") for line in lines("languages.txt"))]


def test_languages_are_heard() -> None:
    """First sentences in the eight other languages switch, and never to the wrong one."""
    heard = {text: (code, listening().next(FRENCH, text).language) for code, text in said() if code != "fr"}
    assert {text: pair for text, pair in heard.items() if pair[1] not in (pair[0], "fr")} == {}
    unheard = [text for text, (_, found) in heard.items() if found == "fr"]
    assert len(unheard) <= UNHEARD_AT_MOST, unheard


def unseen(name: str) -> dict[str, list[str]]:
    """Sentences kept apart from all tuning, by their group."""
    groups = yaml.safe_load((ROOT / "nlu" / "heldout" / f"{name}.yml").read_text(encoding="utf-8"))
    return {group: [text for texts in intents.values() for text in texts] for group, intents in groups.items()}


def test_unseen_languages_are_heard() -> None:
    """Three first messages of four switch, in each language, alone and with no one before them."""
    for code, texts in unseen("languages").items():
        heard = [listening().next(FRENCH, text).language for text in texts]
        assert heard.count(code) >= 0.75 * len(texts), code


def test_unseen_french_switches_nothing() -> None:
    """No French sentence, clean, phonetic or rambling, is taken for another language."""
    for texts in unseen("french").values():
        spoken = {text: listening().next(FRENCH, text) for text in texts}
        assert [text for text, then in spoken.items() if then.language != "fr" and not then.asked] == []


@pytest.mark.parametrize("text", [text for code, text in said() if code == "fr"])
def test_french_stays_french(text: str) -> None:
    """Phonetic spelling, borrowed words, names of services and single words switch nothing."""
    assert listening().next(FRENCH, text) == FRENCH


@pytest.mark.parametrize(
    ("spoken", "text", "then"),
    [
        (ENGLISH, "mission locale vaulx", ENGLISH),
        (ENGLISH, "Bron", ENGLISH),
        (ENGLISH, "ok merci", ENGLISH),
        (ENGLISH, "je voudrais aussi une aide pour payer mon loyer", Spoken("fr")),
        (ARABIC, "je cherche une aide pour mon loyer", ARABIC),
        (ARABIC, "i need help to find food", ARABIC),
        (ARABIC, "мені потрібна допомога", Spoken("uk")),
        (UKRAINIAN, "здравствуйте, мы ищем квартиру", UKRAINIAN),
        (RUSSIAN, "добрий день, мені потрібна допомога", RUSSIAN),
        (RUSSIAN, "أحتاج مساعدة في الأكل", Spoken("ar")),
        (Spoken("fr", asked=True), "мне нужна помощь", Spoken("ru")),
        (Spoken("uk"), "коли зустріч", Spoken("uk")),
        (Spoken("uk"), "где мой дом", Spoken("uk")),
        (Spoken("uk"), "здравствуйте, мы ищем квартиру", Spoken("ru")),
        (FRENCH, "کمک می‌خواهم", FRENCH),
        (FRENCH, "السلام عليكم, je cherche un logement pour ma famille à Bron", FRENCH),
        (FRENCH, "", FRENCH),
        (FRENCH, "https://example.org/where/is/the/help", FRENCH),
        (FRENCH, "🙂👍", FRENCH),
    ],
)
def test_language_is_kept_once_sure(spoken: Spoken, text: str, then: Spoken) -> None:
    """Names and single words keep it, a whole sentence changes it, a wish outlives sentences of the same script."""
    assert listening().next(spoken, text) == then


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("english please", "en"),
        ("English", "en"),
        ("do you speak english?", "en"),
        ("en anglais svp", "en"),
        ("vous parlez anglais ?", "en"),
        ("بالعربية", "ar"),
        ("العربية", "ar"),
        ("en arabe s'il vous plaît", "ar"),
        ("parlez arabe", "ar"),
        ("po russki", "ru"),
        ("по-русски пожалуйста", "ru"),
        ("українською", "uk"),
        ("українською будь ласка", "uk"),
        ("en español por favor", "es"),
        ("habla español?", "es"),
        ("português por favor", "pt"),
        ("türkçe lütfen", "tr"),
        ("in romana va rog", "ro"),
        ("en français svp", "fr"),
        ("french please", "fr"),
        ("possible de parler en anglais ?", "en"),
        ("est-ce que vous pouvez répondre en arabe", "ar"),
        ("passez en turc svp", "tr"),
        ("can you speak english", "en"),
        ("puede hablar en español", "es"),
        ("можно говорить по-русски", "ru"),
    ],
)
def test_language_is_asked_for(text: str, code: str) -> None:
    """However it is asked for, in whatever language."""
    assert listening().next(Spoken("tr"), text) == Spoken(code, asked=True)


@pytest.mark.parametrize(
    "text",
    [
        "cours de français",
        "je cherche un cours d'anglais",
        "anglais",
        "apprendre le français à Bron",
        "je parle anglais et espagnol",
        "français ou anglais svp",
        "a doctor who speaks arabic",
        "farsi please",
        "je suis roumaine",
        "traducteur russe",
        "traduction arabe possible",
        "traduire en arabe",
        "translate arabic",
        "arabe possible ?",
        "parler arabe",
        "je voudrais parler anglais",
        "cours pour parler anglais",
        "écrire le turc",
        "je passe l'anglais",
        "i want to speak english",
        "hablar español",
        "quero falar português",
        "говорить русский",
    ],
)
def test_naming_a_language_is_not_asking_for_it(text: str) -> None:
    """A course, a nationality, a translation, a wish to speak it, two languages, or one that we have not."""
    assert listening().next(FRENCH, text).asked is False


async def test_conversation_remembers_its_language(pipeline: Pipeline) -> None:
    """The engine and the system's sentences get the language of the message, and of the names after it."""
    await pipeline.say("hello i need help to find food")
    await pipeline.say("Bron")
    assert [question["language"] for question in pipeline.engine.asked] == ["en", "en"]
    row = await pipeline.thread()
    assert (row.language, row.language_asked, row.language_seq) == ("en", False, 1)


async def test_what_is_said_at_once_is_in_the_language_of_the_message(pipeline: Pipeline) -> None:
    """A first message that is a cry for help has its numbers in its own language."""
    [text] = await pipeline.say("i want to kill myself")
    assert "3114" in text
    assert "free" in text


@pytest.mark.parametrize(
    ("cry", "word"),
    [("хочу умереть", "бесплатно"), ("quiero morir", "gratis, día y noche"), ("i want to die", "free")],
)
async def test_short_cry_for_help_is_answered_in_its_language(pipeline: Pipeline, cry: str, word: str) -> None:
    """Too short to change the language of the conversation, and still answered in its own."""
    [text] = await pipeline.say(cry)
    assert "3114" in text
    assert word in text


async def test_repeat_decides_nothing(pipeline: Pipeline) -> None:
    """A message delivered again after the language has changed leaves it."""
    inbound = pipeline.sms("hello i need help to find food", sid="SM1")
    await pipeline.relais.inbox.receive(inbound)
    await pipeline.write("en français svp")
    await asyncio.gather(*(pipeline.relais.inbox.receive(inbound) for _ in range(5)))
    assert (await pipeline.thread()).language == "fr"


async def test_late_turn_does_not_undo_a_later_wish(pipeline: Pipeline) -> None:
    """The engine's own wish counts from the message that it was said in, however often its turn runs."""
    first = (await pipeline.relais.inbox.receive(pipeline.sms("you know what i mean"))).message_id
    await pipeline.choose(first, "ro")
    assert (await pipeline.thread()).language == "ro"
    await pipeline.write("english please")
    await pipeline.choose(first, "ro")
    row = await pipeline.thread()
    assert (row.language, row.language_asked) == ("en", True)
    await pipeline.choose(UUID(int=0), "tr")
    assert (await pipeline.thread()).language == "en"


async def test_late_turn_does_not_undo_a_wish_said_again(pipeline: Pipeline) -> None:
    """A wish that changes nothing, the language being that one already, counts as the latest all the same."""
    await pipeline.write("en français svp")
    between = (await pipeline.relais.inbox.receive(pipeline.sms("you know what i mean"))).message_id
    await pipeline.write("en français svp")
    await pipeline.choose(between, "ro")
    row = await pipeline.thread()
    assert (row.language, row.language_asked, row.language_seq) == ("fr", True, 3)


async def test_fault_of_the_listening_refuses_no_message(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the language cannot be told, the message is taken in, and the language stays."""

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(language.Listening, "detect", broken)
    await pipeline.say("hello i need help to find food")
    assert [question["language"] for question in pipeline.engine.asked] == ["fr"]
