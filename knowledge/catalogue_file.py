"""Records of a JSON array, one at a time, whatever the size of the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from knowledge.catalogue_report import BadFile, NoStructures

_CHUNK = 1 << 20
_LONGEST_RECORD = 4 << 20  # characters; a record is a few thousand
_decode = json.JSONDecoder().raw_decode


class Records:
    """Iterates over (place from 1, record); `read` of `size` bytes are behind us."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.read = 0
        self._buffer = ""
        self._at = 0
        self._ended = False

    def __iter__(self) -> Iterator[tuple[int, object]]:
        try:
            with self.path.open("rb") as self._raw, TextIOWrapper(self._raw, "utf-8-sig", newline="") as self._handle:
                yield from self._records()
        except UnicodeDecodeError as error:
            raise BadFile(f"{BadFile.__doc__} ({self.path.name}: not UTF-8)") from error

    def _records(self) -> Iterator[tuple[int, object]]:
        place, separator = 0, "["
        while True:
            mark = self._next_mark()
            if mark == "]" and separator == ",":
                return
            if mark != separator:
                raise self._broken(place)
            if separator == "[" and self._peek() == "]":
                separator = ","
                continue
            place += 1
            yield place, self._record(place)
            separator = ","

    def _peek(self) -> str:
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at].isspace():
                self._at += 1
            if self._at < len(self._buffer) or not self._more():
                return self._buffer[self._at : self._at + 1]

    def _next_mark(self) -> str:
        mark = self._peek()
        self._at += 1
        return mark

    def _record(self, place: int) -> object:
        self._peek()
        while True:
            try:
                value, end = _decode(self._buffer, self._at)
            except json.JSONDecodeError:
                end = len(self._buffer)
            else:
                if end < len(self._buffer) or self._ended:
                    self._at = end
                    return value
            # The record goes on in the next chunk, or is broken.
            if len(self._buffer) - self._at > _LONGEST_RECORD or not self._more():
                raise self._broken(place)

    def _more(self) -> bool:
        chunk = self._handle.read(_CHUNK)
        self._ended = not chunk
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        self.read = self._raw.tell()
        return bool(chunk)

    def _broken(self, place: int) -> BadFile:
        return BadFile(f"{BadFile.__doc__} ({self.path.name}: broken at record {place})")


_WEEKLY_SERVICES = "0eac1faa-66f9-4e49-8fb3-f0721027d89f"  # data.gouv.fr, dataset 6233723c2c1e4a54af2f6b2d
_WEEKLY_STRUCTURES = "4fc64287-e869-4550-8fb9-b1e0b7809ffa"


def structures_beside(services: str) -> str:
    """The structures' file or address that goes with the services'; raises NoStructures when its name does not tell."""
    if _WEEKLY_SERVICES in services:
        return services.replace(_WEEKLY_SERVICES, _WEEKLY_STRUCTURES)
    folder, slash, name = services.rpartition("/")
    if "services" not in name:
        raise NoStructures(f"{NoStructures.__doc__} ({name})")
    return f"{folder}{slash}{name.replace('services', 'structures')}"
