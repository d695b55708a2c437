"""A row becomes the facts of an appointment.

Its `source_id` is the file's own identifier when there is a column for it. Otherwise it is a keyed fingerprint of the
person (phone and first name), the structure and the motive, never of the date: the same file again changes nothing, and
the same person at the same structure for the same motive on another date is a move. Whoever gives one person two
appointments of one motive at one structure needs an identifier; without it the second row is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.appointments import admission, kinds
from bot.appointments.facts import Facts
from bot.appointments.files import cells as read
from bot.appointments.files.columns import Cells, Columns, plain
from bot.appointments.files.faults import BadRow
from bot.vault import Vault

SOURCE = "import"
_LONGEST_ID = 100


@dataclass(frozen=True)
class Given:
    """One row understood. `said`: its status is in the file. `note`: what whoever sent it may want to know."""

    number: int
    facts: Facts
    said: bool
    note: str = ""

    @property
    def structure(self) -> str:
        return self.facts.structure


@dataclass
class Rows:
    """Reads the rows of one file; remembers them, so that a double is told."""

    columns: Columns
    vault: Vault
    zone: str
    now: datetime
    seen: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def given(self, number: int, row: tuple[object, ...]) -> Given:
        """The facts of a row; raises Refused."""
        cells = self.columns.cells(row)
        status = read.status(cells)
        phone = admission.mobile(str(cells.get("phone", "")))
        zone = str(cells.get("zone", self.zone))
        starts_at = read.instant(cells, zone)
        name, medium = read.first_name(cells), read.medium(cells)
        structure, motive = str(cells.get("structure", "")), str(cells.get("kind", ""))
        source_id = self._own_id(cells) or self._derived(phone.e164, name, structure, motive)
        self._once(number, source_id, starts_at, own="source_id" in cells)
        admission.timely(starts_at, self.now, known_how=status is not None and status != "unknown")
        facts = Facts(
            source=SOURCE,
            source_id=source_id,
            meeting=source_id,
            starts_at=starts_at,
            told_at=self.now,
            first_name=name,
            phone=phone.e164,
            zone=zone,
            duration_min=read.minutes(cells, 60),
            medium=medium,
            place="" if medium == "home" else str(cells.get("place", "")),
            structure_phone=admission.dialled(str(cells.get("structure_phone", ""))),
            kind=kinds.known().written(motive),
            structure=structure,
            bring=str(cells.get("bring", "")),
            language=read.language(str(cells["language"])) if "language" in cells else "",
            status=status or "unknown",
        )
        return Given(number, facts, status is not None, admission.OVERSEAS if admission.is_overseas(phone) else "")

    def _own_id(self, cells: Cells) -> str:
        own = str(cells.get("source_id", ""))
        if len(own) > _LONGEST_ID:
            raise BadRow(f"identifiant : {_LONGEST_ID} caractères au plus")
        return own

    def _derived(self, phone: str, name: str, structure: str, motive: str) -> str:
        """By the motive as it is written: two that are of one kind to us are two appointments to whoever wrote them."""
        kind = plain(motive).replace(" ", "_") or "other"
        return self.vault.person_index(SOURCE, phone, plain(name), plain(structure), kind).hex()[:32]

    def _once(self, number: int, source_id: str, starts_at: datetime, *, own: bool) -> None:
        first, when = self.seen.setdefault(source_id, (number, starts_at))
        if first == number:
            return
        if own or when == starts_at:
            raise BadRow(f"en double avec la ligne {first}")
        raise BadRow(
            f"cette personne a déjà un autre rendez-vous de ce motif dans cette structure, ligne {first} : "
            "ajoutez une colonne Identifiant"
        )
