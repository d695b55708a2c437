"""Which reminders an appointment gets, and when."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import PARIS
from bot.reminders import quiet
from bot.reminders.plan import LATE, MADE_LATE, REMINDED_UPSTREAM, SAME_DAY, Plan, Plans, plan


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def told(starts: str, now: str, rule: Plan | None = None, **more: bool) -> list[tuple[str, str, str]]:
    made = plan(at(starts), at(now), rule or Plan(), **more)
    return [(one.kind, f"{one.due_at.astimezone(PARIS):%Y-%m-%dT%H:%M}", one.skipped) for one in made]


def test_a_week_before_two_days_before_and_that_morning() -> None:
    """The default plan, for an appointment known long before."""
    assert told("2026-12-10T14:00", "2026-11-24T09:00") == [
        ("j7", "2026-12-03T10:00", ""),
        ("j2", "2026-12-08T10:00", ""),
        ("j0", "2026-12-10T08:00", ""),
    ]


def test_a_day_off_gives_its_reminder_to_the_working_day_before() -> None:
    """Christmas is a Friday, a Sunday is a Sunday."""
    assert [line[1] for line in told("2027-01-01T15:00", "2026-12-01T09:00")] == [
        "2026-12-24T10:00",
        "2026-12-30T10:00",
        "2026-12-31T18:00",
    ]


def test_an_early_appointment_is_reminded_the_evening_before() -> None:
    """At ten, a message at eight comes too late, or would while the queue of the morning leaves."""
    for hour in ("09:00", "10:00", "10:45"):
        assert told(f"2026-12-10T{hour}", "2026-11-24T09:00")[-1] == ("j0", "2026-12-09T18:00", "")
    assert told("2026-12-10T11:00", "2026-11-24T09:00")[-1] == ("j0", "2026-12-10T08:00", "")


def test_one_made_late_gets_one_reminder_all_the_same() -> None:
    """What would have left before it was made is named so; the next one leaves at its hour."""
    assert told("2026-12-10T14:00", "2026-12-09T15:00") == [
        ("j7", "2026-12-03T10:00", MADE_LATE),
        ("j2", "2026-12-08T10:00", MADE_LATE),
        ("j0", "2026-12-10T08:00", ""),
    ]
    assert told("2026-12-10T14:00", "2026-12-10T09:00")[-1] == ("j0", "2026-12-10T09:10", "")


def test_one_made_too_late_says_so() -> None:
    """Under two hours before, or at night for the morning."""
    assert told("2026-12-10T14:00", "2026-12-10T12:30")[-1][2] == LATE
    assert told("2026-12-10T09:00", "2026-12-09T21:00")[-1][2] == LATE
    assert told("2026-12-10T09:00", "2026-12-10T09:00") == []


def test_the_source_reminds_on_its_day() -> None:
    """Never two systems for one day, unless the structure wants it so."""
    upstream = told("2026-12-10T14:00", "2026-11-24T09:00", reminded_upstream=True)
    assert [line[2] for line in upstream] == ["", REMINDED_UPSTREAM, ""]
    both = told("2026-12-10T14:00", "2026-11-24T09:00", Plan(upstream_counts=False), reminded_upstream=True)
    assert [line[2] for line in both] == ["", "", ""]


def test_ours_makes_room_for_the_day_of_the_source() -> None:
    """What would fall on it leaves the day after where that helps; what comes before is not caught up with on it."""
    early = plan(at("2026-12-14T09:00"), at("2026-11-24T09:00"), Plan(), reminded_upstream=True)
    assert [one.skipped for one in early] == ["", REMINDED_UPSTREAM, REMINDED_UPSTREAM]
    assert early[0].valid_until == at("2026-12-12")
    assert told("2026-12-14T10:30", "2026-11-24T09:00", reminded_upstream=True)[-1] == ("j0", "2026-12-14T08:00", "")


def test_a_source_that_has_chosen_already_reminds_nobody_more() -> None:
    """Made within two days: the one reminder is ours, whatever the plan calls it."""
    late = told("2026-12-10T14:00", "2026-12-09T18:00", Plan(days=(7, 2)), reminded_upstream=True)
    assert late == [("j7", "2026-12-03T10:00", MADE_LATE), ("j2", "2026-12-09T18:10", "")]


@given(
    starts=st.datetimes(datetime(2026, 12, 1), datetime(2028, 11, 1)),
    before=st.timedeltas(timedelta(hours=1), timedelta(days=12)),
    days=st.sampled_from([(7, 2, 0), (7, 2), (2,), (7, 1, 0), (3, 1), (0,)]),
)
def test_never_two_systems_on_one_day(starts: datetime, before: timedelta, days: tuple[int, ...]) -> None:
    """At no moment of the source's day may a reminder of ours leave, when the source is still to choose."""
    begins = starts.replace(tzinfo=PARIS)
    now = begins - before
    theirs = quiet.at(begins.date() - timedelta(days=2), time())
    made = plan(begins, now, Plan(days=days), reminded_upstream=True)
    if now >= theirs + timedelta(hours=4):
        return
    for one in made:
        ours = one.skipped == "" and one.due_at < theirs + timedelta(days=1) and one.valid_until > theirs
        assert not ours, one


def test_each_is_worth_sending_until_the_day_of_the_next_one() -> None:
    """Whoever was away for a week gets one message, not three, and nobody two in a day."""
    made = plan(at("2026-12-10T14:00"), at("2026-11-24T09:00"), Plan())
    assert [one.valid_until for one in made] == [at("2026-12-08"), at("2026-12-10"), at("2026-12-10T12:00")]


def test_two_that_would_leave_on_one_day_are_one() -> None:
    """Early on a Monday: two days before and the last working evening are the same Saturday."""
    assert told("2026-12-14T09:00", "2026-11-24T09:00") == [
        ("j7", "2026-12-07T10:00", ""),
        ("j2", "2026-12-12T10:00", SAME_DAY),
        ("j0", "2026-12-12T18:00", ""),
    ]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_eight_o_clock_is_eight_on_the_wall_when_the_clocks_change(day: str) -> None:
    """The morning after the change, an hour earlier or later for the machines, is the same for people."""
    monday = at(day) + timedelta(days=1)
    assert quiet.next_allowed(at(day)) == quiet.at(monday.date(), quiet.MORNING)
    last = plan(monday.replace(hour=14), at(day) - timedelta(days=20), Plan())[-1]
    assert last.due_at.astimezone(PARIS).hour == 8


@pytest.mark.parametrize(
    ("moment", "quiet_then"),
    [
        ("2026-11-24T07:59", True),
        ("2026-11-24T08:00", False),
        ("2026-11-24T19:59", False),
        ("2026-11-24T20:00", True),
        ("2026-11-29T12:00", True),
        ("2026-12-25T12:00", True),
        ("2027-05-06T12:00", True),
    ],
)
def test_nobody_is_disturbed_at_night_on_sundays_or_holidays(moment: str, quiet_then: bool) -> None:
    """A Tuesday, a Sunday, Christmas, Ascension."""
    assert quiet.is_quiet(at(moment)) is quiet_then
    assert not quiet.is_quiet(quiet.next_allowed(at(moment)))


def test_the_file_of_plans_is_read() -> None:
    """What a structure may change is data."""
    assert Plans.from_file().of("whoever") == Plan()
