"""`import appointments` and `import sessions`: files of appointments, shown row by row before anything changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot import clock
from bot.appointments import admission
from bot.appointments.admission import Refused
from bot.appointments.files.columns import Legend, find
from bot.appointments.files.faults import BadFile
from bot.appointments.files.reading import Grid, read
from bot.appointments.files.rows import SOURCE, Rows
from bot.appointments.files.sessions import SessionRows, SessionTaking
from bot.appointments.files.taking import AppointmentTaking, Outcome, Reader, Report, Taking
from bot.appointments.files.tray import Tray
from bot.assembly import Relais
from bot.settings import Settings
from knowledge.places import Places

_WORDS = {
    "new": "nouveau", "moved": "déplacé", "changed": "changé", "cancelled": "annulé", "same": "inchangé",
    "old": "plus ancien", "error": "erreur", "missing": "absent du fichier", "removed": "retiré",
}  # fmt: skip
_MANY = {
    "new": "nouveaux", "moved": "déplacés", "changed": "changés", "cancelled": "annulés", "same": "inchangés",
    "old": "plus anciens", "error": "erreurs", "missing": "absents du fichier", "removed": "retirés",
}  # fmt: skip
_COLOURS = {"new": "green", "moved": "yellow", "cancelled": "yellow", "error": "red", "removed": "yellow"}


async def appointments(
    settings: Settings, file: str, *, mapping: str, sheet: str, zone: str, apply: bool, remove_missing: bool
) -> int:
    """Show what a file of appointments would change, or take it in (`apply`); 1 when a row or the file is refused."""

    def rows(relais: Relais, opened: Opened) -> Rows:
        return Rows(find(opened.grid.headers, opened.legend, "appointment"), relais.vault, opened.zone, clock.now())

    def taking(relais: Relais, tray: Tray) -> Taking:
        return AppointmentTaking(relais.database, relais.register, relais.planner, tray)

    return await _run(settings, taking, rows, (file, mapping, sheet, zone), apply=apply, remove_missing=remove_missing)


async def sessions(settings: Settings, file: str, *, mapping: str, sheet: str, zone: str, apply: bool) -> int:
    """The same for a file of collective sessions."""

    def rows(_: Relais, opened: Opened) -> SessionRows:
        columns = find(opened.grid.headers, opened.legend, "session")
        return SessionRows(columns, Places.from_file(), opened.zone, clock.now())

    def taking(relais: Relais, tray: Tray) -> Taking:
        return SessionTaking(relais.database, relais.programme, tray)

    return await _run(settings, taking, rows, (file, mapping, sheet, zone), apply=apply, remove_missing=False)


async def _run(
    settings: Settings,
    kind: Callable[[Relais, Tray], Taking],
    reader: Callable[[Relais, Opened], Reader],
    given: tuple[str, str, str, str],
    *,
    apply: bool,
    remove_missing: bool,
) -> int:
    console = _console()
    relais = Relais.build(settings, name="relais import", pool_size=3)
    try:
        opened = _opened(*given)
        tray = Tray(relais.database, relais.tasks, relais.settle, SOURCE)
        rows = reader(relais, opened)
        report = await kind(relais, tray).run(opened.grid, rows, apply=apply, remove_missing=remove_missing)
        report.held |= not apply and relais.hold.asks(report.soon)  # nothing was left to be held
    except BadFile as error:
        console.print(f"[red]Rien n'a changé :[/] {error}" if console.is_terminal else f"Rien n'a changé : {error}")
        return 1
    finally:
        await relais.close()
    _show(console, report, apply=apply, remove_missing=remove_missing)
    return 1 if report.count("error") or report.cut else 0


@dataclass(frozen=True)
class Opened:
    """A file whose headers are known, and how to read it."""

    legend: Legend
    grid: Grid
    zone: str


def _opened(file: str, mapping: str, sheet: str, zone: str) -> Opened:
    """What is said with the command comes before what the mapping says."""
    legend = Legend.from_file(Path(mapping)) if mapping else Legend()
    zone = zone or legend.zone or clock.PARIS.key
    try:
        admission.zone_of(zone)
    except Refused as refused:
        raise BadFile(f"{refused}.") from None
    return Opened(legend, read(Path(file), sheet or legend.sheet), zone)


def _show(console: Console, report: Report, *, apply: bool, remove_missing: bool) -> None:
    shown = [one for one in report.outcomes if not apply or one.unsaid or one.what in ("error", "missing", "removed")]
    if console.is_terminal:
        _table(console, shown)
    else:
        for one in shown:
            console.print("  ".join(part for part in _columns(one) if part), markup=False)
    for sentence in _summary(report, apply=apply, remove_missing=remove_missing):
        console.print(sentence, markup=False)


def _summary(report: Report, *, apply: bool, remove_missing: bool) -> list[str]:
    found = {what: report.count(what) for what in _WORDS if report.count(what)}
    counts = [f"{count} {_WORDS[what] if count == 1 else _MANY[what]}" for what, count in found.items()]
    rows = sum(one.number > 0 for one in report.outcomes)
    lines = [f"{rows} ligne{'s' if rows > 1 else ''} : {', '.join(counts) or 'rien'}."]
    if report.cut:
        lines.append(f"{report.cut} Ce qui précède a été lu. Corrigez, puis relancez la même commande.")
    if remove_missing and report.count("missing"):
        lines.append("Rien n'a été retiré : une ligne refusée est peut-être l'un des rendez-vous absents.")
    verb, wait = ("partiront", "attendent") if apply else ("partiraient", "attendraient")
    lines.append(f"Rappels qui {verb} dans les 24 heures : {report.soon}.")
    if report.held:
        lines.append(f"C'est beaucoup : ils {wait} l'accord d'une personne (python -m bot tasks list).")
    if not apply:
        lines.append("Essai à blanc : rien n'a été enregistré. Pour le faire : la même commande avec --apply.")
    return lines


def _table(console: Console, outcomes: Sequence[Outcome]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("ligne", "qui", "effet", "rendez-vous", "remarque"):
        table.add_column(title, overflow="fold")
    for one in outcomes:
        number, who, what, when, reason = _columns(one)
        table.add_row(number.removeprefix("ligne "), who, what, when, reason, style=_COLOURS.get(one.what, ""))
    console.print(table)


def _columns(one: Outcome) -> tuple[str, str, str, str, str]:
    number = f"ligne {one.number}" if one.number else ""
    when = f"{_when(one.was_at)} → {_when(one.starts_at)}" if one.was_at else _when(one.starts_at)
    remark = " ; ".join(part for part in (one.reason, one.unsaid) if part)
    return number, f"{one.initial}." if one.initial else "", _WORDS[one.what], when, remark


def _when(moment: datetime | None) -> str:
    return moment.astimezone(clock.PARIS).strftime("%d/%m/%Y %H:%M") if moment else ""


def _console() -> Console:
    return Console(highlight=False, emoji=False, soft_wrap=True)
