"""Dates as each language says them."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from knowledge import calendar_words
from knowledge.languages import Languages

WHEN = datetime(2026, 12, 3, 14, 30)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "jeudi 3 décembre à 14 h 30"),
        ("en", "Thursday 3 December at 14:30"),
        ("ar", "الخميس 3 ديسمبر، الساعة 14:30"),
        ("es", "jueves 3 de diciembre a las 14:30"),
        ("pt", "quinta-feira, 3 de dezembro às 14:30"),
        ("tr", "3 Aralık Perşembe, saat 14:30"),
        ("uk", "четвер, 3 грудня, 14:30"),
        ("ru", "четверг, 3 декабря, 14:30"),
        ("ro", "joi, 3 decembrie, ora 14:30"),
        ("xx", "jeudi 3 décembre à 14 h 30"),
    ],
)
def test_a_moment_is_said_in_its_language(language: str, said: str) -> None:
    """French where we have not the language."""
    assert calendar_words.moment(WHEN, language) == said


def test_the_first_of_a_month_and_a_whole_hour() -> None:
    """As French says them."""
    assert calendar_words.day(date(2027, 2, 1)) == "lundi 1er février"
    assert calendar_words.hour(time(9)) == "9 h"
    assert calendar_words.hour(time(9), "en") == "9:00"


def test_an_sms_says_it_briefly() -> None:
    """Letters are dear in some alphabets."""
    assert calendar_words.short_day(WHEN.date()) == "jeudi 3 décembre"
    assert calendar_words.short_day(WHEN.date(), "uk") == "четвер 3.12"
    assert calendar_words.weekday(WHEN.date(), "es") == "jueves"
    assert (calendar_words.short_hour(WHEN.time()), calendar_words.short_hour(time(9))) == ("14h30", "9h")


@pytest.mark.parametrize("language", Languages.from_file().codes)
def test_every_day_of_a_year_can_be_said(language: str) -> None:
    """No language lacks a day or a month."""
    said = {
        calendar_words.day(date(2026, month, number), language) for month in range(1, 13) for number in range(1, 29)
    }
    assert len(said) == 12 * 28
