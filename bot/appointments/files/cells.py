"""What a cell means: an instant, a name, a status. Each fault is a BadRow that says what to write instead.

Dates are read day first, as French is written; what could be read in two ways is a fault, never a guess.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import cast

from bot.appointments import admission, kinds
from bot.appointments.facts import Medium, Status
from bot.appointments.files.columns import Cells, plain
from bot.appointments.files.faults import BadRow
from knowledge.dates import MONTHS

LONGEST_MIN = 12 * 60

_DAY_FIRST = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})")
_TWO_DIGITS = re.compile(r"\d{1,2}[/.\- ]\d{1,2}[/.\- ]\d{2}(?!\d)")
_IN_WORDS = re.compile(r"(?:[a-z]+ )?(\d{1,2})(?:er)? ([a-z]+) (\d{4})")
_HOUR = re.compile(r"(\d{1,2}) ?(?:h|heures?|:) ?(\d{2})?(?: ?(?:min|mn|:(\d{2})))?", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)")
_SPLIT = re.compile(r"^(.*?\d{4}|\d{4}\S*?)(?:\s*(?:,|à|a|T)?\s*)(\d{1,2} ?(?:h|:).*)$", re.IGNORECASE)

_MEDIUMS = {
    "place": "place", "sur place": "place", "presentiel": "place", "physique": "place", "": "place",
    "phone": "phone", "telephone": "phone", "par telephone": "phone", "tel": "phone", "telephonique": "phone",
    "video": "video", "visio": "video", "visioconference": "video", "en visio": "video", "par visio": "video",
    "home": "home", "domicile": "home", "a domicile": "home", "au domicile": "home",
}  # fmt: skip
_STATUSES = {
    "unknown": "unknown", "prevu": "unknown", "a venir": "unknown", "planifie": "unknown", "confirme": "unknown",
    "pris": "unknown", "fixe": "unknown", "seen": "seen", "venu": "seen", "honore": "seen", "present": "seen",
    "effectue": "seen", "excused": "excused", "excuse": "excused", "annule par l usager": "excused",
    "annule par la personne": "excused", "revoked": "revoked", "annule": "revoked", "supprime": "revoked",
    "annule par le service": "revoked", "noshow": "noshow", "absent": "noshow", "non venu": "noshow",
    "non honore": "noshow", "lapin": "noshow",
}  # fmt: skip
_LANGUAGES = {
    "francais": "fr", "anglais": "en", "arabe": "ar", "espagnol": "es", "portugais": "pt", "roumain": "ro",
    "russe": "ru", "turc": "tr", "ukrainien": "uk",
}  # fmt: skip


def instant(cells: Cells, zone: str) -> datetime:
    """When it begins, aware: from one cell with both, or from a day and an hour; on the wall of `zone`."""
    admission.zone_of(zone)
    whole = cells.get("starts_at")
    if isinstance(whole, str) and _INSTANT.fullmatch(whole):
        return _exact(whole)
    if whole is None:
        wall = datetime.combine(_day(cells), _hour(cells))
    elif isinstance(whole, datetime):
        wall = _with_hour(whole, cells)
    else:
        wall = _parted(whole, cells)
    return admission.on_the_wall(wall.replace(second=0, microsecond=0), zone)


def first_name(cells: Cells) -> str:
    """The first name alone, never a surname: in a full name, capitals tell the one from the other."""
    alone, whole = str(cells.get("first_name", "")), str(cells.get("full_name", ""))
    name = kinds.known().spoken_name(alone) if alone else _first_of(whole)
    if not any(sign.isalpha() for sign in name):
        raise BadRow("prénom : il manque")
    return name.title() if name.isupper() else name


def minutes(cells: Cells, default: int) -> int:
    """« 45 », « 45 min », « 1h30 », 00:45."""
    cell = cells.get("duration_min", "")
    if cell == "":
        return default
    found = cell if isinstance(cell, time) else None
    said = re.fullmatch(r"(?:(\d{1,2}) ?(?:h|:) ?)?(\d{1,3})? ?(?:min|mn|minutes|m|:00)?", str(cell).lower().strip())
    if found is None and (said is None or not any(said.groups())):
        raise BadRow(f"durée « {cell} » : écrivez un nombre de minutes, comme 45")
    hours, rest = (found.hour, found.minute) if found else (int(said[1] or 0), int(said[2] or 0))  # type: ignore[index]
    total = 60 * hours + rest
    if not 0 < total <= LONGEST_MIN:
        raise BadRow(f"durée « {cell} » : entre 1 et {LONGEST_MIN} minutes")
    return total


def medium(cells: Cells) -> Medium:
    """Where it is held: at a place, by telephone, by video, at home."""
    said = str(cells.get("medium", ""))
    if plain(said) not in _MEDIUMS:
        raise BadRow(f"mode « {said} » : écrivez sur place, téléphone, visio ou domicile")
    return cast(Medium, _MEDIUMS[plain(said)])


def status(cells: Cells) -> Status | None:
    """What is said of it, None when nothing is."""
    said = str(cells.get("status", ""))
    if not said:
        return None
    if plain(said) not in _STATUSES:
        raise BadRow(f"statut « {said} » : écrivez prévu, venu, absent, annulé par la personne ou annulé")
    return cast(Status, _STATUSES[plain(said)])


def language(said: str) -> str:
    """The code of a language that Relais answers in."""
    code = _LANGUAGES.get(plain(said), plain(said))
    if code not in _LANGUAGES.values():
        raise BadRow(f"langue « {said} » : écrivez {', '.join(_LANGUAGES)}")
    return code


def _exact(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadRow(f"date « {text} » : cette date n'existe pas") from None


def _with_hour(whole: datetime, cells: Cells) -> datetime:
    """A day of Excel's is midnight: its hour is in a column of its own, or missing."""
    return datetime.combine(whole.date(), _hour(cells)) if whole.time() == time(0) else whole


