"""French dates and times as said, on a Tuesday: the 24th of November 2026."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.dates import find

TUESDAY = date(2026, 11, 24)


def heard(text: str, today: date = TUESDAY) -> list[str]:
    return [moment.value for moment in find(text, today)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("jpeu pa venir jeudi a 14h30", ["2026-11-26", "14:30"]),
        ("rdv le 3/12/2026 à 10h", ["2026-12-03", "10:00"]),
        ("mardi 3/12", ["2026-12-03"]),
        ("dans 2 semaines", ["2026-12-08"]),
        ("ds 1 semaine", ["2026-12-01"]),
        ("d'ici dix jours", ["2026-12-04"]),
        ("dans 2 mois", ["2027-01"]),
        ("2main matin", ["2026-11-25", "08:00/12:00"]),
        ("après-demain", ["2026-11-26"]),
        ("le 3 à 14h30", ["2026-12-03", "14:30"]),
        ("le 25 à 14 h 30 svp", ["2026-11-25", "14:30"]),
        ("lundi prochin", ["2026-11-30"]),
        ("lundi en huit", ["2026-12-07"]),
        ("mardi", ["2026-12-01"]),
        ("ce mardi", ["2026-11-24"]),
        ("jeudi dernier", ["2026-11-19"]),
        ("samdi", ["2026-11-28"]),
        ("mer 25 nov", ["2026-11-25"]),
        ("cet aprem vers 15:00", ["2026-11-24", "12:00/18:00", "15:00"]),
        ("le vendredi 27 novembre 2026 à 8h du soir", ["2026-11-27", "20:00"]),
        ("le 1er décembre", ["2026-12-01"]),
        ("3 mars", ["2027-03-03"]),
        ("je suis né le 3 mai 1980", ["1980-05-03"]),
        ("né le 03/05/1980", ["1980-05-03"]),
        ("le 20 novembre", ["2026-11-20"]),
        ("demain à neuf heures et demie", ["2026-11-25", "09:30"]),
        ("la semaine pro", ["2026-W49"]),
        ("le mois prochain", ["2026-12"]),
        ("à midi", ["12:00"]),
        ("je suis libre lundi ou mardi aprem", ["2026-11-30", "2026-12-01", "12:00/18:00"]),
    ],
)
def test_said_and_resolved(text: str, values: list[str]) -> None:
    assert heard(text) == values


@pytest.mark.parametrize(
    "text",
    [
        "plus d'infos sur le 2", "le 2", "les 15 heures par semaine", "15h d'activité", "dans 2 heures", "mais oui",
        "12 rue de la Paix", "69003", "Lyon 3", "j'ai 15 min de retard", "j'ai 3 enfants de 12 ans", "mars", "7j/7",
        "24h/24", "30/02", "le 31/11/2026", "merci", "",
    ],
)  # fmt: skip
def test_what_only_might_be_a_date_is_none(text: str) -> None:
    assert heard(text) == []


def test_next_year_is_near_in_december() -> None:
    """On the 30th of December, « le 2 à 10h », « lundi » and « dans 1 mois » are in January."""
    new_year = date(2026, 12, 30)
    assert heard("le 2 à 10h", new_year) == ["2027-01-02", "10:00"]
    assert heard("lundi", new_year) == ["2027-01-04"]
    assert heard("dans 1 mois", new_year) == ["2027-01"]
    assert heard("la semaine prochaine", new_year) == ["2027-W01"]


def test_span_is_that_of_the_words() -> None:
    text = "slt jvien 2main a 10h"
    assert [text[moment.start : moment.end] for moment in find(text, TUESDAY)] == ["2main", "a 10h"]


@given(st.text(max_size=60), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_anything_can_be_read(text: str, today: date) -> None:
    for moment in find(text, today):
        assert 0 <= moment.start < moment.end <= len(text)
