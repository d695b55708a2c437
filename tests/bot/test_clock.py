"""The one clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import clock


def test_moved_clock_goes_on_after_a_restart(tmp_path: Path) -> None:
    """The instant is where "now" began at the first start, not at each one."""
    instant = datetime(2026, 3, 29, 1, 59, tzinfo=clock.PARIS)
    clock.start(tmp_path, instant)
    first = clock.now()
    assert abs(first - instant) < timedelta(seconds=5)
    (tmp_path / "clock").write_text(f"{instant.isoformat()} {(instant - datetime.now(UTC)).total_seconds() + 3600}")
    clock.start(tmp_path, instant)
    assert clock.now() - first > timedelta(minutes=59)


def test_another_instant_starts_anew(tmp_path: Path) -> None:
    """Changing the setting moves the clock again."""
    clock.start(tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    clock.start(tmp_path, datetime(2030, 1, 1, tzinfo=UTC))
    assert clock.now().year == 2030


def test_today_is_lyons(tmp_path: Path) -> None:
    """Half past eleven at night in London is tomorrow in Lyon."""
    clock.start(tmp_path, datetime(2026, 6, 1, 22, 30, tzinfo=UTC))
    assert clock.today().day == 2


def test_instant_without_zone_is_lyons(tmp_path: Path) -> None:
    """An operator who writes 8:00 means 8:00 in Lyon."""
    clock.start(tmp_path, datetime(2026, 6, 1, 8, 0))
    assert clock.now().hour == 6
