"""What speaks of appointments with the people they are for, built together: two programs need it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.appointments.answers import Answers
from bot.appointments.calendar import Calendars
from bot.appointments.hearing import Overhearing
from bot.appointments.people import People
from bot.numbers import Numbers
from bot.reminders.planner import Planner
from bot.tasks import Tasks
from bot.vault import Vault


@dataclass(frozen=True)
class Talk:
    """Who may see what, what they answer, what a number means, and what is heard without the engine."""

    calendars: Calendars
    answers: Answers
    numbers: Numbers
    overhearing: Overhearing

    @classmethod
    def build(cls, vault: Vault, people: People, planner: Planner, tasks: Tasks) -> Talk:
        calendars, answers = Calendars(vault, people), Answers(planner, tasks)
        numbers = Numbers(vault, calendars)
        return cls(calendars, answers, numbers, Overhearing(calendars, answers, numbers))
