"""`python -m bot …`: every command of Relais."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
import uvloop

from bot import logs
from bot.commands.reconcile import reconcile
from bot.errors import RelaisError
from bot.settings import Settings, load

cli = typer.Typer(
    name="python -m bot",
    help="Relais : l'assistant des personnes qui reçoivent le RSA dans la Métropole de Lyon.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
imports = typer.Typer(help="Charger des données : l'offre de services, les antennes.", no_args_is_help=True)
tasks = typer.Typer(help="Ce qu'un humain doit faire.", no_args_is_help=True)
sending = typer.Typer(help="Arrêter et reprendre les envois.", no_args_is_help=True)
reminders = typer.Typer(help="Les rappels de rendez-vous.", no_args_is_help=True)
for group, name in ((imports, "import"), (tasks, "tasks"), (sending, "sending"), (reminders, "reminders")):
    cli.add_typer(group, name=name)
cli.command("reconcile")(reconcile)


def _settings() -> Settings:
    logs.configure()
    return load()


@cli.command()
def up(demo: Annotated[bool, typer.Option(help="Charger les données d'exemple dans une base vide.")] = True) -> None:
    """Tout démarrer : PostgreSQL, le moteur, les actions, le worker, le site. Ctrl-C arrête tout."""
    from bot.commands.start import up as start

    asyncio.run(start(_settings(), demo=demo))  # uvloop starts no process as another user


@cli.command()
def web() -> None:
    """Le site, les webhooks et le chat."""
    import uvicorn

    from bot.assembly import Relais, database_url
    from bot.real_data import require_real_data
    from bot.web import create

    settings = _settings()
    asyncio.run(require_real_data(settings, database_url(settings)))
    relais = Relais.build(settings, name="relais web")
    uvicorn.run(
        create(relais),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )


@cli.command()
def worker() -> None:
    """Le worker : il répond et il envoie. On peut en lancer plusieurs."""
    from bot.worker import run

    uvloop.run(run(_settings()))


@cli.command()
def actions() -> None:
    """Les actions que le moteur appelle."""
    import uvicorn

    from actions.app import create
    from bot.assembly import Relais
    from bot.up import address

    settings = _settings()
    host, port = address(settings.actions_url)
    relais = Relais.build(settings, name="relais actions")
    uvicorn.run(
        create(settings, relais.database), host=host, port=port, log_config=None, access_log=False, server_header=False
    )


@cli.command()
def migrate() -> None:
    """Mettre la base au schéma le plus récent."""
    from bot.assembly import database_url
    from bot.migrate import migrate as run

    run(database_url(_settings()))
    typer.echo("Base à jour.")


@cli.command()
def train(force: Annotated[bool, typer.Option(help="Entraîner même si rien n'a changé.")] = False) -> None:
    """Entraîner le modèle du moteur, quand ses données ont changé."""
    from bot.commands.start import train as run

    _settings()
    raise typer.Exit(asyncio.run(run(force=force)))


@cli.command()
def settings(new_key: Annotated[bool, typer.Option(help="Écrire une clé neuve, et rien d'autre.")] = False) -> None:
    """Tous les réglages : leur aide et leur valeur. Les secrets sont cachés."""
    from bot.commands.show import show_settings
    from bot.ring import new_key as make

    typer.echo(make()) if new_key else show_settings(load())


@cli.command()
def doctor() -> None:
    """Ce qui manque ou ne va pas, avec le remède."""
    from bot.commands.show import doctor as run

    raise typer.Exit(asyncio.run(run(_settings())))


@cli.command()
def chat() -> None:
    """Parler à l'assistant dans ce terminal (le moteur doit tourner)."""
    from bot.commands.chat import chat as run

    asyncio.run(run(_settings()))


@imports.command("services")
def import_services(
    services: Annotated[str, typer.Argument(help="Fichier ou adresse du JSON des services ; « api » pour l'API.")],
    structures: Annotated[str, typer.Argument(help="Fichier ou adresse du JSON des structures.")] = "",
    force: Annotated[bool, typer.Option(help="Accepter un fichier qui retire plus d'un tiers des services.")] = False,
) -> None:
    """L'offre de services data·inclusion 1.0."""
    from bot.commands.load import services as run

    raise typer.Exit(asyncio.run(run(_settings(), services, structures, force=force)))


@imports.command("branches")
def import_branches(source: Annotated[str, typer.Argument(help="Fichier CSV des antennes.")]) -> None:
    """Les antennes : adresses, horaires, communes servies."""
    from bot.commands.load import branches as run

    raise typer.Exit(asyncio.run(run(_settings(), source)))


