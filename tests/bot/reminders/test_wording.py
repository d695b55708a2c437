"""A reminder is one SMS in French whatever the place and the name, and as few as can be in the other languages."""

from __future__ import annotations

import csv
import itertools
import json
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import pytest
import yaml

from bot.clock import PARIS
from bot.reminders.wording import Reminded, Wording, says_until
from bot.settings import ROOT
from bot.texts import Texts
from channels import sms_text
from knowledge.languages import Languages

KNOWLEDGE = ROOT / "knowledge"
NOW = datetime(2026, 9, 23, 9, 0, tzinfo=PARIS)
LONGEST_DAY = datetime(2026, 9, 30, 14, 30, tzinfo=PARIS)
"""« mercredi 30 septembre à 14h30 »: no day of a year is longer to say in French."""
NAMES = (
    "Amina",
    "Marie-Christine",
    "Anne-Sophie-Élisabeth",
    "Nguyễn Thị Minh Khai",
    "Zoë",
    "François",
    "Łukasz",
    "Đặng",
    "Оксана",
    "أمينة",
    "",
)
SEGMENTS = {"fr": 1, "en": 1, "es": 1, "pt": 1, "ro": 1, "tr": 1, "ar": 2, "uk": 2, "ru": 2}
"""What one reminder costs: 160 letters an SMS, 70 in Arabic and Cyrillic, which then take two."""
WORDING = Wording(Texts())


@cache
def places() -> tuple[str, ...]:
    """Every French place name in the data: communes, branches and their addresses, quarters."""
    communes = [row[1] for row in json.loads((KNOWLEDGE / "communes.json").read_bytes())["rows"]]
    quarters = [row["name"] for row in yaml.safe_load((KNOWLEDGE / "quarters.yml").read_text())["quarters"]]
    lines = [line for line in (KNOWLEDGE / "branches.csv").read_text().splitlines() if not line.startswith("#")]
    branches = list(csv.DictReader(lines, delimiter=";"))
    said = [row["label"] for row in branches] + [f"{row['label']}, {row['address']}" for row in branches]
    said += [f"{row['label']}, {row['address']}, {row['postal_code']} {row['commune']}" for row in branches]
    return tuple(dict.fromkeys([*communes, *quarters, *said]))


def worded(language: str, *, name: str, place: str = "", medium: str = "place", at: datetime = LONGEST_DAY) -> str:
    one = Reminded(UUID(int=1), at, "Europe/Paris", medium, place, name, language)
    return sms_text.body(WORDING.reminder(one, NOW))


def test_french_is_one_segment_at_every_place() -> None:
    """Each place of the data, with the longest name and the longest day: one GSM-7 segment that names the place."""
    assert len(places()) > 500
    for place in places():
        text = worded("fr", name="Anne-Sophie-Élisabeth", place=place)
        paid = sms_text.segments(text)
        assert (paid.encoding, paid.count) == ("GSM-7", 1), text
        assert sms_text.plain(place)[:5] in text, text


@pytest.mark.parametrize("medium", ["place", "phone", "video", "home"])
@pytest.mark.parametrize("days", [-7, 0, 1])
def test_french_is_one_segment_whoever_and_however(medium: str, days: int) -> None:
    """Every template: today, tomorrow and another day, by all ways, for names of all kinds."""
    at = LONGEST_DAY if days < 0 else LONGEST_DAY.replace(day=23) + timedelta(days=days)
    for name, place in itertools.product(NAMES, ("", "CCAS", "Maison de la Métropole de Lyon, 12 rue de la Part-Dieu")):
        text = worded("fr", name=name, place=place, medium=medium, at=at)
        assert sms_text.segments(text).count == 1, text
        assert sms_text.segments(text).encoding == "GSM-7", text
        assert text.splitlines()[-1].startswith("3. ")


@pytest.mark.parametrize("language", Languages.from_file().codes)
def test_a_language_costs_what_it_costs(language: str) -> None:
    """The table of what a reminder takes in each language, at every place, for a name of usual length."""
    most = max(
        sms_text.segments(worded(language, name="Marie-Christine", place=place, medium=medium)).count
        for place, medium in [
            *((place, "place") for place in places()[::7]),
            ("", "phone"),
            ("", "video"),
            ("", "home"),
        ]
    )
    assert most == SEGMENTS[language]


@pytest.mark.parametrize("language", Languages.from_file().codes)
def test_nothing_is_said_that_others_may_not_read(language: str) -> None:
    """No « RSA », and no line too much: who, when, where, three answers."""
    for medium in ("place", "phone", "video", "home"):
        text = worded(language, name="Amina", place="CCAS", medium=medium)
        assert "RSA" not in text
        assert "Amina" in text and "14" in text
        assert [line[:2] for line in text.splitlines()[-3:]] == ["1.", "2.", "3."]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Amina", "Bonjour Amina."),
        ("", "Bonjour."),
        ("Nguyễn", "Bonjour Nguyen."),
        ("Łukasz", "Bonjour Lukasz."),
        ("Đặng", "Bonjour Dang."),
        ("Оксана", "Bonjour Oksana."),
        ("أمينة", "Bonjour."),
        ("伟", "Bonjour."),
        ("Zoë", "Bonjour Zoe."),
        ("Anne-Sophie-Élisabeth-Marie", "Bonjour Anne-Sophie."),
    ],
)
def test_a_name_is_said_in_the_letters_of_an_sms(name: str, said: str) -> None:
    """Shortened at sense, never a hole, never a letter that makes the message three times as dear."""
    assert worded("fr", name=name, place="CCAS").startswith(said)


def test_what_has_no_room_is_shortened_and_the_wording_gives_way() -> None:
    """A place keeps thirty letters before the sentence gets shorter."""
    text = worded("fr", name="Marie-Christine", place="Maison de la Métropole pour les solidarités, 3 rue du Lac")
    assert (
        text.splitlines()[:2]
        == [
            "Bonjour Marie-Christine. Rendez-vous mercredi 30 septembre à 14h30.",
            "Maison de la Métropole pour les",
        ]
        or len(text.splitlines()[1]) >= 25
    )


@pytest.mark.parametrize(
    ("at", "said", "until"),
    [
        (NOW + timedelta(hours=5), "aujourd'hui mercredi à 14h", None),
        (NOW + timedelta(days=1), "demain jeudi à 9h", NOW.replace(hour=20)),
        (NOW + timedelta(days=2), "vendredi 25 septembre à 9h", None),
    ],
)
def test_today_and_tomorrow(at: datetime, said: str, until: datetime | None) -> None:
    """« demain » is not to be read a day later."""
    one = Reminded(UUID(int=1), at, "Europe/Paris", "place", "CCAS", "Amina", "fr")
    assert said in WORDING.reminder(one, NOW).text
    assert says_until(one, NOW) == until


def test_the_hour_is_that_of_the_place() -> None:
    """An appointment overseas is told by the clock on its wall."""
    one = Reminded(UUID(int=1), LONGEST_DAY, "Indian/Reunion", "place", "CCAS", "Amina", "fr")
    assert "à 16h30" in WORDING.reminder(one, NOW).text
