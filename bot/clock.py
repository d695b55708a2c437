"""The only place that knows the time. An offset, shared by all processes, moves it for tests and demos."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

UTC = timezone.utc  # the engine reads this module too, and its Python has no datetime.UTC
PARIS = ZoneInfo("Europe/Paris")

_offset = timedelta()


def start(data_dir: Path, instant: datetime | None) -> None:
    """Set this process's clock.

    `instant` is where "now" begins at the first start with it; the offset is kept in
    `data_dir/clock`, so that every process and every later start goes on from there.
    """
    global _offset
    if instant is None:
        _offset = timedelta()
        return
    _offset = _kept_offset(data_dir / "clock", instant)


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC) + _offset


def today() -> date:
    """The current date in Lyon."""
    return now().astimezone(PARIS).date()


def _kept_offset(kept: Path, instant: datetime) -> timedelta:
    wanted = instant if instant.tzinfo else instant.replace(tzinfo=PARIS)
    if kept.exists():
        start_text, seconds = kept.read_text().split()
        if start_text == wanted.isoformat():
            return timedelta(seconds=float(seconds))
    offset = wanted - datetime.now(UTC)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(f"{wanted.isoformat()} {offset.total_seconds()}")
    return offset
