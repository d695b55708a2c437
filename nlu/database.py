"""The engine's connections: few, checked before use, and one shared by all that a turn writes."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Iterator, Optional

from sqlalchemy import create_engine
from sqlalchemy.engine import Connection, Engine, make_url

TURNS_AT_ONCE = 8
_OPTIONS = "-c statement_timeout=5000 -c lock_timeout=300 -c idle_in_transaction_session_timeout=30000"

_of_this_turn: ContextVar[Optional[Connection]] = ContextVar("connection", default=None)


@lru_cache(maxsize=None)
def engine_for(url: str) -> Engine:
    """The pool of this database; connects at the first use only."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"),
        pool_size=TURNS_AT_ONCE,
        max_overflow=4,
        pool_timeout=2,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 3, "application_name": "relais engine", "options": _OPTIONS},
    )


@contextmanager
def turn(engine: Engine) -> Iterator[Connection]:
    """One transaction for all that this turn reads and writes, committed at the end or not at all."""
    with engine.begin() as connection:
        token = _of_this_turn.set(connection)
        try:
            yield connection
        finally:
            _of_this_turn.reset(token)


@contextmanager
def connection(engine: Engine) -> Iterator[Connection]:
    """The turn's own connection, or a short transaction outside of turns."""
    current = _of_this_turn.get()
    if current is not None:
        yield current
        return
    with engine.begin() as short:
        yield short