def _parted(whole: str | time, cells: Cells) -> datetime:
    both = _SPLIT.match(str(whole))
    if both is None:
        return datetime.combine(_read_day(str(whole)), _hour(cells))
    return datetime.combine(_read_day(both[1]), _read_hour(both[2]))


def _day(cells: Cells) -> date:
    cell = cells.get("day", "")
    if isinstance(cell, datetime):
        return cell.date()
    if cell == "" or isinstance(cell, time):
        raise BadRow("date : elle manque")
    return _read_day(cell)


def _hour(cells: Cells) -> time:
    cell = cells.get("hour", "")
    if cell == "":
        day = cells.get("day")
        if isinstance(day, datetime) and day.time() != time(0):
            return day.time()
        raise BadRow("heure : elle manque")
    if isinstance(cell, datetime | time):
        return cell.time() if isinstance(cell, datetime) else cell
    return _read_hour(cell)


def _read_day(text: str) -> date:
    text = text.strip()
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif (found := _IN_WORDS.fullmatch(plain(text))) and found[2] in MONTHS:
        day, month, year = int(found[1]), MONTHS.index(found[2]) + 1, int(found[3])
    else:
        raise BadRow(_unread(text))
    try:
        return date(year, month, day)
    except ValueError:
        hint = " (le jour d'abord, puis le mois)" if month > 12 >= day else ""
        raise BadRow(f"date « {text} » : cette date n'existe pas{hint}") from None


def _unread(text: str) -> str:
    if _TWO_DIGITS.fullmatch(text):
        return f"date « {text} » : écrivez l'année en quatre chiffres"
    if text.replace(".", "").isdigit():
        return f"date « {text} » : un nombre. Dans le tableur, donnez à la colonne le format date"
    return f"date « {text} » : écrivez par exemple 03/12/2026"


def _read_hour(text: str) -> time:
    found = _HOUR.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        return time(int(found[1]), int(found[2] or 0))
    except ValueError:
        raise BadRow(f"heure « {text} » : écrivez par exemple 14:30 ou 14h30") from None


def _first_of(whole: str) -> str:
    parts = whole.split()
    given = [word for word in parts if not word.isupper()]
    if not parts:
        return ""
    if len(parts) == 1:
        raise BadRow("nom : un seul mot, prénom ou nom ? Mettez le prénom dans une colonne Prénom")
    if not given or len(given) == len(parts):
        raise BadRow(
            "nom : où est le prénom ? Écrivez le nom en capitales, ou mettez le prénom dans une colonne Prénom"
        )
    return " ".join(given)
