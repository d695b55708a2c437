"""`python -m bot import services`: one file is enough where the other lies beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.commands import load
from bot.settings import Settings
from tests import small_offer


@pytest.fixture
def offer(tmp_path: Path) -> Path:
    """The two files of data·inclusion in one folder; the services'."""
    for name, rows in (("services", small_offer.services()), ("structures", small_offer.structures())):
        (tmp_path / f"{name}-inclusion-2026-11-23.json").write_text(json.dumps(list(rows)), encoding="utf-8")
    return tmp_path / "services-inclusion-2026-11-23.json"


async def test_the_structures_beside_the_services_are_taken(
    settings: Settings, offer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a second argument, the file whose name goes with the first."""
    assert await load.services(settings, str(offer), "", force=False) == 0
    assert "de 1 structures" in capsys.readouterr().out


async def test_a_name_that_tells_nothing_asks_for_both(
    settings: Settings, offer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said what to give, and the offer stays."""
    alone = offer.rename(offer.with_name("offre.json"))
    assert await load.services(settings, str(alone), "", force=False) == 1
    assert "give both. (offre.json)" in " ".join(capsys.readouterr().out.split())
