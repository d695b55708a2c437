"""A line of a list of dates, chosen in words; only what is clear is a choice."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from knowledge.choosing import chosen

TODAY = date(2026, 9, 8)  # a Tuesday
LISTED = (datetime(2026, 9, 10, 9, 30), datetime(2026, 9, 17, 14), datetime(2026, 9, 22, 14), datetime(2026, 10, 2, 9))


def places(words: str) -> list[int]:
    """The lines that fit, from 1; none when the words choose nothing."""
    said = chosen(words, TODAY)
    return [place for place, starts in enumerate(LISTED, 1) if said and said.fits(place, starts)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("le 1", [1]),
        ("le numéro 3 svp", [3]),
        ("n°3", [3]),
        ("la deuxième", [2]),
        ("le 2", [2, 4]),  # also the 2nd of the month
        ("2eme", [2, 4]),
        ("le 17", [2]),
        ("le 17 à 14h", [2]),
        ("le 17 à 15h", []),
        ("mardi", [3]),
        ("jeudi", [1, 2]),
        ("jeudi 17", [2]),
        ("jeudi a 14h", [2]),
        ("celui du 22/09", [3]),
        ("je prends vendredi 2 octobre", [4]),
        ("ok le 22 septembre merci", [3]),
        ("le 5", []),
    ],
)
def test_what_is_chosen(words: str, expected: list[int]) -> None:
    assert places(words) == expected


@pytest.mark.parametrize(
    "words",
    ["", "oui", "pas mardi", "sauf le 17", "mardi ou jeudi", "le 2 ou le 3", "mardi je travaille", "je peux pas le 17",
     "c'est mardi ?", "le 3 non", "j'ai 2 enfants", "2 personnes", "mardi matin", "la semaine prochaine", "14h",
     "bonjour je voulais savoir si mardi ou un autre jour de la semaine ce serait possible pour vous"],
)  # fmt: skip
def test_what_says_more_chooses_nothing(words: str) -> None:
    assert chosen(words, TODAY) is None
