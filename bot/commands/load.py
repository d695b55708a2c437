"""`import` and the demo data: what Relais knows is loaded here, in one transaction each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from sqlalchemy import func, select

from bot import clock
from bot.appointment_models import session
from bot.assembly import Relais
from bot.commands.demo import load_sessions
from bot.settings import ROOT, Settings
from knowledge.branches import import_branches
from knowledge.branches_file import BadBranches
from knowledge.catalogue import import_offer
from knowledge.catalogue_file import structures_beside
from knowledge.catalogue_report import ImportReport, OfferError, Progress
from knowledge.demo import load_demo
from knowledge.places import Places
from knowledge.tables import branch, service

BRANCHES = ROOT / "knowledge" / "branches.csv"
DOWNLOAD_SECONDS = 600
_SHOWN = 10


async def services(settings: Settings, services: str, structures: str, *, force: bool) -> int:
    """Replace the offer by two files or addresses; print what was skipped and why. 1 when refused."""
    console = Console(highlight=False)
    relais = Relais.build(settings, name="relais import", pool_size=2)
    try:
        with _progress(console) as advance:
            if services == "api":
                report = await relais.refresh_offer(force=force, progress=advance)
            else:
                report = await _from_files(relais, services, structures, force, advance)
    except (OfferError, OSError, httpx.HTTPError) as error:
        console.print(f"[red]L'offre n'a pas changé :[/] {error}")
        return 1
    finally:
        await relais.close()
    console.print(
        f"{report.services} services de {report.structures} structures : {report.added} ajoutés, "
        f"{report.changed} changés, {report.removed} retirés, {report.skipped} fiches laissées de côté."
    )
    for problem in report.problems[:_SHOWN]:
        console.print(f"  {problem.kind} n° {problem.record} {problem.id} : {problem.reason}")
    return 0


async def branches(settings: Settings, source: str) -> int:
    """Replace the branches by those of a CSV file; print each faulty line. 1 when none is left."""
    console = Console(highlight=False)
    relais = Relais.build(settings, name="relais import", pool_size=2)
    try:
        async with relais.database.begin() as connection:
            report = await import_branches(connection, Path(source), places=Places.from_file(), today=clock.today())
    except (BadBranches, OSError) as error:
        console.print(f"[red]Les antennes n'ont pas changé :[/] {error}")
        return 1
    finally:
        await relais.close()
    console.print(
        f"{report.added} antennes ajoutées, {report.changed} changées, "
        f"{report.unchanged} inchangées, {report.removed} retirées."
    )
    for fault in report.faults:
        console.print(f"  [yellow]ligne {fault.line}[/] : {fault.reason}")
    return 0


async def demo(relais: Relais) -> None:
    """Load the fictional offer and sessions, and the branches, into a database that has none."""
    places = Places.from_file()
    async with relais.database.begin() as connection:
        if not await connection.scalar(select(func.count()).select_from(service)):
            await load_demo(connection, places, clock.now())
        if not await connection.scalar(select(func.count()).select_from(branch)):
            await import_branches(connection, BRANCHES, places=places, today=clock.today())
        if not await connection.scalar(select(func.count()).select_from(session)):
            await load_sessions(connection, relais.programme)


async def _from_files(relais: Relais, services: str, structures: str, force: bool, advance: Progress) -> ImportReport:
    with tempfile.TemporaryDirectory() as folder:
        given = (("services", services), ("structures", structures or structures_beside(services)))
        files = [await _local(source, Path(folder), name) for name, source in given]
        async with relais.database.begin() as connection:
            return await import_offer(connection, *files, now=clock.now(), force=force, progress=advance)


async def _local(source: str, folder: Path, name: str) -> Path:
    """The file, downloaded first when it is an address."""
    if not source.startswith(("http://", "https://")):
        return Path(source)
    file = folder / f"{name}.json"
    client = httpx.AsyncClient(timeout=DOWNLOAD_SECONDS, follow_redirects=True)
    async with client, client.stream("GET", source) as response:
        response.raise_for_status()
        with file.open("wb") as handle:
            async for chunk in response.aiter_bytes():
                handle.write(chunk)
    return file


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    """A bar a stage on a terminal, one line a stage elsewhere."""
    if not console.is_terminal:
        told: set[str] = set()

        def tell(stage: str, done: int, whole: int) -> None:
            if stage not in told:
                told.add(stage)
                console.print(f"{stage}…")

        yield tell
        return
    bars: dict[str, TaskID] = {}
    with Bars(TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")) as shown:

        def advance(stage: str, done: int, whole: int) -> None:
            if stage not in bars:
                bars[stage] = shown.add_task(stage, total=whole)
            shown.update(bars[stage], completed=done, total=whole)

        yield advance