@imports.command("appointments")
def import_appointments(
    file: Annotated[str, typer.Argument(help="Fichier .csv ou .xlsx, une ligne par rendez-vous.")],
    mapping: Annotated[str, typer.Option(help="Fichier YAML qui dit quelle colonne est quoi.")] = "",
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Enregistrer, ou seulement montrer ce qui changerait.")
    ] = False,
    sheet: Annotated[str, typer.Option(help="Feuille du classeur. Vide : la première.")] = "",
    zone: Annotated[str, typer.Option(help="Fuseau horaire des heures du fichier. Vide : Europe/Paris.")] = "",
    remove_missing: Annotated[
        bool, typer.Option("--remove-missing", help="Retirer les rendez-vous à venir qui ne sont plus dans le fichier.")
    ] = False,
) -> None:
    """Les rendez-vous d'un fichier. Sans --apply, rien n'est enregistré."""
    from bot.commands.take_in import appointments as run

    done = run(_settings(), file, mapping=mapping, sheet=sheet, zone=zone, apply=apply, remove_missing=remove_missing)
    raise typer.Exit(asyncio.run(done))


@imports.command("sessions")
def import_sessions(
    file: Annotated[str, typer.Argument(help="Fichier .csv ou .xlsx, une ligne par séance.")],
    mapping: Annotated[str, typer.Option(help="Fichier YAML qui dit quelle colonne est quoi.")] = "",
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Enregistrer, ou seulement montrer ce qui changerait.")
    ] = False,
    sheet: Annotated[str, typer.Option(help="Feuille du classeur. Vide : la première.")] = "",
    zone: Annotated[str, typer.Option(help="Fuseau horaire des heures du fichier. Vide : Europe/Paris.")] = "",
) -> None:
    """Les séances collectives d'un fichier. Sans --apply, rien n'est enregistré."""
    from bot.commands.take_in import sessions as run

    raise typer.Exit(asyncio.run(run(_settings(), file, mapping=mapping, sheet=sheet, zone=zone, apply=apply)))


@tasks.command("list")
def list_tasks() -> None:
    """Les tâches ouvertes : les urgentes d'abord."""
    from bot.commands.todo import show_all

    asyncio.run(show_all(_settings()))


@tasks.command("show")
def show_task(task: Annotated[str, typer.Argument(help="Numéro de la tâche (ou son début).")]) -> None:
    """Une tâche, et toute la conversation depuis qu'elle est ouverte."""
    from bot.commands.todo import show

    raise typer.Exit(asyncio.run(show(_settings(), task)))


@tasks.command("reply")
def reply_task(
    task: Annotated[str, typer.Argument(help="Numéro de la tâche (ou son début).")],
    words: Annotated[str, typer.Argument(help="La réponse, entre guillemets.")],
) -> None:
    """Répondre à la personne, là où elle a écrit. L'assistant se tait jusqu'à la fermeture."""
    from bot.commands.todo import reply

    raise typer.Exit(asyncio.run(reply(_settings(), task, words)))


@tasks.command("close")
def close_task(
    task: Annotated[str, typer.Argument(help="Numéro de la tâche (ou son début).")],
    outcome: Annotated[str, typer.Option(help="Ce qui a été fait.")],
) -> None:
    """Fermer une tâche. La personne retrouve l'assistant."""
    from bot.commands.todo import close

    raise typer.Exit(asyncio.run(close(_settings(), task, outcome)))


@sending.command("stop")
def stop_sending(
    everything: Annotated[bool, typer.Option(help="Arrêter aussi les réponses ; elles attendent la reprise.")] = False,
) -> None:
    """Arrêter tout de suite les rappels, ou tout. Rien n'est perdu."""
    from bot.commands.remind import stop

    asyncio.run(stop(_settings(), everything=everything))


@sending.command("start")
def start_sending() -> None:
    """Reprendre tous les envois."""
    from bot.commands.remind import start

    asyncio.run(start(_settings()))


@sending.command("status")
def sending_status() -> None:
    """Ce qui est arrêté, depuis quand, et les rappels par état."""
    from bot.commands.remind import status

    asyncio.run(status(_settings()))


@reminders.command("list")
def list_reminders(
    state: Annotated[str, typer.Option(help="Seulement cet état : planned, sent, delivered, failed, skipped…")] = "",
    count: Annotated[int, typer.Option(help="Combien de lignes au plus.")] = 50,
) -> None:
    """Les rappels par date : leur état, et pourquoi."""
    from bot.commands.remind import show_all

    asyncio.run(show_all(_settings(), state, count))


@reminders.command("show")
def show_reminder(
    reminder: Annotated[str, typer.Argument(help="Numéro du rappel ou du rendez-vous (ou son début).")],
) -> None:
    """Les rappels d'un rendez-vous."""
    from bot.commands.remind import show

    raise typer.Exit(asyncio.run(show(_settings(), reminder)))


@reminders.command("approve")
def approve_reminders(
    intake: Annotated[str, typer.Argument(help="Numéro de l'import (il est dans la tâche intake_held).")],
) -> None:
    """Laisser partir les rappels d'un import qui attend une réponse."""
    from bot.commands.remind import approve

    raise typer.Exit(asyncio.run(approve(_settings(), intake)))


def main() -> None:
    """Run a command; an error that Relais knows is one plain sentence, not a traceback."""
    try:
        cli()
    except RelaisError as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        sys.exit(1)


if __name__ == "__main__":
    main()
