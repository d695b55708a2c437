"""How long a file of appointments takes to come in, on a server of its own.

`python -m tests.bench.intake [rows] [import]`: with `import`, neither the dry run before nor the same file after.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from bot import clock
from bot.commands import take_in
from bot.migrate import migrate
from bot.postgres import stop
from bot.settings import Settings
from tests.conftest import start_postgres

ROWS = 50_000


def write(file: Path, rows: int) -> None:
    """Fictional numbers, a thousandth of them wrong, over three months to come."""
    first = clock.today() + timedelta(days=20)
    with file.open("w", encoding="utf-8") as handle:
        handle.write("Identifiant;Prénom;Téléphone;Date;Heure;Lieu;Structure;Motif\n")
        for n in range(rows):
            day = first + timedelta(days=n % 90)
            phone = "04 78 00 00 00" if n % 1000 == 999 else f"06 39 98 {n // 100 % 100:02} {n % 100:02}"
            name = "".join(chr(97 + n // 10_000 % 26) for _ in range(3)).title() + "a"
            handle.write(f"D-{n};{name};{phone};{day:%d/%m/%Y};14h30;Maison, Bron;MDM {n % 9};Orientation\n")


async def measure(settings: Settings, file: Path, only: str) -> None:
    """Dry, in, and again: the same command as an operator's."""
    for words, apply in (("essai à blanc", False), ("import", True), ("le même fichier", True)):
        if only not in ("", words):
            continue
        start = time.monotonic()
        options = {"mapping": "", "sheet": "", "zone": "", "remove_missing": False}
        await take_in.appointments(settings, str(file), apply=apply, **options)
        print(f"== {words} : {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    folder = Path(tempfile.mkdtemp(prefix="relais-bench-"))
    folder.chmod(0o755)
    server = start_postgres(folder / "db")
    try:
        url = server.embedded.url("postgres")
        migrate(url)
        settings = Settings(_env_file=None, data_dir=folder / "data", database_url=url)  # type: ignore[call-arg]
        write(folder / "rdv.csv", rows)
        asyncio.run(measure(settings, folder / "rdv.csv", sys.argv[2] if len(sys.argv) > 2 else ""))
    finally:
        stop(server.process)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
