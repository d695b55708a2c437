"""What can go wrong inside Relais.

RelaisError
├── BadSettings            the environment is wrong; nothing starts
├── DemoData               production finds examples in the base; nothing starts
├── DatabaseUnavailable    the store does not answer; inbound requests get 503
├── EngineUnavailable      the dialogue engine is down or too slow; the message waits
├── TurnFailed             the engine answers, but not to this message; three times makes a task
├── LeaseLost              another worker holds the conversation; what was done is dropped
└── PortTaken              something else listens where we should
"""

from __future__ import annotations


class RelaisError(Exception):
    """Something that Relais knows by name went wrong."""


class BadSettings(RelaisError):
    """Settings are wrong. Mend each line, then start again."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class DemoData(RelaisError):
    """Production finds fictional services or branches in the base. Load real ones, then start again."""


class DatabaseUnavailable(RelaisError):
    """PostgreSQL does not answer. Look at `python -m bot doctor`."""


class EngineFault(RelaisError):
    """The dialogue engine did not finish the turn. Nothing was saved: it may be tried again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EngineUnavailable(EngineFault):
    """The dialogue engine does not answer. Look at its lines in the log of `python -m bot up`."""


class TurnFailed(EngineFault):
    """The dialogue engine fails on this message. The line of its log with the same message id says why."""


class LeaseLost(RelaisError):
    """The lease on the conversation passed to another worker; it will go on from here."""


class PortTaken(RelaisError):
    """Another program listens on this port. Stop it, or choose another port."""
