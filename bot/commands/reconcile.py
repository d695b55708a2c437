"""`reconcile`: read RDV Service Public's appointments again, now."""

from __future__ import annotations

from rich.console import Console

from bot.assembly import Relais
from bot.connectors.reconcile import Report
from bot.settings import Settings


async def reconcile(settings: Settings) -> int:
    """Print what was read and what changed; 0 when everything was read."""
    console = Console(highlight=False)
    relais = Relais.build(settings, name="relais reconcile", pool_size=2)
    try:
        if relais.reconciliation is None:
            console.print("RDV Service Public n'est pas relié : il manque RELAIS_RDVSP_CLIENT_ID, …_CLIENT_SECRET ou")
            console.print("…_REFRESH_TOKEN.")
            return 1
        report = await relais.reconciliation.run()
    finally:
        await relais.close()
    _print(console, report)
    return 0 if report.whole else 1


def _print(console: Console, report: Report) -> None:
    console.print(f"{report.read} rendez-vous lus, {report.changed} changés, {report.removed} retirés.")
    if report.held:
        console.print("Trop de rappels à envoyer d'un coup : ils attendent un accord (tâche intake_held).")
    if not report.whole:
        console.print(
            f"Tout n'a pas pu être lu, ou trop de rendez-vous manquent ({report.missing}) : rien n'est retiré. "
            "Vérifiez les droits du compte, puis relancez."
        )
