"""A desk where files of appointments are handed in, as an operator does it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot import clock
from bot.appointment_models import appointment
from bot.commands import take_in
from bot.database import Database
from bot.settings import Settings

HEAD = "Prénom;Téléphone;Date;Heure;Lieu;Structure;Motif"


def day(days: int) -> str:
    """A day of the wall of Lyon, in so many days, as it is written."""
    return (clock.today() + timedelta(days=days)).strftime("%d/%m/%Y")


def line(name: str = "Amina", phone: str = "06 39 98 00 01", days: int = 20, hour: str = "14h30") -> str:
    return f"{name};{phone};{day(days)};{hour};Maison de la Métropole, Bron;MDM Bron;Orientation"


class Desk:
    """Runs the command as an operator does, and reads what it printed and wrote."""

    def __init__(self, settings: Settings, database: Database, folder: Path, capsys: Any) -> None:
        self.settings, self.database, self.folder, self.capsys = settings, database, folder, capsys

    def at(self, instant: datetime) -> None:
        """It is this hour at the desk."""
        self.settings = self.settings.model_copy(update={"clock": instant})
        clock.start(self.settings.data_dir, instant)

    async def give(self, content: str | bytes, name: str = "rdv.csv", **options: Any) -> list[str]:
        """Take a file in; the lines printed."""
        file = self.folder / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return await self.run(file, **options)

    async def run(self, file: Path, **options: Any) -> list[str]:
        given = {"mapping": "", "sheet": "", "zone": "", "apply": True, "remove_missing": False, **options}
        self.code = await take_in.appointments(self.settings, str(file), **given)
        return self.capsys.readouterr().out.splitlines()

    async def give_sessions(self, content: str, **options: Any) -> list[str]:
        """Take a file of sessions in; the lines printed."""
        file = self.folder / "seances.csv"
        file.write_text(content)
        given = {"mapping": "", "sheet": "", "zone": "", "apply": True, **options}
        self.code = await take_in.sessions(self.settings, str(file), **given)
        return self.capsys.readouterr().out.splitlines()

    async def rows(self, table: Any = appointment) -> list[Any]:
        async with self.database.begin() as connection:
            return list(await connection.execute(select(table)))
