"""`reconcile`: read RDV Service Public's appointments again, now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.connectors.reconcile import Report
    from bot.settings import Settings


def reconcile() -> None:
    """Relire tous les rendez-vous à venir de RDV Service Public, comme chaque nuit."""
    from bot import logs
    from bot.settings import load

    logs.configure()
    raise typer.Exit(asyncio.run(run(load())))


async def run(settings: Settings) -> int:
    """Print what was read and what changed; 0 when everything was read."""
    from bot.assembly import Relais

    relais = Relais.build(settings, name="relais reconcile", pool_size=2)
    try:
        if relais.reconciliation is None:
            typer.echo("RDV Service Public n'est pas relié. Voyez les réglages RELAIS_RDVSP_… : python -m bot settings")
            return 1
        report = await relais.reconciliation.run()
    finally:
        await relais.close()
    _print(report)
    return 0 if report.whole else 1


def _print(report: Report) -> None:
    typer.echo(f"{report.read} rendez-vous lus, {report.changed} changés, {report.removed} retirés.")
    if report.held:
        typer.echo("Trop de rappels à envoyer d'un coup : ils attendent un accord (tâche intake_held).")
    if not report.whole:
        typer.echo(
            f"Tout n'a pas pu être lu, ou trop de rendez-vous manquent ({report.missing}) : rien n'est retiré. "
            "Vérifiez les droits du compte, puis relancez."
        )
