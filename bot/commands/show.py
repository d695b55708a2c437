"""`settings` and `doctor`: what is set, and what is wrong."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from bot import clock
from bot.assembly import Relais
from bot.commands.remind import told
from bot.connectors.heard_from import silent
from bot.errors import DatabaseUnavailable, DemoData
from bot.health import missing
from bot.real_data import require_real_data
from bot.reminders import bucket, switch
from bot.settings import Settings
from knowledge.articles import Articles

HIDDEN = "•••"


def show_settings(settings: Settings) -> None:
    """Print every setting with its effective value and its help."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("réglage", "valeur", "aide"):
        table.add_column(title, overflow="fold")
    for name, field in Settings.model_fields.items():
        table.add_row(f"RELAIS_{name.upper()}", shown(getattr(settings, name)), field.description or "")
    Console().print(table)


def shown(value: Any) -> str:
    """A setting's value as it may be shown: secrets are hidden, empty ones say so."""
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else "(vide)"
    if isinstance(value, tuple):
        return ", ".join(shown(part) for part in value) or "(vide)"
    return "(vide)" if value in ("", None) else str(value)


async def doctor(settings: Settings) -> int:
    """Print what is wrong, with its cure; 0 when all is well."""
    relais = Relais.build(settings, name="relais doctor", pool_size=2)
    console = Console(highlight=False)
    try:
        faults = {**await missing(relais), **await _demo_data(relais)}
        faults |= await _silent_sources(relais)
        held = await _held(relais)
        problems = [problem for channel in relais.channels.values() for problem in await _problems(channel)]
    finally:
        await relais.close()
    for sentence in (*faults.values(), *problems):
        console.print(f"[red]✗[/] {sentence}")
    for sentence in (*held, *_old_articles()):
        console.print(f"[yellow]–[/] {sentence}")
    for name, reason in channels_off(settings).items():
        console.print(f"[yellow]–[/] {name} est éteint : {reason}")
    if not faults and not problems:
        console.print("[green]✓[/] Tout va bien.")
    return 1 if faults or problems else 0


def channels_off(settings: Settings) -> dict[str, str]:
    """The channels that are off, and what each one lacks."""
    off = {}
    lacking = [
        f"RELAIS_TWILIO_{name.upper()}"
        for name in ("account_sid", "auth_tokens", "from")
        if not getattr(settings, f"twilio_{name}")
    ]
    if not settings.public_urls:
        lacking.append("RELAIS_PUBLIC_URLS")
    if lacking:
        off["SMS (Twilio)"] = f"il manque {', '.join(lacking)}"
    return off


def _old_articles() -> list[str]:
    """Answers that nobody has re-read for six months: they are still given, with their date."""
    return [
        f"knowledge/articles/{article.topic}.yml : « {article.id} » n'a pas été relu depuis le "
        f"{article.read_on:%d/%m/%Y}. Relisez-le, puis changez sa date read_on."
        for article in Articles.from_folder().stale(clock.today())
    ]


async def _demo_data(relais: Relais) -> dict[str, str]:
    try:
        await require_real_data(relais.settings, relais.database.url)
    except DemoData as fault:
        return {"data": str(fault)}
    return {}


async def _silent_sources(relais: Relais) -> dict[str, str]:
    """The sources of appointments that should tell something, and have not for a working day."""
    settings = relais.settings
    secrets = {"rdv_service_public": settings.rdvsp_secret, "rdv_insertion": settings.rdvi_secret}
    on = [name for name, secret in secrets.items() if secret.get_secret_value()]
    try:
        quiet = await silent(relais.database, on, clock.now())
    except DatabaseUnavailable:
        return {}  # told already
    return {
        name: f"{name} : aucun webhook depuis {f'le {last:%d/%m/%Y}' if last else 'toujours'}. Vérifiez chez lui "
        f"l'adresse {settings.base_url}/connectors/{name.replace('_', '-')} et le secret."
        for name, last in quiet.items()
    }


async def _held(relais: Relais) -> list[str]:
    """What the switch holds, and the provider that refuses everything."""
    try:
        async with relais.database.begin() as connection:
            stopped, paused = await switch.stopped(connection), await bucket.paused(connection, clock.now())
    except DatabaseUnavailable:
        return []
    refused = [f"{one} refuse tout : les rappels attendent. Regardez les réglages du fournisseur." for one in paused]
    return [*told(stopped), *refused]


async def _problems(channel: Any) -> list[str]:
    check = getattr(channel, "problems", None)
    return list(await check()) if check else []
