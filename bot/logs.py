"""Logs carry ids: never a text, a phone number or a name."""

from __future__ import annotations

import logging
import sys

_QUIET = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "procrastinate": logging.WARNING,
    "procrastinate.periodic": logging.ERROR,
    "alembic": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "asyncio": logging.WARNING,
}


class _NoValues(logging.Formatter):
    """Tells where an exception came from; what it says may quote a row, so only its type is kept."""

    def formatException(self, ei: object) -> str:
        trace = super().formatException(ei)  # type: ignore[arg-type]
        lines = [line for line in trace.splitlines() if line.startswith(('  File "', "Traceback"))]
        kind = ei[0].__name__ if isinstance(ei, tuple) and ei[0] else "error"
        return "\n".join([*lines, kind])


def configure(level: int = logging.INFO) -> None:
    """Write one readable line an event to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_NoValues("%(asctime)s %(levelname)-7s %(name)s %(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet)
