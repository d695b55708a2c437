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
