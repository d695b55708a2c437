"""Bring a database to the newest schema."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

from bot.settings import ROOT


def migrate(url: str, revision: str = "head") -> None:
    """Run the missing migrations; does nothing on a database that has them all."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "bot" / "migrations"))
    config.attributes["url"] = url
    command.upgrade(config, revision)
