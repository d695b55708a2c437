"""What can be wrong with a file: all of it, or one of its rows. The message is for whoever sent it, with the cure."""

from __future__ import annotations

from bot.appointments.admission import Refused
from bot.errors import RelaisError


class BadFile(RelaisError):
    """The file can not be read, or not to its end."""


class BadRow(Refused):
    """One row can not be taken in; the others go on."""
