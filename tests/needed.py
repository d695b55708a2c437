"""What a machine may lack. A test that needs it is skipped, and says so, except where all is asked for (`.ci/run`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.settings import ROOT

SAMPLES = ROOT.parent / "shared" / "data"
"""Real records of other people's bases: they are kept beside the project, not in it."""


def needed(path: Path, what: str) -> Path:
    """The path, or the end of the test that needs it."""
    if not path.exists():
        lacking = f"{what} is missing: {path}"
        pytest.fail(lacking) if os.environ.get("RELAIS_TEST_ALL") else pytest.skip(lacking)
    return path


def sample(name: str) -> Path:
    """A file of real records."""
    return needed(SAMPLES / name, "a sample of real records")


def offer_sample() -> tuple[Path, Path]:
    """529 services and 440 structures of the Rhône, July 2024."""
    return sample("seed_services_v1.json"), sample("seed_structures_v1.json")
