"""The errors of the channels:

* ChannelError
  + TryAgain          certainly not accepted: send again, after `retry_after` seconds when given
  + Refused           the provider said no: never again
    - OptedOut        … because the person said STOP
    - BadAddress      … because nothing can be delivered to this address
  + Misconfigured     our account or settings are wrong: stop sending, keep the messages
  + Ambiguous         the request left and no clear answer came: never again blindly
* InboundError
  + BadSignature      403
  + BadRequest        400, with one plain sentence

A channel raises; only the outbox decides. `str(error)` is the docstring with the provider's code:
never a text, a phone number, or the provider's own sentence, which quotes both.
"""

from __future__ import annotations

from inspect import cleandoc


class ChannelError(Exception):
    """The message could not be handed to the provider."""

    def __init__(self, code: str = "") -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        sentence = " ".join(cleandoc(type(self).__doc__ or "").split())
        return f"{sentence} [{self.code}]" if self.code else sentence


class TryAgain(ChannelError):
    """The provider did not take the message. Send it again later; nothing was delivered."""

    def __init__(self, retry_after: float | None = None, code: str = "") -> None:
        super().__init__(code)
        self.retry_after = retry_after


class Refused(ChannelError):
    """The provider refused the message for good. Look the code up in its documentation; do not send it again."""


class OptedOut(Refused):
    """The person said STOP to this number. Send nothing more until they write START; reach them another way."""


class BadAddress(Refused):
    """Nothing can be delivered to this address. Have the phone number corrected before writing again."""


class Misconfigured(ChannelError):
    """The provider rejects our account. Correct the channel's settings (`python -m bot doctor`); messages are kept."""


class Ambiguous(ChannelError):
    """The provider may have taken the message. Wait for its receipt or look it up in its list before sending again."""


class InboundError(Exception):
    """What came in cannot be taken as a message."""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.args) or cleandoc(type(self).__doc__ or "")


class BadSignature(InboundError):
    """The signature is missing or wrong. Check RELAIS_PUBLIC_URLS and the provider's tokens."""


class BadRequest(InboundError):
    """The request is not one of the provider's. Its only argument is the sentence to answer with."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
