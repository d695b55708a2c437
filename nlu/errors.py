"""Why a turn was not taken. Each one leaves nothing behind: the same message may be sent again.

TurnRefused
├── ActionFailed      a remote action failed or took too long
├── Busy              the conversation's previous turn is still going on
├── NoAnswer          the rules led to no sentence at all
└── WrongConversation the message id was already used in another conversation
"""

from __future__ import annotations


class TurnRefused(Exception):
    """The turn was given up and nothing of it was saved."""

    code = "internal"
    status = 503


class ActionFailed(TurnRefused):
    """A remote action failed. Look at the log of the actions, then send the message again."""

    code = "action"


class Busy(TurnRefused):
    """Another turn of this conversation is going on. Send the message again in a moment."""

    code = "busy"


class NoAnswer(TurnRefused):
    """The rules led to no sentence. Add the missing rule to the topic."""


class WrongConversation(TurnRefused):
    """This message id belongs to another conversation. Give each message an id of its own."""

    code = "message_id"
    status = 400


def where(error: BaseException) -> str:
    """The class of an error's first cause and the line it came from; never its message, which may quote a person."""
    while error.__cause__ is not None:
        error = error.__cause__
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "?"
    return f"{type(error).__name__} at {place}"
