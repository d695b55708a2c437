"""What can go wrong with a source that Relais asks or tells something.

UpstreamError
├── Unreachable       no answer, or one that says « later »: worth trying again
├── Unauthorised      the token was refused; worth trying again when it is mended
└── Refused           it understood and said no: trying again changes nothing
"""

from __future__ import annotations

from bot.errors import RelaisError


class UpstreamError(RelaisError):
    """A source did not do what it was asked; `code` says why in one word, `again` whether to try again."""

    again = True

    def __init__(self, code: str, told: str, *, retry_after: float = 0) -> None:
        super().__init__(told)
        self.code = code
        self.retry_after = retry_after


class Unreachable(UpstreamError):
    """RDV Service Public does not answer, or not now. Relais tries again by itself."""


class Unauthorised(UpstreamError):
    """RDV Service Public refuses our token. Authorise Relais again, and set RELAIS_RDVSP_REFRESH_TOKEN."""


class Refused(UpstreamError):
    """RDV Service Public refuses what was asked."""

    again = False
