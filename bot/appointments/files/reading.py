"""Rows of a CSV or Excel file, as they stand in it: numbered as a spreadsheet numbers them, cells not yet understood.

CSV: UTF-8 (with or without BOM), UTF-16 with BOM, else cp1252; `;` `,` tab or `|`. Excel: .xlsx, the values that the
formulas had when it was last saved. A CSV is read once to its end before its first row is given; Excel is streamed.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from bot.appointments.files.faults import BadFile

LARGEST = 50_000_000
"""Bytes. A row of an appointment takes about a hundred: this is far above what a structure has."""
_LONGEST_RECORD = 12
"""Lines of one CSV record; more is a quotation mark that nobody closed."""
_TEXTS, _BOOKS = (".csv", ".txt", ".tsv"), (".xlsx", ".xlsm")
_BROKEN = (KeyError, ValueError, OSError, zipfile.BadZipFile, InvalidFileException, SyntaxError, TypeError)

Row = tuple[int, tuple[Any, ...]]


@dataclass(frozen=True)
class Grid:
    """The headers as written, and each row that is not empty with its number."""

    headers: tuple[str, ...]
    rows: Iterator[Row]


def read(path: Path, sheet: str = "") -> Grid:
    """Open a file by its name's ending; raises BadFile, with the cure, when it is not what its name says."""
    head = _head(path)
    ending = path.suffix.lower()
    if ending in _BOOKS:
        return _grid(path, _book(path, head, sheet))
    if ending in _TEXTS:
        if sheet:
            raise BadFile(f"{path.name} : un CSV n'a pas de feuilles. Enlevez --sheet.")
        return _grid(path, _text(path, head))
    raise BadFile(f"{path.name} : il faut un fichier .csv ou .xlsx. Dans le tableur : Enregistrer sous, puis choisir.")


def _head(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise BadFile(f"{path} ne s'ouvre pas : {error.strerror}.") from None
    if not head.strip():
        raise BadFile(f"{path.name} est vide.")
    if size > LARGEST:
        raise BadFile(f"{path.name} dépasse {LARGEST // 1_000_000} Mo. Coupez-le en plusieurs fichiers.")
    return head


def _grid(path: Path, numbered: Iterator[Row]) -> Grid:
    """The first row that is not empty holds the headers."""
    kept = ((number, cells) for number, cells in numbered if any(_filled(cell) for cell in cells))
    first = next(kept, None)
    if first is None:
        raise BadFile(f"{path.name} est vide.")
    headers = [" ".join(str(cell).split()) if _filled(cell) else "" for cell in first[1]]
    while headers and not headers[-1]:
        headers.pop()
    return Grid(tuple(headers), kept)


def _filled(cell: Any) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _text(path: Path, head: bytes) -> Iterator[Row]:
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise BadFile(f"{path.name} est en fait un classeur Excel. Donnez-lui son vrai nom, en .xlsx.")
    text = _decoded(path)
    if "\x00" in text or text.startswith("%PDF"):
        raise BadFile(f"{path.name} n'est pas un fichier CSV. Enregistrez-le en CSV depuis le tableur.")
    if text.lstrip()[:15].lower().startswith(("<!doctype", "<html", "<?xml", "<table")):
        raise BadFile(f"{path.name} est en fait une page web. Enregistrez-la en CSV depuis le tableur.")
    lines = text.split("\n", 1)
    announced = lines[0].strip().lower()
    if announced.startswith("sep=") and len(lines) == 2:
        text, skipped = lines[1], 1
    else:
        skipped = 0
    delimiter = _delimiter(text)
    for _ in _records(path, text, delimiter, skipped):  # to its end, before anything is taken in
        pass
    return _records(path, text, delimiter, skipped)


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(";,\t|", key=header.count)


def _records(path: Path, text: str, delimiter: str, skipped: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    try:
        for number, record in enumerate(reader, 1 + skipped):
            if reader.line_num - before > _LONGEST_RECORD:
                raise BadFile(f"{path.name}, ligne {number} : un guillemet s'ouvre et ne se ferme pas.")
            before = reader.line_num
            yield number, tuple(record)
    except csv.Error:
        raise BadFile(f"{path.name}, vers la ligne {before + 1} : un guillemet s'ouvre et ne se ferme pas.") from None


def _book(path: Path, head: bytes, sheet: str) -> Iterator[Row]:
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile(f"{path.name} est un ancien classeur (.xls) ou a un mot de passe. Enregistrez-le en .xlsx, sans.")
    if not head.startswith(b"PK\x03\x04"):
        raise BadFile(f"{path.name} n'est pas un classeur Excel. Si c'est un CSV, donnez-lui son vrai nom, en .csv.")
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except _BROKEN:
        raise BadFile(
            f"{path.name} ne se lit pas comme un classeur Excel. Enregistrez-le à nouveau en .xlsx."
        ) from None
    names = book.sheetnames
    chosen = sheet or (names[0] if names else "")
    if chosen not in names:
        book.close()
        raise BadFile(f"{path.name} n'a pas de feuille « {chosen} ». Il a : {', '.join(names)}.")
    return _sheet(path, book, chosen)


def _sheet(path: Path, book: Any, name: str) -> Iterator[Row]:
    number = 0
    try:
        page = book[name]
        page.reset_dimensions()  # some programs write wrong ones, and rows would be lost
        for number, cells in enumerate(page.iter_rows(values_only=True), 1):
            yield number, tuple(cells)
    except (*_BROKEN, AttributeError):
        raise BadFile(f"{path.name} est abîmé après la ligne {number}. Enregistrez-le à nouveau en .xlsx.") from None
    finally:
        book.close()
