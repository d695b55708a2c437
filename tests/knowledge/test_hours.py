"""Opening hours: open or not on the French calendar and clock, and in plain French."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.hours import PARIS, UNKNOWN, in_french, in_language, opening, valid
from tests.needed import sample

OFFICE = "Mo-Fr 09:00-12:00,14:00-17:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("when", "until"),
    [
        ("2026-11-24T10:00", "2026-11-24T12:00"),
        ("2026-11-24T09:00", "2026-11-24T12:00"),
        ("2026-11-24T16:59", "2026-11-24T17:00"),
        ("2026-03-30T09:30", "2026-03-30T12:00"),  # the Monday after the clocks went forward
    ],
)
def test_open_until(when: str, until: str) -> None:
    """An open place says when it closes."""
    state = opening(OFFICE, at(when))
    assert (state.open, state.until, state.known) == (True, at(until), True)


@pytest.mark.parametrize(
    ("when", "then"),
    [
        ("2026-11-24T08:59", "2026-11-24T09:00"),
        ("2026-11-24T12:00", "2026-11-24T14:00"),
        ("2026-11-24T17:00", "2026-11-25T09:00"),
        ("2026-11-27T18:00", "2026-11-30T09:00"),
        ("2026-12-24T18:00", "2026-12-28T09:00"),  # Christmas on a Friday
        ("2026-12-25T10:00", "2026-12-28T09:00"),
        ("2026-04-30T18:00", "2026-05-04T09:00"),  # 1 May on a Friday
        ("2026-04-03T18:00", "2026-04-07T09:00"),  # Easter Monday
        ("2026-05-13T18:00", "2026-05-15T09:00"),  # Ascension
        ("2026-07-13T18:00", "2026-07-15T09:00"),
        ("2026-11-10T17:30", "2026-11-12T09:00"),
        ("2026-03-27T18:00", "2026-03-30T09:00"),  # clocks go forward
        ("2026-10-23T18:00", "2026-10-26T09:00"),  # and back
    ],
)
def test_closed_opens_next(when: str, then: str) -> None:
    """A closed place says when it opens next, holidays and clock changes counted."""
    state = opening(OFFICE, at(when))
    assert (state.open, state.next_opening, state.known) == (False, at(then), True)


def test_any_time_zone() -> None:
    """An instant in UTC is read on the clock of Paris."""
    assert opening(OFFICE, datetime(2026, 7, 1, 7, 30, tzinfo=UTC)).open
    assert not opening(OFFICE, datetime(2026, 7, 1, 6, 30, tzinfo=UTC)).open
    assert opening(OFFICE, datetime(2026, 7, 1, 3, 30, tzinfo=ZoneInfo("America/New_York"))).open


def test_night_of_the_clock_change() -> None:
    """A night opening across the change closes at the hour on the wall."""
    state = opening("Mo-Su 22:00-06:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert state.until == at("2026-10-25T06:00")


def test_every_french_holiday_is_closed() -> None:
    """On all public holidays of ten years an office is closed, the day through."""
    for day in holidays.country_holidays("FR", years=range(2026, 2036)):
        assert not opening("Mo-Su 09:00-18:00", datetime(day.year, day.month, day.day, 10, tzinfo=PARIS)).open


def test_always_open() -> None:
    """24/7 means holidays too, and never closes."""
    state = opening("24/7", at("2026-12-25T10:00"))
    assert (state.open, state.until) == (True, None)


@pytest.mark.parametrize("hours", ["Mo-Su 00:00-24:00", "00:00-24:00", "Mo-Fr 00:00-24:00; Sa-Su 00:00-24:00"])
def test_round_the_clock_is_24_7(hours: str) -> None:
    """However it is written, it means holidays too, and never closes."""
    state = opening(hours, at("2026-12-25T10:00"))
    assert (state.open, state.until, state.known) == (True, None, True)
    assert in_french(hours) == "tous les jours, jour et nuit"


NIGHTS = "Fr 20:00-02:00"


@pytest.mark.parametrize(
    ("hours", "when", "until"),
    [
        (NIGHTS, "2026-08-14T23:00", "2026-08-15T02:00"),  # the Saturday is a holiday
        (NIGHTS, "2026-08-15T01:00", "2026-08-15T02:00"),
        ("Mo-Fr 00:00-24:00", "2026-12-24T23:00", "2026-12-25T00:00"),  # days on end stop before Christmas
        ("Mo-Fr 00:00-24:00", "2026-11-10T12:00", "2026-11-11T00:00"),
    ],
)
def test_a_night_belongs_to_the_evening_it_began(hours: str, when: str, until: str) -> None:
    """Midnight of a holiday does not close what opened the evening before; it ends an opening of several days."""
    state = opening(hours, at(when))
    assert (state.open, state.until) == (True, at(until))


def test_the_night_of_a_holiday_is_closed_to_its_end() -> None:
    """What would have begun on the evening of a holiday does not open after midnight."""
    assert not opening(NIGHTS, at("2026-12-25T21:00")).open
    state = opening(NIGHTS, at("2026-12-26T01:00"))
    assert (state.open, state.next_opening) == (False, at("2027-01-08T20:00"))  # nor on 1 January


def test_hours_that_speak_of_holidays() -> None:
    """Hours given for public holidays are believed."""
    assert opening("Mo-Fr 09:00-12:00; PH 10:00-11:00", at("2026-12-25T10:30")).open
    assert not opening("Mo-Fr 09:00-12:00; PH off", at("2026-12-25T10:30")).open


@pytest.mark.parametrize(
    "hours", ["", "  ", "lundi 9h", "Mo 9-12h", "Mo-Fr", "99:99", "Mo-Fr 09:00-12:00 unknown", "\x00"]
)
def test_unknown_hours(hours: str) -> None:
    """Hours that cannot be read, or may be otherwise, are not known; nothing is raised."""
    state = opening(hours, at("2026-11-24T10:00"))
    assert state == UNKNOWN or not in_french(hours) or valid(hours)
    if hours != "Mo-Fr":
        assert not state.known


def test_never_open() -> None:
    """A place that never opens is known to be closed, without an end."""
    state = opening("Mo-Su off", at("2026-11-24T10:00"))
    assert (state.open, state.next_opening, state.known) == (False, None, True)


def test_naive_instant_is_not_known() -> None:
    """Without a time zone nothing is said."""
    assert opening(OFFICE, datetime(2026, 11, 24, 10)) == UNKNOWN


@pytest.mark.parametrize(
    ("hours", "plain", "short"),
    [
        (
            f"{OFFICE}; Sa 09:00-12:00",
            "du lundi au vendredi de 9 h à 12 h et de 14 h à 17 h ; le samedi de 9 h à 12 h",
            "lun-ven 9h-12h, 14h-17h ; sam 9h-12h",
        ),
        (
            "Mo-Tu 09:00-12:30,09:00-17:00,14:00-17:00; We 09:00-17:00,09:00-12:30,14:00-17:00",
            "du lundi au mercredi de 9 h à 17 h",
            "lun-mer 9h-17h",
        ),
        ("Mo-Tu 08:30-12:15", "le lundi et le mardi de 8 h 30 à 12 h 15", "lun, mar 8h30-12h15"),
        ("Mo,We,Fr 09:00-12:00", "le lundi, le mercredi et le vendredi de 9 h à 12 h", "lun, mer, ven 9h-12h"),
        ("Mo-We,Fr 09:00-12:00", "du lundi au mercredi et le vendredi de 9 h à 12 h", "lun-mer, ven 9h-12h"),
        ("Mo-Su 09:00-18:00", "tous les jours de 9 h à 18 h", "tous les jours 9h-18h"),
        ("24/7", "tous les jours, jour et nuit", "24h/24, 7j/7"),
        ("Mo-Fr 22:00-02:00", "du lundi au vendredi de 22 h à 2 h", "lun-ven 22h-2h"),
        ("Mo-Fr 00:00-24:00", "du lundi au vendredi de 0 h à 24 h", "lun-ven 0h-24h"),
        ("Mo-Fr 14:00-24:00", "du lundi au vendredi de 14 h à 24 h", "lun-ven 14h-24h"),
        (
            "Mo-Fr 09:00-12:00; We off",
            "le lundi, le mardi, le jeudi et le vendredi de 9 h à 12 h",
            "lun, mar, jeu, ven 9h-12h",
        ),
        (
            "Mo-Fr 09:00-12:00; Sa[1] 10:00-12:00",
            "du lundi au vendredi de 9 h à 12 h (les horaires changent selon les dates)",
            "lun-ven 9h-12h (selon les dates)",
        ),
        ("Mo-Su off", "", ""),
        ("n'importe quoi", "", ""),
        ("", "", ""),
    ],
)
def test_in_plain_french(hours: str, plain: str, short: str) -> None:
    """The week reads as people would say it, and shorter for an SMS."""
    assert in_french(hours) == plain
    assert in_french(hours, short=True) == short


def test_seasons_are_said_to_vary() -> None:
    """Hours of one season are told with the warning that they change."""
    assert in_french("Apr-Sep: Mo-Fr 09:00-12:00").endswith("(les horaires changent selon les dates)")


def test_real_hours_are_all_read() -> None:
    """The hours of the 34 real branches are read, overlaps merged, and each opens within a week of no holiday."""
    monday = at("2026-11-16T00:00")
    for row in json.loads(sample("france_services_69_20240801.json").read_text()):
        written = in_french(row["horaires_osm"])
        assert written.startswith(("du ", "le ", "tous")), row["horaires_osm"]
        state = opening(row["horaires_osm"], monday)
        assert state.next_opening and state.next_opening - monday < timedelta(days=7)


@given(st.text(max_size=40))
def test_nothing_raises(hours: str) -> None:
    """Whatever was typed as hours, the answer is one."""
    in_french(hours)
    in_french(hours, short=True)
    opening(hours, at("2026-11-24T10:00"))


@given(st.datetimes(datetime(2025, 1, 1), datetime(2030, 12, 31)))
def test_closing_and_opening_take_turns(naive: datetime) -> None:
    """Just before it closes a place is open, just after it opens too, and never on a holiday."""
    now = naive.replace(tzinfo=PARIS)
    state = opening(OFFICE, now)
    change = state.until if state.open else state.next_opening
    assert change and change > now
    assert opening(OFFICE, change).open is not state.open
    assert date(change.year, change.month, change.day) not in holidays.country_holidays("FR", years=change.year)


@pytest.mark.parametrize(
    ("language", "hours", "said"),
    [
        ("en", "Mo-Fr 09:00-12:00,14:00-17:30; Sa 09:00-12:00", "Mon-Fri 9:00-12:00, 14:00-17:30; Sat 9:00-12:00"),
        ("uk", "Mo,We-Fr 09:00-12:00", "пн, ср-пт 9:00-12:00"),
        ("es", "Mo-Su 22:00-26:00", "todos los días 22:00-2:00"),
        ("ro", "24/7", "în fiecare zi, zi și noapte"),
        ("ar", "Apr-Sep: Mo 09:00-12:00", "الاثنين 9:00-12:00 (حسب التاريخ)"),
        ("tr", "nothing", ""),
        ("fr", "Mo-Fr 09:00-12:00", "du lundi au vendredi de 9 h à 12 h"),
    ],
)
def test_in_other_languages(language: str, hours: str, said: str) -> None:
    """Days in their language, hours as on a clock."""
    assert in_language(hours, language) == said
